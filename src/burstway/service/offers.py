"""What the cloud offers, by name, asked for when it is first needed and kept.

A cloud that does not answer at the start must not keep the control plane from giving machines back. Names
that a cloud rents without listing them are asked for one by one.
"""

from collections.abc import Iterator, Mapping

from burstway.contracts import Offer, Provider


class KnownOffers(Mapping[str, Offer]):
    """Iterates over what the cloud lists. Any look may raise CloudError."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._listed: dict[str, Offer] = {}
        self._asked: dict[str, Offer] = {}

    def __getitem__(self, name: str) -> Offer:
        found = self._list().get(name) or self._asked.get(name)
        if found is None:
            for found in self._provider.offers([name]):
                self._asked[name] = found
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._list())

    def __len__(self) -> int:
        return len(self._list())

    def _list(self) -> Mapping[str, Offer]:
        if not self._listed:
            self._listed = {offer.name: offer for offer in self._provider.offers()}
        return self._listed
