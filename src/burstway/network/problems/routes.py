"""What is attached to subnets and interfaces, and routes that lead nowhere or further than meant.

https://learn.microsoft.com/en-us/azure/virtual-network/virtual-networks-udr-overview: an appliance's address
must be reachable directly, and its interface must have IP forwarding. A route for 0.0.0.0/0 puts all
addresses into the tag VirtualNetwork of its subnet, so that the default rules of an NSG there allow
everything.
"""

from collections.abc import Iterator

from burstway.network.model import GATEWAY_SUBNET, Hop, Network, Nic, Route, RouteTable, Subnet, VNet
from burstway.network.problems.fault import Check, Fault, error, warning
from burstway.network.problems.gateways import EVERYTHING


def _attached(network: Network) -> Iterator[Fault]:
    for vnet in network.vnets:
        for subnet in vnet.subnets:
            named = f"subnet {subnet.name} of VNet {vnet.name}"
            if subnet.nsg and subnet.nsg not in network.nsgs:
                yield _absent(named, f"NSG {subnet.nsg}", subnet.where)
            if subnet.routes and subnet.routes not in network.route_tables:
                yield _absent(named, f"route table {subnet.routes}", subnet.where)
    for nic in network.nics:
        if nic.nsg and nic.nsg not in network.nsgs:
            yield _absent(f"interface {nic.name}", f"NSG {nic.nsg}", nic.where)


def _absent(who: str, what: str, where: str) -> Fault:
    return error(
        f"{who} has {what}, which is not there", "describe it: without it nothing can be proved", where
    )


def _used(network: Network) -> Iterator[tuple[VNet, Subnet, RouteTable, Route]]:
    for vnet in network.vnets:
        for subnet in vnet.subnets:
            table = network.route_tables.get(subnet.routes)
            for route in table.routes if table else ():
                assert table is not None
                yield vnet, subnet, table, route


def _appliances(network: Network) -> Iterator[Fault]:
    nics: dict[tuple[str, object], Nic] = {(nic.vnet, nic.address): nic for nic in network.nics}
    for vnet, subnet, table, route in _used(network):
        if route.hop is not Hop.APPLIANCE:
            continue
        named = f"route {route.name} of table {table.name}"
        near = _near(network, vnet)
        if route.next_address is None:
            yield error(f"{named} has no next address", "give the appliance's address", route.where)
            continue
        if not any(route.next_address in prefix for each in near for prefix in each.prefixes):
            yield error(
                f"{named} sends to {route.next_address}, neither in VNet {vnet.name} nor in a peer",
                "an appliance must be reachable directly: name one in the VNet or a peer",
                route.where,
                vnet.where,
            )
            continue
        found = (nics.get((each.name, route.next_address)) for each in near)
        yield from _forwards(next((nic for nic in found if nic), None), named, route, subnet)


def _near(network: Network, vnet: VNet) -> list[VNet]:
    names = {vnet.name, *(peering.remote for peering in network.peerings if peering.vnet == vnet.name)}
    return [each for each in network.vnets if each.name in names]


def _forwards(nic: Nic | None, named: str, route: Route, subnet: Subnet) -> Iterator[Fault]:
    if nic is None:
        yield warning(
            f"{named} sends to {route.next_address}, and no interface with that address is described",
            "describe it, unless it is a load balancer or Azure Firewall",
            route.where,
            subnet.where,
        )
    elif not nic.forwards:
        yield error(
            f"{named} sends to {route.next_address}, and its interface {nic.name} does not forward",
            f"set enableIPForwarding on {nic.name}: Azure drops what is not its own",
            route.where,
            nic.where,
        )


def _widened(network: Network) -> Iterator[Fault]:
    for vnet, subnet, table, route in _used(network):
        if route.prefix == EVERYTHING and subnet.name != GATEWAY_SUBNET:
            yield warning(
                f"route {route.name} of table {table.name} makes VirtualNetwork mean every address on subnet "
                f"{subnet.name} of VNet {vnet.name}: the default rules of its NSG then allow everything",
                "put a rule before priority 65000 that denies what the table is not meant to allow",
                route.where,
                subnet.where,
            )


CHECKS: tuple[Check, ...] = (_attached, _appliances, _widened)
