"""Functions of texts. What is no text is written as one first, except where a text is taken apart."""

import re

from burstway.template.data import UNDEFINED, Datum, Error, Record, Undefined
from burstway.template.expressions.functions.signature import (
    MANY,
    Function,
    exactly,
    first_exceptional,
    first_problem,
)
from burstway.template.expressions.limits import check_length
from burstway.template.expressions.operators import kind
from burstway.template.expressions.writing import built_text


def _string(datum: Datum) -> Datum:
    return datum if isinstance(datum, Undefined | Error) else built_text(datum)


def _strcat(*values: Datum) -> Datum:
    problem = first_exceptional(*values)
    return problem if problem is not None else _joined("", [built_text(value) for value in values])


def _join(*values: Datum) -> Datum:
    """`join(separator, a, b, …)`, `join(separator, list)` and `join(list)`. What is undefined is left out,
    and so are empty texts at the beginning."""
    if 1 <= len(values) <= 2 and isinstance(values[-1], tuple):
        values = (*(values[:-1] or ("",)), *values[-1])
    return _put_together(values[0], values[1:], skip_empty=True) if values else ""


def _strjoin(separator: Datum, *values: Datum) -> Datum:
    """`strjoin(separator, a, b, …)`. What is undefined is left out; a list stands for its items."""
    flat: list[Datum] = []
    for value in values:
        flat.extend(value if isinstance(value, tuple) else (value,))
    return _put_together(separator, tuple(flat), skip_empty=False)


def _put_together(separator: Datum, values: tuple[Datum, ...], *, skip_empty: bool) -> Datum:
    for value in (separator, *values):
        if isinstance(value, Error):
            return value
    texts = [built_text(value) for value in values if not isinstance(value, Undefined)]
    if not texts and (values or isinstance(separator, Undefined)):
        return UNDEFINED
    while skip_empty and texts and not texts[0]:
        del texts[0]
    return _joined("" if isinstance(separator, Undefined) else built_text(separator), texts)


def _joined(separator: str, texts: list[str]) -> str:
    check_length(sum(map(len, texts)) + len(separator) * max(0, len(texts) - 1))
    return separator.join(texts)


def _lower(datum: Datum) -> Datum:
    text = _string(datum)
    return text.lower() if isinstance(text, str) else text


def _upper(datum: Datum) -> Datum:
    text = _string(datum)
    return text.upper() if isinstance(text, str) else text


def _substr(text: Datum, begin: Datum, length: "Datum | None" = None) -> Datum:
    """`length` characters from `begin`, which counts from the end if negative, as a negative length does."""
    wanted: Datum = 0 if length is None else length
    for value in (text, begin, wanted):
        if isinstance(value, Undefined):
            return UNDEFINED
    if not isinstance(text, str) or type(begin) is not int or type(wanted) is not int:
        return _unfit("substr", (text, str), (begin, int), (wanted, int))
    start = max(0, len(text) + begin) if begin < 0 else begin
    if length is None:
        return text[start:]
    end = start + wanted if wanted >= 0 else len(text) + wanted
    return text[start : max(start, end)]


def _unfit(function: str, *pairs: tuple[Datum, type]) -> Datum:
    """The error for the first argument that is not of the type beside it."""
    for value, expected in pairs:
        if isinstance(value, Error):
            return value
        if type(value) is not expected:
            wanted = "a text" if expected is str else "a whole number"
            return Error(f"{function} takes {wanted} here, not {kind(value)}")
    return Error(f"{function} does not take these arguments")


def _compare(left: Datum, right: Datum, *, case: bool) -> Datum:
    for value in (left, right):
        if isinstance(value, Undefined):
            return UNDEFINED
    if (problem := first_problem(left, right)) is not None:
        return problem
    texts = [built_text(value) for value in (left, right)]
    first, second = texts if case else [text.lower() for text in texts]
    return (first > second) - (first < second)


def _size(datum: Datum) -> Datum:
    """Characters of a text, items of a list, members of a record."""
    if isinstance(datum, str | tuple | Record):
        return len(datum)
    return datum if isinstance(datum, Undefined | Error) else Error(f"{kind(datum)} has no size")


def _trim(datum: Datum) -> Datum:
    if isinstance(datum, Undefined | Error):
        return datum
    return datum.strip() if isinstance(datum, str) else _unfit("trim", (datum, str))


def _starts_with(beginning: Datum, text: Datum) -> Datum:
    if (problem := first_problem(beginning, text)) is not None:
        return problem
    if isinstance(beginning, str) and isinstance(text, str):
        return text.startswith(beginning)
    return _unfit("startsWith", (beginning, str), (text, str))


def _ends_with(end: Datum, text: Datum) -> Datum:
    if (problem := first_problem(end, text)) is not None:
        return problem
    if isinstance(end, str) and isinstance(text, str):
        return text.endswith(end)
    return _unfit("endsWith", (end, str), (text, str))


def _split(text: Datum, separators: Datum = ", \t") -> Datum:
    """The text's parts between any of the separators' characters. Blanks around another separator belong to
    it if blanks are separators too, and a separator at either end separates nothing."""
    if not isinstance(text, str) or not isinstance(separators, str):
        return _unfit("split", (text, str), (separators, str))
    if not text:
        return ()
    if not separators:
        return (text,)
    blanks, others = (_any_of(set(separators) & set(" \t\r\n")), _any_of(set(separators) - set(" \t\r\n")))
    between = f"{blanks}*+{others}{blanks}*+|{blanks}++" if blanks and others else others or f"{blanks}++"
    parts = re.split(between, text)
    if parts and not parts[0]:
        parts = parts[1:]
    if parts and not parts[-1]:
        parts = parts[:-1]
    return tuple(parts)


def _any_of(characters: set[str]) -> str:
    return f"[{''.join(map(re.escape, sorted(characters)))}]" if characters else ""


FUNCTIONS = (
    Function("string", exactly(1), _string),
    Function("strcat", MANY, _strcat),
    Function("join", MANY, _join),
    Function("strjoin", range(1, len(MANY)), _strjoin),
    Function("toLower", exactly(1), _lower),
    Function("toUpper", exactly(1), _upper),
    Function("substr", range(2, 4), _substr),
    Function("strcmp", exactly(2), lambda left, right: _compare(left, right, case=True)),
    Function("stricmp", exactly(2), lambda left, right: _compare(left, right, case=False)),
    Function("size", exactly(1), _size),
    Function("trim", exactly(1), _trim),
    Function("startsWith", exactly(2), _starts_with),
    Function("endsWith", exactly(2), _ends_with),
    Function("split", range(1, 3), _split),
)
