"""A table of NSG rules, as products of Azure's HPC teams are written: `{"service_ports", "rules"}`.

Each rule has a kind and a name at both ends: a tag, an application security group, or a subnet by a key
whose ranges the caller gives. Alternatives of ports, one for each way of installing, are joined; rules of
which only one is ever installed may have the same priority. Both are notes. A rule without ports matches
nothing and is left out.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network

from burstway.network.model import Access, Direction, Group, Nsg, Prefix, SecurityRule
from burstway.network.read.context import Context
from burstway.network.read.findings import Place, shown
from burstway.network.read.node import Node
from burstway.network.read.nsgs import ACCESS, DIRECTIONS, HIGHEST, LOWEST, PROTOCOLS
from burstway.network.read.prefixes import ports
from burstway.network.space import ALL_PORTS

Ranges = Mapping[str, Sequence[IPv4Network]]


def read_table(document: Node, name: str, subnets: Ranges, context: Context) -> Nsg:
    rules: list[SecurityRule] = []
    priorities: dict[tuple[Direction, int], str] = {}
    for node in document.items("rules"):
        found = _ports(node)
        rule = _rule(node, found, subnets, context)
        first = priorities.setdefault((rule.direction, rule.priority), rule.name)
        if first != rule.name:
            node.note(f"has the priority of {first}: only one of them can be installed")
        if found:
            rules.append(rule)
        else:
            node.note("has no ports and is left out")
    return Nsg(name, tuple(rules), document.where)


def _rule(node: Node, found: tuple[tuple[int, int], ...], subnets: Ranges, context: Context) -> SecurityRule:
    priority = node.whole("priority")
    if priority is not None and not LOWEST <= priority <= HIGHEST:
        node.problem(f"priority {shown(str(priority))} is not within {LOWEST} to {HIGHEST}")
    return SecurityRule(
        name=node.text("name"),
        priority=priority or HIGHEST,
        direction=node.choice("direction", DIRECTIONS) or Direction.INBOUND,
        access=node.choice("access", ACCESS) or Access.DENY,
        protocol=node.choice("protocol", PROTOCOLS) or "*",
        sources=_end(node, "src", subnets, context),
        source_ports=ALL_PORTS,
        targets=_end(node, "dst", subnets, context),
        target_ports=found,
        where=node.where,
    )


def _ports(node: Node) -> tuple[tuple[int, int], ...]:
    alternatives = node.items("ports")
    if len(alternatives) > 1:
        node.note("has alternatives of ports, which are joined")
    pairs = (ports(each) for alternative in alternatives for each in alternative.each())
    return tuple(dict.fromkeys(pair for pair in pairs if pair is not None))


def _end(node: Node, end: str, subnets: Ranges, context: Context) -> tuple[Prefix, ...]:
    kind, found = node.text(f"{end}_kind"), node.required(end)
    if found is None:
        return ()
    name = found.as_text()
    if name in subnets:
        return tuple(subnets[name])
    if kind == "asg":
        return (Group(name),)
    if kind == "tag":
        tag = "*" if name == "*" else context.tags.name(found, name)
        return (tag,) if tag else ()
    document = Place(found.place.document)  # once for each key, not for each rule
    found.findings.problem(
        document,
        f"the ranges of {shown(kind)} {shown(name)} are not given",
        f"--subnet {name}=RANGE gives them",
    )
    return ()
