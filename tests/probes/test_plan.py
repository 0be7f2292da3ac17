"""The plan tries each flow that is needed, between machines that have its roles, and never n² of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planned import FLOWS, HEAD, NODES, flow, node

from burstway.flows.profiles import flows
from burstway.flows.table import Flow, Mode, Need, Ports, Protocol, Role
from burstway.probes.plan import SAMPLES, Machine, Probe, Runs, left_out, plan, samples


def pairs(probes: list[Probe]) -> list[tuple[str, str]]:
    return [(probe.source.name, probe.target.name) for probe in probes]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (7000, 7000, [7000]),
        (7000, 7001, [7000, 7001]),
        (7000, 7004, [7000, 7001, 7002, 7003, 7004]),
        (60_001, 63_000, [60_001, 60_750, 61_500, 62_250, 63_000]),
        (1, 65_535, [1, 16_384, 32_768, 49_151, 65_535]),
    ],
)
def test_of_a_range_a_few_ports_are_tried(first: int, last: int, expected: list[int]) -> None:
    """The first, the last and some between, always the same."""
    assert samples(Ports(first, last)) == expected


@given(st.integers(1, 65_535), st.integers(1, 65_535))
def test_samples_are_inside_and_distinct(one: int, other: int) -> None:
    """For every range there can be."""
    ports = Ports(min(one, other), max(one, other))
    found = samples(ports)
    assert found == sorted(set(found))
    assert found[0] == ports.first
    assert found[-1] == ports.last
    assert len(found) == min(SAMPLES, len(ports))


def test_nodes_try_the_next_one_only() -> None:
    """A ring: each node is once a source and once a target."""
    probes = plan(FLOWS[2:3], [HEAD, *NODES])
    assert pairs(probes) == [("n-1", "n-2"), ("n-2", "n-3"), ("n-3", "n-4"), ("n-4", "n-1")]
    assert pairs(plan(FLOWS[2:3], [HEAD, *NODES[:2]])) == [("n-1", "n-2"), ("n-2", "n-1")]
    assert plan(FLOWS[2:3], [HEAD, NODES[0]]) == []


def test_other_flows_are_tried_from_each_to_each() -> None:
    """From every node to the head, and back."""
    probes = plan(FLOWS[:2], [HEAD, *NODES[:2]])
    assert [str(probe) for probe in probes] == [
        "up: n-1 → head tcp 7000",
        "up: n-2 → head tcp 7000",
        "down: head → n-1 tcp 7000",
        "down: head → n-2 tcp 7000",
    ]


def test_about_some_nodes_only_theirs_are_tried() -> None:
    """A partner in the ring is a source and a target, and nothing else of it is tried."""
    probes = plan(FLOWS, [HEAD, *NODES[:2]], about=["n-1"])
    assert {frozenset(pair) for pair in pairs(probes)} == {
        frozenset({"n-1", "head"}),
        frozenset({"n-1", "n-2"}),
    }


LEFT_OUT: dict[str, tuple[Flow, list[Machine], str]] = {
    "phantom": (flow("x", Role.NODE, Role.SCHEDULER, need=Need.PHANTOM), [HEAD, *NODES], ""),
    "other mode": (flow("x", Role.CONTROL_PLANE, Role.NODE, mode=Mode.CLASSIC), [HEAD, *NODES], ""),
    "no ports": (
        flow("x", Role.SCHEDULER, Role.NODE, None, Protocol.ESP),
        [HEAD, *NODES],
        "esp has no ports; only tcp and udp are tried",
    ),
    "no source": (flow("x", Role.PROXY, Role.NODE), [HEAD, *NODES], "no machine here is return proxy"),
    "no target": (flow("x", Role.SCHEDULER, Role.NODE), [HEAD], "no node is up"),
    "one node": (
        flow("x", Role.NODE, Role.NODE),
        [HEAD, *NODES[:1]],
        "it takes two machines, and only n-1 is a node here",
    ),
    "one machine": (
        flow("x", Role.LOGIN, Role.SCHEDULER),
        [HEAD],
        "it stays on head, which is both login and scheduler",
    ),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_is_not_tried_says_why(case: str) -> None:
    """Unless it is not needed at all: a phantom, or a flow of the other mode."""
    row, machines, why = LEFT_OUT[case]
    assert plan([row], machines) == []
    said = left_out([row], machines, absent={Role.NODE: "no node is up"})
    assert [each.why for each in said] == ([why] if why else [])


@pytest.mark.parametrize("mode", Mode)
def test_every_row_of_the_table_is_planned_or_left_out_with_a_reason(mode: Mode) -> None:
    """Of all profiles that a site with Slurm has; the phantoms alone are neither."""
    rows = flows(["control-plane", "slurm"])
    machines = [HEAD, *NODES]
    planned = {probe.flow.name for probe in plan(rows, machines, mode=mode)}
    said = {each.flow.name for each in left_out(rows, machines, mode=mode)}
    assert not planned & said
    assert planned | said == {row.name for row in rows if row.opened and row.mode in (None, mode)}


@given(st.lists(st.sampled_from(list(Runs)), max_size=30), st.sets(st.integers(1, 30)))
def test_the_plan_grows_with_the_nodes_and_not_with_their_square(runs: list[Runs], about: set[int]) -> None:
    """Each probe is between two machines with its flow's roles, none twice, and at most so many a node."""
    nodes = [node(number, runs=each) for number, each in enumerate(runs, 1)]
    probes = plan(FLOWS, [HEAD, *nodes], about=[f"n-{number}" for number in about])
    assert len(set(probes)) == len(probes)
    assert len(probes) <= len(nodes) * sum(len(samples(row.ports)) for row in FLOWS if row.ports)
    for probe in probes:
        assert probe.flow.source in probe.source.roles
        assert probe.flow.target in probe.target.roles
        assert probe.source.name != probe.target.name
