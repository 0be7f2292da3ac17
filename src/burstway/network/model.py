"""The network of a site and its clouds, as values: what is planned, or what was found.

Words are Azure's where Azure has one. Everything here is IPv4: a rule for IPv6 alone is read and kept, and
matches nothing. `network/problems.py` says what cannot be true of these values; nothing here checks itself,
so that all that is wrong can be said at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType

from burstway.network.ruleset import Ruleset


class Access(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


class Direction(StrEnum):
    INBOUND = "Inbound"
    OUTBOUND = "Outbound"


@dataclass(frozen=True, slots=True)
class Group:
    """A reference to an application security group, by name."""

    name: str


Prefix = IPv4Network | str | Group
"""What an address field of a rule may hold: a range, the name of a service tag or `*`, or a group."""


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """A rule of an NSG. `protocol` is *, Tcp, Udp, Icmp, Esp or Ah; ports are inclusive pairs, 0 to 65535.

    `where` is the place in the document that it was read from, "" when it was made here.
    """

    name: str
    priority: int
    direction: Direction
    access: Access
    protocol: str
    sources: tuple[Prefix, ...]
    source_ports: tuple[tuple[int, int], ...]
    targets: tuple[Prefix, ...]
    target_ports: tuple[tuple[int, int], ...]
    where: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Nsg:
    """A network security group: its own rules in any order, and not the defaults, which each has."""

    name: str
    rules: tuple[SecurityRule, ...]
    where: str = ""


class Hop(StrEnum):
    """Where a route sends packets. The first five may stand in a route table of one's own."""

    GATEWAY = "VirtualNetworkGateway"
    VNET = "VnetLocal"
    INTERNET = "Internet"
    APPLIANCE = "VirtualAppliance"
    NONE = "None"
    PEERING = "VNetPeering"
    SERVICE_ENDPOINT = "VirtualNetworkServiceEndpoint"


@dataclass(frozen=True, slots=True)
class Route:
    """`prefix` is a range or the name of a service tag; `next_address` is an appliance's."""

    name: str
    prefix: IPv4Network | str
    hop: Hop
    next_address: IPv4Address | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class RouteTable:
    """`propagates` is whether the gateway's routes (from on-premise, by BGP or not) reach the subnet too."""

    name: str
    routes: tuple[Route, ...]
    propagates: bool = True
    where: str = ""


class Outbound(StrEnum):
    """How machines of a subnet that have no public address of their own reach the Internet."""

    NONE = "none"
    DEFAULT = "default outbound access"
    NAT = "NAT gateway"


GATEWAY_SUBNET = "GatewaySubnet"
"""Azure's name for the subnet that a gateway is in, and nothing else."""


@dataclass(frozen=True, slots=True)
class Subnet:
    """`nsg` and `routes` are names of what is attached, "" for none."""

    name: str
    prefixes: tuple[IPv4Network, ...]
    nsg: str = ""
    routes: str = ""
    outbound: Outbound = Outbound.NONE
    service_endpoints: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Nic:
    """A machine's interface: only those are described that have something of their own."""

    name: str
    vnet: str
    subnet: str
    address: IPv4Address
    nsg: str = ""
    groups: tuple[str, ...] = ()
    public_address: IPv4Address | None = None
    forwards: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True)
class Peering:
    """One side of a peering: as the VNet `vnet` has it towards `remote`. Both sides must be connected."""

    name: str
    vnet: str
    remote: str
    connected: bool = True
    allow_access: bool = True
    allow_forwarded: bool = False
    allow_gateway_transit: bool = False
    use_remote_gateways: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True)
class VNet:
    """`firewall` filters every packet that a machine of it sends or receives, be it to its neighbour."""

    name: str
    prefixes: tuple[IPv4Network, ...]
    subnets: tuple[Subnet, ...]
    region: str = ""
    firewall: Ruleset | None = None
    where: str = ""


class GatewayKind(StrEnum):
    VPN = "Vpn"
    EXPRESS_ROUTE = "ExpressRoute"
    LINK = "link"  # routed, as in the lab


@dataclass(frozen=True, slots=True)
class LocalGateway:
    """What the cloud knows of an on-premise side: the address of its gateway and the ranges behind it."""

    name: str
    address: IPv4Address | None
    prefixes: tuple[IPv4Network, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A VNet's gateway; `connections` are names of local gateways. With none, all sites are behind it.
    `doubt` is why it is not known whether anything crosses."""

    name: str
    vnet: str
    kind: GatewayKind
    connections: tuple[str, ...] = ()
    address: IPv4Address | None = None
    where: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """An on-premise side. `firewall` filters what crosses its edge. `remote` is what its own gateway routes
    into the cloud: None when that is not known, and is then taken to be all that the cloud has. `hosts` are
    the firewalls of single machines."""

    name: str
    networks: tuple[IPv4Network, ...]
    firewall: Ruleset | None = None
    remote: tuple[IPv4Network, ...] | None = None
    hosts: Mapping[IPv4Address, Ruleset] = field(default_factory=lambda: MappingProxyType({}))
    where: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """All of it. Names are unique within each list; VNets, NSGs and tables refer to each other by name.

    `tags` are the ranges of service tags, by lower-case name. Those that depend on where one stands
    (VirtualNetwork, Internet) are never in it.
    """

    sites: tuple[Site, ...] = ()
    vnets: tuple[VNet, ...] = ()
    peerings: tuple[Peering, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    local_gateways: tuple[LocalGateway, ...] = ()
    nsgs: Mapping[str, Nsg] = field(default_factory=lambda: MappingProxyType({}))
    route_tables: Mapping[str, RouteTable] = field(default_factory=lambda: MappingProxyType({}))
    nics: tuple[Nic, ...] = ()
    tags: Mapping[str, tuple[IPv4Network, ...]] = field(default_factory=lambda: MappingProxyType({}))
