"""The properties of a security rule as Azure's API names them: what all languages are made from.

One value stands in the singular field and several in the plural one. A tag and `*` are only taken in the
singular, so a rule with one must have nothing beside it. Source:
https://learn.microsoft.com/en-us/azure/templates/microsoft.network/networksecuritygroups
"""

from ipaddress import IPv4Network

from burstway.network.model import Group, Prefix, SecurityRule
from burstway.network.space import ALL_PORTS, Intervals

API_VERSION = "2025-07-01"
TYPE = "Microsoft.Network/networkSecurityGroups"

Value = str | int | list[str]


def properties(rule: SecurityRule) -> dict[str, Value]:
    """In the order in which people read them. Raises ValueError for what one rule cannot say."""
    return {
        **({"description": rule.description} if rule.description else {}),
        "priority": rule.priority,
        "direction": rule.direction.value,
        "access": rule.access.value,
        "protocol": rule.protocol,
        **_addresses("source", rule.sources),
        **_ports("source", rule.source_ports),
        **_addresses("destination", rule.targets),
        **_ports("destination", rule.target_ports),
    }


def _addresses(end: str, prefixes: tuple[Prefix, ...]) -> dict[str, Value]:
    if not prefixes or any(isinstance(prefix, Group) for prefix in prefixes):
        raise ValueError(f"{end}: ranges or a tag are needed, not {prefixes}")
    if len(prefixes) == 1:
        return {f"{end}AddressPrefix": str(prefixes[0])}
    if not all(isinstance(prefix, IPv4Network) for prefix in prefixes):
        raise ValueError(f"{end}: a tag must be alone, not among {len(prefixes)}")
    return {f"{end}AddressPrefixes": [str(prefix) for prefix in prefixes]}


def _ports(end: str, ports: Intervals) -> dict[str, Value]:
    texts = ["*" if pair == ALL_PORTS[0] else _port_range(pair) for pair in ports]
    return {f"{end}PortRange": texts[0]} if len(texts) == 1 else {f"{end}PortRanges": texts}


def _port_range(pair: tuple[int, int]) -> str:
    first, last = pair
    return str(first) if first == last else f"{first}-{last}"
