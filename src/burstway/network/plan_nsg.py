"""From rules to a network security group: as few augmented rules as say the same, then a denial of the rest.

A group is evaluated where a packet leaves and where it arrives, so a subnet's group has what comes in to it
and what goes out of it; what passes between its own machines has both. Azure's own last rules let through all
of VirtualNetwork, and the Internet outwards: hence a denial at 4096, the last priority that one may use.
Platform addresses (DHCP, DNS, metadata) are exempt from it; probes of a load balancer are not. Sources, also
of the figures: https://learn.microsoft.com/en-us/azure/virtual-network/network-security-groups-overview and
https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/azure-subscription-service-limits
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network

from burstway.errors import InputError
from burstway.flows.expand import distinct
from burstway.flows.rules import Place, Rule
from burstway.network.model import Access, Direction, Nsg, Prefix, SecurityRule
from burstway.network.nsg_words import rule_description, rule_name
from burstway.network.space import ALL_PORTS, Intervals, merged

FIRST_PRIORITY, LAST_PRIORITY = 100, 4096
MOST_RULES = 1_000
MOST_ADDRESSES = 4_000
"""In the source fields of a group together, and in its target fields together."""

STEPS = (100, 50, 20, 10, 4)
"""Between priorities, so that there is room for a rule of one's own. The last is enough for 998 rules."""

Field = tuple[IPv4Network, ...] | str
"""An address field: ranges, or one tag. Azure takes a tag only by itself."""

_ANY = ("*",)
_SHORT = {Direction.INBOUND: "in", Direction.OUTBOUND: "out"}


@dataclass(frozen=True, slots=True)
class _Part:
    """A rule in one direction on its way to be merged. `flows` are the rules that it is made from."""

    protocol: str
    sources: Field
    targets: Field
    ports: Intervals
    flows: tuple[Rule, ...]


def plan_nsg(name: str, rules: Iterable[Rule], ranges: Sequence[IPv4Network]) -> Nsg:
    """The group for a subnet with these ranges. The same rules in the same order give the same group. Raises
    InputError where it would be over one of Azure's limits."""
    parts: dict[Direction, list[_Part]] = {Direction.INBOUND: [], Direction.OUTBOUND: []}
    for rule in rules:
        parts[Direction.INBOUND] += _parts(rule, rule.sources, _inside(rule.targets, ranges))
        parts[Direction.OUTBOUND] += _parts(rule, _inside(rule.sources, ranges), rule.targets)
    merged_parts = {direction: _merged(each) for direction, each in parts.items()}
    _within(name, "rules", sum(len(each) + 1 for each in merged_parts.values()), MOST_RULES)
    taken = {_denial(direction).name for direction in Direction}
    made = [rule for direction, each in merged_parts.items() for rule in _numbered(direction, each, taken)]
    _within(name, "source addresses", _addresses(rule.sources for rule in made), MOST_ADDRESSES)
    _within(name, "target addresses", _addresses(rule.targets for rule in made), MOST_ADDRESSES)
    return Nsg(name, tuple(made))


def _inside(places: Iterable[Place], ranges: Iterable[IPv4Network]) -> tuple[Place, ...]:
    """What of the places is in the ranges. Two ranges that overlap have the smaller one in common."""
    ranges = tuple(ranges)
    return tuple(
        place if place.prefixlen >= each.prefixlen else each
        for place in places
        if isinstance(place, IPv4Network)
        for each in ranges
        if place.overlaps(each)
    )


def _parts(rule: Rule, sources: Iterable[Place], targets: Iterable[Place]) -> Iterator[_Part]:
    ports = ((rule.ports.first, rule.ports.last),) if rule.ports else ALL_PORTS
    for source in _fields(sources):
        for target in _fields(targets):
            yield _Part(rule.protocol.capitalize(), source, target, ports, (rule,))


def _fields(places: Iterable[Place]) -> list[Field]:
    """All ranges together, and each tag by itself."""
    places = list(places)
    ranges = distinct(place for place in places if isinstance(place, IPv4Network))
    tags = dict.fromkeys(place.name for place in places if not isinstance(place, IPv4Network))
    return [*([ranges] if ranges else []), *tags]


def _merged(parts: Iterable[_Part]) -> list[_Part]:
    """Joined where all but one field is equal, which is exact. Ports go first: then a rule is still about one
    pair of ends."""
    made = _joined(parts, lambda part: (part.protocol, part.sources, part.targets))
    made = _joined(made, lambda part: (part.protocol, part.ports, _tag(part.sources), part.targets))
    return _joined(made, lambda part: (part.protocol, part.ports, part.sources, _tag(part.targets)))


def _tag(field: Field) -> str:
    return field if isinstance(field, str) else ""


def _joined(parts: Iterable[_Part], key: Callable[[_Part], Hashable]) -> list[_Part]:
    """Those with an equal key become one, where the first of them stood."""
    made: dict[Hashable, _Part] = {}
    for part in parts:
        found = made.get(key(part))
        made[key(part)] = _both(found, part) if found else part
    return list(made.values())


def _both(a: _Part, b: _Part) -> _Part:
    return replace(
        a,
        sources=_union(a.sources, b.sources),
        targets=_union(a.targets, b.targets),
        ports=merged((*a.ports, *b.ports)),
        flows=tuple(dict.fromkeys((*a.flows, *b.flows))),
    )


def _union(a: Field, b: Field) -> Field:
    if isinstance(a, str) or isinstance(b, str):
        assert a == b, "a tag stands by itself"
        return a
    return distinct((*a, *b))


def _numbered(direction: Direction, parts: Sequence[_Part], taken: set[str]) -> Iterator[SecurityRule]:
    step = next(step for step in STEPS if FIRST_PRIORITY + step * len(parts) <= LAST_PRIORITY)
    for number, part in enumerate(parts):
        yield SecurityRule(
            rule_name(_SHORT[direction], part.flows, taken),
            FIRST_PRIORITY + step * number,
            direction,
            Access.ALLOW,
            part.protocol,
            _prefixes(part.sources),
            ALL_PORTS,
            _prefixes(part.targets),
            part.ports,
            description=rule_description(part.flows),
        )
    yield _denial(direction)


def _prefixes(field: Field) -> tuple[Prefix, ...]:
    return (field,) if isinstance(field, str) else field


def _denial(direction: Direction) -> SecurityRule:
    name = f"{_SHORT[direction]}-deny-all"
    why = "What no rule above names. Azure's own rules would let through more."
    return SecurityRule(
        name, LAST_PRIORITY, direction, Access.DENY, "*", _ANY, ALL_PORTS, _ANY, ALL_PORTS, description=why
    )


def _addresses(fields: Iterable[tuple[Prefix, ...]]) -> int:
    return sum(isinstance(prefix, IPv4Network) for field in fields for prefix in field)


def _within(name: str, what: str, number: int, most: int) -> None:
    if number > most:
        raise InputError(
            f"the network security group {name} would have {number:,} {what}; Azure takes {most:,}",
            remedy="give larger ranges or a service tag in place of single addresses, or fewer profiles",
        )
