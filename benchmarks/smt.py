"""The question of a proof put to z3: is there a packet among these that two NSGs do not let through?

Written from the documents and not from the prover, so each is the other's oracle.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from burstway.network.model import Access, Direction, Prefix, SecurityRule
from burstway.network.space import Intervals, Packets

Spaces = Callable[[Prefix], Iterable[tuple[int, int]]]
"""The addresses that a field of a rule means, as inclusive pairs."""


@dataclass(frozen=True)
class Unknown:
    """Any packet of one protocol: what z3 looks for. `has_ports` of tcp and udp."""

    protocol: str
    source: Any
    target: Any
    target_port: Any
    source_port: Any

    @property
    def has_ports(self) -> bool:
        return self.protocol in ("tcp", "udp")


def unknown(protocol: str) -> Unknown:
    addresses = (z3.BitVec(name, 32) for name in ("source", "target"))
    ports = (z3.BitVec(name, 16) for name in ("target_port", "source_port"))
    return Unknown(protocol, *addresses, *ports)


def among(packet: Unknown, packets: Packets) -> Any:
    """Whether it is one of these."""
    return z3.And(
        _within(packet.source, packets.sources),
        _within(packet.target, packets.targets),
        _within(packet.target_port, packets.target_ports),
        _within(packet.source_port, packets.source_ports),
    )


def allowed(packet: Unknown, rules: Sequence[SecurityRule], direction: Direction, spaces: Spaces) -> Any:
    """Whether an NSG with these rules, its defaults among them, lets the packet through."""
    decided: Any = z3.BoolVal(False)
    ours = [rule for rule in rules if rule.direction is direction]
    for rule in sorted(ours, key=lambda rule: -rule.priority):
        decided = z3.If(_matches(packet, rule, spaces), rule.access is Access.ALLOW, decided)
    return decided


def stopped(packets: Packets, packet: Unknown, passes: Any) -> bool:
    """Whether some packet of these does not pass."""
    return is_possible(z3.And(among(packet, packets), z3.Not(passes)))


def is_possible(condition: Any) -> bool:
    solver = z3.SolverFor("QF_BV")
    solver.add(condition)
    found = solver.check()
    assert found in (z3.sat, z3.unsat), found
    return bool(found == z3.sat)


def _matches(packet: Unknown, rule: SecurityRule, spaces: Spaces) -> Any:
    every = ((0, 65_535),)
    if rule.protocol not in ("*", packet.protocol.capitalize()):
        return z3.BoolVal(False)
    if not packet.has_ports and (rule.target_ports, rule.source_ports) != (every, every):
        return z3.BoolVal(False)
    return z3.And(
        _within(packet.source, [pair for prefix in rule.sources for pair in spaces(prefix)]),
        _within(packet.target, [pair for prefix in rule.targets for pair in spaces(prefix)]),
        _within(packet.target_port, rule.target_ports),
        _within(packet.source_port, rule.source_ports),
    )


def _within(number: Any, intervals: Intervals | Iterable[tuple[int, int]]) -> Any:
    return z3.Or([z3.And(z3.UGE(number, first), z3.ULE(number, last)) for first, last in intervals])
