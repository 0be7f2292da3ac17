"""Gateways, the subnet that they need, and what they know of on-premise sides.

https://learn.microsoft.com/en-us/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings: the subnet's name
is GatewaySubnet, a /29 is possible and a /27 recommended, an NSG on it is not supported, nothing else is in
it, and it takes no route for 0.0.0.0/0 and no table without propagation. A gateway of kind `link` is not
Azure's and needs none.
"""

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations

from burstway.network.model import GATEWAY_SUBNET, Gateway, GatewayKind, LocalGateway, Network, Subnet, VNet
from burstway.network.problems.fault import Check, Fault, error, warning
from burstway.network.problems.spaces import nested, overlapping

LONGEST, RECOMMENDED = 29, 27
"""Prefix lengths."""
EVERYTHING = IPv4Network("0.0.0.0/0")


def gateway_subnet(vnet: VNet) -> Subnet | None:
    return next((subnet for subnet in vnet.subnets if subnet.name == GATEWAY_SUBNET), None)


def _places(network: Network) -> Iterator[Fault]:
    vnets = {vnet.name: vnet for vnet in network.vnets}
    for gateway in network.gateways:
        vnet = vnets.get(gateway.vnet)
        if vnet is None:
            yield error(
                f"gateway {gateway.name} is in VNet {gateway.vnet}, which is not there",
                "describe it",
                gateway.where,
            )
        elif gateway.kind is not GatewayKind.LINK and gateway_subnet(vnet) is None:
            alike = next((s.name for s in vnet.subnets if s.name.lower() == GATEWAY_SUBNET.lower()), "")
            so = f": its {alike} is spelt otherwise" if alike else ""
            where = f"in VNet {vnet.name}, which has none{so}"
            yield error(
                f"gateway {gateway.name} needs a subnet {GATEWAY_SUBNET} {where}",
                f"make a subnet {GATEWAY_SUBNET} of /{RECOMMENDED}",
                gateway.where,
                vnet.where,
            )
    for one, other in combinations(network.gateways, 2):
        if (one.vnet, one.kind) == (other.vnet, other.kind):
            yield error(
                f"gateways {one.name} and {other.name} are both {one.kind} gateways of VNet {one.vnet}",
                "remove one: a VNet has one of a kind",
                one.where,
                other.where,
            )


def _subnets(network: Network) -> Iterator[Fault]:
    for vnet in network.vnets:
        if (subnet := gateway_subnet(vnet)) is None:
            continue
        named = f"{GATEWAY_SUBNET} of VNet {vnet.name}"
        if subnet.nsg:
            yield error(
                f"{named} has NSG {subnet.nsg}, which Azure does not support there",
                "detach it: filter on the other subnets",
                subnet.where,
            )
        yield from _size(subnet, named)
        yield from _table(network, subnet, named)
        for nic in network.nics:
            if (nic.vnet, nic.subnet) == (vnet.name, GATEWAY_SUBNET):
                yield error(
                    f"interface {nic.name} is in {named}",
                    "move it: nothing but gateways may be there",
                    nic.where,
                    subnet.where,
                )


def _size(subnet: Subnet, named: str) -> Iterator[Fault]:
    for prefix in subnet.prefixes:
        if prefix.prefixlen > LONGEST:
            yield error(
                f"{named} is {prefix}, and a gateway needs a /{LONGEST} at least",
                f"make it a /{RECOMMENDED}",
                subnet.where,
            )
        elif prefix.prefixlen > RECOMMENDED:
            yield warning(
                f"{named} is {prefix}: too small for a second gateway",
                f"make it a /{RECOMMENDED}: it cannot grow with a gateway in it",
                subnet.where,
            )


def _table(network: Network, subnet: Subnet, named: str) -> Iterator[Fault]:
    table = network.route_tables.get(subnet.routes)
    if table is None:
        return
    if any(route.prefix == EVERYTHING for route in table.routes):
        yield error(
            f"{named} has route table {table.name} with a route for {EVERYTHING}, which cuts the gateway off",
            "route the VNet's ranges only",
            subnet.where,
            table.where,
        )
    if not table.propagates:
        yield error(
            f"{named} has route table {table.name}, which keeps the gateway's own routes away",
            "let it propagate gateway routes",
            subnet.where,
            table.where,
        )


def _connections(network: Network) -> Iterator[Fault]:
    known = {local.name: local for local in network.local_gateways}
    used: dict[str, Gateway] = {}
    for gateway in network.gateways:
        for name in gateway.connections:
            used[name] = gateway
            if name not in known:
                yield error(
                    f"gateway {gateway.name} is connected to local gateway {name}, which is not there",
                    "describe it, or remove the connection",
                    gateway.where,
                )
        mine = [known[name] for name in gateway.connections if name in known]
        for one, other in combinations(mine, 2):
            yield from _pair(gateway, one, other)
    for local in network.local_gateways:
        if local.name not in used:
            yield warning(
                f"no gateway is connected to local gateway {local.name}",
                "make a connection, or remove it: its ranges are not routed",
                local.where,
            )


def _pair(gateway: Gateway, one: LocalGateway, other: LocalGateway) -> Iterator[Fault]:
    if common := overlapping(one.prefixes, other.prefixes):
        yield error(
            f"local gateways {one.name} and {other.name} overlap in {common}, and {gateway.name} has both",
            "give each its own ranges: packets to these can go one way only",
            one.where,
            other.where,
        )


def _local_gateways(network: Network) -> Iterator[Fault]:
    for local in network.local_gateways:
        for prefix in local.prefixes:
            if local.address is not None and local.address in prefix:
                yield error(
                    f"local gateway {local.name} is at {local.address}, inside its own range {prefix}",
                    "the tunnel cannot be reached through itself: give its public address, or other ranges",
                    local.where,
                )
        for (one, _), (other, _) in nested((each, None) for each in local.prefixes):
            yield error(
                f"local gateway {local.name} has {one} and {other}, which overlap",
                "leave the smaller one out",
                local.where,
            )


CHECKS: tuple[Check, ...] = (_places, _subnets, _connections, _local_gateways)
