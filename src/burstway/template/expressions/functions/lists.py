"""Functions of lists. Members that are undefined are passed over by those that calculate."""

from burstway.template.data import UNDEFINED, Datum, Error, Record, Undefined
from burstway.template.expressions.functions.signature import Function, exactly
from burstway.template.expressions.operators import apply, contains, identical, kind

_COMPARISONS = {symbol: symbol for symbol in ("<", "<=", "==", "!=", ">=", ">")} | {
    "is": "=?=",
    "isnt": "=!=",
}


def _member(item: Datum, items: Datum) -> Datum:
    if isinstance(items, Undefined) or isinstance(item, Undefined):
        return UNDEFINED
    if isinstance(item, Error):
        return item
    return _unfit("member", item, items) or contains(_items(items), item)


def _identical_member(item: Datum, items: Datum) -> Datum:
    if isinstance(items, Undefined):
        return UNDEFINED
    unfit = _unfit("identicalMember", item, items)
    return unfit or any(identical(member, item) is True for member in _items(items))


def _unfit(function: str, item: Datum, items: Datum) -> Error | None:
    if isinstance(items, Error):
        return items
    if not isinstance(items, tuple):
        return Error(f"{function} takes a list as its second argument, not {kind(items)}")
    if isinstance(item, tuple | Record):
        return Error(f"{function} cannot look for {kind(item)}")
    return None


def _items(items: Datum) -> tuple[Datum, ...]:
    assert isinstance(items, tuple)
    return items


def _numbers(function: str, items: Datum) -> list[int | float] | Undefined | Error:
    """The members that are numbers or truth values, or why there are none."""
    if isinstance(items, Undefined | Error):
        return items
    if not isinstance(items, tuple):
        return Error(f"{function} takes a list, not {kind(items)}")
    numbers = []
    for item in items:
        if isinstance(item, int | float):
            numbers.append(item)
        elif not isinstance(item, Undefined):
            return item if isinstance(item, Error) else Error(f"{function} takes numbers, not {kind(item)}")
    return numbers


def _sum(items: Datum) -> Datum:
    numbers = _numbers("sum", items)
    if not isinstance(numbers, list):
        return numbers
    total: Datum = numbers[0] if numbers else 0
    for number in numbers[1:]:
        total = apply("+", total, number)
    return total


def _avg(items: Datum) -> Datum:
    numbers = _numbers("avg", items)
    if not isinstance(numbers, list):
        return numbers
    return apply("/", _sum(tuple(numbers)), float(len(numbers))) if numbers else 0


def _extreme(function: str, symbol: str, items: Datum) -> Datum:
    numbers = _numbers(function, items)
    if not isinstance(numbers, list):
        return numbers
    if not numbers:
        return UNDEFINED
    best = numbers[0]
    for number in numbers[1:]:
        left, right = _alike(number, best)
        best = left if apply(symbol, left, right) is True else right
    return best


def _alike(left: int | float, right: int | float) -> tuple[int | float, int | float]:
    """Both of one kind, which is how the result becomes a real when any of the numbers is."""
    if isinstance(left, float) or isinstance(right, float):
        return float(left), float(right)
    return int(left), int(right)


def _compare_members(symbol: Datum, items: Datum, with_: Datum, *, every: bool) -> Datum:
    if isinstance(symbol, Undefined):
        return symbol
    if not isinstance(symbol, str) or symbol not in _COMPARISONS:
        return Error(f"the comparison is one of {', '.join(_COMPARISONS)}")
    if not isinstance(items, tuple):
        return (
            items if isinstance(items, Undefined | Error) else Error(f"a list is expected, not {kind(items)}")
        )
    for item in items:
        compared = apply(_COMPARISONS[symbol], item, with_)
        if isinstance(compared, Error):
            return compared
        if isinstance(compared, Undefined):
            return False
        if compared is not every:
            return not every
    return every


def _cost_of_comparing(_: Datum, items: Datum, with_: Datum) -> int:
    """A text is put into lower case for each member."""
    return len(items) * len(with_) if isinstance(items, tuple) and isinstance(with_, str) else 0


FUNCTIONS = (
    Function("member", exactly(2), _member),
    Function("identicalMember", exactly(2), _identical_member),
    Function("sum", exactly(1), _sum),
    Function("avg", exactly(1), _avg),
    Function("min", exactly(1), lambda items: _extreme("min", "<", items)),
    Function("max", exactly(1), lambda items: _extreme("max", ">", items)),
    Function(
        "anyCompare", exactly(3), lambda *given: _compare_members(*given, every=False), _cost_of_comparing
    ),
    Function(
        "allCompare", exactly(3), lambda *given: _compare_members(*given, every=True), _cost_of_comparing
    ),
)
