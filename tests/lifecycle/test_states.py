"""The table of states as a whole."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burstway.errors import IllegalTransitionError
from burstway.lifecycle import states
from burstway.lifecycle.states import LIVE, RENTED, TABLE, Event, advance, allowed, diagram, note
from burstway.model.node import Node, State

NODE = Node("hpc1-hpc-1", "hpc1", "hpc")
PAIRS = [(state, event) for state in State for event in Event]


def reachable(start: State, without: frozenset[State] = frozenset()) -> set[State]:
    """Every state that some row leads to from `start`, and those after it."""
    found, new = set[State](), {start}
    while new:
        found |= new
        new = {after for (before, _), after in TABLE.items() if before in new} - found - without
    return found


def test_every_state_is_reachable_from_gone() -> None:
    """No state is there that no node can ever be in."""
    assert reachable(State.GONE) == set(State)


@pytest.mark.parametrize("state", State)
def test_every_state_can_reach_gone(state: State) -> None:
    """Whatever happens to a node, it can end."""
    assert State.GONE in reachable(state)


@pytest.mark.parametrize("state", State)
def test_no_rented_state_forgets_its_machine(state: State) -> None:
    """A node that may have a machine is gone only by way of stopping, where the machine is given back."""
    reached = reachable(state, without=frozenset({State.STOPPING}))
    assert (State.GONE in reached) == (state in {State.GONE, State.REQUESTED, State.STOPPING})


@pytest.mark.parametrize("event", Event)
def test_every_event_can_happen(event: Event) -> None:
    """No event is there that no state has a row for."""
    assert any(allowed(state, event) for state in State)


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_an_event_has_a_row_or_raises_and_changes_nothing(state: State, event: Event) -> None:
    """There is no third way, and no default."""
    node = replace(NODE, state=state, reason="as it was", since=1.0, version=7)
    before = replace(node)
    if (state, event) not in TABLE:
        assert not allowed(state, event)
        with pytest.raises(IllegalTransitionError, match=f"{event} cannot happen .* {state}") as raised:
            advance(node, event, now=2.0, reason="why", cause="who", wanted=True)
        assert raised.value.where == node.name
        assert node == before
        return
    assert allowed(state, event)
    after, line = advance(node, event, now=2.0, reason="why", cause="who", wanted=True)
    assert node == before
    expected = replace(node, state=TABLE[state, event], reason="why", since=2.0, version=8, wanted=True)
    assert after == expected
    assert (line.node, line.time, line.state, line.event) == (node.name, 2.0, after.state, event)
    assert (line.reason, line.cause, line.generation) == ("why", "who", node.generation)


@given(st.lists(st.sampled_from(Event), max_size=30))
def test_a_life_is_a_walk_on_the_table(events: list[Event]) -> None:
    """In whatever order events come, those with a row are counted and the others leave no trace."""
    node, rows = NODE, 0
    for number, event in enumerate(events):
        had_row = allowed(node.state, event)
        try:
            node, _ = advance(node, event, now=float(number), reason=event, cause="test")
        except IllegalTransitionError:
            assert not had_row
        else:
            assert had_row
            rows += 1
    assert node.version == rows


def test_a_note_leaves_the_state_and_its_time() -> None:
    """What is only worth telling counts as a change but not as an event of the table."""
    node = replace(NODE, state=State.READY, since=1.0)
    after, line = note(node, "told", now=9.0, reason="why", cause="who", configured=True)
    assert after == replace(node, reason="why", version=1, configured=True)
    assert (line.event, line.state, line.time) == ("told", State.READY, 9.0)


def test_the_head_of_the_file_explains_every_state() -> None:
    """The theory above the table names each state, in a line of its own."""
    explained = re.findall(r"^  (\w+) +\S", states.__doc__ or "", re.MULTILINE)
    assert sorted(explained) == sorted(State)


def test_the_diagram_has_every_row_and_no_other() -> None:
    """The documents' picture is the table."""
    head, *lines = diagram()
    assert head == "stateDiagram-v2"
    found = [re.fullmatch(r"    (\w+) --> (\w+): (\w+)", line) for line in lines]
    rows = {(m[1], m[3]): m[2] for m in found if m}
    assert rows == {(str(state), str(event)): str(after) for (state, event), after in TABLE.items()}
    assert len(lines) == len(TABLE)


def test_the_sets_of_states() -> None:
    """A machine may exist in every live state but the one before the cloud is asked."""
    assert set(State) - {State.GONE} == LIVE
    assert {State.REQUESTED} == LIVE - RENTED
