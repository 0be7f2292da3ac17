"""A Ruleset as a filter: the chains of a hook walked as the kernel walks them, with whole sets of packets.

Every base chain of the hook must let a packet through; the first that drops it ends its way. A rule that this
reader cannot decide (`unknown`) leaves a part undecided only where its matching would change the outcome.
Packets that it may match go on, with what it may have made of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from burstway.network.filters import Decision
from burstway.network.ruleset import Chain, FilterRule, Hook, Match, Ruleset, Verdict
from burstway.network.space import (
    ALL_PORTS,
    WITH_PORTS,
    Intervals,
    Packets,
    difference,
    intersection,
    merged,
    subtract_all,
)

MOST_JUMPS = 16
"""The kernel's own limit on nested jumps (NFT_JUMP_STACK_SIZE)."""

_TRY_IT = "it cannot be decided from the ruleset: try it"


_MAY = {
    Verdict.ACCEPT: frozenset({True}),
    Verdict.DROP: frozenset({False}),
    Verdict.REJECT: frozenset({False}),
    Verdict.RETURN: frozenset({True, False}),
    Verdict.CONTINUE: frozenset[bool](),
}
"""What may become of packets that perhaps match a rule with this verdict."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Packets on their way (CONTINUE), at the end of a chain (RETURN), or decided. `may` is what rules that
    perhaps match may have made of them before, and `doubt` names the first of those rules."""

    packets: Packets
    verdict: Verdict = Verdict.CONTINUE
    by: str = ""
    may: frozenset[bool] = frozenset()
    doubt: str = ""


_BACK = {Hook.FORWARD: Hook.FORWARD, Hook.INPUT: Hook.OUTPUT, Hook.OUTPUT: Hook.INPUT}
"""The hook that answers come by."""

_ACCEPT_ANSWERS = "let answers pass, before anything drops them: ct state established,related accept"

CHOSEN_PORTS: Intervals = ((1024, 65_535),)
"""From which programs connect: rules without state that let answers back to these are enough."""


def _turned(packets: Packets) -> Packets:
    """The packets that answer these, or are answered by them."""
    return Packets(
        packets.protocol, packets.targets, packets.sources, packets.source_ports, packets.target_ports
    )


class RulesetFilter:
    """One hook of a ruleset. An interface that a rule names stands for the addresses behind it."""

    def __init__(self, ruleset: Ruleset, hook: Hook) -> None:
        self.name = ruleset.name
        self._ruleset = ruleset
        bases = [chain for chain in ruleset.chains.values() if chain.hook is hook]
        self._bases = sorted(bases, key=lambda chain: chain.priority)
        self._back = RulesetFilter(ruleset.answers, _BACK[hook]) if ruleset.answers else None

    def decide(self, packets: Packets) -> Sequence[Decision]:
        """A connection passes when its first packet does and what answers it does."""
        return [
            each
            for decision in self._first(packets)
            for each in (self._answered(decision) if decision.passed else [decision])
        ]

    def _answered(self, decision: Decision) -> list[Decision]:
        if self._back is None:
            return [decision]
        chosen = intersection(decision.packets.source_ports, CHOSEN_PORTS) or decision.packets.source_ports
        answers = self._back.decide(_turned(replace(decision.packets, source_ports=chosen)))
        stopped = [
            Decision(
                _turned(each.packets), each.passed, f"answers: {each.by}", each.remedy and _ACCEPT_ANSWERS
            )
            for each in answers
            if not each.passed
        ]
        passed = subtract_all([decision.packets], [each.packets for each in stopped])
        return [*(replace(decision, packets=each) for each in passed), *stopped]

    def _first(self, packets: Packets) -> Sequence[Decision]:
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
        """By this chain and those before it: all of them must accept."""
        passed = part.verdict is Verdict.ACCEPT
        if part.may - {passed}:
            return Decision(part.packets, None, part.doubt, _TRY_IT)
        if not passed:
            return Decision(part.packets, False, part.by, self._remedy(chain))
        if before.passed is None:
            return replace(before, packets=part.packets)
        return Decision(part.packets, True, "; ".join(each for each in (before.by, part.by) if each))

    def _remedy(self, chain: Chain) -> str:
        return f"add a rule that accepts it to chain {chain.name} of {self.name}"

    def _through(self, chain: Chain, packets: Packets) -> list[_Part]:
        """A base chain: what returns or falls through gets its policy."""
        policy = f"{self.name}, chain {chain.name}: policy {chain.policy}"
        return [
            replace(part, verdict=chain.policy, by=policy) if part.verdict is Verdict.RETURN else part
            for part in self._walk(chain, _Part(packets), 0)
        ]

    def _walk(self, chain: Chain, part: _Part, depth: int) -> list[_Part]:
        """What becomes of the packets in this chain; RETURN is its end."""
        done: list[_Part] = []
        left = [part]
        for rule in chain.rules:
            rest: list[_Part] = []
            for each in left:
                matched, unmatched = self._split(rule, each.packets)
                rest += [replace(each, packets=packets) for packets in unmatched]
                for packets in matched:
                    for after in self._matched(rule, replace(each, packets=packets), depth):
                        (rest if after.verdict is Verdict.CONTINUE else done).append(after)
            left = rest
            if not left:
                break
        return done + [replace(each, verdict=Verdict.RETURN) for each in left]

    def _matched(self, rule: FilterRule, part: _Part, depth: int) -> list[_Part]:
        """The fate of packets that match the rule; those with CONTINUE go on behind it."""
        ends = self._outcome(rule, part, depth)
        if not rule.unknown:
            return ends
        doubt = part.doubt or f"{rule.label}: {rule.unknown}"
        return [replace(part, packets=e.packets, may=e.may | _MAY[e.verdict], doubt=doubt) for e in ends]

    def _outcome(self, rule: FilterRule, part: _Part, depth: int) -> list[_Part]:
        if rule.verdict not in (Verdict.JUMP, Verdict.GOTO):
            return [replace(part, verdict=rule.verdict, by=rule.label)]
        target = self._ruleset.chains.get(rule.target)
        if target is None or depth >= MOST_JUMPS:
            doubt = f"{rule.label}: there is no chain {rule.target}"
            return [replace(part, verdict=Verdict.DROP, may=frozenset({True, False}), doubt=doubt)]
        inside = self._walk(target, part, depth + 1)
        if rule.verdict is Verdict.GOTO:
            return inside
        return [
            replace(each, verdict=Verdict.CONTINUE) if each.verdict is Verdict.RETURN else each
            for each in inside
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
