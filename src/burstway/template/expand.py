"""`[[node defaults]]`, `Extends` and `Abstract`: each node with all that it inherits.

What a node says itself wins; then its bases, the later before the earlier, each with what that one inherits;
then `[[node defaults]]`, wherever an Extends names it. Configuration is merged key by key, by the same
order. `Extends` and `Abstract` are a node's own and are not inherited.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from burstway.template.problems import Problems
from burstway.template.source import quoted
from burstway.template.syntax import Attribute, Section
from burstway.template.typed import boolean
from burstway.template.values import Form
from burstway.template.vocabulary import configuration_key

DEFAULTS = "defaults"
"""The node that all others of the cluster inherit from."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node or node array; keys in lower case, those of the configuration with their prefix. `Extends` and
    `Abstract` are read from `section`, which holds only what the node says itself."""

    section: Section
    abstract: bool
    attributes: Mapping[str, Attribute]
    configuration: Mapping[str, Attribute]


def expand(cluster: Section, problems: Problems) -> list[Node]:
    """The cluster's nodes and node arrays in the order of the file, without `[[node defaults]]`."""
    own = _own_nodes(cluster, problems)
    bases = {name: _bases(name, own, problems) for name in own}
    _open_circles(own, bases, problems)
    merged: dict[str, Node] = {}
    for name in [] if problems.full else TopologicalSorter(bases).static_order():
        merged[name] = _above([*(merged[base] for base in bases[name] if base != DEFAULTS), own[name]])
    defaults = [merged[DEFAULTS]] if DEFAULTS in merged else []
    return [_above([*defaults, merged[name]]) for name in own if name in merged and name != DEFAULTS]


def _own_nodes(cluster: Section, problems: Problems) -> dict[str, Node]:
    """By name in lower case: a node and a node array share their names, for Extends tells them not apart."""
    found: dict[str, Node] = {}
    for section in cluster.sections:
        if section.kind not in ("node", "nodearray") or not section.name:
            continue
        node = _own_node(section, problems)
        first = found.setdefault(section.name.lower(), node)
        if first is not node:
            what = f"{section} has the name of {first.section} in line {first.section.place.line}"
            problems.add(section.place, what, "give it another name")
        if section.kind == "nodearray" and section.name.lower() == DEFAULTS:
            problems.add(
                section.place, f"{section} cannot be a node array", "that name is for [[node defaults]]"
            )
    return found


def _own_node(section: Section, problems: Problems) -> Node:
    configuration: dict[str, Attribute] = {}
    for inner in section.sections:
        if inner.kind != "configuration":
            continue
        for attribute in inner.attributes.values():
            key = configuration_key(inner, attribute)
            first = configuration.setdefault(key, attribute)
            if first is not attribute:
                what = f"{key} stands in {section} a second time, after line {first.place.line}"
                problems.add(attribute.place, what, "keep one")
    abstract = boolean(section.attributes.get("abstract"), problems) or False
    return Node(section, abstract, section.attributes, configuration)


def _bases(name: str, own: Mapping[str, Node], problems: Problems) -> list[str]:
    """The names that the node extends, in lower case and in their order; only such as exist, each once."""
    attribute = own[name].section.attributes.get("extends")
    if attribute is None or not attribute.value.text:
        return []
    bases: dict[str, None] = {}
    column = 0
    for part in attribute.value.text.split(","):
        base = part.strip()
        where = attribute.value.place
        if attribute.value.form is Form.WORD and not attribute.value.parameter:
            where = where.along(column + len(part) - len(part.lstrip()))
        column += len(part) + 1
        if base.lower() in bases:
            problems.add(where, f"Extends names {quoted(base)} twice", "keep one")
        elif base.lower() in own:
            bases[base.lower()] = None
        else:
            known = [node.section.name for node in own.values()]
            what = f"Extends names {quoted(base)}, and the cluster has no such node"
            problems.add_unknown(where, what, base, known)
    return list(bases)


def _open_circles(own: Mapping[str, Node], bases: dict[str, list[str]], problems: Problems) -> None:
    """Reports each circle in `bases`, and takes it out of them."""
    while not problems.full:
        try:
            TopologicalSorter(bases).prepare()
        except CycleError as refused:
            circle: list[str] = refused.args[1][1:]
            inside = set(circle)
            for name in circle:
                bases[name] = [base for base in bases[name] if base not in inside]
            _report_circle([own[name].section for name in reversed(circle)], problems)
        else:
            return


def _report_circle(circle: list[Section], problems: Problems) -> None:
    """`circle` holds each node once, behind the one that extends it; told from the first in the file."""
    first = circle.index(min(circle, key=lambda section: section.place))
    names = [section.name for section in (*circle[first:], *circle[:first], circle[first])]
    value = circle[first].attributes["extends"].value
    problems.add(value.place, f"Extends goes in a circle: {' → '.join(names)}", "take one of them out")


def _above(layers: list[Node]) -> Node:
    """The last node, on top of what the ones before it say; a later one is above an earlier one."""
    node = layers[-1]
    attributes: dict[str, Attribute] = {}
    configuration: dict[str, Attribute] = {}
    for layer in layers:
        attributes.update(layer.attributes)
        configuration.update(layer.configuration)
    return replace(node, attributes=attributes, configuration=configuration)
