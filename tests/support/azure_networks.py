"""Small networks, and packets asked of them, as words: what the tables of these tests are made of."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType
from typing import Any

from burstway.network.model import (
    Access,
    Direction,
    Gateway,
    GatewayKind,
    Hop,
    LocalGateway,
    Network,
    Nic,
    Nsg,
    Peering,
    Prefix,
    Route,
    RouteTable,
    SecurityRule,
    Site,
    Subnet,
    VNet,
)
from burstway.network.prove import Prover
from burstway.network.space import ALL_PORTS, Intervals, Packets, of_address

IN, OUT = Direction.INBOUND, Direction.OUTBOUND
ALLOW, DENY = Access.ALLOW, Access.DENY
PASSES = "passes"
NO_TAGS: Mapping[str, tuple[str, ...]] = MappingProxyType({})

Part = Site | VNet | Peering | Gateway | LocalGateway | Nsg | RouteTable | Nic
_FIELDS = {
    Site: "sites",
    VNet: "vnets",
    Peering: "peerings",
    Gateway: "gateways",
    LocalGateway: "local_gateways",
    Nic: "nics",
}


def network(*parts: Part, tags: Mapping[str, tuple[str, ...]] = NO_TAGS) -> Network:
    lists: dict[str, Any] = {
        field: tuple(p for p in parts if isinstance(p, kind)) for kind, field in _FIELDS.items()
    }
    return Network(
        **lists,
        nsgs={part.name: part for part in parts if isinstance(part, Nsg)},
        route_tables={part.name: part for part in parts if isinstance(part, RouteTable)},
        tags={name: nets(*ranges) for name, ranges in tags.items()},
    )


def nets(*ranges: str) -> tuple[IPv4Network, ...]:
    return tuple(IPv4Network(each) for each in ranges)


def vnet(name: str, ranges: str, *subnets: Subnet) -> VNet:
    return VNet(name, nets(*ranges.split()), subnets)


def subnet(name: str, ranges: str, **more: Any) -> Subnet:
    return Subnet(name, nets(*ranges.split()), **more)


def site(ranges: str = "192.168.0.0/16", **more: Any) -> Site:
    return Site("hq", nets(*ranges.split()), **more)


def nic(name: str, place: str, address: str, public: str = "", **more: Any) -> Nic:
    of_vnet, of_subnet = place.split("/")
    public_address = IPv4Address(public) if public else None
    return Nic(name, of_vnet, of_subnet, IPv4Address(address), public_address=public_address, **more)


def peering(of: str, to: str, **more: Any) -> Peering:
    return Peering(f"{of}-to-{to}", of, to, **more)


def gateway(of: str, *connections: str) -> Gateway:
    return Gateway("vpn", of, GatewayKind.VPN, connections)


def local(name: str, ranges: str) -> LocalGateway:
    return LocalGateway(name, None, nets(*ranges.split()))


def table(name: str, *routes: str, propagates: bool = True) -> RouteTable:
    """A route is `name prefix hop [appliance]`."""
    made = []
    for words in (route.split() for route in routes):
        prefix = IPv4Network(words[1]) if words[1][0].isdigit() else words[1]
        next_address = IPv4Address(words[3]) if len(words) > 3 else None
        made.append(Route(words[0], prefix, Hop(words[2]), next_address))
    return RouteTable(name, tuple(made), propagates)


def nsg(name: str, *rules: SecurityRule) -> Nsg:
    return Nsg(name, rules)


def rule(
    direction: Direction,
    priority: int,
    access: Access,
    ports: str = "*",
    protocol: str = "*",
    source: str | Prefix = "*",
    target: str | Prefix = "*",
    source_ports: str = "*",
) -> SecurityRule:
    """Its name is `rule-` and the priority; ranges and ports are separated by spaces."""
    return SecurityRule(
        f"rule-{priority}",
        priority,
        direction,
        access,
        protocol,
        _prefixes(source),
        _ports(source_ports),
        _prefixes(target),
        _ports(ports),
    )


def _prefixes(given: str | Prefix) -> tuple[Prefix, ...]:
    if not isinstance(given, str):
        return (given,)
    return tuple(IPv4Network(each) if each[0].isdigit() else each for each in given.split())


def _ports(text: str) -> Intervals:
    if text == "*":
        return ALL_PORTS
    pairs = [each.partition("-")[::2] for each in text.split()]
    return tuple((int(first), int(last or first)) for first, last in pairs)


def packet(text: str) -> Packets:
    """`tcp 10.0.0.4 10.0.1.4:22`, with `:` and a port at the source too if that matters."""
    protocol, source, target = text.split()
    source, _, source_port = source.partition(":")
    target, _, port = target.partition(":")
    return Packets(
        protocol,
        of_address(IPv4Address(source)),
        of_address(IPv4Address(target)),
        _ports(port or "*"),
        _ports(source_port or "*"),
    )


def fate(of: Network, text: str) -> str:
    """PASSES, or the gap that stops the packet; `unknown: ` before one that perhaps does."""
    [proof] = Prover(of).prove(packet(text))
    if proof.passes:
        return PASSES
    gap = next(gap for gap in proof.gaps if gap.certain is (proof.passes is False))
    return f"{'' if gap.certain else 'unknown: '}{gap}"


def assert_fate(of: Network, text: str, expected: str) -> None:
    found = fate(of, text)
    assert found == PASSES if expected == PASSES else expected in found, f"{text}: {found}, not {expected}"
