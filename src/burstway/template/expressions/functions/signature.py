"""How a function is described, and what most of them do with their arguments."""

from collections.abc import Callable
from dataclasses import dataclass

from burstway.template.data import UNDEFINED, Datum, Error, Undefined

MANY = range(1_000_000)
"""Any number of arguments."""


def nothing(*_: Datum) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Function:
    """`counts` are the numbers of arguments that it takes; `cost` is what the body does with these values
    beyond reading them once."""

    name: str
    counts: range
    body: Callable[..., Datum]
    cost: Callable[..., int] = nothing

    @property
    def takes(self) -> str:
        fewest, most = self.counts[0], self.counts[-1]
        some = str(fewest) if fewest == most else f"{fewest} to {most}"
        return f"{some} argument{'' if most == 1 else 's'}"


def exactly(count: int) -> range:
    return range(count, count + 1)


def first_problem(*values: Datum) -> "Datum | None":
    """The first error among the values, else undefined if one of them is; None if all are proper values."""
    for value in values:
        if isinstance(value, Error):
            return value
    return UNDEFINED if any(isinstance(value, Undefined) for value in values) else None


def first_exceptional(*values: Datum) -> "Datum | None":
    """The first value that is undefined or an error."""
    return next((value for value in values if isinstance(value, Undefined | Error)), None)
