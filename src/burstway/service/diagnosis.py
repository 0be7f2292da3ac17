"""Why a node does not become ready, or would not carry a job: found out by itself, before anybody asks.

Each node is looked at once when it is configured, and again when half of its boot time-out has passed without
it being ready. Its flows are proved in the network as it is, and tried with real packets as far as its agent
can be reached; the first that is blocked, with the rule that blocks it, goes on the node's record.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network

import structlog

from burstway.clock import Clock
from burstway.contracts import Store
from burstway.errors import BurstwayError
from burstway.flows.profiles import flow
from burstway.flows.rules import Place, Rule
from burstway.lifecycle.states import note
from burstway.model.node import Node, State
from burstway.network.flow_proofs import FlowProof, prove_rules
from burstway.service.probing import Probing
from burstway.service.site_network import site_rules
from burstway.service.site_view import SiteView
from burstway.settings import Settings

LATE = 0.5
"""The part of the boot time-out after which a node that is not ready is looked at again."""

LOOK_S = 1.0
MOST_AT_ONCE = 4
"""Looks that are under way: one waits for agents that may have gone, and must not hold up the others."""

_log = structlog.get_logger("diagnosis")


@dataclass(frozen=True, slots=True)
class Blocked:
    """A flow of a node that was tried and did not get through, in words: `filtered, as proved: …`."""

    flow: str
    said: str


Try = Callable[[Sequence[Node]], Mapping[str, Sequence[Blocked]]]
"""Tries the flows of these nodes with real packets; what is blocked, by node. Nodes that could not be asked
are left out."""


def due(nodes: Iterable[Node], now: float, boot_timeout_s: float) -> list[Node]:
    """The nodes to look at now."""
    return [node for node in nodes if _fresh(node) or _late(node, now, boot_timeout_s)]


def _fresh(node: Node) -> bool:
    return node.configured and not node.explained_at and node.state in (State.JOINED, State.READY)


def _late(node: Node, now: float, boot_timeout_s: float) -> bool:
    coming = node.state in (State.LAUNCHING, State.BOOTING, State.JOINED)
    half = node.launched_at + LATE * boot_timeout_s
    return coming and node.launched_at > 0 and now >= half > node.explained_at


def rules_of(rules: Iterable[Rule], address: str) -> list[Rule]:
    """The rules as they concern one machine: it alone on the one end, everybody on the other."""
    own: tuple[Place, ...] = (IPv4Network(address),)
    found: list[Rule] = []
    for rule in rules:
        if _holds(rule.sources, own[0]):
            found.append(replace(rule, sources=own))
        if _holds(rule.targets, own[0]):
            found.append(replace(rule, targets=own))
    return found


def _holds(places: Iterable[Place], own: Place) -> bool:
    return any(
        isinstance(place, IPv4Network) and isinstance(own, IPv4Network) and own.subnet_of(place)
        for place in places
    )


def trouble(blocked: Sequence[Blocked], proofs: Sequence[FlowProof]) -> str:
    """What is wrong, in a sentence: the first flow, in the table's order, that was tried in vain or cannot
    get through by the proof. "" when there is nothing."""
    tried = {each.flow: each.said for each in blocked}
    for proof in proofs:
        name = proof.rule.name
        if name in tried:
            return f"{_called(proof.rule)} is {tried[name]}"
        if proof.passes is False:
            gap = next(gap for gap in proof.gaps if gap.certain)
            return f"{_called(proof.rule)} cannot get through: {gap}; what to do: {gap.remedy}"
    return ""


def silence(node: Node) -> str:
    """What is to be said of a node that is late though nothing is known to be in its way."""
    if node.state is State.JOINED:
        return ""
    return (
        "nothing has been heard of it, and every flow it needs is proved open: the machine may not have "
        "booted, or its image has no Python 3 or openssl; look at its console"
    )


def _called(rule: Rule) -> str:
    row = flow(rule.name)
    return f"flow {rule.name} ({row.source.value} → {row.target.value}, {rule.service})"


def blocked_by(probing: Probing) -> Try:
    """Probes as the way to try flows."""

    def try_flows(nodes: Sequence[Node]) -> dict[str, list[Blocked]]:
        blocked: dict[str, list[Blocked]] = {node.name: [] for node in nodes}
        if not nodes:
            return blocked
        for result in probing.run_for([node.name for node in nodes]):
            for end in (result.probe.source.name, result.probe.target.name):
                if end in blocked and result.blocked:
                    blocked[end].append(Blocked(result.probe.flow.name, result.sentence))
        return blocked

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
        """One look, in a thread of its own, at all that are due and not being looked at."""
        with self._lock:
            busy = {name for names in self._under_way for name in names}
            if len(self._under_way) >= MOST_AT_ONCE:
                return []
            with self._store.read() as transaction:
                nodes = transaction.nodes(live=True)
            now, limit = self._clock.now(), self._settings.limits.boot_timeout_s
            asked = [node for node in due(nodes, now, limit) if node.name not in busy]
            if not asked:
                return []
            names = {node.name for node in asked}
            self._under_way.append(names)
        thread = threading.Thread(target=self._examine, args=(asked, names), name="examine", daemon=True)
        thread.start()
        return [thread]

    def _examine(self, asked: Sequence[Node], names: set[str]) -> None:
        try:
            blocked = self._try([node for node in asked if node.certificate_serial])
            found = {node.name: self._trouble(node, blocked.get(node.name, ())) for node in asked}
            self._record(asked, found)
        except BurstwayError as failed:
            _log.error("nodes were not looked at; next try soon", error=str(failed))
        except Exception:  # noqa: BLE001  a thread's boundary: the next look begins anew
            _log.exception("nodes were not looked at, by a defect of Burstway")
        finally:
            with self._lock:
                self._under_way.remove(names)

    def _trouble(self, node: Node, blocked: Sequence[Blocked]) -> str:
        proofs = self.proofs(node)
        proved = bool(proofs) and all(proof.passes for proof in proofs)
        return trouble(blocked, proofs) or (silence(node) if proved and not node.configured else "")

    def proofs(self, node: Node) -> list[FlowProof]:
        """The node's flows in the network as it is; none when that cannot be known."""
        prover = self._view.prover()
        rules = site_rules(self._settings)
        if prover is None:
            return []
        return prove_rules(prover, rules_of(rules, node.address) if node.address else rules)

    def _record(self, asked: Sequence[Node], found: Mapping[str, str]) -> None:
        now = self._clock.now()
        with self._store.write() as transaction:
            current = {node.name: node for node in transaction.nodes([node.name for node in asked])}
            changes = []
            for before in asked:
                node = current.get(before.name)
                if node is None or node.generation != before.generation or node.state is State.GONE:
                    continue
                said = found[node.name]
                after, event = note(
                    node, "network", now=now, reason=node.reason, cause="diagnosis: proof and probes",
                    trouble=said, explained_at=now,
                )  # fmt: skip
                changes.append(
                    (
                        after,
                        replace(
                            event, reason=said or "no flow of it is blocked, as far as proof and probes tell"
                        ),
                    )
                )
            transaction.save(changes)
        for node, event in changes:
            if node.trouble:
                _log.warning("a node's network", node=node.name, trouble=event.reason)
        self._changed()
