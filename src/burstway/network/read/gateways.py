"""Gateways of VNets, what they know of on-premise sides, and the connections between the two.

https://learn.microsoft.com/en-us/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings. A connection
between two VNets' gateways, and one over ExpressRoute, whose ranges BGP says, are not modelled: a note.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from burstway.network.model import Gateway, GatewayKind, LocalGateway
from burstway.network.read.context import Context
from burstway.network.read.findings import shown
from burstway.network.read.gather import Resource
from burstway.network.read.kinds import Kind
from burstway.network.read.node import Node
from burstway.network.read.prefixes import address, networks
from burstway.network.read.public import Addresses
from burstway.network.read.references import referred, subnet_of

KINDS = {"Vpn": GatewayKind.VPN, "ExpressRoute": GatewayKind.EXPRESS_ROUTE}
IPSEC = "IPsec"
UP = ("Connected", "Unknown", "")
"""A connection's state when it works, when Azure does not say, and when the document leaves it out."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The local gateways that a gateway has connections to; `doubt` is why they may not carry anything."""

    names: tuple[str, ...] = ()
    doubt: str = "no connection of it is among what was found"


def read_gateway(
    resource: Resource, context: Context, connections: Mapping[str, Connected], public: Addresses
) -> Gateway | None:
    """`connections` are those of each gateway; `public` the addresses of public IPs."""
    node = resource.node
    kind = node.choice("gatewayType", KINDS)
    places = node.items("ipConfigurations")
    if not places:
        node.problem("has no ipConfigurations, so that its VNet is not known")
        return None
    vnets = {vnet for each in places if (vnet := subnet_of(each, context.names)[0])}
    if len(vnets) > 1:
        node.problem(f"is in several VNets: {', '.join(sorted(vnets))}")
    if len(places) > 1:
        node.note("has several addresses: the first is read")
    if node.flag("enableBgp") or node.get("vpnClientConfiguration") is not None:
        node.note("routes by BGP, and clients that dial in, are not modelled")
    if not vnets or kind is None:
        if not vnets:
            node.problem("says no subnet, so that its VNet is not known")
        return None
    connected = connections.get(resource.name, Connected())
    if not connected.names:
        node.note("has no connection among the documents: whether a site is behind it is not known")
    doubt = connected.doubt if kind is GatewayKind.VPN else ""
    found = public.of(places[0], context.names)
    return Gateway(resource.name, min(vnets), kind, connected.names, found, node.where, doubt)


def read_local_gateway(resource: Resource) -> LocalGateway:
    node = resource.node
    space = node.get("localNetworkAddressSpace")
    if space is None:
        node.note("has no localNetworkAddressSpace: its ranges come by BGP and are not known")
    found = address(node, "gatewayIpAddress")
    if found is None and node.text("fqdn"):
        node.note(f"is known by its name {shown(node.text('fqdn'))}, and its address is not")
    prefixes = networks(space.items("addressPrefixes")) if space else ()
    return LocalGateway(resource.name, found, prefixes, node.where)


def read_connections(resources: Iterable[Resource], context: Context) -> dict[str, Connected]:
    """By the gateway's name."""
    made: dict[str, Connected] = {}
    for resource in resources:
        node = resource.node
        kind = node.text("connectionType")
        if kind.lower() != IPSEC.lower():
            node.note(f"is a connection of type {shown(kind) or 'unknown'}, which is not modelled")
            continue
        state = node.text("connectionStatus")
        if state not in UP:
            node.note(f"is {shown(state)}: whether anything crosses it is not known")
        gateway = _named(node, "virtualNetworkGateway1", Kind.GATEWAY, context)
        local = _named(node, "localNetworkGateway2", Kind.LOCAL_GATEWAY, context)
        if gateway and local:
            before = made.get(gateway, Connected(doubt=""))
            down = f"the connection {resource.name} is {state}" if state not in UP else ""
            made[gateway] = Connected(tuple(dict.fromkeys((*before.names, local))), before.doubt or down)
    return made


def _named(node: Node, key: str, kind: Kind, context: Context) -> str:
    if node.required(key) is None:
        return ""
    name = referred(node, key, kind, context.names)
    if name and name not in context.gathered.resources.get(kind, {}):
        node.note(f"ties {name}, which is not among the documents")
    return name
