"""isUndefined, isString and the others: what kind of a value something is."""

from burstway.template.data import Datum, Duration, Error, Record, Undefined
from burstway.template.expressions.functions.signature import Function, exactly


def _is_integer(datum: Datum) -> Datum:
    return isinstance(datum, int) and not isinstance(datum, bool)


FUNCTIONS = (
    Function("isUndefined", exactly(1), lambda datum: isinstance(datum, Undefined)),
    Function("isError", exactly(1), lambda datum: isinstance(datum, Error)),
    Function("isString", exactly(1), lambda datum: isinstance(datum, str)),
    Function("isInteger", exactly(1), _is_integer),
    Function("isReal", exactly(1), lambda datum: isinstance(datum, float)),
    Function("isBoolean", exactly(1), lambda datum: isinstance(datum, bool)),
    Function("isList", exactly(1), lambda datum: isinstance(datum, tuple)),
    Function("isClassAd", exactly(1), lambda datum: isinstance(datum, Record)),
    Function("isRelTime", exactly(1), lambda datum: isinstance(datum, Duration)),
)
