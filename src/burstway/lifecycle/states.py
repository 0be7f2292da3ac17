"""The life of a node, as one table. Everything that affects a node's state must live here.

    requested → launching → booting → joined → ready → draining → stopping → gone

and `failed` on the way. The rule of this file: an event happens to a node in a state; the table says which
state follows. An event without a row raises and changes nothing. From every state `gone` can be reached.

A state says what is known, not what is hoped for:
  requested  somebody wants the node; the cloud has not been asked
  launching  the intent is on record with its key; the cloud may or may not have been asked
  booting    the cloud has the machine
  joined     the machine's agent has its certificate and is being configured
  ready      configured, and the scheduler (where there is one) has seen it register
  draining   no new work; what runs may end
  failed     it will not become or stay ready; the reason says why
  stopping   the machine is being given back; it may bill until it is gone
  gone       the cloud no longer shows it
"""

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Any

from burstway.errors import IllegalTransitionError
from burstway.model.node import Node, NodeEvent, State


class Event(StrEnum):
    REQUEST = "request"
    LAUNCH = "launch"
    BOOT = "boot"
    JOIN = "join"
    READY = "ready"
    DRAIN = "drain"
    FAIL = "fail"
    STOP = "stop"
    VANISH = "vanish"


_S, _E = State, Event

TABLE: dict[tuple[State, Event], State] = {
    (_S.GONE, _E.REQUEST): _S.REQUESTED,
    (_S.REQUESTED, _E.LAUNCH): _S.LAUNCHING,
    (_S.REQUESTED, _E.VANISH): _S.GONE,  # given up before the cloud was asked
    (_S.LAUNCHING, _E.BOOT): _S.BOOTING,
    (_S.LAUNCHING, _E.JOIN): _S.JOINED,  # the machine was faster than the cloud's answer
    (_S.LAUNCHING, _E.FAIL): _S.FAILED,
    (_S.LAUNCHING, _E.STOP): _S.STOPPING,
    (_S.BOOTING, _E.JOIN): _S.JOINED,
    (_S.BOOTING, _E.FAIL): _S.FAILED,
    (_S.BOOTING, _E.STOP): _S.STOPPING,
    (_S.JOINED, _E.READY): _S.READY,
    (_S.JOINED, _E.FAIL): _S.FAILED,
    (_S.JOINED, _E.STOP): _S.STOPPING,
    (_S.READY, _E.DRAIN): _S.DRAINING,
    (_S.READY, _E.FAIL): _S.FAILED,
    (_S.READY, _E.STOP): _S.STOPPING,
    (_S.DRAINING, _E.FAIL): _S.FAILED,
    (_S.DRAINING, _E.STOP): _S.STOPPING,
    (_S.FAILED, _E.STOP): _S.STOPPING,
    (_S.STOPPING, _E.VANISH): _S.GONE,
}

LIVE = frozenset(State) - {State.GONE}
RENTED = frozenset(State) - {State.GONE, State.REQUESTED}
"""States in which a machine may exist and bill."""


def allowed(state: State, event: Event) -> bool:
    return (state, event) in TABLE


def advance(
    node: Node, event: Event, *, now: float, reason: str, cause: str, **changes: Any
) -> tuple[Node, NodeEvent]:
    """The node after the event, and the line that its story gains. `changes` are further fields of the row.

    `reason` is for people; `cause` names what made it happen: a command, a job, a rule of decide.
    Raises IllegalTransitionError when the table has no row.
    """
    try:
        state = TABLE[node.state, event]
    except KeyError:
        raise IllegalTransitionError(
            f"{event} cannot happen to a node that is {node.state}", where=node.name
        ) from None
    after = replace(node, state=state, reason=reason, since=now, version=node.version + 1, **changes)
    return after, story_line(after, event, now=now, reason=reason, cause=cause)


def note(
    node: Node, event: str, *, now: float, reason: str, cause: str, **changes: Any
) -> tuple[Node, NodeEvent]:
    """Something worth telling that leaves the state as it is."""
    after = replace(node, reason=reason, version=node.version + 1, **changes)
    return after, story_line(after, event, now=now, reason=reason, cause=cause)


def story_line(node: Node, event: str, *, now: float, reason: str, cause: str) -> NodeEvent:
    return NodeEvent(node.name, node.generation, now, node.state, str(event), reason, cause)


def diagram() -> Iterator[str]:
    """The table as a Mermaid state diagram, for the documents."""
    yield "stateDiagram-v2"
    for (state, event), after in TABLE.items():
        yield f"    {state} --> {after}: {event}"
