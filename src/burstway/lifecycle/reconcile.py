"""The loop's body: observe, decide, carry out. One pass is `step()`; the daemon calls it, and so do tests.

What is written before what is the whole point here:
* an intent (launching, with its key) is committed before the cloud is asked, and the key travels as a tag,
  so a kill at any moment neither leaks a machine nor buys one twice;
* each row is read again inside of the transaction that changes it, and is left alone when it has changed
  since it was decided upon: the next pass decides anew.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from burstway.clock import Clock
from burstway.contracts import (
    CloudError,
    Failure,
    Instance,
    LaunchResult,
    Order,
    Provider,
    Rental,
    Scheduler,
    SchedulerNode,
    Store,
    Transaction,
)
from burstway.errors import SchedulerError
from burstway.lifecycle.decide import (
    REGISTER_AGAIN_S,
    TERMINATE_AGAIN_S,
    Adopt,
    Launch,
    Limits,
    RegisterAnew,
    Release,
    TellFailed,
    Terminate,
    Transition,
    World,
    decide,
)
from burstway.lifecycle.states import Event, advance, allowed, note
from burstway.model.cluster import Cluster, NodeArray
from burstway.model.node import Node, NodeEvent, State

LAUNCH_BATCH = 1_000
"""Orders a call: no more than the clouds' own bulk calls take, and little enough to hold in memory."""

MOST_REASONS = 10
"""Slurm is told of failed nodes by a command for each reason; of more reasons than these, by one for all."""

RETRY_S = 5.0
"""How long to wait after an order whose answer was lost or throttled, when the cloud does not say."""

_log = structlog.get_logger("reconcile")
_Change = tuple[Node, NodeEvent]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. The scheduler is asked every `scheduler_interval_s`, and while a node waits for it."""

    scheduler_interval_s: float
    token_lifetime_s: float


class Reconciler:
    def __init__(
        self,
        *,
        store: Store,
        provider: Provider,
        scheduler: Scheduler | None,
        clock: Clock,
        limits: Limits,
        timing: Timing,
        site: str,
        user_data: Callable[[Node], str],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._provider = provider
        self._scheduler = scheduler
        self._clock = clock
        self._limits = limits
        self._timing = timing
        self._site = site
        self._user_data = user_data
        self._changed = changed
        self._asked_scheduler_at = 0.0
        self._prices: dict[str, float] = {}

    def step(self, *, launch: bool = True) -> bool:
        """One pass. True when it changed something, so that the next pass may have more to do. Without
        `launch` nothing is ordered: the cloud's network is not ready for machines.

        Machines are given back before anything is written: a full disk must not keep them billing."""
        world = self._observe()
        actions = decide(world)
        for action in actions:
            if not isinstance(action, Launch):
                _log.debug("decided", action=type(action).__name__, reason=action.reason)
        done = self._terminate([a for a in actions if isinstance(a, Terminate)])
        done |= self._transitions([a for a in actions if isinstance(a, Transition)])
        done |= self._adopt([a for a in actions if isinstance(a, Adopt)])
        done |= self._tell_failed([a for a in actions if isinstance(a, TellFailed)])
        done |= self._register_anew([a for a in actions if isinstance(a, RegisterAnew)])
        self._release([a for a in actions if isinstance(a, Release)])
        launches = [a for a in actions if isinstance(a, Launch) and launch]
        for first in range(0, len(launches), LAUNCH_BATCH):
            done |= self._launch(launches[first : first + LAUNCH_BATCH])
        if done:
            self._changed()
        return done

    # --- observing ---

    def _observe(self) -> World:
        # The cloud is listed before the record is read: a machine in the list is then always on record. The
        # clock is read before both: a list that took a minute says nothing about the end of that minute.
        now = self._clock.now()
        instances = self._instances()
        with self._store.read() as transaction:
            nodes = transaction.nodes()
        return World(
            now=now,
            nodes=nodes,
            limits=self._limits,
            instances=instances,
            has_scheduler=self._scheduler is not None,
            scheduler=self._scheduler_view(nodes, now),
        )

    def _instances(self) -> list[Instance] | None:
        try:
            return self._provider.instances()
        except CloudError as refused:
            _log.warning("the cloud did not list its machines", error=str(refused))
            return None

    def _scheduler_view(self, nodes: Sequence[Node], now: float) -> dict[str, SchedulerNode] | None:
        due = now - self._asked_scheduler_at >= self._timing.scheduler_interval_s
        if self._scheduler is None or not (due or any(_waits_for_scheduler(node, now) for node in nodes)):
            return None
        names = [node.name for node in nodes]
        if not names:
            return None
        self._asked_scheduler_at = now
        try:
            return dict(self._scheduler.nodes(names))
        except SchedulerError as refused:
            _log.warning("the scheduler did not answer", error=str(refused))
            return None

    # --- carrying out ---

    def _transitions(self, transitions: Sequence[Transition]) -> bool:
        if not transitions:
            return False
        now = self._clock.now()
        with self._store.write() as transaction:
            current = _by_name(transaction, (t.node.name for t in transitions))
            changes: list[_Change] = []
            ended: list[str] = []
            for t in transitions:
                node = current.get(t.node.name)
                if node is None or node.version != t.node.version:
                    continue
                changes.append(advance(node, t.event, now=now, reason=t.reason, cause=t.cause, **_fields(t)))
                if t.event is Event.VANISH and node.key:
                    ended.append(node.key)
            transaction.save(changes)
            transaction.end_rentals(ended, now)
        _log_changes(changes)
        return bool(changes)

    def _adopt(self, adoptions: Sequence[Adopt]) -> bool:
        if not adoptions:
            return False
        now = self._clock.now()
        with self._store.write() as transaction:
            current = _by_name(transaction, (adoption.node.name for adoption in adoptions))
            changes = [
                note(node, "adopted", now=now, reason=node.reason, cause="cloud: shows it", **a.changes)
                for a in adoptions
                if (node := current[a.node.name]).version == a.node.version
            ]
            transaction.save(changes)
        _log_changes(changes)
        return bool(changes)

    def _launch(self, launches: Sequence[Launch]) -> bool:
        if not self._learn_prices(launches):
            return False
        ordered = self._record_intents(launches)
        if not ordered:
            return False
        orders = [self._order(node, array_image, subnet) for node, array_image, subnet in ordered]
        try:
            results = self._provider.launch(orders)
        except CloudError as refused:
            results = [LaunchResult(order.key, failure=refused.failure) for order in orders]
        self._record_results(results, {node.key: node.name for node, _, _ in ordered})
        return True

    def _record_intents(self, launches: Sequence[Launch]) -> list[tuple[Node, str, str]]:
        now = self._clock.now()
        ordered: list[tuple[Node, str, str]] = []
        changes: list[_Change] = []
        with self._store.write() as transaction:
            clusters = {cluster.name: cluster for cluster in transaction.clusters()}
            current = _by_name(transaction, (launch.node.name for launch in launches))
            for launch in launches:
                node = current.get(launch.node.name)
                if node is None or node.version != launch.node.version:
                    continue
                array = _array(clusters, node)
                if array is None:
                    changes.append(_homeless(node, now))
                    continue
                changes.append(self._intent(node, array, now))
                ordered.append((changes[-1][0], array.image, array.subnet))
            transaction.save(changes)
            transaction.start_rentals(
                Rental(node.key, node.name, node.offer, node.price_per_hour, now) for node, _, _ in ordered
            )
        _log_changes(changes)
        return ordered

    def _intent(self, node: Node, array: NodeArray, now: float) -> _Change:
        expires = now + self._timing.token_lifetime_s
        if node.state is State.LAUNCHING:
            return note(
                node, "order again", now=now, reason=node.reason, cause="decide: not known to have arrived",
                retry_at=now + RETRY_S, token_expires_at=expires,
            )  # fmt: skip
        return advance(
            node, Event.LAUNCH, now=now, reason=f"ordering {array.machine_type}", cause="decide: wanted",
            key=f"{self._site}/{node.name}/{node.generation}", offer=array.machine_type,
            price_per_hour=self._prices.get(array.machine_type, 0.0),  # the cloud will refuse what has none
            instance_id="", address="", launched_at=now, retry_at=now + RETRY_S, token_expires_at=expires,
            token_used_at=0.0,
            token_used_by="", certificate_serial="", configured=False,
            registrations=0, seen_at=0.0, trouble="", explained_at=0.0,
        )  # fmt: skip

    def _order(self, node: Node, image: str, subnet: str) -> Order:
        tags = {"burstway-site": self._site, "burstway-key": node.key, "burstway-node": node.name}
        return Order(node.key, node.name, node.offer, image, subnet, self._user_data(node), tags)

    def _record_results(self, results: Iterable[LaunchResult], names: dict[str, str]) -> None:
        now = self._clock.now()
        changes: list[_Change] = []
        refused: list[str] = []
        with self._store.write() as transaction:
            current = _by_name(transaction, names.values())
            for result in results:
                node = current[names[result.key]]
                if node.key != result.key:
                    continue
                change = _launched(node, result, now)
                if change:
                    changes.append(change)
                if change and change[0].state is State.FAILED:
                    refused.append(result.key)
            transaction.save(changes)
            transaction.end_rentals(refused, now)
        _log_changes(changes)
        self._place([node for node, _ in changes])

    def _place(self, nodes: Iterable[Node]) -> None:
        addresses = {node.name: node.address for node in nodes if node.address}
        if not addresses or self._scheduler is None:
            return
        try:
            self._scheduler.place(addresses)
        except SchedulerError as refused:
            _log.warning("the scheduler was not told of addresses", error=str(refused))

    def _terminate(self, terminations: Sequence[Terminate]) -> bool:
        if not terminations:
            return False
        try:
            self._provider.terminate([t.instance_id for t in terminations])
        except CloudError as refused:
            _log.warning("the cloud did not take machines back", error=str(refused))
            return False
        for t in terminations:
            if t.node is None:
                _log.warning("gave back a machine that nobody wants", instance=t.instance_id, reason=t.reason)
        now = self._clock.now()
        with self._store.write() as transaction:
            nodes = _by_name(transaction, (t.node.name for t in terminations if t.node))
            transaction.save(
                note(
                    node, "give back", now=now, reason=node.reason, cause="cloud: asked to terminate",
                    retry_at=now + TERMINATE_AGAIN_S,
                )
                for node in nodes.values()
            )  # fmt: skip
        return False

    def _tell_failed(self, told: Sequence[TellFailed]) -> bool:
        if not told or self._scheduler is None:
            return False
        by_reason: dict[str, list[str]] = {}
        for tell in told:
            by_reason.setdefault(tell.reason, []).append(tell.node.name)
        if len(by_reason) > MOST_REASONS:
            everybody = [tell.node.name for tell in told]
            by_reason = {"several reasons: burstway node explain NODE": everybody}
        heard: list[str] = []
        for reason, names in by_reason.items():
            try:
                self._scheduler.fail(names, reason)
                heard += names
            except SchedulerError as refused:
                _log.warning("the scheduler was not told of failed nodes; next try soon", error=str(refused))
        now = self._clock.now()
        with self._store.write() as transaction:
            nodes = _by_name(transaction, heard)
            changes = [
                advance(node, Event.STOP, now=now, reason=node.reason, cause="scheduler: told of the failure")
                for node in nodes.values()
                if allowed(node.state, Event.STOP)
            ]
            transaction.save(changes)
        _log_changes(changes)
        return bool(changes)

    def _register_anew(self, asked: Sequence[RegisterAnew]) -> bool:
        if not asked:
            return False
        now = self._clock.now()
        with self._store.write() as transaction:
            current = _by_name(transaction, (ask.node.name for ask in asked))
            changes = [
                note(
                    node, "register again", now=now, reason=ask.reason, cause="scheduler: does not see it",
                    registrations=node.registrations + 1, retry_at=now + REGISTER_AGAIN_S,
                )
                for ask in asked
                if (node := current.get(ask.node.name)) and node.version == ask.node.version
            ]  # fmt: skip
            transaction.save(changes)
        _log_changes(changes)
        return bool(changes)

    def _release(self, releases: Sequence[Release]) -> None:
        if not releases or self._scheduler is None:
            return
        try:
            self._scheduler.release([release.node.name for release in releases])
        except SchedulerError as refused:
            _log.warning("the scheduler did not release nodes; its SuspendTimeout will", error=str(refused))

    def _learn_prices(self, launches: Sequence[Launch]) -> bool:
        """Asks for the offers when one is unknown: now, for no other writer may wait while the cloud thinks.
        False when the cloud does not answer."""
        with self._store.read() as transaction:
            clusters = {cluster.name: cluster for cluster in transaction.clusters()}
        arrays = [array for launch in launches if (array := _array(clusters, launch.node))]
        unknown = {array.machine_type for array in arrays} - self._prices.keys()
        if not unknown:
            return True
        try:
            offers = self._provider.offers(unknown)
            self._prices.update({offer.name: offer.price_per_hour for offer in offers})
        except CloudError as refused:
            _log.warning("the cloud did not say what machines cost; none is ordered", error=str(refused))
            return False
        return True


def _fields(transition: Transition) -> dict[str, object]:
    """What a transition sets besides the state; a node on its way out may be given back without delay."""
    fields = dict(transition.changes)
    if transition.event in (Event.STOP, Event.FAIL):
        fields.setdefault("retry_at", 0.0)
        fields["certificate_serial"] = ""  # revoked: what it gives back, it no longer speaks for
    return fields


def _launched(node: Node, result: LaunchResult, now: float) -> _Change | None:
    """What a launch's answer changes in the node, which may have joined or been given up meanwhile."""
    if instance := result.instance:
        known = {"instance_id": instance.id, "address": instance.address}
        if node.state is State.LAUNCHING:
            reason = f"the cloud made {instance.id} at {instance.address}"
            return advance(node, Event.BOOT, now=now, reason=reason, cause="cloud: launched", **known)
        return note(node, "launched", now=now, reason=node.reason, cause="cloud: launched", **known)
    assert result.failure is not None
    return _refused(node, result.failure, now)


def _refused(node: Node, failure: Failure, now: float) -> _Change | None:
    if node.state is not State.LAUNCHING:
        return None  # it joined, so an earlier order did arrive; or it is on its way out and has its reason
    reason = f"{failure.kind}: {failure.message}"
    if failure.kind.retry_helps:
        retry_at = now + max(failure.retry_after_s, RETRY_S)
        return note(node, "retry", now=now, reason=reason, cause="cloud: refused for now", retry_at=retry_at)
    return advance(
        node, Event.FAIL, now=now, reason=reason, cause="cloud: refused",
        wanted=False, certificate_serial="", retry_at=0.0,
    )  # fmt: skip


def _waits_for_scheduler(node: Node, now: float) -> bool:
    if node.state is State.JOINED:
        return node.configured
    leaving = node.state in (State.STOPPING, State.GONE)
    return leaving and 0 < now - node.since < TERMINATE_AGAIN_S


def _array(clusters: Mapping[str, Cluster], node: Node) -> NodeArray | None:
    """The node's array, unless its cluster was deleted or replaced by one without it."""
    cluster = clusters.get(node.cluster)
    return cluster.array_of(node.name) if cluster else None


def _homeless(node: Node, now: float) -> _Change:
    event = Event.VANISH if node.state is State.REQUESTED else Event.STOP
    reason = f"there is no array {node.array} in a cluster {node.cluster} any more"
    return advance(node, event, now=now, reason=reason, cause="cluster: deleted or replaced", wanted=False)


def _by_name(transaction: Transaction, names: Iterable[str]) -> dict[str, Node]:
    return {node.name: node for node in transaction.nodes(list(names))}


def _log_changes(changes: Sequence[_Change]) -> None:
    for node, event in changes[:50]:
        _log.info(event.event, node=node.name, state=node.state, reason=event.reason, cause=event.cause)
    if len(changes) > 50:
        _log.info("and more", nodes=len(changes) - 50)
