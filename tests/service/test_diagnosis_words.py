"""Which nodes are looked at, and what is said of them: values in, values out."""

from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from burstway.flows.profiles import flows
from burstway.flows.rules import placed
from burstway.flows.table import Role
from burstway.model.node import Node, State
from burstway.network.flow_proofs import FlowProof, prove_rules
from burstway.network.model import Gateway, GatewayKind, Network, Site, Subnet, VNet
from burstway.network.planned import planned_filter
from burstway.network.prove import Prover
from burstway.service.trouble import Blocked, due, rules_of, silence, trouble

HEAD = (IPv4Network("10.10.0.10/32"),)
NODES = (IPv4Network("10.80.0.0/24"),)
PLACES = {Role.CONTROL_PLANE: HEAD, Role.SCHEDULER: HEAD, Role.LOGIN: HEAD, Role.NODE: NODES}
RULES = placed(flows(), PLACES)
NODE = Node("n-1", "c", "n", address="10.80.0.4", launched_at=1000.0)


def proofs(without: str = "") -> list[FlowProof]:
    """The node's flows, in a network whose cloud filter lacks this one."""
    border = planned_filter([rule for rule in RULES if rule.name != without], "border", Network())
    network = Network(
        sites=(Site("hq", (IPv4Network("10.10.0.0/24"),)),),
        vnets=(VNet("cloud", (IPv4Network("10.80.0.0/16"),), (Subnet("nodes", NODES),), firewall=border),),
        gateways=(Gateway("link", "cloud", GatewayKind.LINK),),
    )
    return prove_rules(Prover(network), rules_of(RULES, NODE.address))


LOOKED_AT = {
    "just configured": (replace(NODE, state=State.JOINED, configured=True), 1001, True),
    "ready before it was looked at": (replace(NODE, state=State.READY, configured=True), 1001, True),
    "configured and looked at": (
        replace(NODE, state=State.READY, configured=True, explained_at=1001),
        1900,
        False,
    ),
    "booting, early": (replace(NODE, state=State.BOOTING), 1049, False),
    "booting, late": (replace(NODE, state=State.BOOTING), 1050, True),
    "booting, late, looked at then": (replace(NODE, state=State.BOOTING, explained_at=1051), 1090, False),
    "joined, not configured, late": (replace(NODE, state=State.JOINED), 1060, True),
    "looked at early, late now": (
        replace(NODE, state=State.JOINED, configured=True, explained_at=1003),
        1060,
        True,
    ),
    "in trouble, a minute ago": (
        replace(NODE, state=State.READY, configured=True, explained_at=1001, trouble="x"),
        1062,
        True,
    ),
    "in trouble, just now": (
        replace(NODE, state=State.READY, configured=True, explained_at=1001, trouble="x"),
        1030,
        False,
    ),
    "requested": (replace(NODE, state=State.REQUESTED, launched_at=0.0), 9000, False),
    "on its way out": (replace(NODE, state=State.STOPPING, configured=True), 9000, False),
    "failed": (replace(NODE, state=State.FAILED, configured=True), 9000, False),
}


@pytest.mark.parametrize("case", LOOKED_AT)
def test_who_is_looked_at(case: str) -> None:
    """Each node once when it is configured, and once more when half of its boot time-out is over."""
    node, now, expected = LOOKED_AT[case]
    assert bool(due([node], now, boot_timeout_s=100)) is expected


def test_a_node_s_rules_are_about_itself() -> None:
    """On the one end it alone; between nodes both directions; what is about others only is left out."""
    own = (IPv4Network("10.80.0.4/32"),)
    found = rules_of(RULES, "10.80.0.4")
    assert all(own in (rule.sources, rule.targets) for rule in found)
    fanout = [(rule.sources, rule.targets) for rule in found if rule.name == "slurmd-fanout"]
    assert fanout == [(own, NODES), (NODES, own)]
    assert not [rule for rule in found if rule.name == "slurmctld-commands"]
    assert rules_of(RULES, "192.0.2.1") == []


def test_nothing_is_wrong_with_a_network_as_planned() -> None:
    """No words are made where there is nothing to say."""
    assert trouble([], proofs()) == ""


@pytest.mark.parametrize("name", sorted({rule.name for rule in rules_of(RULES, NODE.address)}))
def test_the_missing_flow_is_named(name: str) -> None:
    """By the proof alone: the flow, its ends, its service, and what stops it. Two flows that are the same
    packets stand for each other."""
    said = trouble([], proofs(without=name))
    missing = next(rule for rule in RULES if rule.name == name)
    same = [
        r.name
        for r in RULES
        if (r.sources, r.targets, r.service) == (missing.sources, missing.targets, missing.service)
    ]
    if len(same) > 1:
        assert said == ""
    else:
        assert said.startswith(f"flow {name} (")
        assert missing.service in said
        assert "border, chain forward: policy drop" in said


def test_what_was_tried_comes_before_what_was_proved() -> None:
    """A probe's own words are used for its flow, and the table's order decides which flow is named."""
    blocked = [
        Blocked("srun", "n-1 → head", "filtered, but proved open"),
        Blocked("slurmctld", "n-1 → head", "filtered, as proved: x"),
    ]
    said = trouble(blocked, proofs())
    assert said == "flow slurmctld (node → scheduler, tcp 6817), n-1 → head, is filtered, as proved: x"


def test_what_was_tried_counts_without_a_proof() -> None:
    """A document that cannot be read must not hide what packets have shown."""
    assert "n-1 → head, is filtered" in trouble([Blocked("srun", "n-1 → head", "filtered: no answer")], [])


def test_a_node_without_an_address_has_the_flows_of_any_node() -> None:
    """And not those between the site's own machines."""
    names = {rule.name for rule in rules_of(RULES, "")}
    assert "slurmctld" in names
    assert not names & {"slurmctld-commands", "srun-controller"}


@pytest.mark.parametrize(
    ("state", "said"), [(State.LAUNCHING, True), (State.BOOTING, True), (State.JOINED, False)]
)
def test_a_silent_machine_is_not_blamed_on_the_network(state: State, said: bool) -> None:
    """One that has joined is not silent: what its agent does is in its reason."""
    assert ("console" in silence(replace(NODE, state=state))) is said
