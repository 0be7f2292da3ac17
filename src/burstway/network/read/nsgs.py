"""Network security groups and their rules.

https://learn.microsoft.com/en-us/azure/virtual-network/network-security-groups-overview and the limits in
https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/azure-subscription-service-limits.
The six default rules are compared with those that each group has, and are not kept.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from burstway.network.model import Access, Direction, Group, Nsg, Prefix, SecurityRule
from burstway.network.nsg import DEFAULTS
from burstway.network.read.context import Context
from burstway.network.read.findings import shown
from burstway.network.read.gather import Resource
from burstway.network.read.node import Node
from burstway.network.read.prefixes import looks_like_address, network, ports
from burstway.network.read.references import of

LOWEST, HIGHEST = 100, 4_096
MOST_RULES = 1_000
MOST_PREFIXES = 4_000
"""Addresses and ranges on one end of one rule."""

PROTOCOLS = {name: name for name in ("Tcp", "Udp", "Icmp", "Esp", "Ah", "*")}
DIRECTIONS = {each.value: each for each in Direction}
ACCESS = {each.value: each for each in Access}

_NAME = re.compile(r"\w(?:[\w.-]{0,78}\w)?")

T = TypeVar("T")


def read_nsg(resource: Resource, context: Context) -> Nsg:
    nodes = resource.parts("securityRules")
    if len(nodes) > MOST_RULES:
        resource.node.problem(
            f"NSG {resource.name} has {len(nodes):,} rules, and Azure takes {MOST_RULES:,}",
            "join rules that differ in their prefixes or ports only",
        )
    rules = tuple(read_rule(node, context) for node in nodes)
    check_rules(rules, nodes)
    if resource.node.get("defaultSecurityRules") is not None:
        _check_defaults(resource.node)
    return Nsg(resource.name, rules, resource.node.where)


def read_rule(node: Node, context: Context) -> SecurityRule:
    """Never fails: after a problem something harmless stands in its place, and nothing is returned."""
    return SecurityRule(
        name=_name(node),
        priority=_priority(node),
        direction=node.choice("direction", DIRECTIONS) or Direction.INBOUND,
        access=node.choice("access", ACCESS) or Access.DENY,
        protocol=node.choice("protocol", PROTOCOLS) or "*",
        sources=_prefixes(node, "source", context),
        source_ports=_one_of(node, "sourcePortRange", "sourcePortRanges", ports),
        targets=_prefixes(node, "destination", context),
        target_ports=_one_of(node, "destinationPortRange", "destinationPortRanges", ports),
        where=node.where,
        description=node.remark("description"),
    )


def _name(node: Node) -> str:
    name = node.text("name").rpartition("/")[2]
    if not _NAME.fullmatch(name) or not name.isascii():
        node.problem(
            f"{shown(name) or 'an empty text'} is not a name for a rule",
            "letters, digits, `.`, `-` and `_`, up to 80, with a letter, digit or `_` at both ends",
        )
    return name


def _priority(node: Node) -> int:
    priority = node.whole("priority")
    if priority is None:
        return HIGHEST
    if not LOWEST <= priority <= HIGHEST:
        where = node.get("priority") or node
        where.problem(f"{shown(str(priority))} is not within {LOWEST} to {HIGHEST}")
    return priority


def _prefixes(node: Node, end: str, context: Context) -> tuple[Prefix, ...]:
    """The addresses of one end: prefixes, or application security groups."""
    groups = node.items(f"{end}ApplicationSecurityGroups")
    if groups:
        if any(_given(node, f"{end}{form}") for form in ("AddressPrefix", "AddressPrefixes")):
            node.problem(f"gives {end}ApplicationSecurityGroups and prefixes as well", "make two rules of it")
        found = (of(group, "applicationsecuritygroups") for group in groups)
        return tuple(Group(context.names.of(each)) for each in found if each is not None)

    def single(each: Node) -> Prefix | None:
        return prefix(each, context)

    def one_of_several(each: Node) -> Prefix | None:
        if isinstance(each.value, str) and (each.value == "*" or not looks_like_address(each.value)):
            each.problem(
                f"{shown(each.value) or 'an empty text'} cannot stand in a list of prefixes",
                f"Azure takes `*` and service tags in {end}AddressPrefix only: make a rule for it",
            )
            return None
        return prefix(each, context)

    singular, plural = f"{end}AddressPrefix", f"{end}AddressPrefixes"
    found_prefixes: tuple[Prefix, ...] = _one_of(node, singular, plural, single, one_of_several)
    if len(found_prefixes) > MOST_PREFIXES:
        node.problem(f"has {len(found_prefixes):,} prefixes in {plural}, and Azure takes {MOST_PREFIXES:,}")
    return found_prefixes


def prefix(node: Node, context: Context) -> Prefix | None:
    """A range, `*` or a tag."""
    text = node.as_text()
    if text == "*":
        return text
    if text and not looks_like_address(text):
        return context.tags.name(node, text)
    return network(node, single=True)


def _given(node: Node, key: str) -> bool:
    """Azure's tools print an empty text or list for what is not given."""
    found = node.get(key)
    return found is not None and found.value not in ("", [])


def _one_of(
    node: Node,
    singular: str,
    plural: str,
    read: Callable[[Node], T | None],
    read_of_several: Callable[[Node], T | None] | None = None,
) -> tuple[T, ...]:
    has_one, has_several = _given(node, singular), _given(node, plural)
    if has_one and has_several:
        node.problem(f"gives both {singular} and {plural}", f"leave {singular} out")
    if not has_one and not has_several:
        node.problem(f"has neither {singular} nor {plural}")
    made = []
    if has_one and (found := node.get(singular)) is not None:
        made.append(read(found))
    if has_several:
        made += [(read_of_several or read)(each) for each in node.items(plural)]
    return tuple(each for each in made if each is not None)


def check_rules(rules: Iterable[SecurityRule], nodes: Iterable[Node]) -> None:
    """A priority stands once in each direction, a name once in the group."""
    priorities: dict[tuple[Direction, int], SecurityRule] = {}
    names: set[str] = set()
    for rule, node in zip(rules, nodes, strict=True):
        first = priorities.setdefault((rule.direction, rule.priority), rule)
        if first is not rule and (priority := node.get("priority")) is not None:
            priority.problem(
                f"rule {rule.name} has priority {rule.priority} {rule.direction}, and so has {first.name}",
                "rules of one direction cannot have the same priority",
            )
        if rule.name.lower() in names:
            node.problem(f"the name {shown(rule.name)} is there twice")
        names.add(rule.name.lower())


def _check_defaults(nsg: Node) -> None:
    found = {_facts_of(node) for node in nsg.items("defaultSecurityRules")}
    expected = {_facts(rule) for rule in DEFAULTS}
    for facts in sorted(found - expected, key=str):
        nsg.note(f"default rule {facts[0]} is not the one that each group has, and is not read")
    for facts in sorted(expected - found, key=str):
        nsg.note(f"default rule {facts[0]} is not shown, and is taken to be there")


def _facts(rule: SecurityRule) -> tuple[object, ...]:
    ends = (str(rule.sources[0]).lower(), str(rule.targets[0]).lower())
    return (rule.name, rule.priority, rule.direction, rule.access, rule.protocol, *ends)


def _facts_of(node: Node) -> tuple[object, ...]:
    priority = node.get("priority")
    return (
        node.text("name"),
        priority.value if priority and type(priority.value) is int else 0,
        node.text("direction"),
        node.text("access"),
        node.text("protocol"),
        node.text("sourceAddressPrefix").lower(),
        node.text("destinationAddressPrefix").lower(),
    )
