"""What is open that no flow needs: worst first, and nothing that a flow needs is ever among it."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from burstway.flows.profiles import flow, flows
from burstway.flows.rules import placed
from burstway.flows.table import Role
from burstway.network.audit import Danger, Finding, audit
from burstway.network.flow_proofs import packets_of, prove_rules
from burstway.network.model import (
    Access,
    Direction,
    Gateway,
    GatewayKind,
    Network,
    Nic,
    Nsg,
    Outbound,
    SecurityRule,
    Site,
    Subnet,
    VNet,
)
from burstway.network.plan_nsg import plan_nsg
from burstway.network.planned import planned_filter
from burstway.network.prove import Prover

HEAD = (IPv4Network("10.10.0.10/32"),)
NODES = (IPv4Network("10.80.0.0/24"),)
PLACES = {Role.CONTROL_PLANE: HEAD, Role.SCHEDULER: HEAD, Role.LOGIN: HEAD, Role.NODE: NODES}
RULES = placed(flows(), PLACES)
ANY_PORT = ((0, 65_535),)


def network(nsg: Nsg, *, public: bool = False, firewalled: bool = True) -> Network:
    """A site, whose edge is as planned when it is firewalled, and a subnet of nodes with this NSG."""
    edge = planned_filter(RULES, "edge", Network()) if firewalled else None
    subnet = Subnet("nodes", NODES, nsg.name, outbound=Outbound.NAT)
    nic = Nic("proxy", "cloud", "nodes", IPv4Address("10.80.0.9"), public_address=IPv4Address("20.1.2.3"))
    return Network(
        sites=(Site("hq", (IPv4Network("10.10.0.0/24"),), edge),),
        vnets=(VNet("cloud", (IPv4Network("10.80.0.0/16"),), (subnet,)),),
        gateways=(Gateway("vpn", "cloud", GatewayKind.VPN),),
        nsgs={nsg.name: nsg},
        nics=(nic,) if public else (),
    )


def allow(
    source: str | IPv4Network, ports: tuple[tuple[int, int], ...], direction: Direction
) -> SecurityRule:
    return SecurityRule("open", 100, direction, Access.ALLOW, "Tcp", (source,), ANY_PORT, ("*",), ports)


def planned(*more: SecurityRule) -> Nsg:
    nsg = plan_nsg("nsg", RULES, NODES)
    return Nsg(nsg.name, (*more, *(rule for rule in nsg.rules if rule.priority != 100)))


def findings(net: Network) -> list[Finding]:
    return audit(Prover(net), RULES, [flow("ssh-node")])


def test_the_plan_has_nothing_open_that_no_flow_needs() -> None:
    """And every flow gets through it: the rules are exactly what is needed."""
    net = network(plan_nsg("nsg", RULES, NODES))
    assert findings(net) == []
    assert all(proof.passes for proof in prove_rules(Prover(net), RULES))


OPENED = {
    "ssh from the Internet": (allow("Internet", ((22, 22),), Direction.INBOUND), Danger.INTERNET_MANAGEMENT),
    "a port from the Internet": (allow("Internet", ((8080, 8080),), Direction.INBOUND), Danger.INTERNET),
    "ssh within the network": (allow("VirtualNetwork", ((22, 22),), Direction.INBOUND), None),
}


@pytest.mark.parametrize("case", OPENED)
def test_an_opened_port_is_found_as_what_it_is(case: str) -> None:
    """With the rule that opens it; a rule at one end of two opens nothing by itself."""
    rule, danger = OPENED[case]
    found = findings(network(planned(rule), public=True))
    assert [each.danger for each in found[:1]] == ([danger] if danger is not None else [])
    for each in found:
        assert any("rule 100 open" in by for by in each.by)


def test_a_rule_that_waits_for_a_public_address_is_found() -> None:
    """Nobody can use it today: that is said, and which rule it is."""
    rule = allow("Internet", ((22, 22),), Direction.INBOUND)
    (found,) = findings(network(planned(rule)))
    assert found.danger is Danger.IN_WAITING
    assert found.service == "tcp 22"
    assert found.by == ("subnet cloud/nodes, inbound: NSG `nsg` rule 100 open",)


def test_a_subnet_without_any_filter_waits_for_everything() -> None:
    """The lack of an NSG is as open as a rule that allows all."""
    bare = replace(network(planned()), nsgs={})
    waiting = [each for each in findings(bare) if each.danger is Danger.IN_WAITING]
    assert [each.service for each in waiting] == ["tcp and udp any port"]


def test_the_worst_comes_first() -> None:
    """A person who reads only one line reads that one."""
    opened = allow("*", ANY_PORT, Direction.INBOUND)
    found = findings(network(Nsg("nsg", (opened,)), public=True, firewalled=False))
    dangers = [each.danger for each in found]
    assert dangers == sorted(dangers)
    assert dangers[0] is Danger.INTERNET_MANAGEMENT
    assert Danger.ANY_PORT in dangers


def test_what_flows_need_is_never_a_finding() -> None:
    """However wide a rule is, its needed part is not held against it."""
    found = findings(network(Nsg("nsg", (allow("*", ANY_PORT, Direction.INBOUND),)), public=True))
    assert found
    for packets in (packets_of(rule, Network()) for rule in RULES):
        assert not overlapping(
            found, packets.target_ports, packets.sources, packets.targets, packets.protocol
        )


def overlapping(
    found: Sequence[Finding], ports: object, sources: object, targets: object, protocol: str
) -> bool:
    from burstway.network.space import Packets

    wanted = Packets(protocol, sources, targets, ports)  # type: ignore[arg-type]
    return any(
        each.and_(wanted) for finding in found for each in finding.packets if each.protocol == protocol
    )


def test_a_rule_that_is_missing_is_a_gap_and_no_finding() -> None:
    """The NSG without the rule for slurmd: that flow stops at the denial, and the others pass."""
    whole = plan_nsg("nsg", RULES, NODES)
    port = flow("slurmd").ports
    assert port
    less = Nsg("nsg", tuple(rule for rule in whole.rules if (port.first, port.last) not in rule.target_ports))
    proofs = {proof.rule.name: proof for proof in prove_rules(Prover(network(less)), RULES)}
    assert proofs["slurmd"].passes is False
    assert proofs["slurmctld"].passes is True
    gap = proofs["slurmd"].gaps[0]
    assert "deny-all" in gap.by
    assert "NSG nsg" in gap.remedy
