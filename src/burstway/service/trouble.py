"""What is wrong with a node's network, in words; and which nodes to look at. Values in, values out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network

from burstway.flows.profiles import flow
from burstway.flows.rules import Place, Rule
from burstway.flows.table import Role
from burstway.model.node import Node, State
from burstway.network.flow_proofs import FlowProof
from burstway.probes.plan import Runs
from burstway.probes.report import Result

LATE = 0.5
"""The part of the boot time-out after which a node that is not ready is looked at again."""

AGAIN_S = 60.0
"""So long after trouble was found it is looked for again, as it may have been mended."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A flow of a node that was tried and did not get through: between whom, and `filtered, as proved: …`."""

    flow: str
    between: str
    said: str


def due(nodes: Iterable[Node], now: float, boot_timeout_s: float) -> list[Node]:
    """The nodes to look at now."""
    return [
        node for node in nodes if _fresh(node) or _late(node, now, boot_timeout_s) or _troubled(node, now)
    ]


def _fresh(node: Node) -> bool:
    return node.configured and not node.explained_at and node.state in (State.JOINED, State.READY)


def _late(node: Node, now: float, boot_timeout_s: float) -> bool:
    coming = node.state in (State.LAUNCHING, State.BOOTING, State.JOINED)
    half = node.launched_at + LATE * boot_timeout_s
    return coming and node.launched_at > 0 and now >= half > node.explained_at


def _troubled(node: Node, now: float) -> bool:
    return bool(node.trouble) and node.state is State.READY and now - node.explained_at >= AGAIN_S


def rules_of(rules: Iterable[Rule], address: str) -> list[Rule]:
    """The rules as they concern one machine: it alone on the one end, everybody on the other. Of a machine
    without an address yet, those of any node."""
    rules = list(rules)
    if not address:
        return [rule for rule in rules if Role.NODE in (flow(rule.name).source, flow(rule.name).target)]
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


def blocked_of(results: Iterable[Result], names: Iterable[str]) -> dict[str, list[Blocked]]:
    """What is blocked, by node. A node is told by what it tried itself and by what the control plane tried,
    and never by another node's word alone."""
    blocked: dict[str, list[Blocked]] = {name: [] for name in names}
    for result in results:
        probe = result.probe
        about = [probe.source.name, *([probe.target.name] if probe.source.runs is Runs.LOCAL else [])]
        for name in about:
            if name in blocked and result.blocked:
                between = f"{probe.source.name} → {probe.target.name}"
                blocked[name].append(Blocked(probe.flow.name, between, result.sentence))
    return blocked


def trouble(blocked: Sequence[Blocked], proofs: Sequence[FlowProof]) -> str:
    """What is wrong, in a sentence: the first flow, in the table's order, that was tried in vain or cannot
    get through by the proof. "" when there is nothing. What was tried counts without any proof, too."""
    tried: dict[str, Blocked] = {}
    for each in blocked:
        tried.setdefault(each.flow, each)
    proved: Mapping[str, FlowProof] = {
        proof.rule.name: proof for proof in reversed(proofs) if proof.passes is False
    }
    for name in dict.fromkeys((*(proof.rule.name for proof in proofs), *tried)):
        if name in tried:
            return f"{_called(name)}, {tried[name].between}, is {tried[name].said}"
        if name in proved:
            gap = next(gap for gap in proved[name].gaps if gap.certain)
            return f"{_called(name)} cannot get through: {gap}; what to do: {gap.remedy}"
    return ""


def silence(node: Node) -> str:
    """What is to be said of a node that is late though nothing is known to be in its way."""
    if node.state is State.JOINED:
        return ""
    return (
        "nothing has been heard of it, and nothing is known to be in its way: the machine may not have "
        "booted, or its image has no Python 3 or openssl; look at its console"
    )


def _called(name: str) -> str:
    row = flow(name)
    return f"flow {name} ({row.source.value} → {row.target.value}, {row.service})"
