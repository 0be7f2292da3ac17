"""References from one resource to another: `{"id": "/subscriptions/…"}` to a name."""

from burstway.network.read.findings import shown
from burstway.network.read.kinds import Kind
from burstway.network.read.names import Names, ResourceId, parse_id
from burstway.network.read.node import Node


def referred(node: Node, key: str, kind: Kind, names: Names) -> str:
    """The name of what the field refers to, "" where it is absent, or after a problem."""
    found = reference(node, key, kind.value.lower())
    return names.of(found) if found else ""


def subnet_of(node: Node, names: Names) -> tuple[str, str]:
    """VNet and subnet that `subnet` refers to, ("", "") where it is absent."""
    found = reference(node, "subnet", Kind.VNET.value.lower(), "subnets")
    return (names.of(found), found.names[1]) if found else ("", "")


def reference(node: Node, key: str, *types: str) -> ResourceId | None:
    found = node.get(key)
    return of(found, *types) if found else None


def of(found: Node, *types: str) -> ResourceId | None:
    """`found` is the object with the id."""
    identity = found.required("id")
    if identity is None or not (text := identity.as_text()):
        return None
    resource = parse_id(text)
    if resource is None or resource.types != types:
        identity.problem(f"{shown(text)} is not the id of one of {'/'.join(types)}")
        return None
    return resource
