"""The proof and the kernel agree: random rulesets and networks are proved, and packets are then sent through
the real thing.

The seed is printed, and BURSTWAY_TEST_SEED replays it. What the proof says it does not know may go either
way; it is counted, and must stay rare.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from random import Random

import pytest

from burstway.network.chains import RulesetFilter
from burstway.network.filters import Decision
from burstway.network.prove import Prover
from burstway.network.read.documents import Document, read_documents
from burstway.network.ruleset import Hook
from burstway.network.space import WITH_PORTS, Intervals, Packets, of_networks
from packet_lab import PacketLab, Sent
from random_networks import LINKS, Drawn, filters_of, random_network, routes_of
from random_rulesets import INTERFACES, PORTS, RANGES, random_ruleset

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces"),
]

RULESETS, PACKETS_EACH = 25, 240
NETWORKS, ASKED_EACH = 15, 160
MOST_UNKNOWN = 0.2


@pytest.fixture
def chance() -> Random:
    seed = int(os.environ.get("BURSTWAY_TEST_SEED", time.time_ns() % 1_000_000))
    print(f"BURSTWAY_TEST_SEED={seed}")
    return Random(seed)


def one(packet: Sent) -> Packets:
    """The same packet as the proof has it."""
    sources, targets = _only(packet.source), _only(packet.target)
    if packet.protocol not in WITH_PORTS:
        return Packets(packet.protocol, sources, targets)
    return Packets(packet.protocol, sources, targets, _only(packet.target_port), _only(packet.source_port))


def _only(number: int) -> Intervals:
    return ((number, number),)


class Draw:
    """Packets no two of which belong to one connection, in either direction: the kernel would know them."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self._used: set[Sent] = set()

    def packets(
        self,
        number: int,
        places: Sequence[IPv4Network],
        protocols: Sequence[str],
        asks: Callable[[Sent], bool] = lambda _: True,
    ) -> Iterator[Sent]:
        """ESP has no ports to tell connections apart, so it soon runs out: TCP comes in its place."""
        tries = 0
        while number:
            tries += 1
            drawn = self._one(places, self.chance.choice(protocols) if tries < 10 else "tcp")
            if not asks(drawn) or drawn.source == drawn.target:
                continue
            if drawn not in self._used and drawn.answer not in self._used:
                self._used.add(drawn)
                number, tries = number - 1, 0
                yield drawn

    def _one(self, places: Sequence[IPv4Network], protocol: str) -> Sent:
        source, target = (self._address(self.chance.choice(places)) for _ in range(2))
        if protocol not in WITH_PORTS:
            return Sent(protocol, source, target, 0, 0)
        near = self.chance.choice(PORTS) + self.chance.choice((0, 0, 0, -1, 1))
        target_port = near if self.chance.random() < 0.8 else self.chance.randint(1, 65_535)
        return Sent(protocol, source, target, target_port, self.chance.randint(1, 65_535))

    def _address(self, place: IPv4Network) -> int:
        return int(place.network_address) + self.chance.randrange(place.num_addresses)


class Tally:
    """Verdicts beside what happened."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()

    def add(self, packet: Sent, passes: bool | None, arrived: bool, said: object, *context: str) -> None:
        self.count["unknown" if passes is None else "passed" if passes else "stopped"] += 1
        assert passes in (None, arrived), (
            f"{packet} {'arrived' if arrived else 'did not arrive'}; the proof: {said}\n" + "\n".join(context)
        )

    def check(self, at_least: int) -> None:
        print(dict(self.count))
        assert self.count.total() >= at_least
        assert self.count["unknown"] <= MOST_UNKNOWN * self.count.total()
        assert min(self.count["passed"], self.count["stopped"]) > at_least / 20


def test_rulesets(chance: Random) -> None:
    """Random rulesets of nft, loaded, listed and read back: every packet that is proved to pass comes through
    the router and every other is dropped by it. Each is asked of the decisions on all packets at once, so
    those are disjoint and complete too."""
    lab = PacketLab(RANGES)
    behind = {name: of_networks(map(IPv4Network, ranges)) for name, ranges in RANGES.items()}
    places = [IPv4Network(f"10.{i}.{j}.0/26") for i in range(3) for j in range(8)]
    draw, tally = Draw(chance), Tally()
    try:
        for _ in range(RULESETS):
            text = random_ruleset(chance)
            lab.router.run("nft", "-f", "-", text=text)
            listing = lab.router.run("nft", "-j", "list", "ruleset")
            read = read_documents([Document("router", listing)], interfaces={"router": behind})
            first_packets = replace(read.rulesets["router"], answers=None)
            decide = RulesetFilter(first_packets, Hook.FORWARD).decide
            packets = list(draw.packets(PACKETS_EACH, places, ("tcp", "tcp", "tcp", "udp", "udp", "esp")))
            decisions = _on_all(decide(everything) for everything in _everything(behind))
            said = {packet: _of(decisions, packet) for packet in packets}
            expected = [packet for packet, decision in said.items() if decision.passed]
            ways = {packet: (_interface(packet.source), _interface(packet.target)) for packet in packets}
            for packet, arrived in lab.deliver(ways, expected).items():
                tally.add(packet, said[packet].passed, arrived, said[packet], text)
    finally:
        lab.close()
    tally.check(RULESETS * PACKETS_EACH)


def _everything(behind: Mapping[str, object]) -> Iterator[Packets]:
    every = of_networks([IPv4Network("10.0.0.0/14")])
    for protocol in ("tcp", "udp", "esp"):
        yield Packets(protocol, every, every)


def _on_all(decided: Iterable[Iterable[Decision]]) -> list[Decision]:
    return [decision for decisions in decided for decision in decisions]


def _of(decisions: list[Decision], packet: Sent) -> Decision:
    [decision] = [
        each
        for each in decisions
        if each.packets.protocol == packet.protocol and each.packets.and_(one(packet))
    ]
    return decision


def _interface(address: int) -> str:
    return INTERFACES[address >> 16 & 255]


def test_networks(chance: Random) -> None:
    """Random VNets of Azure's kind, as a router's own routes and chains: what is proved to pass arrives, and
    so does the answer; of what is proved not to pass, one of the two does not."""
    tally = Tally()
    for _ in range(NETWORKS):
        drawn, draw = random_network(chance), Draw(chance)
        prover = Prover(drawn.network)
        packets = list(draw.packets(ASKED_EACH, drawn.places, ("tcp", "tcp", "udp", "esp"), drawn.asks))
        proofs = {packet: next(iter(prover.prove(one(packet)))) for packet in packets}
        done = _there_and_back(drawn, packets, [packet for packet, proof in proofs.items() if proof.passes])
        for packet, proof in proofs.items():
            tally.add(packet, proof.passes, packet in done, proof, repr(drawn.network), routes_of(drawn))
    tally.check(NETWORKS * ASKED_EACH)


def _there_and_back(drawn: Drawn, packets: Sequence[Sent], expected: Sequence[Sent]) -> set[Sent]:
    """Those that arrive, and whose answers do."""
    lab = PacketLab(dict.fromkeys(LINKS, ()))
    try:
        lab.router.run("ip", "-batch", "-", text=routes_of(drawn))
        lab.router.run("nft", "-f", "-", text=filters_of(drawn))
        ways = {packet: (drawn.link(packet.source), drawn.link(packet.target)) for packet in packets}
        arrived = [packet for packet, did in lab.deliver(ways, expected).items() if did]
        back = {packet.answer: ways[packet][::-1] for packet in arrived}
        answered = lab.deliver(back, [packet.answer for packet in expected])
        return {packet for packet in arrived if answered[packet.answer]}
    finally:
        lab.close()
