"""What a service tag means where one stands.

Most tags are lists that the cloud publishes. Two depend on the place. `VirtualNetwork` is the address space
of the VNet, of peers that may be reached, everything on-premise that its gateway knows, the host's address,
and the prefixes of the routes on that subnet: a route for 0.0.0.0/0 makes it all there is, and rules that
allow VirtualNetwork then allow everything. `Internet` is the public address space without all that. Source:
https://learn.microsoft.com/en-us/azure/virtual-network/service-tags-overview
"""

from ipaddress import IPv4Network

from burstway.network.model import Network, Subnet, VNet
from burstway.network.space import ALL_ADDRESSES, Intervals, difference, merged, of_networks

PLATFORM = of_networks([IPv4Network("168.63.129.16/32")])
"""The host that answers DHCP, DNS and health probes, the same address everywhere."""

METADATA = of_networks([IPv4Network("169.254.169.254/32")])

NOT_PUBLIC = of_networks(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "224.0.0.0/3", "168.63.129.16/32",
    )
)  # fmt: skip
PUBLIC = difference(ALL_ADDRESSES, NOT_PUBLIC)

BUILT_IN = {
    "azureloadbalancer": PLATFORM,
    "azureplatformdns": PLATFORM,
    "azureplatformimds": METADATA,
    "azureplatformlkm": (),
}


def virtual_network(network: Network, vnet: VNet, subnet: Subnet | None) -> Intervals:
    """VirtualNetwork as a rule on this subnet means it."""
    prefixes = list(vnet.prefixes)
    by_name = {each.name: each for each in network.vnets}
    for peering in network.peerings:
        if peering.vnet == vnet.name and peering.connected and peering.allow_access:
            prefixes += by_name[peering.remote].prefixes if peering.remote in by_name else ()
    prefixes += on_premise(network, vnet)
    spaces = [of_networks(prefixes), PLATFORM]
    table = network.route_tables.get(subnet.routes) if subnet else None
    for route in table.routes if table else ():
        spaces.append(prefix_space(network, route.prefix))
    return merged(pair for space in spaces for pair in space)


def on_premise(network: Network, vnet: VNet) -> tuple[IPv4Network, ...]:
    """The ranges behind the VNet's gateway, be it its own or a peer's that it may use."""
    own = [gateway for gateway in network.gateways if gateway.vnet == vnet.name]
    if not own:
        hubs = {
            ours.remote
            for ours in network.peerings
            for theirs in network.peerings
            if ours.vnet == vnet.name and ours.use_remote_gateways and ours.connected and theirs.connected
            and ours.allow_access and theirs.allow_access and theirs.vnet == ours.remote
            and theirs.remote == vnet.name and theirs.allow_gateway_transit
        }  # fmt: skip
        own = [gateway for gateway in network.gateways if gateway.vnet in hubs]
    ranges: list[IPv4Network] = []
    for gateway in own:
        if gateway.connections:
            known = {each.name: each for each in network.local_gateways}
            ranges += [p for name in gateway.connections if name in known for p in known[name].prefixes]
        else:
            ranges += [prefix for site in network.sites for prefix in site.networks]
    return tuple(dict.fromkeys(ranges))


def prefix_space(network: Network, prefix: IPv4Network | str) -> Intervals:
    """The addresses of a range, or of a published tag; nothing of a tag that is not known."""
    if isinstance(prefix, IPv4Network):
        return of_networks([prefix])
    if prefix == "*":
        return ALL_ADDRESSES
    name = prefix.lower()
    if name in BUILT_IN:
        return BUILT_IN[name]
    return of_networks(network.tags.get(name, ()))


def is_known(network: Network, prefix: IPv4Network | str) -> bool:
    """Whether it can be said which addresses these are."""
    if isinstance(prefix, IPv4Network):
        return True
    name = prefix.lower()
    return name in ("*", "virtualnetwork", "internet") or name in BUILT_IN or name in network.tags


def space_of(network: Network, vnet: VNet, subnet: Subnet | None, prefix: IPv4Network | str) -> Intervals:
    """The same, with the tags that depend on the place."""
    if isinstance(prefix, str):
        if prefix.lower() == "virtualnetwork":
            return virtual_network(network, vnet, subnet)
        if prefix.lower() == "internet":
            return difference(PUBLIC, virtual_network(network, vnet, subnet))
    return prefix_space(network, prefix)
