"""Which route a subnet's packets take, as Azure chooses: the longest prefix, then a route of one's own before
the gateway's before the system's. System routes to the VNet, to peers and to service endpoints come before
the gateway's even where those are longer. Private ranges that are nobody's go nowhere, until a route of one's
own for 0.0.0.0/0 takes them too. Source:
https://learn.microsoft.com/en-us/azure/virtual-network/virtual-networks-udr-overview
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network

from burstway.network.model import Hop, Network, Peering, Route, Subnet, VNet
from burstway.network.space import Intervals, difference, intersection, of_networks
from burstway.network.tags import on_premise


class Origin(IntEnum):
    """Who made a route; of equal prefixes the lowest wins."""

    USER = 0
    GATEWAY = 1
    SYSTEM = 2


@dataclass(frozen=True, slots=True)
class Taken:
    """A route in force on a subnet. `peer` names the VNet behind a peering."""

    prefix: IPv4Network
    origin: Origin
    hop: Hop
    name: str = ""
    table: str = ""
    next_address: IPv4Address | None = None
    peer: str = ""

    def __str__(self) -> str:
        made_by = f"route {self.name} of table {self.table}" if self.origin is Origin.USER else "system route"
        made_by = "route of the gateway" if self.origin is Origin.GATEWAY else made_by
        to = f"{self.hop} {self.next_address}" if self.next_address else str(self.hop)
        return f"{made_by}: {self.prefix} → {to}{f' {self.peer}' if self.peer else ''}"


_SYSTEM_NONE = tuple(
    IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
_EVERYWHERE = IPv4Network("0.0.0.0/0")


class Routes:
    """The routes in force on one subnet, ready to be asked."""

    def __init__(self, network: Network, vnet: VNet, subnet: Subnet) -> None:
        own = list(_own_table(network, subnet))
        routes = [*own, *_system(network, vnet, subnet)]
        if any(route.prefix == _EVERYWHERE for route in own):
            routes = [route for route in routes if route.origin is Origin.USER or route.hop is not Hop.NONE]
        preferred = of_networks(
            route.prefix for route in routes if route.hop in (Hop.VNET, Hop.PEERING, Hop.SERVICE_ENDPOINT)
            and route.origin is Origin.SYSTEM
        )  # fmt: skip
        spaces = [(route, of_networks([route.prefix])) for route in routes]
        table = network.route_tables.get(subnet.routes)
        if table is None or table.propagates:
            for prefix in on_premise(network, vnet):
                learnt = Taken(prefix, Origin.GATEWAY, Hop.GATEWAY)
                spaces.append((learnt, difference(of_networks([prefix]), preferred)))
        self._spaces = sorted(spaces, key=lambda each: (-each[0].prefix.prefixlen, each[0].origin))

    def split(self, targets: Intervals) -> Iterator[tuple[Intervals, Taken | None]]:
        """The targets by the route that each takes; None for those that no route leads to."""
        left = targets
        for route, space in self._spaces:
            part = intersection(left, space)
            if part:
                yield part, route
                left = difference(left, part)
                if not left:
                    return
        yield left, None


def _own_table(network: Network, subnet: Subnet) -> Iterator[Taken]:
    table = network.route_tables.get(subnet.routes)
    for route in sorted(table.routes, key=_precedence) if table else ():
        prefixes = (
            [route.prefix]
            if isinstance(route.prefix, IPv4Network)
            else network.tags.get(route.prefix.lower(), ())
        )
        for prefix in prefixes:
            yield Taken(
                prefix, Origin.USER, route.hop, route.name, table.name if table else "", route.next_address
            )


def _precedence(route: Route) -> int:
    """Of equal prefixes: a range, a tag of a region, a tag, AzureCloud of a region, AzureCloud."""
    if isinstance(route.prefix, IPv4Network):
        return 0
    name, _, region = route.prefix.lower().partition(".")
    return (3 if name == "azurecloud" else 1) + (not region)


def _system(network: Network, vnet: VNet, subnet: Subnet) -> Iterator[Taken]:
    for prefix in vnet.prefixes:
        yield Taken(prefix, Origin.SYSTEM, Hop.VNET)
    by_name = {each.name: each for each in network.vnets}
    for peering in network.peerings:
        if peering.vnet == vnet.name and peering.remote in by_name and _in_force(peering):
            for prefix in by_name[peering.remote].prefixes:
                yield Taken(prefix, Origin.SYSTEM, Hop.PEERING, peer=peering.remote)
    for endpoint in subnet.service_endpoints:
        for prefix in network.tags.get(endpoint.removeprefix("Microsoft.").lower(), ()):
            yield Taken(prefix, Origin.SYSTEM, Hop.SERVICE_ENDPOINT, peer=endpoint)
    for prefix in _SYSTEM_NONE:
        if not any(prefix.subnet_of(own) for own in vnet.prefixes):
            yield Taken(prefix, Origin.SYSTEM, Hop.NONE)
    yield Taken(_EVERYWHERE, Origin.SYSTEM, Hop.INTERNET)


def _in_force(peering: Peering) -> bool:
    return peering.connected and peering.allow_access
