"""From flows to the rules of a border: roles become addresses, and what does not cross the border drops out.

The route here is `direct`: both sides reach each other's own addresses over a routed link, so a flow is
carried as it stands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from burstway.flows.table import Flow, Ports, Protocol, Role


@dataclass(frozen=True, slots=True)
class Rule:
    """Connections that a border lets through: from any of `sources` to any of `targets`."""

    name: str
    sources: tuple[IPv4Network, ...]
    targets: tuple[IPv4Network, ...]
    protocol: Protocol
    ports: Ports


Places = Mapping[Role, tuple[IPv4Network, ...]]


def border_rules(flows: Iterable[Flow], places: Places, inside: IPv4Network) -> list[Rule]:
    """The rules for the border around the range `inside`.

    `places` says at which addresses each role is found. A flow with both ends inside, or both outside, never
    reaches the border and needs no rule there.
    """
    rules = []
    for flow in flows:
        sources, targets = places.get(flow.source, ()), places.get(flow.target, ())
        if not sources or not targets:
            continue
        crosses = any(s.subnet_of(inside) != t.subnet_of(inside) for s in sources for t in targets)
        if crosses:
            rules.append(Rule(flow.name, sources, targets, flow.protocol, flow.ports))
    return rules
