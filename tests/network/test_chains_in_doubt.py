"""Rules that cannot be decided: what is said of a packet holds however they turn out, and no
more is left open than must be."""

from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from burstway.network.chains import RulesetFilter
from burstway.network.ruleset import Chain, FilterRule, Hook, Match, Ruleset, Verdict
from burstway.network.space import Packets

PORTS = range(3)
PACKETS = Packets("tcp", ((1, 1),), ((2, 2),), ((0, 2),))
BELOW = {"base": ("first", "second"), "first": ("second",), "second": ()}


@st.composite
def rules(draw: st.DrawFn, chain: str) -> FilterRule:
    ends = [Verdict.ACCEPT, Verdict.DROP, Verdict.RETURN, Verdict.CONTINUE]
    verdict = draw(st.sampled_from([*ends, Verdict.JUMP, Verdict.GOTO] if BELOW[chain] else ends))
    target = draw(st.sampled_from(BELOW[chain])) if verdict in (Verdict.JUMP, Verdict.GOTO) else ""
    first, last = sorted((draw(st.sampled_from(PORTS)), draw(st.sampled_from(PORTS))))
    unknown = draw(st.sampled_from(("", "", "a mark")))
    return FilterRule((Match(target_ports=((first, last),)),), verdict, "a rule", target, unknown)


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    policy = draw(st.sampled_from((Verdict.ACCEPT, Verdict.DROP)))
    chains = {
        name: Chain(
            name, tuple(draw(st.lists(rules(name), max_size=3))), Hook.FORWARD if name == "base" else None
        )
        for name in BELOW
    }
    return Ruleset("r", {**chains, "base": replace(chains["base"], policy=policy)})


def verdicts(ruleset: Ruleset) -> list[bool | None]:
    """Of each port."""
    decisions = RulesetFilter(ruleset, Hook.FORWARD).decide(PACKETS)
    return [
        next(d.passed for d in decisions if d.packets.and_(replace(PACKETS, target_ports=((port, port),))))
        for port in PORTS
    ]


def certain(ruleset: Ruleset, matching: dict[tuple[str, int], bool]) -> Ruleset:
    """The same, where it is known which of the undecided rules match."""
    chains = {}
    for name, chain in ruleset.chains.items():
        kept = [
            replace(rule, unknown="")
            for index, rule in enumerate(chain.rules)
            if not rule.unknown or matching[name, index]
        ]
        chains[name] = replace(chain, rules=tuple(kept))
    return replace(ruleset, chains=chains)


@settings(max_examples=300, deadline=None)
@given(rulesets())
def test_what_is_said_holds_either_way(ruleset: Ruleset) -> None:
    """Passed or dropped is said only where it is so whichever undecided rules match."""
    unknown = [(n, i) for n, c in ruleset.chains.items() for i, rule in enumerate(c.rules) if rule.unknown]
    said = verdicts(ruleset)
    for turns in product((True, False), repeat=len(unknown)):
        found = verdicts(certain(ruleset, dict(zip(unknown, turns, strict=True))))
        assert None not in found
        assert all(one in (None, other) for one, other in zip(said, found, strict=True)), (said, found)


def in_chain(*rules: FilterRule, policy: Verdict = Verdict.DROP) -> list[bool | None]:
    """A base chain that jumps to a chain with these rules and then has its policy."""
    jump = FilterRule((Match(),), Verdict.JUMP, "jump", "first")
    base = Chain("base", (jump,), Hook.FORWARD, policy=policy)
    return verdicts(Ruleset("r", {"base": base, "first": Chain("first", rules)}))


PERHAPS_ACCEPT = FilterRule((Match(target_ports=((1, 1),)),), Verdict.ACCEPT, "marked", unknown="a mark")
PERHAPS_DROP = replace(PERHAPS_ACCEPT, verdict=Verdict.DROP)
ACCEPT = FilterRule((Match(),), Verdict.ACCEPT, "accept")


def test_doubt_is_carried_out_of_a_chain() -> None:
    """A rule in a chain that was jumped to leaves its packets in doubt behind it, and no others."""
    assert in_chain(PERHAPS_ACCEPT) == [False, None, False]
    assert in_chain(PERHAPS_DROP, ACCEPT) == [True, None, True]


def test_no_doubt_where_it_makes_no_difference() -> None:
    """Whatever the rule does, the rest of the chain, or the policy, would do the same."""
    assert in_chain(PERHAPS_DROP) == [False, False, False]
    assert in_chain(PERHAPS_ACCEPT, ACCEPT) == [True, True, True]
    assert in_chain(PERHAPS_ACCEPT, policy=Verdict.ACCEPT) == [True, True, True]
