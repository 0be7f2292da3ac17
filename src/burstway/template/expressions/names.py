"""Which names of an expression somebody else has to define.

A name belongs to the nearest record around it that has it. A member that its record does not have is looked
up around that record, so what a record is has to be followed through the expression: `[a = [x = 1]; b = a.y]`
needs y. Where that is not to be told within bounds, names are missing; `evaluate` bears it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from burstway.template.expressions.tree import (
    Call,
    Choice,
    Fallback,
    Fields,
    Index,
    Items,
    Literal,
    Member,
    Name,
    Node,
    parts,
)

_MOST_FOLLOWED = 20_000
"""Values looked at to find out which records they may be, in one expression."""

_DEEPEST_FOLLOWED = 40
"""From one to the next: this recurses, perhaps below an evaluation that does."""


@dataclass(frozen=True, slots=True, eq=False)
class _Record:
    """A record as it is written, and the one that it stands in."""

    members: Mapping[str, Node]
    around: "_Record | None"


def outer_names(root: Node) -> Iterator[tuple[str, int]]:
    """The names with the offset of each."""
    search = _Search()
    pending: list[tuple[Node, _Record | None]] = [(root, None)]
    while pending:
        node, record = pending.pop()
        if isinstance(node, Name) and _found(node.name, record) is None:
            yield node.name, node.offset
        elif isinstance(node, Member):
            if any(_found(node.name, of) is None for of in search.records(node.of, record)):
                yield node.name, node.offset
        elif isinstance(node, Fields):
            record = search.record(node, record)
        pending.extend((part, record) for part in reversed(parts(node)))


def _found(name: str, record: _Record | None) -> tuple[Node, _Record] | None:
    """The member of that name, of the record or one around it, with the record that has it."""
    lowered = name.lower()
    while record is not None:
        if lowered in record.members:
            return record.members[lowered], record
        record = record.around
    return None


_Sources = list[tuple[Node, _Record | None]]


class _Search:
    """Finds the records that a value may be, or that may be in it when it is a list."""

    def __init__(self) -> None:
        self._made: dict[int, _Record] = {}
        self._known: dict[int, tuple[_Record, ...]] = {}
        self._left = _MOST_FOLLOWED
        self._depth = 0

    def record(self, node: Fields, around: _Record | None) -> _Record:
        if id(node) not in self._made:
            self._made[id(node)] = _Record({name.lower(): value for name, value in node.fields}, around)
        return self._made[id(node)]

    def records(self, node: Node, around: _Record | None) -> tuple[_Record, ...]:
        """`around` is the record that the node stands in."""
        if isinstance(node, Fields):
            return (self.record(node, around),)
        if id(node) in self._known:
            return self._known[id(node)]
        if self._left < 0 or self._depth > _DEEPEST_FOLLOWED:
            return ()
        self._known[id(node)] = ()  # for a value that needs itself
        self._depth += 1
        found: dict[_Record, None] = {}
        for source, record in self._sources(node, around):
            records = self.records(source, record)
            self._left -= 1 + len(records)
            found.update(dict.fromkeys(records))
        self._depth -= 1
        self._known[id(node)] = tuple(found)
        return self._known[id(node)]

    def _sources(self, node: Node, around: _Record | None) -> _Sources:
        """What the node's value may be the value of, or a list of."""
        match node:
            case Name(name=name):
                found = _found(name, around)
                return [found] if found else []
            case Member(of=of, name=name):
                members = [_found(name, record) for record in self.records(of, around)]
                return [found for found in members if found]
            case Index(of=of, by=by):
                return [(of, around), *self._indexed(self.records(of, around), by)]
            case Choice(branches=branches, last=last):
                return [(value, around) for value in (*(value for _, value in branches), last)]
            case Fallback(values=values) | Items(items=values) | Call(arguments=values):
                return [(value, around) for value in values]
        return []

    def _indexed(self, records: tuple[_Record, ...], by: Node) -> _Sources:
        if isinstance(by, Literal):
            name = by.value.lower() if isinstance(by.value, str) else ""
            return [(record.members[name], record) for record in records if name in record.members]
        self._left -= sum(len(record.members) for record in records)
        return [(value, record) for record in records for value in record.members.values()]
