"""What stands on the right of a match in nft's JSON, as sets: addresses, ports, protocols, interfaces.

libnftables-json(5): a value is a text or a number, `{"prefix": {"addr", "len"}}`, `{"range": [a, b]}`, a
list or `{"set": […]}` of these, the name of a set as `"@name"`, or `{"elem": {"val": …}}` around any of them.
`"*"` in a set is every key. What is none of that cannot be decided and is said, not guessed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from burstway.network.space import ALL_ADDRESSES, ALL_PORTS, Intervals, merged

PROTOCOLS: Mapping[int, str] = {
    1: "icmp", 2: "igmp", 4: "ipip", 6: "tcp", 17: "udp", 33: "dccp", 46: "rsvp", 47: "gre", 50: "esp",
    51: "ah", 58: "ipv6-icmp", 88: "eigrp", 89: "ospf", 103: "pim", 108: "comp", 112: "vrrp", 132: "sctp",
    136: "udplite",
}  # fmt: skip
"""IANA's numbers, which nft prints where the machine has no /etc/protocols. What is not among these names is
never asked about, so `!= tcp` is all others here."""

KNOWN = frozenset(PROTOCOLS.values())
_OTHER_NAMES = {"encap": "ipip", "ipv6-auth": "ah", "ipcomp": "comp", "icmpv6": "ipv6-icmp"}


class NotDecidableError(ValueError):
    """A part of a rule whose meaning for a packet is not known from the ruleset alone."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What names in a rule of one table refer to: sets and maps with their elements, those that rules fill
    themselves, and interfaces with the addresses behind them. `tracked` is whether every packet has a
    connection: no rule says notrack. `answering`: the packets are answers, and not a connection's first."""

    sets: Mapping[str, Sequence[object]] = field(default_factory=dict)
    filled_by_rules: Collection[str] = ()
    interfaces: Mapping[str, Intervals] = field(default_factory=dict)
    tracked: bool = True
    answering: bool = False


def elements(value: object, scope: Scope) -> list[object]:
    """The alternatives that a right-hand side offers."""
    if isinstance(value, str) and value.startswith("@"):
        return _named(value[1:], scope)
    if isinstance(value, dict) and value.keys() == {"set"}:
        value = value["set"]
    listed = value if isinstance(value, list) else [value]
    return [_plain(each) for each in listed]


def _named(name: str, scope: Scope) -> list[object]:
    if name in scope.filled_by_rules:
        raise NotDecidableError(f"set {name}, which packets fill")
    if name not in scope.sets:
        raise NotDecidableError(f"set {name}, which is not in the listing")
    return [_plain(each) for each in scope.sets[name]]


def _plain(value: object) -> object:
    """Without what surrounds an element: its timeout, counter and comment."""
    if isinstance(value, dict) and value.keys() == {"elem"} and isinstance(value["elem"], dict):
        return value["elem"].get("val")
    return value


def addresses(values: Sequence[object]) -> Intervals:
    return merged(pair for value in values for pair in _interval(value, _address, ALL_ADDRESSES))


def ports(values: Sequence[object]) -> Intervals:
    return merged(pair for value in values for pair in _interval(value, _port, ALL_PORTS))


def _interval(value: object, read: Callable[[object], int], whole: Intervals) -> Intervals:
    if value == "*":
        return whole
    if isinstance(value, dict) and len(value) == 1:
        [(kind, body)] = value.items()
        if kind == "range" and isinstance(body, list) and len(body) == 2:
            first, last = read(body[0]), read(body[1])
            return ((first, last),) if first <= last else ()
        if kind == "prefix" and whole is ALL_ADDRESSES:
            return _prefix(body)
    number = read(value)
    return ((number, number),)


def _prefix(body: object) -> Intervals:
    if isinstance(body, dict):
        address, length = body.get("addr"), body.get("len")
        if isinstance(address, str) and type(length) is int and 0 <= length <= 32:
            network = IPv4Network((_address(address), length), strict=False)
            return ((int(network.network_address), int(network.broadcast_address)),)
    raise NotDecidableError("an address")


def _address(value: object) -> int:
    try:
        return int(IPv4Address(value)) if isinstance(value, str) else _no("an address")
    except AddressValueError:
        return _no("an address")


def _port(value: object) -> int:
    most = ALL_PORTS[0][1]
    return value if isinstance(value, int) and type(value) is int and 0 <= value <= most else _no("a port")


def protocols(values: Sequence[object]) -> frozenset[str]:
    return frozenset(name for value in values for name in _protocol(value))


def _protocol(value: object) -> frozenset[str]:
    if value == "*":
        return KNOWN
    if type(value) is int:
        return frozenset({PROTOCOLS.get(value, str(value))})
    if isinstance(value, str):
        return frozenset({_OTHER_NAMES.get(value, value)})
    raise NotDecidableError("a protocol")


def words(values: Sequence[object]) -> frozenset[str]:
    """States and the like: names only."""
    if all(isinstance(value, str) for value in values):
        return frozenset(str(value) for value in values)
    raise NotDecidableError("a name")


def interfaces(values: Sequence[object], scope: Scope) -> frozenset[str]:
    """Names, of interfaces whose addresses are known: a rule for another one cannot be decided."""
    names = words(values)
    for name in sorted(names):
        if name not in scope.interfaces:
            raise NotDecidableError(f"interface {name}, of which is not known what is behind it")
    return names


def _no(what: str) -> int:
    raise NotDecidableError(what)
