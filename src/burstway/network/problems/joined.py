"""Which address spaces must not overlap: those between which packets are routed.

VNets that are peered; VNets that are peers of one hub, which could not tell them apart
(VnetAddressSpaceOverlapsWithAlreadyPeeredVnet); a VNet and what is behind the gateway that it uses; VNets
whose gateways lead to the same on-premise side; and sites. Two VNets that nothing joins may overlap.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import combinations, product

from burstway.network.model import Gateway, LocalGateway, Network, Site, VNet


@dataclass(frozen=True, slots=True)
class Space:
    """`name` is what people call it: `VNet hub`, `site dc1`."""

    name: str
    prefixes: tuple[IPv4Network, ...]
    where: str


def joined(network: Network) -> Iterator[tuple[Space, Space, str]]:
    """Pairs, each once, with the reason."""
    seen: set[frozenset[str]] = set()
    for one, other, why in _pairs(network):
        pair = frozenset({one.name, other.name})
        if len(pair) == 2 and pair not in seen:
            seen.add(pair)
            yield one, other, why


def _pairs(network: Network) -> Iterator[tuple[Space, Space, str]]:
    yield from _of_peers(network)
    for gateway in network.gateways:
        for vnet, side in product(users_of(network, gateway), behind(network, gateway)):
            yield of_vnet(vnet), side, f"gateway {gateway.name} joins them"
    yield from _of_gateways(network)
    for site, another in combinations(network.sites, 2):
        yield of_site(site), of_site(another), "both are on-premise"


def _of_peers(network: Network) -> Iterator[tuple[Space, Space, str]]:
    peers = _peers(network)
    vnets = {vnet.name: vnet for vnet in network.vnets}
    for name, its_peers in peers.items():
        for peer in sorted(its_peers):
            yield of_vnet(vnets[name]), of_vnet(vnets[peer]), "they are peered"
    for hub, its_peers in peers.items():
        for one, other in combinations(sorted(its_peers), 2):
            yield of_vnet(vnets[one]), of_vnet(vnets[other]), f"both are peered with {hub}"


def _of_gateways(network: Network) -> Iterator[tuple[Space, Space, str]]:
    sides = {each.name: {side.name for side in behind(network, each)} for each in network.gateways}
    for first, second in combinations(network.gateways, 2):
        for side in sorted(sides[first.name] & sides[second.name])[:1]:
            for vnet, far in product(users_of(network, first), users_of(network, second)):
                yield of_vnet(vnet), of_vnet(far), f"both are joined with {side}"


def _peers(network: Network) -> dict[str, set[str]]:
    """Both ways, whatever the state: an overlap is refused before it is connected."""
    known = {vnet.name for vnet in network.vnets}
    made: dict[str, set[str]] = {}
    for peering in network.peerings:
        if peering.vnet in known and peering.remote in known and peering.vnet != peering.remote:
            made.setdefault(peering.vnet, set()).add(peering.remote)
            made.setdefault(peering.remote, set()).add(peering.vnet)
    return made


def users_of(network: Network, gateway: Gateway) -> list[VNet]:
    """The VNet that has it, and those that use it through a peering."""
    names = {gateway.vnet} | {
        peering.vnet
        for peering in network.peerings
        if peering.use_remote_gateways and peering.remote == gateway.vnet
    }
    return [vnet for vnet in network.vnets if vnet.name in names]


def behind(network: Network, gateway: Gateway) -> list[Space]:
    """The on-premise sides: what the local gateways of its connections say, or all sites without any."""
    if not gateway.connections:
        return [of_site(site) for site in network.sites]
    return [of_local(local) for local in network.local_gateways if local.name in gateway.connections]


def of_vnet(vnet: VNet) -> Space:
    return Space(f"VNet {vnet.name}", vnet.prefixes, vnet.where)


def of_site(site: Site) -> Space:
    return Space(f"site {site.name}", site.networks, site.where)


def of_local(local: LocalGateway) -> Space:
    return Space(f"local gateway {local.name}", local.prefixes, local.where)
