"""Lines -> a tree of sections.

The number of brackets is a section's rank, and a section belongs to the last one before it with a smaller
rank: `[[node x]]` to `[cluster c]`. Kinds, names and keys are compared whatever their case, as CycleCloud
does, and keep the spelling they have. This module knows which kinds are repeated, and nothing else of them;
`vocabulary` does.

What CycleCloud tolerates is a warning: a rank that is skipped, an attribute given twice (the last one
counts), a section that stands there twice (it is one). What stands below a header that is wrong is read all
the same, so that nothing is called stray; a section that cannot be placed is left out of the tree.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from burstway.template.forms import Broken, Value
from burstway.template.lines import Entry, Header, Line, scan
from burstway.template.problems import Problems
from burstway.template.source import Place, Source, header, quoted
from burstway.template.values import read_value

MOST_RANKS = 16
"""Parameter sections may nest to any rank; the deepest template known has 5. It bounds all recursion here."""

MOST_CHARACTERS = 16_000_000
"""The largest template known has 100,000."""

_KEY = re.compile(r"[^\s.\"'`#$<>{}\[\]=]+(?:\.[^\s.\"'`#$<>{}\[\]=]+)*+")
_RECORD_KEY = re.compile(r"[^\"`#$<>{}\[\]=]+")
_ADDED_UP = ("list", "record")
"""Kinds that stand side by side when they are repeated: each is a value of its own."""

_OFTEN_REPEATED = ("configuration", "parameters")
"""Kinds that templates write in several places, with nothing wrong about it."""


@dataclass(frozen=True, slots=True)
class Attribute:
    key: str
    place: Place
    value: Value


@dataclass(slots=True)
class Section:
    """`attributes` are found by their key in lower case. `kind` is in lower case, "" at the root. The name
    begins at `name_place`."""

    rank: int
    kind: str
    name: str
    place: Place
    attributes: dict[str, Attribute] = field(default_factory=dict)
    sections: list["Section"] = field(default_factory=list)
    name_place: Place | None = None

    def __str__(self) -> str:
        return header(self.rank, self.kind, self.name)


def parse(source: Source, problems: Problems) -> Section:
    """The root, rank 0, whose sections are those of the file. What is wrong goes to `problems`."""
    return build(scan(source, problems), source, problems)


def build(lines: Iterable[Line], source: Source, problems: Problems) -> Section:
    """The root of the sections in these lines; `parse` for who has the lines already."""
    root = Section(0, "", "", Place(source.file))
    if sum(map(len, source.lines)) > MOST_CHARACTERS:
        problems.add(root.place, f"the template has more than {MOST_CHARACTERS:,} characters")
        return root
    builder = _Builder(root, problems)
    for line in lines:
        if isinstance(line, Entry):
            builder.put(line)
        elif isinstance(line, Header):
            builder.open(line)
    return root


class _Builder:
    def __init__(self, root: Section, problems: Problems) -> None:
        self.problems = problems
        self.path = [_Open(root)]
        """The sections that are open, by rising rank; the last one takes the attributes."""

    def open(self, header: Header) -> None:
        while self.path[-1].section.rank >= header.rank:
            self.path.pop()
        above = self.path[-1]
        kind = header.kind.lower()
        section = Section(header.rank, kind, header.name, header.place, name_place=header.name_place)
        if not self._fits(section, above.section):
            self.path.append(_Open(section))
        elif kind in _ADDED_UP:
            above.section.sections.append(section)
            self.path.append(_Open(section))
        else:
            self.path.append(self._once(section, above))

    def _once(self, section: Section, above: "_Open") -> "_Open":
        """The section, or the one of the same kind and name that stands there already."""
        key = (section.kind, section.name.lower())
        first = above.inside.get(key)
        if first is None:
            above.section.sections.append(section)
            above.inside[key] = first = _Open(section)
        elif section.kind not in _OFTEN_REPEATED:
            what = f"{section} stands here a second time, after line {first.section.place.line}"
            self.problems.warn(section.place, what, "the two are read as one; put them together")
        return first

    def _fits(self, section: Section, above: Section) -> bool:
        if section.rank > MOST_RANKS:
            self.problems.add(section.place, f"a section of rank {section.rank}; {MOST_RANKS} are the most")
            return False
        if section.rank > above.rank + 1:
            inside = str(above) if above.rank else "no section"
            what = f"a section of rank {section.rank} inside of {inside} skips a rank"
            brackets = "bracket" if above.rank == 0 else "brackets"
            remedy = f"write it with {above.rank + 1} {brackets} on each side"
            self.problems.warn(section.place, what, remedy)
        return bool(section.kind)

    def put(self, entry: Entry) -> None:
        section = self.path[-1].section
        value: Value
        if entry.closed:
            value = read_value(entry.text, entry.operator, entry.where, self.problems)
        else:
            value = Broken(entry.where)
        if not self._is_key(entry, section):
            return
        key = entry.key.lower()
        if section.rank == 0:
            what = f"{entry.key} stands outside of every section"
            self.problems.add(entry.place, what, "put it below [cluster NAME]")
        elif key in section.attributes:
            first = section.attributes[key].place.line
            what = f"{entry.key} stands in {section} a second time, after line {first}"
            self.problems.warn(entry.place, what, "the last one counts; keep one")
        section.attributes[key] = Attribute(entry.key, entry.place, value)

    def _is_key(self, entry: Entry, section: Section) -> bool:
        """In a record a key is what it stands for, such as an image, and may have colons and blanks."""
        pattern = _RECORD_KEY if section.kind == "record" else _KEY
        if pattern.fullmatch(entry.key) and entry.key.isprintable() and entry.key[-1] != ":":
            return True
        what = f"{quoted(entry.key)} cannot be the name of an attribute"
        self.problems.add(entry.place, what, "letters, digits, _ and -, with single dots between them")
        return False


@dataclass(frozen=True, slots=True)
class _Open:
    """A section that can still get attributes, and the sections in it by their kind and name."""

    section: Section
    inside: dict[tuple[str, str], "_Open"] = field(default_factory=dict)
