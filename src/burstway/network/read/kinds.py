"""What a document is, by its content: the kinds of resources and of other documents that are read.

A resource says its kind in `type` or in its `id`; one written by hand without both is known by a field that
only its kind has. Sources: the REST reference of Microsoft.Network; `az network … list -o json`.
"""

from enum import StrEnum

from burstway.network.read.names import parse_id
from burstway.network.read.node import Node


class Kind(StrEnum):
    """Values are the last part of the type in Azure."""

    NSG = "networkSecurityGroups"
    VNET = "virtualNetworks"
    ROUTE_TABLE = "routeTables"
    GATEWAY = "virtualNetworkGateways"
    LOCAL_GATEWAY = "localNetworkGateways"
    CONNECTION = "connections"
    NIC = "networkInterfaces"
    PUBLIC_IP = "publicIPAddresses"
    NAT_GATEWAY = "natGateways"


class Other(StrEnum):
    """Documents that are no resources."""

    RULESET = "nft -j list ruleset"
    TAGS = "Azure's service tag file"
    TABLE = "a table of NSG rules (service_ports and rules)"
    TEMPLATE = "a deployment template"


COMMANDS = {
    Kind.NSG: "nsg",
    Kind.VNET: "vnet",
    Kind.ROUTE_TABLE: "route-table",
    Kind.GATEWAY: "vnet-gateway",
    Kind.LOCAL_GATEWAY: "local-gateway",
    Kind.CONNECTION: "vpn-connection",
    Kind.NIC: "nic",
    Kind.PUBLIC_IP: "public-ip",
    Kind.NAT_GATEWAY: "nat gateway",
}
SUPPORTED = (
    f"read are `az network {'|'.join(COMMANDS.values())} list|show -o json`, the same as REST or in a "
    "deployment template, `nft -j list ruleset`, and Azure's service tag file"
)

CHILDREN = {
    (Kind.VNET, "subnets"): "subnets",
    (Kind.VNET, "virtualnetworkpeerings"): "virtualNetworkPeerings",
    (Kind.NSG, "securityrules"): "securityRules",
    (Kind.ROUTE_TABLE, "routes"): "routes",
}
"""Kinds that are resources of their own in a template or a list, and a field of their parent elsewhere."""

_BY_TYPE = {kind.value.lower(): kind for kind in Kind}

_BY_FIELD = {
    "securityrules": Kind.NSG,
    "localnetworkaddressspace": Kind.LOCAL_GATEWAY,
    "addressspace": Kind.VNET,
    "routes": Kind.ROUTE_TABLE,
    "gatewaytype": Kind.GATEWAY,
    "connectiontype": Kind.CONNECTION,
    "enableipforwarding": Kind.NIC,
    "ipconfigurations": Kind.NIC,
    "publicipallocationmethod": Kind.PUBLIC_IP,
    "ipaddress": Kind.PUBLIC_IP,
    "publicipaddresses": Kind.NAT_GATEWAY,
}
"""In this order: a gateway has ipConfigurations as well."""

_PROVIDER = "microsoft.network"


def types_of(resource: Node) -> tuple[str, ...]:
    """The parts of its type behind the provider, lower-case, () where it says none."""
    stated = resource.get("type")
    if stated is not None and isinstance(stated.value, str):
        provider, *types = stated.value.lower().split("/")
        return tuple(types) if provider == _PROVIDER else (stated.value.lower(),)
    identity = resource.get("id")
    if identity is not None and isinstance(identity.value, str):
        found = parse_id(identity.value)
        return found.types if found else ()
    return ()


def kind_of(resource: Node) -> tuple[Kind | None, str]:
    """Its kind, and the field of that kind that it belongs into if it is a child. (None, "") if unknown."""
    types = types_of(resource)
    if types:
        kind = _BY_TYPE.get(types[0])
        if kind is None or len(types) == 1:
            return kind, ""
        child = CHILDREN.get((kind, "/".join(types[1:])))
        return (kind, child) if child else (None, "")
    for field, kind in _BY_FIELD.items():
        if resource.get(field) is not None:
            return kind, ""
    return None, ""


def other_kind(fields: set[str]) -> Other | None:
    """Of a document that is one object, by the names of its fields."""
    if "nftables" in fields:
        return Other.RULESET
    if {"changeNumber", "values"} <= fields:
        return Other.TAGS
    if {"service_ports", "rules"} <= fields:
        return Other.TABLE
    if "resources" in fields and ("$schema" in fields or "contentVersion" in fields):
        return Other.TEMPLATE
    return None
