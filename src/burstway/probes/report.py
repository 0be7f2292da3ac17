"""What the verdicts mean, beside what was proved: in sentences for people, the worst first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from burstway.probes.outcome import Outcome, Verdict
from burstway.probes.plan import Probe


@dataclass(frozen=True, slots=True)
class Expected:
    """What the static proof says of a probe. `passes` is None where it cannot tell; `by` names the rule or
    the route that decides, as in: NSG `private-nsg` rule 65500 DenyAllInBound."""

    passes: bool | None
    by: str = ""


UNPROVED = Expected(None)


@dataclass(frozen=True, slots=True)
class Result:
    probe: Probe
    outcome: Outcome
    expected: Expected = UNPROVED

    @property
    def good(self) -> bool:
        """Whether the network does what the flow needs, as far as can be told."""
        return self.outcome.verdict in (Verdict.OPEN, Verdict.REFUSED, Verdict.SILENT)

    @property
    def blocked(self) -> bool:
        """Whether the flow does not work: it was tried, or it could not be and is proved closed."""
        if self.outcome.verdict is Verdict.NOT_TRIED:
            return self.expected.passes is False
        return not self.good

    @property
    def sentence(self) -> str:
        return _SENTENCES[self.outcome.verdict](self)


def join(
    probes: Sequence[Probe], outcomes: Sequence[Outcome], expected: Sequence[Expected | None]
) -> list[Result]:
    """One result a probe, in the plan's order."""
    return [
        Result(probe, outcome, proof or UNPROVED)
        for probe, outcome, proof in zip(probes, outcomes, expected, strict=True)
    ]


def worst_first(results: Iterable[Result]) -> list[Result]:
    return sorted(results, key=_rank)


def _rank(result: Result) -> int:
    """What surprises comes before what was proved."""
    verdict, passes = result.outcome.verdict, result.expected.passes
    if passes is False and verdict in (Verdict.OPEN, Verdict.REFUSED):
        return _ORDER.index("proved closed")
    if verdict is Verdict.FILTERED and passes is not None:
        return _ORDER.index("filtered, but proved open" if passes else "filtered, as proved")
    return _ORDER.index(verdict)


_ORDER: tuple[str, ...] = (
    "filtered, but proved open", Verdict.WRONG, Verdict.FILTERED, "filtered, as proved", "proved closed",
    Verdict.NOT_TRIED, Verdict.SILENT, Verdict.REFUSED, Verdict.OPEN,
)  # fmt: skip


def _filtered(result: Result) -> str:
    if result.expected.passes is False:
        return f"filtered, as proved: {result.expected.by}"
    if result.expected.passes:
        return f"filtered, but proved open: the model does not match the network ({result.outcome.detail})"
    return f"filtered: {result.outcome.detail}"


def _open(result: Result) -> str:
    if result.expected.passes is False:
        return f"open, though proved closed: {result.expected.by}"
    return "open, as proved" if result.expected.passes else "open"


def _refused(result: Result) -> str:
    got_there = f"the packet got there, nobody listens on {result.probe.service}"
    if result.expected.passes is False:
        return f"refused, though proved closed: {got_there}, past {result.expected.by}"
    return f"refused: {got_there}"


def _wrong(result: Result) -> str:
    return f"wrong service: {result.outcome.detail}"


def _silent(result: Result) -> str:
    return f"silent: {result.outcome.detail}; a service that does not know the question gives none either"


def _not_tried(result: Result) -> str:
    proof = f"; proved closed: {result.expected.by}" if result.expected.passes is False else ""
    return f"not tried: {result.outcome.detail}{proof}"


_SENTENCES = {
    Verdict.OPEN: _open,
    Verdict.REFUSED: _refused,
    Verdict.FILTERED: _filtered,
    Verdict.WRONG: _wrong,
    Verdict.SILENT: _silent,
    Verdict.NOT_TRIED: _not_tried,
}
