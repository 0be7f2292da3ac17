"""What a proof costs: all required flows of a cluster with 50 subnets, each with an NSG of 1,000 rules.

The cost is that of subnets and rules: the same 50 subnets are proved with 10, 100, 1,000 and 10,000 nodes.
Beside it is what one would write first, a scan of every rule for every pair of machines, on some of them; and
z3 asked the same of a smaller network, whose verdicts must be the same.
"""

import statistics
import time
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network
from random import Random

import z3

from benchmarks.smt import allowed, stopped, unknown
from burstway.flows.profiles import flows
from burstway.flows.rules import Rule, placed
from burstway.flows.table import Role
from burstway.network.flow_proofs import FlowProof, packets_of, prove_rules
from burstway.network.model import (
    Access,
    Direction,
    Gateway,
    GatewayKind,
    Network,
    Nsg,
    Prefix,
    SecurityRule,
    Site,
    Subnet,
    VNet,
)
from burstway.network.nsg import DEFAULTS
from burstway.network.prove import Prover
from burstway.network.space import ALL_PORTS, Intervals, of_networks
from burstway.network.tags import space_of

SUBNETS, RULES, RUNS = 50, 1_000, 5
NODES = (10, 100, 1_000, 10_000)
SCANNED = 20
SMALL_SUBNETS, SMALL_RULES = 3, 300
HEAD = IPv4Network("192.168.1.10/32")


def main() -> None:
    _grow()
    _scan()
    _ask_z3()


def _grow() -> None:
    print(f"all required flows proved, {RUNS} runs each: median s (least)")
    network = cluster(SUBNETS, RULES)
    for nodes in NODES:
        _report(
            network,
            _flows(_nodes(nodes)),
            f"{nodes:,} nodes by address, {SUBNETS} subnets, {RULES:,} rules each",
        )
    for subnets, rules in ((SUBNETS, RULES), (SUBNETS, RULES // 10), (SUBNETS // 5, RULES)):
        of = cluster(subnets, rules)
        _report(of, _flows(_ranges(subnets)), f"nodes by range, {subnets} subnets, {rules:,} rules each")


def _report(network: Network, rules: Sequence[Rule], what: str) -> None:
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        _proved(network, rules)
        seconds.append(time.perf_counter() - started)
    print(f"  {what:54} {statistics.median(seconds):.3f} ({min(seconds):.3f})")


def _scan() -> None:
    """Each node with the head node, and with each other, each flow, each rule: for some, and multiplied."""
    network, nodes = cluster(SUBNETS, RULES), _nodes(10_000)
    sample = Random(1).sample(nodes, SCANNED)
    started = time.perf_counter()
    pairs = sum(_scanned(network, rule) for rule in _flows(sample))
    each = (time.perf_counter() - started) / pairs
    whole = sum(len(rule.sources) * len(rule.targets) for rule in _flows(nodes))
    print(
        f"scan of every rule for every pair of machines: {each * 1e6:.0f} µs a pair, {pairs:,} pairs measured"
    )
    print(f"  {whole:,} pairs of 10,000 nodes, extrapolated: {each * whole / 3600:,.1f} h")


def _ask_z3() -> None:
    network, rules = cluster(SMALL_SUBNETS, SMALL_RULES), _flows(_ranges(SMALL_SUBNETS))
    prover = Prover(network)
    started = time.perf_counter()
    proofs = prove_rules(prover, rules)
    ours = time.perf_counter() - started
    started = time.perf_counter()
    theirs = [_verdicts_of_z3(network, proof) for proof in proofs]
    asked = time.perf_counter() - started
    verdicts = [[each.passes for each in proof.proofs] for proof in proofs]
    if verdicts != theirs:
        raise SystemExit(f"z3 and the prover disagree: {verdicts} and {theirs}")
    count = sum(len(each) for each in verdicts)
    gaps = sum(each is False for proof in verdicts for each in proof)
    size = f"{SMALL_SUBNETS} subnets, {SMALL_RULES} rules each"
    print(f"z3 asked the same, {size}: {count} verdicts, {gaps} of them gaps, none differs")
    print(f"  prover {ours:.4f} s, z3 {asked:.2f} s: {asked / ours:,.0f} times as long")


# --- the network ---


def cluster(subnets: int, rules: int) -> Network:
    """A head node on-premise, and subnets of nodes, each with an NSG of its own."""
    chance = Random(rules)
    names = [f"s{i}" for i in range(subnets)]
    ranges = _ranges(subnets)
    nsgs = {f"nsg-{name}": Nsg(f"nsg-{name}", tuple(_rules(chance, ranges, rules))) for name in names}
    made = tuple(Subnet(n, (r,), f"nsg-{n}") for n, r in zip(names, ranges, strict=True))
    return Network(
        sites=(Site("hq", (IPv4Network("192.168.0.0/16"),)),),
        vnets=(VNet("cloud", (IPv4Network("10.0.0.0/8"),), made),),
        gateways=(Gateway("vpn", "cloud", GatewayKind.VPN),),
        nsgs=nsgs,
    )


def _rules(chance: Random, ranges: Sequence[IPv4Network], count: int) -> Iterator[SecurityRule]:
    """Half each way: exceptions for some addresses and ports, and at last that all machines may talk."""
    for number in range(count):
        last = number >= count - 2
        first = chance.randrange(1, 65_000)
        yield SecurityRule(
            f"r{number}",
            100 + number,
            (Direction.INBOUND, Direction.OUTBOUND)[number % 2],
            Access.DENY if chance.random() < 0.5 and not last else Access.ALLOW,
            "*" if last else chance.choice(("Tcp", "Udp", "*")),
            ("VirtualNetwork",) if last else (_some(chance, ranges),),
            ALL_PORTS,
            ("VirtualNetwork",) if last else (_some(chance, ranges),),
            ALL_PORTS if last else ((first, first + chance.choice((0, 0, 10, 500))),),
        )


def _some(chance: Random, ranges: Sequence[IPv4Network]) -> IPv4Network:
    """A few addresses of one of the subnets."""
    address = int(chance.choice(ranges).network_address) + 32 * chance.randrange(32)
    return IPv4Network((address, chance.choice((27, 29, 32))))


def _ranges(subnets: int) -> list[IPv4Network]:
    return [IPv4Network(f"10.{i}.0.0/22") for i in range(subnets)]


def _nodes(count: int) -> list[IPv4Network]:
    """Their addresses, spread over the subnets, one after the other in each."""
    ranges = _ranges(SUBNETS)
    return [IPv4Network(ranges[i % SUBNETS].network_address + 4 + i // SUBNETS) for i in range(count)]


def _flows(nodes: Sequence[IPv4Network]) -> list[Rule]:
    places = dict.fromkeys((Role.CONTROL_PLANE, Role.SCHEDULER, Role.LOGIN), (HEAD,))
    return placed(flows(), {**places, Role.NODE: tuple(nodes)})


# --- asked in three ways ---


def _proved(network: Network, rules: Sequence[Rule]) -> list[FlowProof]:
    proofs = prove_rules(Prover(network), rules)
    assert all(proof.passes is not None for proof in proofs)
    return proofs


def _scanned(network: Network, rule: Rule) -> int:
    """The pairs of machines that were looked at."""
    [vnet] = network.vnets
    pairs = 0
    for source in rule.sources:
        for target in rule.targets:
            assert isinstance(source, IPv4Network)
            assert isinstance(target, IPv4Network)
            ends = (source.network_address, target.network_address)
            for end, direction in zip(ends, (Direction.OUTBOUND, Direction.INBOUND), strict=True):
                subnet = next((each for each in vnet.subnets if end in each.prefixes[0]), None)
                if subnet:
                    _first(network.nsgs[subnet.nsg], direction, *ends, rule)
            pairs += 1
    return pairs


def _first(
    nsg: Nsg, direction: Direction, source: IPv4Address, target: IPv4Address, asked: Rule
) -> SecurityRule | None:
    """The first rule that matches, as one would write it."""
    port = asked.ports.first if asked.ports else 0
    for rule in (*nsg.rules, *DEFAULTS):
        if (
            rule.direction is direction
            and rule.protocol in ("*", str(asked.protocol).capitalize())
            and any(first <= port <= last for first, last in rule.target_ports)
            and any(not isinstance(each, IPv4Network) or source in each for each in rule.sources)
            and any(not isinstance(each, IPv4Network) or target in each for each in rule.targets)
        ):
            return rule
    return None


def _verdicts_of_z3(network: Network, proof: FlowProof) -> list[bool]:
    """For each pair of segments, whether no packet between them is stopped by the NSG at either end."""
    [vnet] = network.vnets
    whole = packets_of(proof.rule, network)
    packet = unknown(whole.protocol)
    verdicts = []
    for each in proof.proofs:
        conditions = [z3.BoolVal(True)]
        for name, direction in ((each.source, Direction.OUTBOUND), (each.target, Direction.INBOUND)):
            subnet = next((s for s in vnet.subnets if name == f"{vnet.name}/{s.name}"), None)
            if subnet:
                spaces: dict[Prefix, Intervals] = {}
                rules = (*network.nsgs[subnet.nsg].rules, *DEFAULTS)
                for prefix in {p for rule in rules for p in (*rule.sources, *rule.targets)}:
                    spaces[prefix] = _space(network, vnet, subnet, prefix)
                conditions.append(allowed(packet, rules, direction, spaces.__getitem__))
        verdicts.append(not stopped(each.packets, packet, z3.And(conditions)))
    return verdicts


def _space(network: Network, vnet: VNet, subnet: Subnet, prefix: Prefix) -> Intervals:
    if isinstance(prefix, IPv4Network):
        return of_networks([prefix])
    assert isinstance(prefix, str)
    return space_of(network, vnet, subnet, prefix)


if __name__ == "__main__":
    main()
