"""The right side of an attribute.

A value is a bare word or several, a text in double quotes, or a `$parameter` alone. Every other form that
the language has is named in a problem and becomes a BROKEN value, so that later steps know that something
was written here and do not complain that it is missing.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from burstway.template.problems import Problems
from burstway.template.source import Place, quoted

HERE_QUOTES = ("'''", '"""')

_BLANK = " \t"
_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)\Z")
_DOLLAR = re.compile(r"\$(?=[A-Za-z_{])")

NOT_YET = (
    (HERE_QUOTES[0], "a text over several lines (''')"),
    (HERE_QUOTES[1], 'a text over several lines (""")'),
    ("`", "a relative time in backquotes"),
    ("[", "a record in brackets"),
    ("{", "a list in braces"),
    ("=", "an expression behind a second ="),
)
"""How forms of the language begin that are not read yet."""


class Form(StrEnum):
    WORD = "word"
    QUOTED = "quoted"
    REFERENCE = "reference"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Value:
    """`text` is None when it is undefined: a BROKEN value, or a parameter without a value.

    `parameter` is the name behind the `$`; it stays when the reference has been replaced by its text.
    """

    text: str | None
    form: Form
    place: Place
    parameter: str = ""


def read_value(after: str, place: Place, problems: Problems) -> Value:
    """The value in `after`, what stands behind the `=`, with its comment; `place` is where that begins."""
    body = after.lstrip(_BLANK)
    place = place.along(len(after) - len(body))
    for beginning, what in NOT_YET:
        if body.startswith(beginning):
            return _broken(place, f"{what} is not supported yet", problems)
    if body.startswith('"'):
        return _read_quoted(body, place, problems)
    comment = _COMMENT.search(body)
    word = (body[: comment.start()] if comment else body).rstrip(_BLANK)
    if reference := _REFERENCE.match(word):
        return Value(None, Form.REFERENCE, place, reference[1])
    return _checked(Value(word, Form.WORD, place), word, problems)


def _read_quoted(body: str, place: Place, problems: Problems) -> Value:
    match = _QUOTED.match(body)
    if match is None:
        return _broken(place, "the text in quotes has no end", problems, 'close it with "')
    rest = body[match.end() :].lstrip(_BLANK)
    if rest.startswith(","):
        return _broken(place, "a list of texts in quotes is not supported yet", problems)
    if rest and not rest.startswith("#"):
        where = place.along(len(body) - len(rest))
        return _broken(where, f"{quoted(rest)} stands behind the text in quotes", problems)
    for escape in _ESCAPE.finditer(match[1]):
        if escape[1] not in _ESCAPES:
            where = place.along(1 + escape.start())
            return _broken(
                where, f"\\{escape[1]} means nothing in a text", problems, r"there are \" \\ \n \t"
            )
    text = _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], match[1])
    return _checked(Value(text, Form.QUOTED, place), match[0], problems)


def _checked(value: Value, written: str, problems: Problems) -> Value:
    """`value`, unless what is written has an expression, a parameter or a control character inside."""
    if dollar := _DOLLAR.search(written):
        where = value.place.along(dollar.start())
        if written.startswith("${", dollar.start()):
            return _broken(where, "an expression in ${…} is not supported yet", problems)
        remedy = "a parameter stands alone and without quotes: Attribute = $Name"
        return _broken(where, "a parameter inside of a text is not supported yet", problems, remedy)
    if control := _CONTROL.search(written):
        where = value.place.along(control.start())
        return _broken(where, f"an invisible character, U+{ord(control[0]):04X}", problems, "remove it")
    return value


def _broken(place: Place, what: str, problems: Problems, remedy: str = "") -> Value:
    problems.add(place, what, remedy)
    return Value(None, Form.BROKEN, place)
