"""What the operators do with values.

Rules of ClassAds: an operator other than `=?=` and `=!=` gives error for an error, undefined for undefined,
and error for kinds that do not fit, in this order. Truth values count as 0 and 1, whole numbers have 64 bits
and wrap around, and texts are compared without regard to their case.
"""

import math
import operator
from collections.abc import Callable
from typing import Any, TypeAlias

from burstway.template.data import UNDEFINED, Datum, Duration, Error, Record, Undefined

MOST, LEAST = 2**63 - 1, -(2**63)

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_Number: TypeAlias = int | float


def wrapped(number: int) -> int:
    """The number in 64 bits, two's complement."""
    return number if LEAST <= number <= MOST else (number + 2**63) % 2**64 - 2**63


def kind(datum: object) -> str:
    """What the value is, for people."""
    for kinds, name in _KINDS:
        if isinstance(datum, kinds):
            return name
    return "a record"


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a truth value"),
    (int, "a whole number"),
    (float, "a real number"),
    (str, "a text"),
    (tuple, "a list"),
    (Duration, "a time"),
    (Undefined, "undefined"),
    (Error, "an error"),
)


def apply(symbol: str, left: Datum, right: Datum) -> Datum:
    """The value of `left symbol right` for all operators but && and ||."""
    if symbol == "=?=":
        return identical(left, right)
    if symbol == "=!=":
        same = identical(left, right)
        return same if isinstance(same, Error) else not same
    if isinstance(left, Error):
        return left
    if isinstance(right, Error):
        return right
    if symbol == "in":
        return _contained(left, right)
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return UNDEFINED
    if compared := COMPARISONS.get(symbol):
        return _compare(compared, symbol, left, right)
    if symbol in _BITWISE:
        return _bits(symbol, left, right)
    return _calculate(symbol, left, right)


def apply_prefix(symbol: str, of: Datum) -> Datum:
    """The value of `symbol of`, for + - ! ~."""
    if symbol == "!":
        truth = truth_of(of)
        return not truth if isinstance(truth, bool) else truth
    if isinstance(of, Error | Undefined):
        return of
    if isinstance(of, int) and not isinstance(of, bool):
        return {"-": wrapped(-of), "~": ~of, "+": of}[symbol]
    if isinstance(of, float) and symbol != "~":
        return -of if symbol == "-" else of
    if isinstance(of, Duration) and symbol != "~":
        return Duration(-of.seconds) if symbol == "-" else of
    return Error(f"{symbol} does not work on {kind(of)}")


def truth_of(datum: Datum) -> bool | Undefined | Error:
    """Whether the value counts as true where a truth value is asked for; a number does unless it is 0."""
    if isinstance(datum, bool | Undefined | Error):
        return datum
    if isinstance(datum, int | float):
        return datum != 0
    return Error(f"{kind(datum)} stands where true or false is expected")


def identical(left: Datum, right: Datum) -> bool | Error:
    """`left =?= right`: the same kind and the same value, texts with their case. Lists and records of one
    kind cannot be compared, which is ClassAds' rule."""
    if type(left) is not type(right):
        return False
    if isinstance(left, tuple | Record):
        return Error(f"{kind(left)} cannot be compared with {kind(right)}")
    return left == right


def contains(items: tuple[Datum, ...], item: Datum) -> bool:
    """Whether `item == member` is true for one of them."""
    if isinstance(item, str):  # in lower case once, however many members there are
        lowered = item.lower()
        return any(isinstance(member, str) and member.lower() == lowered for member in items)
    return any(apply("==", item, member) is True for member in items)


def _contained(item: Datum, items: Datum) -> Datum:
    """`item in items`, as CycleCloud has it: undefined is in no list, for nothing is chosen."""
    if isinstance(items, Undefined):
        return UNDEFINED
    if not isinstance(items, tuple):
        return Error(f"a list is expected behind 'in', not {kind(items)}")
    if isinstance(item, Undefined):
        return any(isinstance(member, Undefined) for member in items)
    return contains(items, item)


def _compare(compared: Callable[[Any, Any], bool], symbol: str, left: Datum, right: Datum) -> Datum:
    if isinstance(left, str) and isinstance(right, str):
        return compared(left.lower(), right.lower())
    if isinstance(left, int | float) and isinstance(right, int | float):
        return compared(*_promoted(left, right))
    if isinstance(left, Duration) and isinstance(right, Duration):
        return compared(left.seconds, right.seconds)
    return Error(f"{symbol} cannot compare {kind(left)} with {kind(right)}")


def _promoted(left: _Number, right: _Number) -> tuple[_Number, _Number]:
    """Both as reals if one is, so that a large whole number loses the same digits as in C."""
    if isinstance(left, float) or isinstance(right, float):
        return float(left), float(right)
    return left, right


def _calculate(symbol: str, left: Datum, right: Datum) -> Datum:
    if isinstance(left, int | float) and isinstance(right, int | float):
        if isinstance(left, float) or isinstance(right, float):
            return _calculate_reals(symbol, float(left), float(right))
        return _calculate_integers(symbol, int(left), int(right))
    if isinstance(left, Duration) or isinstance(right, Duration):
        return _calculate_times(symbol, left, right)
    hint = ": strcat(…) puts texts together" if symbol == "+" and isinstance(left, str) else ""
    return Error(f"{symbol} does not work on {kind(left)} and {kind(right)}{hint}")


def _calculate_integers(symbol: str, left: int, right: int) -> Datum:
    if symbol == "+":
        return wrapped(left + right)
    if symbol == "-":
        return wrapped(left - right)
    if symbol == "*":
        return wrapped(left * right)
    if right == 0:
        return Error("a division by 0")
    quotient = abs(left) // abs(right)
    quotient = quotient if (left < 0) == (right < 0) else -quotient
    return min(quotient, MOST) if symbol == "/" else left - quotient * right


def _calculate_reals(symbol: str, left: float, right: float) -> Datum:
    """Reals as C has them, except that positive infinity is an error, as in HTCondor."""
    if symbol == "+":
        result = left + right
    elif symbol == "-":
        result = left - right
    elif symbol == "*":
        result = left * right
    elif symbol == "/":
        result = left / right if right else _by_zero(left, right)
    else:
        return Error("% works on whole numbers only")
    return Error(f"the result of {symbol} is too large") if result == math.inf else result


def _by_zero(left: float, right: float) -> float:
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


def _calculate_times(symbol: str, left: Datum, right: Datum) -> Datum:
    if isinstance(left, Duration) and isinstance(right, Duration) and symbol in "+-":
        sign = 1 if symbol == "+" else -1
        return _time(symbol, left.seconds + sign * right.seconds)
    if isinstance(right, Duration) and symbol == "*":
        left, right = right, left
    factor = None if isinstance(right, bool) or not isinstance(right, int | float) else float(right)
    if isinstance(left, Duration) and symbol in "*/" and factor is not None:
        if symbol == "/" and factor == 0:
            return Error("a division by 0")
        return _time(symbol, left.seconds * factor if symbol == "*" else left.seconds / factor)
    return Error(f"{symbol} does not work on {kind(left)} and {kind(right)}")


def _time(symbol: str, seconds: float) -> Datum:
    return Duration(seconds) if math.isfinite(seconds) else Error(f"the result of {symbol} is too large")


def _bits(symbol: str, left: Datum, right: Datum) -> Datum:
    if not _is_whole(left) or not _is_whole(right):
        return Error(f"{symbol} does not work on {kind(left)} and {kind(right)}")
    assert isinstance(left, int)
    assert isinstance(right, int)
    return wrapped(_BITWISE[symbol](left, right))


def _is_whole(datum: Datum) -> bool:
    return isinstance(datum, int) and not isinstance(datum, bool)


def _shift_unsigned(number: int, by: int) -> int:
    """`number >>> by`: zeros come in from the left. Only the last six bits of `by` count, as in C on the
    processors of today."""
    if number >= 0:
        return number >> (by & 63)
    return ((number >> 1) & MOST) >> ((by - 1) & 63)


def _shift_right(number: int, by: int) -> int:
    if number >= 0:
        return number >> (by & 63)
    return number >> max(0, min(64, by))


_BITWISE: dict[str, Callable[[int, int], int]] = {
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": lambda number, by: number << (by & 63),
    ">>": _shift_right,
    ">>>": _shift_unsigned,
}
