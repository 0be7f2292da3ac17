"""What a filter does with a set of packets: which part passes, which does not, and which rule said so.

The first rule that matches decides. A rule takes its part out of what is left and hands the rest on, so that
the answer is exact for every packet of the set, and the work grows with the rules and not with addresses.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from burstway.network.space import ALL_PORTS, WITH_PORTS, Intervals, Packets, overlap


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of these packets and by what. `passed` is None where it cannot be known; `by` is how a
    person finds the rule; `remedy` is what would let them pass."""

    packets: Packets
    passed: bool | None
    by: str
    remedy: str = ""


class Filter(Protocol):
    """A place where packets are let through or not. `name` is how people call it."""

    name: str

    def decide(self, packets: Packets) -> Sequence[Decision]:
        """Disjoint parts that together are `packets`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule made ready: `protocols` None is every one. A rule that names ports is about protocols that
    have some. `unknown` says why it is not known which of these packets match, if it is not."""

    protocols: frozenset[str] | None
    sources: Intervals
    targets: Intervals
    target_ports: Intervals
    source_ports: Intervals
    passed: bool
    by: str
    remedy: str = ""
    unknown: str = ""

    def part_of(self, packets: Packets) -> Packets | None:
        if not (
            (self.protocols is None or packets.protocol in self.protocols)
            and (packets.protocol in WITH_PORTS or self.target_ports == self.source_ports == ALL_PORTS)
            and overlap(self.target_ports, packets.target_ports)
            and overlap(self.targets, packets.targets)
            and overlap(self.sources, packets.sources)
            and overlap(self.source_ports, packets.source_ports)
        ):
            return None
        mine = Packets(packets.protocol, self.sources, self.targets, self.target_ports, self.source_ports)
        return packets.and_(mine)


def first_match(rules: Sequence[Rule], packets: Packets) -> list[Decision]:
    """The decisions of an ordered list, the last of whose rules matches everything."""
    decisions: list[Decision] = []
    left = [packets]
    for index, rule in enumerate(rules):
        if rule.part_of(packets) is None:
            continue
        rest: list[Packets] = []
        for each in left:
            part = rule.part_of(each)
            if part is None:
                rest.append(each)
                continue
            if rule.unknown:
                decisions += _either(rule, first_match(rules[index + 1 :], part))
            else:
                decisions.append(Decision(part, rule.passed, rule.by, rule.remedy))
            rest += each.without(part)
        left = rest
        if not left:
            return decisions
    assert not left, f"no rule decides on {left[0]}"
    return decisions


def _either(rule: Rule, without: Iterable[Decision]) -> list[Decision]:
    """The decisions without a rule that may match or not: not known where the rule would change them."""
    return [
        each
        if each.passed is rule.passed
        else replace(each, passed=None, by=f"{rule.by}: {rule.unknown}", remedy="say what it stands for")
        for each in without
    ]


def restricted(decisions: Iterable[Decision], packets: Packets) -> list[Decision]:
    """The decisions on a part of what they were made for."""
    return [
        Decision(part, decision.passed, decision.by, decision.remedy)
        for decision in decisions
        if overlap(decision.packets.targets, packets.targets)
        and overlap(decision.packets.sources, packets.sources)
        and (part := decision.packets.and_(packets))
    ]
