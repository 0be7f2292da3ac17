"""VNets joined by peerings, and to a site by gateways.

Sources: https://learn.microsoft.com/en-us/azure/virtual-network/virtual-network-manage-peering,
https://learn.microsoft.com/en-us/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings
"""

import pytest

from azure_networks import (
    DENY,
    IN,
    PASSES,
    Part,
    assert_fate,
    gateway,
    local,
    nets,
    network,
    nic,
    nsg,
    peering,
    rule,
    site,
    subnet,
    table,
    vnet,
)
from burstway.network.model import Network, RouteTable

A_TO_B, B_TO_A = "tcp 10.1.1.4 10.2.1.4:22", "tcp 10.2.1.4 10.1.1.4:22"
A_TO_C, C_TO_A = "tcp 10.1.1.4 10.3.1.4:22", "tcp 10.3.1.4 10.1.1.4:22"


def vnets(*more: Part, routes: tuple[str, str] = ("", ""), site_: Part | None = None) -> Network:
    """VNets a (10.1), b (10.2) and c (10.3), each with one subnet; route tables of those of a and c."""
    made = (
        vnet("a", "10.1.0.0/16", subnet("x", "10.1.1.0/24", routes=routes[0])),
        vnet(
            "b",
            "10.2.0.0/16",
            subnet("x", "10.2.1.0/24"),
            subnet("GatewaySubnet", "10.2.0.0/27", routes="gw"),
        ),
        vnet("c", "10.3.0.0/16", subnet("x", "10.3.1.0/24", routes=routes[1])),
    )
    empty = () if any(isinstance(part, RouteTable) and part.name == "gw" for part in more) else (table("gw"),)
    return network(*made, site_ or site(), *more, *empty)


def pair(one: str, other: str, forwarded: bool = False, **of_one: bool) -> tuple[Part, Part]:
    return peering(one, other, **of_one), peering(other, one, allow_forwarded=forwarded)


NVA = nic("nva", "b/x", "10.2.1.9", forwards=True)
BY_NVA = (
    table("to-c", "r 10.3.0.0/16 VirtualAppliance 10.2.1.9"),
    table("to-a", "r 10.1.0.0/16 VirtualAppliance 10.2.1.9"),
)
FORWARDED = (
    peering("a", "b", allow_forwarded=True), peering("b", "a"), peering("c", "b", allow_forwarded=True),
    peering("b", "c"),
)  # fmt: skip
NOT_TAKEN = peering("a", "b", allow_forwarded=True), peering("b", "a"), peering("c", "b"), peering("b", "c")
CHAIN = *pair("a", "b"), *pair("b", "c")
BY_ONE_WAY = ("to-c", "to-a")

PEERINGS = {
    "none": (vnets(), A_TO_B, "10.0.0.0/8 → None"),
    "both sides": (vnets(*pair("a", "b")), A_TO_B, PASSES),
    "and back": (vnets(*pair("a", "b")), B_TO_A, PASSES),
    "one side only": (vnets(peering("a", "b")), A_TO_B, "b has no peering back"),
    "the other side only": (vnets(peering("b", "a")), A_TO_B, "10.0.0.0/8 → None"),
    "initiated, not connected": (vnets(*pair("a", "b", connected=False)), A_TO_B, "10.0.0.0/8 → None"),
    "the other side is disconnected": (
        vnets(peering("a", "b"), peering("b", "a", connected=False)), A_TO_B, "b-to-a is not connected"),
    "no access, ours": (vnets(*pair("a", "b", allow_access=False)), A_TO_B, "10.0.0.0/8 → None"),
    "no access, theirs": (vnets(*pair("b", "a", allow_access=False)), A_TO_B, "b-to-a does not allow access"),
    "not by a VNet between": (vnets(*CHAIN), A_TO_C, "10.0.0.0/8 → None"),
    "nor with forwarding allowed": (vnets(*FORWARDED), A_TO_C, "10.0.0.0/8 → None"),
    "an address of no subnet": (vnets(*pair("a", "b")), "tcp 10.1.1.4 10.2.77.1:22", "no subnet has these"),
    "by an appliance between": (vnets(NVA, *BY_NVA, *FORWARDED, routes=BY_ONE_WAY), A_TO_C, PASSES),
    "by an appliance, forwarded not taken": (
        vnets(NVA, *BY_NVA, *NOT_TAKEN, routes=BY_ONE_WAY), A_TO_C, "c-to-b takes no forwarded traffic"),
    "answers by an appliance, forwarded not taken": (
        vnets(NVA, *BY_NVA, *NOT_TAKEN, routes=BY_ONE_WAY), C_TO_A,
        "c-to-b takes no forwarded traffic (answers"),
    "by an appliance in a VNet that is no peer": (
        vnets(NVA, *BY_NVA, *pair("b", "c"), routes=BY_ONE_WAY), A_TO_C, "a has no peering with b"),
    "by an appliance over a peering without access": (
        vnets(NVA, *BY_NVA, *pair("b", "c"), *pair("a", "b", allow_access=False), routes=BY_ONE_WAY), A_TO_C,
        "a-to-b does not allow access"),
    "what starts in the VNet itself is not forwarded": (
        vnets(NVA, *NOT_TAKEN), "tcp 10.2.1.4 10.3.1.4:22", PASSES),
}  # fmt: skip


@pytest.mark.parametrize("case", PEERINGS)
def test_peerings(case: str) -> None:
    """Both sides must be connected and allow access, a VNet passes nothing on by itself, and what
    an appliance sends on must be taken by the side where it arrives."""
    assert_fate(*PEERINGS[case])


TO_SITE, FROM_SITE = "tcp 10.2.1.4 192.168.1.1:22", "tcp 192.168.1.1 10.2.1.4:22"
SPOKE_TO_SITE, SITE_TO_SPOKE = "tcp 10.1.1.4 192.168.1.1:22", "tcp 192.168.1.1 10.1.1.4:22"
VPN = gateway("b")
HQ = gateway("b", "hq"), local("hq", "192.168.1.0/24")
USES = peering("a", "b", use_remote_gateways=True)
LENDS = peering("b", "a", allow_gateway_transit=True)
KNOWN_ROUTES = site(remote=nets("10.2.0.0/16"))
EDGE_BY_NVA = table("gw", "r 10.1.0.0/16 VirtualAppliance 10.2.1.9")
BACK_BY_NVA = table("back", "r 192.168.0.0/16 VirtualAppliance 10.2.1.9")
TAKES = peering("a", "b", use_remote_gateways=True, allow_forwarded=True)
HUB_IN = nic("nva", "b/x", "10.2.1.9", forwards=True, nsg="closed")

GATEWAYS = {
    "none": (vnets(), TO_SITE, "192.168.0.0/16 → None"),
    "none, from the site": (vnets(), FROM_SITE, "neither VNet b nor a peer that it uses has a gateway"),
    "to the site": (vnets(VPN), TO_SITE, PASSES),
    "from the site": (vnets(VPN), FROM_SITE, PASSES),
    "the local gateway has the range": (vnets(*HQ), TO_SITE, PASSES),
    "the local gateway lacks the target": (
        vnets(*HQ), "tcp 10.2.1.4 192.168.2.1:22", "192.168.0.0/16 → None"),
    "the local gateway lacks the source": (
        vnets(*HQ), "tcp 192.168.2.1 10.2.1.4:22", "does not know 192.168.0.0/24"),
    "the site routes it": (vnets(VPN, site_=KNOWN_ROUTES), FROM_SITE, PASSES),
    "the site does not route it": (
        vnets(VPN, USES, LENDS, site_=KNOWN_ROUTES), SITE_TO_SPOKE,
        "does not route 10.1.1.0/24 (gateway of hq)"),
    "the site does not route answers": (
        vnets(VPN, USES, LENDS, site_=KNOWN_ROUTES), SPOKE_TO_SITE,
        "does not route 10.1.1.0/24 (answers: gate"),
    "transit, to the site": (vnets(VPN, USES, LENDS), SPOKE_TO_SITE, PASSES),
    "transit, from the site": (vnets(VPN, USES, LENDS), SITE_TO_SPOKE, PASSES),
    "transit needs no forwarding allowed": (vnets(VPN, *NOT_TAKEN[2:], USES, LENDS), SITE_TO_SPOKE, PASSES),
    "transit is not lent": (vnets(VPN, USES, peering("b", "a")), SPOKE_TO_SITE, "192.168.0.0/16 → None"),
    "transit is not used": (vnets(VPN, peering("a", "b"), LENDS), SPOKE_TO_SITE, "192.168.0.0/16 → None"),
    "transit is not used, from the site": (
        vnets(VPN, peering("a", "b"), LENDS), SITE_TO_SPOKE, "neither VNet a"),
    "transit without access": (
        vnets(VPN, peering("a", "b", use_remote_gateways=True, allow_access=False), LENDS), SPOKE_TO_SITE,
        "192.168.0.0/16 → None"),
    "GatewaySubnet's routes count from the site": (
        vnets(VPN, table("gw", "r 10.2.1.0/24 None")), FROM_SITE, "route r of table gw"),
    "and for answers to the site's own": (
        vnets(VPN, table("gw", "r 10.2.1.0/24 None")), TO_SITE,
        "route r of table gw: 10.2.1.0/24 → None (answers"),
    "by an appliance behind the gateway": (
        vnets(VPN, NVA, TAKES, LENDS, EDGE_BY_NVA, BACK_BY_NVA, routes=("back", "")), SITE_TO_SPOKE, PASSES),
    "then forwarding must be allowed": (
        vnets(VPN, NVA, USES, LENDS, EDGE_BY_NVA, BACK_BY_NVA, routes=("back", "")), SITE_TO_SPOKE,
        "a-to-b takes no forwarded traffic"),
    "and the appliance's NSG allow it": (
        vnets(VPN, HUB_IN, TAKES, LENDS, EDGE_BY_NVA, BACK_BY_NVA, nsg("closed", rule(IN, 100, DENY)),
              routes=("back", "")), SITE_TO_SPOKE, "`closed` rule 100"),
}  # fmt: skip


@pytest.mark.parametrize("case", GATEWAYS)
def test_gateways(case: str) -> None:
    """Both sides must know what is behind the other; a spoke needs its hub's gateway lent, and uses it."""
    assert_fate(*GATEWAYS[case])


PUBLIC_SITE = site("141.2.0.0/16 192.168.0.0/16")
SITES = {
    "the Internet, from the site": (vnets(), "tcp 192.168.1.1 8.8.8.8:443", PASSES),
    "within the site": (vnets(), "tcp 192.168.1.1 192.168.2.1:22", PASSES),
    "the Internet does not reach private addresses": (
        vnets(),
        "tcp 8.8.8.8 192.168.1.1:22",
        "has private addr",
    ),
    "the Internet reaches a site's public ones": (
        vnets(site_=PUBLIC_SITE),
        "tcp 8.8.8.8 141.2.1.1:22",
        PASSES,
    ),
    "nobody": (vnets(), "tcp 172.20.0.1 192.168.1.1:22", "nobody is known to have these addresses"),
    "to nobody": (vnets(), "tcp 192.168.1.1 172.20.0.1:22", "nobody is known to have these addresses"),
    "from no subnet": (vnets(VPN), "tcp 10.2.77.1 192.168.1.1:22", "no subnet has these addresses"),
}


@pytest.mark.parametrize("case", SITES)
def test_sites_and_the_internet(case: str) -> None:
    """Private addresses are reached by nobody from outside."""
    assert_fate(*SITES[case])
