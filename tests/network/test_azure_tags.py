"""Service tags where they stand: what VirtualNetwork and Internet mean on a subnet, and what follows.

Source: https://learn.microsoft.com/en-us/azure/virtual-network/service-tags-overview
"""

import pytest

from azure_networks import (
    ALLOW,
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
from burstway.network.model import Network, Outbound, SecurityRule
from burstway.network.space import to_networks
from burstway.network.tags import space_of, virtual_network

DENY_IN, DENY_OUT = "65500 DenyAllInBound", "65500 DenyAllOutBound"
TAGS = {
    "storage": ("20.38.0.0/16", "20.60.0.0/16"),
    "storage.westeurope": ("20.60.0.0/16",),
    "azurecloud": ("20.0.0.0/8",),
}


def around(*more: Part, routes: str = "") -> Network:
    """A VNet with one filtered subnet, whose NSG has no rules of its own, and a site behind its gateway."""
    nodes = subnet("nodes", "10.1.1.0/24", nsg="g", routes=routes, outbound=Outbound.NAT)
    parts = vnet("v", "10.1.0.0/16", nodes, subnet("x", "10.1.2.0/24")), site(), nsg("g")
    return network(*parts, *more, tags=TAGS)


def with_rules(*rules: SecurityRule) -> Network:
    of = nsg("g", *rules)
    nodes = subnet("nodes", "10.1.1.0/24", nsg="g", outbound=Outbound.NAT)
    return network(vnet("v", "10.1.0.0/16", nodes), of, tags=TAGS)


PEER = vnet("p", "10.2.0.0/16", subnet("q", "10.2.1.0/24"))
BOTH_WAYS = peering("v", "p"), peering("p", "v")
HUB = vnet("p", "10.2.0.0/16", subnet("q", "10.2.1.0/24"))
TRANSIT = peering("v", "p", use_remote_gateways=True), peering("p", "v", allow_gateway_transit=True)
PUBLIC_NIC = nic("front", "v/nodes", "10.1.1.9", "20.1.2.3", nsg="")
TO_NAT = table("out", "everything 0.0.0.0/0 Internet")
TO_SITE = table("more", "another 172.16.0.0/16 VirtualNetworkGateway")

FROM_SITE, FROM_PEER = "tcp 192.168.1.1 10.1.1.4:22", "tcp 10.2.1.4 10.1.1.4:22"
FROM_INTERNET = "tcp 8.8.8.8 10.1.1.9:22"

VIRTUAL_NETWORK = {
    "the VNet": (around(), "tcp 10.1.2.4 10.1.1.4:22", PASSES),
    "on-premise": (around(gateway("v")), FROM_SITE, PASSES),
    "on-premise, a range that the local gateway has": (
        around(gateway("v", "hq"), local("hq", "192.168.1.0/24")), FROM_SITE, PASSES),
    "on-premise behind a peer's gateway": (around(HUB, *TRANSIT, gateway("p")), FROM_SITE, PASSES),
    "a peer": (around(PEER, *BOTH_WAYS), FROM_PEER, PASSES),
    "not the Internet": (around(PUBLIC_NIC), FROM_INTERNET, DENY_IN),
    "0.0.0.0/0 makes it all": (around(PUBLIC_NIC, TO_NAT, routes="out"), FROM_INTERNET, PASSES),
    "a route for another range does not": (
        around(PUBLIC_NIC, gateway("v"), TO_SITE, routes="more"), FROM_INTERNET, DENY_IN),
    "the Internet, out": (around(), "tcp 10.1.1.4 8.8.8.8:443", PASSES),
    "on-premise, out": (around(gateway("v")), "tcp 10.1.1.4 192.168.1.1:22", PASSES),
    "no gateway, out": (around(), "tcp 10.1.1.4 192.168.1.1:22", DENY_OUT),
}  # fmt: skip


@pytest.mark.parametrize("case", VIRTUAL_NETWORK)
def test_virtual_network(case: str) -> None:
    """It is not the VNet's range: it has peers, what is on-premise, and the ranges of routes."""
    assert_fate(*VIRTUAL_NETWORK[case])


@pytest.mark.parametrize("off", [{"allow_access": False}, {"connected": False}])
def test_a_peer_without_access_leaves_the_tag(off: dict[str, bool]) -> None:
    """Then its addresses are not in VirtualNetwork."""
    apart = around(PEER, peering("v", "p", **off), peering("p", "v"))
    together = around(PEER, *BOTH_WAYS)
    assert "10.2.0.0/16" not in _texts(apart, "VirtualNetwork")
    assert "10.2.0.0/16" in _texts(together, "VirtualNetwork")


def test_the_hosts_address_is_in_virtual_network() -> None:
    """As Azure's effective rules show it: the VNet's range and 168.63.129.16."""
    assert _texts(around(), "VirtualNetwork") == ["10.1.0.0/16", "168.63.129.16/32"]


def test_internet_is_what_is_public_and_not_of_the_virtual_network() -> None:
    """Azure's own public ranges are in it; private ranges never are, and nothing is if a route takes all."""
    found = _texts(around(), "Internet")
    assert {"1.0.0.0/8", "2.0.0.0/7", "4.0.0.0/6", "32.0.0.0/3"} <= set(found)
    assert not [each for each in found if each.startswith(("10.", "192.168.", "127.", "224."))]
    assert _texts(around(TO_NAT, routes="out"), "Internet") == []
    public = around(PEER, gateway("v", "dc"), local("dc", "141.2.0.0/16"))
    assert not [each for each in _texts(public, "Internet") if each.startswith("141.2.")]


def _texts(of: Network, tag: str) -> list[str]:
    [v, *_] = of.vnets
    where = v.subnets[0]
    if tag == "VirtualNetwork":
        assert space_of(of, v, where, tag) == virtual_network(of, v, where)
    return [str(each) for each in to_networks(space_of(of, v, where, tag))]


WEST = with_rules(rule(OUT, 100, ALLOW, target="Storage.WestEurope"), rule(OUT, 200, DENY, target="Internet"))
STORAGE = with_rules(rule(OUT, 100, ALLOW, target="Storage"), rule(OUT, 200, DENY, target="Internet"))
UNKNOWN = with_rules(rule(OUT, 100, DENY, target="Sql"))
UNKNOWN_ALLOWED = with_rules(rule(OUT, 100, ALLOW, target="Sql"), rule(OUT, 200, DENY, target="Internet"))
UNKNOWN_SAME = with_rules(rule(OUT, 100, ALLOW, target="Sql"))

PUBLISHED = {
    "a tag": (STORAGE, "tcp 10.1.1.4 20.38.0.1:443", PASSES),
    "what is not in it": (STORAGE, "tcp 10.1.1.4 20.39.0.1:443", "rule-200"),
    "a tag of a region": (WEST, "tcp 10.1.1.4 20.60.0.1:443", PASSES),
    "another region": (WEST, "tcp 10.1.1.4 20.38.0.1:443", "rule-200"),
    "a tag is written in any case": (
        with_rules(rule(OUT, 100, DENY, target="STORAGE")), "tcp 10.1.1.4 20.38.0.1:443", "rule-100"),
    "an unknown tag that denies": (UNKNOWN, "tcp 10.1.1.4 20.38.0.1:443", "unknown: "),
    "an unknown one that allows": (UNKNOWN_ALLOWED, "tcp 10.1.1.4 20.38.0.1:443", "of Sql are not known"),
    "an unknown tag that makes no difference": (UNKNOWN_SAME, "tcp 10.1.1.4 20.38.0.1:443", PASSES),
    "an unknown tag has no private addresses": (UNKNOWN, "tcp 10.1.1.4 10.1.1.5:443", PASSES),
}  # fmt: skip


@pytest.mark.parametrize("case", PUBLISHED)
def test_published_tags(case: str) -> None:
    """Their ranges are given; where they are not, it is said that nothing is known, and nothing guessed."""
    assert_fate(*PUBLISHED[case])


PROBED = with_rules(rule(IN, 100, DENY, source="AzureLoadBalancer"))
CLOSED = with_rules(rule(OUT, 100, DENY), rule(IN, 100, DENY))
NO_DNS = with_rules(rule(OUT, 100, DENY, target="AzurePlatformDNS"))
NO_IMDS = with_rules(rule(OUT, 100, DENY, target="AzurePlatformIMDS"))
TO_DNS, TO_IMDS = "udp 10.1.1.4 168.63.129.16:53", "tcp 10.1.1.4 169.254.169.254:80"
INTO_THE_VOID = table("void", "everything 0.0.0.0/0 None")

HOST = {
    "DNS": (around(), TO_DNS, PASSES),
    "metadata": (around(), TO_IMDS, PASSES),
    "DNS, all denied": (CLOSED, TO_DNS, PASSES),
    "metadata, all denied": (CLOSED, TO_IMDS, PASSES),
    "others, all denied": (CLOSED, "udp 10.1.1.4 10.1.1.5:53", "rule-100"),
    "DNS, denied by its tag": (NO_DNS, TO_DNS, "rule-100"),
    "metadata, DNS denied": (NO_DNS, TO_IMDS, PASSES),
    "metadata, denied by its tag": (NO_IMDS, TO_IMDS, "rule-100"),
    "routes do not matter": (around(INTO_THE_VOID, routes="void"), TO_DNS, PASSES),
    "a probe": (around(), "tcp 168.63.129.16 10.1.1.4:80", PASSES),
    "a probe, denied by its tag": (PROBED, "tcp 168.63.129.16 10.1.1.4:80", "rule-100"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOST)
def test_the_host(case: str) -> None:
    """Azure's host answers machines whatever rules say, unless they name its tags. Whether a rule can stop
    its probes can be read in two ways: they are among what is exempt, and the default rule for them says that
    they need one. Here the rule counts."""
    assert_fate(*HOST[case])
