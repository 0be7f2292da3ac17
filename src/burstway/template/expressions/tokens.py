"""The words of an expression.

What a character means depends only on whether a value has just ended: behind a value `-` subtracts, `[`
begins an index and `is` is an operator; elsewhere `-` belongs to the number, `[` begins a record and `is` is
a name. So there are two patterns, one for either place, and each token is one match.

ClassAds reserve `is` and `isnt`; here they are names wherever no operator can stand, as `in` is.
"""

import re
from collections.abc import Iterator
from typing import NoReturn

from burstway.template.data import UNDEFINED, Error
from burstway.template.expressions.errors import ExpressionError
from burstway.template.expressions.escapes import unescaped
from burstway.template.expressions.limits import MOST_BRACKETS
from burstway.template.expressions.tree import Literal
from burstway.template.source import quoted

LARGEST_INTEGER = 2**63 - 1

_MOST_DIGITS = 100
"""Of a whole number. Python takes a time that grows with their square."""

_BLANKS = re.compile(r"(?:[ \t\r\n\f\v]+|//[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)*")
"""Blanks and comments, matched alone: as the beginning of a longer pattern that fails, a comment would be
given back bit by bit, and tokens found in it."""

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'

_VALUE = re.compile(
    rf"""
      (?P<word>   \$?[A-Za-z_][A-Za-z0-9_]* )
    | (?P<string> {_STRING}(?:\s*{_STRING})* )
    | (?P<whole>  -?(?:0[xX][0-9a-fA-F]+|[0-9]+)(?![\w.]) )
    | (?P<real>   -?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]) )
    | (?P<name>   '[^'\\]*(?:\\.[^'\\]*)*' )
    | (?P<mark>   [-+!~({{\[)}}\];,:] )
    | (?P<end>    \Z )""",
    re.VERBOSE | re.DOTALL,
)

_AFTER = re.compile(
    r"""
      (?P<operator> =\?= | =!= | ===? | !==? | <[=<]? | >>>? | >=? | && | \|\|? | [-+*%&|^] | /(?!\*)
                  | (?:isnt|is|in)(?![A-Za-z0-9_]) )
    | (?P<mark>     [.(\[)\]},;:?=] )
    | (?P<end>      \Z )""",
    re.VERBOSE | re.IGNORECASE,
)

_PREFIXES = frozenset("-+!~")
_TYPES = {
    **dict.fromkeys(_PREFIXES, "PREFIX"),
    **{"(": "_OPEN", ")": "_CLOSE", "{": "OPEN_LIST", "}": "_CLOSE_LIST", "[": "OPEN_RECORD"},
    **{"]": "_CLOSE_SQUARE", ";": "_SEMICOLON", ",": "_COMMA", ":": "_COLON"},
}
_TYPES_AFTER = {**_TYPES, "(": "_CALL", "[": "INDEX", ".": "_DOT", "?": "QUESTION", "=": "_EQUALS"}
_WORDS = {
    "true": Literal(True),
    "false": Literal(False),
    "undefined": Literal(UNDEFINED),
    "error": Literal(Error("it says error")),
}
_END_OF_CALL = re.compile(r"[ \t\r\n]*\([ \t\r\n]*\)")
_ENDS_VALUE = frozenset({"VALUE", "NAME", "_CLOSE", "_CLOSE_LIST", "_CLOSE_SQUARE"})
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


class Token:
    """What Lark's parser asks of a token: `type`. `value` is a Literal for a VALUE, else a text."""

    __slots__ = ("start_pos", "type", "value")

    line = column = end_line = end_column = end_pos = 0

    def __init__(self, kind: str, value: object, offset: int) -> None:
        self.type = kind
        self.value = value
        self.start_pos = offset


def tokens(text: str) -> Iterator[Token]:
    """The tokens of the expression. Raises ExpressionError where none begins."""
    offset = depth = 0
    after = False
    while True:
        start = _end_of_blanks(text, offset)
        match = (_AFTER if after else _VALUE).match(text, start)
        if match is None:
            _refuse(text, start, after)
        kind = str(match.lastgroup)
        written = match[0]
        offset = match.end()
        if kind == "end":
            return
        if written == "?" and text.startswith(":", colon := _end_of_blanks(text, offset)):
            token = Token("ELVIS", "?:", start)
            offset = colon + 1
        elif kind == "mark":
            token = Token((_TYPES_AFTER if after else _TYPES)[written], written, start)
            depth += (written in _OPENING) - (written in _CLOSING)
            if depth > MOST_BRACKETS:
                raise ExpressionError(f"more than {MOST_BRACKETS} brackets are open", start)
        elif kind == "operator":
            token = Token("OPERATOR", written.lower(), start)
        else:
            token = _value(kind, written, start)
        if (
            kind == "word"
            and written.lower() in ("undefined", "error")
            and (end := _END_OF_CALL.match(text, offset))
        ):
            # undefined() and error(), as some templates write them
            offset = end.end()
        yield token
        after = token.type in _ENDS_VALUE


def _end_of_blanks(text: str, offset: int) -> int:
    blanks = _BLANKS.match(text, offset)
    return blanks.end() if blanks else offset


def _value(kind: str, written: str, start: int) -> Token:
    if kind == "word":
        literal = _WORDS.get(written.lower())
        return Token("VALUE", literal, start) if literal else Token("NAME", written.lstrip("$"), start)
    if kind == "string":
        return Token("VALUE", Literal(unescaped(written, start)), start)
    if kind == "name":
        return Token("NAME", unescaped(written, start), start)
    if kind == "real":
        return Token("VALUE", Literal(float(written)), start)
    return Token("VALUE", Literal(_whole(written, start)), start)


def _whole(written: str, start: int) -> int:
    """A whole number. A leading 0 means nothing; octal numbers surprise people."""
    too_long = len(written) > _MOST_DIGITS
    number = 0 if too_long else int(written, 16 if "x" in written.lower() else 10)
    if too_long or not -LARGEST_INTEGER - 1 <= number <= LARGEST_INTEGER:
        raise ExpressionError(
            f"{quoted(written, 24)} does not fit into 64 bits", start, "write it as a real, with .0"
        )
    return number


def _refuse(text: str, start: int, after: bool) -> NoReturn:
    """Says what cannot be read at `start`."""
    rest = text[start:]
    if rest.startswith("/*"):
        raise ExpressionError("the comment has no end", start, "close it with */")
    if after:
        what = f"expected an operator or the end, not {_shown(rest)}"
        raise ExpressionError(what, start, _remedy_after(text, start))
    if rest[0] in "\"'":
        raise ExpressionError("the text in quotes has no end", start, f"close it with {rest[0]}")
    if rest[0].isdigit():
        what = f"{_shown(rest)} is no number"
        raise ExpressionError(what, start, "a name that begins with a digit stands in single quotes")
    remedy = ""
    if rest[0] == "$":
        remedy = "a name follows the $, without braces: expressions have no ${…} inside"
    elif rest[0].isalpha():
        remedy = "a name with such letters stands in single quotes"
    raise ExpressionError(f"expected a value, not {_shown(rest)}", start, remedy)


_WRITTEN_OUT = {"and": "&&", "or": "||", "not": "!", "eq": "==", "ne": "!="}


def _remedy_after(text: str, start: int) -> str:
    """What helps where something follows a value that cannot."""
    before = re.search(r"(\w+)\s*\Z", text[max(0, start - 20) : start])
    word = re.match(r"\w*", text[start : start + 20])
    for match in (word, before):
        if match and (symbol := _WRITTEN_OUT.get(match[0].strip().lower())):
            return f"write {symbol}"
    if text[start] == '"':
        return "texts are put together with strcat(…)"
    if text[start] == "'" or text[start].isalpha():
        return "a text stands in double quotes"
    return "a comma or an operator is missing" if text[start].isdigit() else ""


def _shown(rest: str) -> str:
    word = re.match(r"\$?[\w.]+", rest)
    return quoted(word[0] if word else rest[:1], 40)
