"""A match of an nftables rule as sets of packets.

What is asked about is the first packet of a new connection over IPv4, from one machine to another. So matches
on the connection's state, its direction, TCP's flags, the family and the kind of addressee have one answer;
addresses, ports, protocols and interfaces are sets; everything else (a mark, the type of an ICMP message, a
user) is not decidable, and the match is kept as text. Names: nft(8), libnftables-json(5).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from burstway.network.read import nft_flags
from burstway.network.read.nft_text import text_of
from burstway.network.read.nft_values import (
    KNOWN,
    NotDecidableError,
    Scope,
    addresses,
    elements,
    interfaces,
    ports,
    protocols,
    words,
)
from burstway.network.ruleset import Match
from burstway.network.space import ALL_ADDRESSES, ALL_PORTS, WITH_PORTS, Intervals, difference, intersection

MOST_PRODUCTS = 4_096

EVERY = Match()

FIRST_PACKET = {
    "ct state": frozenset({"new"}),
    "ct direction": frozenset({"original"}),
    "meta nfproto": frozenset({"ipv4"}),
    "meta protocol": frozenset({"ip"}),
    "ether type": frozenset({"ip"}),
    "meta pkttype": frozenset({"host", "unicast"}),
}
"""What is true of it. An established connection's packets had a first one, which was let through."""

ANSWER = {**FIRST_PACKET, "ct state": frozenset({"established"}), "ct direction": frozenset({"reply"})}
"""What is true of a packet that answers it."""

_IS = ("==", "in")
_IS_NOT = ("!=", "!")


@dataclass(frozen=True, slots=True)
class Part:
    """Packets in any of `matches`; if there is `unknown`, some of them, and which is not known."""

    matches: tuple[Match, ...]
    unknown: str = ""


ALWAYS = Part((EVERY,))
NEVER = Part(())


def read_match(left: object, op: object, right: object, scope: Scope) -> Part:
    """Never fails: what cannot be decided is said in the part's `unknown`."""
    narrowed = _implied(left)
    if narrowed == NEVER:
        return NEVER
    try:
        if isinstance(left, dict) and left.keys() == {"concat"}:
            return _concatenation(left["concat"], op, elements(right, scope), scope)
        if flags := nft_flags.of(left):
            if scope.answering:
                raise NotDecidableError("an answer's flags differ")
            holds = nft_flags.holds(flags, op, right)
            return narrowed if holds else NEVER
        return both(narrowed, Part(_alternatives(key_of(left), op, right, scope)))
    except NotDecidableError as why:
        text = f"{text_of(left)} {text_of(op)} {text_of(right)}"
        reason = f" ({why})" if str(why) else ""
        return replace(narrowed, unknown=f"{text}{reason}")


def key_of(left: object) -> str:
    """`ip saddr`, `tcp dport`, `meta iifname`, `ct state`; "" if it is nothing so simple."""
    if isinstance(left, dict) and len(left) == 1:
        [(kind, body)] = left.items()
        if isinstance(body, dict):
            if kind == "payload" and body.keys() == {"protocol", "field"}:
                return f"{body['protocol']} {body['field']}"
            if kind in ("meta", "ct") and body.keys() == {"key"}:
                return f"{kind} {body['key']}"
    return ""


def _implied(left: object) -> Part:
    """What looking at a header's field says about the packet: it has that header."""
    protocol = key_of(left).partition(" ")[0]
    if nft_flags.of(left):
        protocol = "tcp"
    if protocol in ("ip6", "icmpv6", "arp", "rt0", "srh"):
        return NEVER
    if protocol == "th":
        return Part((Match(WITH_PORTS),))
    return Part((Match(frozenset({protocol})),)) if protocol in KNOWN else ALWAYS


def _alternatives(key: str, op: object, right: object, scope: Scope) -> tuple[Match, ...]:
    if key in FIRST_PACKET:
        if key == "ct state" and not scope.tracked:
            raise NotDecidableError("some rule says notrack")
        facts = ANSWER if scope.answering else FIRST_PACKET
        true = bool(facts[key] & words(elements(right, scope)))
        return (EVERY,) if true is _positive(op) else ()
    return _SETS[_DIMENSIONS.get(key, "")](key, op, right, scope)


def _positive(op: object) -> bool:
    if op in _IS:
        return True
    if op in _IS_NOT:
        return False
    raise NotDecidableError


def _intervals(
    op: object, right: object, scope: Scope, whole: Intervals, read: Callable[[Sequence[object]], Intervals]
) -> Intervals:
    given = read(elements(right, scope))
    if op in ("<", "<=", ">", ">=") and len(given) == 1:
        (first, last), (least, most) = given[0], whole[0]
        limits = {"<": (least, first - 1), "<=": (least, last), ">": (last + 1, most), ">=": (first, most)}
        return intersection(whole, (limits[op],)) if limits[op][0] <= limits[op][1] else ()
    return given if _positive(op) else difference(whole, given)


def _addresses(key: str, op: object, right: object, scope: Scope) -> tuple[Match, ...]:
    found = _intervals(op, right, scope, ALL_ADDRESSES, addresses)
    if not found:
        return ()
    return (Match(sources=found),) if key.endswith("saddr") else (Match(targets=found),)


def _ports(key: str, op: object, right: object, scope: Scope) -> tuple[Match, ...]:
    found = _intervals(op, right, scope, ALL_PORTS, ports)
    if not found:
        return ()
    return (Match(source_ports=found),) if key.endswith("sport") else (Match(target_ports=found),)


def _protocols(_: str, op: object, right: object, scope: Scope) -> tuple[Match, ...]:
    named = protocols(elements(right, scope))
    found = named if _positive(op) else KNOWN - named
    return (Match(found),) if found else ()


def _interfaces(key: str, op: object, right: object, scope: Scope) -> tuple[Match, ...]:
    names = interfaces(elements(right, scope), scope)
    came = key.startswith("meta i")
    if _positive(op):
        return (Match(came_by=names) if came else Match(leaves_by=names),) if names else ()
    return (Match(came_not_by=names) if came else Match(leaves_not_by=names),)


def _undecidable(*_: object) -> tuple[Match, ...]:
    raise NotDecidableError


_SETS: Mapping[str, Callable[[str, object, object, Scope], tuple[Match, ...]]] = {
    "address": _addresses,
    "port": _ports,
    "protocol": _protocols,
    "interface": _interfaces,
    "": _undecidable,
}

_DIMENSIONS = {
    "ip saddr": "address",
    "ip daddr": "address",
    "ip protocol": "protocol",
    "meta l4proto": "protocol",
    "meta iifname": "interface",
    "meta iif": "interface",
    "meta oifname": "interface",
    "meta oif": "interface",
    **{f"{name} {end}": "port" for name in (*WITH_PORTS, "th") for end in ("sport", "dport")},
}


def _concatenation(keys: object, op: object, right: Sequence[object], scope: Scope) -> Part:
    """`ip saddr . tcp dport { a . b, … }`: each element is a product of its parts."""
    if not isinstance(keys, list) or not _positive(op):
        raise NotDecidableError
    made: list[Match] = []
    for element in right:
        values = element.get("concat") if isinstance(element, dict) else None
        if not isinstance(values, list) or len(values) != len(keys):
            raise NotDecidableError
        product = ALWAYS
        for left, value in zip(keys, values, strict=True):
            product = both(
                product, both(_implied(left), Part(_alternatives(key_of(left), "==", value, scope)))
            )
        made += product.matches
    return Part(tuple(made))


def both(a: Part, b: Part) -> Part:
    """Packets that are in both."""
    if len(a.matches) * len(b.matches) > MOST_PRODUCTS:
        raise NotDecidableError("too many combinations")
    matches = tuple(m for one in a.matches for other in b.matches if (m := _product(one, other)) is not None)
    return Part(matches, "; ".join(text for text in (a.unknown, b.unknown) if text) if matches else "")


def _product(a: Match, b: Match) -> Match | None:
    sets = (
        intersection(a.sources, b.sources),
        intersection(a.targets, b.targets),
        intersection(a.target_ports, b.target_ports),
        intersection(a.source_ports, b.source_ports),
    )
    names = (
        _common(a.protocols, b.protocols),
        _common(a.came_by, b.came_by),
        _common(a.leaves_by, b.leaves_by),
    )
    if not all(sets) or any(each is not None and not each for each in names):
        return None
    protocols, came_by, leaves_by = names
    came_not_by, leaves_not_by = a.came_not_by | b.came_not_by, a.leaves_not_by | b.leaves_not_by
    return Match(protocols, *sets, came_by, leaves_by, came_not_by, leaves_not_by)


def _common(a: frozenset[str] | None, b: frozenset[str] | None) -> frozenset[str] | None:
    if a is None or b is None:
        return b if a is None else a
    return a & b
