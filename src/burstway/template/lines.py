"""The text of a template -> its lines: blank, a comment, a header, an entry, or stray.

Nothing is lost, for the formatter prints these lines again; the tree of sections is built from the same ones.
An entry can stand on several lines of the file. What a key or a value means is not known here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from burstway.template.extents import BLANK, MOST_EXPRESSION_LINES, Extent, find_extent
from burstway.template.problems import Problems
from burstway.template.source import Place, Source, quoted

ODD_BLANKS = "\u00a0\u2002\u2003\u2009\u200b\u202f\u3000\ufeff"
"""Blanks that web pages and word processors have; at the ends of a line they are blanks here too."""

_HEADER = re.compile(r"(\[+)([^\[\]]*)(\]+)[ \t]*(#.*)?")
_JINJA = re.compile(r"\{[{%#]")
_TAG = re.compile(r"\{\{[^{}]*\}\}|\{%[^%]*%\}|\{#[^#]*#\}")
_PLACEHOLDER = re.compile(r"<-{2,}+[^<>]*+>")


@dataclass(frozen=True, slots=True)
class Blank:
    place: Place


@dataclass(frozen=True, slots=True)
class Comment:
    """`text` begins with its `#`."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Header:
    """`[[kind name]]`. `kind` has its spelling, and is "" when it cannot be told: a problem already.
    `name_place` is where the name begins, if there is one."""

    place: Place
    rank: int
    kind: str
    name: str
    comment: str = ""
    name_place: Place | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """`key = value` or `key := value`. `text` is the value as it is written, its lines joined by LF, and
    stands at `where`; `closed` is False when it has no end."""

    place: Place
    key: str
    operator: str
    text: str
    where: Place
    comment: str = ""
    lines: int = 1
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Stray:
    """None of the others, which is a problem already."""

    place: Place
    text: str


Line: TypeAlias = Blank | Comment | Header | Entry | Stray


def scan(source: Source, problems: Problems) -> Iterator[Line]:
    number = 1
    searched = 0
    while number <= len(source.lines):
        raw = source.lines[number - 1]
        body = raw.strip(BLANK)
        if body and not body.isascii():
            body = _without_odd_blanks(raw, body, number, source.file, problems)
        place = Place(source.file, number, raw.find(body) + 1)
        if not body:
            yield Blank(place)
        elif body[0] == "#":
            yield Comment(place, body)
        elif body[0] == "[":
            yield _header(body, place, problems)
        else:
            # Lines that were searched for the end of an expression are not searched again: that would take
            # time that is quadratic.
            most_lines = MOST_EXPRESSION_LINES if number > searched else 1
            line, searched_here = _entry(source, body, place, most_lines, problems)
            yield line
            searched = max(searched, number + searched_here - 1)
            if isinstance(line, Entry):
                number += line.lines - 1
        number += 1


def is_jinja(text: str) -> bool:
    """Whether a tag of Jinja stands in `text`: `{{ x }}`, `{% if x %}` or `{# x #}`."""
    return "{" in text and _TAG.search(text) is not None


def is_placeholder(text: str) -> bool:
    """Whether `text` is something like `<----your subnet---->`."""
    return text.startswith("<-") and _PLACEHOLDER.fullmatch(text) is not None


def report_jinja(place: Place, text: str, problems: Problems) -> None:
    what = f"{quoted(text)}: this is a Jinja template that was not rendered"
    problems.add(place, what, "render it with the program that it belongs to, and read what comes out")


def report_placeholder(place: Place, text: str, problems: Problems) -> None:
    problems.add(place, f"{quoted(text)} is a placeholder", "put what belongs there in its place")


def _without_odd_blanks(raw: str, body: str, number: int, file: str, problems: Problems) -> str:
    stripped = body.strip(BLANK + ODD_BLANKS)
    if stripped != body:
        odd = next(character for character in body if character in ODD_BLANKS)
        where = Place(file, number, raw.index(odd) + 1)
        problems.warn(where, f"an invisible character, U+{ord(odd):04X}, is taken for a blank", "remove it")
    return stripped


def _header(body: str, place: Place, problems: Problems) -> Header:
    match = _HEADER.fullmatch(body)
    if match and len(match[1]) == len(match[3]) and match[2].strip() and "{" not in match[2]:
        kind, *name = match[2].split()
        name_at = place.along(body.index(name[0], body.index(kind) + len(kind))) if name else None
        return Header(place, len(match[1]), kind, " ".join(name), match[4] or "", name_at)
    return _odd_header(body, place, problems)


def _odd_header(body: str, place: Place, problems: Problems) -> Header:
    inner = body.lstrip("[")
    rank = len(body) - len(inner)
    inner, bracket, rest = inner.partition("]")
    closed = len(bracket) + len(rest) - len(rest.lstrip("]"))
    rest = rest.lstrip("]").lstrip(BLANK)
    words = inner.split()
    kind, name = (words[0] if words else ""), " ".join(words[1:])
    if _JINJA.search(inner):
        report_jinja(place, body, problems)
    elif closed != rank or "[" in inner:
        what = f"the section opens {rank} and closes {closed} brackets"
        problems.add(place, what, "as many closing as opening ones, none inside of the name")
        kind = kind if bracket and "[" not in inner else ""
    elif rest and rest[0] != "#":
        where = place.along(len(body) - len(rest))
        problems.add(where, f"{quoted(rest)} stands behind the section's header", "give it its own line")
    elif not words:
        problems.add(place, "a section without a kind", "as in [cluster hpc1] or [[nodearray hpc]]")
    return Header(place, rank, kind, name, rest)


def _entry(
    source: Source, body: str, place: Place, most_lines: int, problems: Problems
) -> tuple[Entry | Stray, int]:
    """The line, and how many lines were searched in vain for its end."""
    before, equals, after = body.partition("=")
    if not equals or body[0] in "{<" or ("{" in before and _JINJA.search(before)):
        _report_stray(body, place, problems)
        return Stray(place, body), 0
    operator = "="
    if before.endswith(":"):
        before, operator = before[:-1], ":="
    value = after.lstrip(BLANK)
    where = place.along(len(body) - len(value))
    if not value:
        extent = Extent("")
    else:
        expression = operator == ":=" or value[0] == "="
        extent = find_extent(source, value, where, expression, most_lines, problems)
    key = before.rstrip(BLANK)
    entry = Entry(place, key, operator, extent.text, where, extent.comment, extent.lines, extent.closed)
    return entry, extent.searched


def _report_stray(body: str, place: Place, problems: Problems) -> None:
    if _JINJA.search(body):
        report_jinja(place, body, problems)
    elif is_placeholder(body):
        report_placeholder(place, body, problems)
    else:
        what = f"{quoted(body)} is neither a section nor an attribute"
        problems.add(place, what, "as in [[nodearray hpc]] or MachineType = lab.c1")
