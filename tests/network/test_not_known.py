"""What was not given is never taken for open or closed; and one prover serves many threads."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType

import pytest

from burstway.network.model import (
    Access,
    Direction,
    Gateway,
    GatewayKind,
    Group,
    Network,
    Nsg,
    RouteTable,
    SecurityRule,
    Site,
    Subnet,
    VNet,
)
from burstway.network.prove import Prover
from burstway.network.ruleset import Chain, FilterRule, Hook, Match, Ruleset, Verdict
from burstway.network.space import Packets, of_address, of_networks

ANY = ((0, 65_535),)
NODES = IPv4Network("10.80.1.0/24")
ALLOW_ALL = SecurityRule("all", 100, Direction.INBOUND, Access.ALLOW, "*", ("*",), ANY, ("*",), ANY)
TO_GROUP = replace(ALLOW_ALL, name="group", targets=(Group("compute"),))
DENY = replace(ALLOW_ALL, name="deny", priority=200, access=Access.DENY)


def network(*rules: SecurityRule, nsg: str = "nsg", routes: str = "", known: bool = True) -> Network:
    subnet = Subnet("nodes", (NODES,), nsg=nsg, routes=routes)
    return Network(
        vnets=(VNet("v", (IPv4Network("10.80.0.0/16"),), (subnet,)),),
        nsgs=MappingProxyType({"nsg": Nsg("nsg", rules)} if known else {}),
        route_tables=MappingProxyType({"there": RouteTable("there", ())}),
    )


CASES = {
    "the NSG is given": (network(ALLOW_ALL), True),
    "the NSG is attached and not given": (network(known=False), None),
    "no NSG is attached": (network(nsg=""), True),
    "the route table is given": (network(ALLOW_ALL, routes="there"), True),
    "the route table is attached and not given": (network(ALLOW_ALL, routes="elsewhere"), None),
    "a group without a known member is allowed, all else denied": (network(TO_GROUP, DENY), None),
    "a group without a known member is denied": (network(replace(TO_GROUP, access=Access.DENY)), None),
    "it makes no difference": (network(TO_GROUP, replace(DENY, access=Access.ALLOW)), True),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_given_is_not_known(case: str) -> None:
    """Neither passes nor stops, unless it would be the same either way."""
    net, expected = CASES[case]
    nodes = of_networks([NODES])
    (proof,) = Prover(net).prove(Packets("tcp", nodes, nodes, ((22, 22),)))
    assert proof.passes is expected
    if expected is None:
        assert all(gap.remedy for gap in proof.gaps)


HOSTS = [IPv4Address(f"10.1.0.{number}") for number in range(1, 17)]


def firewalled() -> Network:
    """A site of hosts, of which every second one drops what comes to it."""

    def rules(number: int) -> Ruleset:
        verdict = Verdict.DROP if number % 2 else Verdict.ACCEPT
        chain = Chain("input", (FilterRule((Match(),), verdict, "the rule"),), Hook.INPUT)
        return Ruleset(f"host {number}", {"input": chain})

    hosts = {address: rules(number) for number, address in enumerate(HOSTS)}
    return Network(sites=(Site("hq", (IPv4Network("10.1.0.0/24"),), hosts=MappingProxyType(hosts)),))


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_many_threads_get_the_same_verdicts() -> None:
    """Whatever one thread works out while another asks for it too."""
    everybody = of_networks([IPv4Network("10.1.0.0/24")])
    expected = {address: not number % 2 for number, address in enumerate(HOSTS)}
    for _ in range(10):
        prover = Prover(firewalled())
        wrong: list[object] = []

        def ask(prover: Prover = prover, wrong: list[object] = wrong) -> None:
            for address in HOSTS:
                packets = Packets("tcp", everybody, of_address(address), ((22, 22),))
                verdicts = {proof.passes for proof in prover.prove(packets)}
                if verdicts != {expected[address]}:
                    wrong.append((address, verdicts))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


@pytest.mark.parametrize(("doubt", "expected"), [("", True), ("the connection campus is NotConnected", None)])
def test_a_connection_that_is_down_is_not_taken_to_be_up(doubt: str, expected: bool | None) -> None:
    """In both directions."""
    site, head = IPv4Network("10.10.0.0/24"), of_networks([IPv4Network("10.10.0.10/32")])
    net = replace(
        network(ALLOW_ALL),
        sites=(Site("hq", (site,)),),
        gateways=(Gateway("vpn", "v", GatewayKind.VPN, doubt=doubt),),
    )
    nodes = of_networks([NODES])
    for source, target in ((nodes, head), (head, nodes)):
        (proof,) = Prover(net).prove(Packets("tcp", source, target, ((22, 22),)))
        assert proof.passes is expected
