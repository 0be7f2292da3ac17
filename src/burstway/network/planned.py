"""The filter that the plan's rules make: what they name passes, everything else is dropped."""

from collections.abc import Iterable, Sequence

from burstway.flows.rules import Place, Rule
from burstway.network.flow_proofs import ports_space, spaces
from burstway.network.model import Network
from burstway.network.ruleset import Chain, FilterRule, Hook, Match, Ruleset, Verdict
from burstway.network.space import Intervals, merged


def planned_filter(rules: Iterable[Rule], name: str, network: Network) -> Ruleset:
    """`network` gives the ranges of service tags."""

    def space(places: Sequence[Place]) -> Intervals:
        return merged(pair for _, found in spaces(network, places) for pair in found)

    made = tuple(
        FilterRule(
            (
                Match(
                    frozenset({str(rule.protocol)}),
                    space(rule.sources),
                    space(rule.targets),
                    ports_space(rule.ports),
                ),
            ),
            Verdict.ACCEPT,
            f"{name}, rule {rule.name}",
        )
        for rule in rules
    )
    return Ruleset(name, {"forward": Chain("forward", made, Hook.FORWARD, policy=Verdict.DROP)})
