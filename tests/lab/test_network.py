"""The lab's network lets through what the plan names and nothing else, and each of that can be taken away."""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from burstway.flows.nftables import render_nftables
from burstway.flows.rules import Rule, crossing
from burstway.service.wiring import network_plan
from burstway.settings import read_settings
from living_lab import Lab, wait_until
from scanning import Reached, listening, scan, scan_all

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("lab-network")]

ELSEWHERE = "elsewhere"
NODES = ("hpc1-hpc-1", "hpc1-hpc-2")


@dataclass
class Net:
    """A lab with two nodes that a job holds, another machine of the site, and the plan's rules."""

    lab: Lab
    rules: tuple[Rule, ...]
    addresses: dict[str, str]

    def allowed(self, source: str, target: str, ports: list[int]) -> set[tuple[str, int]]:
        """Which of these ports of the target the rules let the source's machine reach."""
        here, there = (IPv4Network(self.addresses[name]) for name in (source, target))
        return {
            (str(rule.protocol), port)
            for rule in self.rules
            if _in(here, rule.sources) and _in(there, rule.targets) and rule.ports
            for port in ports
            if rule.ports.first <= port <= rule.ports.last
        }

    def some_port(self, rule: Rule) -> int:
        """One where something may listen: the last of a range, as programs take the first ones."""
        assert rule.ports
        return rule.ports.last

    def ends(self, rule: Rule) -> tuple[str, str]:
        """Two machines that the rule is about."""
        return next(
            (source, target)
            for source in ("head", *NODES)
            for target in ("head", *NODES)
            if source != target
            and _in(IPv4Network(self.addresses[source]), rule.sources)
            and _in(IPv4Network(self.addresses[target]), rule.targets)
        )

    def command(self, *words: str) -> str:
        done = self.lab.burstway("lab", *words, "--name", self.lab.place.name)
        assert done.returncode == 0, done.stderr
        return done.stdout


def without_counts(ruleset: str) -> str:
    """The ruleset without what has gone through it."""
    return re.sub(r"packets \d+ bytes \d+", "", ruleset)


def _in(machine: IPv4Network, places: tuple[object, ...]) -> bool:
    return any(isinstance(place, IPv4Network) and machine.subnet_of(place) for place in places)


@pytest.fixture
def net(lab: Lab) -> Iterator[Net]:
    other = str(lab.place.site[30])
    if lab.cloud.find(ELSEWHERE) is None:
        lab.cloud.machine(ELSEWHERE, "site", "node", other, {})
    job = lab.start_on_head("srun", "-w", ",".join(NODES), "-N2", "sleep", "600")
    try:
        wait_until(lambda: {lab.node(name)["state"] for name in NODES} == {"ready"}, "two nodes", 60)
        addresses = {name: str(lab.node(name)["address"]) for name in NODES}
        plan = network_plan(read_settings(lab.root / "etc/burstway/burstway.toml"))
        yield Net(lab, plan.rules, {"head": str(lab.place.head), ELSEWHERE: other, **addresses})
    finally:
        for which in ("border", "firewall"):
            lab.cloud.reset(which)
        lab.on_head("scancel", "--user", "alice")
        job.communicate(timeout=60)


def _ports(rules: tuple[Rule, ...]) -> list[int]:
    """Each end of each rule's ports, those beside them, and some hundred others."""
    ends = {end for rule in rules if rule.ports for end in (rule.ports.first, rule.ports.last)}
    beside = {port for end in ends for port in (end - 1, end + 1)}
    return sorted(ends | beside | set(range(1, 1024, 9)) | set(range(1024, 65_536, 601)))


def test_nothing_but_the_flows_is_open(net: Net) -> None:
    """From the head to a node and back, between nodes, and between nodes and the rest of the site: of a few
    hundred ports on TCP and UDP, on all of which something listens, those of the plan answer and no other."""
    ports = _ports(net.rules)
    one, two = NODES
    ways = [("head", one), (one, "head"), (one, two), (two, one), (ELSEWHERE, one), (one, ELSEWHERE)]
    with listening(net.lab.cloud, net.addresses, ports):
        there = [(source, net.addresses[target]) for source, target in ways]
        found = scan_all(net.lab.cloud, there, ports)
        control = scan(net.lab.cloud, "head", net.addresses[ELSEWHERE], ports)
    assert control.open == {(protocol, port) for protocol in ("tcp", "udp") for port in ports}
    for source, target in ways:
        way = found[source, net.addresses[target]]
        allowed = net.allowed(source, target, ports)
        assert way.answered == allowed, f"{source} to {target}"
        assert way.open == allowed, f"{source} to {target}"
    assert net.allowed(ELSEWHERE, one, ports) == net.allowed(one, ELSEWHERE, ports) == set()
    assert all(net.allowed(*way, ports) for way in ways[:4])


def test_routers_have_no_open_port(net: Net) -> None:
    """Nothing listens on the routers, seen from a node, from the head and from elsewhere on the site."""
    ports = _ports(net.rules)
    place = net.lab.place
    gateways = [next(place.subnet.hosts()), next(place.site.hosts()), *place.link.hosts()]
    ways = [(machine, str(gateway)) for machine in (NODES[0], "head", ELSEWHERE) for gateway in gateways]
    for way, reached in scan_all(net.lab.cloud, ways, ports).items():
        assert reached.open == set(), way


def test_every_flow_can_be_taken_away(net: Net) -> None:
    """A border without a flow stops that flow and no other, within the cloud's subnet too; so does the site's
    firewall, where the flow crosses the site's border."""
    kinds = {(rule.sources, rule.targets, rule.service): rule for rule in net.rules}
    crossing_site = crossing(net.rules, [net.lab.place.site])
    ports = sorted({net.some_port(rule) for rule in kinds.values()})
    with listening(net.lab.cloud, ("head", *NODES), ports):
        assert _stopped(net, kinds.values()) == set()
        for key, gone in kinds.items():
            for which, planned in (("border", net.rules), ("firewall", tuple(crossing_site))):
                if gone not in planned:
                    continue
                left = [rule for rule in planned if (rule.sources, rule.targets, rule.service) != key]
                net.lab.cloud.load(which, render_nftables(left), f"without {gone.name}")
                assert _stopped(net, kinds.values()) == {gone.name}, which
                net.lab.cloud.reset(which)
        assert _stopped(net, kinds.values()) == set()
    assert len(crossing_site) < len(net.rules)


def _stopped(net: Net, rules: Collection[Rule]) -> set[str]:
    """The flows whose port does not answer."""
    ways = {rule.name: net.ends(rule) for rule in rules}
    asked = [(source, net.addresses[target]) for source, target in sorted(set(ways.values()))]
    ports = sorted({net.some_port(rule) for rule in rules})
    found = scan_all(net.lab.cloud, asked, ports, seconds=1.5)

    def answers(rule: Rule, reached: Reached) -> bool:
        return (str(rule.protocol), net.some_port(rule)) in reached.answered

    def reached_by(rule: Rule) -> Reached:
        source, target = ways[rule.name]
        return found[source, net.addresses[target]]

    return {rule.name for rule in rules if not answers(rule, reached_by(rule))}


def test_a_machine_sends_from_its_own_address_only(net: Net) -> None:
    """What a node sends with the address of another node is dropped before any rule counts it."""
    one, two = NODES
    flow = [rule for rule in net.rules if net.ends(rule) == (one, "head")][-1]
    ports, head, stolen = [net.some_port(flow)], net.addresses["head"], net.addresses[two]

    def counted() -> str:
        shown = net.lab.cloud.filter("border").splitlines()
        return next(line for line in shown if f'"{flow.name}"' in line)

    with listening(net.lab.cloud, ["head"], ports):
        before = counted()
        assert scan(net.lab.cloud, one, head, ports).open == {(str(flow.protocol), *ports)}
        assert counted() != before
        before = counted()
        route = f"{head} via {next(net.lab.place.subnet.hosts())} src {stolen}".split()
        net.lab.on(one, "ip", "address", "add", f"{stolen}/32", "dev", "lo")
        net.lab.on(one, "ip", "route", "add", *route)
        try:
            assert stolen in net.lab.on(one, "ip", "route", "get", head).stdout
            assert scan(net.lab.cloud, one, head, ports).answered == set()
            assert counted() == before
        finally:
            net.lab.on(one, "ip", "route", "del", *route)
            net.lab.on(one, "ip", "address", "del", f"{stolen}/32", "dev", "lo")


def test_the_firewall_is_published(net: Net, tmp_path: Path) -> None:
    """The head node can read the site's firewall as nft prints it, at each moment as it is."""
    published = "/run/burstway-cloud/firewall.json"

    def names() -> set[str]:
        text = net.lab.on_head("cat", published, user="root").stdout
        rules = [entry["rule"] for entry in json.loads(text)["nftables"] if "rule" in entry]
        return {rule["comment"] for rule in rules if "comment" in rule and "dropped" not in rule["comment"]}

    planned = {rule.name for rule in crossing(net.rules, [net.lab.place.site])}
    assert names() == planned
    one = sorted(planned)[0]
    file = tmp_path / "firewall.nft"
    shown = net.command("firewall")
    file.write_text(
        "\n".join(line for line in shown.splitlines() if f'"{one}"' not in line), encoding="utf-8"
    )
    net.command("firewall", "--load", str(file))
    assert names() == planned - {one}
    assert f'"{one}"' not in net.command("firewall")
    net.command("firewall", "--reset")
    assert names() == planned
    assert f'"{one}"' in net.command("firewall")


@pytest.mark.parametrize("which", ["border", "firewall"])
def test_a_bad_ruleset_changes_nothing(lab: Lab, tmp_path: Path, which: str) -> None:
    """nft's own words with the file's name and line, code 2, and the rules are those that were there."""
    file = tmp_path / "bad.nft"
    file.write_text(
        "table inet burstway {\n    chain forward { ip saddr 1.2.3 accept; }\n}\n", encoding="utf-8"
    )
    before = lab.cloud.filter(which)
    refused = lab.burstway("lab", which, "--name", lab.place.name, "--load", str(file))
    assert refused.returncode == 2
    assert f"{file}:2:" in refused.stderr
    assert "syntax error" in refused.stderr
    assert "/dev/stdin" not in refused.stderr
    absent = lab.burstway("lab", which, "--name", lab.place.name, "--load", str(tmp_path / "none"))
    assert absent.returncode == 2
    assert "No such file" in absent.stderr
    assert without_counts(lab.cloud.filter(which)) == without_counts(before)
