"""What people are told: the verdict beside the proof, the worst first."""

import itertools

import pytest
from planned import FLOWS, HEAD, NODES

from burstway.probes.outcome import Outcome, Verdict
from burstway.probes.plan import Probe
from burstway.probes.report import UNPROVED, Expected, Result, join, worst_first

PROBE = Probe(FLOWS[1], HEAD, NODES[0], 6818)
RULE = "NSG `private-nsg` rule 65500 DenyAllInBound"
CLOSED, OPEN = Expected(False, RULE), Expected(True, "rule 100 slurmd")

SENTENCES: list[tuple[Verdict, str, Expected, str]] = [
    (Verdict.FILTERED, "no answer in 3 s", CLOSED, f"filtered, as proved: {RULE}"),
    (
        Verdict.FILTERED,
        "no answer in 3 s",
        OPEN,
        "filtered, but proved open: the model does not match the network (no answer in 3 s)",
    ),
    (Verdict.FILTERED, "No route to host", UNPROVED, "filtered: No route to host"),
    (Verdict.OPEN, "", UNPROVED, "open"),
    (Verdict.OPEN, "", OPEN, "open, as proved"),
    (Verdict.OPEN, "", CLOSED, f"open, though proved closed: {RULE}"),
    (
        Verdict.REFUSED,
        "Connection refused",
        UNPROVED,
        "refused: the packet got there, nobody listens on tcp 6818",
    ),
    (Verdict.REFUSED, "", OPEN, "refused: the packet got there, nobody listens on tcp 6818"),
    (
        Verdict.REFUSED,
        "",
        CLOSED,
        f"refused, though proved closed: the packet got there, nobody listens on tcp 6818, past {RULE}",
    ),
    (Verdict.WRONG, "it said 'x'", CLOSED, "wrong service: it said 'x'"),
    (Verdict.NOT_TRIED, "n-1 is booting", UNPROVED, "not tried: n-1 is booting"),
    (Verdict.NOT_TRIED, "n-1 is booting", CLOSED, f"not tried: n-1 is booting; proved closed: {RULE}"),
    (
        Verdict.SILENT,
        "no answer in 3 s",
        OPEN,
        "silent: no answer in 3 s; a service that does not know the question gives none either",
    ),
]


@pytest.mark.parametrize(("verdict", "detail", "expected", "sentence"), SENTENCES)
def test_each_verdict_is_a_sentence(verdict: Verdict, detail: str, expected: Expected, sentence: str) -> None:
    """With the rule that was proved to decide, where there is one."""
    assert Result(PROBE, Outcome(verdict, detail), expected).sentence == sentence


def every_result() -> list[Result]:
    return [
        Result(PROBE, Outcome(verdict, "detail"), expected)
        for verdict, expected in itertools.product(Verdict, (UNPROVED, OPEN, CLOSED))
    ]


def test_every_verdict_has_a_place_and_a_sentence_beside_every_proof() -> None:
    """Sorting never fails, and what is bad comes before what is good, but for what was proved closed."""
    ordered = worst_first(reversed(every_result()))
    assert len(ordered) == len(every_result())
    assert all(result.sentence for result in ordered)
    assert ordered[0].sentence.startswith("filtered, but proved open")
    assert ordered[-1].outcome.verdict is Verdict.OPEN
    plain = [result for result in ordered if result.expected.passes is not False]
    assert [result.good for result in plain] == sorted(result.good for result in plain)


def test_what_passes_is_good_and_what_stops_a_flow_is_blocked() -> None:
    """A refused connection got there. What was not tried is no good news, and blocked only if proved so."""
    good = {result.outcome.verdict for result in every_result() if result.good}
    assert good == {Verdict.OPEN, Verdict.REFUSED, Verdict.SILENT}
    for result in every_result():
        assert not (result.good and result.blocked)
        if result.outcome.verdict is Verdict.NOT_TRIED:
            assert result.blocked == (result.expected.passes is False)


def test_a_missing_outcome_is_a_mistake() -> None:
    """A probe without a verdict is never passed over."""
    with pytest.raises(ValueError, match="zip"):
        join([PROBE, PROBE], [Outcome(Verdict.OPEN)], [None, None])
