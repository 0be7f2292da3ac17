"""Values as JSON has them <-> values of the language.

A command line and a file of properties have nothing but texts, so a text is typed: as the default that it
replaces, else as the parameter's type says, else as a bare word in the template would be. It keeps its
spelling in any case.
"""

from collections.abc import Mapping, Sequence
from math import isfinite

from burstway.template.data import UNDEFINED, Datum, Duration, Error, Record, Undefined
from burstway.template.expressions import as_text
from burstway.template.expressions.limits import DEEPEST
from burstway.template.forms import Items, Literal, Value
from burstway.template.known import Known
from burstway.template.parameters import ParameterValue
from burstway.template.source import Place
from burstway.template.values import typed_word

_TYPED = ("", "boolean", "integer", "int", "number", "double", "float")
"""Parameter types, in lower case, whose values are not simply texts."""


def given_value(value: ParameterValue, default: Value | None, kind: str, place: Place) -> Known:
    """What is given for a parameter that has this default and this ParameterType."""
    if not isinstance(value, str):
        datum = _datum(value)
        return Known(datum, "" if isinstance(datum, Undefined) else as_text(datum), place)
    if isinstance(default, Items):
        texts = tuple(part.strip() for part in value.split(",") if part.strip())
        return Known(texts, value, place)
    return Known(_typed(value, default, kind), value, place)


def _typed(text: str, default: Value | None, kind: str) -> Datum:
    if isinstance(default, Literal):
        return text if isinstance(default.datum, str) and default.written else typed_word(text)
    return typed_word(text) if kind.lower() in _TYPED else text


def _datum(value: ParameterValue) -> Datum:
    if value is None:
        return UNDEFINED
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return Record(tuple((str(name), _datum(inner)) for name, inner in value.items()))
    return tuple(_datum(inner) for inner in value)


def plain(datum: Datum) -> ParameterValue:
    """A value of the language as JSON has it; undefined, an error and what is no finite number are null, a
    time is its seconds."""
    if isinstance(datum, Undefined | Error) or (isinstance(datum, float) and not isfinite(datum)):
        return None
    if isinstance(datum, Duration):
        return datum.seconds
    if isinstance(datum, Record):
        return {name: plain(datum[name]) for name in datum}
    if isinstance(datum, Sequence) and not isinstance(datum, str):
        return [plain(inner) for inner in datum]
    return datum


def written_size(datum: Datum, most: int) -> int:
    """About how many characters the value has when it is written; counts no further than just above `most`,
    for a list that holds another twice, which holds a third twice, is endless in the end. One that is deeper
    than a stack counts as more than `most`."""
    total = 0
    left: list[tuple[Datum, int]] = [(datum, 0)]
    while left and total <= most:
        inner, depth = left.pop()
        total += len(inner) + 2 if isinstance(inner, str) else 8
        if isinstance(inner, Record):
            total += sum(len(name) for name, _ in inner.entries)
            left.extend((value, depth + 1) for _, value in inner.entries)
        elif isinstance(inner, tuple):
            left.extend((value, depth + 1) for value in inner)
        if depth > DEEPEST:
            return most + 1
    return total
