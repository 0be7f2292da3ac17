"""decide as a table: what is known on the left, what is done and why on the right."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burstway.contracts import Instance, SchedulerNode
from burstway.lifecycle.decide import (
    TERMINATE_AGAIN_S,
    Action,
    Adopt,
    Launch,
    Limits,
    Release,
    TellFailed,
    Terminate,
    Transition,
    World,
    decide,
)
from burstway.lifecycle.states import RENTED, Event, allowed
from burstway.model.node import Node, State

NOW = 10_000.0
LAG, GRACE, BOOT = 30.0, 120.0, 900.0
LIMITS = Limits(boot_timeout_s=BOOT, orphan_grace_s=GRACE, listing_lag_s=LAG)
KEY = "uni/hpc1-hpc-1/3"
SEEN = Instance("i-1", KEY, "hpc1-hpc-1", "10.80.0.4", "c1", NOW - 60)
AWAY: Sequence[Instance] = ()

UP = SchedulerNode(registered=True, powered_down=False, powering_down=False, down=False, busy=False)
BOOTS = replace(UP, registered=False)
POWERED_DOWN = replace(BOOTS, powered_down=True)
POWERING_DOWN = replace(BOOTS, powering_down=True)
TIMED_OUT = replace(POWERED_DOWN, down=True, reason="ResumeTimeout reached")
SET_DOWN = replace(POWERED_DOWN, down=True, reason="broken fan, do not use")


def node(state: State, *, wanted: bool = True, age_s: float = 60.0, **changes: Any) -> Node:
    """A node that has been in this state for `age_s`, and was launched as long ago."""
    rented = state in RENTED
    known = {
        "generation": 3,
        "key": KEY if rented or state is State.GONE else "",
        "instance_id": "i-1" if rented and state is not State.LAUNCHING else "",
        "launched_at": NOW - age_s if rented else 0.0,
    }
    return Node(
        "hpc1-hpc-1", "hpc1", "hpc", state=state, reason="the reason", since=NOW - age_s, wanted=wanted,
        **{**known, **changes},
    )  # fmt: skip


def world(
    *nodes: Node,
    instances: Sequence[Instance] | None = (SEEN,),
    scheduler: SchedulerNode | None = None,
    has_scheduler: bool = True,
) -> World:
    views = {each.name: scheduler for each in nodes} if scheduler else None
    return World(NOW, nodes, LIMITS, instances, has_scheduler, views)


@dataclass(frozen=True)
class Row:
    """`then` is what comes out, in short: transitions as their event, other actions as their name."""

    what: str
    node: Node
    then: list[str]
    instances: Sequence[Instance] | None = (SEEN,)
    scheduler: SchedulerNode | None = None
    has_scheduler: bool = True
    reason: str = "the reason"


def short(action: Action) -> str:
    return str(action.event) if isinstance(action, Transition) else type(action).__name__


S = State
OLD = LAG + 0.1
ROWS = [
    # requested
    Row("requested: the machine is ordered", node(S.REQUESTED), ["Launch"], AWAY),
    Row("requested: ordered though the cloud's list is missing", node(S.REQUESTED), ["Launch"], None),
    Row("requested and given up: gone, the cloud is never asked", node(S.REQUESTED, wanted=False), ["vanish"],
        AWAY, reason="given up before the cloud was asked"),
    # launching
    Row("launching and shown: adopted", node(S.LAUNCHING), ["boot"], reason="the cloud shows the machine"),
    Row("launching, unwanted and shown: adopted before it is given back", node(S.LAUNCHING, wanted=False),
        ["boot"], reason="the cloud shows the machine"),
    Row("launching, not shown, answer not yet late: waits", node(S.LAUNCHING, retry_at=NOW + 1), [], AWAY),
    Row("launching, not shown, answer late: ordered again", node(S.LAUNCHING, retry_at=NOW), ["Launch"], AWAY,
        reason="not known to have arrived: the reason"),
    Row("launching, list missing, answer late: ordered again", node(S.LAUNCHING, retry_at=NOW), ["Launch"],
        None, reason="not known to have arrived: the reason"),
    Row("launching and unwanted: stops, which looks for the machine", node(S.LAUNCHING, wanted=False),
        ["stop"], AWAY),
    Row("launching for too long: failed", node(S.LAUNCHING, age_s=BOOT + 1), ["fail"], AWAY,
        reason="not ready 900 s after its launch; it was launching: the reason"),
    Row("launching for too long, next try due later: waits", node(S.LAUNCHING, age_s=BOOT + 1,
        retry_at=NOW + 1), [], AWAY),
    # booting
    Row("booting and shown: waits", node(S.BOOTING), []),
    Row("booting, list missing: nothing is concluded", node(S.BOOTING), [], None),
    Row("booting, not shown within the lag: waits", node(S.BOOTING, age_s=LAG), [], AWAY),
    Row("booting, not shown after the lag: failed", node(S.BOOTING, age_s=OLD), ["fail"], AWAY,
        reason="the cloud no longer shows the machine i-1"),
    Row("booting since a moment, first ordered long ago: waits",
        node(S.BOOTING, age_s=1, launched_at=NOW - 500), [], AWAY),
    Row("booting and unwanted: stops", node(S.BOOTING, wanted=False), ["stop"]),
    Row("booting, unwanted, list missing: stops", node(S.BOOTING, wanted=False), ["stop"], None),
    Row("booting as long as allowed: waits", node(S.BOOTING, age_s=BOOT), []),
    Row("booting for too long: failed", node(S.BOOTING, age_s=BOOT + 1), ["fail"],
        reason="not ready 900 s after its launch; it was booting: the reason"),
    Row("booting for too long, list missing: failed, for the clock is known",
        node(S.BOOTING, age_s=BOOT + 1), ["fail"], None,
        reason="not ready 900 s after its launch; it was booting: the reason"),
    # joined
    Row("joined, not configured: waits", node(S.JOINED), [], scheduler=UP),
    Row("joined, not configured, no scheduler: waits", node(S.JOINED), [], has_scheduler=False),
    Row("joined, configured, registered: ready", node(S.JOINED, configured=True), ["ready"], scheduler=UP,
        reason="registered with the scheduler"),
    Row("joined, configured, not registered: waits", node(S.JOINED, age_s=1, configured=True), [],
        scheduler=BOOTS),
    Row("joined, configured, not registered for long: asked again", node(S.JOINED, configured=True),
        ["RegisterAnew"], scheduler=BOOTS,
        reason="Slurm has not seen it register: slurmd is to register anew"),
    Row("asked a moment ago: waits", node(S.JOINED, configured=True, retry_at=NOW + 1), [], scheduler=BOOTS),
    Row("joined, configured, scheduler silent: waits", node(S.JOINED, configured=True), []),
    Row("joined, configured, no scheduler: ready", node(S.JOINED, configured=True), ["ready"],
        has_scheduler=False, reason="configured"),
    Row("joined, configured, registered, list missing: ready", node(S.JOINED, configured=True), ["ready"],
        None, UP, reason="registered with the scheduler"),
    Row("joined before the order was answered: its machine is put on record",
        node(S.JOINED, configured=True, instance_id=""), ["Adopt"], scheduler=UP),
    Row("joined, unknown machine, not shown yet: waits", node(S.JOINED, age_s=1, instance_id=""), [], AWAY),
    Row("joined and vanished: failed", node(S.JOINED), ["fail"], AWAY,
        reason="the cloud no longer shows the machine i-1"),
    Row("joined and unwanted: stops", node(S.JOINED, wanted=False, configured=True), ["stop"], scheduler=UP),
    Row("joined for too long: failed", node(S.JOINED, age_s=BOOT + 1), ["fail"],
        reason="not ready 900 s after its launch; it was joined: the reason"),
    Row("registered at the last moment: ready", node(S.JOINED, age_s=BOOT + 1, configured=True), ["ready"],
        scheduler=UP, reason="registered with the scheduler"),
    # ready
    Row("ready: stays, however old", node(S.READY, age_s=9_000), [], scheduler=UP),
    Row("ready, list and scheduler silent: stays", node(S.READY), [], None),
    Row("ready and vanished: failed", node(S.READY), ["fail"], AWAY,
        reason="the cloud no longer shows the machine i-1"),
    Row("ready since less than the lag, not shown: stays", node(S.READY, age_s=LAG), [], AWAY),
    Row("ready and unwanted: stops", node(S.READY, wanted=False), ["stop"], scheduler=UP),
    Row("ready, powered down by the scheduler unheard: given back", node(S.READY, age_s=GRACE + 1), ["stop"],
        scheduler=POWERED_DOWN, reason="the scheduler has powered it down without giving it back"),
    Row("ready, powered down a moment ago: the scheduler may yet give it back", node(S.READY, age_s=GRACE),
        [], scheduler=POWERED_DOWN),
    Row("ready, powering down: stays until it is given back", node(S.READY, age_s=GRACE + 1), [],
        scheduler=POWERING_DOWN),
    # draining
    Row("draining: what runs may end", node(S.DRAINING, age_s=9_000), [], scheduler=UP),
    Row("draining and given back: stops", node(S.DRAINING, wanted=False), ["stop"], scheduler=UP),
    Row("draining and vanished: failed", node(S.DRAINING), ["fail"], AWAY,
        reason="the cloud no longer shows the machine i-1"),
    Row("draining, list missing: nothing is concluded", node(S.DRAINING), [], None),
    Row("draining, powered down by the scheduler unheard: given back", node(S.DRAINING, age_s=GRACE + 1),
        ["stop"], scheduler=POWERED_DOWN, reason="the scheduler has powered it down without giving it back"),
    # failed
    Row("failed: the machine is given back and the scheduler told", node(S.FAILED, age_s=1, wanted=False),
        ["Terminate", "TellFailed"]),
    Row("failed, no machine: the scheduler is told", node(S.FAILED, age_s=1, wanted=False),
        ["TellFailed"], AWAY),
    Row("failed, list missing: the scheduler is told", node(S.FAILED, age_s=1, wanted=False),
        ["TellFailed"], None),
    Row("failed, no scheduler: given back, then stops", node(S.FAILED, wanted=False), ["Terminate", "stop"],
        has_scheduler=False),
    Row("failed, given back a moment ago: the scheduler is told",
        node(S.FAILED, age_s=1, wanted=False, retry_at=NOW + 1), ["TellFailed"]),
    Row("stopping, and the scheduler still waits for it: told",
        node(S.STOPPING, wanted=False, retry_at=NOW + 5), ["TellFailed"], scheduler=BOOTS),
    Row("failed and wanted again: telling now would fail the new wish", node(S.FAILED, retry_at=NOW + 1),
        ["stop"]),
    Row("failed, and Slurm could not be told for long: stops all the same",
        node(S.FAILED, wanted=False, retry_at=NOW + 1), ["TellFailed", "stop"]),
    # stopping
    Row("stopping and shown: given back", node(S.STOPPING, wanted=False), ["Terminate"]),
    Row("stopping, given back a moment ago: waits", node(S.STOPPING, retry_at=NOW + TERMINATE_AGAIN_S), []),
    Row("stopping, given back and still shown: given back again", node(S.STOPPING, retry_at=NOW),
        ["Terminate"]),
    Row("stopping, given back and no longer shown: gone", node(S.STOPPING, age_s=1, retry_at=NOW + 5),
        ["vanish"], AWAY),
    Row("stopping, list missing: nothing is concluded", node(S.STOPPING, age_s=9_000), [], None),
    Row("stopping within the lag, never shown: waits, for it may exist", node(S.STOPPING, age_s=LAG), [],
        AWAY),
    Row("stopping within the lag, answer lost: waits, for it may exist",
        node(S.STOPPING, age_s=LAG, instance_id=""), [], AWAY),
    Row("stopping after the lag, never shown: gone", node(S.STOPPING, age_s=OLD, instance_id=""), ["vanish"],
        AWAY),
    Row("stopping, still up for the scheduler: told as well", node(S.STOPPING, wanted=False),
        ["TellFailed", "Terminate"], scheduler=UP),
    Row("stopping, powering down: given back", node(S.STOPPING, wanted=False), ["Terminate"],
        scheduler=POWERING_DOWN),
    # gone
    Row("gone and wanted: requested", node(S.GONE), ["request"], AWAY,
        reason="wanted again while it was being given back"),
    Row("gone: nothing", node(S.GONE, wanted=False), [], AWAY),
    Row("gone, powering down: released", node(S.GONE, wanted=False), ["Release"], AWAY, POWERING_DOWN,
        reason="the machine is gone"),
    Row("gone, powered down: nothing", node(S.GONE, wanted=False), [], AWAY, POWERED_DOWN),
    Row("gone, still up for the scheduler: told, or it would use it", node(S.GONE, wanted=False),
        ["TellFailed"], AWAY, UP),
    Row("gone, timed out: the scheduler gets it back", node(S.GONE, wanted=False), ["TellFailed"], AWAY,
        TIMED_OUT, reason="ResumeTimeout reached; no machine is left of it"),
    Row("gone, set down by a person: stays so", node(S.GONE, wanted=False), [], AWAY, SET_DOWN),
    Row("gone, timed out but not powered down: nothing yet", node(S.GONE, wanted=False), [], AWAY,
        replace(TIMED_OUT, powered_down=False)),
    Row("gone, timed out and wanted: requested first", node(S.GONE), ["request"], AWAY, TIMED_OUT,
        reason="wanted again while it was being given back"),
    Row("timed out while its machine boots: not yet ours to repair", node(S.BOOTING), [],
        scheduler=TIMED_OUT),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_rule(row: Row) -> None:
    """What is known leads to these actions, and each says why."""
    known = world(row.node, instances=row.instances, scheduler=row.scheduler, has_scheduler=row.has_scheduler)
    actions = decide(known)
    assert [short(action) for action in actions] == row.then
    assert {action.reason for action in actions} <= {row.reason}
    for action in actions:
        if isinstance(action, Transition):
            assert allowed(row.node.state, action.event)
            assert action.cause


def test_the_table_has_rows_for_every_state() -> None:
    """No state is decided upon untested."""
    assert {row.node.state for row in ROWS} == set(State)


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [(node(S.BOOTING, age_s=OLD), False), (node(S.READY, age_s=GRACE + 1), False)],
    ids=["vanished", "powered down"],
)
def test_what_is_lost_is_no_longer_wanted(changed: Node, wanted: bool) -> None:
    """A node that failed or was taken down is not bought again unless somebody asks."""
    [action] = decide(world(changed, instances=AWAY, scheduler=POWERED_DOWN))
    assert isinstance(action, Transition)
    assert action.changes["wanted"] is wanted


@pytest.mark.parametrize("state", [S.LAUNCHING, S.JOINED])
def test_what_the_cloud_shows_is_put_on_record(state: State) -> None:
    """The machine's name and address are known from the list when the answer was lost."""
    [action] = decide(world(node(state, instance_id="")))
    assert isinstance(action, Transition | Adopt)
    assert action.changes == {"instance_id": "i-1", "address": "10.80.0.4"}


def test_another_life_of_the_node_is_not_its_machine() -> None:
    """Keys are compared, never names: a machine of an earlier life does not make a node boot."""
    earlier = replace(SEEN, key="uni/hpc1-hpc-1/2", created_at=NOW - GRACE - 1)
    [again, orphan] = decide(world(node(S.LAUNCHING, retry_at=NOW), instances=[earlier]))
    assert isinstance(again, Launch)
    assert orphan == Terminate("i-1", None, "nobody wants hpc1-hpc-1 (uni/hpc1-hpc-1/2)")


@pytest.mark.parametrize(
    ("age_s", "given_back"), [(0.0, False), (GRACE, False), (GRACE + 0.1, True), (9_000.0, True)]
)
def test_an_orphan_is_given_back_after_the_grace_period(age_s: float, given_back: bool) -> None:
    """A machine that nobody wants is given back, but not one whose record may just not be written yet."""
    orphan = replace(SEEN, created_at=NOW - age_s)
    for other in ((), (node(S.GONE, wanted=False),), (node(S.REQUESTED, key=KEY),)):
        actions = [a for a in decide(world(*other, instances=[orphan])) if isinstance(a, Terminate)]
        assert actions == ([Terminate("i-1", None, f"nobody wants hpc1-hpc-1 ({KEY})")] if given_back else [])


@pytest.mark.parametrize("state", sorted(RENTED))
@pytest.mark.parametrize("wanted", [True, False])
def test_a_machine_on_record_is_no_orphan(state: State, wanted: bool) -> None:
    """However old it is, a machine that a live node has is that node's affair."""
    ancient = replace(SEEN, created_at=0.0)
    actions = decide(world(node(state, wanted=wanted, age_s=1), instances=[ancient]))
    assert not [a for a in actions if isinstance(a, Terminate) and a.node is None]


# --- properties -------------------------------------------------------------------------------------------

NODES = st.builds(
    lambda state, wanted, age_s, retry_s, configured, known: node(
        state, wanted=wanted, age_s=age_s, retry_at=retry_s and NOW + retry_s, configured=configured,
        **({} if known else {"instance_id": ""}),
    ),
    st.sampled_from(State),
    st.booleans(),
    st.sampled_from([0.0, 1.0, LAG, OLD, GRACE, GRACE + 1, BOOT, BOOT + 1]),
    st.sampled_from([-1.0, 0.0, 1.0]),
    st.booleans(),
    st.booleans(),
)  # fmt: skip
VIEWS = st.none() | st.sampled_from([UP, BOOTS, POWERED_DOWN, POWERING_DOWN, TIMED_OUT, SET_DOWN])
LISTS = st.sampled_from([None, AWAY, (SEEN,), (replace(SEEN, key="other", created_at=0.0),)])
WORLDS = st.builds(
    lambda of, instances, view, has: world(
        of, instances=instances, scheduler=view if has else None, has_scheduler=has
    ),
    NODES,
    LISTS,
    VIEWS,
    st.booleans(),
)


@given(WORLDS)
def test_the_same_world_gives_the_same_actions(known: World) -> None:
    """decide has no memory and no clock, and leaves the world as it was."""
    before = replace(known)
    assert decide(known) == decide(known)
    assert known == before


@given(WORLDS)
def test_every_action_is_legal_and_explained(known: World) -> None:
    """Every transition has its row, and nothing is done without a reason."""
    for action in decide(known):
        assert action.reason
        if isinstance(action, Transition):
            assert allowed(action.node.state, action.event)


@given(WORLDS)
def test_nothing_is_concluded_from_a_list_that_is_missing(known: World) -> None:
    """Without the cloud's list no machine is given back, none is missed, and no rented node is gone."""
    for action in decide(replace(known, instances=None)):
        assert not isinstance(action, Terminate | Adopt)
        if isinstance(action, Transition):
            assert action.event is not Event.VANISH or action.node.state is S.REQUESTED
            assert "no longer shows" not in action.reason


@given(WORLDS)
def test_nothing_is_concluded_from_a_scheduler_that_is_silent(known: World) -> None:
    """Without the scheduler's view no node is ready, released or repaired by it."""
    for action in decide(replace(known, has_scheduler=True, scheduler=None)):
        assert not isinstance(action, Release)
        assert not isinstance(action, TellFailed) or action.node.state is S.FAILED
        assert not isinstance(action, Transition) or not action.cause.startswith("scheduler")


@given(WORLDS)
def test_no_machine_is_ordered_that_is_not_wanted_or_is_there(known: World) -> None:
    """An order is for a node that is wanted and whose machine the cloud does not show."""
    shown = {instance.key for instance in known.instances or ()}
    for action in decide(known):
        if isinstance(action, Launch):
            assert action.node.wanted
            assert action.node.state is S.REQUESTED or action.node.key not in shown
