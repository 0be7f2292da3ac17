"""Virtual networks: their subnets, and their sides of peerings.

https://learn.microsoft.com/en-us/rest/api/virtualnetwork/virtual-networks. Whether a subnet that does not say
`defaultOutboundAccess` has it depends on when it was made (before April 2026 it has); it is taken to have it.
"""

from collections.abc import Iterator, Mapping

from burstway.network.model import Outbound, Peering, Subnet, VNet
from burstway.network.read.context import Context
from burstway.network.read.findings import shown
from burstway.network.read.gather import Resource
from burstway.network.read.kinds import Kind
from burstway.network.read.node import Node, is_expression
from burstway.network.read.prefixes import networks
from burstway.network.read.references import referred

STATES = {"Connected": True, "Initiated": False, "Disconnected": False}
IN_SYNC = "FullyInSync"


def read_vnet(resource: Resource, context: Context, behind_nat: Mapping[tuple[str, str], str]) -> VNet:
    """`behind_nat` are subnets, in lower case, that a NAT gateway names."""
    node = resource.node
    space = node.required("addressSpace")
    prefixes = networks(space.items("addressPrefixes")) if space else ()
    if space and not space.items("addressPrefixes"):
        space.problem("has no addressPrefixes")
    subnets: dict[str, Subnet] = {}
    for each in resource.parts("subnets"):
        subnet = _subnet(each, resource.name, context, behind_nat)
        if subnet.name.lower() in subnets:
            each.problem(f"the subnet {shown(subnet.name)} is there twice in {resource.name}")
        subnets[subnet.name.lower()] = subnet
    return VNet(resource.name, prefixes, tuple(subnets.values()), _region(node), where=node.where)


def _region(node: Node) -> str:
    found = node.get("location")
    if found and isinstance(found.value, str) and is_expression(found.value):
        return ""  # in nearly every template; nothing that is proved depends on it
    return node.text("location")


def _subnet(node: Node, vnet: str, context: Context, behind_nat: Mapping[tuple[str, str], str]) -> Subnet:
    name = node.text("name").rpartition("/")[2]
    if not name:
        node.problem("has no name")
    one = node.get("addressPrefix")
    several = node.items("addressPrefixes")
    if one is not None and one.value not in ("", *(each.value for each in several)) and several:
        node.problem("gives both addressPrefix and addressPrefixes", "leave addressPrefix out")
    given = several or ([one] if one is not None else [])
    if not given:
        node.problem("has neither addressPrefix nor addressPrefixes")
    return Subnet(
        name=name,
        prefixes=networks(given),
        nsg=referred(node, "networkSecurityGroup", Kind.NSG, context.names),
        routes=referred(node, "routeTable", Kind.ROUTE_TABLE, context.names),
        outbound=_outbound(node, (vnet.lower(), name.lower()) in behind_nat),
        service_endpoints=tuple(
            found for each in node.items("serviceEndpoints") if (found := each.text("service"))
        ),
        where=node.where,
    )


def _outbound(node: Node, behind_nat: bool) -> Outbound:
    if behind_nat or node.get("natGateway") is not None:
        return Outbound.NAT
    if node.get("defaultOutboundAccess") is None:
        node.note(
            "does not say defaultOutboundAccess: it is taken to have it, as subnets of before April 2026"
        )
    return Outbound.DEFAULT if node.flag("defaultOutboundAccess", True) else Outbound.NONE


def read_peerings(resource: Resource, context: Context) -> Iterator[Peering]:
    """The sides that this VNet has."""
    names: set[str] = set()
    for node in resource.parts("virtualNetworkPeerings"):
        name = node.text("name").rpartition("/")[2]
        if name.lower() in names:
            node.problem(f"the peering {shown(name)} is there twice in {resource.name}")
        names.add(name.lower())
        if node.required("remoteVirtualNetwork") is None:
            continue
        remote = referred(node, "remoteVirtualNetwork", Kind.VNET, context.names)
        known = remote in context.gathered.resources.get(Kind.VNET, {})
        if remote and not known:
            node.note(f"peers with {remote}, which is not among the documents: nothing beyond can be proved")
        _note_what_is_partial(node)
        yield Peering(
            name=name,
            vnet=resource.name,
            remote=remote,
            connected=_connected(node),
            allow_access=node.flag("allowVirtualNetworkAccess", True),
            allow_forwarded=node.flag("allowForwardedTraffic"),
            allow_gateway_transit=node.flag("allowGatewayTransit"),
            use_remote_gateways=node.flag("useRemoteGateways"),
            where=node.where,
        )


def _connected(node: Node) -> bool:
    if node.get("peeringState") is None:
        node.note("does not say peeringState: it is taken to be Connected")
        return True
    return bool(node.choice("peeringState", STATES))


def _note_what_is_partial(node: Node) -> None:
    level = node.text("peeringSyncLevel")
    if level and level != IN_SYNC:
        node.note(f"is {shown(level)}: a changed address space is not known on both sides until it is synced")
    if not node.flag("peerCompleteVnets", True):
        node.note("peers some subnets only, which is not modelled: it is read as if it were all")
