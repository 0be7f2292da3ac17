"""What is attached to a group or a table, and is not among the documents.

An NSG names the subnets and interfaces that it filters. An interface with a group, and no document that shows
the interface, would be missing from a proof without a word: so it is noted.
"""

from collections.abc import Iterable

from burstway.network.model import VNet
from burstway.network.read.context import Context
from burstway.network.read.findings import shown
from burstway.network.read.gather import Resource
from burstway.network.read.kinds import Kind
from burstway.network.read.names import parse_id
from burstway.network.read.node import Node


def note_what_is_missing(context: Context, vnets: Iterable[VNet]) -> None:
    subnets = {
        (vnet.name, subnet.name.lower()): (subnet.nsg, subnet.routes)
        for vnet in vnets
        for subnet in vnet.subnets
    }
    for nsg in context.gathered.of(Kind.NSG):
        for node in nsg.node.items("networkInterfaces"):
            _interface(node, nsg, context)
        for node in nsg.node.items("subnets"):
            _subnet(node, nsg, 0, subnets, context)
    for table in context.gathered.of(Kind.ROUTE_TABLE):
        for node in table.node.items("subnets"):
            _subnet(node, table, 1, subnets, context)


def _interface(node: Node, nsg: Resource, context: Context) -> None:
    found = parse_id(node.text("id"))
    name = context.names.of(found) if found else shown(node.text("id")) or "without an id"
    if found is None or name not in context.gathered.resources.get(Kind.NIC, {}):
        node.note(f"{nsg.name} filters the interface {name}, which is not among the documents")


def _subnet(
    node: Node,
    resource: Resource,
    which: int,
    subnets: dict[tuple[str, str], tuple[str, str]],
    context: Context,
) -> None:
    found = parse_id(node.text("id"))
    if found is None or len(found.names) != 2:
        return
    key = context.names.of(found), found.names[1].lower()
    name = f"{key[0]}/{found.names[1]}"
    if key not in subnets:
        node.note(f"{resource.name} is attached to the subnet {name}, which is not among the documents")
    elif subnets[key][which] != resource.name:
        node.note(f"{resource.name} says it is attached to {name}, and the subnet does not say so")
