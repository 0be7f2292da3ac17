"""What a template says and Burstway does not act on, each name once with all its lines and the reason.

Nothing of the chosen cluster is dropped in silence: what is not acted on stands in this list, or in a
warning.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from burstway.template.source import Place


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`name` is an attribute, a key of the configuration or a section; `lines` are in rising order."""

    name: str
    lines: tuple[int, ...]
    reason: str


class LeftOuts:
    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[str, set[int]]] = {}

    def add(self, name: str, place: Place, reason: str) -> None:
        """The same name for the same reason is one entry, with the spelling it has where it is found
        first."""
        _, lines = self._found.setdefault((name.lower(), reason), (name, set()))
        if place.line:
            lines.add(place.line)

    def listed(self) -> tuple[LeftOut, ...]:
        """In the order of the file."""
        return tuple(sorted(self._all(), key=lambda left_out: left_out.lines[:1]))

    def _all(self) -> Iterator[LeftOut]:
        for (_, reason), (name, lines) in self._found.items():
            yield LeftOut(name, tuple(sorted(lines)), reason)
