"""Addresses of public IPs, which other resources refer to by id."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from burstway.network.read.gather import Resource
from burstway.network.read.kinds import Kind
from burstway.network.read.names import Names
from burstway.network.read.node import Node
from burstway.network.read.prefixes import address
from burstway.network.read.references import referred

KEY = "publicIPAddress"


@dataclass(frozen=True, slots=True)
class Addresses:
    known: Mapping[str, IPv4Address | None]

    def of(self, configuration: Node, names: Names) -> IPv4Address | None:
        """The public address of an IP configuration, None where it has none or it is not known, with a note.
        Some tools show the address inside."""
        found = configuration.get(KEY)
        if found is None:
            return None
        if isinstance(found.value, dict) and found.get("ipAddress") is not None:
            return address(found, "ipAddress")
        name = referred(configuration, KEY, Kind.PUBLIC_IP, names)
        if name and self.known.get(name) is None:
            configuration.note(f"has the public address {name}, of which the documents do not say the number")
        return self.known.get(name)


def read_addresses(resources: Iterable[Resource]) -> Addresses:
    return Addresses({each.name: address(each.node, "ipAddress") for each in resources})
