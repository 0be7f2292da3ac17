"""The filter that the plan's rules make: what they name passes, everything else is dropped."""

from collections.abc import Iterable

from burstway.flows.rules import Rule
from burstway.network.flow_proofs import ports_space, space_of_places
from burstway.network.model import Network
from burstway.network.ruleset import Chain, FilterRule, Hook, Match, Ruleset, Verdict


def planned_filter(rules: Iterable[Rule], name: str, network: Network) -> Ruleset:
    """`network` gives the ranges of service tags."""

    made = tuple(
        FilterRule(
            (
                Match(
                    frozenset({str(rule.protocol)}),
                    space_of_places(network, rule.sources),
                    space_of_places(network, rule.targets),
                    ports_space(rule.ports),
                ),
            ),
            Verdict.ACCEPT,
            f"{name}, rule {rule.name}",
        )
        for rule in rules
    )
    return Ruleset(name, {"forward": Chain("forward", made, Hook.FORWARD, policy=Verdict.DROP)})
