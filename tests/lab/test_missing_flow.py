"""A site where one connection is closed: the burst fails, Burstway says by itself which flow it is and what
stops it, and opening it mends the burst. For each required flow, at each place where it can be closed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from burstway.flows.nftables import render_nftables
from burstway.flows.profiles import flows
from burstway.flows.rules import Rule, crossing
from burstway.flows.table import Role
from burstway.lab.cloud import LabCloud
from burstway.lab.demo import import_example
from burstway.lab.remains import remove
from burstway.lab.site import start_slurm, up
from burstway.providers.lab.layout import layout
from burstway.service.site_network import cloud_rules
from burstway.settings import Settings, read_settings
from living_lab import Lab, wait_until

BOOT_TIMEOUT_S = 12
FAILS_S = 4
"""A burst that works takes less than a second; one that has not worked after this does not."""

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("lab-missing-flow"), pytest.mark.timeout(200)]

BETWEEN_NODES = {row.name for row in flows() if row.source is row.target is Role.NODE}


@dataclass
class Fragile:
    lab: Lab
    settings: Settings
    used: int = 0

    def planned(self, where: str) -> list[Rule]:
        rules = cloud_rules(self.settings)
        return rules if where == "border" else crossing(rules, [self.settings.site.network])

    def two_nodes(self) -> list[str]:
        self.used += 2
        return [f"hpc1-hpc-{self.used - 1}", f"hpc1-hpc-{self.used}"]


@pytest.fixture(scope="module")
def fragile(worker_id: str) -> Iterator[Fragile]:
    """A lab of its own, in which nodes are given up soon."""
    place = layout(f"itself-{worker_id}-{os.getpid()}")
    try:
        up(place, print, idle_s=300, boot_timeout_s=BOOT_TIMEOUT_S)
        import_example(place, print)
        start_slurm(place, print)
        with LabCloud(place) as cloud:
            lab = Lab(place, cloud)
            yield Fragile(lab, read_settings(lab.root / "etc/burstway/burstway.toml"))
    finally:
        remove(place, print)


def packets(rule: Rule) -> tuple[object, ...]:
    return rule.sources, rule.targets, rule.service


CASES = [
    ("border", "agent-api"), ("border", "slurmctld"), ("border", "slurmd"), ("border", "slurmd-fanout"),
    ("border", "srun"), ("border", "srun-on-node"),
    ("firewall", "agent-api"), ("firewall", "slurmctld"), ("firewall", "slurmd"), ("firewall", "srun"),
]  # fmt: skip


def test_the_cases_are_all_flows_of_the_lab(fragile: Fragile) -> None:
    """Every rule of both places is a case, or the same packets as one."""
    for where in ("border", "firewall"):
        rules = {rule.name: rule for rule in fragile.planned(where)}
        named = {packets(rules[name]) for place, name in CASES if place == where}
        assert {packets(rule) for rule in rules.values()} == named


def bursts(fragile: Fragile, nodes: list[str], name: str, seconds: int) -> bool:
    """Whether a job runs on both nodes in time: srun by itself, or within a batch job for flows that only
    that needs."""
    line = ["srun", "--quiet", "-N2", "-w", ",".join(nodes), "hostname"]
    if name in BETWEEN_NODES:
        batch = [
            "sbatch",
            "--quiet",
            "--no-requeue",
            "--wait",
            "-N2",
            "-w",
            ",".join(nodes),
            "-o",
            "/tmp/%j.out",
            "--wrap",
        ]
        line = [*batch, " ".join(line)]
    return fragile.lab.on_head("timeout", "--kill-after=1", str(seconds), *line).returncode == 0


def explained(fragile: Fragile, nodes: list[str]) -> tuple[str, float]:
    """What `node explain` says of the network of one of the nodes, once it says something, and how long after
    the node was asked for that was found out."""

    def said() -> tuple[str, float] | None:
        for name in nodes:
            lines = fragile.lab.burstway("node", "explain", name).stdout.splitlines()
            if found := next((line for line in lines if line.startswith("network: ")), ""):
                story = [event for event in fragile.lab.node(name)["story"] if event["generation"] == 1]
                first = next(event for event in story if event["event"] == "network")
                assert first["reason"] in found
                return found, first["time"] - story[0]["time"]
        return None

    found: tuple[str, float] = wait_until(said, f"{nodes} are explained", BOOT_TIMEOUT_S + 5)
    return found


@pytest.mark.parametrize(("where", "name"), CASES)
def test_a_missing_flow_is_named_and_opening_it_mends_the_burst(
    fragile: Fragile, where: str, name: str
) -> None:
    """Within the boot time-out `node explain` names the flow, and the filter that stops it."""
    lab, nodes = fragile.lab, fragile.two_nodes()
    planned = fragile.planned(where)
    gone = packets(next(rule for rule in planned if rule.name == name))
    left = [rule for rule in planned if packets(rule) != gone]
    try:
        lab.cloud.load(where, render_nftables(left), f"without {name}")
        if name in BETWEEN_NODES:  # the batch job itself starts on nodes that are up
            assert lab.burstway("node", "start", ",".join(nodes), "--wait").returncode == 0
        assert not bursts(fragile, nodes, name, FAILS_S)
        said, after_s = explained(fragile, nodes)
        assert said.startswith(f"network: flow {name} (")
        assert "chain forward" in said or "policy drop" in said
        assert after_s < BOOT_TIMEOUT_S
    finally:
        lab.cloud.reset(where)
    assert lab.burstway("node", "stop", "--force", "--wait", ",".join(nodes)).returncode == 0
    if name in BETWEEN_NODES:
        assert lab.burstway("node", "start", ",".join(nodes), "--wait").returncode == 0
    wait_until(lambda: bursts(fragile, nodes, name, 20), "the burst works again", 60)
    lab.on_head("scancel", "--user", "alice")
    lab.give_back_all()
