"""Where a value ends: at the end of its line, at a comment, at closing quotes or at a closing bracket.

What is inside of quotes or of `${…}` is no comment and ends nothing. A text in three quotes goes on to the
next three. An expression goes on while one of its brackets is open; it has no end when a header comes first,
so that a forgotten bracket does not swallow the rest of the file.
"""

import re
from dataclasses import dataclass

from burstway.template.problems import Problems
from burstway.template.source import Place, Source, quoted

BLANK = " \t"
TRIPLE = ("'''", '"""')
CLOSING = {"(": ")", "[": "]", "{": "}", "${": "}"}

MOST_EXPRESSION_LINES = 200
"""The longest expression known has one line."""

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#")
_STRING = r'"(?:[^"\\\n]|\\.)*+"'
_QUOTED = re.compile(_STRING)
_QUOTES = re.compile(rf'\\.|({_STRING})|"')
_BRACES = re.compile(rf'\\.|{_STRING}|\$?\{{|\}}|"')
_BRACKETS = re.compile(rf'\\.|{_STRING}|\$\{{|[()\[\]{{}}]|(?:^|(?<=[ \t]))#|"')
_HEADER = re.compile(r"[ \t]*\[+[^\[\]{}();=\"',]*+\]+[ \t]*(?:#.*)?")
"""A line with a header, which no line of an expression looks like: a record has a `=`, a list has braces."""


@dataclass(frozen=True, slots=True)
class Extent:
    """`text` is as it is written, its lines joined by LF; a `comment` begins with its `#`. `closed` is False
    when there is no end, which is a problem already."""

    text: str
    comment: str = ""
    lines: int = 1
    closed: bool = True
    searched: int = 0
    """How many lines were looked at in vain for the end of an expression."""


def find_extent(
    source: Source, body: str, place: Place, expression: bool, most_lines: int, problems: Problems
) -> Extent:
    """Of the value that begins at `place`; `body` is its line from there, without blanks at its end. An
    `expression` may have so many lines."""
    if body[:3] in TRIPLE:
        return _text_over_lines(source, body, place, problems)
    if expression or (body.startswith("${") and not closing_brace(body, 0, len(body))):
        return _expression(source, body, place, expression, most_lines, problems)
    if "#" not in body:
        return Extent(body)
    return _cut(body, _comment(body))


def formulas(text: str) -> list[tuple[int, int]]:
    """Where each `${…}` of a text begins and ends; one that is not closed on its line is none."""
    found = []
    start = text.find("${")
    while start >= 0:
        line_end = text.find("\n", start)
        line_end = len(text) if line_end < 0 else line_end
        end = closing_brace(text, start, line_end)
        if end:
            found.append((start, end))
        start = text.find("${", end or line_end)
    return found


def without_formulas(text: str) -> str:
    """The text with each `${…}` as so many underscores: what is in them separates nothing."""
    pieces = []
    at = 0
    for start, end in formulas(text):
        pieces += [text[at:start], "_" * (end - start)]
        at = end
    return "".join((*pieces, text[at:])) if at else text


def closing_brace(text: str, start: int, stop: int) -> int:
    """The end of the `${…}` that begins at `start`; 0 when it has none before `stop`."""
    depth = 0
    for token in _BRACES.finditer(text, start, stop):
        if token[0] in ("{", "${"):
            depth += 1
        elif token[0] == "}":
            depth -= 1
            if not depth:
                return token.end()
    return 0


def without_comments(expression: str) -> str:
    """The comments of an expression over several lines as blanks, so that places in it stay what they are."""
    if "\n" not in expression or "#" not in expression:
        return expression
    return "\n".join(_blanked(line) for line in expression.split("\n"))


def _blanked(line: str) -> str:
    for token in _BRACKETS.finditer(line):
        if token[0] == "#":
            return line[: token.start()] + " " * (len(line) - token.start())
    return line


def _cut(body: str, comment: int) -> Extent:
    return Extent(body[:comment].rstrip(BLANK), body[comment:])


def _comment(body: str) -> int:
    """Where the comment behind a value begins; the end when there is none."""
    if body[0] == '"' and (text := _QUOTED.match(body)):
        rest = body[text.end() :].lstrip(BLANK)
        if rest.startswith("#") and (body[text.end()] != "#" or '"' not in rest):
            return len(body) - len(rest)
        if rest and rest[0] != "," and body.endswith('"'):
            # Quotes inside of quotes, as in HTML: all of the line is one text.
            return len(body)
    found = _COMMENT.search(_masked(body))
    return found.start() if found else len(body)


def _masked(body: str) -> str:
    """`body` with nothing inside of quotes and of `${…}` that could be taken for a comment."""
    masked = without_formulas(body)
    if masked[0] == "'" and (end := masked.find("'", 1)) > 0:
        masked = "_" * end + masked[end:]
    return _QUOTES.sub(lambda token: "_" * len(token[0]) if token[1] else token[0], masked)


def _text_over_lines(source: Source, body: str, place: Place, problems: Problems) -> Extent:
    quotes = body[:3]
    start = place.column + 2
    for number in range(place.line - 1, len(source.lines)):
        line = source.lines[number]
        end = line.find(quotes, start)
        if end < 0:
            start = 0
            continue
        end += 3
        while line.startswith(quotes[0], end):
            # The text's own last character can be a quote: '''it is 'x''''.
            end += 1
        lines = number - place.line + 2
        rest = line[end:].strip(BLANK)
        if rest and rest[0] != "#":
            where = Place(place.file, number + 1, line.index(rest, end) + 1)
            what = f"{quoted(rest)} stands behind the text over several lines"
            problems.add(where, what, "begin a new line, or write a # before a comment")
        return Extent(_joined(source, place, lines, end), rest, lines)
    problems.add(place, "the text over several lines has no end", f"close it with {quotes}")
    return Extent(body, lines=len(source.lines) - place.line + 1, closed=False)


def _expression(
    source: Source, body: str, place: Place, to_end: bool, most_lines: int, problems: Problems
) -> Extent:
    """An expression to the end of its line (`to_end`), or the `${…}` that the value begins with."""
    open_brackets: list[tuple[str, Place]] = []
    line, start = body, place
    for lines in range(1, most_lines + 1):
        comment = _balance(line, start, open_brackets)
        if not open_brackets and lines == 1:
            return _cut(body, comment if to_end else _comment(body)) if "#" in body else Extent(body)
        if not open_brackets:
            text = _joined(source, place, lines, comment)
            return Extent(text.rstrip(BLANK), line[comment:].rstrip(BLANK), lines)
        following = place.line + lines - 1
        if following >= len(source.lines) or _HEADER.fullmatch(source.lines[following]):
            break
        line, start = source.lines[following], Place(place.file, following + 1, 1)
    bracket, where = open_brackets[0]
    problems.add(where, f"the {bracket} has no end", f"close it with {CLOSING[bracket]}")
    return Extent(body, closed=False, searched=lines)


def _balance(line: str, start: Place, open_brackets: list[tuple[str, Place]]) -> int:
    """Follows the brackets of one line; a wrong closing bracket closes none. Where its comment begins."""
    for token in _BRACKETS.finditer(line):
        found = token[0]
        if found in CLOSING:
            open_brackets.append((found, start.along(token.start())))
        elif found == "#":
            return token.start()
        elif open_brackets and found == CLOSING[open_brackets[-1][0]]:
            open_brackets.pop()
    return len(line)


def _joined(source: Source, place: Place, lines: int, end: int) -> str:
    """The text from `place` over so many lines, up to the index `end` in the last one."""
    first = place.line - 1
    if lines == 1:
        return source.lines[first][place.column - 1 : end]
    middle = source.lines[first + 1 : first + lines - 1]
    return "\n".join(
        (source.lines[first][place.column - 1 :], *middle, source.lines[first + lines - 1][:end])
    )
