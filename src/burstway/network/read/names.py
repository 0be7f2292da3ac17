"""Names for resources that Azure knows by long ids.

An id is `/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/TYPE/NAME…`, and its case means
nothing. People know a resource by NAME. Where the documents have one NAME in two groups, or in two
subscriptions, it becomes G/NAME, or S/G/NAME, for all of them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_ID = re.compile(
    r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.Network((?:/[^/]+/[^/]+)+)",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ResourceId:
    """`types` are lower-case, `names` as spelt: of a subnet, two of each."""

    subscription: str
    group: str
    types: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def place(self) -> tuple[str, str]:
        return self.subscription.lower(), self.group.lower()


def parse_id(text: str) -> ResourceId | None:
    """None if it is no id of a resource of Microsoft.Network."""
    if (match := _ID.fullmatch(text)) is None:
        return None
    subscription, group, rest = match.groups()
    parts = rest[1:].split("/")
    return ResourceId(subscription, group, tuple(part.lower() for part in parts[::2]), tuple(parts[1::2]))


class Names:
    """Unique names for ids. The spelling learnt first is kept, so resources are learnt before references."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], dict[tuple[str, str], ResourceId]] = {}

    def learn(self, texts: Iterable[str]) -> None:
        for text in texts:
            if (found := parse_id(text)) is not None:
                key = found.types[0], found.names[0].lower()
                self._known.setdefault(key, {}).setdefault(found.place, found)

    def of(self, resource: ResourceId) -> str:
        """The name of the top resource: of a subnet's id, the VNet's."""
        alike = self._known.get((resource.types[0], resource.names[0].lower()), {})
        first = alike.get(resource.place, resource)
        if len(alike) < 2:
            return first.names[0]
        name = f"{first.group}/{first.names[0]}"
        one_subscription = len({group for _, group in alike}) == len(alike)
        return name if one_subscription else f"{first.subscription}/{name}"


def ids_in(value: object) -> Iterator[str]:
    """All ids in a document."""
    rest = [value]
    while rest:
        each = rest.pop()
        if isinstance(each, dict):
            if isinstance(each.get("id"), str):
                yield each["id"]
            rest.extend(each.values())
        elif isinstance(each, list):
            rest.extend(each)
