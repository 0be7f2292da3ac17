"""Input endpoints of a cluster become flows."""

from dataclasses import replace

from burstway.flows.endpoints import endpoint_flows
from burstway.flows.table import Role
from burstway.model.cluster import Cluster, Details, Endpoint, NodeArray, SingleNode

WEB = Endpoint("web", "tcp", 8080, 80)
CALLS = Endpoint("calls", "udp", 5060, 5060)
OPEN = Details(public_address=True, endpoints=(WEB, CALLS))
PROXY = SingleNode("proxy", "m", "image", "subnet", return_proxy=True, details=OPEN)
ARRAY = NodeArray("hpc", "m", "image", "subnet", 2, 1, "hpc", details=OPEN)


def test_endpoints_become_flows() -> None:
    """Each endpoint is a row from the internet to the machine's own port; the purpose names the other one."""
    rows = endpoint_flows(Cluster("c", (ARRAY,), (PROXY,)))
    assert [(row.name, row.source, row.target, row.service) for row in rows] == [
        ("c-proxy-web", Role.INTERNET, Role.PROXY, "tcp 8080"),
        ("c-proxy-calls", Role.INTERNET, Role.PROXY, "udp 5060"),
        ("c-hpc-web", Role.INTERNET, Role.NODE, "tcp 8080"),
        ("c-hpc-calls", Role.INTERNET, Role.NODE, "udp 5060"),
    ]
    assert [row.purpose for row in rows[:2]] == [
        "input endpoint web of proxy, on its public address, there 80",
        "input endpoint calls of proxy, on its public address",
    ]


def test_no_endpoint_without_a_public_address() -> None:
    """A machine that the world cannot reach has no flow from there."""
    hidden = replace(ARRAY, details=replace(OPEN, public_address=False))
    assert endpoint_flows(Cluster("c", (hidden,))) == []
