"""What is rendered for slurm.conf, release by release, and that a real slurmctld takes it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from itertools import pairwise
from pathlib import Path

import pytest

from burstway.contracts import Offer
from burstway.errors import InputError, SchedulerError, UnknownError
from burstway.flows.profiles import flow, port
from burstway.model.cluster import Cluster, NodeArray
from burstway.settings import SiteSettings, SlurmSettings
from burstway.slurm.conf import SlurmConf, node_ranges, real_memory_mib, render_conf
from burstway.slurm.resume_file import parse_resume_file, read_spooled
from burstway.slurm.scheduler import SlurmScheduler
from trial_controller import TrialController

SITE = SiteSettings(
    name="uni", head="head1", address=IPv4Address("10.1.0.4"), network=IPv4Network("10.1.0.0/16")
)
SMALL = Offer("small", 2, 4096, 0.1, "EUR", "test")
LARGE = Offer("large", 64, 262_144, 3.2, "EUR", "test")
OFFERS = {"small": SMALL, "large": LARGE}
HPC = NodeArray("hpc", "small", "image", "nodes", 20, 2, "cloud", default_partition=True)
HTC = NodeArray("htc", "small", "image", "nodes", 1, 2, "cloud")
BIG = NodeArray("big", "large", "image", "nodes", 4, 64, "big")
CLUSTER = Cluster("hpc1", (HPC, HTC, BIG))


def rendered(version: tuple[int, int] = (22, 5), programs: Path = Path("/opt/burstway/bin")) -> SlurmConf:
    return render_conf(SlurmSettings(suspend_time_s=299.5), SITE, CLUSTER, OFFERS, programs, version)


def keys(conf: SlurmConf) -> dict[str, str]:
    lines = [line for line in conf.lines.splitlines() if not line.startswith(("#", "Include"))]
    return dict(line.split("=", 1) for line in lines)


ALWAYS = {
    "ResumeProgram": "/opt/burstway/bin/burstway-resume",
    "SuspendProgram": "/opt/burstway/bin/burstway-suspend",
    "ResumeFailProgram": "/opt/burstway/bin/burstway-resume-fail",
    "ResumeTimeout": "1200",
    "SuspendTimeout": "120",
    "ResumeRate": "0",
    "SuspendRate": "0",
    "ReturnToService": "2",
    "SlurmctldPort": str(port("slurmctld")),
    "SlurmdPort": str(port("slurmd")),
    "SrunPortRange": str(flow("srun").ports),
    "SlurmctldParameters": "enable_configless,idle_on_node_suspend",
}
CACHE = {"CommunicationParameters": "NoAddrCache"}
NO_FANOUT = {
    "TreeWidth": "65533",
    "SlurmctldParameters": "enable_configless,idle_on_node_suspend,cloud_reg_addrs",
}


@pytest.mark.parametrize(
    ("version", "more"),
    [
        ((21, 8), CACHE | NO_FANOUT | {"PrivateData": "cloud"}),
        ((22, 5), CACHE | NO_FANOUT | {"PrivateData": "cloud"}),
        ((23, 2), CACHE | NO_FANOUT),
        ((23, 11), CACHE),
        ((26, 5), {}),
    ],
)
def test_the_lines_of_each_release(version: tuple[int, int], more: dict[str, str]) -> None:
    """A release gets what it needs, and nothing that it has outgrown."""
    assert keys(rendered(version)) == ALWAYS | more


def test_every_line_has_its_reason_above_it() -> None:
    """An administrator sees why each line is asked for."""
    lines = rendered().lines.splitlines()
    assert lines[-1] == "Include burstway-hpc1.conf"
    assert all(above.startswith("# ") for above, line in pairwise(lines) if line[0] != "#")


def test_the_site_keeps_its_own_nodes_running() -> None:
    """SuspendTime is on the partitions in the included file, and nowhere in slurm.conf."""
    conf = rendered()
    assert "SuspendTime" not in keys(conf)
    partitions = [line for line in conf.include.splitlines() if line.startswith("PartitionName=")]
    assert partitions == [
        "PartitionName=cloud Nodes=hpc1-hpc-[1-20],hpc1-htc-[1-1] SuspendTime=300 Default=YES"
        " MaxTime=UNLIMITED State=UP",
        "PartitionName=big Nodes=hpc1-big-[1-4] SuspendTime=300 Default=NO MaxTime=UNLIMITED State=UP",
    ]


def test_node_rows() -> None:
    """A node has the template's cores, less memory than its machine, and a weight by its price per core."""
    rows = [line for line in rendered().include.splitlines() if line.startswith("NodeName=hpc1-")]
    assert rows[0] == (
        "NodeName=hpc1-hpc-[1-20] State=CLOUD CPUs=2 Sockets=1 CoresPerSocket=2 ThreadsPerCore=1"
        " RealMemory=3072 Weight=1500"
    )
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("machine_mib", "jobs_mib"), [(512, 256), (1024, 512), (4096, 3072), (20_480, 19_456), (262_144, 249_036)]
)
def test_memory_is_kept_for_the_machine(machine_mib: int, jobs_mib: int) -> None:
    """5 % is kept, at least 1 GiB, at most half."""
    assert real_memory_mib(Offer("x", 1, machine_mib, 1, "EUR", "test")) == jobs_mib


def test_a_range_has_at_most_65536_hosts() -> None:
    """More hosts in one bracket than Slurm reads are split."""
    array = NodeArray("hpc", "small", "i", "s", 70_000, 2, "p")
    assert node_ranges(Cluster("c", (array,)), array) == ["c-hpc-[1-65536]", "c-hpc-[65537-70000]"]


def test_what_cannot_be_rendered_is_refused() -> None:
    """An old release, a machine type nobody offers and a path that Slurm cannot run are told."""
    with pytest.raises(InputError, match=r"Slurm 20\.11 cannot be used"):
        rendered((20, 11))
    with pytest.raises(InputError, match="cannot run programs"):
        rendered(programs=Path("bin"))
    with pytest.raises(UnknownError, match="no machine type 'small'"):
        render_conf(SlurmSettings(), SITE, CLUSTER, {"large": LARGE}, Path("/bin"), (22, 5))


def installed_version() -> tuple[int, int]:
    said = subprocess.run(["slurmctld", "-V"], capture_output=True, text=True, check=True).stdout
    year, month = said.split()[1].split(".")[:2]
    return int(year), int(month)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialController]:
    """A slurmctld on the rendered configuration, whose programs are Burstway's own, with no control plane."""
    if os.geteuid() or not shutil.which("slurmctld"):
        pytest.skip("needs root and Slurm")
    folder = tmp_path_factory.mktemp("trial")
    (folder / "kept").mkdir()
    for program in ("burstway-resume", "burstway-suspend", "burstway-resume-fail"):
        path = folder / program
        path.write_text(
            f"#!/bin/sh\nexport BURSTWAY_SOCKET={folder}/absent.sock BURSTWAY_SPOOL={folder}/kept\n"
            f'exec {Path(sys.executable).parent}/{program} "$@"\n'
        )
        path.chmod(0o755)
    with TrialController(folder, rendered(installed_version(), folder)) as controller:
        yield controller


@pytest.mark.lab
@pytest.mark.xdist_group("slurmctld-conf")
def test_a_real_slurmctld_takes_every_line(trial: TrialController) -> None:
    """What slurmctld shows as its configuration is what was rendered, and its log complains of nothing."""
    shown = {}
    for line in trial.run("scontrol", "show", "config").splitlines():
        key, equals, value = line.partition("=")
        if equals:
            shown[key.strip()] = value.strip()
    for key, value in keys(rendered(installed_version(), trial.folder)).items():
        expected = {"ResumeTimeout": "1200 sec", "SuspendTimeout": "120 sec"}.get(key, value)
        expected = f"{expected} nodes/min" if key.endswith("Rate") else expected
        assert shown[key] == expected, key
    complaints = [line for line in trial.log().splitlines() if "burstway" in line or "Ignoring" in line]
    assert complaints == []


@pytest.mark.lab
@pytest.mark.xdist_group("slurmctld-conf")
def test_a_real_slurmctld_has_the_nodes(trial: TrialController) -> None:
    """All nodes of the included file are there, powered down, with their cores and memory."""
    names = list(CLUSTER.node_names())
    nodes = SlurmScheduler(str(trial.scontrol), trial.conf).nodes(names)
    assert set(nodes) == set(names)
    assert not any(view.down or view.registered for view in nodes.values())
    assert nodes["hpc1-big-1"].powered_down
    line = trial.run("scontrol", "show", "node", "hpc1-big-4", "-o")
    assert all(text in line for text in ("CPUTot=64", "RealMemory=249036", "Partitions=big", "Weight=1500"))
    assert "SuspendTime=300" in trial.run("scontrol", "show", "partition", "cloud", "-o")


@pytest.mark.lab
@pytest.mark.xdist_group("slurmctld-conf")
def test_a_real_job_calls_the_resume_program_with_its_resume_file(trial: TrialController) -> None:
    """slurmctld runs burstway-resume for a job's nodes; with no control plane the request is in the spool."""
    job = trial.run(
        "sbatch", "--parsable", "-N2", "-w", "hpc1-hpc-[3-4]", "-D", "/", "--wrap", "true"
    ).strip()
    deadline = time.monotonic() + 20
    while not (kept := list((trial.folder / "kept").glob("[0-9]*-resume.json"))):
        assert time.monotonic() < deadline, trial.log()
        time.sleep(0.1)
    request = read_spooled(kept[0])
    assert request.hostlist == "hpc1-hpc-[3-4]"
    assert request.resume_file is not None
    resumed = parse_resume_file(request.resume_file)
    assert resumed.nodes == ("hpc1-hpc-3", "hpc1-hpc-4")
    assert [(row.job_id, row.nodes) for row in resumed.jobs] == [(int(job), resumed.nodes)]


@pytest.mark.lab
def test_a_trial_tells_a_bad_configuration(tmp_path: Path) -> None:
    """A line that slurmctld does not accept is in the error."""
    if os.geteuid() or not shutil.which("slurmctld"):
        pytest.skip("needs root and Slurm")
    bad = SlurmConf("ResumeRate=many\n", "burstway-hpc1.conf", "")
    with pytest.raises(SchedulerError, match="many"), TrialController(tmp_path, bad):
        pass
