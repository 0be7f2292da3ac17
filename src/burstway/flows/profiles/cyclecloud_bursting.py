"""The table of Microsoft's guide "Slurm Cloud Bursting Using Azure CycleCloud", and what became of its rows.

Source: https://learn.microsoft.com/en-us/azure/cyclecloud/how-to/slurm-cloud-bursting-setup (as of
09/12/2024). Its directions are seen from the Slurm master node. Each of its rows is here, so that it can be
compared with a network that was built by it. Those that nothing uses are phantoms, and are never opened.

What the guide's table lacks, and `srun hostname` needs: the range that srun listens on, and slurmd to slurmd
(profile `slurm`); NFS for the shared file system (profile `nfsv4`), which later versions of the guide list.
"""

from burstway.flows.table import Flow, Greeting, Need, Profile, Role, tcp

_GUIDE = "https://learn.microsoft.com/en-us/azure/cyclecloud/how-to/slurm-cloud-bursting-setup"
_NO_MUNGE = (
    "munge has no TCP port: credentials go through a UNIX socket of each host and travel inside Slurm's "
    "RPCs. Needed instead: the same munge.key, the same UIDs and GIDs, and clocks within 300 s on all "
    "hosts"
)

CYCLECLOUD_BURSTING = Profile(
    "cyclecloud-bursting",
    "Slurm bursting by CycleCloud, as the guide has it",
    "For networks that were built by that guide. It is not enough to run a job with srun: take the "
    "profiles `slurm` and `nfsv4` with it.",
    (
        Flow(
            "bursting-ssh-in",
            Role.ADMINISTRATOR,
            Role.SCHEDULER,
            *tcp(22),
            "command-line access to the Slurm master node",
            _GUIDE,
            greeting=Greeting.SSH,
        ),
        Flow(
            "bursting-ssh-out",
            Role.SCHEDULER,
            Role.NODE,
            *tcp(22),
            "command-line access from the Slurm master node to the compute nodes",
            _GUIDE,
            when="administrators or users go on from the master node; Slurm itself does without",
            need=Need.OPTIONAL,
            greeting=Greeting.SSH,
        ),
        Flow(
            "bursting-slurmctld-in",
            Role.NODE,
            Role.SCHEDULER,
            *tcp(6817),
            "slurmd registers; commands on a node ask slurmctld",
            _GUIDE,
        ),
        Flow(
            "bursting-slurmctld-out",
            Role.SCHEDULER,
            Role.NODE,
            *tcp(6817),
            "slurmctld's port on the compute nodes",
            _GUIDE,
            when="no slurmctld listens on a compute node: it answers on the connections that nodes open "
            "to it",
            need=Need.PHANTOM,
        ),
        Flow(
            "bursting-slurmd-in",
            Role.NODE,
            Role.SCHEDULER,
            *tcp(6818),
            "slurmd's port on the Slurm master node",
            _GUIDE,
            when="no slurmd listens on the master node, unless it is a compute node as well",
            need=Need.PHANTOM,
        ),
        Flow(
            "bursting-slurmd-out",
            Role.SCHEDULER,
            Role.NODE,
            *tcp(6818),
            "slurmctld pings nodes and starts batch jobs",
            _GUIDE,
        ),
        Flow(
            "bursting-munge-in",
            Role.NODE,
            Role.SCHEDULER,
            *tcp(4065),
            "authentication between Slurm master node and compute nodes",
            _GUIDE,
            when=_NO_MUNGE,
            need=Need.PHANTOM,
        ),
        Flow(
            "bursting-munge-out",
            Role.SCHEDULER,
            Role.NODE,
            *tcp(4065),
            "authentication between Slurm master node and compute nodes",
            _GUIDE,
            when=_NO_MUNGE,
            need=Need.PHANTOM,
        ),
        Flow(
            "bursting-cyclecloud",
            Role.SCHEDULER,
            Role.CYCLECLOUD,
            *tcp(443),
            "the Slurm master node asks CycleCloud for nodes, and gives them back",
            _GUIDE,
            greeting=Greeting.TLS,
        ),
    ),
)
