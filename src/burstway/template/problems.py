"""All that is wrong in a template, collected and raised once.

A person who repairs a template wants to see everything at once, but not a thousand lines: MOST_PROBLEMS
errors and as many warnings are kept, the rest is counted. The same problem found twice, as in an attribute
that two arrays inherit, is one. Only errors keep a template from being read; warnings are told beside it.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Protocol

from burstway.errors import Problem, TemplateError
from burstway.template.source import Place, Source

MOST_PROBLEMS = 100

_MOST_COMPARED = 300
"""Names looked at for a suggestion: comparing each misspelt name with each known one is quadratic."""

_LONGEST_COMPARED = 64

_LONGEST_MESSAGE = 500


class Reporter(Protocol):
    """What takes problems: errors where they keep a template from being read."""

    def add(self, place: Place, what: str, remedy: str = "") -> None: ...


class Problems:
    def __init__(self, source: Source) -> None:
        self.source = source
        self._errors = _Kept(source)
        self._warnings = _Kept(source)

    @property
    def full(self) -> bool:
        """So many errors that no more are kept: later steps may stop looking."""
        return self._errors.full

    def add(self, place: Place, what: str, remedy: str = "") -> None:
        self._errors.add(place, what, remedy, warning=False)

    def warn(self, place: Place, what: str, remedy: str = "") -> None:
        self._warnings.add(place, what, remedy, warning=True)

    def add_unknown(
        self, place: Place, what: str, name: str, known: Iterable[str], otherwise: str = ""
    ) -> None:
        """A name that does not exist, with the most similar one that does; else the remedy `otherwise`."""
        self.add(place, what, otherwise if self._errors.full else suggestion(name, known) or otherwise)

    def warn_unknown(
        self, place: Place, what: str, name: str, known: Iterable[str], otherwise: str = ""
    ) -> None:
        self.warn(place, what, otherwise if self._warnings.full else suggestion(name, known) or otherwise)

    def told(self, place: Place, what: str) -> bool:
        """Whether this is among the problems already, as an error or as a warning."""
        return self._errors.told(place, what) or self._warnings.told(place, what)

    @property
    def errors(self) -> list[Problem]:
        return self._errors.sorted("problems")

    @property
    def warnings(self) -> list[Problem]:
        return self._warnings.sorted("warnings")

    @property
    def all(self) -> list[Problem]:
        """Errors and warnings, in the order of the file; what has no line comes last."""
        return sorted([*self.errors, *self.warnings], key=lambda p: (p.line == 0, p.line, p.column))

    def raise_any(self) -> None:
        """Raises TemplateError if there are errors: with the warnings too, for one may be the reason."""
        if self.errors:
            raise TemplateError(self.all)


class AsWarnings:
    """Takes what is wrong with a thing that nobody needs: a warning each."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def add(self, place: Place, what: str, remedy: str = "") -> None:
        self._problems.warn(place, what, remedy)


class _Kept:
    """Problems of one weight: the first so many, each once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._kept: dict[tuple[int, int, str], Problem] = {}
        self._more = 0

    @property
    def full(self) -> bool:
        return len(self._kept) >= MOST_PROBLEMS

    def told(self, place: Place, what: str) -> bool:
        return (place.line, place.column, _printable(what)) in self._kept

    def add(self, place: Place, what: str, remedy: str, *, warning: bool) -> None:
        what = _printable(what)
        key = (place.line, place.column, what)
        if key in self._kept:
            return
        if self.full:
            self._more += 1
            return
        shown = self._source.shown(place)
        self._kept[key] = Problem(
            place.file, place.line, place.column, what, _printable(remedy), shown, warning
        )

    def sorted(self, name: str) -> list[Problem]:
        """In the order of the file, and the number of those that were not kept."""
        problems = sorted(self._kept.values(), key=lambda problem: (problem.line, problem.column))
        if self._more:
            problems.append(Problem(self._source.file, 0, 0, f"and {self._more:,} more {name}"))
        return problems


def _printable(what: str) -> str:
    """Names in a message are as long and as odd as the template has them; a terminal should survive that."""
    cut = what if len(what) <= _LONGEST_MESSAGE else what[:_LONGEST_MESSAGE] + "…"
    return "".join(character if character.isprintable() else "�" for character in cut)


def suggestion(name: str, known: Iterable[str], *, cutoff: float = 0.77) -> str:
    """`did you mean …?` with the most similar known name, whatever its case; "" when none is similar. In a
    short word one slip is much, and still a slip."""
    if len(name) > _LONGEST_COMPARED:
        return ""
    spelling = {
        candidate.lower(): candidate
        for candidate in islice(known, _MOST_COMPARED)
        if len(candidate) <= _LONGEST_COMPARED
    }
    close = get_close_matches(name.lower(), spelling, n=1, cutoff=cutoff)
    close = close or [candidate for candidate in spelling if _one_slip(name.lower(), candidate)]
    return f"did you mean {spelling[close[0]]}?" if close else ""


def _one_slip(name: str, known: str) -> bool:
    """Whether a word of four letters or more has one wrong, or two that change places."""
    if len(name) != len(known) or len(known) < 4:
        return False
    wrong = [place for place in range(len(name)) if name[place] != known[place]]
    if len(wrong) == 2:
        first, second = wrong
        return second == first + 1 and (name[first], name[second]) == (known[second], known[first])
    return len(wrong) == 1
