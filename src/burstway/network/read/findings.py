"""Places in documents, and what is found there: problems, which are raised, and notes, which are kept.

A place is the document's name and the path in it, as `nsgs.json: [0].securityRules[3].priority`. The same
problem found twice is one; MOST_PROBLEMS are kept and the rest is counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from burstway.errors import DocumentError, Problem

MOST_PROBLEMS = 100
MOST_NOTES = 1_000

_LONGEST_NAME = 64
_LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Place:
    document: str
    path: str = ""

    def field(self, key: str) -> "Place":
        if not (key.isascii() and key.replace("_", "").isalnum()):
            return Place(self.document, f'{self.path}["{shown(key)}"]')
        return Place(self.document, f"{self.path}.{shown(key)}" if self.path else shown(key))

    def item(self, index: int) -> "Place":
        return Place(self.document, f"{self.path}[{index}]")

    def __str__(self) -> str:
        return f"{self.document}: {self.path}" if self.path else self.document


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was read and does not count, or is known less well than one may think."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Findings:
    def __init__(self) -> None:
        self._problems: dict[tuple[str, str], Problem] = {}
        self._more = 0
        self._notes: dict[Note, None] = {}

    @property
    def notes(self) -> tuple[Note, ...]:
        return tuple(self._notes)

    def problem(
        self, place: Place, what: str, remedy: str = "", *, line: int = 0, column: int = 0, source: str = ""
    ) -> None:
        key = (str(place), what)
        if key in self._problems:
            return
        if len(self._problems) >= MOST_PROBLEMS:
            self._more += 1
            return
        text = f"{place.path}: {what}" if place.path else what
        self._problems[key] = Problem(
            printable(place.document), line, column, printable(text), printable(remedy), printable(source)
        )

    def note(self, place: Place, what: str) -> None:
        if len(self._notes) < MOST_NOTES:
            self._notes[Note(printable(str(place)), printable(what))] = None

    def raise_any(self) -> None:
        """Raises DocumentError with all problems in the order in which they were found, if there are any."""
        problems = list(self._problems.values())
        if self._more:
            problems.append(Problem(problems[-1].file, 0, 0, f"and {self._more:,} more problems"))
        if problems:
            raise DocumentError(problems)


def printable(text: str) -> str:
    """Names in a document are as long and as odd as somebody made them; a terminal should survive that."""
    cut = text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"
    return "".join(character if character.isprintable() else "�" for character in cut)


def shown(text: str) -> str:
    """A name inside a message, cut."""
    return text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "…"


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean …?` with the most similar known names, whatever their case; "" when none is similar."""
    if len(name) > _LONGEST_NAME:
        return ""
    spelling = {candidate.lower(): candidate for candidate in known if len(candidate) <= _LONGEST_NAME}
    close = get_close_matches(name.lower(), spelling, n=3, cutoff=0.75)
    return f"did you mean {' or '.join(spelling[each] for each in close)}?" if close else ""
