"""A network security group as a filter, as Azure evaluates it.

The lowest priority that matches decides, after the group's own rules come six that each group has. Addresses
are private ones on both ends. Answers need no rule. The host's own addresses are exempt. Source:
https://learn.microsoft.com/en-us/azure/virtual-network/network-security-groups-overview
"""

from collections.abc import Sequence

from burstway.network.filters import Decision, Rule, first_match
from burstway.network.model import Access, Direction, Group, Network, Nsg, Prefix, SecurityRule, Subnet, VNet
from burstway.network.space import (
    ALL_PORTS,
    Intervals,
    Packets,
    difference,
    intersection,
    merged,
    of_address,
)
from burstway.network.tags import METADATA, PLATFORM, space_of

_ANY = ("*",)
_ALL = ((0, 65_535),)


def _default(
    name: str, priority: int, direction: Direction, access: Access, source: str, target: str
) -> SecurityRule:
    return SecurityRule(name, priority, direction, access, "*", (source,), _ALL, (target,), _ALL)


DEFAULTS = (
    _default("AllowVnetInBound", 65000, Direction.INBOUND, Access.ALLOW, "VirtualNetwork", "VirtualNetwork"),
    _default(
        "AllowAzureLoadBalancerInBound", 65001, Direction.INBOUND, Access.ALLOW, "AzureLoadBalancer", "*"
    ),
    _default("DenyAllInBound", 65500, Direction.INBOUND, Access.DENY, "*", "*"),
    _default(
        "AllowVnetOutBound", 65000, Direction.OUTBOUND, Access.ALLOW, "VirtualNetwork", "VirtualNetwork"
    ),
    _default("AllowInternetOutBound", 65001, Direction.OUTBOUND, Access.ALLOW, "*", "Internet"),
    _default("DenyAllOutBound", 65500, Direction.OUTBOUND, Access.DENY, "*", "*"),
)
"""In every group; they cannot be removed, only overridden, as 4096 comes before 65000."""

EXEMPT = merged((*PLATFORM, *METADATA))


class NsgFilter:
    """The rules of a group in one direction, on a subnet or on a NIC in it: tags depend on the place."""

    def __init__(
        self, network: Network, nsg: Nsg, direction: Direction, vnet: VNet, subnet: Subnet | None, level: str
    ) -> None:
        self.name = f"NSG {nsg.name} ({direction.value.lower()}, on the {level})"
        self._spaces: dict[Prefix, Intervals] = {}
        rules = [rule for rule in (*nsg.rules, *DEFAULTS) if rule.direction is direction]
        rules.sort(key=lambda rule: rule.priority)
        self._rules = [self._ready(network, nsg, vnet, subnet, rule) for rule in rules]

    def decide(self, packets: Packets) -> Sequence[Decision]:
        """As Azure would."""
        free = intersection(packets.targets, EXEMPT)
        if not free:
            return first_match(self._rules, packets)
        decisions = [Decision(_to(packets, free), True, "the host's own address, which no NSG filters")]
        rest = difference(packets.targets, free)
        return decisions + (first_match(self._rules, _to(packets, rest)) if rest else [])

    def _ready(
        self, network: Network, nsg: Nsg, vnet: VNet, subnet: Subnet | None, rule: SecurityRule
    ) -> Rule:
        def space(prefixes: Sequence[Prefix]) -> Intervals:
            return merged(pair for p in prefixes for pair in self._space(network, vnet, subnet, p))

        allowed = rule.access is Access.ALLOW
        return Rule(
            None if rule.protocol == "*" else frozenset({rule.protocol.lower()}),
            space(rule.sources),
            space(rule.targets),
            merged(rule.target_ports) or ALL_PORTS,
            merged(rule.source_ports) or ALL_PORTS,
            allowed,
            f"NSG `{nsg.name}` rule {rule.priority} {rule.name}",
            "" if allowed else _remedy(nsg, rule),
        )

    def _space(self, network: Network, vnet: VNet, subnet: Subnet | None, prefix: Prefix) -> Intervals:
        """Worked out once a prefix: VirtualNetwork stands in a thousand rules."""
        if prefix not in self._spaces:
            if isinstance(prefix, Group):
                members = [nic for nic in network.nics if prefix.name in nic.groups]
                self._spaces[prefix] = merged(pair for nic in members for pair in of_address(nic.address))
            else:
                self._spaces[prefix] = space_of(network, vnet, subnet, prefix)
        return self._spaces[prefix]


def _to(packets: Packets, targets: Intervals) -> Packets:
    return Packets(packets.protocol, packets.sources, targets, packets.target_ports, packets.source_ports)


def _remedy(nsg: Nsg, rule: SecurityRule) -> str:
    before = "any priority" if rule.priority > 4096 else f"a priority below {rule.priority}"
    return f"add an {rule.direction.value.lower()} rule that allows it to NSG {nsg.name}, with {before}"
