"""Texts in quotes, in both directions.

ClassAds have C's escapes: a letter, or one to three octal digits. A backslash before any other character
means that character.
"""

import re

from burstway.template.expressions.errors import ExpressionError

_PIECE = re.compile(r"\\([0-3]?[0-7]{1,2}|.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a", "v": "\v"}
_WRITTEN = {'"': '\\"', "\\": "\\\\", **{meant: f"\\{letter}" for letter, meant in _LETTERS.items()}}
_ADJACENT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|\'[^\'\\]*(?:\\.[^\'\\]*)*\'', re.DOTALL)


def unescaped(written: str, offset: int) -> str:
    """The text of one or several literals in quotes that stand beside each other."""
    text = "".join(literal[0][1:-1] for literal in _ADJACENT.finditer(written))
    if "\\" not in text:
        return text
    text = _PIECE.sub(_meant, text)
    if "\0" in text:
        raise ExpressionError("a text cannot have a character with the number 0", offset, "leave out the \\0")
    return text


def escaped(text: str) -> str:
    """The text as a literal in double quotes."""
    return '"' + "".join(_WRITTEN.get(character, character) for character in text) + '"'


def _meant(match: re.Match[str]) -> str:
    after = match[1]
    if after[0] in "01234567":
        return chr(int(after, 8))
    return _LETTERS.get(after, after)
