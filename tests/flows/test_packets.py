"""What the rendered filters do to real connections: the kernel is the judge."""

import os
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

import firewalld_oracle
from burstway.flows.firewalld import render_firewalld
from burstway.flows.nftables import render_nftables, render_site_nftables
from burstway.flows.rules import Rule
from burstway.flows.table import Ports, Protocol
from router import ELSEWHERE, HEAD, NODE, OTHER, ROUTER, STRANGER, Connection, Router

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces")]


def place(address: str) -> tuple[IPv4Network, ...]:
    return (IPv4Network(address),)


NODES, CLOUD = place("10.80.0.0/20"), place("10.80.0.0/16")
RULES = [
    Rule("agent", NODES, place(HEAD), Protocol.TCP, Ports(1443, 1443)),
    Rule("start", (*place(HEAD), *place("10.10.0.64/28")), NODES, Protocol.TCP, Ports(1800, 1900)),
    Rule("to-the-router", NODES, place(ROUTER), Protocol.TCP, Ports(1443, 1443)),
]

FLOWS: list[tuple[Connection, bool]] = [
    ((NODE, HEAD, 1443), True),
    ((NODE, HEAD, 1999), False),
    ((NODE, OTHER, 1443), False),
    ((STRANGER, HEAD, 1443), False),
    ((HEAD, NODE, 1818), True),
    ((HEAD, NODE, 1999), False),
    ((OTHER, NODE, 1818), False),
    ((HEAD, STRANGER, 1818), False),
]
"""Between the site and the cloud's ranges."""
OTHERS: list[Connection] = [(HEAD, ELSEWHERE, 1999), (ELSEWHERE, OTHER, 1999), (OTHER, ROUTER, 1999)]
"""What is none of ours."""
TO_ROUTER: list[tuple[Connection, bool]] = [((NODE, ROUTER, 1443), True), ((NODE, ROUTER, 1999), False)]


@pytest.fixture
def router() -> Iterator[Router]:
    with Router() as made:
        before = made.connects([*(each for each, _ in (*FLOWS, *TO_ROUTER)), *OTHERS])
        assert all(before.values()), f"without a filter everything connects: {before}"
        yield made


def test_a_border_passes_the_flows_and_nothing_else(router: Router) -> None:
    """Other traffic too is dropped: such a border is there for the cloud alone."""
    router.run("router", ["nft", "-f", "-"], render_nftables(RULES))
    expected = dict(FLOWS) | {each: each[1] == ROUTER for each in OTHERS}
    assert router.connects(list(expected)) == expected


def test_a_sites_router_filters_the_cloud_alone(router: Router) -> None:
    """The same flows pass and the same others do not; what is none of ours goes on."""
    router.run("router", ["nft", "-f", "-"], render_site_nftables(RULES, CLOUD))
    expected = dict(FLOWS) | dict.fromkeys(OTHERS, True)
    assert router.connects(list(expected)) == expected


@pytest.mark.parametrize(("zone", "others"), [("trusted", True), ("public", False)])
def test_firewalld_filters_the_cloud_alone(router: Router, tmp_path: Path, zone: str, others: bool) -> None:
    """The same, on a router and for the router itself, whatever the site's own zone does with the rest."""
    environment = firewalld_oracle.environment(firewalld_oracle.root())
    firewalld_oracle.install({}, tmp_path, zone)
    router.run("router", firewalld_oracle.start(tmp_path), env=environment)
    assert router.connects(OTHERS) == dict.fromkeys(OTHERS, others)
    firewalld_oracle.install(render_firewalld(RULES, CLOUD), tmp_path, zone)
    router.run("router", firewalld_oracle.start(tmp_path), env=environment)
    expected = dict(FLOWS) | dict(TO_ROUTER) | dict.fromkeys(OTHERS, others)
    assert router.connects(list(expected)) == expected
