"""Nodes stopped, clusters deleted and failures told at awkward moments: Slurm is never left waiting."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from living_world import CLUSTER, World

from burstway.errors import ConflictError
from burstway.model.node import Origin, State

A, B = list(CLUSTER.node_names())[:2]


def told(world: World) -> list[str]:
    """The nodes of which Slurm was told that they failed."""
    assert world.scheduler is not None
    return [name for name, _ in world.scheduler.failed]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("force", [True, False])
def test_stopping_a_node_that_is_still_coming_frees_its_job(world: World, force: bool) -> None:
    """A node that boots for a job and is stopped by hand: Slurm is told, and does not wait for it."""
    assert world.scheduler is not None
    world.want(A, B)
    world.settle()
    stop = world.fleet.stop_now if force else world.fleet.drain
    stop(A, reason="by hand", cause="root: node stop")
    world.settle()
    view = world.scheduler.nodes([A])[A]
    assert A in told(world)
    assert view.powering_down or view.powered_down
    assert [machine.node for machine in world.cloud.running()] == [B]


def test_a_draining_node_is_not_started(world: World) -> None:
    """It would be accepted and have no effect; refused as a whole, so that no other node starts either."""
    world.ready(A)
    assert world.scheduler is not None
    world.scheduler.submit([A])
    world.fleet.drain(A, reason="maintenance", cause="alice")
    world.settle()
    assert world.node(A).state is State.DRAINING
    with pytest.raises(ConflictError, match="is draining") as refused:
        world.fleet.want(f"{A},{B}", origin=Origin.OPERATOR, reason="", cause="root: node start")
    assert refused.value.remedy
    assert set(world.states()) == {A}


def test_a_scheduler_that_was_away_is_told_of_a_stopped_node(tmp_path: Path) -> None:
    """`node stop --force` while Slurm does not answer: the machine goes, Slurm is told later."""
    world = World(tmp_path, listing_lag_s=10)
    assert world.scheduler is not None
    world.want(A)
    world.settle()
    world.scheduler.broken = True
    world.fleet.stop_now(A, reason="by hand", cause="root: node stop")
    world.step()
    world.scheduler.broken = False
    world.clock.advance(1)
    world.settle()
    assert A in told(world)
    world.close()


def test_resume_fail_of_a_node_never_asked_for_is_repaired(world: World) -> None:
    """Slurm gives up a node whose resume request was lost: it is put right all the same."""
    assert world.scheduler is not None
    world.scheduler.power_up([A])
    world.scheduler.time_out(A)
    world.fleet.scheduler_failed(A, cause="Slurm: resume-fail")
    world.clock.advance(60)
    world.settle()
    assert not world.scheduler.nodes([A])[A].down


def test_a_late_suspend_does_not_take_an_operators_machine(world: World) -> None:
    """Slurm says late that it has suspended a node, whose machine is gone and which an operator has started
    again: the new machine stays. Once Slurm asks for the node itself, a suspend is meant."""
    world.ready(A)
    world.fleet.stop_now(A, reason="now", cause="root: node stop")
    world.live_for(30)
    assert world.node(A).state is State.GONE
    world.fleet.want(A, origin=Origin.OPERATOR, reason="again", cause="root: node start")
    world.settle()
    world.fleet.suspend(A, cause="slurm: suspend")
    node = world.node(A)
    assert (node.wanted, node.state) == (True, State.BOOTING)
    assert world.fleet.story(A)[1][-1].event == "not suspended"
    world.fleet.want(A, origin=Origin.SLURM, reason="for job 8", cause="slurm: resume")
    world.fleet.suspend(A, cause="slurm: suspend")
    assert not world.node(A).wanted


def test_a_cluster_with_a_wanted_node_is_not_deleted(world: World) -> None:
    """Between two lives of a node nothing of it is live; its cluster stays all the same."""
    world.ready(A)
    world.unwant(A)
    world.step()
    world.fleet.want(A, origin=Origin.OPERATOR, reason="again", cause="root: node start")
    world.step()
    with pytest.raises(ConflictError, match="has 1 nodes"):
        world.fleet.delete_cluster(CLUSTER.name)


def test_a_node_without_its_cluster_holds_up_nobody(world: World) -> None:
    """An order for a node whose cluster is gone is given up with the reason, and the others are ordered."""
    world.fleet.want(f"{A},{B}", origin=Origin.OPERATOR, reason="two", cause="root: node start")
    with world.store.write() as transaction:
        transaction.delete_cluster(CLUSTER.name)
    world.settle()
    assert world.states() == {A: State.GONE, B: State.GONE}
    assert "any more" in world.node(A).reason
    assert world.cloud.running() == []


def test_a_late_telling_does_not_fail_the_next_job(world: World) -> None:
    """Slurm times a node out by itself while it does not answer, and resumes it: the old one is not told."""
    assert world.scheduler is not None
    world.want(A)
    world.settle()
    world.cloud.lose(A)
    world.scheduler.broken = True
    world.clock.advance(60)
    world.step()
    assert world.node(A).state is State.FAILED
    world.scheduler.broken = False
    world.want(A)
    world.live_for(30)
    assert A not in told(world)
    assert [machine.node for machine in world.cloud.running()] == [A]
