"""A text -> an expression, or what is wrong with it in words for a person."""

from functools import lru_cache
from typing import Any

from burstway.template.expressions.errors import ExpressionError
from burstway.template.expressions.grammar import parser
from burstway.template.expressions.limits import LONGEST_EXPRESSION
from burstway.template.expressions.tree import Expression
from burstway.template.source import quoted

_NAMED = {
    "QUESTION": "?",
    "_COLON": ":",
    "_CLOSE": ")",
    "_CLOSE_LIST": "}",
    "_CLOSE_SQUARE": "]",
    "_COMMA": ",",
    "_SEMICOLON": ";",
    "_EQUALS": "=",
    "$END": "the end",
}
"""What can follow a value, as it is called in a message, in this order."""

_BEGINS_VALUE = frozenset({"VALUE", "PREFIX", "_OPEN", "OPEN_LIST", "OPEN_RECORD"})


def parse(text: str) -> Expression:
    """The expression. Raises ExpressionError."""
    return (_short if len(text) <= _SHORT else _long)(text)


def _parse(text: str) -> Expression:
    if len(text) > LONGEST_EXPRESSION:
        what = f"the expression has {len(text):,} characters, more than {LONGEST_EXPRESSION:,}"
        raise ExpressionError(what, 0, "put a text of that length into quotes without an expression")
    reader = parser()
    from lark.exceptions import UnexpectedToken

    try:
        root: Any = reader.parse(text)
    except UnexpectedToken as unexpected:
        raise _refused(text, unexpected.token, unexpected.expected) from None
    return Expression(text, root)


_SHORT = 500
"""Characters of an expression of which many are kept: each character can take some tens of octets."""

_short = lru_cache(maxsize=1_000)(_parse)
_long = lru_cache(maxsize=16)(_parse)


def _refused(text: str, token: Any, expected: set[str]) -> ExpressionError:
    if token.type == "$END":
        offset = len(text.rstrip())
        if not offset:
            return ExpressionError("the expression is empty", 0, "write undefined for no value")
        return ExpressionError(f"expected {_listed(expected)}, not the end", offset, _closing(expected))
    written = text[token.start_pos :]
    written = written[: len(str(token.value))] if token.type != "VALUE" else written.split()[0]
    remedy = "values are compared with ==" if token.type == "_EQUALS" else ""
    return ExpressionError(
        f"expected {_listed(expected)}, not {quoted(written, 40)}", token.start_pos, remedy
    )


def _listed(expected: set[str]) -> str:
    if expected & _BEGINS_VALUE:
        return "a value"
    if "OPERATOR" in expected:
        return "an operator or the end"
    names = [name for kind, name in _NAMED.items() if kind in expected]
    names += ["a name"] if "NAME" in expected else []
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)


def _closing(expected: set[str]) -> str:
    for kind in ("_CLOSE", "_CLOSE_LIST", "_CLOSE_SQUARE"):
        if kind in expected and not expected & _BEGINS_VALUE:
            return f"close the bracket with {_NAMED[kind]}"
    return ""
