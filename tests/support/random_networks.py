"""Random networks of Azure's kind, and the same as a router's routes and chains, written without the prover.

    subnets s0, s1, s2 ── router ── site, behind the VNet's gateway
                             └───── world

Each subnet is a link of the router, with a routing table of its own by the interface that packets come from;
what a table leaves to the VNet is thrown on to the last one, which knows the subnets. NSGs are chains.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from random import Random

from azure_networks import ALLOW, DENY, IN, OUT, gateway, local, nets, network, nic, nsg, rule, site, subnet
from azure_networks import vnet as made_vnet
from burstway.network.model import (
    Direction,
    Hop,
    Network,
    Nsg,
    Outbound,
    Prefix,
    Route,
    RouteTable,
    SecurityRule,
    Subnet,
)
from packet_lab import Sent

SUBNETS = ("s0", "s1", "s2")
LINKS = (*SUBNETS, "site", "world")
VNET = IPv4Network("10.1.0.0/16")
NOBODY = IPv4Network("10.1.77.0/28")
ELSEWHERE = IPv4Network("10.9.0.0/28")
INTERNET = IPv4Network("8.8.0.0/23")
STORAGE = "8.8.1.0/24"
RESERVED = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
NOT_PUBLIC = (*RESERVED, "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "168.63.129.16")
EVERYWHERE = IPv4Network("0.0.0.0/0")
_PORTS = ("*", "*", "22", "22 80-443", "6817-6818", "53 2049", "0-7000")


@dataclass(frozen=True)
class Drawn:
    network: Network

    @property
    def subnets(self) -> tuple[Subnet, ...]:
        return self.network.vnets[0].subnets[:3]

    @property
    def behind(self) -> tuple[IPv4Network, ...]:
        return self.network.local_gateways[0].prefixes

    @property
    def places(self) -> list[IPv4Network]:
        """Where packets are from and to; NICs of their own are in the first sixteen of a subnet."""
        inside = [IPv4Network(f"10.1.{i}.{j}/28") for i in range(3) for j in (0, 128)]
        return [
            *inside,
            *nets("192.168.0.0/28", "192.168.200.0/28", "8.8.0.0/28", "8.8.1.0/28"),
            NOBODY,
            ELSEWHERE,
        ]

    def asks(self, packet: Sent) -> bool:
        """Whether the router is asked about it: neither within the site, nor from nobody or the Internet."""
        source, target = self.link(packet.source), self.link(packet.target)
        known = IPv4Address(packet.source) not in NOBODY and IPv4Address(packet.source) not in ELSEWHERE
        return known and source != "world" and not (source == "site" and target in ("site", "world"))

    def link(self, address: int) -> str:
        found = IPv4Address(address)
        for number, name in enumerate(SUBNETS):
            if found in IPv4Network(f"10.1.{number}.0/24"):
                return name
        return "site" if found in IPv4Network("192.168.0.0/16") else "world"


def random_network(chance: Random) -> Drawn:
    groups = [nsg(f"g{i}", *random_rules(chance)) for i in range(3)]
    names = ["", *(group.name for group in groups)]
    tables = [_table(chance, f"t{i}") for i in range(3)]
    routes = ["", "", *(each.name for each in tables)]
    outbound = (Outbound.NONE, Outbound.NAT)
    subnets = [
        subnet(f"s{i}", f"10.1.{i}.0/24", nsg=chance.choice(names), routes=chance.choice(routes),
               outbound=chance.choice(outbound))
        for i in range(3)
    ]  # fmt: skip
    edge = subnet("GatewaySubnet", "10.1.255.0/27", routes=chance.choice(("", "", "t0")))
    nics = [
        nic(f"n{i}", f"v/s{i}", f"10.1.{i}.{chance.randrange(16)}", nsg=chance.choice(names))
        for i in range(2)
    ]
    behind = chance.choice(("192.168.0.0/16", "192.168.0.0/17", "192.168.0.0/16 10.1.1.0/25", "10.9.0.0/16"))
    remote = chance.choice((None, None, nets("10.1.0.0/16"), nets("10.1.0.0/23", "10.1.2.0/25")))
    parts = (
        made_vnet("v", str(VNET), *subnets, edge),
        site(remote=remote),
        gateway("v", "l"),
        local("l", behind),
    )
    return Drawn(network(*parts, *groups, *tables, *nics, tags={"storage": (STORAGE,)}))


def _table(chance: Random, name: str) -> RouteTable:
    hops = (Hop.NONE, Hop.VNET, Hop.INTERNET, Hop.GATEWAY)
    prefixes = (
        "10.1.0.0/16", "10.1.0.0/17", "10.1.0.0/24", "10.1.1.0/24", "10.1.1.0/25", "10.1.2.0/24",
        "10.1.2.0/28", "10.0.0.0/8", "192.168.0.0/16", "192.168.0.0/24", "192.168.128.0/17", "8.8.0.0/16",
        "0.0.0.0/0", "Storage",
    )  # fmt: skip
    chosen = chance.sample(prefixes, chance.randint(0, 3))
    routes = (
        Route(f"r{i}", IPv4Network(each) if each[0].isdigit() else each, chance.choice(hops))
        for i, each in enumerate(chosen)
    )
    return RouteTable(name, tuple(routes), chance.random() < 0.8)


def random_rules(chance: Random) -> list[SecurityRule]:
    """Of an NSG, with tags, ranges, ports and protocols of which many overlap."""
    return [_rule(chance, 100 + 10 * i) for i in range(chance.randint(0, 8))]


def _rule(chance: Random, priority: int) -> SecurityRule:
    protocol = chance.choice(("*", "Tcp", "Tcp", "Udp", "Esp"))
    with_ports = protocol in ("Tcp", "Udp", "*")
    return rule(
        chance.choice((IN, OUT)),
        priority,
        chance.choice((ALLOW, ALLOW, DENY)),
        chance.choice(_PORTS) if with_ports else "*",
        protocol,
        _place(chance),
        _place(chance),
        chance.choice(("*", "*", "*", "1024-65535")) if with_ports else "*",
    )


def _place(chance: Random) -> str:
    return chance.choice(
        ("*", "*", "VirtualNetwork", "Internet", "AzureLoadBalancer", "Storage", "10.1.0.0/24", "10.1.1.0/28",
         "10.1.0.0/25 10.1.2.0/24", "192.168.0.0/16", "192.168.0.0/28 10.1.0.0/16", "8.8.0.0/24")
    )  # fmt: skip


def routes_of(drawn: Drawn) -> str:
    """For `ip -batch`: a rule and a table for each interface that packets come from."""
    edge = drawn.network.vnets[0].subnets[3]
    lines = [f"route add 10.1.{i}.0/24 via 169.254.0.1 dev s{i} onlink table 50" for i in range(3)]
    lines += ["route add blackhole default table 50", "rule add pref 200 lookup 50"]
    for number, (link, of) in enumerate((*zip(SUBNETS, drawn.subnets, strict=True), ("site", edge)), 10):
        lines.append(f"rule add pref {90 + number} iif {link} lookup {number}")
        for prefix, hop in _chosen(drawn, of).items():
            lines.append(f"route add {_by(prefix, hop)} table {number}")
    return "\n".join(lines) + "\n"


def _chosen(drawn: Drawn, of: Subnet) -> dict[IPv4Network, Hop]:
    """One hop for each prefix: the later ones replace the earlier. The kernel finds the longest."""
    table = drawn.network.route_tables.get(of.routes, RouteTable("", ()))
    own = {each: route.hop for route in reversed(_by_rank(table.routes)) for each in _ranges(route.prefix)}
    reserved = {} if EVERYWHERE in own else dict.fromkeys(nets(*RESERVED), Hop.NONE)
    learnt = [each for each in drawn.behind if table.propagates and not each.subnet_of(VNET)]
    system = {EVERYWHERE: Hop.INTERNET, VNET: Hop.VNET}
    return {**system, **reserved, **dict.fromkeys(learnt, Hop.GATEWAY), **own}


def _by_rank(routes: Sequence[Route]) -> list[Route]:
    return sorted(routes, key=lambda route: isinstance(route.prefix, str))


def _ranges(prefix: IPv4Network | str) -> tuple[IPv4Network, ...]:
    return (prefix,) if isinstance(prefix, IPv4Network) else nets(STORAGE)


def _by(prefix: IPv4Network, hop: Hop) -> str:
    links = {Hop.GATEWAY: "site", Hop.INTERNET: "world"}
    if hop in links:
        return f"{prefix} via 169.254.0.1 dev {links[hop]} onlink"
    return f"{'throw' if hop is Hop.VNET else 'blackhole'} {prefix}"


def filters_of(drawn: Drawn) -> str:
    """For `nft -f`: what links do not carry, whatever the connection's state, and then the NSGs."""
    site_ = drawn.network.sites[0]
    lines = [
        f"set {name} {{ {_INTERVALS} elements = {{ {_listed(ranges)} }}; }}" for name, ranges in _sets(drawn)
    ]
    chains = list(_levels(drawn))
    for name, of, number, direction in chains:
        lines += [f"chain {name} {{", *_nsg(of, number, direction), "}"]
    lines += ["chain links {", "type filter hook forward priority -10; policy accept;"]
    lines += ["oifname world ip daddr @reserved drop"]
    lines += [f"iifname {s.name} oifname world drop" for s in drawn.subnets if s.outbound is Outbound.NONE]
    lines += ["iifname site ip saddr != @behind drop", "oifname site ip daddr != @behind drop"]
    if site_.remote is not None:
        lines.append(f"iifname site ip daddr != {{ {_listed(site_.remote)} }} drop")
    lines += ["}", "chain nsgs {", "type filter hook forward priority 0; policy accept;"]
    lines += ["ct state established,related accept", *_jumps(drawn, [name for name, *_ in chains]), "}"]
    return "\n".join(["table ip azure {", *lines, "}"]) + "\n"


_INTERVALS = "type ipv4_addr; flags interval; auto-merge;"


def _sets(drawn: Drawn) -> Iterator[tuple[str, Iterable[object]]]:
    yield "reserved", NOT_PUBLIC
    yield "behind", drawn.behind
    for number, of in enumerate(drawn.subnets):
        table = drawn.network.route_tables.get(of.routes, RouteTable("", ()))
        own = [each for route in table.routes for each in _ranges(route.prefix)]
        yield f"vn{number}", (VNET, "168.63.129.16", *drawn.behind, *own)


def _levels(drawn: Drawn) -> Iterator[tuple[str, Nsg, int, Direction]]:
    """A chain for each NSG that stands somewhere, in each direction."""
    for number, of in enumerate(drawn.subnets):
        at_nics = [(nic.name, nic.nsg) for nic in drawn.network.nics if nic.subnet == of.name]
        for level, name in ((of.name, of.nsg), *at_nics):
            if name:
                yield f"out_{level}", drawn.network.nsgs[name], number, OUT
                yield f"in_{level}", drawn.network.nsgs[name], number, IN


def _jumps(drawn: Drawn, chains: Sequence[str]) -> Iterator[str]:
    nics = [(f"{way}_{nic.name}", end, nic.address) for nic in drawn.network.nics for way, end in _ENDS]
    for way, name in (("iifname", "out"), ("oifname", "in")):
        for each in SUBNETS:
            if f"{name}_{each}" in chains:
                yield f"{way} {each} jump {name}_{each}"
    for chain, end, address in nics:
        if chain in chains:
            yield f"ip {end} {address} jump {chain}"


_ENDS = (("out", "saddr"), ("in", "daddr"))


def _nsg(of: Nsg, number: int, direction: Direction) -> Iterator[str]:
    """Its rules by priority and then the defaults: `return` is allowed here, and asked at the next level."""
    for each in sorted(of.rules, key=lambda each: each.priority):
        if each.direction is direction:
            matches = (_at(each.sources, "saddr", number), _at(each.targets, "daddr", number), _what(each))
            yield f"{' '.join(matches)} {'return' if each.access is ALLOW else 'drop'}"
    yield f"ip saddr @vn{number} ip daddr @vn{number} return"
    yield (
        "ip saddr 168.63.129.16 return"
        if direction is IN
        else f"{_at(('Internet',), 'daddr', number)} return"
    )
    yield "drop"


def _at(prefixes: Sequence[Prefix], end: str, number: int) -> str:
    tags = {
        "*": "",
        "VirtualNetwork": f"ip {end} @vn{number}",
        "Internet": f"ip {end} != @vn{number} ip {end} != @reserved",
        "AzureLoadBalancer": f"ip {end} 168.63.129.16",
        "Storage": f"ip {end} {STORAGE}",
    }
    [first, *_] = prefixes
    return tags[first] if isinstance(first, str) else f"ip {end} {{ {_listed(prefixes)} }}"


def _what(of: SecurityRule) -> str:
    everything = ((0, 65_535),)
    ports = [
        f"th {name} {{ {', '.join(f'{first}-{last}' for first, last in pairs)} }}"
        for name, pairs in (("dport", of.target_ports), ("sport", of.source_ports))
        if pairs != everything
    ]
    if of.protocol == "*":
        return " ".join(["meta l4proto { tcp, udp }", *ports]) if ports else ""
    return " ".join([f"meta l4proto {of.protocol.lower()}", *ports])


def _listed(ranges: Iterable[object]) -> str:
    return ", ".join(map(str, ranges))
