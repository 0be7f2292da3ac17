"""Interfaces of machines: one value for each IPv4 configuration of an interface."""

from collections.abc import Iterator, Mapping

from burstway.network.model import Nic
from burstway.network.read.context import Context
from burstway.network.read.gather import Resource
from burstway.network.read.kinds import Kind
from burstway.network.read.node import Node
from burstway.network.read.prefixes import address
from burstway.network.read.public import Addresses
from burstway.network.read.references import of, referred, subnet_of

SubnetNames = Mapping[tuple[str, str], str]
"""Subnets as they are spelt, by VNet and lower-case name: ids may have any case."""


def read_nics(resource: Resource, context: Context, public: Addresses, subnets: SubnetNames) -> Iterator[Nic]:
    node = resource.node
    nsg = referred(node, "networkSecurityGroup", Kind.NSG, context.names)
    forwards = node.flag("enableIPForwarding")
    configurations = [each for each in node.items("ipConfigurations") if not _is_ipv6(each)]
    if not configurations:
        node.note("has no IPv4 configuration, and is not read")
    configurations.sort(key=lambda each: not each.flag("primary"))
    for index, each in enumerate(configurations):
        found = address(each, "privateIPAddress")
        vnet, subnet = subnet_of(each, context.names)
        if each.required("subnet") is None:
            continue
        if found is None:
            each.note("has no address yet, so that the interface is not read")
            continue
        yield Nic(
            name=resource.name if index == 0 else f"{resource.name}/{each.text('name')}",
            vnet=vnet,
            subnet=subnets.get((vnet, subnet.lower()), subnet),
            address=found,
            nsg=nsg,
            groups=_groups(each, context),
            public_address=public.of(each, context.names),
            forwards=forwards,
            where=each.where,
        )


def _is_ipv6(configuration: Node) -> bool:
    return configuration.text("privateIPAddressVersion").lower() == "ipv6"


def _groups(configuration: Node, context: Context) -> tuple[str, ...]:
    found = (
        of(each, "applicationsecuritygroups") for each in configuration.items("applicationSecurityGroups")
    )
    return tuple(context.names.of(each) for each in found if each is not None)
