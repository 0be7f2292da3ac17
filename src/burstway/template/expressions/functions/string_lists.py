"""Lists within a text, as in "a, b, c": HTCondor's stringList functions."""

import re

from burstway.template.data import UNDEFINED, Datum, Error, Undefined
from burstway.template.expressions.functions.signature import Function, first_problem
from burstway.template.expressions.operators import kind

_SEPARATORS = " ,"


def _size(texts: Datum, separators: Datum = _SEPARATORS) -> Datum:
    for value in (texts, separators):
        if not isinstance(value, str):
            return (
                value if isinstance(value, Error) else Error(f"stringListSize takes texts, not {kind(value)}")
            )
    return len(_divided(str(texts), str(separators)))


def _member(item: Datum, texts: Datum, separators: Datum = _SEPARATORS) -> Datum:
    return _contains(item, texts, separators, case=True)


def _member_in_any_case(item: Datum, texts: Datum, separators: Datum = _SEPARATORS) -> Datum:
    return _contains(item, texts, separators, case=False)


def _contains(item: Datum, texts: Datum, separators: Datum, *, case: bool) -> Datum:
    """Whether the item is in the list. Nothing is in a list that is undefined."""
    for value in (item, texts, separators):
        if not isinstance(value, str | Undefined):
            return value if isinstance(value, Error) else Error(f"a text is expected, not {kind(value)}")
    if isinstance(item, Undefined) and isinstance(texts, Undefined):
        return UNDEFINED
    if not isinstance(item, str) or not isinstance(texts, str):
        return False
    by = separators if isinstance(separators, str) else _SEPARATORS
    return item in _divided(texts, by) if case else item.lower() in _divided(texts.lower(), by)


def _intersect(left: Datum, right: Datum, separators: Datum = _SEPARATORS) -> Datum:
    if (problem := first_problem(left, right, separators)) is not None:
        return problem
    for value in (left, right, separators):
        if not isinstance(value, str):
            return Error(f"stringListsIntersect takes texts, not {kind(value)}")
    by = str(separators) or _SEPARATORS
    items, others = (set(filter(None, re.split(_any_of(by), str(texts)))) for texts in (left, right))
    return not items.isdisjoint(others)


def _divided(texts: str, separators: str) -> list[str]:
    items = re.split(_any_of(separators), texts) if separators else [texts]
    return [stripped for item in items if (stripped := item.strip())]


def _any_of(separators: str) -> str:
    return f"[{re.escape(separators)}]"


FUNCTIONS = (
    Function("stringListSize", range(1, 3), _size),
    Function("stringListMember", range(2, 4), _member),
    Function("stringListIMember", range(2, 4), _member_in_any_case),
    Function("stringListsIntersect", range(2, 4), _intersect),
)
