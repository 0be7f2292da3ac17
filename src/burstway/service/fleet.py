"""What may be asked of the control plane, whoever asks: operators, Slurm's programs.

Each request is one transaction: it is carried out as a whole or refused as a whole. None of them speaks to
the cloud; they change the plan (`wanted`), and the loop does the rest.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import structlog

from burstway.clock import Clock
from burstway.contracts import ClusterSource, Rental, Scheduler, Store, Transaction
from burstway.errors import ConflictError, InputError, SchedulerError, UnknownError
from burstway.lifecycle.states import Event, advance, allowed, note
from burstway.model.cluster import Cluster, locate
from burstway.model.names import MOST_NODES, expand_hostlist
from burstway.model.node import Node, NodeEvent, Origin, State

_NOT_UP_YET = (State.REQUESTED, State.LAUNCHING, State.BOOTING, State.JOINED)
_EXPECTED = (*_NOT_UP_YET, State.READY, State.DRAINING)
_log = structlog.get_logger("fleet")


@dataclass(frozen=True, slots=True)
class Imported:
    """`shared` are the partitions that other clusters have too, with the name of one of these."""

    cluster: Cluster
    replaced: bool
    shared: Mapping[str, str]


class Fleet:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        scheduler: Scheduler | None,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._scheduler = scheduler
        self._wake = wake

    # --- clusters ---

    def import_cluster(
        self, cluster: Cluster, source: ClusterSource, *, force: bool, dry_run: bool = False
    ) -> Imported:
        """Keeps the cluster. One that is there is replaced only with `force`, and while it has no nodes. A
        dry run is refused like the import itself, and keeps nothing."""
        with self._store.write() as transaction:
            others = transaction.clusters()
            known = next((other for other in others if other.name == cluster.name), None)
            if known and not force:
                raise ConflictError(
                    f"there is a cluster {cluster.name} already", remedy="replace it with --force"
                )
            if known:
                self._refuse_with_nodes(transaction, cluster.name)
            _refuse_same_names(cluster, [other for other in others if other is not known])
            if not dry_run:
                transaction.put_cluster(cluster, source)
        return Imported(cluster, known is not None, _shared_partitions(cluster, others))

    def delete_cluster(self, name: str) -> None:
        with self._store.write() as transaction:
            _cluster(transaction, name)
            self._refuse_with_nodes(transaction, name)
            transaction.delete_cluster(name)

    def clusters(self) -> tuple[Cluster, ...]:
        with self._store.read() as transaction:
            return transaction.clusters()

    def refuse_shared_partitions(self, cluster: Cluster) -> None:
        """Raises ConflictError when another cluster has a partition of the same name: slurmctld would not
        start with both."""
        for partition, other in _shared_partitions(cluster, self.clusters()).items():
            raise ConflictError(
                f"the clusters {cluster.name} and {other} both have a partition {partition}, "
                "and slurmctld does not start with two of one name",
                remedy="give one of them another name in its template: slurm.partition = …",
            )

    def cluster(self, name: str) -> tuple[Cluster, ClusterSource]:
        with self._store.read() as transaction:
            return _cluster(transaction, name), transaction.cluster_source(name)

    def _refuse_with_nodes(self, transaction: Transaction, name: str) -> None:
        nodes = [node for node in transaction.nodes() if node.cluster == name]
        live = [node.name for node in nodes if node.wanted or node.state is not State.GONE]
        if live:
            raise ConflictError(
                f"cluster {name} has {len(live)} nodes",
                remedy=f"give them back first: burstway node stop {live[0]} …",
            )

    # --- nodes ---

    def want(self, hostlist: str, *, origin: Origin, reason: str, cause: str) -> list[Node]:
        """These nodes are to be there. Those that are, or are coming, stay as they are. Raises ConflictError
        when an operator asks for one that is draining: it is on its way out, and its jobs decide when."""
        now = self._clock.now()
        with self._store.write() as transaction:
            places = locate(transaction.clusters(), hostlist)
            known = {node.name: node for node in transaction.nodes([name for _, _, name in places])}
            draining = [node.name for node in known.values() if node.state is State.DRAINING]
            if draining and origin is Origin.OPERATOR:
                raise ConflictError(
                    f"{draining[0]} is draining: it goes when its jobs have ended",
                    remedy=f"start it when it is gone; now: burstway node stop --force --wait {draining[0]}",
                )
            changes: list[tuple[Node, NodeEvent]] = []
            nodes: list[Node] = []
            for cluster, array, name in places:
                node = known.get(name) or Node(name, cluster.name, array.name)
                change = _wanted(node, origin, now, reason, cause)
                changes.extend(change)
                nodes.append(change[-1][0] if change else node)
            transaction.save(changes)
        if changes:
            self._wake()
        return nodes

    def unwant(self, hostlist: str, *, reason: str, cause: str) -> list[Node]:
        """These nodes are to be given back now. Those that are gone stay gone."""
        now = self._clock.now()
        with self._store.write() as transaction:
            nodes = self._existing(transaction, hostlist)
            changes = [
                note(node, "unwanted", now=now, reason=reason, cause=cause, wanted=False)
                for node in nodes
                if node.wanted
            ]
            transaction.save(changes)
        self._wake()
        after = {node.name: node for node, _ in changes}
        return [after.get(node.name, node) for node in nodes]

    def suspend(self, hostlist: str, *, cause: str) -> list[Node]:
        """Slurm has no more work for these nodes: they are to be given back now.

        One that an operator started, and that Slurm has not yet seen up, is not meant: Slurm suspends only
        what was up, so this is about the machine before, which may have been gone for long.
        """
        now = self._clock.now()
        with self._store.write() as transaction:
            nodes = self._existing(transaction, hostlist)
            changes = []
            for node in nodes:
                if node.wanted and node.origin is Origin.OPERATOR and node.state in _NOT_UP_YET:
                    reason = "Slurm means the machine before this one, which an operator asked for"
                    after, event = note(node, "not suspended", now=now, reason=reason, cause=cause)
                    changes.append((replace(after, reason=node.reason), event))
                elif node.wanted:
                    reason = "Slurm has no more work for it"
                    changes.append(note(node, "unwanted", now=now, reason=reason, cause=cause, wanted=False))
            transaction.save(changes)
        self._wake()
        changed = {node.name: node for node, _ in changes}
        return [changed.get(node.name, node) for node in nodes]

    def stop_now(self, hostlist: str, *, reason: str, cause: str) -> list[Node]:
        """As `unwant`, of nodes that the scheduler uses or waits for: it is told first, so that it requeues
        their jobs and sends no more. Should it not answer, the machines are given back all the same; the
        loop tells it while they go, and at the latest its ResumeTimeout or SlurmdTimeout does."""
        with self._store.read() as transaction:
            nodes = self._existing(transaction, hostlist)
        expected = [node.name for node in nodes if node.state in _EXPECTED]
        if self._scheduler is not None and expected:
            try:
                self._scheduler.fail(expected, reason)
            except SchedulerError as refused:
                _log.warning("the scheduler was not told of stopped nodes", error=str(refused))
        return self.unwant(hostlist, reason=reason, cause=cause)

    def drain(self, hostlist: str, *, reason: str, cause: str) -> list[Node]:
        """These nodes are to be given back when their jobs have ended. Without a scheduler that is now, as it
        is for nodes that are not ready: jobs that wait for those are requeued."""
        with self._store.read() as transaction:
            nodes = self._existing(transaction, hostlist)
        ready = [node for node in nodes if node.state is State.READY]
        if self._scheduler is None or not ready:
            return self.stop_now(hostlist, reason=reason, cause=cause)
        self._scheduler.drain([node.name for node in ready], reason)
        coming = [node.name for node in nodes if node.state in _EXPECTED and node not in ready]
        if coming:
            self._scheduler.fail(coming, reason)
        now = self._clock.now()
        with self._store.write() as transaction:
            current = transaction.nodes([node.name for node in nodes])
            changes = []
            for node in current:
                if allowed(node.state, Event.DRAIN):
                    changes.append(advance(node, Event.DRAIN, now=now, reason=reason, cause=cause))
                elif node.wanted and node.state is not State.DRAINING:
                    changes.append(note(node, "unwanted", now=now, reason=reason, cause=cause, wanted=False))
            transaction.save(changes)
        self._wake()
        after = {node.name: node for node, _ in changes}
        return [after.get(node.name, node) for node in current]

    def scheduler_failed(self, hostlist: str, *, cause: str) -> None:
        """Slurm has given these nodes up (ResumeTimeout): give back what there is of them."""
        now = self._clock.now()
        with self._store.write() as transaction:
            changes = []
            for node in self._existing(transaction, hostlist):
                reason = f"the scheduler gave it up; it was {node.state}: {node.reason}"
                if allowed(node.state, Event.FAIL):
                    changes.append(
                        advance(
                            node, Event.FAIL, now=now, reason=reason, cause=cause,
                            wanted=False, retry_at=0.0, certificate_serial="",
                        )
                    )  # fmt: skip
                elif node.wanted or not node.version:  # on record, so that the loop repairs it in Slurm
                    changes.append(note(node, "unwanted", now=now, reason=reason, cause=cause, wanted=False))
            transaction.save(changes)
        self._wake()

    def nodes(self, *, everything: bool = False) -> list[Node]:
        with self._store.read() as transaction:
            return transaction.nodes(live=not everything)

    def node(self, name: str) -> Node:
        with self._store.read() as transaction:
            return self._one(transaction, name)

    def story(self, name: str) -> tuple[Node, list[NodeEvent]]:
        with self._store.read() as transaction:
            return self._one(transaction, name), transaction.story(name)

    def events_after(self, number: int) -> list[tuple[int, NodeEvent]]:
        with self._store.read() as transaction:
            return transaction.events_after(number)

    def rentals(self) -> list[Rental]:
        with self._store.read() as transaction:
            return transaction.rentals()

    def _one(self, transaction: Transaction, name: str) -> Node:
        node, *others = self._existing(transaction, name)
        if others or node.name != name:
            raise InputError(f"{name!r} is not the name of one node", remedy=f"name one, as in {node.name}")
        return node

    def _existing(self, transaction: Transaction, hostlist: str) -> list[Node]:
        """The nodes of the hostlist that clusters have, as they are on record or as new."""
        names = expand_hostlist(hostlist)
        known = {node.name: node for node in transaction.nodes(names)}
        if len(known) < len(names):
            for cluster, array, name in locate(transaction.clusters(), hostlist):
                known.setdefault(name, Node(name, cluster.name, array.name))
        return [known[name] for name in names]


def _cluster(transaction: Transaction, name: str) -> Cluster:
    clusters = transaction.clusters()
    for cluster in clusters:
        if cluster.name == name:
            return cluster
    known = ", ".join(cluster.name for cluster in clusters) or "none, import one first"
    raise UnknownError(f"there is no cluster {name!r}", remedy=f"the clusters: {known}")


def _refuse_same_names(cluster: Cluster, others: list[Cluster]) -> None:
    """Two clusters must not describe a node of the same name, nor more nodes than Slurm can have."""
    prefixes = {f"{cluster.name}-{array.name}" for array in cluster.arrays}
    for other in others:
        for theirs in other.arrays:
            if f"{other.name}-{theirs.name}" in prefixes:
                raise ConflictError(f"cluster {other.name} has nodes called {other.hostlist(theirs)} too")
    total = sum(array.most_nodes for each in [cluster, *others] for array in each.arrays)
    if total > MOST_NODES:
        raise ConflictError(f"all clusters together would have {total:,} nodes, more than {MOST_NODES:,}")


def _shared_partitions(cluster: Cluster, clusters: Iterable[Cluster]) -> dict[str, str]:
    """Partitions of the cluster that another has too, each with the name of the first such cluster."""
    mine = {array.partition for array in cluster.arrays}
    shared: dict[str, str] = {}
    for other in clusters:
        if other.name != cluster.name:
            for partition in sorted(mine & {array.partition for array in other.arrays}):
                shared.setdefault(partition, other.name)
    return shared


def _wanted(node: Node, origin: Origin, now: float, reason: str, cause: str) -> list[tuple[Node, NodeEvent]]:
    if node.state is State.GONE:
        return [
            advance(
                node,
                Event.REQUEST,
                now=now,
                reason=reason,
                cause=cause,
                wanted=True,
                origin=origin,
                generation=node.generation + 1,
            )
        ]
    if origin is Origin.SLURM and node.state in (State.JOINED, State.READY, State.DRAINING):
        # Slurm has forgotten that it is up (slurmctld was killed before it had saved that), and believes no
        # registration of a slurmd that started before this request
        return [
            note(
                node, "register again", now=now, reason="Slurm asks again: slurmd is to register anew",
                cause=cause, wanted=True, registrations=node.registrations + 1,
            )
        ]  # fmt: skip
    if node.wanted and node.state not in (State.FAILED, State.STOPPING):
        if origin is node.origin or origin is Origin.OPERATOR:
            return []
        after, event = note(node, "wanted", now=now, reason=reason, cause=cause, origin=origin)
        return [(replace(after, reason=node.reason), event)]  # from now on it is Slurm's to give back
    after, event = note(node, "wanted", now=now, reason=reason, cause=cause, wanted=True, origin=origin)
    # a node on its way out keeps the reason for that; it is requested again when it is gone
    return [(replace(after, reason=node.reason), event)]
