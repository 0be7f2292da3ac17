"""The text of a template: its lines, and places in them.

Only LF, CRLF and CR end a line, as in an editor, so that line numbers are those a person sees. (Python's
`splitlines` also splits at form feeds and U+2028.) A byte order mark is no part of the first line.
"""

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

MOST_SHOWN = 160
"""Characters of a line shown below a problem; a line can be as long as the file."""

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands. Lines and columns count from 1; 0 is unknown."""

    file: str
    line: int = 0
    column: int = 0

    def along(self, characters: int) -> "Place":
        return Place(self.file, self.line, self.column + characters)

    def within(self, text: str, characters: int) -> "Place":
        """So many characters into `text`, which begins here and can have several lines."""
        ends = text.count("\n", 0, characters)
        if not ends:
            return self.along(characters)
        return Place(self.file, self.line + ends, characters - text.rfind("\n", 0, characters))


def places_in(text: str, place: Place) -> Callable[[int], Place]:
    """Tells where the characters of `text` stand, which begins at `place` and can have several lines."""
    if "\n" not in text:
        return place.along
    ends = [found.start() for found in re.finditer("\n", text)]

    def place_of(characters: int) -> Place:
        lines = bisect_left(ends, characters)
        if not lines:
            return place.along(characters)
        return Place(place.file, place.line + lines, characters - ends[lines - 1])

    return place_of


@dataclass(frozen=True, slots=True)
class Source:
    file: str
    lines: tuple[str, ...]

    @classmethod
    def of(cls, text: str, file: str) -> "Source":
        text = text.removeprefix("\ufeff")
        return cls(file, tuple(_LINE_END.split(text) if "\r" in text else text.split("\n")))

    @property
    def size(self) -> int:
        """Characters, without the ends of lines."""
        return sum(map(len, self.lines))

    def shown(self, place: Place) -> str:
        """The line at `place`, one column a character so that a caret below it points right; "" when the
        place is unknown or so far right that the line would have to be cut before it."""
        if not 0 < place.line <= len(self.lines) or place.column > MOST_SHOWN:
            return ""
        line = self.lines[place.line - 1]
        cut = line if len(line) <= MOST_SHOWN else line[:MOST_SHOWN] + "…"
        return "".join(character if character.isprintable() else " " for character in cut).rstrip()


def cut(text: str, most: int = 60) -> str:
    """`text` for a message, not endless."""
    return text if len(text) <= most else text[:most] + "…"


def header(rank: int, kind: str, name: str) -> str:
    """A section's header for a message: `[[node x]]`, not endless."""
    return "[" * rank + cut(f"{kind} {name}".rstrip()) + "]" * rank


def quoted(text: str, most: int = 60) -> str:
    """`text` for a message: in quotes, nothing invisible in it, and not endless."""
    return repr(cut(text, most))
