"""Sets of packets.

A packet is five numbers: protocol, and address and port of its source and its target. A `Packets` is a
product of sets, one for each of these, and each set is a tuple of inclusive intervals, sorted, disjoint and
not touching. A rule of a firewall is such a product; so is what a flow needs. Whether a list of rules lets a
flow through is then exact for all its packets at once, however many addresses it has: see `filters.py`.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, summarize_address_range

Intervals = tuple[tuple[int, int], ...]

NOTHING: Intervals = ()
ALL_ADDRESSES: Intervals = ((0, 2**32 - 1),)
ALL_PORTS: Intervals = ((0, 65_535),)

WITH_PORTS = frozenset({"tcp", "udp", "sctp", "dccp", "udplite"})


def merged(pairs: Iterable[tuple[int, int]]) -> Intervals:
    """The union of any intervals, in the form above."""
    made: list[tuple[int, int]] = []
    for first, last in sorted(pairs):
        if made and first <= made[-1][1] + 1:
            if last > made[-1][1]:
                made[-1] = (made[-1][0], last)
        else:
            made.append((first, last))
    return tuple(made)


def intersection(a: Intervals, b: Intervals) -> Intervals:
    if a is b:
        return a
    if not overlap(a, b):
        return NOTHING
    made: list[tuple[int, int]] = []
    i, j = _before(a, b[0][0]), _before(b, a[0][0])
    while i < len(a) and j < len(b):
        first, last = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if first <= last:
            made.append((first, last))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(made)


def difference(a: Intervals, b: Intervals) -> Intervals:
    """What is in `a` and not in `b`."""
    made: list[tuple[int, int]] = []
    j = 0
    for first, last in a:
        while j < len(b) and b[j][1] < first:
            j += 1
        k = j
        while k < len(b) and b[k][0] <= last:
            if b[k][0] > first:
                made.append((first, b[k][0] - 1))
            first = b[k][1] + 1
            k += 1
        if first <= last:
            made.append((first, last))
    return tuple(made)


def overlap(a: Intervals, b: Intervals) -> bool:
    if not a or not b or a[-1][1] < b[0][0] or b[-1][1] < a[0][0]:
        return False
    i, j = _before(a, b[0][0]), _before(b, a[0][0])
    while i < len(a) and j < len(b):
        if a[i][1] < b[j][0]:
            i += 1
        elif b[j][1] < a[i][0]:
            j += 1
        else:
            return True
    return False


def _before(a: Intervals, number: int) -> int:
    """How many of the first intervals can be left out, as they end before this number: all but one or two."""
    return max(bisect_left(a, (number, 0)) - 1, 0) if len(a) > 2 else 0


def covers(a: Intervals, b: Intervals) -> bool:
    """Whether all of `b` is in `a`."""
    return not difference(b, a)


def size(a: Intervals) -> int:
    return sum(last - first + 1 for first, last in a)


def of_networks(networks: Iterable[IPv4Network]) -> Intervals:
    return merged((int(n.network_address), int(n.broadcast_address)) for n in networks)


def of_address(address: IPv4Address) -> Intervals:
    return ((int(address), int(address)),)


def to_networks(intervals: Intervals) -> list[IPv4Network]:
    return [
        network
        for first, last in intervals
        for network in summarize_address_range(IPv4Address(first), IPv4Address(last))
    ]


def text_of_addresses(intervals: Intervals, most: int = 3) -> str:
    """As people write them, the first few."""
    if intervals == ALL_ADDRESSES:
        return "any address"
    networks = to_networks(intervals)
    shown = [str(n.network_address) if n.prefixlen == 32 else str(n) for n in networks[:most]]
    return ", ".join(shown) + (f" and {len(networks) - most} more" if len(networks) > most else "")


def text_of_ports(intervals: Intervals) -> str:
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in intervals)


@dataclass(frozen=True, slots=True)
class Packets:
    """`protocol` is tcp, udp, esp, icmp …, one for all. Protocols without ports have all of them."""

    protocol: str
    sources: Intervals
    targets: Intervals
    target_ports: Intervals = ALL_PORTS
    source_ports: Intervals = ALL_PORTS

    def __bool__(self) -> bool:
        return bool(self.sources and self.targets and self.target_ports and self.source_ports)

    def and_(self, other: "Packets") -> "Packets":
        assert self.protocol == other.protocol
        return Packets(
            self.protocol,
            intersection(self.sources, other.sources),
            intersection(self.targets, other.targets),
            intersection(self.target_ports, other.target_ports),
            intersection(self.source_ports, other.source_ports),
        )

    def without(self, other: "Packets") -> list["Packets"]:
        """What is left, as disjoint products: at most one for each of the four sets."""
        common = self.and_(other)
        if not common:
            return [self]
        s, t, p = common.sources, common.targets, common.target_ports
        rest = (
            replace(self, sources=difference(self.sources, s)),
            replace(self, sources=s, targets=difference(self.targets, t)),
            replace(self, sources=s, targets=t, target_ports=difference(self.target_ports, p)),
            replace(common, source_ports=difference(self.source_ports, common.source_ports)),
        )
        return [each for each in rest if each]

    def example(self) -> "Packets":
        """One packet of them, the first; its source port is one that systems choose, where possible."""
        chosen = intersection(self.source_ports, ((49_152, 65_535),)) or self.source_ports
        sets = (self.sources, self.targets, self.target_ports, chosen)
        return Packets(self.protocol, *(((each[0][0], each[0][0]),) for each in sets))

    def __str__(self) -> str:
        ports = "" if self.target_ports == ALL_PORTS else f":{text_of_ports(self.target_ports)}"
        return f"{self.protocol} {text_of_addresses(self.sources)} → {text_of_addresses(self.targets)}{ports}"


def subtract_all(whole: Iterable[Packets], taken: Iterable[Packets]) -> list[Packets]:
    """What of `whole` is in none of `taken`."""
    left = list(whole)
    for each in taken:
        left = [rest for one in left for rest in one.without(each)]
    return left
