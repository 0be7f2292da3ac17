"""Who can take part in probes: the head node, the site's nodes, and what has an address in the settings."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network

from burstway.flows.rules import Places
from burstway.flows.table import Role
from burstway.model.node import Node, State
from burstway.probes.plan import Machine, Runs
from burstway.service.site_network import site_places
from burstway.settings import Settings

SPEAKING = (State.JOINED, State.READY, State.DRAINING)
ALONE = 2
"""Nodes try each other in a ring; it takes so many."""


def machines(settings: Settings, nodes: Iterable[Node]) -> list[Machine]:
    """The head is the first; the control plane runs its part itself."""
    places = site_places(settings)
    return [
        _head(settings, places),
        *_others(settings, places),
        *(node_machine(node) for node in nodes),
    ]


def node_machine(node: Node) -> Machine:
    """A machine that is not there, or is going, has no address: another may have it by now."""
    roles = frozenset({Role.NODE})
    if node.state in SPEAKING and node.certificate_serial:
        return Machine(node.name, node.address, roles, Runs.AGENT, life=node.key)
    if node.state is State.BOOTING:
        absent = "is booting, and its agent has not joined"
        return Machine(node.name, node.address, roles, Runs.NOBODY, absent, node.key)
    return Machine(node.name, "", roles, Runs.NOBODY, f"is {node.state}", node.key)


def with_partner(named: Sequence[Node], live: Iterable[Node]) -> list[Node]:
    """The nodes, and one more that can answer when there is no second one to try the first with."""
    names = {node.name for node in named}
    if len(names) >= ALONE:
        return list(named)
    clusters = {node.cluster for node in named}
    others = [node for node in live if node.state in SPEAKING and node.name not in names]
    others.sort(key=lambda node: (node.cluster not in clusters, node.state is not State.READY))
    return [*named, *others[: ALONE - len(names)]]


def _head(settings: Settings, places: Places) -> Machine:
    own = IPv4Network(settings.site.address)
    roles = frozenset(
        role
        for role, where in places.items()
        if role is not Role.NODE
        and any(isinstance(each, IPv4Network) and own.subnet_of(each) for each in where)
    )
    return Machine(settings.site.head, str(settings.site.address), roles, Runs.LOCAL)


def _others(settings: Settings, places: Places) -> list[Machine]:
    """Servers that the settings name by one address. A range or a service tag is no address to try."""
    own = IPv4Network(settings.site.address)
    roles: dict[IPv4Network, set[Role]] = {}
    for role, where in places.items():
        for place in where:
            if isinstance(place, IPv4Network) and place.num_addresses == 1 and place != own:
                roles.setdefault(place, set()).add(role)
    return [
        Machine(str(place.network_address), str(place.network_address), frozenset(has), Runs.NOBODY,
                "is no machine that Burstway runs anything on")
        for place, has in roles.items()
    ]  # fmt: skip
