"""A network security group as a filter, as Azure evaluates it.

The lowest priority that matches decides, after the group's own rules come six that each group has. Addresses
are private ones on both ends. Answers need no rule. The host's own addresses are exempt from all rules but
those that name its tags (AzurePlatformDNS and the like). A published tag whose ranges are not given leaves
open what a rule with it matches among public addresses; so does a group none of whose members is known, among
the VNet's addresses. Source:
https://learn.microsoft.com/en-us/azure/virtual-network/network-security-groups-overview
"""

from collections.abc import Sequence
from dataclasses import replace

from burstway.network.filters import Decision, Rule, first_match
from burstway.network.model import Access, Direction, Group, Network, Nsg, Prefix, SecurityRule, Subnet, VNet
from burstway.network.space import (
    ALL_ADDRESSES,
    ALL_PORTS,
    Intervals,
    Packets,
    difference,
    intersection,
    merged,
    of_address,
    of_networks,
)
from burstway.network.tags import METADATA, PLATFORM, PUBLIC, is_known, space_of

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
_OF_HOST = Rule(
    None, ALL_ADDRESSES, EXEMPT, ALL_PORTS, ALL_PORTS, True,
    "the host's own address, which only rules for its tags filter",
)  # fmt: skip


class NsgFilter:
    """The rules of a group in one direction, on a subnet or on a NIC in it: tags depend on the place. Most
    rules are about other ports than those asked about, so a rule is made ready when it is first needed."""

    def __init__(
        self, network: Network, nsg: Nsg, direction: Direction, vnet: VNet, subnet: Subnet | None, level: str
    ) -> None:
        self.name = f"NSG {nsg.name} ({direction.value.lower()}, on the {level})"
        self._network, self._nsg, self._vnet, self._subnet = network, nsg, vnet, subnet
        self._spaces: dict[Prefix, Intervals] = {}
        rules = [rule for rule in (*nsg.rules, *DEFAULTS) if rule.direction is direction]
        rules.sort(key=lambda rule: rule.priority)
        self._rules = [(*_bounds(rule), rule.protocol.lower(), rule) for rule in rules]
        self._made: dict[int, Rule] = {}

    def decide(self, packets: Packets) -> Sequence[Decision]:
        """As Azure would."""
        rules = self._ready(packets)
        to_host = intersection(packets.targets, EXEMPT)
        if not to_host:
            return first_match([made for made, _ in rules], packets)
        naming = [made for made, rule in rules if _names_platform(rule)]
        decisions = first_match([*naming, _OF_HOST], replace(packets, targets=to_host))
        if rest := difference(packets.targets, to_host):
            decisions += first_match([made for made, _ in rules], replace(packets, targets=rest))
        return decisions

    def _ready(self, packets: Packets) -> list[tuple[Rule, SecurityRule]]:
        """In their order, those that may concern these packets."""
        first, last = packets.target_ports[0][0], packets.target_ports[-1][1]
        either = ("*", packets.protocol)
        return [
            (self._made.get(index) or self._make(index, rule), rule)
            for index, (lowest, highest, protocol, rule) in enumerate(self._rules)
            if lowest <= last and first <= highest and protocol in either
        ]

    def _make(self, index: int, rule: SecurityRule) -> Rule:
        allowed = rule.access is Access.ALLOW
        self._made[index] = Rule(
            None if rule.protocol == "*" else frozenset({rule.protocol.lower()}),
            self._space(rule.sources),
            self._space(rule.targets),
            merged(rule.target_ports) or ALL_PORTS,
            merged(rule.source_ports) or ALL_PORTS,
            allowed,
            f"NSG `{self._nsg.name}` rule {rule.priority} {rule.name}",
            "" if allowed else _remedy(self._nsg, rule),
            _unknown(self._network, rule),
        )
        return self._made[index]

    def _space(self, prefixes: Sequence[Prefix]) -> Intervals:
        return merged(pair for prefix in prefixes for pair in self._space_of(prefix))

    def _space_of(self, prefix: Prefix) -> Intervals:
        """Worked out once a prefix: VirtualNetwork stands in a thousand rules."""
        if prefix not in self._spaces:
            if isinstance(prefix, Group):
                members = [nic for nic in self._network.nics if prefix.name in nic.groups]
                there = merged(pair for nic in members for pair in of_address(nic.address))
                self._spaces[prefix] = there or of_networks(self._vnet.prefixes)
            elif is_known(self._network, prefix):
                self._spaces[prefix] = space_of(self._network, self._vnet, self._subnet, prefix)
            else:
                self._spaces[prefix] = PUBLIC
        return self._spaces[prefix]


def _bounds(rule: SecurityRule) -> tuple[int, int]:
    """Its lowest and its highest port."""
    ports = rule.target_ports or ALL_PORTS
    return min(first for first, _ in ports), max(last for _, last in ports)


def _names_platform(rule: SecurityRule) -> bool:
    return any(
        isinstance(prefix, str) and prefix.lower().startswith("azureplatform") for prefix in rule.targets
    )


def _unknown(network: Network, rule: SecurityRule) -> str:
    for prefix in (*rule.sources, *rule.targets):
        if isinstance(prefix, Group):
            if not any(prefix.name in nic.groups for nic in network.nics):
                return f"no member of the group {prefix.name} is known"
        elif not is_known(network, prefix):
            return f"the ranges of {prefix} are not known"
    return ""


def _remedy(nsg: Nsg, rule: SecurityRule) -> str:
    before = "any priority" if rule.priority > 4096 else f"a priority below {rule.priority}"
    return f"add an {rule.direction.value.lower()} rule that allows it to NSG {nsg.name}, with {before}"
