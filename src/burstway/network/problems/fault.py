"""One thing that is wrong in a network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from burstway.network.model import Network


class Severity(StrEnum):
    ERROR = "error"  # Azure refuses it, or it does not work
    WARNING = "warning"  # it works, and probably not as meant


@dataclass(frozen=True, slots=True)
class Fault:
    """`where` is the places in the documents, of both sides if there are two; "" if it was not read."""

    severity: Severity
    what: str
    where: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{self.severity}: {place}{self.what} ({self.remedy})"


Check = Callable[[Network], Iterator[Fault]]


def error(what: str, remedy: str, *where: str) -> Fault:
    return Fault(Severity.ERROR, what, _places(where), remedy)


def warning(what: str, remedy: str, *where: str) -> Fault:
    return Fault(Severity.WARNING, what, _places(where), remedy)


def _places(where: tuple[str, ...]) -> str:
    return " and ".join(dict.fromkeys(place for place in where if place))
