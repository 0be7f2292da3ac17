"""From service tags to addresses, for filters that know no tags: a router's, a host's.

A tag stands for ranges that its owner changes every week, so a rule made from them is of the day it was made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from types import MappingProxyType

from burstway.errors import InputError
from burstway.flows.rules import Place, Rule

Tags = Mapping[str, Sequence[IPv4Network]]
"""The ranges of service tags, by lower-case name, as in network.model.Network."""

NO_TAGS: Tags = MappingProxyType({})


def expanded(rules: Iterable[Rule], tags: Tags = NO_TAGS) -> list[Rule]:
    """The same rules with distinct ranges only. Raises InputError for a tag that no ranges are given of."""
    return [
        replace(rule, sources=_ranges(rule, rule.sources, tags), targets=_ranges(rule, rule.targets, tags))
        for rule in rules
    ]


def _ranges(rule: Rule, places: tuple[Place, ...], tags: Tags) -> tuple[IPv4Network, ...]:
    ranges: list[IPv4Network] = []
    for place in places:
        if isinstance(place, IPv4Network):
            ranges.append(place)
        elif known := tags.get(place.name.lower()):
            ranges += known
        else:
            raise InputError(
                f"the flow {rule.name} ends at the service tag {place}, and this filter knows addresses only",
                remedy="give its ranges: --tags with Azure's file of service tags, or addresses in its place "
                "under [network.places] in burstway.toml",
            )
    return distinct(ranges)


def distinct(ranges: Iterable[IPv4Network]) -> tuple[IPv4Network, ...]:
    """Sorted, and without those that are inside of another: nft and Azure refuse lists with them. Neighbours
    are not joined, so that a person finds each address as it was written."""
    kept: list[IPv4Network] = []
    for each in sorted(set(ranges), key=lambda network: (network.network_address, network.prefixlen)):
        if not kept or not each.subnet_of(kept[-1]):
            kept.append(each)
    return tuple(kept)
