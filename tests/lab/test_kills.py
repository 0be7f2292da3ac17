"""Processes killed and parts missing at the worst moments: no machine leaked, none bought twice, jobs end."""

import os
import random
import signal
import time
from collections import Counter

import pytest

from living_lab import Lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("lab-kills"), pytest.mark.timeout(600)]

KILLS = 20


def _kill(lab: Lab, part: str) -> None:
    pid = wait_until(lambda: lab.status()[part]["pid"], f"{part} runs", 20)
    os.kill(pid, signal.SIGKILL)


def _assert_none_twice(lab: Lab) -> None:
    """No node has two machines, and no order was bought twice."""
    machines = lab.cloud.instances()
    assert max(Counter(machine["node"] for machine in machines).values(), default=0) <= 1, machines
    assert max(Counter(machine["key"] for machine in machines).values(), default=0) <= 1, machines


def test_control_plane_killed_at_random_moments(lab: Lab) -> None:
    """The control plane killed with -9 at a random moment of a burst, twenty times in a row: each job ends
    with the right output, no machine is bought twice, and none is left when the nodes were given back."""
    seed = int(os.environ.get("BURSTWAY_TEST_SEED", time.time_ns() % 1_000_000))
    print(f"BURSTWAY_TEST_SEED={seed}")
    chance = random.Random(seed)
    for turn in range(KILLS):
        nodes = [f"hpc1-hpc-{(2 * turn + n) % 20 + 1}" for n in range(2)]
        job = lab.start_on_head("srun", "-N2", "-w", ",".join(nodes), "hostname")
        time.sleep(chance.uniform(0.2, 1.2))
        _kill(lab, "control_plane")
        out, err = job.communicate(timeout=90)
        assert sorted(out.split()) == sorted(nodes), f"turn {turn}: {err}"
        _assert_none_twice(lab)
        lab.on_head("scontrol", "update", f"nodename={','.join(nodes)}", "state=power_down", user="root")
    wait_until(lambda: lab.burstway("node", "list").returncode == 0, "the control plane is back", 30)
    wait_until(lambda: not lab.get("/v1/nodes") and not lab.cloud.instances(), "all went back", 90)
    assert all(rental["ended_at"] for rental in lab.get("/v1/rentals"))
    keys = [rental["key"] for rental in lab.get("/v1/rentals")]
    assert len(keys) == len(set(keys))


def test_resume_while_the_control_plane_is_down(lab: Lab) -> None:
    """ResumeProgram without a control plane ends with code 0 and keeps the request; once the control plane
    is back the nodes come and the job runs."""
    lab.cloud.stop("control-plane")
    by_hand = lab.on_head("/usr/local/bin/burstway-resume", "hpc1-hpc-15", user="root")
    assert by_hand.returncode == 0
    assert "the request is kept in /var/spool/burstway/" in by_hand.stderr
    job = lab.start_on_head("srun", "-w", "hpc1-hpc-16", "hostname")
    spool = lab.root / "var/spool/burstway"
    try:  # Slurm may suspend idle nodes of other tests meanwhile
        wait_until(lambda: len(list(spool.glob("*-resume.json"))) == 2, "both are in the spool", 20)
    except AssertionError:
        lab.cloud.start("control-plane", "head", [])
        raise
    assert lab.cloud.instances() == []
    lab.cloud.start("control-plane", "head", [])
    out, err = job.communicate(timeout=60)
    assert out == "hpc1-hpc-16\n", err
    assert lab.node("hpc1-hpc-15")["wanted"]
    assert list(spool.glob("*.json")) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_slurmctld_restarted_during_a_burst(lab: Lab, number: signal.Signals) -> None:
    """slurmctld ended while a job waits for its nodes: it starts again, and the job ends. With -9 it may have
    forgotten that the nodes are up. A job that it had not saved nobody knows of, so that is waited for."""
    lab.on_head("sh", "-c", "printf '#!/bin/sh\\nhostname\\n' >short.sh")
    name = f"until-{number.name.lower()}"
    submitted = lab.on_head("sbatch", "--parsable", "-J", name, "-w", "hpc1-hpc-[11-12]", "-N2", "short.sh")
    job = submitted.stdout.strip()
    wait_until(lambda: lab.get("/v1/nodes"), "the nodes are asked for", 20)
    if number is signal.SIGKILL:
        saved = lab.root / "var/lib/slurm/slurmctld/job_state"
        wait_until(lambda: saved.exists() and name.encode() in saved.read_bytes(), "the job is saved", 20)
    before = lab.status()["slurmctld"]["starts"]
    os.kill(lab.status()["slurmctld"]["pid"], number)
    wait_until(lambda: lab.status()["slurmctld"]["starts"] > before, "slurmctld starts again", 20)

    def ended() -> bool:
        return "JobState=COMPLETED" in lab.on_head("scontrol", "show", "job", job).stdout

    wait_until(ended, "the job completed", 120)


def test_agents_outlive_the_control_plane(lab: Lab) -> None:
    """Nodes that are ready stay so while the control plane is away, and take their work again afterwards."""
    node = lab.on_head("srun", "-N1", "hostname").stdout.strip()
    wait_until(lambda: lab.node(node)["state"] == "ready", "ready", 20)
    lab.cloud.stop("control-plane")
    assert lab.on_head("srun", "-w", node, "hostname").stdout.strip() == node
    lab.cloud.start("control-plane", "head", [])
    wait_until(lambda: lab.burstway("node", "list").returncode == 0, "the control plane is back", 20)
    assert lab.node(node)["state"] == "ready"
    other = "hpc1-hpc-20"
    lab.on_head("srun", "-w", other, "hostname")
    wait_until(lambda: other in lab.on(node, "getent", "hosts", other).stdout, "it learns of a new node", 30)


def test_machine_that_vanishes(lab: Lab) -> None:
    """A machine that ends by itself is noticed, its node is explained, and Slurm uses the name again."""
    node = lab.on_head("srun", "-N1", "hostname").stdout.strip()
    wait_until(lambda: lab.node(node)["state"] == "ready", "ready", 10)
    time.sleep(2.5)  # longer than the cloud's list may lag
    machine = lab.cloud.find(node)
    assert machine is not None
    os.kill(machine["pid"], signal.SIGKILL)
    wait_until(lambda: lab.node(node)["state"] == "gone", "noticed", 30)
    assert "the cloud no longer shows the machine" in str(lab.node(node)["story"])
    assert lab.on_head("srun", "-w", node, "hostname").stdout.strip() == node


def test_second_control_plane(lab: Lab) -> None:
    """A second control plane on the same store is refused with code 2 and says who has it."""
    wait_until(lambda: lab.burstway("node", "list").returncode == 0, "the first one runs", 20)
    second = lab.on_head("burstway", "serve", user="root")
    assert second.returncode == 2
    assert "another control plane" in second.stderr
    assert "what to do" in second.stderr
    assert lab.burstway("node", "list").returncode == 0
