"""Lines -> a tree of sections.

The number of brackets is a section's rank, and a section belongs to the last one before it with a smaller
rank: `[[node x]]` to `[cluster c]`. Kinds, names and keys are compared whatever their case, as CycleCloud
does, and keep the spelling they have. This module knows no kind and no key; `vocabulary` does.

What stands below a header that is wrong is read all the same, so that nothing is called stray; a section that
cannot be placed is left out of the tree.
"""

import re
from dataclasses import dataclass, field

from burstway.template.problems import Problems
from burstway.template.source import Place, Source, quoted
from burstway.template.values import HERE_QUOTES, Form, Value, read_value

MOST_RANKS = 16
"""Parameter sections may nest to any rank; the deepest template known has 5. It bounds all recursion here."""

MOST_CHARACTERS = 2_000_000
"""The largest template known has 100,000."""

_BLANK = " \t"
_KEY = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_REPEATABLE = ("list", "record")
"""Kinds that add up when they are repeated."""


@dataclass(frozen=True, slots=True)
class Attribute:
    key: str
    place: Place
    value: Value


@dataclass(slots=True)
class Section:
    """`attributes` are found by their key in lower case. `kind` is in lower case, "" at the root."""

    rank: int
    kind: str
    name: str
    place: Place
    attributes: dict[str, Attribute] = field(default_factory=dict)
    sections: list["Section"] = field(default_factory=list)

    def __str__(self) -> str:
        title = f"{self.kind} {self.name}".rstrip()
        return "[" * self.rank + (title if len(title) <= 60 else title[:60] + "…") + "]" * self.rank


def parse(source: Source, problems: Problems) -> Section:
    """The root, rank 0, whose sections are those of the file. What is wrong goes to `problems`."""
    root = Section(0, "", "", Place(source.file))
    if sum(map(len, source.lines)) > MOST_CHARACTERS:
        problems.add(root.place, f"the template has more than {MOST_CHARACTERS:,} characters")
        return root
    parser = _Parser(root, problems)
    for number, line in enumerate(source.lines, start=1):
        parser.read(line, number)
    parser.finish()
    return root


class _Parser:
    def __init__(self, root: Section, problems: Problems) -> None:
        self.problems = problems
        self.path = [root]
        """The sections that are open, by rising rank; the last one takes the attributes."""
        self.known: dict[tuple[int, str, str], Section] = {}
        """By the identity of the section above, kind and name."""
        self.here: tuple[str, Place] | None = None
        """How a text over several lines ends, and where it began."""

    def read(self, line: str, number: int) -> None:
        if self.here:
            if self.here[0] in line:
                self.here = None
            return
        body = line.strip(_BLANK)
        if not body or body.startswith("#"):
            return
        place = Place(self.path[0].place.file, number, line.index(body) + 1)
        if body.startswith("["):
            self._open(self._header(body, place))
        else:
            self._attribute(body, place)

    def finish(self) -> None:
        if self.here:
            self.problems.add(
                self.here[1], "the text over several lines has no end", f"close it with {self.here[0]}"
            )

    def _header(self, body: str, place: Place) -> Section:
        inner = body.lstrip("[")
        rank = len(body) - len(inner)
        inner, bracket, rest = inner.partition("]")
        closed = len(bracket) + len(rest) - len(rest.lstrip("]"))
        rest = rest.lstrip("]").lstrip(_BLANK)
        words = inner.split()
        section = Section(rank, words[0].lower() if words else "", " ".join(words[1:]), place)
        if closed != rank or "[" in inner:
            what = f"the section opens {rank} and closes {closed} brackets"
            self.problems.add(place, what, "as many closing as opening ones, none inside of the name")
            section.kind = section.kind if bracket and "[" not in inner else ""
        elif rest and not rest.startswith("#"):
            where = place.along(len(body) - len(rest))
            self.problems.add(
                where, f"{quoted(rest)} stands behind the section's header", "give it its own line"
            )
        elif not words:
            self.problems.add(place, "a section without a kind", "as in [cluster hpc1] or [[nodearray hpc]]")
        return section

    def _open(self, section: Section) -> None:
        while self.path[-1].rank >= section.rank:
            self.path.pop()
        above = self.path[-1]
        self.path.append(section)
        if not self._fits(section, above):
            return
        key = (id(above), section.kind, section.name.lower())
        first = self.known.setdefault(key, section)
        if first is section or section.kind in _REPEATABLE:
            above.sections.append(section)
        else:
            what = f"{section} stands here a second time, after line {first.place.line}"
            self.problems.add(section.place, what, "put its attributes together")

    def _fits(self, section: Section, above: Section) -> bool:
        if section.rank > MOST_RANKS:
            self.problems.add(section.place, f"a section of rank {section.rank}; {MOST_RANKS} are the most")
            return False
        if section.rank > above.rank + 1:
            inside = str(above) if above.rank else "no section"
            what = f"a section of rank {section.rank} inside of {inside} skips a rank"
            self.problems.add(section.place, what, f"write it with {above.rank + 1} brackets on each side")
            return False
        return bool(section.kind)

    def _attribute(self, body: str, place: Place) -> None:
        before, equals, after = body.partition("=")
        key = before.removesuffix(":").rstrip(_BLANK)
        section = self.path[-1]
        if not equals:
            what = f"{quoted(body)} is neither a section nor an attribute"
            self.problems.add(place, what, "as in [[nodearray hpc]] or MachineType = lab.c1")
            return
        if not _KEY.fullmatch(key):
            what = f"{quoted(key)} cannot be the name of an attribute"
            self.problems.add(place, what, "letters, digits, _ and -, with single dots between them")
        elif section.rank == 0:
            self.problems.add(place, f"{key} stands outside of every section", "put it below [cluster NAME]")
        elif key.lower() in section.attributes:
            first = section.attributes[key.lower()].place.line
            self.problems.add(
                place, f"{key} stands in {section} a second time, after line {first}", "keep one"
            )
        value = self._value(before, after, place)
        if _KEY.fullmatch(key):
            section.attributes.setdefault(key.lower(), Attribute(key, place, value))

    def _value(self, before: str, after: str, place: Place) -> Value:
        start = place.along(len(before) + 1)
        body = after.lstrip(_BLANK)
        if body[:3] in HERE_QUOTES and body[:3] not in body[3:]:
            self.here = (body[:3], start.along(len(after) - len(body)))
        if not before.endswith(":"):
            return read_value(after, start, self.problems)
        self.problems.add(start.along(-2), "an expression (:=) is not supported yet")
        return Value(None, Form.BROKEN, start)
