"""The lab as a thing on this host: what it leaves, how it ends, what it refuses."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    """`lab up` on a lab that is up changes nothing and succeeds; `lab down` twice succeeds too."""
    assert _burstway("lab", "up", "--name", place.name).returncode == 0
    head = _head_pid(place)
    assert _burstway("lab", "up", "--name", place.name).returncode == 0
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


def _head_pid(place: Layout) -> int:
    from burstway.lab.cloud import LabCloud

    with LabCloud(place) as cloud:
        head = cloud.find("head")
    assert head is not None
    return int(head["pid"])
