"""The functions, one module a family.

What HTCondor has does here what it does there; what only CycleCloud has is in the dialect table. Functions
whose value depends on when or where they are called are not in the language: a template must mean the same
every time.
"""

from collections.abc import Callable, Mapping

from burstway.template.data import Datum, Error, Undefined
from burstway.template.expressions.functions import kinds, lists, numbers, patterns, string_lists, texts
from burstway.template.expressions.functions.signature import Function
from burstway.template.expressions.operators import truth_of
from burstway.template.expressions.tree import Expression, Node
from burstway.template.problems import suggestion
from burstway.template.source import quoted

FUNCTIONS: Mapping[str, Function] = {
    function.name.lower(): function
    for family in (kinds, texts, patterns, numbers, lists, string_lists)
    for function in family.FUNCTIONS
}
"""By their names in lower case."""


def _if_then_else(arguments: tuple[Node, ...], value: Callable[[Node], Datum]) -> Datum:
    if len(arguments) != 3:
        return Error(f"ifThenElse takes 3 arguments, not {len(arguments)}")
    truth = truth_of(value(arguments[0]))
    return value(arguments[1 if truth else 2]) if isinstance(truth, bool) else truth


def _if_undefined(arguments: tuple[Node, ...], value: Callable[[Node], Datum]) -> Datum:
    if len(arguments) != 2:
        return Error(f"ifUndefined takes 2 arguments, not {len(arguments)}")
    first = value(arguments[0])
    return value(arguments[1]) if isinstance(first, Undefined) else first


LAZY: Mapping[str, Callable[[tuple[Node, ...], Callable[[Node], Datum]], Datum]] = {
    "ifthenelse": _if_then_else,
    "ifundefined": _if_undefined,
}
"""Functions that evaluate only those of their arguments that they need."""

NAMES = ("ifThenElse", "ifUndefined", *(function.name for function in FUNCTIONS.values()))
"""All functions, as they are usually written."""

_CHANGING = frozenset(
    {
        *("time", "currenttime", "daytime", "timezoneoffset", "abstime", "formattime", "splittime", "random"),
        *("getyear", "getmonth", "getdayofyear", "getdayofmonth", "getdayofweek", "getdays", "gethours"),
        *("getminutes", "getseconds", "userhome", "usermap"),
    }
)
"""In lower case."""


def missing_function(name: str) -> Error:
    """What a call of a function gives that is not in the language."""
    if name.lower() in _CHANGING:
        return Error(f"{name}(…) gives something else every time, and a template may not")
    hint = suggestion(name, NAMES)
    return Error(f"there is no function {quoted(name)}" + (f", {hint}" if hint else ""))


def unknown_functions(expression: Expression) -> tuple[tuple[str, int, str], ...]:
    """Calls of functions that are not in the language: the name, its offset, and what the call says of it."""
    return tuple(
        (name, offset, missing_function(name).reason)
        for name, offset in expression.calls()
        if name.lower() not in _KNOWN
    )


_KNOWN = frozenset(name.lower() for name in NAMES)

__all__ = ["FUNCTIONS", "LAZY", "NAMES", "Function", "missing_function", "unknown_functions"]
