"""The lab as a thing on this host: what it leaves, how it ends, what it refuses."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from burstway.lab.cloud import LabCloud
from burstway.lab.record import made_here
from burstway.lab.remains import processes_of, remove
from burstway.providers.lab.layout import Layout, layout
from living_lab import BURSTWAY, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("lab-itself"), pytest.mark.timeout(300)]


def _burstway(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BURSTWAY, *words], capture_output=True, text=True, timeout=200, check=False)


def _seen(place: Layout) -> dict[str, set[str]]:
    """What a lab could leave behind on this host: mounts of its own, links, control groups."""
    mounts = {line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()}
    groups = {str(path) for path in Path("/sys/fs/cgroup").glob("*/*slurm*")}
    groups |= {str(path) for path in Path("/sys/fs/cgroup").glob("*slurm*")}
    return {
        "mounts": {mount for mount in mounts if mount.startswith(str(place.folder))},
        "links": {link.name for link in Path("/sys/class/net").iterdir()},
        "groups": groups,
    }


@pytest.fixture
def place(worker_id: str) -> Iterator[Layout]:
    made = layout(f"itself-{worker_id}-{os.getpid()}")
    yield made
    remove(made, print)


def test_down_leaves_nothing(place: Layout) -> None:
    """After up, a job and down there is no process, mount, link, control group or file of the lab left."""
    before = _seen(place)
    assert _burstway("lab", "up", "--name", place.name).returncode == 0
    ran = _burstway("lab", "run", "--name", place.name, "srun", "-N3", "hostname")
    assert len(set(ran.stdout.split())) == 3
    inside = list(processes_of(place))
    assert len(inside) > 10
    down = _burstway("lab", "down", "--name", place.name)
    assert down.returncode == 0, down.stderr
    assert list(processes_of(place)) == []
    assert not place.folder.exists()
    assert _seen(place) == before
    assert not any(Path(f"/proc/{pid}/exe").exists() for pid in inside)


def test_up_twice(place: Layout) -> None:
    """`lab up` on a lab that is up says so and changes nothing; asked for other options it is refused, and
    says which. `lab down` twice succeeds."""
    first = _burstway("lab", "up", "--name", place.name, "--idle", "7")
    assert first.returncode == 0
    assert f"burstway lab down --name {place.name}" in first.stderr
    head = _head_pid(place)
    for same in ((), ("--idle", "7", "--example")):
        again = _burstway("lab", "up", "--name", place.name, *same)
        assert again.returncode == 0
        assert "is up already with --idle 7" in again.stderr
        assert "networks" not in again.stderr
    other = _burstway("lab", "up", "--name", place.name, "--idle", "8", "--boot-timeout", "120")
    assert other.returncode == 2
    assert "--idle 8 cannot apply to it" in other.stderr
    assert _head_pid(place) == head
    assert _burstway("lab", "down", "--name", place.name).returncode == 0
    again = _burstway("lab", "down", "--name", place.name)
    assert again.returncode == 0
    assert "there is no lab" in again.stderr


def test_cut_off_lab_is_removed(place: Layout) -> None:
    """A lab whose cloud was killed with -9 is refused by up with what to do, and removed by down."""
    before = _seen(place)
    assert _burstway("lab", "up", "--name", place.name).returncode == 0
    assert _burstway("lab", "run", "--name", place.name, "srun", "hostname").returncode == 0
    os.kill(int(place.daemon_pid.read_text()), signal.SIGKILL)
    refused = _burstway("lab", "up", "--name", place.name)
    assert refused.returncode == 2
    assert "burstway lab down" in refused.stderr
    assert _burstway("lab", "down", "--name", place.name).returncode == 0
    assert list(processes_of(place)) == []
    assert _seen(place) == before


def test_demo_after_a_killed_demo(place: Layout) -> None:
    """The demonstration ends with code 0 and an empty cloud, also after one that was killed half way."""
    before = _seen(place)
    first = subprocess.Popen(
        [BURSTWAY, "lab", "demo", "--name", place.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    wait_until(lambda: place.machines.exists() and len(list(place.machines.iterdir())) > 1, "nodes boot", 30)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    assert place.folder.exists()
    second = _burstway("lab", "demo", "--name", place.name)
    assert second.returncode == 0, second.stdout
    for said in (
        "hpc1-hpc-1",
        "task 4 of alice ran on hpc1-hpc-",
        "WOULD HAVE COST",
        "the cloud is empty again",
    ):
        assert said in second.stdout
    assert not place.folder.exists()
    assert _seen(place) == before


def test_demo_leaves_others_labs_alone(place: Layout) -> None:
    """A demonstration does not remove a lab that someone has built, nor `lab down --mine` one that another
    Burstway has."""
    assert _burstway("lab", "up", "--name", place.name, "--no-example").returncode == 0
    head = _head_pid(place)
    refused = _burstway("lab", "demo", "--name", place.name)
    assert refused.returncode == 2
    assert "that no demonstration left behind" in refused.stderr
    record = json.loads(place.made.read_text())
    assert record["by"] == sys.prefix
    assert place.name in made_here(sys.prefix)
    place.made.write_text(json.dumps({**record, "by": "/another"}))
    assert place.name not in made_here(sys.prefix)
    assert _head_pid(place) == head


def test_start_of_a_service_that_ends(place: Layout) -> None:
    """`lab start` of a service that ends at once fails with code 1 and says the end of its log; of one that
    stays up it succeeds once the service answers."""
    assert _burstway("lab", "up", "--name", place.name, "--no-example").returncode == 0
    named = ("--name", place.name)
    settings = "/etc/burstway/burstway.toml"
    on_head = ("lab", "run", *named, "--user", "root")
    assert _burstway("lab", "stop", *named, "control-plane").returncode == 0
    _burstway(*on_head, "sh", "-c", f"cp {settings} /root/; echo nonsense >>{settings}")
    failed = _burstway("lab", "start", *named, "control-plane")
    assert failed.returncode == 1
    assert "control-plane ended at once" in failed.stderr
    assert "Expected '='" in failed.stderr
    _burstway(*on_head, "cp", "/root/burstway.toml", settings)
    started = _burstway("lab", "start", *named, "control-plane")
    assert (started.returncode, "control-plane is started" in started.stderr) == (0, True), started.stderr
    assert _burstway("lab", "start", *named, "slurmctld").returncode == 2


def test_demo_ended_by_a_signal_cleans_up(place: Layout) -> None:
    """Ctrl-C and SIGTERM end the demonstration by way of its clean-up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        demo = subprocess.Popen(
            [BURSTWAY, "lab", "demo", "--name", place.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        wait_until(
            lambda: place.machines.exists() and len(list(place.machines.iterdir())) > 1, "nodes boot", 30
        )
        demo.send_signal(number)
        demo.communicate(timeout=60)
        assert demo.returncode != 0
        assert not place.folder.exists()


UNIFIED = """\
set -e
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
trap '"$0" lab down --name "$1"' EXIT
"$0" lab up --name "$1"
"$0" lab run --name "$1" srun -N2 hostname
"""


def test_host_with_unified_control_groups(place: Layout) -> None:
    """On a host that has only cgroup v2 mounted, as Debian 12 and Ubuntu 24.04 have, nodes come up too."""
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", UNIFIED, BURSTWAY, place.name],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == ["hpc1-hpc-1", "hpc1-hpc-2"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lab", "status", "--name", "nowhere"), "there is no lab 'nowhere'"),
        (("lab", "run", "--name", "nowhere", "true"), "there is no lab 'nowhere'"),
        (("lab", "up", "--name", "../etc"), "cannot be the name of a lab"),
        (("lab", "down", "--name", "a b"), "cannot be the name of a lab"),
    ],
)
def test_bad_input(words: tuple[str, ...], said: str) -> None:
    """What is refused is refused with code 2, what happened, and what to do."""
    done = _burstway(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "what to do" in done.stderr


@pytest.mark.parametrize("option", ["--idle=-3", "--idle=0", "--idle=nan", "--idle=1e9", "--boot-timeout=-1"])
def test_bad_options_make_nothing(place: Layout, option: str) -> None:
    """What the lab's settings cannot be is refused with code 2 before anything is made."""
    done = _burstway("lab", "up", "--name", place.name, option)
    assert done.returncode == 2
    assert not place.folder.exists()


def _head_pid(place: Layout) -> int:
    with LabCloud(place) as cloud:
        head = cloud.find("head")
    assert head is not None
    return int(head["pid"])
