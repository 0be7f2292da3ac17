"""What is open and no flow needs it, worst first.

For each pair of segments one of which is in the cloud, everything that gets through is worked out, all ports
of TCP and UDP; what flows need is taken away; the rest is a finding.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from burstway.flows.rules import Rule
from burstway.flows.table import Flow
from burstway.network.flow_proofs import packets_of, ports_space
from burstway.network.model import GATEWAY_SUBNET
from burstway.network.prove import Proof, Prover
from burstway.network.segments import Segment
from burstway.network.space import (
    ALL_PORTS,
    Packets,
    merged,
    overlap,
    subtract_all,
    text_of_addresses,
    text_of_ports,
)
from burstway.network.stations import Stations

PROTOCOLS = ("tcp", "udp")


class Danger(IntEnum):
    """Why a finding matters; the lowest is the worst."""

    INTERNET_MANAGEMENT = 0
    INTERNET = 1
    MANAGEMENT = 2
    ANY_PORT = 3
    IN_WAITING = 4
    MORE_THAN_NEEDED = 5

    @property
    def text(self) -> str:
        return {
            0: "management port open to the Internet",
            1: "open to the Internet",
            2: "management port open",
            3: "every port open",
            4: "open to the Internet as soon as a machine there gets a public address",
            5: "more than any flow needs",
        }[self.value]


@dataclass(frozen=True, slots=True)
class Finding:
    """`packets` get through and no flow needs them; `by` is what lets them through at each hop."""

    danger: Danger
    source: str
    target: str
    packets: tuple[Packets, ...]
    by: tuple[str, ...]

    @property
    def service(self) -> str:
        protocols = dict.fromkeys(each.protocol for each in self.packets)
        ports = merged(pair for each in self.packets for pair in each.target_ports)
        return f"{' and '.join(protocols)} {'any port' if ports == ALL_PORTS else text_of_ports(ports)}"

    @property
    def addresses(self) -> str:
        """From where to where, in the first few ranges."""
        sources = merged(pair for each in self.packets for pair in each.sources)
        targets = merged(pair for each in self.packets for pair in each.targets)
        whence = self.source if "Internet" in self.source else text_of_addresses(sources)
        whither = self.target if "Internet" in self.target else text_of_addresses(targets)
        return f"{whence} → {whither}"


def audit(prover: Prover, needed: Iterable[Rule], management: Sequence[Flow]) -> list[Finding]:
    """The findings. `management` are the flows whose ports are for administrators (SSH, RDP)."""
    rules = list(needed)
    wanted = [packets_of(rule, prover.network) for rule in rules]
    found = [
        finding
        for protocol in PROTOCOLS
        for finding in _open(
            prover, protocol, [each for each in wanted if each.protocol == protocol], management
        )
    ]
    found += [
        finding
        for protocol in PROTOCOLS
        for finding in _in_waiting(prover, protocol, [each for each in wanted if each.protocol == protocol])
    ]
    return sorted(_joined(found), key=lambda finding: (finding.danger, finding.source, finding.target))


def _joined(found: Iterable[Finding]) -> Iterator[Finding]:
    """One finding of two that differ in the protocol only."""
    alike: dict[tuple[object, ...], list[Finding]] = {}
    for each in found:
        ports = tuple(sorted({packets.target_ports for packets in each.packets}))
        alike.setdefault((each.danger, each.source, each.target, each.by, ports), []).append(each)
    for group in alike.values():
        yield replace(group[0], packets=tuple(packets for each in group for packets in each.packets))


def _open(
    prover: Prover, protocol: str, wanted: Sequence[Packets], management: Sequence[Flow]
) -> Iterator[Finding]:
    everything = merged(pair for segment in prover.segments for pair in segment.addresses)
    kinds = {segment.name: segment for segment in prover.segments}
    for proof in prover.prove(Packets(protocol, everything, everything)):
        source, target = kinds[proof.source], kinds[proof.target]
        if not _concerns(source, target):
            continue
        if rest := subtract_all(proof.open, wanted):
            danger = _danger(source, rest, management)
            yield Finding(danger, proof.source, proof.target, tuple(rest), _by(proof))


def _in_waiting(prover: Prover, protocol: str, wanted: Sequence[Packets]) -> Iterator[Finding]:
    """What only the lack of a public address keeps closed: a rule that is wrong today and open tomorrow."""
    stations = Stations(prover.network)
    internet = next(segment for segment in prover.segments if segment.internet)
    for target in prover.segments:
        if target.subnet is None or target.public or _of_gateway(target):
            continue
        here, by = [Packets(protocol, internet.addresses, target.addresses)], []
        for station in stations.arriving(target, ()):
            if station.filter is None:  # attached, and its rules are not known
                by.append(f"{station.where}: {station.said}")
                continue
            passed = [d for each in here for d in station.filter.decide(each) if d.passed is not False]
            here = [decision.packets for decision in passed]
            by += [f"{station.where}: {decision.by}" for decision in passed]
        if rest := subtract_all(here, wanted):
            said = tuple(dict.fromkeys(by)) or ("no filter stands before it",)
            yield Finding(Danger.IN_WAITING, internet.name, target.name, tuple(rest), said)


def _concerns(source: Segment, target: Segment) -> bool:
    """What leaves the cloud for the Internet is asked about too: data goes that way. Azure's host is not: it
    is always open to its own machines. In a gateway's subnet there are none."""
    apart = any(segment.platform or _of_gateway(segment) for segment in (source, target))
    return bool(source.vnet or target.vnet) and not apart


def _of_gateway(segment: Segment) -> bool:
    return segment.subnet is not None and segment.subnet.name == GATEWAY_SUBNET


def _danger(source: Segment, rest: Sequence[Packets], management: Sequence[Flow]) -> Danger:
    ports = merged(pair for each in rest for pair in each.target_ports)
    manages = any(
        flow.protocol == rest[0].protocol and overlap(ports_space(flow.ports), ports) for flow in management
    )
    if source.internet:
        return Danger.INTERNET_MANAGEMENT if manages else Danger.INTERNET
    if ports == ALL_PORTS:
        return Danger.ANY_PORT
    return Danger.MANAGEMENT if manages else Danger.MORE_THAN_NEEDED


def _by(proof: Proof) -> tuple[str, ...]:
    return tuple(f"{step.where}: {step.by}" for step in proof.steps if step.by)
