"""What would mend a gap: the flag, the route or the peering that is wrong, and not a second gateway."""

from dataclasses import replace
from ipaddress import IPv4Network
from types import MappingProxyType

import pytest

from burstway.network.model import (
    Gateway,
    GatewayKind,
    Hop,
    Network,
    Peering,
    Route,
    RouteTable,
    Site,
    Subnet,
    VNet,
)
from burstway.network.prove import Prover
from burstway.network.space import Packets, of_networks

HEAD, SPOKE, OTHER = IPv4Network("172.16.5.0/24"), IPv4Network("10.1.0.0/24"), IPv4Network("10.3.0.0/24")


def vnet(name: str, prefix: str, nodes: IPv4Network, routes: str = "") -> VNet:
    return VNet(name, (IPv4Network(prefix),), (Subnet("nodes", (nodes,), routes=routes),))


def network(to_hub: Peering, to_spoke: Peering, routes: tuple[Route, ...] = ()) -> Network:
    """A site behind the gateway of a hub, and two spokes of it."""
    return Network(
        sites=(Site("campus", (HEAD,)),),
        vnets=(
            vnet("spoke", "10.1.0.0/16", SPOKE, "table" if routes else ""),
            vnet("hub", "10.2.0.0/16", IPv4Network("10.2.0.0/24")),
            vnet("other", "10.3.0.0/16", OTHER),
        ),
        peerings=(
            to_hub,
            to_spoke,
            Peering("other-to-hub", "other", "hub"),
            Peering("hub-to-other", "hub", "other"),
        ),
        gateways=(Gateway("vpn", "hub", GatewayKind.VPN),),
        route_tables=MappingProxyType({"table": RouteTable("table", routes)} if routes else {}),
    )


USES = Peering("to-hub", "spoke", "hub", use_remote_gateways=True)
ALLOWS = Peering("to-spoke", "hub", "spoke", allow_gateway_transit=True)
ASTRAY = Route("oops", HEAD, Hop.INTERNET)

CASES = {
    "both flags are set": (network(USES, ALLOWS), HEAD, ""),
    "the spoke does not use it": (
        network(replace(USES, use_remote_gateways=False), ALLOWS), HEAD, "use remote gateways on to-hub",
    ),
    "the hub does not allow it": (
        network(USES, replace(ALLOWS, allow_gateway_transit=False)), HEAD, "gateway transit on to-spoke",
    ),
    "neither": (
        network(replace(USES, use_remote_gateways=False), replace(ALLOWS, allow_gateway_transit=False)), HEAD,
        "use remote gateways on to-hub and allow gateway transit on to-spoke",
    ),
    "disconnected": (network(replace(USES, connected=False), ALLOWS), HEAD, "the peering to-hub"),
    "two peerings away": (network(USES, ALLOWS), OTHER, "peerings are not transitive: hub is a peer of both"),
    "a route leads astray": (network(USES, ALLOWS, (ASTRAY,)), HEAD, "correct route oops of table table"),
    "a route drops it": (
        network(USES, ALLOWS, (replace(ASTRAY, hop=Hop.NONE),)), HEAD, "remove or correct route oops",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_remedy_is_for_the_cause(case: str) -> None:
    """From the spoke's nodes to the target."""
    net, target, remedy = CASES[case]
    packets = Packets("tcp", of_networks([SPOKE]), of_networks([target]), ((443, 443),))
    (proof,) = Prover(net).prove(packets)
    assert proof.passes is (not remedy)
    assert [remedy in gap.remedy for gap in proof.gaps] == ([True] if remedy else [])
