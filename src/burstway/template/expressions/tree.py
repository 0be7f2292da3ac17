"""What an expression is once it is parsed.

Operators of one precedence are one node with all their operands, and so are the branches of `a ? b : c ? d :
e`, so that an expression is only as deep as it is nested, however long it is. `depth` counts that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, TypeAlias

from burstway.template.data import Datum


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    depth: ClassVar[int] = 0
    value: Datum


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """An attribute that something outside of the expression or a record around it defines."""

    depth: ClassVar[int] = 0
    name: str
    offset: int


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """`of.name`"""

    of: "Node"
    name: str
    offset: int
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """`of[by]`"""

    of: "Node"
    by: "Node"
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Prefix:
    """`-of`, `+of`, `!of`, `~of`"""

    operator: str
    of: "Node"
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Operators of one precedence, from left to right."""

    first: "Node"
    rest: tuple[tuple[str, "Node"], ...]
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """`test ? value : test ? value : last`"""

    branches: tuple[tuple["Node", "Node"], ...]
    last: "Node"
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Fallback:
    """`a ?: b ?: c`, the first that is not undefined. It binds as tightly as a call does, as in HTCondor."""

    values: tuple["Node", ...]
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """`name` is in lower case; `written` is not."""

    name: str
    written: str
    arguments: tuple["Node", ...]
    offset: int
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """`{a, b}`"""

    items: tuple["Node", ...]
    depth: int


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """`[a = b; c = d]`. A field given twice has its last value, in the place of the first."""

    fields: tuple[tuple[str, "Node"], ...]
    depth: int


Node: TypeAlias = Literal | Name | Member | Index | Prefix | Chain | Choice | Fallback | Call | Items | Fields


@dataclass(frozen=True, eq=False)
class Expression:
    text: str
    root: Node

    def names(self) -> tuple[tuple[str, int], ...]:
        """The names that something outside of the expression has to define, with the offset of each. A member
        that a record may not have, as in `[a = 1].b`, is one of them: it is looked up around the record."""
        return self._names

    def calls(self) -> tuple[tuple[str, int], ...]:
        """The functions that the expression calls, as they are written, with the offset of each."""
        found = (node for node in _all(self.root) if isinstance(node, Call))
        return tuple((node.written, node.offset) for node in found)

    @cached_property
    def _names(self) -> tuple[tuple[str, int], ...]:
        from burstway.template.expressions.names import outer_names

        return tuple(outer_names(self.root))


def _all(root: Node) -> Iterator[Node]:
    """All nodes, in the order of the text."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(parts(node)))


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in the order of the text."""
    match node:
        case Member(of=of) | Prefix(of=of):
            return (of,)
        case Index(of=of, by=by):
            return (of, by)
        case Chain(first=first, rest=rest):
            return (first, *(operand for _, operand in rest))
        case Choice(branches=branches, last=last):
            return (*(part for branch in branches for part in branch), last)
        case Call(arguments=items) | Items(items=items) | Fallback(values=items):
            return items
        case Fields(fields=fields):
            return tuple(value for _, value in fields)
    return ()
