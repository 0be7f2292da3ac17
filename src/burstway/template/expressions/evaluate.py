"""An expression and a scope -> its value.

A record is evaluated lazily, as in ClassAds: its members see each other and what is around it, and a member
that needs itself is undefined. Therefore a `Lazy` stands for a record until the value leaves the evaluation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from burstway.template.data import UNDEFINED, Datum, Error, Record, Undefined
from burstway.template.expressions.functions import FUNCTIONS, LAZY, missing_function
from burstway.template.expressions.limits import DEPTH_OF_A_SCOPE, Allowance, LimitError, weight
from burstway.template.expressions.operators import apply, apply_prefix, kind, truth_of
from burstway.template.expressions.tree import (
    Call,
    Chain,
    Choice,
    Expression,
    Fallback,
    Fields,
    Index,
    Items,
    Literal,
    Member,
    Name,
    Node,
    Prefix,
)

Scope: TypeAlias = Callable[[str], Datum]


def evaluate(expression: Expression, scope: Scope, *, limit: Allowance | None = None) -> Datum:
    """The expression's value. `scope` gives the value of a name, and UNDEFINED for one that it does not know;
    whether it regards case is its business. Never raises: when `limit` is used up, or something else becomes
    too large, the value is an Error that says so. Without `limit` the expression has one of its own. A scope
    that evaluates other expressions gives them the same `limit`, which bounds how deep that goes."""
    allowance = limit or Allowance()
    evaluation = _Evaluation(scope, allowance)
    depth = allowance.depth
    try:
        if depth:
            allowance.enter(DEPTH_OF_A_SCOPE)
        return evaluation.whole(evaluation.value(expression.root, None))
    except LimitError as exceeded:
        return Error(f"the expression is too costly: {exceeded}")
    finally:
        allowance.depth = depth


@dataclass(frozen=True, slots=True, eq=False)
class Lazy:
    """A record whose members are not evaluated yet; `around` is the record that it stands in."""

    members: Mapping[str, tuple[str, Node]]
    around: "Lazy | None"


_Value: TypeAlias = "Datum | Lazy"


class _Evaluation:
    def __init__(self, scope: Scope, allowance: Allowance) -> None:
        self._scope = scope
        self._allowance = allowance
        self._records: dict[tuple[int, int], Lazy] = {}
        """By the node and the record around it. One that is met again is the same, or it could need itself
        without end."""
        self._evaluated: set[tuple[int, str]] = set()
        """Members that are being evaluated, as the record's id and the member's name."""

    def value(self, node: Node, record: Lazy | None) -> Datum:
        """The value of `node` inside of `record`. It may be or contain a Lazy, which is only a Datum to those
        functions that look no closer; `whole` makes one of it."""
        if isinstance(node, Literal):
            return node.value
        self._enter()
        result = _EVALUATED[type(node)](self, node, record)
        self._allowance.depth -= 1
        return result

    def whole(self, datum: Datum) -> Datum:
        """`datum` with all records in it evaluated."""
        if not isinstance(datum, Lazy | tuple):
            return datum
        self._enter()
        if isinstance(datum, tuple):
            whole: Datum = tuple([self.whole(item) for item in datum])
        else:
            whole = Record(tuple([self._entry(datum, name) for name in datum.members]))
        self._allowance.depth -= 1
        return whole

    def _entry(self, record: Lazy, name: str) -> tuple[str, Datum]:
        """The member with its value. It counts as being evaluated until its own members are, for a record can
        contain itself."""
        key = (id(record), name)
        if key in self._evaluated:
            return record.members[name][0], UNDEFINED
        self._evaluated.add(key)
        written, node = record.members[name]
        whole = self.whole(self.value(node, record))
        self._evaluated.discard(key)
        return written, whole

    def _enter(self) -> None:
        self._allowance.step()
        self._allowance.enter()

    def _name(self, node: Name, record: Lazy | None) -> Datum:
        return self._found(node.name, record)

    def _found(self, name: str, record: Lazy | None) -> Datum:
        lowered = name.lower()
        while record is not None:
            if lowered in record.members:
                return self._member_of(record, lowered)
            record = record.around
        found = self._scope(name)
        if isinstance(found, str | tuple | Record):
            self._allowance.spend(weight(found))
        return found

    def _member_of(self, record: Lazy, name: str) -> Datum:
        key = (id(record), name)
        if key in self._evaluated:
            return UNDEFINED
        self._evaluated.add(key)
        result = self.value(record.members[name][1], record)
        self._evaluated.discard(key)
        return result

    def _member(self, node: Member, record: Lazy | None) -> Datum:
        return self._selected(self.value(node.of, record), node.name)

    def _selected(self, of: Datum, name: str) -> Datum:
        if isinstance(of, Lazy):
            return self._found(name, of)
        if isinstance(of, Record):
            return self._looked_up(of, name)
        if isinstance(of, tuple):
            self._allowance.spend(len(of))
            return tuple(self._selected(item, name) for item in of)
        if isinstance(of, Undefined | Error):
            return of
        return Error(f"{kind(of)} has no members, so no {name}")

    def _looked_up(self, record: Record, name: str) -> Datum:
        self._allowance.spend(len(record.entries))
        return record.get(name, UNDEFINED)

    def _index(self, node: Index, record: Lazy | None) -> Datum:
        of, by = self.value(node.of, record), self.value(node.by, record)
        for operand in (of, by):
            if isinstance(operand, Error):
                return operand
        if isinstance(of, Undefined) or isinstance(by, Undefined):
            return UNDEFINED
        if isinstance(by, str):
            if isinstance(of, Lazy):
                return self._member_of(of, by.lower()) if by.lower() in of.members else UNDEFINED
            if isinstance(of, Record):
                return self._looked_up(of, by)
        if isinstance(of, tuple) and isinstance(by, int) and not isinstance(by, bool):
            if 0 <= by < len(of):
                return of[by]
            return Error(f"the list has {len(of)} items, so there is no [{by}]")
        return Error(f"{kind(of)} has no [{kind(by)}]")

    def _prefix(self, node: Prefix, record: Lazy | None) -> Datum:
        return apply_prefix(node.operator, self.whole(self.value(node.of, record)))

    def _chain(self, node: Chain, record: Lazy | None) -> Datum:
        result = self.value(node.first, record)
        for operator, operand in node.rest:
            if operator in _DECIDED_BY:
                result = self._logical(operator, truth_of(result), operand, record)
            else:
                right = self.value(operand, record)
                result, right = self.whole(result), self.whole(right)
                if isinstance(right, str | tuple):
                    self._allowance.spend(weight(right) if operator == "in" else len(right))
                result = apply(operator, result, right)
        return result

    def _logical(
        self, operator: str, left: bool | Undefined | Error, operand: Node, record: Lazy | None
    ) -> Datum:
        """&& and ||: what the left side decides, the right side does not change, were it an error."""
        if left is _DECIDED_BY[operator] or isinstance(left, Error):
            return left
        right = truth_of(self.value(operand, record))
        if isinstance(left, Undefined) and isinstance(right, bool) and right is not _DECIDED_BY[operator]:
            return UNDEFINED
        return right

    def _choice(self, node: Choice, record: Lazy | None) -> Datum:
        for test, value in node.branches:
            truth = truth_of(self.value(test, record))
            if not isinstance(truth, bool):
                return truth
            if truth:
                return self.value(value, record)
        return self.value(node.last, record)

    def _fallback(self, node: Fallback, record: Lazy | None) -> Datum:
        for value in node.values:
            result = self.value(value, record)
            if not isinstance(result, Undefined):
                break
        return result

    def _call(self, node: Call, record: Lazy | None) -> Datum:
        if lazy := LAZY.get(node.name):
            return lazy(node.arguments, lambda argument: self.value(argument, record))
        function = FUNCTIONS.get(node.name)
        if function is None:
            return missing_function(node.written)
        if len(node.arguments) not in function.counts:
            return Error(f"{function.name} takes {function.takes}, not {len(node.arguments)}")
        values = [self.whole(self.value(argument, record)) for argument in node.arguments]
        self._allowance.spend(function.cost(*values) + sum(map(weight, values)))
        result = function.body(*values)
        self._allowance.spend(weight(result))
        return result

    def _items(self, node: Items, record: Lazy | None) -> Datum:
        return tuple([self.value(item, record) for item in node.items])

    def _fields(self, node: Fields, record: Lazy | None) -> Datum:
        key = (id(node), id(record))
        if key not in self._records:
            members = {name.lower(): (name, value) for name, value in node.fields}
            self._records[key] = Lazy(members, record)
        return cast(Datum, self._records[key])


_DECIDED_BY = {"&&": False, "||": True}

_EVALUATED: Mapping[type, Callable[..., Datum]] = {
    Name: _Evaluation._name,
    Member: _Evaluation._member,
    Index: _Evaluation._index,
    Prefix: _Evaluation._prefix,
    Chain: _Evaluation._chain,
    Choice: _Evaluation._choice,
    Fallback: _Evaluation._fallback,
    Call: _Evaluation._call,
    Items: _Evaluation._items,
    Fields: _Evaluation._fields,
}
