"""A cloud in memory: boot delay, listing lag, quotas, and faults to inject.

It is a cloud with a memory, not a list of prepared answers: the same order twice is one machine, what was
launched is listed after the lag, what was terminated is listed until the lag is over.
"""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from burstway.clock import Clock
from burstway.contracts import (
    CloudError,
    Failure,
    FailureKind,
    FoundDocument,
    Instance,
    LaunchResult,
    NetworkPlan,
    Offer,
    Order,
)

OFFERS = (
    Offer("fake.c1", 1, 2_048, 0.05, "USD", "invented"),
    Offer("fake.c16", 16, 32_768, 0.80, "USD", "invented"),
)

DEFAULT_NETWORK = IPv4Network("10.80.0.0/16")


@dataclass
class _Machine:
    instance: Instance
    shown_from: float
    shown_until: float | None = None

    def shown(self, now: float) -> bool:
        return self.shown_from <= now and (self.shown_until is None or now < self.shown_until)


@dataclass
class FakeCloud:
    """`quota` bounds the machines there can be at a time. `lose_next` and `refuse_next` inject faults:
    the next call of that name fails with the given Failure, after or before it was carried out."""

    clock: Clock
    network: IPv4Network = DEFAULT_NETWORK
    listing_lag_s: float = 0.0
    quota: int | None = None
    name: str = "fake"
    plan: NetworkPlan | None = None
    launched: int = 0
    refuse_next: dict[str, deque[Failure]] = field(default_factory=dict)
    lose_next: dict[str, deque[Failure]] = field(default_factory=dict)
    _machines: dict[str, _Machine] = field(default_factory=dict)
    _running: int = 0

    def offers(self, names: Collection[str] = ()) -> Sequence[Offer]:
        return [offer for offer in OFFERS if not names or offer.name in names]

    def prepare(self, plan: NetworkPlan) -> None:
        self._fault(self.refuse_next, "prepare")
        self.plan = plan

    def found(self) -> Sequence[FoundDocument]:
        """Nothing: there is no network here that something could be found in."""
        self._fault(self.refuse_next, "found")
        return ()

    def launch(self, orders: Sequence[Order]) -> list[LaunchResult]:
        self._fault(self.refuse_next, "launch")
        results = [self._launch(order) for order in orders]
        self._fault(self.lose_next, "launch")
        return results

    def terminate(self, ids: Sequence[str]) -> None:
        self._fault(self.refuse_next, "terminate")
        wanted = set(ids)
        for machine in self._machines.values():
            if machine.instance.id in wanted and machine.shown_until is None:
                self._end(machine, self.clock.now() + self.listing_lag_s)
        self._fault(self.lose_next, "terminate")

    def instances(self) -> list[Instance]:
        self._fault(self.refuse_next, "instances")
        now = self.clock.now()
        return [machine.instance for machine in self._machines.values() if machine.shown(now)]

    def running(self) -> list[Instance]:
        """What really runs and bills, whatever the list shows."""
        return [machine.instance for machine in self._machines.values() if machine.shown_until is None]

    def lose(self, node: str) -> None:
        """The machine of this node vanishes by itself."""
        for machine in self._machines.values():
            if machine.instance.node == node and machine.shown_until is None:
                self._end(machine, self.clock.now())

    def _end(self, machine: _Machine, shown_until: float) -> None:
        machine.shown_until = shown_until
        self._running -= 1

    def _launch(self, order: Order) -> LaunchResult:
        if known := self._machines.get(order.key):
            return LaunchResult(order.key, known.instance)
        if order.offer not in {offer.name for offer in OFFERS}:
            failure = Failure(FailureKind.INVALID, f"there is no machine type {order.offer!r}")
            return LaunchResult(order.key, failure=failure)
        if self.quota is not None and self._running >= self.quota:
            return LaunchResult(order.key, failure=Failure(FailureKind.QUOTA, f"the quota is {self.quota}"))
        self.launched += 1
        self._running += 1
        now = self.clock.now()
        address = str(self.network.network_address + self.launched)
        instance = Instance(f"fake-{self.launched}", order.key, order.node, address, order.offer, now)
        self._machines[order.key] = _Machine(instance, now + self.listing_lag_s)
        return LaunchResult(order.key, instance)

    def _fault(self, faults: dict[str, deque[Failure]], call: str) -> None:
        if faults.get(call):
            raise CloudError(faults[call].popleft(), where="fake cloud")
