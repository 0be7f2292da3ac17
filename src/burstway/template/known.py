"""What the tree of a template is once every value in it is known.

`Known` is a value with its spelling and its origin, `Setting` an attribute with one, `Part` a section of
settings. Undefined is a value too: it hides what is inherited, and counts as absent everywhere else.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from burstway.template.data import UNDEFINED, Datum, Error, Undefined
from burstway.template.source import Place, header


@dataclass(frozen=True, slots=True)
class Known:
    """`written` is the text for those who need one: 1.10 keeps its zero. `origin` is the parameter that the
    value comes from, `items` are the values of a list with their places. `broken`: it is a problem already,
    or not to be known yet, so nobody calls it missing. `secret`: a password is in it, so it is not kept."""

    datum: Datum
    written: str
    place: Place
    origin: str = ""
    items: tuple["Known", ...] = ()
    broken: bool = False
    secret: bool = False

    @property
    def undefined(self) -> bool:
        return isinstance(self.datum, Undefined)

    @property
    def missing(self) -> bool:
        """Undefined or empty, and not a problem already."""
        return not self.written and not self.broken and not isinstance(self.datum, Error)


def undefined(place: Place, *, origin: str = "", broken: bool = False) -> Known:
    return Known(UNDEFINED, "", place, origin, broken=broken)


@dataclass(frozen=True, slots=True)
class Setting:
    key: str
    place: Place
    value: Known


@dataclass(slots=True)
class Part:
    """A section: `kind` is in lower case, `settings` are found by their key in lower case."""

    rank: int
    kind: str
    name: str
    place: Place
    settings: dict[str, Setting] = field(default_factory=dict)
    parts: list["Part"] = field(default_factory=list)

    def __str__(self) -> str:
        return header(self.rank, self.kind, self.name)

    def lines(self) -> Iterator[Place]:
        """The places of its header, its settings, and those of the parts inside."""
        yield self.place
        for setting in self.settings.values():
            yield setting.place
        for part in self.parts:
            yield from part.lines()


def is_missing(setting: Setting | None) -> bool:
    """Absent, undefined or empty; not: written in a way that is already a problem."""
    return setting is None or setting.value.missing
