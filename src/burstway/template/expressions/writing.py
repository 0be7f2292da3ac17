"""Values as texts.

A real has the fewest digits that give it back, as CycleCloud writes it; HTCondor writes 1.5 as
1.500000000000000E+00.
"""

import math
import re

from burstway.template.data import Datum, Duration, Error, Record, Undefined
from burstway.template.expressions.escapes import escaped
from burstway.template.expressions.limits import LONGEST_TEXT, check_length, weight

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


def as_text(datum: Datum) -> str:
    """How the value looks inside of a text: `true`, `1`, `1.5`, `abc`. Lists and records are as in an
    expression."""
    return datum if isinstance(datum, str) else unparse(datum)


def unparse(datum: Datum) -> str:
    """The value as it is written in an expression: `"abc"`, `{1, 2}`, `[a = 1; b = 2]`."""
    if isinstance(datum, bool):
        return "true" if datum else "false"
    if isinstance(datum, int):
        return str(datum)
    if isinstance(datum, float):
        return _real(datum)
    if isinstance(datum, str):
        return escaped(datum)
    if isinstance(datum, Undefined):
        return "undefined"
    if isinstance(datum, Error):
        return "error"
    if isinstance(datum, Duration):
        return _duration(datum)
    if isinstance(datum, Record):
        return _record(datum)
    return f"{{{', '.join(map(unparse, datum))}}}"


def built_text(datum: Datum) -> str:
    """`as_text` for a text that an expression builds. Raises LimitError instead of writing a too long one."""
    check_length(weight(datum, LONGEST_TEXT))
    return as_text(datum)


def _real(number: float) -> str:
    if math.isfinite(number):
        return repr(number)
    return 'real("NaN")' if math.isnan(number) else f'real("{"-" if number < 0 else ""}INF")'


def _duration(duration: Duration) -> str:
    for seconds, unit in _UNITS:
        if duration.seconds and duration.seconds % seconds == 0:
            return f"`{int(duration.seconds // seconds)}{unit}`"
    return f"`{duration.seconds:g}s`"


def _record(record: Record) -> str:
    fields = [f"{_name(name)} = {unparse(record[name])}" for name in record]
    return f"[{'; '.join(fields)}]"


def _name(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return name
    return "'" + escaped(name)[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
