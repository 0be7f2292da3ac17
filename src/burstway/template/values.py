"""The right side of an attribute -> its form.

A bare word is a whole number, a fraction, true or false where it looks like one, and keeps its spelling, for
a version is no number. Inside of double quotes \\" \\\\ \\n \\t are escapes and every other backslash stands
for itself, as in the paths of Windows and in patterns; inside of three quotes there are none. Commas make a
list of what is bare or a text in quotes; a sentence can be such a list too, so a list keeps its spelling.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from math import isfinite

from burstway.template.data import Datum, Duration
from burstway.template.extents import (
    BLANK,
    TRIPLE,
    closing_brace,
    formulas,
    without_comments,
    without_formulas,
)
from burstway.template.forms import Broken, Formula, Items, Literal, Mixture, Quotes, Reference, Value
from burstway.template.lines import is_jinja, is_placeholder, report_jinja, report_placeholder
from burstway.template.problems import Problems
from burstway.template.source import Place, places_in

MOST_DIGITS = 18
"""Of a whole number; what has more is a text, as an account's number would be."""

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
"""Of the units of a relative time."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile(r"[\xa0\xad\u2000-\u200c\u200e\u200f\u2028-\u202f\u205f-\u2064\ufeff]")
"""A joiner (U+200D) is none, for it makes one emoji of several, nor the wide blank of Japanese (U+3000)."""
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")
_ITEM = re.compile(r'[ \t]*+("(?:[^"\\]|\\.)*+"(?=[ \t]*+(?:,|\Z))|[^,]*+)[ \t]*+(?:,|\Z)')
_WHOLE = re.compile(rf"[+-]?[0-9]{{1,{MOST_DIGITS}}}")
_FRACTION = re.compile(r"[+-]?(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]{1,3})?|\.[0-9]+|[0-9]+[eE][+-]?[0-9]{1,3})")
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)[ \t]*([smhdw])[ \t]*", re.IGNORECASE)
_BOOLEANS = {"true": True, "false": False}

_SPACE = " \t\n"

_Piece = Literal | Reference | Formula
_Item = Literal | Reference | Formula | Mixture


def read_value(text: str, operator: str, place: Place, problems: Problems) -> Value:
    """The value that is written as `text` at `place`, behind the `operator` (`=` or `:=`)."""
    if not (text.isascii() and text.isprintable()) and _has_control(text, place, problems):
        return Broken(place)
    if text[:3] in TRIPLE:
        return _triple(text, operator, place)
    if operator == ":=" or text[:1] == "=":
        return _whole_formula(text, place, problems)
    if text[:1] == '"':
        return _double(text, place, problems)
    if text[:1] == "<" and is_placeholder(text):
        report_placeholder(place, text, problems)
        return Broken(place)
    if "," in text and "\n" not in text:
        items = _items(text, place, problems)
        if items is None:
            return Broken(place)
        if len(items) > 1 or text.endswith(","):
            return Items(items, text, place)
    return _bare(text, place, problems) or Broken(place)


def as_text(items: Items) -> Literal | Mixture:
    """The list as the one text that it is where commas mean nothing, as in a Description."""
    return _text(items.written, items.place, Quotes.NONE, items.place.along)


def _has_control(text: str, place: Place, problems: Problems) -> bool:
    if control := _CONTROL.search(text):
        where = place.within(text, control.start())
        problems.add(where, f"an invisible character, U+{ord(control[0]):04X}", "remove it")
        return True
    if odd := _INVISIBLE.search(text):
        what = f"an invisible character, U+{ord(odd[0]):04X}, is part of the value"
        problems.warn(place.within(text, odd.start()), what, "remove it, or write a blank")
    return False


def _triple(text: str, operator: str, place: Place) -> Value:
    quotes, inner = Quotes(text[:3]), text[3:-3]
    if operator == ":=":
        return Literal(inner, inner, place, quotes)
    return _text(inner, place, quotes, places_in(inner, place.along(3)))


def _whole_formula(text: str, place: Place, problems: Problems) -> Value:
    bare = text.removeprefix("=")
    expression = bare.lstrip(BLANK)
    if not expression:
        problems.add(place, "there is no expression", "write one; undefined is one too")
        return Broken(place)
    return Formula(without_comments(expression), place.along(len(text) - len(expression)))


def _double(text: str, place: Place, problems: Problems) -> Value:
    first = _QUOTED.match(text)
    if first is None:
        problems.add(place, "the text in quotes has no end", 'close it with "')
        return Broken(place)
    rest = text[first.end() :].lstrip(BLANK)
    if not rest:
        return _unescaped(first[1], place)
    if rest[0] == ",":
        items = _items(text, place, problems, strict=True)
        if items is not None:
            return Items(items, text, place)
    where = place.within(text, len(text) - len(rest))
    what = "there are quotes inside of a text in quotes; all of the line is taken for one text"
    problems.warn(where, what, r"write them as \", or put the text into three quotes: '''")
    if text.endswith('"'):
        return _unescaped(text[1:-1], place)
    return _text(text, place, Quotes.NONE, place.along)


def _unescaped(inner: str, place: Place) -> Literal | Mixture:
    """What stands between double quotes at `place`, with its escapes replaced."""
    if "\\" not in inner:
        return _text(inner, place, Quotes.DOUBLE, lambda characters: place.along(characters + 1))
    escapes: list[int] = []

    def replaced(escape: re.Match[str]) -> str:
        character = _ESCAPES.get(escape[1])
        if character is None:
            return escape[0]
        escapes.append(escape.start() - len(escapes))
        return character

    def place_of(characters: int) -> Place:
        return place.along(1 + characters + bisect_left(escapes, characters))

    return _text(_ESCAPE.sub(replaced, inner), place, Quotes.DOUBLE, place_of)


def _items(text: str, place: Place, problems: Problems, *, strict: bool = False) -> tuple[_Item, ...] | None:
    """The elements of a list. None when one is a problem or, if `strict`, not in quotes from end to end."""
    items: list[_Item] = []
    for match in _ITEM.finditer(without_formulas(text)):
        start, end = match.span(1)
        written = text[start:end].rstrip(BLANK)
        if match.end() == len(text) == start and text.endswith(","):
            break
        item: _Item | None
        if written[:1] == '"' and match[1].endswith('"') and _QUOTED.fullmatch(written):
            item = _unescaped(written[1:-1], place.along(start))
        elif strict and written[:1] == '"':
            return None
        else:
            item = _bare(written, place.along(start), problems, alone=False)
        if item is None:
            return None
        items.append(item)
        if match.end() == len(text) and not text.endswith(","):
            break
    return tuple(items)


def _bare(text: str, place: Place, problems: Problems, *, alone: bool = True) -> _Item | None:
    """A value without quotes, or an element of a list; None when it is a problem."""
    if text[:1] == "`" and (alone or text.endswith("`")):
        return _time(text, place, problems)
    if "$" in text:
        return _with_references(text, place, problems)
    if "{" in text and is_jinja(text):
        report_jinja(place, text, problems)
        return None
    return Literal(typed_word(text), text, place)


def typed_word(word: str) -> Datum:
    """A bare word as a boolean or a number if it is one, else as a text."""
    first = word[:1]
    if first in "tTfF" and word.lower() in _BOOLEANS:
        return _BOOLEANS[word.lower()]
    if first and first in "+-.0123456789":
        if _WHOLE.fullmatch(word):
            return int(word)
        if _FRACTION.fullmatch(word) and isfinite(number := float(word)):
            return number
    return word


def _time(text: str, place: Place, problems: Problems) -> Literal | None:
    inner = text[1:-1].strip(BLANK) if len(text) > 1 and text.endswith("`") else ""
    unsigned = inner.removeprefix("-").lstrip(BLANK)
    seconds, at = 0.0, 0
    while part := _TIME.match(unsigned, at):
        seconds += float(part[1]) * SECONDS[part[2].lower()]
        at = part.end()
    if not at or at < len(unsigned) or not isfinite(seconds):
        what = f"{text if len(text) <= 60 else text[:60] + '…'} is not a relative time"
        problems.add(place, what, "as in `10m` or `1h30m`; the units are s, m, h, d and w")
        return None
    return Literal(Duration(-seconds if inner[0] == "-" else seconds), inner, place, Quotes.BACK)


def _with_references(text: str, place: Place, problems: Problems) -> _Item | None:
    if reference := _REFERENCE.fullmatch(text):
        return Reference(reference[1], place)
    text = without_comments(text)
    place_of = places_in(text, place)
    if text.startswith("${") and closing_brace(text, 0, len(text)) == len(text):
        expression = text[2:-1].strip(_SPACE)
        return Formula(expression, place_of(text.index(expression, 2)))
    read = _text(text, place, Quotes.NONE, place_of)
    for piece in read.pieces if isinstance(read, Mixture) else (read,):
        if not isinstance(piece, Literal):
            continue
        if "${" in piece.written:
            where = piece.place.along(piece.written.index("${"))
            problems.add(where, "the ${ has no end", "close it with }")
            return None
        if is_jinja(piece.written):
            report_jinja(place, text, problems)
            return None
    return read


def _text(text: str, place: Place, quotes: Quotes, place_of: Callable[[int], Place]) -> Literal | Mixture:
    """A text with what is to be replaced in it. `place_of` tells where a character of it stands."""
    if "$" not in text:
        return Literal(text, text, place, quotes)
    pieces = tuple(_pieces(text, place_of))
    if len(pieces) == 1 and isinstance(pieces[0], Literal):
        return Literal(text, text, place, quotes)
    return Mixture(pieces, text, place, quotes)


def _pieces(text: str, place_of: Callable[[int], Place]) -> Iterator[_Piece]:
    at = 0
    for start, end in [*formulas(text), (len(text), len(text))]:
        for reference in _REFERENCE.finditer(text, at, start):
            if reference.start() > at:
                yield _plain(text, at, reference.start(), place_of)
            yield Reference(reference[1], place_of(reference.start()))
            at = reference.end()
        if start > at:
            yield _plain(text, at, start, place_of)
        if end > start:
            yield Formula(text[start + 2 : end - 1], place_of(start + 2))
        at = end


def _plain(text: str, start: int, end: int, place_of: Callable[[int], Place]) -> Literal:
    return Literal(text[start:end], text[start:end], place_of(start))
