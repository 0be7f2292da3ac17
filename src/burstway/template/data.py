"""What a value is once it is known: ClassAd's kinds of values.

A list is a tuple, a record an ordered mapping whose names are compared whatever their case (`Record`). There
is no date: nothing in a template has one. `Error` carries why; two errors are the same value to the language.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Undefined:
    """ClassAd's `undefined`: a name that nothing defines, a parameter without a value."""


@dataclass(frozen=True, slots=True)
class Error:
    """ClassAd's `error`, with what went wrong in words for a person."""

    reason: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Duration:
    """A relative time, as in `10m` between backquotes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Record(Mapping[str, "Datum"]):
    """Names and values in their order. A name that is given twice has its last value."""

    entries: tuple[tuple[str, "Datum"], ...]

    def __getitem__(self, name: str) -> "Datum":
        for known, value in reversed(self.entries):
            if known.lower() == name.lower():
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter({name.lower(): name for name, _ in self.entries}.values())

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self.entries})


Datum: TypeAlias = "Undefined | Error | Duration | Record | bool | int | float | str | tuple[Datum, ...]"

UNDEFINED = Undefined()
