"""`[[node defaults]]`, `Extends` and `Abstract`: each node with all that it inherits.

What a node says itself wins; then its bases, the later before the earlier, each with what that one inherits;
then `[[node defaults]]`, wherever an Extends names it. Configuration is merged key by key, by the same order,
and so are other sections of the same kind and name. `Extends` and `Abstract` are a node's own and are not
inherited. An attribute that is undefined hides what is inherited.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from burstway.template.known import Part, Setting
from burstway.template.problems import Problems
from burstway.template.source import Place, quoted
from burstway.template.typed import boolean, text

DEFAULTS = "defaults"
"""The node that all others of the cluster inherit from."""

LEAST_SETTINGS = 300_000
"""Of all nodes together, each with what it inherits from each of its bases, besides one for each four
characters of the template; the largest template known has 5,000. 100 kB could be a thousand nodes that
inherit ten thousand attributes each."""

Inside = Mapping[tuple[str, str], Part]


@dataclass(frozen=True, slots=True)
class Node:
    """A node or node array; keys in lower case, those of the configuration with their prefix. `inside` are
    its other sections by their kind and their name in lower case. `Extends` and `Abstract` are read from
    `part`, which holds only what the node says itself."""

    part: Part
    abstract: bool
    settings: Mapping[str, Setting]
    configuration: Mapping[str, Setting]
    inside: Inside

    @property
    def size(self) -> int:
        """What it takes to copy the node."""
        inside = sum(1 + len(part.settings) + len(part.parts) for part in self.inside.values())
        return len(self.settings) + len(self.configuration) + inside


def configuration_key(part: Part, setting: Setting) -> str:
    """`[[[configuration a.b]]]` with c = 1 is `a.b.c = 1`. In its own spelling."""
    return ".".join(word for word in (part.name, setting.key) if word)


def expand(cluster: Part, problems: Problems) -> list[Node]:
    """The cluster's nodes and node arrays in the order of the file, without `[[node defaults]]`."""
    own = _own_nodes(cluster, problems)
    bases = {name: _bases(name, own, problems) for name in own}
    order = _ordered(own, bases, problems)
    merger = _Merger(problems)
    try:
        merged: dict[str, Node] = {}
        for name in [] if problems.full else order:
            below = [merged[base] for base in bases[name] if base != DEFAULTS]
            merged[name] = merger.above([*below, own[name]])
        defaults = [merged[DEFAULTS]] if DEFAULTS in merged else []
        names = [name for name in own if name in merged and name != DEFAULTS]
        return [merger.above([*defaults, merged[name]]) for name in names]
    except _TooLargeError as too_large:
        problems.add(too_large.place, too_large.what, "counting what they inherit; let them inherit less")
        return []


class _TooLargeError(Exception):
    def __init__(self, place: Place, what: str) -> None:
        super().__init__(what)
        self.place = place
        self.what = what


class _Merger:
    """Puts nodes together as long as they are not too large. They are counted before they are copied."""

    def __init__(self, problems: Problems) -> None:
        self._most = LEAST_SETTINGS + problems.source.size // 4
        self._size = 0

    def above(self, layers: list[Node]) -> Node:
        """The last node, on top of what the ones before it say; a later one is above an earlier one."""
        node = layers[-1]
        if len(layers) == 1:
            return node
        self._size += sum(layer.size for layer in layers)
        if self._size > self._most:
            raise _TooLargeError(
                node.part.place, f"with {node.part} the nodes have more than {self._most:,} attributes"
            )
        settings: dict[str, Setting] = {}
        configuration: dict[str, Setting] = {}
        for layer in layers:
            settings.update(layer.settings)
            configuration.update(layer.configuration)
        inside = _joined(part for layer in layers for part in layer.inside.values())
        return replace(node, settings=settings, configuration=configuration, inside=inside)


def _own_nodes(cluster: Part, problems: Problems) -> dict[str, Node]:
    """By name in lower case: a node and a node array share their names, for Extends tells them not apart."""
    found: dict[str, Part] = {}
    for part in cluster.parts:
        if part.kind not in ("node", "nodearray") or not part.name:
            continue
        first = found.setdefault(part.name.lower(), part)
        if first is not part:
            what = f"{part} has the name of {first} in line {first.place.line}"
            problems.add(part.place, what, "give it another name")
        if part.kind == "nodearray" and part.name.lower() == DEFAULTS:
            problems.add(part.place, f"{part} cannot be a node array", "that name is for [[node defaults]]")
    return {name: _own_node(part, problems) for name, part in found.items()}


def _own_node(part: Part, problems: Problems) -> Node:
    configuration: dict[str, Setting] = {}
    for inner in part.parts:
        if inner.kind == "configuration":
            _add_configuration(inner, part, configuration, problems)
    inside = _joined(inner for inner in part.parts if inner.kind != "configuration")
    abstract = boolean(part.settings.get("abstract"), problems) or False
    return Node(part, abstract, part.settings, configuration, inside)


def _add_configuration(
    inner: Part, node: Part, configuration: dict[str, Setting], problems: Problems
) -> None:
    for setting in inner.settings.values():
        name = configuration_key(inner, setting)
        if first := configuration.get(name.lower()):
            what = f"{name} stands in {node} a second time, after line {first.place.line}"
            problems.warn(setting.place, what, "keep one; this one counts")
        configuration[name.lower()] = replace(setting, key=name)


def _bases(name: str, own: Mapping[str, Node], problems: Problems) -> list[str]:
    """The names that the node extends, in lower case and in their order; only such as exist, each once."""
    setting = own[name].part.settings.get("extends")
    bases: dict[str, None] = {}
    for base, where in _names(setting) if setting and text(setting, problems) else ():
        if base.lower() in bases:
            problems.add(where, f"Extends names {quoted(base)} twice", "keep one")
        elif base.lower() in own:
            bases[base.lower()] = None
        else:
            known = (node.part.name for node in own.values())
            what = f"Extends names {quoted(base)}, and the cluster has no such node"
            problems.add_unknown(where, what, base, known)
    return list(bases)


def _names(setting: Setting) -> Iterator[tuple[str, Place]]:
    value = setting.value
    if value.items and not value.origin:
        yield from ((item.written, item.place) for item in value.items)
        return
    column = 0
    for part in value.written.split(","):
        along = 0 if value.origin else column + len(part) - len(part.lstrip())
        yield part.strip(), value.place.along(along)
        column += len(part) + 1


def _ordered(own: Mapping[str, Node], bases: dict[str, list[str]], problems: Problems) -> list[str]:
    """The names, each behind its bases. A circle in `bases` is reported, and taken out of them."""
    order: dict[str, None] = {}
    closing: dict[str, set[str]] = {}
    for first in own:
        path = {first: iter(bases[first])} if first not in order else {}
        while path:
            name = next(reversed(path))
            base = next(path[name], None)
            if base is None:
                path.pop(name)
                order[name] = None
            elif base in path:
                closing.setdefault(name, set()).add(base)
                if not problems.full:
                    names = [*path]
                    _report_circle([own[inside].part for inside in names[names.index(base) :]], problems)
            elif base not in order:
                path[base] = iter(bases[base])
    for name, circles in closing.items():
        bases[name] = [base for base in bases[name] if base not in circles]
    return [*order]


def _report_circle(circle: list[Part], problems: Problems) -> None:
    """`circle` holds each node once, before the one that it extends; told from the first in the file."""
    first = circle.index(min(circle, key=lambda part: part.place))
    names = [part.name for part in (*circle[first:], *circle[:first], circle[first])]
    value = circle[first].settings["extends"].value
    problems.add(value.place, f"Extends goes in a circle: {' → '.join(names)}", "take one of them out")


def _joined(parts: Iterable[Part]) -> Inside:
    """Sections by their kind and name. What several of one name say is one, a later one above an earlier."""
    same: dict[tuple[str, str], list[Part]] = {}
    for part in parts:
        same.setdefault((part.kind, part.name.lower()), []).append(part)
    return {key: found[0] if len(found) == 1 else _one(found) for key, found in same.items()}


def _one(parts: list[Part]) -> Part:
    settings: dict[str, Setting] = {}
    for part in parts:
        settings.update(part.settings)
    return replace(parts[-1], settings=settings, parts=[inner for part in parts for inner in part.parts])
