"""Numbers, and values as numbers.

What has no value within 64 bits is an error; HTCondor gives the least whole number for it.
"""

import math
import re
from collections.abc import Callable

from burstway.template.data import UNDEFINED, Datum, Error, Undefined
from burstway.template.expressions.functions.signature import Function, exactly
from burstway.template.expressions.operators import LEAST, MOST, apply, kind, wrapped

_NUMERAL = re.compile(
    r"[ \t\n\v\f\r]*+(?:(?P<special>[+-]?(?:inf(?:inity)?|nan))|(?P<hex>[+-]?0x[0-9a-f]+)"
    r"|(?P<decimal>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?))",
    re.IGNORECASE,
)


def _as_real(datum: Datum) -> float | Undefined | Error:
    """A text's value is that of the number at its beginning, as of 12 in "12 GB"."""
    if isinstance(datum, int | float):
        return float(datum)
    if isinstance(datum, Undefined | Error):
        return datum
    if not isinstance(datum, str):
        return Error(f"{kind(datum)} is no number")
    match = _NUMERAL.match(datum)
    if match is None:
        return Error("the text does not begin with a number")
    if match["hex"]:
        return _from_hex(match["hex"])
    return float(match["special"] or match["decimal"])


def _from_hex(numeral: str) -> float:
    try:
        return float.fromhex(numeral)
    except OverflowError:
        return -math.inf if numeral.startswith("-") else math.inf


def _whole(real: float) -> Datum:
    """The real without its fraction."""
    return int(real) if LEAST <= real < MOST + 1 else Error("the number does not fit into 64 bits")


def _int(datum: Datum) -> Datum:
    if isinstance(datum, int):
        return int(datum)
    real = _as_real(datum)
    return _whole(real) if isinstance(real, float) else real


def _bool(datum: Datum) -> Datum:
    if isinstance(datum, str):
        return {"true": True, "false": False}.get(datum.lower(), UNDEFINED)
    if isinstance(datum, int | float):
        return datum != 0
    return (
        datum if isinstance(datum, Undefined | Error) else Error(f"{kind(datum)} is neither true nor false")
    )


def _number(datum: Datum) -> float | Error:
    """As `_as_real`, for functions to which undefined is an error."""
    real = _as_real(datum)
    return Error("undefined is no number") if isinstance(real, Undefined) else real


def _floor(datum: Datum) -> Datum:
    return _rounded(datum, math.floor)


def _ceiling(datum: Datum) -> Datum:
    return _rounded(datum, math.ceil)


def _round(datum: Datum) -> Datum:
    """To the nearest whole number, halves to the even one."""
    return _rounded(datum, round)


def _rounded(datum: Datum, how: Callable[[float], int]) -> Datum:
    if type(datum) is int:
        return datum
    real = _number(datum)
    if isinstance(real, Error):
        return real
    if not math.isfinite(real):
        return _whole(real)
    exact = how(real)
    return exact if LEAST <= exact <= MOST else Error("the number does not fit into 64 bits")


def _abs(datum: Datum) -> Datum:
    if isinstance(datum, bool) or not isinstance(datum, int | float):
        return (
            datum if isinstance(datum, Undefined | Error) else Error(f"abs takes a number, not {kind(datum)}")
        )
    return wrapped(abs(datum)) if isinstance(datum, int) else abs(datum)


def _pow(base: Datum, exponent: Datum) -> Datum:
    if type(base) is int and type(exponent) is int and exponent >= 0:
        if abs(base) > 1 and exponent >= 64:
            return Error("the power does not fit into 64 bits")
        power = base ** (exponent if abs(base) > 1 else exponent % 2 + 2 * (exponent > 0))
        return power if LEAST <= power <= MOST else Error("the power does not fit into 64 bits")
    numbers = [_number(base), _number(exponent)]
    for number in numbers:
        if isinstance(number, Error):
            return number
    try:
        return math.pow(*[number for number in numbers if isinstance(number, float)])
    except (ValueError, OverflowError):
        return Error("the power is no number, or too large")


def _quantize(datum: Datum, by: Datum) -> Datum:
    """The next multiple of `by`; of a list, the first member that is not less, else the last's multiple."""
    real = _number(datum)
    if isinstance(real, Error):
        return real
    if isinstance(by, tuple):
        for step in by:
            size = _number(step)
            if isinstance(size, Error) or size >= real:
                return size if isinstance(size, Error) else step
        if not by:
            return datum
        by = by[-1]
    size = _number(by)
    return size if isinstance(size, Error) else _next_multiple(datum, real, by, size)


def _next_multiple(datum: Datum, real: float, by: Datum, size: float) -> Datum:
    if type(datum) is int and type(by) is int and by:
        steps = apply("/", wrapped(datum + by - 1), by)
        return apply("*", steps, by)
    if abs(size) <= 1e-8:
        return datum
    quotient = real / size
    if not math.isfinite(quotient):
        return Error("quantize has no result that is a number")
    return math.copysign(math.ceil(quotient), quotient) * size


FUNCTIONS = (
    Function("int", exactly(1), _int),
    Function("real", exactly(1), _as_real),
    Function("bool", exactly(1), _bool),
    Function("floor", exactly(1), _floor),
    Function("ceiling", exactly(1), _ceiling),
    Function("ceil", exactly(1), _ceiling),
    Function("round", exactly(1), _round),
    Function("abs", exactly(1), _abs),
    Function("pow", exactly(2), _pow),
    Function("quantize", exactly(2), _quantize),
)
