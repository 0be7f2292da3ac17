"""The loop under anything in any order: wishes, faults, kills, lost machines, time. Nothing leaks.

After each pass no machine runs that no live node has, and no node has two. Once it is quiet again, what is
wanted and what runs are the same.
"""

import tempfile
from collections import Counter, deque
from pathlib import Path

import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from living_world import BOOT_TIMEOUT_S, CLUSTER, NODES, World

from burstway.contracts import Failure, FailureKind
from burstway.lifecycle.states import RENTED
from burstway.model.node import State

NAMES = list(CLUSTER.node_names())[:NODES]
A_NAME = st.sampled_from(NAMES)
SOME_NAMES = st.lists(A_NAME, min_size=1, max_size=NODES, unique=True)
PASSING = st.sampled_from([FailureKind.TRANSIENT, FailureKind.THROTTLED])


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
        self.folder = tempfile.TemporaryDirectory()
        self.world: World | None = None

    @initialize(
        lag_s=st.sampled_from([0.0, 0.0, 2.0, 30.0]),
        quota=st.sampled_from([None, None, 3]),
        with_scheduler=st.booleans(),
    )
    def start(self, lag_s: float, quota: int | None, with_scheduler: bool) -> None:
        self.world = World(
            Path(self.folder.name), listing_lag_s=lag_s, quota=quota, with_scheduler=with_scheduler
        )

    @property
    def w(self) -> World:
        assert self.world is not None
        return self.world

    # --- wishes

    @rule(names=SOME_NAMES)
    def want(self, names: list[str]) -> None:
        self.w.want(*names)

    @rule(names=SOME_NAMES)
    def unwant(self, names: list[str]) -> None:
        self.w.unwant(*names)

    @precondition(lambda self: self.w.scheduler and not self.w.scheduler.broken)
    @rule(names=SOME_NAMES)
    def drain(self, names: list[str]) -> None:
        self.w.fleet.drain(",".join(names), reason="maintenance", cause="alice")

    @rule(names=SOME_NAMES)
    def stop_now(self, names: list[str]) -> None:
        self.w.fleet.stop_now(",".join(names), reason="now", cause="alice")

    @rule(name=A_NAME)
    def slurm_gives_up(self, name: str) -> None:
        self.w.fleet.scheduler_failed(name, cause="slurm: resume-fail")

    # --- time and kills

    @rule(seconds=st.sampled_from([1.0, 5.0, 11.0, 31.0, 125.0]))
    def pass_time(self, seconds: float) -> None:
        self.w.clock.advance(seconds)
        self.w.step()

    @rule()
    def step(self) -> None:
        self.w.step()

    @rule(calls=st.integers(0, 12))
    def be_killed(self, calls: int) -> None:
        self.w.points.countdown = calls
        self.w.step()
        self.w.points.countdown = None

    @rule(
        name=A_NAME,
        wanted=st.booleans(),
        place=st.sampled_from(["before launch", "after launch", "after instances"]),
    )
    def change_during_a_call(self, name: str, wanted: bool, place: str) -> None:
        self.w.points.then[place] = lambda: self.w.want(name) if wanted else self.w.unwant(name)
        self.w.step()
        self.w.points.then.clear()

    # --- the cloud

    @rule(call=st.sampled_from(["instances", "launch", "terminate"]), kind=PASSING, times=st.integers(1, 3))
    def refuse_for_now(self, call: str, kind: FailureKind, times: int) -> None:
        failure = Failure(kind, "refused for now", retry_after_s=7 if kind is FailureKind.THROTTLED else 0)
        self.w.cloud.refuse_next[call] = deque([failure] * times)

    @rule(call=st.sampled_from(["launch", "terminate"]), times=st.integers(1, 3))
    def lose_answers(self, call: str, times: int) -> None:
        self.w.cloud.lose_next[call] = deque([Failure(FailureKind.TRANSIENT, "lost")] * times)

    @rule(kind=st.sampled_from([kind for kind in FailureKind if not kind.retry_helps]))
    def refuse_for_good(self, kind: FailureKind) -> None:
        self.w.cloud.refuse_next["launch"] = deque([Failure(kind, "refused")])

    @rule(name=A_NAME)
    def machine_vanishes(self, name: str) -> None:
        self.w.cloud.lose(name)

    # --- agents and Slurm

    @precondition(lambda self: self.w.cloud.running())
    @rule(data=st.data())
    def one_joins(self, data: st.DataObject) -> None:
        self.w.join(data.draw(st.sampled_from(self.w.cloud.running())))

    @rule()
    def agents_work(self) -> None:
        self.w.agents()

    @precondition(lambda self: self.w.scheduler)
    @rule(name=A_NAME)
    def slurm_times_out(self, name: str) -> None:
        assert self.w.scheduler
        self.w.scheduler.time_out(name)

    @precondition(lambda self: self.w.scheduler)
    @rule()
    def slurm_powers_down(self) -> None:
        assert self.w.scheduler
        self.w.scheduler.elapse()

    @precondition(lambda self: self.w.scheduler)
    @rule(broken=st.booleans())
    def slurm_answers_or_not(self, broken: bool) -> None:
        assert self.w.scheduler
        self.w.scheduler.broken = broken

    # --- what must hold at any time

    @precondition(lambda self: self.world is not None)
    @invariant()
    def no_machine_is_unknown_or_double(self) -> None:
        owned = {node.key for node in self.w.nodes() if node.state in RENTED}
        running = self.w.cloud.running()
        assert {instance.key for instance in running} <= owned, "a machine that no live node has"
        assert max(Counter(instance.node for instance in running).values(), default=0) <= 1

    @precondition(lambda self: self.world is not None)
    @invariant()
    def what_is_gone_is_paid(self) -> None:
        billed = {rental.key for rental in self.w.rentals(running=True)}
        assert billed <= {node.key for node in self.w.nodes() if node.state in RENTED}

    # --- what must come true

    def teardown(self) -> None:
        try:
            if self.world is not None:
                self._becomes_quiet(self.world)
                self.world.close()
        finally:
            self.folder.cleanup()
            structlog.reset_defaults()

    def _becomes_quiet(self, world: World) -> None:
        """No more faults: within twice the boot timeout what is wanted is what is there."""
        world.cloud.refuse_next.clear()
        world.cloud.lose_next.clear()
        if world.scheduler:
            world.scheduler.broken = False
        world.live_for(BOOT_TIMEOUT_S, every_s=60)
        if world.scheduler:
            world.scheduler.elapse()
        world.live_for(BOOT_TIMEOUT_S, every_s=60)
        self.no_machine_is_unknown_or_double()
        self.what_is_gone_is_paid()
        wanted = {node.name: node.key for node in world.nodes() if node.wanted}
        assert {instance.node: instance.key for instance in world.cloud.running()} == wanted
        for node in world.nodes():
            assert node.state in (
                {State.READY, State.DRAINING, State.JOINED} if node.wanted else {State.GONE}
            )
            assert node.instance_id or not node.wanted
        assert {rental.key for rental in world.rentals(running=True)} == set(wanted.values())


AnyOrder.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyOrder = AnyOrder.TestCase
