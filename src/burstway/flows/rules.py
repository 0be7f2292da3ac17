"""From flows to rules: roles become places, and what a border does not see drops out.

The route here is `direct`: both sides reach each other's own addresses over a routed link, so a flow is
carried as it stands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from burstway.flows.table import Flow, Ports, Protocol, Role


@dataclass(frozen=True, slots=True, order=True)
class Tag:
    """A service tag of the cloud: a name for ranges that its owner keeps, such as Storage.WestEurope."""

    name: str

    def __str__(self) -> str:
        return self.name


Place = IPv4Network | Tag
Places = Mapping[Role, tuple[Place, ...]]


@dataclass(frozen=True, slots=True)
class Rule:
    """Connections that are let through: from any of `sources` to any of `targets`. `name` is the flow's."""

    name: str
    sources: tuple[Place, ...]
    targets: tuple[Place, ...]
    protocol: Protocol
    ports: Ports | None
    purpose: str = ""

    @property
    def service(self) -> str:
        return f"{self.protocol} {self.ports}" if self.ports else str(self.protocol)


def placed(flows: Iterable[Flow], places: Places) -> list[Rule]:
    """Each flow that is opened and both of whose roles are somewhere, as a rule."""
    return [
        Rule(flow.name, sources, targets, flow.protocol, flow.ports, flow.purpose)
        for flow in flows
        if flow.opened
        and (sources := places.get(flow.source, ()))
        and (targets := places.get(flow.target, ()))
    ]


def touches(places: Iterable[Place], ranges: Iterable[IPv4Network]) -> bool:
    """Whether one of these places is in one of the ranges. A tag is the cloud's own and in none of them."""
    ranges = tuple(ranges)
    return any(place.overlaps(each) for place in places if isinstance(place, IPv4Network) for each in ranges)


def concerning(rules: Iterable[Rule], ranges: Iterable[IPv4Network]) -> list[Rule]:
    """The rules one of whose ends is in these ranges: what a filter around each machine there must pass."""
    ranges = tuple(ranges)
    return [rule for rule in rules if touches(rule.sources, ranges) or touches(rule.targets, ranges)]


def crossing(rules: Iterable[Rule], ranges: Iterable[IPv4Network]) -> list[Rule]:
    """The rules that a border around these ranges sees. With both ends inside, or both outside, a connection
    never reaches it."""
    ranges = tuple(ranges)
    return [
        rule
        for rule in rules
        if any(touches([s], ranges) != touches([t], ranges) for s in rule.sources for t in rule.targets)
    ]
