"""What the lab's head node holds before Burstway comes: a small site with its own slurm.conf and user."""

from burstway.providers.lab.layout import Layout

USER, UID, GROUP, GID = "alice", 2001, "physics", 2500

SLURM_CONF = """\
# The site's own file. Burstway's lines are in what it includes at the end.
ClusterName={cluster}
SlurmctldHost=head({head})
SlurmUser=slurm
AuthType=auth/munge
StateSaveLocation=/var/lib/slurm/slurmctld
SlurmdSpoolDir=/var/lib/slurm/slurmd
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
# The machines' sizes are nominal: all of them share this host's cores and memory.
SlurmdParameters=config_overrides
SchedulerParameters=bf_interval=2,default_queue_depth=1000
MpiDefault=none
MailProg=/bin/true
"""

CGROUP_CONF = """\
# With ProctrackType=proctrack/linuxproc and TaskPlugin=task/none Slurm needs no control groups. This plug-in
# then starts on every host, whichever version of them is mounted there; cgroup/v2 refuses hybrid layouts.
CgroupPlugin=cgroup/v1
"""

SETTINGS = """\
# burstway.toml of the lab: the site, the cloud, and limits short enough to watch.
[site]
name = "{name}"
head = "head"
address = "{head}"
network = "{site}"

[slurm]
resume_timeout_s = {resume_timeout}
suspend_time_s = {idle}
suspend_timeout_s = 60

[cloud]
provider = "lab"
network = "{cloud}"
subnet = "{subnet}"
endpoint = "/run/burstway-cloud/cloud.sock"

[network]
firewall = "/run/burstway-cloud/firewall.json"

[limits]
boot_timeout_s = {boot_timeout}
orphan_grace_s = 10
pass_interval_s = 0.5
scheduler_interval_s = 2
"""


def settings_text(place: Layout, idle_s: float, boot_timeout_s: float) -> str:
    return SETTINGS.format(
        name=place.name, head=place.head, site=place.site, cloud=place.cloud, subnet=place.subnet,
        idle=idle_s, boot_timeout=boot_timeout_s, resume_timeout=boot_timeout_s + 30,
    )  # fmt: skip


def slurm_conf(place: Layout) -> str:
    return SLURM_CONF.format(cluster=place.name, head=place.head)
