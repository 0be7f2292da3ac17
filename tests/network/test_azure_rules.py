"""Security rules as Azure evaluates them: what passes and what does not, side by side.

Source: https://learn.microsoft.com/en-us/azure/virtual-network/network-security-groups-overview
"""

import pytest

from azure_networks import (
    ALLOW,
    DENY,
    IN,
    OUT,
    PASSES,
    assert_fate,
    network,
    nic,
    nsg,
    rule,
    site,
    subnet,
    vnet,
)
from burstway.network.model import Group, Network, Nsg, SecurityRule

DENY_IN = "65500 DenyAllInBound"
DENY_OUT = "65500 DenyAllOutBound"


def two(*groups: Nsg, a: str = "", b: str = "", **nics: str) -> Network:
    """Subnets 10.1.1.0/24 and 10.1.2.0/24 with the NSGs `a` and `b`; `of_4` is that of the NIC 10.1.2.4."""
    subnets = subnet("a", "10.1.1.0/24", nsg=a), subnet("b", "10.1.2.0/24", nsg=b)
    made = [nic(name, "v/b", f"10.1.2.{name[3:]}", nsg=group) for name, group in nics.items()]
    return network(vnet("v", "10.1.0.0/16", *subnets), *groups, *made)


def inbound(*rules: SecurityRule) -> Network:
    """Both subnets, with an NSG of these rules and a last one that denies on the second."""
    return two(nsg("g", *rules, rule(IN, 4096, DENY)), b="g")


def only(ports: str = "*", protocol: str = "*", **more: str) -> Network:
    """The same, where the one thing allowed is this."""
    return inbound(rule(IN, 100, ALLOW, ports, protocol, **more))


OPEN = nsg("open", rule(IN, 100, ALLOW), rule(OUT, 100, ALLOW))
NO_IN = nsg("no-in", rule(IN, 100, DENY))
NO_OUT = nsg("no-out", rule(OUT, 100, DENY))
ALSO_NO_OUT = nsg("also", rule(OUT, 100, DENY))
SSH_ONLY = nsg("ssh-only", rule(IN, 100, ALLOW, "22", "Tcp"), rule(IN, 200, DENY))

A_TO_B, B_TO_A, WITHIN_B = "tcp 10.1.1.4 10.1.2.4:22", "tcp 10.1.2.4 10.1.1.4:22", "tcp 10.1.2.5 10.1.2.4:22"
A_TO_B_80 = "tcp 10.1.1.4 10.1.2.4:80"
TO_5 = "tcp 10.1.1.4 10.1.2.5:22"

LEVELS = {
    "no NSG anywhere": (two(), A_TO_B, PASSES),
    "the defaults let a VNet's machines talk": (two(nsg("g"), a="g", b="g"), A_TO_B, PASSES),
    "inbound, subnet": (two(NO_IN, b="no-in"), A_TO_B, "`no-in` rule 100 rule-100 (subnet v/b, i"),
    "inbound, NIC": (two(NO_IN, of_4="no-in"), A_TO_B, "`no-in` rule 100 rule-100 (NIC of v/b, i"),
    "inbound, another NIC": (two(NO_IN, of_4="no-in"), TO_5, PASSES),
    "outbound, subnet": (two(NO_OUT, b="no-out"), B_TO_A, "`no-out` rule 100 rule-100 (subnet v/b, o"),
    "outbound, NIC": (two(NO_OUT, of_4="no-out"), B_TO_A, "`no-out` rule 100 rule-100 (NIC of v/b, o"),
    "outbound of the other end": (two(NO_OUT, b="no-out"), A_TO_B, PASSES),
    "inbound of the other end": (two(NO_IN, b="no-in"), B_TO_A, PASSES),
    "the NIC does not": (two(OPEN, NO_IN, b="open", of_4="no-in"), A_TO_B, "`no-in`"),
    "the subnet does not": (two(OPEN, NO_IN, b="no-in", of_4="open"), A_TO_B, "`no-in`"),
    "both allow": (two(OPEN, SSH_ONLY, b="open", of_4="ssh-only"), A_TO_B, PASSES),
    "inbound: subnet first": (two(NO_IN, SSH_ONLY, b="ssh-only", of_4="no-in"), A_TO_B_80, "`ssh-only`"),
    "outbound: NIC first": (two(NO_OUT, ALSO_NO_OUT, b="also", of_4="no-out"), B_TO_A, "`no-out`"),
    "the source end": (two(NO_OUT, OPEN, a="no-out", b="open"), A_TO_B, "`no-out`"),
    "the target end": (two(NO_IN, OPEN, a="open", b="no-in"), A_TO_B, "`no-in`"),
    "within a subnet, too": (two(NO_IN, b="no-in"), WITHIN_B, "`no-in`"),
    "within a subnet, outbound": (two(NO_OUT, b="no-out"), WITHIN_B, "`no-out`"),
    "within a subnet, as allowed": (two(SSH_ONLY, b="ssh-only"), WITHIN_B, PASSES),
    "answers need no rule": (two(SSH_ONLY, NO_IN, a="no-in", b="ssh-only"), A_TO_B, PASSES),
    "nor one outbound": (two(NO_OUT, b="no-out"), A_TO_B, PASSES),
    "but a connection": (two(SSH_ONLY, NO_IN, a="no-in", b="ssh-only"), B_TO_A, "`no-in`"),
}  # fmt: skip


@pytest.mark.parametrize("case", LEVELS)
def test_levels_and_directions(case: str) -> None:
    """All NSGs on the way must allow: of NIC and subnet, outbound at the source and inbound at the target."""
    assert_fate(*LEVELS[case])


FROM_A = "10.1.1.0/24"
GROUPED = network(
    vnet("v", "10.1.0.0/16", subnet("a", "10.1.1.0/24"), subnet("b", "10.1.2.0/24", nsg="g")),
    nsg(
        "g", rule(IN, 100, ALLOW, "22", source=Group("admins"), target=Group("servers")), rule(IN, 200, DENY)
    ),
    nic("admin", "v/a", "10.1.1.4", groups=("admins",)),
    nic("server", "v/b", "10.1.2.4", groups=("servers", "others")),
)
AUGMENTED = inbound(
    rule(IN, 100, ALLOW, "22 80-90 443", source="10.1.1.0/28 10.1.1.64/26", target="10.1.2.4/32 10.1.2.9/32")
)

MATCHES = {
    "the lowest number decides": (inbound(rule(IN, 200, DENY), rule(IN, 100, ALLOW)), A_TO_B, PASSES),
    "whatever the order": (inbound(rule(IN, 100, ALLOW), rule(IN, 200, DENY)), A_TO_B, PASSES),
    "and ends it": (inbound(rule(IN, 100, DENY), rule(IN, 200, ALLOW)), A_TO_B, "rule 100 rule-100"),
    "what does not match goes on": (inbound(rule(IN, 100, DENY, "80"), rule(IN, 200, ALLOW)), A_TO_B, PASSES),
    "one number in both directions": (inbound(rule(OUT, 100, DENY), rule(IN, 100, ALLOW)), A_TO_B, PASSES),
    "4096 is before the defaults": (inbound(), A_TO_B, "rule 4096 rule-4096"),
    "the port": (only("22"), A_TO_B, PASSES),
    "another port": (only("22"), A_TO_B_80, "rule-4096"),
    "Tcp": (only(protocol="Tcp"), A_TO_B, PASSES),
    "Udp is not tcp": (only(protocol="Udp"), A_TO_B, "rule-4096"),
    "Udp": (only(protocol="Udp"), "udp 10.1.1.4 10.1.2.4:53", PASSES),
    "Icmp": (only(protocol="Icmp"), "icmp 10.1.1.4 10.1.2.4", PASSES),
    "Icmp is not tcp": (only(protocol="Icmp"), A_TO_B, "rule-4096"),
    "Esp": (only(protocol="Esp"), "esp 10.1.1.4 10.1.2.4", PASSES),
    "Esp is not Ah": (only(protocol="Esp"), "ah 10.1.1.4 10.1.2.4", "rule-4096"),
    "Esp is not udp": (only(protocol="Esp"), "udp 10.1.1.4 10.1.2.4:500", "rule-4096"),
    "the source": (only(source=FROM_A), A_TO_B, PASSES),
    "another source": (only(source=FROM_A), WITHIN_B, "rule-4096"),
    "the target": (only(target="10.1.2.4/32"), A_TO_B, PASSES),
    "another target": (only(target="10.1.2.4/32"), TO_5, "rule-4096"),
    "a source port": (only(source_ports="1000-2000"), "tcp 10.1.1.4:1500 10.1.2.4:22", PASSES),
    "another source port": (only(source_ports="1000-2000"), "tcp 10.1.1.4:2001 10.1.2.4:22", "rule-4096"),
    "some of the source ports": (only(source_ports="1000-2000"), A_TO_B, "rule-4096"),
    "augmented: each of its values": (AUGMENTED, "tcp 10.1.1.70 10.1.2.9:85", PASSES),
    "augmented: not what is between ports": (AUGMENTED, "tcp 10.1.1.70 10.1.2.9:91", "rule-4096"),
    "augmented: not what is between ranges": (AUGMENTED, "tcp 10.1.1.16 10.1.2.9:85", "rule-4096"),
    "augmented: not what is between targets": (AUGMENTED, "tcp 10.1.1.70 10.1.2.5:85", "rule-4096"),
    "groups": (GROUPED, "tcp 10.1.1.4 10.1.2.4:22", PASSES),
    "groups: a source that is not a member": (GROUPED, "tcp 10.1.1.5 10.1.2.4:22", "rule-200"),
    "groups: a target that is not a member": (GROUPED, "tcp 10.1.1.4 10.1.2.5:22", "rule-200"),
    "groups: another port": (GROUPED, "tcp 10.1.1.4 10.1.2.4:23", "rule-200"),
}  # fmt: skip


@pytest.mark.parametrize("case", MATCHES)
def test_matches(case: str) -> None:
    """The first rule that matches in all five decides."""
    assert_fate(*MATCHES[case])


ANY_PROTOCOL = {
    "`*` is Esp too": (inbound(rule(IN, 100, ALLOW)), "esp 10.1.1.4 10.1.2.4", PASSES),
    "`*` with a port is tcp": (only("22"), A_TO_B, PASSES),
    "`*` with a port is not icmp": (only("22"), "icmp 10.1.1.4 10.1.2.4", "rule-4096"),
    "`*` with a port denies no icmp": (
        inbound(rule(IN, 100, DENY, "22"), rule(IN, 200, ALLOW)), "icmp 10.1.1.4 10.1.2.4", PASSES),
}  # fmt: skip


@pytest.mark.parametrize("case", ANY_PROTOCOL)
def test_any_protocol(case: str) -> None:
    """`*` is taken to be every protocol, and a rule with ports to be about protocols that have some. Azure's
    documents say of `Any` only that it encompasses TCP, UDP and ICMP: of Esp and of ports they are silent."""
    assert_fate(*ANY_PROTOCOL[case])


BARE = network(
    site(),
    vnet("v", "10.1.0.0/16", subnet("a", "10.1.1.0/24", nsg="g"), subnet("b", "10.1.2.0/24", nsg="g")),
    nsg("g"),
    nic("open", "v/b", "10.1.2.4", "20.1.2.3", nsg="g"),
    nic("far", "v/a", "10.1.1.9", "20.1.2.4"),
)
DEFAULTS = {
    "AllowVnetInBound and AllowVnetOutBound": (BARE, A_TO_B, PASSES),
    "DenyAllInBound": (BARE, "tcp 8.8.8.8 10.1.2.4:22", DENY_IN),
    "AllowAzureLoadBalancerInBound": (BARE, "tcp 168.63.129.16 10.1.2.5:80", PASSES),
    "AllowInternetOutBound": (BARE, "tcp 10.1.2.4 8.8.8.8:443", PASSES),
    "DenyAllOutBound": (BARE, "tcp 10.1.2.4 192.168.1.1:443", DENY_OUT),
}


@pytest.mark.parametrize("case", DEFAULTS)
def test_the_six_defaults(case: str) -> None:
    """Each NSG ends with them."""
    assert_fate(*DEFAULTS[case])
