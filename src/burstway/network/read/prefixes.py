"""Ranges of addresses, names of service tags, and ports, as Azure writes them.

An address is `10.0.0.4`, a range `10.0.0.0/24`; a range whose address has bits behind the length is refused,
as Azure refuses it. IPv6 is read and dropped: nothing here is about it. A port is `22`, `6000-6010` or `*`.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from burstway.network.read.findings import shown
from burstway.network.read.node import Node
from burstway.network.space import ALL_PORTS

_RANGE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?:/([0-9]{1,2}))?")
_PORTS = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")


def looks_like_address(text: str) -> bool:
    return text[:1].isdigit() or ":" in text or "/" in text


def network(node: Node, *, single: bool = False) -> IPv4Network | None:
    """A range; an address alone too where `single`. None for IPv6, with a note, or after a problem."""
    text = node.as_text()
    match = _RANGE.fullmatch(text)
    if match is None:
        if _is_ipv6(text):
            node.note(f"{text} is IPv6, which is not modelled")
        elif text or node.value == "":
            node.problem(f"{shown(text) or 'an empty text'} is not a range of addresses", "write 10.0.0.0/24")
        return None
    if match[2] is None and not single:
        node.problem(f"{text} has no length", f"write {text}/32 if it is one address")
        return None
    try:
        loose = IPv4Network(text, strict=False)
    except ValueError:
        node.problem(f"{text} is not a range of addresses")
        return None
    if str(loose.network_address) != match[1]:
        node.problem(
            f"{text} has bits set behind its length, which Azure refuses",
            f"write {loose} for the range, or {match[1]}/32 for the address",
        )
    return loose


def networks(nodes: Iterable[Node]) -> tuple[IPv4Network, ...]:
    return tuple(found for node in nodes if (found := network(node)) is not None)


def _is_ipv6(text: str) -> bool:
    try:
        return ":" in text and bool(IPv6Network(text, strict=False))
    except ValueError:
        return False


def address(node: Node, key: str) -> IPv4Address | None:
    """The address in a field; None where there is none, or it is IPv6, or after a problem."""
    found = node.get(key)
    if found is None or not (text := found.as_text()):
        return None
    try:
        return IPv4Address(text)
    except ValueError:
        if _is_ipv6(text):
            found.note(f"{text} is IPv6, which is not modelled")
        else:
            found.problem(f"{shown(text)} is not an address")
        return None


def ports(node: Node) -> tuple[int, int] | None:
    """An inclusive pair, None after a problem."""
    text = node.as_text()
    if text == "*":
        return ALL_PORTS[0]
    match = _PORTS.fullmatch(text)
    if match is None:
        if text or node.value == "":
            remedy = "put several into the field for ranges" if "," in text else "write 22, 6000-6010 or *"
            node.problem(f"{shown(text) or 'an empty text'} is not a port", remedy)
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    least, most = ALL_PORTS[0]
    if max(first, last) > most:
        node.problem(f"{text} is not within {least} to {most}")
        return None
    if first > last:
        node.problem(f"{text} is reversed", f"write {last}-{first}")
        return None
    return first, last
