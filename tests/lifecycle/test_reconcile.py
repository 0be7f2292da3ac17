"""The loop on a cloud, a scheduler and a store with memory: normal lives, faults, and kills between calls."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from living_world import BOOT_TIMEOUT_S, ORPHAN_GRACE_S, World

from burstway.contracts import Failure, FailureKind
from burstway.lifecycle.states import Event, advance
from burstway.model.node import Origin, State

A, B, C = "hpc1-hpc-1", "hpc1-hpc-2", "hpc1-hpc-3"
LOST = Failure(FailureKind.TRANSIENT, "the connection was reset")
LAG_S = 30.0
WorldMaker = Callable[..., World]


@pytest.fixture
def new_world(tmp_path: Path) -> Iterator[WorldMaker]:
    made: list[World] = []

    def make(**options: object) -> World:
        made.append(World(tmp_path, **options))  # type: ignore[arg-type]  # whatever World takes
        return made[-1]

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(new_world: WorldMaker) -> World:
    return new_world()


def bought(world: World) -> int:
    """Machines that the cloud ever made."""
    return world.cloud.launched


# --- normal life ------------------------------------------------------------------------------------------


def test_a_life_from_nothing_to_ready_and_gone(world: World) -> None:
    """Each step of a life is on record, in order, and the machine is paid for from order to end."""
    world.ready(A)
    assert [instance.node for instance in world.cloud.running()] == [A]
    node = world.node(A)
    assert (node.generation, node.key, node.address) == (1, f"uni/{A}/1", "10.80.0.1")
    assert [rental.key for rental in world.rentals(running=True)] == [node.key]
    world.clock.advance(3600)
    world.unwant(A)
    world.settle()
    world.clock.advance(1)
    world.settle()
    assert world.states() == {A: State.GONE}
    assert world.cloud.running() == []
    assert world.node(A).certificate_serial == ""
    [rental] = world.rentals()
    assert rental.ended_at == world.clock.now()
    assert 0.05 <= rental.cost(world.clock.now()) < 0.0501
    assert world.story(A) == [
        "request", "launch", "boot", "join", "configured", "ready", "unwanted", "stop", "give back", "vanish",
    ]  # fmt: skip


def test_without_a_scheduler_a_configured_node_is_ready(new_world: WorldMaker) -> None:
    """There is nobody whose word to wait for."""
    world = new_world(with_scheduler=False)
    world.ready(A)
    world.unwant(A)
    world.live_for(10)
    assert world.states() == {A: State.GONE}


def test_a_second_life_is_a_new_machine(world: World) -> None:
    """The key is new each time, so the cloud does not take the order for the old one."""
    for generation in (1, 2):
        world.ready(A)
        assert world.node(A).generation == generation
        world.unwant(A)
        world.live_for(20)
        assert world.scheduler is not None
        assert world.scheduler.released == [A] * generation
    assert bought(world) == 2
    assert len(world.rentals()) == 2


def test_wanted_again_while_it_is_given_back(world: World) -> None:
    """The machine on its way out goes, and a new one comes."""
    world.ready(A)
    world.unwant(A)
    world.step()
    world.fleet.want(A, origin=Origin.OPERATOR, reason="again", cause="alice")
    world.live_for(10)
    assert bought(world) == 2
    [instance] = world.cloud.running()
    assert instance.key == world.node(A).key == f"uni/{A}/2"


def test_given_up_before_it_was_ordered(world: World) -> None:
    """What is wanted and unwanted between two passes costs nothing."""
    world.want(A)
    world.unwant(A)
    world.settle()
    assert world.states() == {A: State.GONE}
    assert (bought(world), world.rentals()) == (0, [])


def test_a_pass_with_nothing_to_do_writes_nothing(world: World) -> None:
    """Ready nodes do not wear the disk, and wake nobody."""
    world.ready(A, B)
    before = world.nodes()
    for _ in range(10):
        world.clock.advance(60)
        assert not world.step()
    assert world.nodes() == before


# --- orders that fail -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag_s", [0.0, LAG_S])
def test_a_lost_answer_buys_one_machine_only(new_world: WorldMaker, lag_s: float) -> None:
    """The order is repeated under the same key, or the machine is found in the list; never a second one."""
    world = new_world(listing_lag_s=lag_s)
    world.cloud.lose_next["launch"] = deque([LOST, LOST])
    world.want(A)
    world.step()
    assert world.states() == {A: State.LAUNCHING}
    assert "connection was reset" in world.node(A).reason
    world.live_for(60)
    assert world.states() == {A: State.READY}
    assert bought(world) == 1
    assert world.node(A).instance_id == "fake-1"


def test_a_machine_that_joins_before_its_order_is_answered(new_world: WorldMaker) -> None:
    """A node whose answer was lost and that joined at once still gets its machine and address on record:
    the other nodes must find it."""
    world = new_world(listing_lag_s=LAG_S)
    world.cloud.lose_next["launch"] = deque([LOST])
    world.want(A)
    world.settle()
    world.agents()
    world.settle()
    assert (world.node(A).state, world.node(A).address) == (State.READY, "")
    world.live_for(LAG_S + 5)
    node = world.node(A)
    assert (node.state, node.instance_id, node.address) == (State.READY, "fake-1", "10.80.0.1")
    assert "adopted" in world.story(A)


@pytest.mark.parametrize("kind", FailureKind)
def test_a_refused_order(world: World, kind: FailureKind) -> None:
    """What a retry helps is ordered again when the cloud says so; what it does not help fails, and record and
    scheduler say why."""
    world.cloud.refuse_next["launch"] = deque([Failure(kind, "the cloud's words", retry_after_s=40)])
    world.want(A)
    world.settle()
    assert world.node(A).reason == f"{kind}: the cloud's words"
    assert bought(world) == 0
    assert world.scheduler is not None
    if kind.retry_helps:
        assert world.node(A).state is State.LAUNCHING
        world.live_for(35)
        assert bought(world) == 0
        world.live_for(20)
        assert (world.states(), bought(world)) == ({A: State.READY}, 1)
        assert world.scheduler.failed == []
        return
    world.live_for(60)
    assert (world.states(), bought(world)) == ({A: State.GONE}, 0)
    assert not world.node(A).wanted
    assert world.node(A).reason == f"{kind}: the cloud's words"
    assert world.scheduler.failed == [(A, f"{kind}: the cloud's words")]
    assert world.rentals(running=True) == []


def test_a_quota_fails_only_what_is_over_it(new_world: WorldMaker) -> None:
    """Of a batch, the machines that can be had are had."""
    world = new_world(quota=2)
    world.want(A, B, C)
    world.live_for(30)
    assert sorted(world.states().values()) == [State.GONE, State.READY, State.READY]
    [refused] = [node for node in world.nodes() if node.state is State.GONE]
    assert refused.reason == "quota: the quota is 2"


def test_a_machine_type_that_the_cloud_does_not_have(world: World) -> None:
    """It fails that node, with the cloud's reason, and holds up no other."""
    world.want("hpc1-odd-1", A)
    world.live_for(30)
    assert world.states() == {A: State.READY, "hpc1-odd-1": State.GONE}
    assert world.node("hpc1-odd-1").reason == "invalid: there is no machine type 'no-such-machine'"


def test_an_order_throttled_for_long_does_not_fail_at_its_first_listing(new_world: WorldMaker) -> None:
    """The lag counts from the order that was accepted, not from the first that was refused."""
    world = new_world(listing_lag_s=LAG_S)
    slow_down = Failure(FailureKind.THROTTLED, "slow down", retry_after_s=50)
    world.cloud.refuse_next["launch"] = deque([slow_down, slow_down])
    world.want(A)
    world.settle()
    for _ in range(20):
        world.clock.advance(5)
        world.settle()
    assert world.states() == {A: State.BOOTING}
    world.live_for(LAG_S)
    assert world.states() == {A: State.READY}
    assert bought(world) == 1


def test_throttled_until_the_boot_timeout(world: World) -> None:
    """A node that is never had ends with the cloud's words in its reason."""
    words = Failure(FailureKind.THROTTLED, "slow down")
    world.cloud.refuse_next["launch"] = deque([words] * 1000)
    world.want(A)
    world.live_for(BOOT_TIMEOUT_S + 60, every_s=10)
    assert world.states() == {A: State.GONE}
    assert "throttled: slow down" in world.node(A).reason
    assert bought(world) == 0


# --- what the cloud shows ---------------------------------------------------------------------------------


def test_listing_lag_fails_no_node_and_kills_no_orphan(new_world: WorldMaker) -> None:
    """A machine that is not listed yet is not missing; nor is one that is listed still an orphan."""
    world = new_world(listing_lag_s=LAG_S)
    world.want(A, B)
    for _ in range(30):
        world.clock.advance(2)
        world.settle()
        assert {node.state for node in world.nodes()} == {State.BOOTING}
    world.agents()
    world.settle()
    world.unwant(A)
    for _ in range(30):
        world.clock.advance(2)
        world.settle()
    assert world.states() == {A: State.GONE, B: State.READY}
    assert [instance.node for instance in world.cloud.running()] == [B]
    assert bought(world) == 2


def test_unwanted_before_it_is_listed(new_world: WorldMaker) -> None:
    """A machine given up within the lag is not called gone before it was ever shown: it would bill on."""
    world = new_world(listing_lag_s=LAG_S)
    world.want(A)
    world.settle()
    world.clock.advance(1)
    world.unwant(A)
    while world.node(A).state is not State.GONE:
        world.settle()
        world.clock.advance(1)
    assert world.cloud.running() == []
    assert "give back" in world.story(A)


def test_a_list_that_takes_long_says_nothing_about_its_end(new_world: WorldMaker) -> None:
    """A node that joined while the cloud was making its list is not missed in it."""
    world = new_world(listing_lag_s=LAG_S)
    world.cloud.lose_next["launch"] = deque([LOST])
    world.want(A)
    world.settle()

    def list_slowly() -> None:
        world.join(world.cloud.running()[0])
        world.clock.advance(10 * LAG_S)

    world.points.then["after instances"] = list_slowly
    world.step()
    assert world.states() == {A: State.JOINED}


def test_a_machine_that_vanishes(world: World) -> None:
    """The node fails, the scheduler is told why, and it is gone and not bought again."""
    world.ready(A, B)
    assert world.scheduler is not None
    job = world.scheduler.submit([A])
    world.cloud.lose(A)
    world.live_for(15)
    reason = "the cloud no longer shows the machine fake-1"
    assert world.states() == {A: State.GONE, B: State.READY}
    assert world.scheduler.failed == [(A, reason)]
    assert world.scheduler.jobs[job].requeues == 1
    assert world.node(A).reason == reason
    assert world.rentals(running=True) == [r for r in world.rentals() if r.node == B]


def test_a_cloud_that_does_not_list(world: World) -> None:
    """Nothing is concluded, for as long as it takes; what is wanted new is ordered all the same."""
    world.ready(A)
    world.want(B)
    world.cloud.refuse_next["instances"] = deque([LOST] * 100)
    world.live_for(300)
    assert world.states() == {A: State.READY, B: State.READY}
    world.unwant(A)
    world.live_for(100)
    assert world.states() == {A: State.STOPPING, B: State.READY}
    world.cloud.refuse_next.clear()
    world.live_for(10)
    assert world.states() == {A: State.GONE, B: State.READY}


@pytest.mark.parametrize("faults", ["refuse_next", "lose_next"])
def test_a_machine_is_given_back_until_the_cloud_takes_it(world: World, faults: str) -> None:
    """A refused or lost request to terminate is repeated; the node is gone when the machine is."""
    world.ready(A)
    getattr(world.cloud, faults)["terminate"] = deque([LOST, LOST])
    world.unwant(A)
    world.settle()
    if faults == "refuse_next":
        assert world.states() == {A: State.STOPPING}
    world.live_for(30)
    assert world.states() == {A: State.GONE}
    assert world.cloud.running() == []


def test_a_machine_that_nobody_knows(world: World) -> None:
    """A machine under a key that no record has is given back after the grace period, not before."""
    world.want(A)
    world.settle()
    [instance] = world.cloud.running()
    with world.store.write() as transaction:  # as if a backup of last week had been restored
        node = transaction.node(A)
        assert node is not None
        for event in (Event.STOP, Event.VANISH):
            change = advance(node, event, now=world.clock.now(), reason="", cause="", wanted=False)
            transaction.save([change])
            node = change[0]
    world.clock.advance(ORPHAN_GRACE_S)
    world.settle()
    assert world.cloud.running() == [instance]
    world.clock.advance(1)
    world.settle()
    assert world.cloud.running() == []


# --- the scheduler ----------------------------------------------------------------------------------------


def test_a_scheduler_that_does_not_answer(world: World) -> None:
    """The machine of a lost or failed node is given back all the same; the scheduler is told later."""
    world.want(A)
    world.settle()
    assert world.scheduler is not None
    world.scheduler.broken = True
    world.live_for(BOOT_TIMEOUT_S + 30, every_s=10)
    assert world.states() == {A: State.FAILED}
    assert world.cloud.running() == []
    assert world.scheduler.failed == []
    world.scheduler.broken = False
    world.live_for(10)
    assert world.states() == {A: State.GONE}
    [(name, reason)] = world.scheduler.failed
    assert (name, reason) == (A, world.node(A).reason)
    assert reason.startswith("not ready 900 s after its launch; it was joined")


def test_a_node_that_slurm_gave_up_unheard(world: World) -> None:
    """ResumeTimeout leaves a node down for ever when nobody repairs it: Burstway does, once it is gone."""
    world.want(A)
    world.settle()
    assert world.scheduler is not None
    world.scheduler.time_out(A)
    world.fleet.unwant(A, reason="a user's wish", cause="alice")
    world.live_for(60)
    assert world.states() == {A: State.GONE}
    assert world.scheduler.failed == [(A, "ResumeTimeout reached; no machine is left of it")]
    view = world.scheduler.nodes([A])[A]
    assert (view.down, view.powered_down) == (False, True)


def test_a_drained_node_that_slurm_powered_down_unheard(world: World) -> None:
    """The request to give it back was lost: the machine does not bill for ever."""
    world.ready(A)
    world.fleet.drain(A, reason="maintenance", cause="alice")
    assert world.scheduler is not None
    world.scheduler.elapse()
    world.live_for(ORPHAN_GRACE_S + 60)
    assert world.states() == {A: State.GONE}
    assert world.cloud.running() == []


# --- kills ------------------------------------------------------------------------------------------------

PLACES = [
    f"{when} {call}"
    for call in ("instances", "offers", "write", "launch", "nodes")
    for when in ("before", "after")
    if (when, call) != ("after", "write")
] + ["before commit", "after commit"]


@pytest.mark.parametrize("lag_s", [0.0, LAG_S])
@pytest.mark.parametrize("place", PLACES)
def test_killed_while_buying(new_world: WorldMaker, place: str, lag_s: float) -> None:
    """Wherever the control plane is killed between wish and machine, the next one ends with one machine."""
    world = new_world(listing_lag_s=lag_s)
    world.want(A)
    world.points.kill_at(place)
    world.step()
    assert world.kills == [place]
    world.live_for(90)
    assert world.states() == {A: State.READY}
    assert bought(world) == 1
    assert [instance.id for instance in world.cloud.running()] == [world.node(A).instance_id]
    assert len(world.rentals()) == 1


@pytest.mark.parametrize("lag_s", [0.0, LAG_S])
@pytest.mark.parametrize("place", ["before launch", "after launch"])
def test_killed_while_buying_and_then_unwanted(new_world: WorldMaker, place: str, lag_s: float) -> None:
    """Nobody knows whether the order arrived, and nobody wants it any more: nothing is left of it."""
    world = new_world(listing_lag_s=lag_s)
    world.want(A)
    world.points.kill_at(place)
    world.step()
    assert world.node(A).state is State.LAUNCHING
    world.unwant(A)
    while world.node(A).state is not State.GONE:
        world.settle()
        world.clock.advance(1)
    assert world.cloud.running() == []
    assert world.rentals(running=True) == []
    assert bought(world) == (place == "after launch")


@pytest.mark.parametrize("lag_s", [0.0, LAG_S])
@pytest.mark.parametrize("place", ["before terminate", "after terminate", "before release", "after release"])
def test_killed_while_giving_back(new_world: WorldMaker, place: str, lag_s: float) -> None:
    """The machine is given back and the scheduler released, by whichever control plane."""
    world = new_world(listing_lag_s=lag_s)
    world.ready(A)
    world.points.kill_at(place)
    world.unwant(A)
    world.live_for(90)
    assert world.kills == [place]
    assert world.states() == {A: State.GONE}
    assert world.cloud.running() == []
    assert world.scheduler is not None
    assert world.scheduler.nodes([A])[A].powered_down
    assert world.rentals(running=True) == []


@pytest.mark.parametrize("place", ["before fail", "after fail", "before terminate", "after terminate"])
def test_killed_while_telling_of_a_failure(world: World, place: str) -> None:
    """The scheduler hears of it, once more at worst, and the machine is given back."""
    world.want(A)
    world.settle()
    world.points.kill_at(place)
    world.live_for(1)
    world.clock.advance(BOOT_TIMEOUT_S)
    with world.store.write() as transaction:
        node = transaction.node(A)
        assert node is not None
        failed = advance(
            node,
            Event.FAIL,
            now=world.clock.now(),
            reason="no munge",
            cause="agent",
            wanted=False,
            retry_at=0.0,
        )
        transaction.save([failed])
    world.live_for(30)
    assert world.kills == [place]
    assert world.states() == {A: State.GONE}
    assert world.cloud.running() == []
    assert world.scheduler is not None
    assert set(world.scheduler.failed) == {(A, "no munge")}


@pytest.mark.parametrize("change", ["unwant", "fail"])
def test_changed_by_another_while_the_cloud_is_asked(world: World, change: str) -> None:
    """The answer to an order finds a node that is on its way out: its machine is known, and given back."""

    def meanwhile() -> None:
        if change == "unwant":
            world.unwant(A)
        else:
            world.fleet.scheduler_failed(A, cause="slurm: resume-fail")

    world.points.then["after launch"] = meanwhile
    world.want(A)
    world.live_for(30)
    assert world.states() == {A: State.GONE}
    assert (bought(world), world.cloud.running()) == (1, [])


def test_a_refusal_does_not_undo_what_happened_meanwhile(world: World) -> None:
    """A node that Slurm gave up keeps that reason, whatever the cloud then answers."""
    world.cloud.lose_next["launch"] = deque([LOST])
    world.points.then["before launch"] = lambda: world.fleet.scheduler_failed(A, cause="slurm: resume-fail")
    world.want(A)
    world.step()
    assert world.node(A).state is State.FAILED
    assert world.node(A).reason.startswith("the scheduler gave it up; it was launching")
    world.live_for(30)
    assert (world.states(), world.cloud.running()) == ({A: State.GONE}, [])
