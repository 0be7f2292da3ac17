"""Route tables. https://learn.microsoft.com/en-us/azure/virtual-network/virtual-networks-udr-overview"""

from ipaddress import IPv4Network

from burstway.network.model import Hop, Route, RouteTable
from burstway.network.read.context import Context
from burstway.network.read.findings import shown
from burstway.network.read.gather import Resource
from burstway.network.read.node import Node
from burstway.network.read.prefixes import address, looks_like_address, network

MOST_ROUTES = 400

HOPS = {hop.value: hop for hop in (Hop.GATEWAY, Hop.VNET, Hop.INTERNET, Hop.APPLIANCE, Hop.NONE)}
"""Peerings and service endpoints make routes, but no route of one's own can name them."""


def read_route_table(resource: Resource, context: Context) -> RouteTable:
    nodes = resource.parts("routes")
    if len(nodes) > MOST_ROUTES:
        resource.node.problem(
            f"route table {resource.name} has {len(nodes)} routes, and Azure takes {MOST_ROUTES}"
        )
    routes: list[Route] = []
    prefixes: dict[str, str] = {}
    names: set[str] = set()
    for node in nodes:
        route = _route(node, context)
        if route is None:
            continue
        if (first := prefixes.setdefault(str(route.prefix).lower(), route.name)) != route.name:
            node.problem(
                f"route {shown(route.name)} has the prefix {route.prefix}, and so has {shown(first)}"
            )
        if route.name.lower() in names:
            node.problem(f"the route {shown(route.name)} is there twice in {resource.name}")
        names.add(route.name.lower())
        routes.append(route)
    propagates = not resource.node.flag("disableBgpRoutePropagation")
    return RouteTable(resource.name, tuple(routes), propagates, resource.node.where)


def _route(node: Node, context: Context) -> Route | None:
    hop = node.choice("nextHopType", HOPS)
    prefix = _prefix(node, context)
    next_address = address(node, "nextHopIpAddress")
    if hop is Hop.APPLIANCE and not node.text("nextHopIpAddress"):
        node.problem(
            "sends to a VirtualAppliance and has no nextHopIpAddress", "give the appliance's address"
        )
    if hop not in (Hop.APPLIANCE, None) and next_address is not None:
        node.problem(
            f"has a nextHopIpAddress, and its nextHopType is {hop}", "only VirtualAppliance takes one"
        )
    if hop is None or prefix is None:
        return None
    return Route(node.text("name").rpartition("/")[2], prefix, hop, next_address, node.where)


def _prefix(node: Node, context: Context) -> IPv4Network | str | None:
    found = node.required("addressPrefix")
    if found is None:
        return None
    text = found.as_text()
    if text and not looks_like_address(text):
        return context.tags.name(found, text)
    return network(found)
