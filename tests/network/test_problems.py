"""What is wrong in a network: each time the right network, and the same with one thing changed."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType
from typing import Any

import pytest

from burstway.network.model import (
    Access,
    Direction,
    Gateway,
    GatewayKind,
    Group,
    Hop,
    LocalGateway,
    Network,
    Nic,
    Nsg,
    Peering,
    Route,
    RouteTable,
    SecurityRule,
    Site,
    Subnet,
    VNet,
)
from burstway.network.problems import Severity, network_problems


def net(*texts: str) -> tuple[IPv4Network, ...]:
    return tuple(IPv4Network(text) for text in texts)


def rule(**fields: Any) -> SecurityRule:
    made = SecurityRule(
        "ssh",
        100,
        Direction.INBOUND,
        Access.ALLOW,
        "Tcp",
        ("VirtualNetwork",),
        ((0, 65535),),
        ("*",),
        ((22, 22),),
    )
    return replace(made, **fields)


GATEWAY_SUBNET = Subnet("GatewaySubnet", net("10.1.0.0/27"), where="GatewaySubnet's place")
FIREWALL_SUBNET = Subnet("firewall", net("10.1.1.0/24"), where="firewall's place")
HUB = VNet("hub", net("10.1.0.0/16"), (GATEWAY_SUBNET, FIREWALL_SUBNET), where="hub's place")
NODES = Subnet("nodes", net("10.2.0.0/24"), "nodes", "out", where="nodes' place")
HPC = VNet("hpc", net("10.2.0.0/16"), (NODES, Subnet("login", net("10.2.1.0/24"))), where="hpc's place")
TO_HPC = Peering("to-hpc", "hub", "hpc", allow_gateway_transit=True, where="to-hpc's place")
TO_HUB = Peering("to-hub", "hpc", "hub", use_remote_gateways=True, where="to-hub's place")
VPN = Gateway("vpn", "hub", GatewayKind.VPN, ("dc1",), where="vpn's place")
DC1 = LocalGateway("dc1", IPv4Address("203.0.113.5"), net("10.0.0.0/16"), where="dc1's place")
FIREWALL = Nic(
    "fw", "hub", "firewall", IPv4Address("10.1.1.4"), groups=("firewalls",), forwards=True, where="fw's place"
)
OUT = Route("far", IPv4Network("192.0.2.0/24"), Hop.APPLIANCE, FIREWALL.address, where="far's place")
EVERYWHERE = replace(OUT, prefix=IPv4Network("0.0.0.0/0"))
RIGHT = Network(
    sites=(Site("dc", net("10.0.0.0/16"), where="dc's place"),),
    vnets=(HUB, HPC),
    peerings=(TO_HPC, TO_HUB),
    gateways=(VPN,),
    local_gateways=(DC1,),
    nsgs=MappingProxyType({"nodes": Nsg("nodes", (rule(),))}),
    route_tables=MappingProxyType({"out": RouteTable("out", (OUT,))}),
    nics=(FIREWALL,),
)


def test_the_right_network_has_no_problems() -> None:
    """A hub with a gateway and a firewall, a spoke that uses both, and a site."""
    assert network_problems(RIGHT) == []


def vnets(hub: VNet = HUB, hpc: VNet = HPC, *more: VNet) -> Network:
    return replace(RIGHT, vnets=(hub, hpc, *more))


def hub_subnets(*subnets: Subnet) -> Network:
    return vnets(replace(HUB, subnets=(*subnets, FIREWALL_SUBNET)))


def hpc_subnets(*subnets: Subnet) -> Network:
    return vnets(HUB, replace(HPC, subnets=subnets))


def peerings(*values: Peering) -> Network:
    return replace(RIGHT, peerings=values)


def local(**fields: Any) -> Network:
    return replace(RIGHT, local_gateways=(replace(DC1, **fields),))


def nics(*values: Nic) -> Network:
    return replace(RIGHT, nics=values)


def routes(*values: Route) -> Network:
    return replace(RIGHT, route_tables=MappingProxyType({"out": RouteTable("out", values)}))


def only_rule(value: SecurityRule) -> Network:
    return replace(RIGHT, nsgs=MappingProxyType({"nodes": Nsg("nodes", (value,), "here")}))


def tables(**values: RouteTable) -> dict[str, Any]:
    return {"route_tables": MappingProxyType({**RIGHT.route_tables, **values})}


OTHER = VNet("other", net("10.3.0.0/16"), (), where="other's place")
BETWEEN = (Peering("a", "hub", "other"), Peering("b", "other", "hub"))
TRANSIT = (
    Peering("a", "hub", "other", allow_gateway_transit=True, where="a's place"),
    Peering("b", "hpc", "other", where="b's place"),
    Peering("c", "other", "hpc", allow_gateway_transit=True, where="c's place"),
)
E, W = Severity.ERROR, Severity.WARNING

WRONG: dict[str, tuple[Network, Severity, str, tuple[str, ...]]] = {
    "peered VNets overlap": (
        vnets(HUB, replace(HPC, prefixes=net("10.2.0.0/16", "10.1.128.0/17"))), E,
        "VNet hub and VNet hpc overlap in 10.1.0.0/16 and 10.1.128.0/17, and they are peered",
        ("hub's place", "hpc's place"),
    ),
    "peers of one hub overlap": (
        replace(vnets(HUB, HPC, replace(OTHER, prefixes=net("10.2.128.0/17"))),
                peerings=(TO_HPC, TO_HUB, *BETWEEN)), E,
        "VNet hpc and VNet other overlap in 10.2.0.0/16 and 10.2.128.0/17, and both are peered with hub",
        ("hpc's place", "other's place"),
    ),
    "a VNet overlaps what is behind its gateway": (
        local(prefixes=net("10.0.0.0/16", "10.1.1.0/24")), E,
        "VNet hub and local gateway dc1 overlap in 10.1.0.0/16 and 10.1.1.0/24, and gateway vpn joins them",
        ("hub's place", "dc1's place"),
    ),
    "a VNet overlaps what is behind the gateway it uses": (
        local(prefixes=net("10.0.0.0/16", "10.2.1.0/24")), E,
        "VNet hpc and local gateway dc1 overlap", ("hpc's place", "dc1's place"),
    ),
    "a site overlaps a VNet": (
        replace(RIGHT, gateways=(replace(VPN, connections=()),), local_gateways=(),
                sites=(Site("dc", net("10.0.0.0/14"), where="dc's place"),)), E,
        "VNet hub and site dc overlap in 10.1.0.0/16 and 10.0.0.0/14", ("hub's place", "dc's place"),
    ),
    "two sites overlap": (
        replace(RIGHT, sites=(*RIGHT.sites, Site("lab", net("10.0.9.0/24"), where="lab's place"))), E,
        "site dc and site lab overlap in 10.0.0.0/16 and 10.0.9.0/24", ("dc's place", "lab's place"),
    ),
    "VNets with gateways to one site overlap": (
        replace(vnets(HUB, HPC, replace(OTHER, prefixes=net("10.1.0.0/24", "10.3.0.0/24"), subnets=(
            Subnet("GatewaySubnet", net("10.3.0.0/27")),))),
            gateways=(VPN, Gateway("vpn2", "other", GatewayKind.VPN, ("dc1",)))), E,
        "VNet hub and VNet other overlap in 10.1.0.0/16 and 10.1.0.0/24, and both are joined with",
        ("hub's place", "other's place"),
    ),
    "two VNets of one name": (
        vnets(HUB, HPC, replace(OTHER, name="hpc")), E, "two VNets have the name hpc",
        ("hpc's place", "other's place"),
    ),
    "a subnet outside of its VNet": (
        hpc_subnets(NODES, Subnet("far", net("10.9.0.0/24"), where="far's place")), E,
        "subnet far (10.9.0.0/24) is outside of its VNet hpc (10.2.0.0/16)", ("far's place",),
    ),
    "subnets that overlap": (
        hpc_subnets(NODES, Subnet("more", net("10.2.0.128/25"), where="more's place")), E,
        "subnets nodes (10.2.0.0/24) and more (10.2.0.128/25) of VNet hpc overlap",
        ("nodes' place", "more's place"),
    ),
    "two subnets of one name": (
        hpc_subnets(NODES, Subnet("NODES", net("10.2.1.0/24"), where="NODES' place")), E,
        "two subnets of VNet hpc have the name NODES", ("nodes' place", "NODES' place"),
    ),
    "a VNet that overlaps itself": (
        vnets(HUB, replace(HPC, prefixes=net("10.2.0.0/16", "10.2.9.0/24"))), E,
        "VNet hpc has 10.2.0.0/16 and 10.2.9.0/24, which overlap", ("hpc's place",),
    ),
    "a peering with one side": (
        peerings(replace(TO_HPC, allow_gateway_transit=False)), E,
        "peering to-hpc of VNet hub to hpc has no other side", ("to-hpc's place", "hpc's place"),
    ),
    "a peering that is not connected": (
        peerings(TO_HPC, replace(TO_HUB, connected=False)), E,
        "peering to-hub of VNet hpc to hub is not connected", ("to-hub's place", "to-hpc's place"),
    ),
    "a peering without access": (
        peerings(TO_HPC, replace(TO_HUB, allow_access=False)), W, "to-hub of VNet hpc does not allow access",
        ("to-hub's place",),
    ),
    "a peering to itself": (
        peerings(TO_HPC, TO_HUB, Peering("me", "hpc", "hpc", where="me's place")), E,
        "peering me of VNet hpc is to itself", ("me's place",),
    ),
    "a peering to a VNet that nobody describes": (
        peerings(TO_HPC, TO_HUB, Peering("x", "hpc", "x", where="x's place")), W,
        "is to VNet x, which is not described", ("x's place",),
    ),
    "a peering of a VNet that is not there": (
        peerings(TO_HPC, TO_HUB, Peering("x", "x", "hpc", where="x's place")), E,
        "is of a VNet that is not there",
        ("x's place",),
    ),
    "two peerings to one VNet": (
        peerings(TO_HPC, replace(TO_HPC, name="again", where="again's place"), TO_HUB), E,
        "peering again of VNet hub and to-hpc are both to hpc", ("to-hpc's place", "again's place"),
    ),
    "a gateway's use that the other side does not allow": (
        peerings(replace(TO_HPC, allow_gateway_transit=False), TO_HUB), E,
        "uses a gateway of hub, and peering to-hpc of VNet hub does not allow it",
        ("to-hub's place", "to-hpc's place"),
    ),
    "a gateway's use where there is none": (
        replace(RIGHT, gateways=(), local_gateways=()), E, "uses the gateway of hub, which has none",
        ("to-hub's place",),
    ),
    "a gateway's use with one of its own": (
        replace(hpc_subnets(NODES, Subnet("GatewaySubnet", net("10.2.9.0/27"))),
                gateways=(VPN, Gateway("own", "hpc", GatewayKind.VPN, ("dc1",), where="own's place"))), E,
        "uses a gateway of hub, and its VNet has its own, own", ("to-hub's place", "own's place"),
    ),
    "two remote gateways": (
        replace(vnets(HUB, HPC, replace(OTHER, subnets=(Subnet("GatewaySubnet", net("10.3.0.0/27")),))),
                peerings=(TO_HPC, TO_HUB, replace(TRANSIT[1], use_remote_gateways=True), TRANSIT[2]),
                gateways=(VPN, Gateway("vpn2", "other", GatewayKind.VPN, ("dc1",)))), E,
        "peering b of VNet hpc and to-hub both use a remote gateway", ("to-hub's place", "b's place"),
    ),
    "a gateway without its subnet": (
        hub_subnets(), E, "gateway vpn needs a subnet GatewaySubnet in VNet hub, which has none",
        ("vpn's place", "hub's place"),
    ),
    "a gateway's subnet spelt otherwise": (
        hub_subnets(replace(GATEWAY_SUBNET, name="Gatewaysubnet")), E,
        "which has none: its Gatewaysubnet is spelt otherwise", ("vpn's place", "hub's place"),
    ),
    "a gateway's subnet with an NSG": (
        hub_subnets(replace(GATEWAY_SUBNET, nsg="nodes")), E,
        "GatewaySubnet of VNet hub has NSG nodes, which Azure does not support", ("GatewaySubnet's place",),
    ),
    "a gateway's subnet that is too small": (
        hub_subnets(replace(GATEWAY_SUBNET, prefixes=net("10.1.0.0/30"))), E,
        "GatewaySubnet of VNet hub is 10.1.0.0/30, and a gateway needs a /29", ("GatewaySubnet's place",),
    ),
    "a gateway's subnet that is small": (
        hub_subnets(replace(GATEWAY_SUBNET, prefixes=net("10.1.0.0/29"))), W,
        "too small for a second gateway",
        ("GatewaySubnet's place",),
    ),
    "a gateway's subnet that routes everything": (
        replace(hub_subnets(replace(GATEWAY_SUBNET, routes="all")),
                **tables(all=RouteTable("all", (EVERYWHERE,), where="all's place"))),
        E, "route table all with a route for 0.0.0.0/0, which cuts the gateway off",
        ("GatewaySubnet's place", "all's place"),
    ),
    "a gateway's subnet without the gateway's routes": (
        replace(hub_subnets(replace(GATEWAY_SUBNET, routes="no")),
                **tables(no=RouteTable("no", (), False, "no's place"))), E,
        "route table no, which keeps the gateway's own routes away", ("GatewaySubnet's place", "no's place"),
    ),
    "a machine in the gateway's subnet": (
        nics(FIREWALL, Nic("x", "hub", "GatewaySubnet", IPv4Address("10.1.0.9"), where="x's place")), E,
        "interface x is in GatewaySubnet of VNet hub", ("x's place", "GatewaySubnet's place"),
    ),
    "a gateway in a VNet that is not there": (
        replace(RIGHT, gateways=(VPN, Gateway("y", "y", GatewayKind.VPN, ("dc1",), where="y's place"))), E,
        "gateway y is in VNet y, which is not there", ("y's place",),
    ),
    "two gateways of one kind": (
        replace(RIGHT, gateways=(VPN, replace(VPN, name="vpn2", where="vpn2's place"))), E,
        "gateways vpn and vpn2 are both Vpn gateways of VNet hub", ("vpn's place", "vpn2's place"),
    ),
    "a connection to nothing": (
        replace(RIGHT, gateways=(replace(VPN, connections=("dc1", "dc2")),)), E,
        "gateway vpn is connected to local gateway dc2, which is not there", ("vpn's place",),
    ),
    "local gateways that overlap": (
        replace(RIGHT, gateways=(replace(VPN, connections=("dc1", "dc2")),),
                local_gateways=(DC1, LocalGateway("dc2", None, net("10.0.9.0/24"), "dc2's place"))), E,
        "local gateways dc1 and dc2 overlap in 10.0.0.0/16 and 10.0.9.0/24, and vpn has both",
        ("dc1's place", "dc2's place"),
    ),
    "a local gateway that overlaps itself": (
        local(prefixes=net("10.0.0.0/16", "10.0.1.0/24")), E,
        "local gateway dc1 has 10.0.0.0/16 and 10.0.1.0/24, which overlap", ("dc1's place",),
    ),
    "a local gateway inside of its range": (
        local(address=IPv4Address("10.0.0.1")), E,
        "local gateway dc1 is at 10.0.0.1, inside its own range 10.0.0.0/16", ("dc1's place",),
    ),
    "a local gateway that nobody uses": (
        replace(RIGHT, local_gateways=(DC1, LocalGateway("old", None, net("10.8.0.0/16"), "old's place"))), W,
        "no gateway is connected to local gateway old", ("old's place",),
    ),
    "an interface outside of its subnet": (
        nics(FIREWALL, Nic("n", "hpc", "nodes", IPv4Address("10.2.1.9"), where="n's place")), E,
        "interface n has 10.2.1.9, outside of its subnet nodes (10.2.0.0/24)", ("n's place", "nodes' place"),
    ),
    "an address that Azure keeps": (
        nics(FIREWALL, Nic("n", "hpc", "nodes", IPv4Address("10.2.0.3"), where="n's place")), E,
        "interface n has 10.2.0.3, which is reserved in subnet nodes", ("n's place", "nodes' place"),
    ),
    "the last address of a subnet": (
        nics(FIREWALL, Nic("n", "hpc", "nodes", IPv4Address("10.2.0.255"), where="n's place")), E,
        "interface n has 10.2.0.255, which is reserved", ("n's place", "nodes' place"),
    ),
    "an address twice": (
        nics(FIREWALL, replace(FIREWALL, name="fw2", where="fw2's place")), E,
        "interfaces fw and fw2 of VNet hub both have 10.1.1.4", ("fw's place", "fw2's place"),
    ),
    "an interface in a subnet that is not there": (
        nics(FIREWALL, Nic("n", "hpc", "x", IPv4Address("10.2.0.9"), where="n's place")), E,
        "interface n is in subnet x of VNet hpc, which is not there", ("n's place",),
    ),
    "an interface in a VNet that is not there": (
        nics(FIREWALL, Nic("n", "x", "x", IPv4Address("10.2.0.9"), where="n's place")), E,
        "interface n is in VNet x, which is not there", ("n's place",),
    ),
    "an NSG that is not there": (
        replace(RIGHT, nsgs=MappingProxyType({})), E,
        "subnet nodes of VNet hpc has NSG nodes, which is not there",
        ("nodes' place",),
    ),
    "an interface's NSG that is not there": (
        nics(replace(FIREWALL, nsg="x")), E, "interface fw has NSG x, which is not there", ("fw's place",),
    ),
    "a route table that is not there": (
        replace(RIGHT, route_tables=MappingProxyType({})), E,
        "subnet nodes of VNet hpc has route table out, which is not there", ("nodes' place",),
    ),
    "an appliance that does not forward": (
        nics(replace(FIREWALL, forwards=False)), E,
        "route far of table out sends to 10.1.1.4, and its interface fw does not forward",
        ("far's place", "fw's place"),
    ),
    "an appliance that nobody describes": (
        nics(), W,
        "route far of table out sends to 10.1.1.4, and no interface with that address is described",
        ("far's place", "nodes' place"),
    ),
    "an appliance out of reach": (
        routes(replace(OUT, next_address=IPv4Address("10.0.0.4"))), E,
        "sends to 10.0.0.4, neither in VNet hpc nor in a peer", ("far's place", "hpc's place"),
    ),
    "an appliance without an address": (
        routes(replace(OUT, next_address=None)), E,
        "route far of table out has no next address", ("far's place",),
    ),
    "a route for everything": (
        routes(EVERYWHERE), W,
        "makes VirtualNetwork mean every address on subnet nodes of VNet hpc",
        ("far's place", "nodes' place"),
    ),
    "a tag whose ranges are not known": (
        only_rule(rule(sources=("Storage",))), W,
        "rule ssh of NSG nodes names the tag Storage, whose ranges are not known", ("here",),
    ),
    "a group without members": (
        only_rule(rule(sources=(Group("x"),))), W,
        "rule ssh of NSG nodes names the group x, and no interface is in it", ("here",),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_with_both_sides_and_a_remedy(name: str) -> None:
    """By the change alone, since the right network has no problems; nothing else of that kind is said."""
    network, severity, what, where = WRONG[name]
    found = [fault for fault in network_problems(network) if what in fault.what]
    assert len(found) == 1, network_problems(network)
    assert found[0].severity is severity
    assert all(place in found[0].where for place in where)
    assert found[0].remedy
    assert str(found[0]).startswith(f"{severity}: {where[0]}" if len(where) == 1 else f"{severity}: ")


RIGHT_TOO: dict[str, Network] = {
    "VNets that nothing joins may overlap": vnets(HUB, HPC, replace(OTHER, prefixes=net("10.2.0.0/16"))),
    "a lab's gateway needs no subnet, and keeps fewer addresses": replace(
        hub_subnets(),
        gateways=(replace(VPN, kind=GatewayKind.LINK),),
        nics=(FIREWALL, Nic("n", "hub", "firewall", IPv4Address("10.1.1.1"))),
    ),
    "the fifth address of a subnet is a machine's": nics(
        FIREWALL, Nic("n", "hpc", "nodes", IPv4Address("10.2.0.4"))
    ),
    "a group with a member": only_rule(rule(sources=(Group("firewalls"),))),
    "a tag with its ranges": replace(
        only_rule(rule(sources=("Storage",))), tags=MappingProxyType({"storage": net("20.0.0.0/8")})
    ),
    "no network at all": Network(),
}


@pytest.mark.parametrize("name", RIGHT_TOO)
def test_what_only_looks_wrong_is_not_said(name: str) -> None:
    """The other side of a rule above."""
    assert network_problems(RIGHT_TOO[name]) == []


def test_errors_come_first() -> None:
    """A person repairs these; warnings may be meant."""
    network = replace(routes(EVERYWHERE), nsgs=MappingProxyType({}))
    assert [fault.severity for fault in network_problems(network)] == [Severity.ERROR, Severity.WARNING]


def test_three_thousand_subnets_are_compared_at_once() -> None:
    """Azure's limit for a VNet: the work grows with the number, and not with its square."""
    prefixes = list(IPv4Network("10.2.0.0/16").subnets(new_prefix=28))[:3_000]
    subnets = tuple(Subnet(f"s{i}", (prefix,)) for i, prefix in enumerate(prefixes))
    assert network_problems(Network(vnets=(VNet("v", net("10.2.0.0/16"), subnets),))) == []
