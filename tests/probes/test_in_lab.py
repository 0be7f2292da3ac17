"""Probes in the lab: real agents, a real slurmctld, real packets, and firewalls that say no."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from burstway.flows.profiles import flow
from living_lab import Lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("lab-probes"), pytest.mark.timeout(120)]

NODES = "hpc1-hpc-[1-3]"
SYN = "tcp flags & (syn | ack) == syn"
"""Only what is opened: answers to the head's own connections come to ports of the same range, too."""


def probe(lab: Lab, *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and what was printed as JSON."""
    ran = lab.burstway("network", "probe", *words, "--json")
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def verdicts(run: dict[str, Any], name: str) -> set[str]:
    return {result["verdict"] for result in run["results"] if result["flow"] == name}


def _bad(run: dict[str, Any]) -> str:
    return "\n".join(
        f"{r['flow']} {r['source']} {r['target']} {r['seconds']} {r['detail']}"
        for r in run["results"]
        if not r["good"]
    )


@pytest.fixture
def nodes(lab: Lab) -> str:
    """Three nodes that are ready and stay so for a while: somebody's job holds them."""
    held = lab.on_head("sbatch", "-N3", "-w", NODES, "-o", "/dev/null", "--wrap", "sleep 60")
    assert held.returncode == 0, held.stderr
    wait_until(lambda: sum(node["state"] == "ready" for node in lab.get("/v1/nodes")) == 3, "three are ready")
    return NODES


@contextmanager
def head_refuses(lab: Lab, *rules: str) -> Iterator[None]:
    """The head node's own firewall has these rules meanwhile."""
    pid = lab.cloud.find("head")
    assert pid is not None
    inside = ["nsenter", f"--net=/proc/{pid['pid']}/ns/net", "nft"]
    text = "table inet probed {\n" + "\n".join(rules) + "\n}\n"
    subprocess.run([*inside, "-f", "-"], input=text, text=True, check=True)
    try:
        yield
    finally:
        subprocess.run([*inside, "delete", "table", "inet", "probed"], check=True)


def test_everything_is_open_in_a_lab_that_works(lab: Lab, nodes: str) -> None:
    """Every flow of the table that crosses a network is tried, and the rest says where it stays."""
    code, run = probe(lab)
    assert {result["verdict"] for result in run["results"]} == {"open"}, run
    assert code == 0
    tried = {result["flow"] for result in run["results"]}
    assert {"agent-api", "slurmctld", "slurmd", "slurmd-fanout", "srun", "srun-on-node"} <= tried
    assert not tried & {each["flow"] for each in run["left_out"]}
    ring = [(r["source"], r["target"]) for r in run["results"] if r["flow"] == "slurmd-fanout"]
    assert sorted(ring) == [
        ("hpc1-hpc-1", "hpc1-hpc-2"),
        ("hpc1-hpc-2", "hpc1-hpc-3"),
        ("hpc1-hpc-3", "hpc1-hpc-1"),
    ]


def test_no_listener_stays(lab: Lab, nodes: str) -> None:
    """After a run nobody listens on the ports of srun's range, neither on nodes nor on the head."""
    ports = flow("srun").ports
    assert ports is not None
    assert probe(lab, "--flow", "srun", "--flow", "srun-on-node")[0] == 0

    def quiet(machine: str) -> bool:
        return not lab.on(
            machine, "ss", "-Hltn", f"sport >= :{ports.first} and sport <= :{ports.last}"
        ).stdout

    for machine in ("head", "hpc1-hpc-1", "hpc1-hpc-3"):
        wait_until(partial(quiet, machine), "the listeners are closed", 10)


def test_a_dropped_flow_is_found_and_named(lab: Lab, nodes: str) -> None:
    """The head drops what srun waits for: srun would hang, and this says why."""
    ports = flow("srun").ports
    drop = f"chain i {{ type filter hook input priority 0; {SYN} tcp dport {ports} drop; }}"
    with head_refuses(lab, drop):
        code, run = probe(lab, "--timeout", "1")
        shown = lab.burstway("network", "probe", "--timeout", "1", "--flow", "srun")
    assert code == 1
    assert verdicts(run, "srun") == {"filtered"}
    assert verdicts(run, "slurmd") == verdicts(run, "srun-on-node") == {"open"}, _bad(run)
    assert run["results"][0]["flow"] == "srun", "the worst first"
    assert run["results"][0]["sentence"].startswith("filtered")
    assert shown.returncode == 1
    assert "hpc1-hpc-[1-3]  head" in shown.stdout
    assert "0 of 15 probes found nothing in the way" in shown.stdout


def test_a_firewall_that_says_refused_is_found_out(lab: Lab, nodes: str) -> None:
    """Nobody listens on srun's ports, and slurmctld does on its own: both are known at the target."""
    reset = [f"{SYN} tcp dport {flow(name).ports} reject with tcp reset;" for name in ("srun", "slurmctld")]
    with head_refuses(lab, f"chain i {{ type filter hook input priority 0; {' '.join(reset)} }}"):
        code, run = probe(lab, "--flow", "srun", "--flow", "slurmctld")
    assert code == 1
    assert verdicts(run, "srun") == verdicts(run, "slurmctld") == {"filtered"}
    said = {(result["flow"], result["detail"]) for result in run["results"]}
    assert ("srun", "refused, though our listener is there: something on the way answers") in said
    assert ("slurmctld", "refused, though a service is there: something on the way answers") in said


def test_an_agent_that_stops_half_way_costs_only_its_own_part(lab: Lab, nodes: str) -> None:
    """The other nodes are reported; the head still tries the one whose agent is silent."""
    lab.on("hpc1-hpc-2", "pkill", "-STOP", "-f", "agent.pyz")
    try:
        code, run = probe(lab, "--timeout", "1")
    finally:
        lab.on("hpc1-hpc-2", "pkill", "-CONT", "-f", "agent.pyz")
    assert code == 1
    silent = [result for result in run["results"] if result["source"] == "hpc1-hpc-2"]
    assert {result["verdict"] for result in silent} == {"not tried"}
    assert all("hpc1-hpc-2" in result["detail"] for result in silent)
    others = [result for result in run["results"] if result["source"] != "hpc1-hpc-2"]
    assert {result["verdict"] for result in others} <= {"open", "refused"}
    assert any(result["target"] == "hpc1-hpc-2" for result in others)


def test_with_no_node_up_it_says_how_to_start_one(lab: Lab) -> None:
    """And which flows could not be tried."""
    ran = lab.burstway("network", "probe")
    assert ran.returncode == 1
    assert "nothing was tried" in ran.stdout
    assert "slurmd-fanout" in ran.stdout
    assert "burstway node start hpc1-hpc-1 --wait" in ran.stdout
