"""Whether packets get through a network, hop by hop, and if not, what stops them and what would mend it.

A proof is exact for all packets that were asked about, and is about a new connection: its first packet, a
way back for what answers it, and, where a filter does not keep state by itself, that filter's rules for
answers. It is a statement about the network as it was given; a live probe tells whether that is the network
there is.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from burstway.network.filters import Decision, Filter, restricted
from burstway.network.model import Network
from burstway.network.paths import Paths
from burstway.network.segments import Segment, segments
from burstway.network.space import Intervals, Packets, intersection, size
from burstway.network.stations import End, Path, Station

MOST_KEPT = 20_000
"""Decisions remembered: a cluster of 50 subnets has some thousands."""

MOST_NAMED = 5
"""Rules named at one hop; more are counted."""


@dataclass(frozen=True, slots=True)
class Step:
    """A hop that lets packets on, and by what; `filtered` when a rule of a filter decided so."""

    where: str
    by: str
    filtered: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Where `packets` stop and by what. `certain` is False where the model cannot tell whether they do."""

    where: str
    by: str
    packets: Packets
    remedy: str
    certain: bool = True

    def __str__(self) -> str:
        return f"{self.by} ({self.where})" if self.by else self.where


@dataclass(frozen=True, slots=True)
class Proof:
    """Of all packets between two segments: those that get through, the steps they take, and every gap."""

    source: str
    target: str
    packets: Packets
    open: tuple[Packets, ...]
    steps: tuple[Step, ...]
    gaps: tuple[Gap, ...]

    @property
    def passes(self) -> bool | None:
        """True when all get through, False when some certainly do not, None when it is not known."""
        if not self.gaps:
            return True
        return False if any(gap.certain for gap in self.gaps) else None


@dataclass
class _Walk:
    """What happened to the packets so far."""

    here: list[Packets]
    steps: list[Step] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


class Prover:
    """Proofs about one network. Ways and decisions are kept, so that a thousand proofs cost little more than
    one: ask one prover for all. Safe from any thread; one proof is made at a time."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.segments = segments(network)
        self._paths = Paths(network)
        self._decided: dict[tuple[Filter, Packets], Sequence[Decision]] = {}
        self._lock = threading.Lock()

    def prove(self, packets: Packets) -> Iterator[Proof]:
        """A proof for each pair of segments that these packets are between."""
        sources = self._among(packets.sources)
        targets = self._among(packets.targets)
        for source, from_ in sources:
            for target, to in targets:
                part = Packets(packets.protocol, from_, to, packets.target_ports, packets.source_ports)
                with self._lock:
                    proof = self._between(source, target, part, packets)
                yield proof

    def _among(self, addresses: Intervals) -> list[tuple[Segment, Intervals]]:
        found = [(segment, intersection(segment.addresses, addresses)) for segment in self.segments]
        return [(segment, part) for segment, part in found if part]

    def _between(self, source: Segment, target: Segment, part: Packets, whole: Packets) -> Proof:
        steps: dict[Step, None] = {}
        gaps: list[Gap] = []
        through: list[Packets] = []
        for path in self._paths.between(source, target):
            mine = Packets(
                part.protocol,
                intersection(part.sources, path.sources),
                intersection(part.targets, path.targets),
                part.target_ports,
                part.source_ports,
            )
            if mine:
                walk = self._walk(path, mine, whole)
                steps.update(dict.fromkeys(walk.steps))
                gaps += walk.gaps
                through += walk.here
        return Proof(source.name, target.name, part, tuple(through), tuple(steps), tuple(gaps))

    def _walk(self, path: Path, packets: Packets, whole: Packets) -> _Walk:
        walk = _Walk([packets])
        for station in path.stations:
            if station.filter is not None:
                self._filtered(walk, station, station.filter, _seen(station, packets, whole))
            elif station.passed:
                walk.steps.append(Step(station.where, station.said))
            else:
                certain = station.passed is False
                walk.gaps += [
                    Gap(station.where, station.said, each, station.remedy, certain) for each in walk.here
                ]
                walk.here = [] if certain else walk.here
            if not walk.here:
                break
        return walk

    def _filtered(self, walk: _Walk, station: Station, by: Filter, seen: Packets) -> None:
        wide = self._wide(by, seen)
        decisions = [d for each in walk.here for d in restricted(wide, each)]
        walk.here = [decision.packets for decision in decisions if decision.passed is not False]
        walk.gaps += [
            Gap(station.where, d.by, d.packets, d.remedy, certain=d.passed is False)
            for d in decisions
            if not d.passed
        ]
        if passed := [decision.by for decision in decisions if decision.passed]:
            walk.steps.append(Step(station.where, _named(passed), filtered=True))

    def _wide(self, by: Filter, seen: Packets) -> Sequence[Decision]:
        """The filter's decisions on all that it sees, made once: pairs of segments share them. One packet
        is asked about once."""
        key = (by, seen)
        if key not in self._decided:
            if size(seen.sources) == size(seen.targets) == 1 or len(self._decided) >= MOST_KEPT:
                return by.decide(seen)
            self._decided[key] = by.decide(seen)
        return self._decided[key]


def _seen(station: Station, packets: Packets, whole: Packets) -> Packets:
    """Of all that was asked about, what this station sees at most, whatever the pair of segments."""
    if station.end is End.SOURCE:
        return replace(whole, sources=packets.sources)
    if station.end is End.TARGET:
        return replace(whole, targets=packets.targets)
    return whole


def _named(rules: Iterable[str]) -> str:
    names = list(dict.fromkeys(rules))
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
