"""From rules to an NSG: exactly what the rules say, in Azure's terms and within its limits."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burstway.errors import InputError
from burstway.flows.rules import Place, Rule, Tag
from burstway.flows.table import Ports, Protocol
from burstway.network.model import Access, Direction, Nsg, Prefix, SecurityRule
from burstway.network.plan_nsg import LAST_PRIORITY, MOST_ADDRESSES, MOST_RULES, plan_nsg
from burstway.network.space import overlap
from sample_rules import CLOUD, FILES, HEAD, NODES, PLACES, RULES, TAG, any_rules

SUBNET = (NODES, IPv4Network("10.80.16.0/24"))
ENDS: list[Place] = [
    IPv4Network(text)
    for text in ("10.80.0.1", "10.80.0.130", "10.80.16.1", "10.80.99.1", "10.10.0.10", "10.10.1.3", "8.8.8.8")
]
ENDS += [place for place in PLACES if isinstance(place, Tag)]
"""Single addresses in and out of the places that rules are made of. A tag is taken for an end of its own."""


def holds(place: Place | Prefix, end: Place) -> bool:
    if isinstance(place, IPv4Network):
        return isinstance(end, IPv4Network) and end.subnet_of(place)
    return str(place) in ("*", str(end)) and (str(place) == "*" or isinstance(end, Tag))


def asked(rules: Iterable[Rule], source: Place, target: Place, protocol: Protocol, port: int) -> bool:
    return any(
        rule.protocol is protocol
        and (rule.ports is None or rule.ports.first <= port <= rule.ports.last)
        and any(holds(place, source) for place in rule.sources)
        and any(holds(place, target) for place in rule.targets)
        for rule in rules
    )


def decision(
    nsg: Nsg, direction: Direction, source: Place, target: Place, protocol: Protocol, port: int
) -> bool:
    """As Azure evaluates it: the lowest priority that matches."""
    for rule in sorted(nsg.rules, key=lambda rule: rule.priority):
        if (
            rule.direction is direction
            and rule.protocol.lower() in ("*", protocol.value)
            and any(first <= port <= last for first, last in rule.target_ports)
            and any(holds(place, source) for place in rule.sources)
            and any(holds(place, target) for place in rule.targets)
        ):
            return rule.access is Access.ALLOW
    raise AssertionError("something always decides")


@given(any_rules, st.sampled_from(ENDS), st.sampled_from(ENDS), st.sampled_from(Protocol), st.integers(1, 15))
def test_it_lets_through_what_the_rules_say_and_nothing_else(
    rules: list[Rule], source: Place, target: Place, protocol: Protocol, port: int
) -> None:
    """At the end that is in the subnet, or at both; for any packet, before Azure's own rules are asked."""
    nsg = plan_nsg("a", rules, SUBNET)
    expected = asked(rules, source, target, protocol, port)
    if any(holds(each, target) for each in SUBNET):
        assert decision(nsg, Direction.INBOUND, source, target, protocol, port) == expected
    if any(holds(each, source) for each in SUBNET):
        assert decision(nsg, Direction.OUTBOUND, source, target, protocol, port) == expected


@given(any_rules)
def test_every_rule_is_one_that_azure_takes(rules: list[Rule]) -> None:
    """Names, descriptions, priorities; a tag alone in its field; no range inside another; ports apart."""
    made = plan_nsg("a", rules, SUBNET).rules
    for rule in made:
        assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?", rule.name)
        assert len(rule.description) <= 140
        assert 100 <= rule.priority <= 4096
        for field in (rule.sources, rule.targets):
            ranges = [each for each in field if isinstance(each, IPv4Network)]
            assert field == tuple(ranges) or len(field) == 1
            assert not [(a, b) for a in ranges for b in ranges if a is not b and a.overlaps(b)]
        assert not [
            (a, b) for a in rule.target_ports for b in rule.target_ports if a != b and overlap((a,), (b,))
        ]
    assert len({rule.name.lower() for rule in made}) == len(made)
    assert len({(rule.direction, rule.priority) for rule in made}) == len(made)


@given(any_rules)
def test_each_direction_ends_in_a_denial_of_everything(rules: list[Rule]) -> None:
    """Azure's own rules after it would let VirtualNetwork and the Internet through. The same rules give the
    same group."""
    nsg = plan_nsg("a", rules, SUBNET)
    assert nsg == plan_nsg("a", rules, SUBNET)
    for direction in Direction:
        own = [rule for rule in nsg.rules if rule.direction is direction]
        assert [rule.access for rule in own] == [Access.ALLOW] * (len(own) - 1) + [Access.DENY]
        assert [rule.priority for rule in own] == sorted(rule.priority for rule in own)
        last = own[-1]
        assert (last.priority, last.protocol, last.sources, last.targets) == (
            LAST_PRIORITY,
            "*",
            ("*",),
            ("*",),
        )


def tcp(name: str, sources: Iterable[Place], targets: Iterable[Place], first: int, last: int = 0) -> Rule:
    return Rule(name, tuple(sources), tuple(targets), Protocol.TCP, Ports(first, last or first))


def allowed(rules: Iterable[Rule], direction: Direction) -> list[SecurityRule]:
    made = plan_nsg("a", rules, [NODES]).rules
    return [rule for rule in made if rule.direction is direction and rule.access is Access.ALLOW]


OTHER = IPv4Network("10.10.7.0/24")
SHAPES: dict[str, tuple[list[Rule], list[tuple[tuple[str, ...], tuple[str, ...], str]]]] = {
    "ports of one pair of ends": (
        [tcp("a", [NODES], [HEAD], 5), tcp("b", [NODES], [HEAD], 9), tcp("c", [NODES], [HEAD], 6, 7)],
        [((str(NODES),), (str(HEAD),), "5-7 9-9")],
    ),
    "targets on one port": (
        [tcp("a", [NODES], [HEAD], 5), tcp("b", [NODES], [OTHER], 5)],
        [((str(NODES),), (str(HEAD), str(OTHER)), "5-5")],
    ),
    "another port and another target stay apart": (
        [tcp("a", [NODES], [HEAD], 5), tcp("b", [NODES], [OTHER], 6)],
        [((str(NODES),), (str(HEAD),), "5-5"), ((str(NODES),), (str(OTHER),), "6-6")],
    ),
    "a tag among ranges is split off": (
        [tcp("a", [NODES], [HEAD, TAG, OTHER], 5)],
        [((str(NODES),), (str(HEAD), str(OTHER)), "5-5"), ((str(NODES),), (str(TAG),), "5-5")],
    ),
    "two tags are two rules": (
        [tcp("a", [NODES], [TAG, Tag("Internet")], 5)],
        [((str(NODES),), (str(TAG),), "5-5"), ((str(NODES),), ("Internet",), "5-5")],
    ),
    "ports on one tag": (
        [tcp("a", [NODES], [TAG], 5), tcp("b", [NODES], [TAG], 7)],
        [((str(NODES),), (str(TAG),), "5-5 7-7")],
    ),
    "a range inside another goes into it": (
        [tcp("a", [NODES], [HEAD, IPv4Network("10.10.0.0/24")], 5)],
        [((str(NODES),), ("10.10.0.0/24",), "5-5")],
    ),
    "only what is in the subnet": (
        [tcp("a", [CLOUD, HEAD], [FILES], 5)], [((str(NODES),), (str(FILES),), "5-5")],
    ),
    "nothing of the subnet": ([tcp("a", [HEAD], [FILES], 5)], []),
    "no ports is every port": (
        [Rule("a", (NODES,), (HEAD,), Protocol.ESP, None)], [((str(NODES),), (str(HEAD),), "0-65535")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SHAPES)
def test_rules_are_merged_where_that_says_the_same(case: str) -> None:
    """Into one with several prefixes or port ranges, when everything else is equal."""
    rules, expected = SHAPES[case]
    assert [
        (
            tuple(str(each) for each in rule.sources),
            tuple(str(each) for each in rule.targets),
            " ".join(f"{first}-{last}" for first, last in rule.target_ports),
        )
        for rule in allowed(rules, Direction.OUTBOUND)
    ] == expected


def test_traffic_inside_the_subnet_is_let_through_at_both_ends() -> None:
    """A group filters between the machines of its own subnet too."""
    (rule,) = [each for each in RULES if each.name == "among-nodes"]
    for direction in Direction:
        (made,) = allowed([rule], direction)
        assert (made.sources, made.targets) == ((NODES,), (NODES,))


def numbered(count: int) -> list[Rule]:
    """So many rules outwards that none can be merged with another."""
    return [tcp(f"r{n}", [NODES], [IPv4Network(((10 << 24) + 256 * n, 32))], n + 1) for n in range(count)]


def addresses(count: int) -> list[Rule]:
    return [tcp("r", [NODES], [IPv4Network(((10 << 24) + 2 * n, 32)) for n in range(count)], 1)]


@pytest.mark.parametrize(
    ("count", "step"), [(1, 100), (39, 100), (40, 50), (80, 20), (200, 10), (400, 4), (998, 4)]
)
def test_between_priorities_there_is_room(count: int, step: int) -> None:
    """For a rule of a person's own; wide apart while there are few, and never at the denial's."""
    made = [rule.priority for rule in allowed(numbered(count), Direction.OUTBOUND)]
    assert made == [100 + step * number for number in range(count)]
    assert made[-1] < LAST_PRIORITY


@pytest.mark.parametrize(
    ("rules", "what"),
    [
        (numbered(MOST_RULES - 1), "1,001 rules"),
        (addresses(MOST_ADDRESSES + 1), "4,001 target addresses"),
        ([tcp("r", rule.targets, rule.sources, 1) for rule in addresses(MOST_ADDRESSES + 1)], "4,001 source"),
    ],
    ids=["rules", "targets", "sources"],
)
def test_over_a_limit_it_says_which_and_what_to_do(rules: list[Rule], what: str) -> None:
    """Before Azure does, half way through a deployment."""
    with pytest.raises(InputError, match=what) as refused:
        plan_nsg("group-1", rules, [NODES])
    assert "group-1" in refused.value.what
    assert "larger ranges" in refused.value.remedy


@pytest.mark.parametrize(
    "rules", [numbered(MOST_RULES - 2), addresses(MOST_ADDRESSES)], ids=["rules", "addresses"]
)
def test_at_a_limit_it_is_made(rules: list[Rule]) -> None:
    """The figures are the most that there may be."""
    assert plan_nsg("group-1", rules, [NODES]).rules


NAMES: dict[str, tuple[list[str], list[str]]] = {
    "one flow": (["a"], ["out-a"]),
    "what Azure does not take": (["a b/ü."], ["out-a-b"]),
    "nothing that it takes": (["/"], ["out-flow"]),
    "too long": (["x" * 99], ["out-" + "x" * 71]),
    "the denial's": (["deny-all"], ["out-deny-all_2"]),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_rule_is_called_after_its_flows(case: str) -> None:
    """So that a person who sees it in the portal finds the flow."""
    flows, expected = NAMES[case]
    rules = [tcp(name, [NODES], [HEAD], 5) for name in flows]
    assert [rule.name for rule in allowed(rules, Direction.OUTBOUND)] == expected


def test_of_many_flows_as_many_as_fit_are_named() -> None:
    """And how many more there are. The description has them all where there is room."""
    (rule,) = allowed([tcp(f"flow-{n}", [NODES], [HEAD], 2 * n + 1) for n in range(12)], Direction.OUTBOUND)
    assert rule.name == "out-flow-0_flow-1_flow-2_flow-3_flow-4_flow-5_flow-6_flow-7_and_4_more"
    assert rule.description.startswith("flow-0, flow-1,")
    assert rule.description.endswith("flow-11")
