"""Why a node does not become ready, or would not carry a job: found out by itself, before anybody asks.

Each node is looked at once when it is configured, again when half of its boot time-out has passed without it
being ready, and every minute while something is wrong. Its flows are proved in the network as it is, and
tried with real packets as far as its agent can be reached; the first that is blocked, with the rule that
blocks it, goes on its record.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import structlog

from burstway.clock import Clock
from burstway.contracts import Store
from burstway.errors import BurstwayError
from burstway.lifecycle.states import note
from burstway.model.node import Node, State
from burstway.network.flow_proofs import FlowProof, prove_rules
from burstway.service.probing import Probing
from burstway.service.site_network import site_rules
from burstway.service.site_view import SiteView
from burstway.service.trouble import Blocked, blocked_of, due, rules_of, silence, trouble
from burstway.settings import Settings

LOOK_S = 1.0
MOST_AT_ONCE = 4
"""Looks that are under way: one waits for agents that may have gone, and must not hold up the others."""

MOST_NODES = 50
"""Nodes of one look: a burst of thousands is looked at piece by piece."""

RETRY_S = 30.0
"""So long after a look that failed its nodes are left alone."""

NOT_KNOWN = (
    "it could neither be proved nor tried: the network as it is cannot be read, or its agent not reached"
)
FINE = "no flow of it is blocked, as far as proof and probes tell"

_log = structlog.get_logger("diagnosis")

Try = Callable[[Sequence[Node]], Mapping[str, Sequence[Blocked]]]
"""Tries the flows of these nodes with real packets; what is blocked, by node. Nodes that could not be asked
are left out."""


def blocked_by(probing: Probing) -> Try:
    """Probes as the way to try flows."""

    def try_flows(nodes: Sequence[Node]) -> dict[str, list[Blocked]]:
        names = [node.name for node in nodes]
        return blocked_of(probing.run_for(names), names) if names else {}

    return try_flows


class Diagnosis:
    def __init__(
        self, *, settings: Settings, store: Store, clock: Clock, view: SiteView, try_flows: Try,
        changed: Callable[[], None],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._store = store
        self._clock = clock
        self._view = view
        self._try = try_flows
        self._changed = changed
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._under_way: list[set[str]] = []
        self._not_before: dict[str, float] = {}
        self.thread = threading.Thread(target=self._run, name="diagnosis", daemon=True)

    def stop(self) -> None:
        self._ending.set()

    def _run(self) -> None:
        while not self._ending.wait(LOOK_S):
            try:
                self._begin()
            except BurstwayError as failed:
                _log.error("nodes were not looked at; next try soon", error=str(failed))
            except Exception:  # noqa: BLE001  the thread outlives any defect, and says so
                _log.exception("nodes were not looked at, by a defect of Burstway")

    def look(self) -> None:
        """Looks at the nodes that are due and puts on record what is found; returns when that is done."""
        for thread in self._begin():
            thread.join()

    def _begin(self) -> list[threading.Thread]:
        """Looks, each in a thread of its own, at the nodes that are due and not being looked at."""
        threads = []
        with self._lock:
            asked = self._due()
            while asked and len(self._under_way) < MOST_AT_ONCE:
                those, asked = asked[:MOST_NODES], asked[MOST_NODES:]
                names = {node.name for node in those}
                thread = threading.Thread(
                    target=self._examine, args=(those, names), name="examine", daemon=True
                )
                thread.start()
                self._under_way.append(names)
                threads.append(thread)
        return threads

    def _due(self) -> list[Node]:
        if len(self._under_way) >= MOST_AT_ONCE:
            return []
        with self._store.read() as transaction:
            nodes = transaction.nodes(live=True)
        now = self._clock.now()
        busy = {name for names in self._under_way for name in names}
        self._not_before = {name: when for name, when in self._not_before.items() if when > now}
        left_alone = busy | self._not_before.keys()
        found = due(nodes, now, self._settings.limits.boot_timeout_s)
        return [node for node in found if node.name not in left_alone]

    def _examine(self, asked: Sequence[Node], names: set[str]) -> None:
        try:
            blocked = self._tried(asked)
            self._record(asked, {node.name: self._found(node, blocked) for node in asked})
        except Exception as failed:  # noqa: BLE001  a thread's boundary: it is said, and tried again later
            if not self._ending.is_set():  # the store may be closed by then
                _log.exception("nodes were not looked at", nodes=len(names), error=str(failed))
            with self._lock:
                self._not_before.update(dict.fromkeys(names, self._clock.now() + RETRY_S))
        finally:
            with self._lock:
                self._under_way.remove(names)

    def _tried(self, asked: Sequence[Node]) -> Mapping[str, Sequence[Blocked]]:
        """Nothing, where it could not be tried: a proof says something without it."""
        try:
            return self._try([node for node in asked if node.certificate_serial])
        except BurstwayError as failed:
            _log.error("nodes' flows could not be tried", nodes=len(asked), error=str(failed))
            return {}

    def _found(self, node: Node, blocked: Mapping[str, Sequence[Blocked]]) -> tuple[str, str]:
        """The node's trouble, and the line for its story."""
        proofs = self.proofs(node)
        said = trouble(blocked.get(node.name, ()), proofs)
        if not said and proofs and not node.configured:
            said = silence(node)
        return said, said or (FINE if proofs or node.name in blocked else NOT_KNOWN)

    def proofs(self, node: Node) -> list[FlowProof]:
        """The node's flows in the network as it is; none when that cannot be known."""
        prover = self._view.prover()
        if prover is None:
            return []
        return prove_rules(prover, rules_of(site_rules(self._settings), node.address))

    def _record(self, asked: Sequence[Node], found: Mapping[str, tuple[str, str]]) -> None:
        now = self._clock.now()
        with self._store.write() as transaction:
            current = {node.name: node for node in transaction.nodes([node.name for node in asked])}
            changes = []
            for before in asked:
                node = current.get(before.name)
                if node is None or node.generation != before.generation or node.state is State.GONE:
                    continue
                said, line = found[node.name]
                after, event = note(
                    node, "network", now=now, reason=node.reason, cause="diagnosis: proof and probes",
                    trouble=said, explained_at=now,
                )  # fmt: skip
                changes.append((after, replace(event, reason=line)))
            transaction.save(changes)
        for node, event in changes:
            if node.trouble:
                _log.warning("a node's network", node=node.name, trouble=event.reason)
        self._changed()
