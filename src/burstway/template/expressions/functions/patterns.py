"""Functions with regular expressions.

`regexps` is CycleCloud's: it replaces every match where it stands, which HTCondor's does with the options fg.
`replace` and `replaceAll` are HTCondor's.
"""

from burstway.template.data import UNDEFINED, Datum, Error, Undefined
from burstway.template.expressions import regex
from burstway.template.expressions.functions.signature import Function, first_problem
from burstway.template.expressions.operators import kind


def _regexp(pattern: Datum, text: Datum, options: Datum = "") -> Datum:
    return _with_texts(regex.matches, "regexp", pattern, text, options)


def _regexp_member(pattern: Datum, texts: Datum, options: Datum = "") -> Datum:
    """Whether one of the texts in a list has a match. Undefined members might."""
    if (problem := first_problem(pattern, texts, options)) is not None:
        return problem
    if not isinstance(texts, tuple):
        return Error(f"regexpMember takes a list, not {kind(texts)}")
    for value in (pattern, options):
        if not isinstance(value, str):
            return Error(f"regexpMember takes texts, not {kind(value)}")
    perhaps: Datum = False
    for text in texts:
        if isinstance(text, Undefined):
            perhaps = UNDEFINED
            continue
        found = _regexp(pattern, text, options)
        if found is not False:
            return found
    return perhaps


def _regexps(pattern: Datum, text: Datum, by: Datum, options: Datum = "") -> Datum:
    return _with_texts(regex.replace_all_java, "regexps", pattern, text, by, options)


def _replace(pattern: Datum, text: Datum, by: Datum, options: Datum = "") -> Datum:
    return _with_texts(regex.replace_first, "replace", pattern, text, by, options)


def _replace_all(pattern: Datum, text: Datum, by: Datum, options: Datum = "") -> Datum:
    return _with_texts(regex.replace_all, "replaceAll", pattern, text, by, options)


def _with_texts(function: regex.Function, name: str, *values: Datum) -> Datum:
    if (problem := first_problem(*values)) is not None:
        return problem
    for value in values:
        if not isinstance(value, str):
            return Error(f"{name} takes texts, not {kind(value)}")
    try:
        return function(*values)
    except regex.PatternError as refused:
        return Error(f"{name}: {refused}")


def _cost(pattern: Datum, text: Datum, *more: Datum) -> int:
    texts = text if isinstance(text, tuple) else (text,)
    options = more[-1] if more else ""
    if not isinstance(pattern, str) or not isinstance(options, str):
        return 0
    return sum(regex.cost(pattern, text, options) for text in texts if isinstance(text, str))


FUNCTIONS = (
    Function("regexp", range(2, 4), _regexp, _cost),
    Function("regexpMember", range(2, 4), _regexp_member, _cost),
    Function("regexps", range(3, 5), _regexps, _cost),
    Function("replace", range(3, 5), _replace, _cost),
    Function("replaceAll", range(3, 5), _replace_all, _cost),
)
