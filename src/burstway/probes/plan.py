"""Which connections to try: flows and machines in, probes out.

A flow is tried from every machine of its source's role to every one of its target's. Where both are the same
role, as from node to node, each tries the next one only: a ring of n instead of n². Of a range of ports a few
are tried, always the same ones.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from burstway.flows.table import Flow, Mode, Ports, Protocol, Role

SAMPLES = 5
TRIED = (Protocol.TCP, Protocol.UDP)


class Runs(StrEnum):
    """Who carries out a machine's part."""

    LOCAL = "local"  # the control plane itself, on its own host
    AGENT = "agent"  # the node's agent
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Machine:
    """`absent` goes on after its name, and says why nobody runs its part: "is booting". `life` tells a node
    from an earlier one of the same name."""

    name: str
    address: str
    roles: frozenset[Role]
    runs: Runs
    absent: str = ""
    life: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """One connection to try."""

    flow: Flow
    source: Machine
    target: Machine
    port: int

    @property
    def service(self) -> str:
        return f"{self.flow.protocol} {self.port}"

    def __str__(self) -> str:
        return f"{self.flow.name}: {self.source.name} → {self.target.name} {self.service}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A flow for which there is nothing to try, and why."""

    flow: Flow
    why: str


def plan(
    flows: Iterable[Flow],
    machines: Sequence[Machine],
    *,
    mode: Mode = Mode.SIMPLIFIED,
    about: Collection[str] = (),
) -> list[Probe]:
    """The probes, in the order of the flows. With `about` only those that begin or end at one of these
    machines."""
    return [
        Probe(flow, source, target, port)
        for flow in flows
        if _concerns(flow, mode) and flow.protocol in TRIED and flow.ports
        for source, target in _pairs(flow, machines)
        if not about or source.name in about or target.name in about
        for port in samples(flow.ports)
    ]


def left_out(
    flows: Iterable[Flow],
    machines: Sequence[Machine],
    *,
    mode: Mode = Mode.SIMPLIFIED,
    absent: Mapping[Role, str] | None = None,
) -> list[LeftOut]:
    """The flows of this mode that `plan` finds nothing to try for; `absent` says why a role is nowhere."""
    found = []
    for flow in flows:
        if _concerns(flow, mode) and (why := _why_not(flow, machines, absent or {})):
            found.append(LeftOut(flow, why))
    return found


def samples(ports: Ports) -> list[int]:
    """The first, the last and some between."""
    steps = min(SAMPLES, len(ports)) - 1
    if not steps:
        return [ports.first]
    return [ports.first + (len(ports) - 1) * step // steps for step in range(steps + 1)]


def _concerns(flow: Flow, mode: Mode) -> bool:
    return flow.opened and flow.mode in (None, mode)


def _pairs(flow: Flow, machines: Sequence[Machine]) -> Iterator[tuple[Machine, Machine]]:
    """What stays on one machine crosses no network, and is left out."""
    sources = [machine for machine in machines if flow.source in machine.roles]
    targets = [machine for machine in machines if flow.target in machine.roles]
    if flow.source is flow.target:
        pairs = list(zip(sources, [*sources[1:], *sources[:1]], strict=True))
    else:
        pairs = [(source, target) for source in sources for target in targets]
    for source, target in pairs:
        if source.name != target.name and (source.address != target.address or not source.address):
            yield source, target


def _why_not(flow: Flow, machines: Sequence[Machine], absent: Mapping[Role, str]) -> str:
    if flow.protocol not in TRIED:
        return f"{flow.protocol} has no ports; only tcp and udp are tried"
    for role in (flow.source, flow.target):
        if not any(role in machine.roles for machine in machines):
            return absent.get(role, f"no machine here is {role}")
    if any(True for _ in _pairs(flow, machines)):
        return ""
    (name, *_) = [machine.name for machine in machines if flow.source in machine.roles]
    if flow.source is flow.target:
        return f"it takes two machines, and only {name} is a {flow.source} here"
    return f"it stays on {name}, which is both {flow.source} and {flow.target}"
