"""What to do next, from what is known. Pure: no clock, no cloud, no store; the same world, the same actions.

The world holds the plan (`Node.wanted`), the record (`Node.state`) and what was observed (the cloud's list,
the scheduler's view); the actions that bring them together come out, each with its reason. An observation
that could not be made is None, and nothing is concluded from it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from burstway.contracts import Instance, SchedulerNode
from burstway.lifecycle.states import RENTED, Event
from burstway.model.node import Node, State


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. `listing_lag_s` is how far the cloud's list may lag behind the truth (Provider)."""

    boot_timeout_s: float
    orphan_grace_s: float
    listing_lag_s: float


@dataclass(frozen=True, slots=True)
class World:
    """`now` is a time before the first of the observations was begun: what is too old by it was too old in
    all of them, however long the cloud took to answer."""

    now: float
    nodes: Sequence[Node]
    limits: Limits
    instances: Sequence[Instance] | None
    has_scheduler: bool = False
    scheduler: Mapping[str, SchedulerNode] | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """Apply `event` to the node's row; `changes` are further fields of it."""

    node: Node
    event: Event
    reason: str
    cause: str
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Launch:
    """Order the machine: for a node that was requested, or one whose order may not have arrived."""

    node: Node
    reason: str


@dataclass(frozen=True, slots=True)
class Adopt:
    """Put on record which machine it is: the node joined before the answer to its order arrived."""

    node: Node
    changes: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class Terminate:
    """Give the machine back. `node` is None when nobody wants it."""

    instance_id: str
    node: Node | None
    reason: str


@dataclass(frozen=True, slots=True)
class TellFailed:
    """Tell the scheduler that the node will not come or is lost; then its row moves on to stopping."""

    node: Node
    reason: str


@dataclass(frozen=True, slots=True)
class Release:
    """Tell the scheduler that the machine it is powering down is gone."""

    node: Node
    reason: str


@dataclass(frozen=True, slots=True)
class RegisterAnew:
    """Ask the node to have its slurmd register once more, with a later boot time."""

    node: Node
    reason: str


Action = Transition | Launch | Adopt | Terminate | TellFailed | RegisterAnew | Release

GAVE_UP = "ResumeTimeout"
"""What Slurm writes on a node that did not register in time ("ResumeTimeout reached"). It leaves the node
down, and nobody would ever use it again; one that a person set down has that person's reason and stays so."""

REGISTER_AGAIN_S = 4.0
"""A configured node registers in a moment. slurmctld counts boot times in whole seconds and passes over one
that seems to lie before its request: a machine that boots within that second is not believed."""

TELL_FOR_S = 30.0
"""A scheduler that cannot be told of a failure in so long finds out by its own timers."""

TERMINATE_AGAIN_S = 10.0
"""A machine still shown so long after it was given back is given back again."""


_JOINED = frozenset({State.JOINED, State.READY, State.DRAINING})


def decide(world: World) -> list[Action]:
    by_key = {instance.key: instance for instance in world.instances or ()}
    actions: list[Action] = []
    for node in world.nodes:
        seen = by_key.get(node.key)
        if seen and node.state in _JOINED and not node.instance_id:
            actions.append(Adopt(node, _known(seen), node.reason))
        else:
            actions.extend(_RULES[node.state](node, seen, world))
    actions.extend(_orphans(world))
    return actions


def _requested(node: Node, _: Instance | None, __: World) -> Iterator[Action]:
    if node.wanted:
        yield Launch(node, node.reason)
    else:
        yield Transition(node, Event.VANISH, "given up before the cloud was asked", "decide: not wanted")


def _launching(node: Node, seen: Instance | None, world: World) -> Iterator[Action]:
    if seen:
        yield Transition(node, Event.BOOT, "the cloud shows the machine", "decide: adopted", _known(seen))
    elif not node.wanted:
        yield Transition(node, Event.STOP, node.reason, "decide: not wanted")
    elif world.now >= node.retry_at:
        yield from _overdue(node, world) or [Launch(node, f"not known to have arrived: {node.reason}")]


def _booting(node: Node, seen: Instance | None, world: World) -> Iterator[Action]:
    yield from _given_up(node, seen, world) or _overdue(node, world)


def _joined(node: Node, seen: Instance | None, world: World) -> Iterator[Action]:
    if given_up := _given_up(node, seen, world):
        yield from given_up
    elif node.configured and not world.has_scheduler:
        yield Transition(node, Event.READY, "configured", "decide: no scheduler to wait for")
    elif node.configured and (view := _view(node, world)) and view.registered:
        yield Transition(node, Event.READY, "registered with the scheduler", "scheduler: registered")
    else:
        yield from _overdue(node, world) or _unheard(node, world)


def _unheard(node: Node, world: World) -> list[Action]:
    """A configured node that the scheduler still waits for, though it has had the time to register."""
    view = _view(node, world)
    waiting = view is not None and not (view.powered_down or view.powering_down or view.down)
    due = _older(node.since, REGISTER_AGAIN_S, world) and world.now >= node.retry_at
    if not (node.configured and waiting and due):
        return []
    return [RegisterAnew(node, "Slurm has not seen it register: slurmd is to register anew")]


def _serving(node: Node, seen: Instance | None, world: World) -> Iterator[Action]:
    if given_up := _given_up(node, seen, world):
        yield from given_up
    elif (
        (view := _view(node, world))
        and view.powered_down
        and _older(node.since, world.limits.orphan_grace_s, world)
    ):
        reason = "the scheduler has powered it down without giving it back"
        yield Transition(node, Event.STOP, reason, "scheduler: powered down", {"wanted": False})


def _failed(node: Node, seen: Instance | None, world: World) -> Iterator[Action]:
    yield from _give_back(node, seen, world)
    tell = world.has_scheduler and not node.wanted
    if tell:
        yield TellFailed(node, node.reason)
    if not tell or _older(node.since, TELL_FOR_S, world):
        # wanted again: the scheduler has found out by itself and started anew; telling it would fail that
        yield Transition(node, Event.STOP, node.reason, "decide: failed")


def _stopping(node: Node, seen: Instance | None, world: World) -> Iterator[Action]:
    yield from _believed_up(node, world) or _believed_coming(node, world)
    if world.instances is None:
        return
    if seen:
        yield from _give_back(node, seen, world)
    elif node.retry_at or _older(node.since, world.limits.listing_lag_s, world):
        # retry_at is 0 from the moment it is to stop until it is given back, which only what is shown is
        yield Transition(node, Event.VANISH, node.reason, "cloud: no longer shown")


def _gone(node: Node, _: Instance | None, world: World) -> Iterator[Action]:
    if node.wanted:
        reason = "wanted again while it was being given back"
        yield Transition(node, Event.REQUEST, reason, "decide: wanted", {"generation": node.generation + 1})
    elif view := _view(node, world):
        if view.powering_down:
            yield Release(node, "the machine is gone")
        elif view.down and view.powered_down and GAVE_UP in view.reason:
            yield TellFailed(node, f"{view.reason}; no machine is left of it")
        else:
            yield from _believed_up(node, world)


_RULES = {
    State.REQUESTED: _requested,
    State.LAUNCHING: _launching,
    State.BOOTING: _booting,
    State.JOINED: _joined,
    State.READY: _serving,
    State.DRAINING: _serving,
    State.FAILED: _failed,
    State.STOPPING: _stopping,
    State.GONE: _gone,
}


def _given_up(node: Node, seen: Instance | None, world: World) -> list[Action]:
    """The end of a node that is not wanted, or whose machine the cloud no longer shows."""
    if not node.wanted:
        return [Transition(node, Event.STOP, node.reason, "decide: not wanted")]
    vanished = world.instances is not None and seen is None
    # not launched_at: an order that was throttled for an hour makes its machine an hour later
    if vanished and _older(node.since, world.limits.listing_lag_s, world):
        reason = f"the cloud no longer shows the machine {node.instance_id}"
        return [Transition(node, Event.FAIL, reason, "cloud: no longer shown", {"wanted": False})]
    return []


def _believed_up(node: Node, world: World) -> list[Action]:
    """The scheduler would send jobs to a machine that is going or gone: tell it."""
    view = _view(node, world)
    return [TellFailed(node, node.reason)] if view and view.registered else []


def _believed_coming(node: Node, world: World) -> list[Action]:
    """The scheduler holds a job for a machine that was given back before it came: tell it."""
    view = _view(node, world)
    if node.wanted or view is None or view.powered_down or view.powering_down or view.down:
        return []
    return [TellFailed(node, node.reason)]


def _overdue(node: Node, world: World) -> list[Action]:
    limit = world.limits.boot_timeout_s
    if not _older(node.launched_at, limit, world):
        return []
    reason = f"not ready {limit:g} s after its launch; it was {node.state}: {node.reason}"
    reason += f"; {node.trouble}" if node.trouble else ""
    return [Transition(node, Event.FAIL, reason, "decide: boot timeout", {"wanted": False})]


def _give_back(node: Node, seen: Instance | None, world: World) -> Iterator[Action]:
    if seen and world.now >= node.retry_at:
        yield Terminate(seen.id, node, node.reason)


def _orphans(world: World) -> Iterator[Action]:
    """Machines that the cloud shows and nobody wants, once they are older than the grace period."""
    wanted = {node.key for node in world.nodes if node.state in RENTED}
    for instance in world.instances or ():
        if instance.key not in wanted and _older(instance.created_at, world.limits.orphan_grace_s, world):
            yield Terminate(instance.id, None, f"nobody wants {instance.node} ({instance.key})")


def _view(node: Node, world: World) -> SchedulerNode | None:
    return world.scheduler.get(node.name) if world.scheduler else None


def _older(since: float, seconds: float, world: World) -> bool:
    return world.now - since > seconds


def _known(instance: Instance) -> dict[str, Any]:
    return {"instance_id": instance.id, "address": instance.address}
