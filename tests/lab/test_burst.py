"""Real jobs of a real Slurm on machines that did not exist before."""

import re
import time
from functools import partial

import pytest

from living_lab import Lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("lab-burst")]


def test_srun_on_two_powered_down_nodes(lab: Lab) -> None:
    """`srun -N2 hostname` prints the names of two nodes, and the cloud has two machines afterwards."""
    assert lab.cloud.instances() == []
    done = lab.on_head("srun", "-N2", "hostname")
    hosts = sorted(done.stdout.split())
    assert len(set(hosts)) == 2, done.stderr
    assert all(re.fullmatch(r"hpc1-hpc-\d+", host) for host in hosts)
    assert sorted(machine["node"] for machine in lab.cloud.instances()) == hosts
    wait_until(lambda: {lab.node(host)["state"] for host in hosts} == {"ready"}, "both are ready", 10)


def test_users_are_the_same_on_nodes(lab: Lab) -> None:
    """A user has the same UID, GID and groups on a node as on the head node, delivered by the agent."""
    on_head = lab.on_head("id").stdout
    done = lab.on_head("srun", "-N1", "id")
    assert done.stdout == on_head
    assert "2001(alice)" in on_head
    assert "2500(physics)" in on_head
    node = lab.get("/v1/nodes")[0]["name"]
    assert lab.on(node, "stat", "-c", "%U %a", "/home/alice").stdout.split() == ["alice", "700"]
    assert "users" in _cause(lab, node, "configured")


def test_munge_key_came_over_the_channel(lab: Lab) -> None:
    """The node's image has no munge key; the one it has is the head's, and only munge can read it."""
    done = lab.on_head("srun", "-N1", "hostname")
    node = done.stdout.strip()
    there = lab.on(node, "sh", "-c", "sha256sum </etc/munge/munge.key; stat -c '%U %a' /etc/munge/munge.key")
    here = lab.on_head("sh", "-c", "sha256sum </etc/munge/munge.key", user="root")
    assert there.stdout.splitlines() == [here.stdout.strip(), "munge 400"]


def test_array_job(lab: Lab) -> None:
    """An array of batch jobs runs to its end, each task on a node of the cluster."""
    script = "#!/bin/sh\nhostname >task-$SLURM_ARRAY_TASK_ID\n"
    lab.on_head("sh", "-c", f"printf '{script}' >task.sh".replace("\n", "\\n"))
    submitted = lab.on_head("sbatch", "--parsable", "--array=1-3", "--output=/dev/null", "task.sh")
    job = submitted.stdout.strip()
    assert job.isdecimal(), submitted.stderr

    def hosts() -> list[str]:
        shown = [lab.on_head("scontrol", "show", "job", f"{job}_{task}").stdout for task in (1, 2, 3)]
        ended = [text for text in shown if "JobState=COMPLETED" in text]
        return [m[1] for text in ended if (m := re.search(r"BatchHost=(\S+)", text))]

    # Slurm 22.05 looks only every 30 s whether a batch job's new nodes are up
    wait_until(lambda: len(hosts()) == 3, "all tasks completed", 100)
    assert all(re.fullmatch(r"hpc1-hpc-\d+", host) for host in hosts())


def test_idle_nodes_go_back(lab: Lab) -> None:
    """After the idle time Slurm suspends the node, its machine goes, its rental ends, its name is free."""
    node = lab.on_head("srun", "-N1", "hostname").stdout.strip()
    wait_until(lambda: lab.node(node)["state"] == "gone", "given back by itself", 60)
    assert lab.cloud.instances() == []
    rental = [each for each in lab.get("/v1/rentals") if each["node"] == node][-1]
    assert rental["ended_at"] > rental["started_at"]
    assert rental["cost"] == pytest.approx(
        (rental["ended_at"] - rental["started_at"]) / 3600 * rental["price_per_hour"]
    )
    story = lab.node(node)["story"]
    assert [event["state"] for event in story if event["generation"]][-1] == "gone"
    # Slurm's SuspendTimeout is 60 s: the node is free earlier because its machine is proven gone
    started = time.monotonic()
    assert lab.on_head("srun", "-w", node, "hostname").stdout.strip() == node
    assert time.monotonic() - started < 30


def test_twenty_nodes(lab: Lab) -> None:
    """`srun -N20 hostname` works on one machine, and all twenty go back."""
    done = lab.on_head("srun", "-N20", "hostname", timeout=180)
    assert sorted(done.stdout.split()) == sorted(f"hpc1-hpc-{n}" for n in range(1, 21)), done.stderr
    assert len(lab.cloud.instances()) == 20


def test_nodes_know_each_other(lab: Lab) -> None:
    """A node resolves the names of the others, those too that joined after it."""
    first, second = sorted(lab.on_head("srun", "-N2", "hostname").stdout.split())

    def knows(one: str, other: str) -> bool:
        return other in lab.on(one, "getent", "hosts", other).stdout

    for one, other in ((first, second), (second, first)):
        wait_until(partial(knows, one, other), f"{one} knows {other}", 10)


def test_srun_inside_of_a_job(lab: Lab) -> None:
    """srun inside of an allocation reaches the other nodes from a node, not only from the head."""
    done = lab.on_head("salloc", "-N2", "srun", "-N2", "sh", "-c", "hostname")
    assert len(set(done.stdout.split())) == 2, done.stderr


def test_start_and_stop_by_hand(lab: Lab) -> None:
    """`node start` and `node stop` work without a job; the node's story says who asked."""
    started = lab.burstway("node", "start", "hpc1-hpc-7", "--wait", "--reason", "a test")
    assert started.returncode == 0, started.stderr
    assert "ready" in started.stdout
    explained = lab.burstway("node", "explain", "hpc1-hpc-7")
    assert "a test" in explained.stdout
    assert "root: node start" in " ".join(event["cause"] for event in lab.node("hpc1-hpc-7")["story"])
    stopped = lab.burstway("node", "stop", "hpc1-hpc-7", "--wait", "--force")
    assert stopped.returncode == 0, stopped.stderr
    assert lab.cloud.instances() == []


def test_stop_waits_for_the_job(lab: Lab) -> None:
    """`node stop` lets the job on the node end, and gives the node back then."""
    job = lab.start_on_head("srun", "-w", "hpc1-hpc-3", "sh", "-c", "sleep 4; echo ended")
    wait_until(lambda: lab.node("hpc1-hpc-3")["state"] == "ready", "ready", 30)
    time.sleep(0.5)
    assert lab.burstway("node", "stop", "hpc1-hpc-3").returncode == 0
    assert lab.node("hpc1-hpc-3")["state"] == "draining"
    out, err = job.communicate(timeout=60)
    assert (out, job.returncode) == ("ended\n", 0), err
    wait_until(lambda: lab.node("hpc1-hpc-3")["state"] == "gone", "given back", 60)


def test_border_drops_what_no_flow_needs(lab: Lab) -> None:
    """From a node the control plane and slurmctld can be reached, and no other port of the head node."""
    node = lab.on_head("srun", "-N1", "hostname").stdout.strip()
    probe = (
        "import socket,sys\n"
        "s=socket.socket(); s.settimeout(1)\n"
        "print(s.connect_ex((sys.argv[1], int(sys.argv[2]))))\n"
    )
    server = "import socket,time; s=socket.create_server(('0.0.0.0', 8080)); time.sleep(20)"
    lab.on_head("sh", "-c", f'python3 -c "{server}" >/dev/null 2>&1 &', user="root")
    head = str(lab.place.head)
    assert wait_until(
        lambda: lab.on_head("python3", "-c", probe, head, "8080", user="root").stdout.strip() == "0",
        "listening",
        5,
    )
    reached = {
        port: lab.on(node, "python3", "-c", probe, head, port).stdout.strip()
        for port in ("443", "6817", "8080")
    }
    assert reached["443"] == reached["6817"] == "0"
    assert reached["8080"] != "0"


def test_wrong_munge_key(lab: Lab) -> None:
    """A node that is given a wrong munge key runs no job, is given back, and `node explain` says why."""
    config = lab.root / "etc/burstway/burstway.toml"
    before = config.read_text(encoding="utf-8")
    (lab.root / "etc/munge/other.key").write_bytes(bytes(range(128)))
    try:
        config.write_text(
            before.replace("[slurm]", '[slurm]\nmunge_key = "/etc/munge/other.key"'), encoding="utf-8"
        )
        _restart_control_plane(lab)
        job = lab.start_on_head("srun", "-w", "hpc1-hpc-9", "hostname")
        wait_until(lambda: _story(lab, "hpc1-hpc-9", "failed"), "the node fails", 30)
        explained = lab.burstway("node", "explain", "hpc1-hpc-9", "--json").stdout
        assert "the munge key on this node is not the head node's" in explained
        assert "slurmd" not in _cause(lab, "hpc1-hpc-9", "fail")
        out, _ = job.communicate(timeout=60)
        assert out == ""
        wait_until(lambda: lab.node("hpc1-hpc-9")["state"] == "gone", "given back", 30)
    finally:
        config.write_text(before, encoding="utf-8")
        _restart_control_plane(lab)
    assert lab.on_head("srun", "-w", "hpc1-hpc-9", "hostname").stdout.strip() == "hpc1-hpc-9"


def _restart_control_plane(lab: Lab) -> None:
    lab.cloud.stop("control-plane")
    lab.cloud.start("control-plane", "head", [])
    wait_until(lambda: lab.burstway("cluster", "list").returncode == 0, "the control plane is back", 20)


def _story(lab: Lab, node: str, state: str) -> list[object]:
    return [event for event in lab.node(node)["story"] if event["state"] == state]


def _cause(lab: Lab, node: str, event: str) -> str:
    return next(str(e["cause"]) for e in reversed(lab.node(node)["story"]) if e["event"] == event)
