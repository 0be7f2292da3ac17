"""Routes as Azure chooses them, and appliances.

Source: https://learn.microsoft.com/en-us/azure/virtual-network/virtual-networks-udr-overview
"""

import pytest

from azure_networks import (
    DENY,
    IN,
    OUT,
    PASSES,
    Part,
    assert_fate,
    gateway,
    local,
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
from burstway.network.model import Network, Outbound
from burstway.network.routing import Routes
from burstway.network.space import of_networks

TAGS: dict[str, tuple[str, ...]] = {
    "storage": ("20.60.0.0/16",),
    "storage.westeurope": ("20.60.0.0/16",),
    "azurecloud": ("20.60.0.0/16",),
    "azurecloud.westeurope": ("20.60.0.0/16",),
}


def routed(
    *routes: str, more: tuple[Part, ...] = (), propagates: bool = True, nat: bool = False, endpoint: str = ""
) -> Network:
    """Subnet a has these routes; beside it are b, an appliance's subnet and a gateway to a site."""
    outbound = Outbound.NAT if nat else Outbound.NONE
    endpoints = (endpoint,) if endpoint else ()
    a = subnet("a", "10.1.1.0/24", routes="t", outbound=outbound, service_endpoints=endpoints)
    b = subnet("b", "10.1.2.0/24")
    c = subnet("nva", "10.1.9.0/24", routes="n")
    parts = vnet("v", "10.1.0.0/16", a, b, c), site(), table("t", *routes, propagates=propagates)
    return network(*parts, gateway("v"), *more, tags=TAGS)


def hop(of: Network, address: str) -> str:
    """The route that a packet from subnet a takes, as text."""
    [v, *_] = of.vnets
    [(_, taken)] = Routes(of, v, v.subnets[0]).split(of_networks([vnet("x", address).prefixes[0]]))
    return str(taken)


CHOICES = {
    "the VNet": (routed(), "10.1.2.4", "system route: 10.1.0.0/16 → VnetLocal"),
    "everything else": (routed(), "8.8.8.8", "system route: 0.0.0.0/0 → Internet"),
    "private ranges of nobody": (routed(), "10.200.0.1", "system route: 10.0.0.0/8 → None"),
    "shared address space": (routed(), "100.64.0.1", "system route: 100.64.0.0/10 → None"),
    "on-premise": (routed(), "192.168.1.1", "route of the gateway: 192.168.0.0/16 → VirtualNetworkGateway"),
    "the longest prefix": (routed("r 10.1.2.0/24 None", "s 10.1.2.4/32 VnetLocal"), "10.1.2.4", "route s "),
    "beside the longest": (routed("r 10.1.2.0/24 None", "s 10.1.2.4/32 VnetLocal"), "10.1.2.5", "route r "),
    "equal to the system's": (routed("r 10.1.0.0/16 None"), "10.1.2.4", "route r of table t"),
    "equal to the gateway's": (routed("r 192.168.0.0/16 None"), "192.168.1.1", "route r of table t"),
    "longer than the gateway's": (routed("r 192.168.1.0/24 None"), "192.168.1.1", "route r of table t"),
    "shorter than the gateway's": (routed("r 192.0.0.0/8 None"), "192.168.1.1", "route of the gateway"),
    "not propagated": (routed(propagates=False), "192.168.1.1", "system route: 192.168.0.0/16 → None"),
    "a user's route for a tag": (routed("r Storage None"), "20.60.1.1", "route r of table t"),
    "outside of the tag": (routed("r Storage None"), "20.61.1.1", "system route: 0.0.0.0/0"),
    "a range before a tag": (routed("r Storage None", "s 20.60.0.0/16 Internet"), "20.60.1.1", "route s "),
    "a region's tag before a tag": (
        routed("r Storage None", "s Storage.WestEurope Internet"), "20.60.1.1", "route s "),
    "a tag before AzureCloud": (routed("r AzureCloud None", "s Storage Internet"), "20.60.1.1", "route s "),
    "any tag before AzureCloud's region": (
        routed("r AzureCloud.WestEurope None", "s Storage Internet"), "20.60.1.1", "route s "),
    "AzureCloud's region before AzureCloud": (
        routed("r AzureCloud None", "s AzureCloud.WestEurope Internet"), "20.60.1.1", "route s "),
    "a service endpoint": (
        routed(endpoint="Microsoft.Storage"), "20.60.1.1", "→ VirtualNetworkServiceEndpoint"),
    "0.0.0.0/0 leaves the VNet's": (routed("r 0.0.0.0/0 None"), "10.1.2.4", "10.1.0.0/16 → VnetLocal"),
    "0.0.0.0/0 leaves the gateway's": (routed("r 0.0.0.0/0 None"), "192.168.1.1", "route of the gateway"),
    "0.0.0.0/0 takes private ranges of nobody": (
        routed("r 0.0.0.0/0 VirtualAppliance 10.1.9.4"), "10.200.0.1", "route r of table t"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHOICES)
def test_the_route_taken(case: str) -> None:
    """The longest prefix; of equal ones the user's, then the gateway's, then the system's. Routes to None for
    private ranges go when a user's route for 0.0.0.0/0 comes, as the documents' example (Subnet1) shows."""
    of, address, expected = CHOICES[case]
    assert expected in hop(of, address)


def test_the_systems_routes_before_a_longer_one_of_the_gateway() -> None:
    """To the VNet, to peers and to service endpoints; a user's route has no such precedence over it."""
    more = vnet("p", "10.2.0.0/16"), peering("v", "p"), peering("p", "v"), local("l", " ".join(LONGER))
    a = subnet("a", "10.1.1.0/24", routes="t", service_endpoints=("Microsoft.Storage",))
    of = network(vnet("v", "10.1.0.0/16", a), gateway("v", "l"), *more, tags=TAGS)
    for prefix, hop_taken in LONGER.items():
        assert hop_taken in hop(of, prefix), prefix
    own = network(
        vnet("v", "10.1.0.0/16", a), gateway("v", "l"), *more, table("t", "r 20.0.0.0/8 None"), tags=TAGS
    )
    assert "VirtualNetworkGateway" in hop(own, "20.70.1.0/24")


LONGER = {
    "10.1.2.0/24": "VnetLocal",
    "10.2.2.0/24": "VNetPeering",
    "20.60.1.0/24": "VirtualNetworkServiceEndpoint",
    "20.70.1.0/24": "VirtualNetworkGateway",
}

TO_B, OUTSIDE, ON_PREMISE = (
    "tcp 10.1.1.4 10.1.2.4:22",
    "tcp 10.1.1.4 8.8.8.8:443",
    "tcp 10.1.1.4 192.168.1.1:22",
)
NVA = nic("nva", "v/nva", "10.1.9.4", forwards=True)
FRONT = nic("nva", "v/nva", "10.1.9.4", "20.1.2.9", forwards=True)
PUBLIC = nic("x", "v/a", "10.1.1.4", "20.1.2.3")
IDLE = nic("nva", "v/nva", "10.1.9.4")
VIA = "r 10.1.2.0/24 VirtualAppliance 10.1.9.4"
BOTH = NVA, table("n")
GUARDED = nic("nva", "v/nva", "10.1.9.4", forwards=True, nsg="guard")


def both_by_appliance(*more: Part) -> Network:
    """a reaches b, and b reaches a, by the appliance."""
    a, b = subnet("a", "10.1.1.0/24", routes="t"), subnet("b", "10.1.2.0/24", routes="u")
    ways = table("t", VIA), table("u", "r 10.1.1.0/24 VirtualAppliance 10.1.9.4")
    return network(vnet("v", "10.1.0.0/16", a, b, subnet("nva", "10.1.9.0/24")), *ways, *more)


FATES = {
    "no routes of one's own": (routed(), TO_B, PASSES),
    "None drops": (routed("r 10.1.2.0/24 None"), TO_B, "route r of table t: 10.1.2.0/24 → None"),
    "a route back to the VNet": (routed("r 10.1.0.0/16 None", "s 10.1.2.0/24 VnetLocal"), TO_B, PASSES),
    "None stops answers": (
        routed("r 10.1.2.0/24 None"), "tcp 10.1.2.4 10.1.1.4:22", "(answers: routes of subnet v/a)"),
    "a way to part of the answers": (routed("r 10.1.2.4/32 None"), "tcp 10.1.2.5 10.1.1.4:22", PASSES),
    "the Internet, no way out": (routed(), OUTSIDE, "the subnet has no way out"),
    "the Internet, by NAT": (routed(nat=True), OUTSIDE, PASSES),
    "the Internet, a public address": (
        routed(more=(PUBLIC,)), OUTSIDE, PASSES),
    "the Internet by one's own route, no way out": (routed("r 0.0.0.0/0 Internet"), OUTSIDE, "no way out"),
    "the Internet, 0.0.0.0/0 to None": (routed("r 0.0.0.0/0 None", nat=True), OUTSIDE, "route r of table t"),
    "storage by a service endpoint, no way out": (
        routed(endpoint="Microsoft.Storage"), "tcp 10.1.1.4 20.60.0.1:443", PASSES),
    "nobody's private address": (routed(nat=True), "tcp 10.1.1.4 172.20.0.1:22", "172.16.0.0/12 → None"),
    "nobody's, with 0.0.0.0/0": (
        routed("r 0.0.0.0/0 Internet", nat=True), "tcp 10.1.1.4 172.20.0.1:22",
        "not reached by the Internet"),
    "an address of no subnet": (routed(), "tcp 10.1.1.4 10.1.77.1:22", "no subnet has these addresses"),
    "on-premise": (routed(), ON_PREMISE, PASSES),
    "on-premise, not propagated": (routed(propagates=False), ON_PREMISE, "192.168.0.0/16 → None"),
    "on-premise, not propagated, but a route to the gateway": (
        routed("r 192.168.0.0/16 VirtualNetworkGateway", propagates=False), ON_PREMISE, PASSES),
    "an appliance that forwards": (both_by_appliance(NVA), TO_B, PASSES),
    "an appliance that does not": (both_by_appliance(IDLE), TO_B, "NIC nva does not forward"),
    "an appliance that nobody knows": (both_by_appliance(), TO_B, "no known NIC has this address"),
    "to the appliance itself, which need not forward": (
        routed("r 10.1.9.0/24 VirtualAppliance 10.1.9.4", more=(IDLE,)), "tcp 10.1.1.4 10.1.9.4:22", PASSES),
    "an appliance that denies": (
        both_by_appliance(GUARDED, nsg("guard", rule(IN, 100, DENY))), TO_B, "`guard` rule 100"),
    "an appliance that sends nothing on": (
        both_by_appliance(GUARDED, nsg("guard", rule(OUT, 100, DENY))), TO_B, "`guard` rule 100"),
    "a circle": (
        routed(VIA, more=(NVA, table("n", VIA))), TO_B, "packets go round in a circle"),
    "there by an appliance, back without": (routed(VIA, more=BOTH), TO_B, "unknown: do not take the"),
    "from the Internet": (
        routed(more=(PUBLIC,)), "tcp 8.8.8.8 10.1.1.4:22", PASSES),
    "from the Internet, answers by an appliance": (
        routed("r 0.0.0.0/0 VirtualAppliance 10.1.9.4", more=(PUBLIC, FRONT)),
        "tcp 8.8.8.8 10.1.1.4:22", "do not take the connection's way by appliance nva"),
    "from the Internet, 0.0.0.0/0 to None": (
        routed("r 0.0.0.0/0 None", more=(PUBLIC,)),
        "tcp 8.8.8.8 10.1.1.4:22", "route r of table t: 0.0.0.0/0 → None (answers: "),
    "by an appliance to the Internet, which has no public address": (
        routed("r 0.0.0.0/0 VirtualAppliance 10.1.9.4", more=(NVA,), nat=True), OUTSIDE,
        "from subnet v/nva)"),
}  # fmt: skip


@pytest.mark.parametrize("case", FATES)
def test_what_becomes_of_packets(case: str) -> None:
    """There and back: filters let answers pass, and routes know nothing of them. That answers which do not
    come by the appliance of the first packet may be dropped is how firewalls work; Azure's documents only
    say so of a subnet with a public address and 0.0.0.0/0 to an appliance."""
    assert_fate(*FATES[case])
