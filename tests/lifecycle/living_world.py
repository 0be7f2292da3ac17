"""A cloud, a scheduler, a store and a clock around one Reconciler, which can be killed between any two calls.

Everything here has a memory and none of it is told what to answer. A kill is an exception that nothing
catches but `World.step`, which then starts a new Reconciler on what the killed one left.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from burstway.clock import ManualClock
from burstway.contracts import (
    ClusterSource,
    FoundDocument,
    Instance,
    LaunchResult,
    NetworkPlan,
    Offer,
    Order,
    Rental,
    SchedulerNode,
    Store,
    Transaction,
)
from burstway.lifecycle.decide import Limits
from burstway.lifecycle.reconcile import Reconciler, Timing
from burstway.lifecycle.states import Event, advance, allowed, note
from burstway.model.cluster import Cluster, NodeArray
from burstway.model.node import Node, Origin, State
from burstway.providers.fake import FakeCloud
from burstway.service.fleet import Fleet
from burstway.slurm.fake import FakeScheduler
from burstway.store.sqlite import SqliteStore

NODES = 6
CLUSTER = Cluster(
    "hpc1",
    (
        NodeArray("hpc", "fake.c1", "image", "subnet", NODES, 1, "cloud"),
        NodeArray("odd", "no-such-machine", "image", "subnet", 1, 1, "cloud"),
    ),
)
BOOT_TIMEOUT_S, ORPHAN_GRACE_S, TOKEN_S = 900.0, 120.0, 900.0


class Killed(BaseException):
    """The control plane's process ended here. Not an Exception: nothing may handle it."""


class Points:
    """The places before and after each call, where a test can let something happen: `then` at a named
    place, once; `countdown` places from now, a kill."""

    def __init__(self) -> None:
        self.then: dict[str, Callable[[], None]] = {}
        self.countdown: int | None = None

    def kill_at(self, place: str) -> None:
        def kill() -> None:
            raise Killed(place)

        self.then[place] = kill

    def reach(self, place: str) -> None:
        if act := self.then.pop(place, None):
            act()
        if self.countdown is not None:
            self.countdown -= 1
            if self.countdown < 0:
                self.countdown = None
                raise Killed(place)

    @contextmanager
    def around(self, call: str) -> Iterator[None]:
        self.reach(f"before {call}")
        yield
        self.reach(f"after {call}")


class MortalCloud:
    """contracts.Provider: a cloud, and the places around its calls."""

    def __init__(self, cloud: FakeCloud, points: Points) -> None:
        self.name = cloud.name
        self.listing_lag_s = cloud.listing_lag_s
        self._cloud = cloud
        self._points = points

    def offers(self, names: Collection[str] = ()) -> Sequence[Offer]:
        with self._points.around("offers"):
            return self._cloud.offers(names)

    def prepare(self, plan: NetworkPlan) -> None:
        self._cloud.prepare(plan)

    def found(self) -> Sequence[FoundDocument]:
        return self._cloud.found()

    def launch(self, orders: Sequence[Order]) -> list[LaunchResult]:
        with self._points.around("launch"):
            return self._cloud.launch(orders)

    def terminate(self, ids: Sequence[str]) -> None:
        with self._points.around("terminate"):
            self._cloud.terminate(ids)

    def instances(self) -> list[Instance]:
        with self._points.around("instances"):
            return self._cloud.instances()


class MortalScheduler:
    """contracts.Scheduler: a scheduler, and the places around its calls."""

    def __init__(self, scheduler: FakeScheduler, points: Points) -> None:
        self._scheduler = scheduler
        self._points = points

    def nodes(self, names: Collection[str]) -> Mapping[str, SchedulerNode]:
        with self._points.around("nodes"):
            return self._scheduler.nodes(names)

    def place(self, addresses: Mapping[str, str]) -> None:
        with self._points.around("place"):
            self._scheduler.place(addresses)

    def fail(self, names: Collection[str], reason: str) -> None:
        with self._points.around("fail"):
            self._scheduler.fail(names, reason)

    def drain(self, names: Collection[str], reason: str) -> None:
        self._scheduler.drain(names, reason)

    def release(self, names: Collection[str]) -> None:
        with self._points.around("release"):
            self._scheduler.release(names)


class MortalStore:
    """contracts.Store: a store, and the places before a transaction, before its commit and after it."""

    def __init__(self, store: Store, points: Points) -> None:
        self._store = store
        self._points = points

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        with self._store.read() as transaction:
            yield transaction

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        self._points.reach("before write")
        with self._store.write() as transaction:
            yield transaction
            self._points.reach("before commit")
        self._points.reach("after commit")

    def close(self) -> None:
        self._store.close()


class World:
    """`store`, `cloud`, `scheduler` and `clock` survive kills; a test may use them as it likes."""

    def __init__(
        self,
        folder: Path,
        *,
        listing_lag_s: float = 0.0,
        quota: int | None = None,
        with_scheduler: bool = True,
    ) -> None:
        self.clock = ManualClock()
        self.points = Points()
        self.cloud = FakeCloud(self.clock, listing_lag_s=listing_lag_s, quota=quota)
        self.scheduler = FakeScheduler(list(CLUSTER.node_names())) if with_scheduler else None
        self.store = SqliteStore.open(folder / "burstway.db")
        with self.store.write() as transaction:
            transaction.put_cluster(CLUSTER, ClusterSource())
        self.fleet = Fleet(self.store, self.clock, self.scheduler, lambda: None)
        self.kills: list[str] = []
        self._reconciler = self._start()

    def close(self) -> None:
        self.store.close()

    def _start(self) -> Reconciler:
        return Reconciler(
            store=MortalStore(self.store, self.points),
            provider=MortalCloud(self.cloud, self.points),
            scheduler=MortalScheduler(self.scheduler, self.points) if self.scheduler else None,
            clock=self.clock,
            limits=Limits(BOOT_TIMEOUT_S, ORPHAN_GRACE_S, self.cloud.listing_lag_s),
            timing=Timing(scheduler_interval_s=15, token_lifetime_s=TOKEN_S),
            site="uni",
            user_data=lambda node: f"join as {node.name}",
        )

    # --- the loop

    def step(self) -> bool:
        """One pass; when it is killed, the control plane starts again."""
        try:
            return self._reconciler.step()
        except Killed as killed:
            self.kills.append(str(killed))
            self._reconciler = self._start()
            return True

    def settle(self, most: int = 20) -> None:
        """Passes until one changes nothing."""
        for _ in range(most):
            if not self.step():
                return
        raise AssertionError(f"{most} passes changed something each: {self.states()}")

    def live_for(self, seconds: float, every_s: float = 5.0) -> None:
        """Time passes, with what the loop and the agents do in it."""
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            self.clock.advance(every_s)
            self.agents()
            self.settle()

    # --- people and the scheduler

    def want(self, *names: str) -> None:
        if self.scheduler and not self.scheduler.broken:
            self.scheduler.power_up(names)
        self.fleet.want(",".join(names), origin=Origin.SLURM, reason="job 7", cause="slurm: resume")

    def unwant(self, *names: str) -> None:
        if self.scheduler and not self.scheduler.broken:
            self.scheduler.suspend(names)
        self.fleet.suspend(",".join(names), cause="slurm: suspend")

    def ready(self, *names: str) -> None:
        """These nodes, from nothing to ready."""
        self.want(*names)
        for _ in range(3):
            self.settle()
            self.agents()
            self.clock.advance(self.cloud.listing_lag_s + 1)
        self.settle()
        assert {self.node(name).state for name in names} == {State.READY}

    # --- the agents

    def agents(self) -> None:
        """Every machine that runs has booted: it joins, is configured, and its slurmd registers."""
        nodes = {node.key: node for node in self.nodes()}
        for instance in self.cloud.running():
            node = nodes.get(instance.key)
            if node and allowed(node.state, Event.JOIN):
                self.join(instance)
            if node and node.state is not State.READY:
                self.configure(instance)
                self.register(instance)

    def join(self, instance: Instance) -> None:
        """As service.enrolment does it: the token is for this life of the node, and once."""
        with self.store.write() as transaction:
            node = transaction.node(instance.node)
            if node and node.key == instance.key and allowed(node.state, Event.JOIN):
                change = advance(
                    node, Event.JOIN, now=self.clock.now(), reason="configuring", cause="agent: joined",
                    token_used_at=self.clock.now(), certificate_serial=f"serial of {instance.id}",
                )  # fmt: skip
                transaction.save([change])

    def configure(self, instance: Instance) -> None:
        with self.store.write() as transaction:
            node = transaction.node(instance.node)
            speaks = node and node.certificate_serial == f"serial of {instance.id}"
            if node and speaks and node.state is State.JOINED and not node.configured:
                change = note(
                    node, "configured", now=self.clock.now(), reason="configured", cause="agent",
                    configured=True,
                )  # fmt: skip
                transaction.save([change])

    def register(self, instance: Instance) -> None:
        """Its slurmd says that it is up, to a slurmctld that answers and has resumed the node."""
        node = self.node(instance.node)
        if not self.scheduler or self.scheduler.broken or not node.configured or node.key != instance.key:
            return
        view = self.scheduler.nodes([node.name])[node.name]
        if not (view.registered or view.powered_down or view.powering_down or view.down):
            self.scheduler.register(node.name)

    # --- looking

    def nodes(self) -> list[Node]:
        with self.store.read() as transaction:
            return transaction.nodes()

    def node(self, name: str) -> Node:
        with self.store.read() as transaction:
            node = transaction.node(name)
        assert node is not None
        return node

    def states(self) -> dict[str, State]:
        return {node.name: node.state for node in self.nodes()}

    def story(self, name: str) -> list[str]:
        with self.store.read() as transaction:
            return [line.event for line in transaction.story(name)]

    def rentals(self, *, running: bool = False) -> list[Rental]:
        with self.store.read() as transaction:
            return transaction.rentals(running=running)
