"""A Ruleset as a filter: the chains of a hook walked as the kernel walks them, with whole sets of packets.

Every base chain of the hook must let a packet through; the first that drops it ends its way. A rule that this
reader cannot decide (`unknown`) leaves a part undecided only where its matching would change the outcome.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from burstway.network.filters import Decision
from burstway.network.ruleset import Chain, FilterRule, Hook, Match, Ruleset, Verdict
from burstway.network.space import (
    ALL_PORTS,
    Intervals,
    Packets,
    difference,
    intersection,
    merged,
)

WITH_PORTS = frozenset({"tcp", "udp", "sctp", "dccp", "udplite"})
MOST_JUMPS = 16
"""The kernel's own limit on nested jumps (NFT_JUMP_STACK_SIZE)."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Packets on their way: still going on (`passed` None and not `unknown`), or decided."""

    packets: Packets
    verdict: Verdict
    by: str = ""
    unknown: str = ""


class RulesetFilter:
    """One hook of a ruleset. An interface that a rule names stands for the addresses behind it."""

    def __init__(self, ruleset: Ruleset, hook: Hook) -> None:
        self.name = ruleset.name
        self._ruleset = ruleset
        bases = [chain for chain in ruleset.chains.values() if chain.hook is hook]
        self._bases = sorted(bases, key=lambda chain: chain.priority)

    def decide(self, packets: Packets) -> Sequence[Decision]:
        if not self._bases:
            return [Decision(packets, True, f"{self.name} has no chain here")]
        decided: list[Decision] = []
        going = [Decision(packets, True, "")]
        for chain in self._bases:
            onward: list[Decision] = []
            for before in going:
                for part in self._through(chain, before.packets):
                    after = self._decision(chain, part, before)
                    (onward if after.passed is not False else decided).append(after)
            going = onward
        return decided + going

    def _decision(self, chain: Chain, part: _Part, before: Decision) -> Decision:
        if part.unknown or before.passed is None:
            cause = before.by if before.passed is None else f"{part.by}: {part.unknown}"
            if part.verdict in (Verdict.DROP, Verdict.REJECT) and not part.unknown:
                return Decision(part.packets, False, part.by, self._remedy(chain))
            return Decision(part.packets, None, cause, "it cannot be decided from the ruleset: try it")
        if part.verdict is Verdict.ACCEPT:
            by = "; ".join(each for each in (before.by, part.by) if each)
            return Decision(part.packets, True, by)
        return Decision(part.packets, False, part.by, self._remedy(chain))

    def _remedy(self, chain: Chain) -> str:
        return f"add a rule that accepts it to chain {chain.name} of {self.name}"

    def _through(self, chain: Chain, packets: Packets) -> list[_Part]:
        """A base chain: what returns or falls through gets its policy."""
        parts = self._walk(chain, 0, packets, 0)
        policy = f"{self.name}, chain {chain.name}: policy {chain.policy}"
        return [
            replace(part, verdict=chain.policy, by=policy) if part.verdict is Verdict.RETURN else part
            for part in parts
        ]

    def _walk(self, chain: Chain, start: int, packets: Packets, depth: int) -> list[_Part]:
        """What becomes of the packets from the rule `start` on; RETURN is the chain's end."""
        done: list[_Part] = []
        left = [packets]
        for index in range(start, len(chain.rules)):
            rule = chain.rules[index]
            rest: list[Packets] = []
            for each in left:
                matched, unmatched = self._split(rule, each)
                rest += unmatched
                for part in matched:
                    done += self._matched(chain, index, rule, part, depth, rest)
            left = rest
            if not left:
                return done
        return done + [_Part(each, Verdict.RETURN) for each in left]

    def _matched(
        self, chain: Chain, index: int, rule: FilterRule, part: Packets, depth: int, rest: list[Packets]
    ) -> list[_Part]:
        """The fate of packets that match the rule; those that go on behind it are added to `rest`."""
        if rule.unknown:
            return self._either(chain, index, rule, part, depth)
        if rule.verdict is Verdict.CONTINUE:
            rest.append(part)
            return []
        if rule.verdict not in (Verdict.JUMP, Verdict.GOTO):
            return [_Part(part, rule.verdict, rule.label)]
        target = self._ruleset.chains.get(rule.target)
        if target is None or depth >= MOST_JUMPS:
            return [_Part(part, Verdict.DROP, rule.label, f"there is no chain {rule.target}")]
        inside = self._walk(target, 0, part, depth + 1)
        if rule.verdict is Verdict.GOTO:
            return inside
        rest += [each.packets for each in inside if each.verdict is Verdict.RETURN]
        return [each for each in inside if each.verdict is not Verdict.RETURN]

    def _either(self, chain: Chain, index: int, rule: FilterRule, part: Packets, depth: int) -> list[_Part]:
        """An undecided rule: as if it did not match, unless it would make a difference."""
        without = self._walk(chain, index + 1, part, depth)
        if rule.verdict is Verdict.CONTINUE:
            return without
        known = (Verdict.ACCEPT, Verdict.DROP, Verdict.REJECT)
        return [
            each
            if each.verdict is rule.verdict and rule.verdict in known
            else replace(each, by=rule.label, unknown=rule.unknown)
            for each in without
        ]

    def _split(self, rule: FilterRule, packets: Packets) -> tuple[list[Packets], list[Packets]]:
        matched: list[Packets] = []
        left = [packets]
        for match in rule.matches:
            mine = self._products(match, packets.protocol)
            if mine is None:
                continue
            rest: list[Packets] = []
            for each in left:
                if part := each.and_(mine):
                    matched.append(part)
                    rest += each.without(part)
                else:
                    rest.append(each)
            left = rest
        return matched, left

    def _products(self, match: Match, protocol: str) -> Packets | None:
        if match.protocols is not None and protocol not in match.protocols:
            return None
        if protocol not in WITH_PORTS and (match.target_ports, match.source_ports) != (ALL_PORTS, ALL_PORTS):
            return None
        sources = self._behind(match.sources, match.came_by, match.came_not_by)
        targets = self._behind(match.targets, match.leaves_by, match.leaves_not_by)
        return Packets(protocol, sources, targets, match.target_ports, match.source_ports)

    def _behind(
        self, addresses: Intervals, among: frozenset[str] | None, not_among: frozenset[str]
    ) -> Intervals:
        """The addresses that are behind these interfaces; the reader has made rules that name an interface
        nobody knows `unknown`."""
        known = self._ruleset.interfaces
        if among is not None:
            behind = merged(pair for name in among for pair in known.get(name, ()))
            addresses = intersection(addresses, behind)
        if not_among:
            behind = merged(pair for name in not_among for pair in known.get(name, ()))
            addresses = difference(addresses, behind)
        return addresses
