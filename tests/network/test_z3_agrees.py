"""The proof and z3 agree on random NSGs: whether all packets of a set get through, and which do."""

import os
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Network
from random import Random

import z3
from benchmarks.smt import allowed, among, is_possible, stopped, unknown

from azure_networks import ALLOW, DENY, IN, OUT, network, nsg, rule, subnet, vnet
from burstway.network.model import Direction, Prefix, SecurityRule
from burstway.network.prove import Prover
from burstway.network.space import Packets, difference, merged, of_networks
from random_networks import NOT_PUBLIC, STORAGE, random_rules

CASES = 200

A, B = (of_networks([IPv4Network(f"10.1.{i}.0/24")]) for i in (0, 1))
VIRTUAL_NETWORK = of_networks([IPv4Network("10.1.0.0/16"), IPv4Network("168.63.129.16/32")])
PRIVATE = merged((*of_networks(map(IPv4Network, NOT_PUBLIC)), *VIRTUAL_NETWORK))
TAGS = {
    "*": ((0, 2**32 - 1),),
    "VirtualNetwork": VIRTUAL_NETWORK,
    "Internet": difference(((0, 2**32 - 1),), PRIVATE),
    "AzureLoadBalancer": of_networks([IPv4Network("168.63.129.16/32")]),
    "Storage": of_networks([IPv4Network(STORAGE)]),
}
DEFAULTS = (
    rule(IN, 65000, ALLOW, source="VirtualNetwork", target="VirtualNetwork"),
    rule(IN, 65001, ALLOW, source="AzureLoadBalancer"),
    rule(IN, 65500, DENY),
    rule(OUT, 65000, ALLOW, source="VirtualNetwork", target="VirtualNetwork"),
    rule(OUT, 65001, ALLOW, target="Internet"),
    rule(OUT, 65500, DENY),
)
SETS = {
    "every port": lambda chance: Packets(chance.choice(("tcp", "udp", "esp")), A, B),
    "one port": lambda chance: Packets("tcp", A, B, ((chance.choice((22, 80, 6817, 9000)),) * 2,)),
    "part of the addresses": lambda chance: Packets(
        "tcp", ((A[0][0], A[0][0] + chance.randrange(255)),), ((B[0][0] + chance.randrange(255), B[0][1]),)
    ),
    "a source port": lambda chance: Packets("udp", A, B, ((53, 53),), ((chance.randrange(65_536),) * 2,)),
}


def spaces(prefix: Prefix) -> Iterable[tuple[int, int]]:
    if isinstance(prefix, IPv4Network):
        return of_networks([prefix])
    assert isinstance(prefix, str)
    return TAGS[prefix]


def test_z3_agrees() -> None:
    """What the proof says passes is exactly what z3 finds no counterexample to. The seed is printed, and
    BURSTWAY_TEST_SEED replays it."""
    seed = int(os.environ.get("BURSTWAY_TEST_SEED", time.time_ns() % 1_000_000))
    print(f"BURSTWAY_TEST_SEED={seed}")
    chance = Random(seed)
    verdicts: Counter[bool | None] = Counter()
    for case in range(CASES):
        packets = SETS[chance.choice(list(SETS))](chance)
        ours, theirs = _many(chance), _many(chance)
        verdicts[_agrees(packets, ours, theirs, f"case {case}")] += 1
    assert verdicts.keys() == {True, False}


def _many(chance: Random) -> list[SecurityRule]:
    """Up to three times as many rules as one draw gives, so that more of them matter."""
    return [
        replace(each, name=f"{each.name}-{part}", priority=each.priority + 1000 * part)
        for part in range(3)
        for each in random_rules(chance)
    ]


def _agrees(packets: Packets, ours: list[SecurityRule], theirs: list[SecurityRule], case: str) -> bool | None:
    """From subnet a, whose NSG has our rules, to b with theirs."""
    subnets = subnet("a", "10.1.0.0/24", nsg="ours"), subnet("b", "10.1.1.0/24", nsg="theirs")
    groups = nsg("ours", *ours), nsg("theirs", *theirs)
    of = network(vnet("v", "10.1.0.0/16", *subnets), *groups, tags={"storage": (STORAGE,)})
    [proof] = Prover(of).prove(packets)
    packet = unknown(packets.protocol)
    ways: tuple[tuple[list[SecurityRule], Direction], ...] = ((ours, OUT), (theirs, IN))
    passes = z3.And([allowed(packet, (*rules, *DEFAULTS), way, spaces) for rules, way in ways])
    is_open = z3.Or([among(packet, part) for part in proof.open])
    said = f"{case}: {packets}\n{ours}\n{theirs}\n{proof}"
    assert proof.passes is not stopped(packets, packet, passes), said
    assert not is_possible(z3.And(among(packet, packets), is_open != passes)), said
    return proof.passes
