"""Which TCP ports of this machine somebody listens on, as the kernel says: nothing is opened to find out."""

import socket
import struct
from collections.abc import Iterable
from pathlib import Path

from burstway.agent.node.listeners import LISTENING

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ANY = bytes(4)
_ANY6 = bytes(16)
_MAPPED = bytes(10) + b"\xff\xff"
"""Before an IPv4 address it makes the IPv6 address that stands for it."""


def served_at(places: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those of these addresses and ports where somebody listens, at this address or at all."""
    listened = _listened()
    return {(address, port) for address, port in places if _alike(address) & listened.get(port, set())}


def _alike(address: str) -> set[bytes]:
    if ":" in address:
        return {_ANY6, socket.inet_pton(socket.AF_INET6, address)}
    own = socket.inet_pton(socket.AF_INET, address)
    return {_ANY, _ANY6, own, _MAPPED + own, _MAPPED + _ANY}


def _listened() -> dict[int, set[bytes]]:
    """The addresses that are listened at, by port. Without the table, as without IPv6, there are none."""
    found: dict[int, set[bytes]] = {}
    for table in TABLES:
        if table.exists():
            for row in table.read_text().splitlines()[1:]:
                _, local, _, state, *_ = row.split()
                if state == LISTENING:
                    address, port = local.rsplit(":", 1)
                    found.setdefault(int(port, 16), set()).add(_unpacked(address))
    return found


def _unpacked(address: str) -> bytes:
    """As the kernel prints it: in words of the machine's own byte order."""
    words = [int(address[first : first + 8], 16) for first in range(0, len(address), 8)]
    return struct.pack(f"={len(words)}I", *words)
