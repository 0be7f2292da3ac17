"""Proofs and findings in words for people, and as JSON for programs."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.text import Text

from burstway.cli.output import console, table
from burstway.flows.profiles import flow
from burstway.flows.table import Flow
from burstway.network.audit import Danger, Finding
from burstway.network.flow_proofs import FlowProof
from burstway.network.prove import Gap, Proof

MOST_GAPS = 10
WORDS = {True: ("passes", "green"), False: ("stops", "bold red"), None: ("not known", "yellow")}


def print_findings(findings: Sequence[Finding]) -> None:
    if not findings:
        console.print("nothing is open that no flow needs")
        return
    for danger in Danger:
        those = [finding for finding in findings if finding.danger is danger]
        if not those:
            continue
        console.print(Text(danger.text, "bold red" if danger < Danger.ANY_PORT else "bold yellow"))
        for each in those:
            console.print(f"  {each.source} → {each.target}  {each.service}  ({each.addresses})")
            for by in each.by:
                console.print(Text(f"      {by}", "dim"))


def print_hops(proof: Proof) -> None:
    word, style = WORDS[proof.passes]
    console.print(Text.assemble((f"{proof.source} → {proof.target}  {proof.packets}: "), (word, style)))
    for step in proof.steps:
        console.print(
            Text.assemble(("  ✓ ", "green"), step.where, (f"  {step.by}" if step.by else "", "dim"))
        )
    for gap in proof.gaps:
        _print_gap(gap)


def _print_gap(gap: Gap) -> None:
    mark = ("  ✗ ", "bold red") if gap.certain else ("  ? ", "yellow")
    console.print(Text.assemble(mark, gap.where, (f"  {gap.by}", "bold")))
    console.print(f"      stopped: {gap.packets}")
    console.print(Text(f"      what to do: {gap.remedy}"))


def print_gaps(proof: FlowProof) -> None:
    if proof.passes is True:
        return
    console.print(
        Text.assemble("\n", (proof.rule.name, "bold"), f" ({proof.rule.service}): {proof.rule.purpose}")
    )
    if proof.unproved:
        console.print(f"  ? {proof.unproved}")
    for gap in proof.gaps[:MOST_GAPS]:
        _print_gap(gap)
    if len(proof.gaps) > MOST_GAPS:
        console.print(f"  and {len(proof.gaps) - MOST_GAPS} more")


def flow_table(proofs: Iterable[FlowProof]) -> Any:
    rows = []
    for each in proofs:
        row: Flow = flow(each.rule.name)
        word, style = WORDS[each.passes]
        rows.append(
            (row.name, row.source.value, row.target.value, each.rule.service, Text(word, style), _why(each))
        )
    return table(("FLOW", "FROM", "TO", "SERVICE", "PROOF", "BY"), rows)


def _why(proof: FlowProof) -> str:
    if proof.unproved:
        return proof.unproved
    if proof.gaps:
        return str(proof.gaps[0])
    rules = dict.fromkeys(step.by for step in proof.proofs[0].steps if step.filtered)
    return "; ".join(rules) or "nothing filters it"


def proof_json(proof: Proof) -> dict[str, Any]:
    return {
        "from": proof.source,
        "to": proof.target,
        "packets": str(proof.packets),
        "passes": proof.passes,
        "steps": [{"where": step.where, "by": step.by} for step in proof.steps],
        "gaps": [
            {
                "where": g.where,
                "by": g.by,
                "packets": str(g.packets),
                "remedy": g.remedy,
                "certain": g.certain,
            }
            for g in proof.gaps
        ],
    }


def flow_json(proof: FlowProof) -> dict[str, Any]:
    return {
        "flow": proof.rule.name,
        "service": proof.rule.service,
        "passes": proof.passes,
        "unproved": proof.unproved,
        "proofs": [proof_json(each) for each in proof.proofs],
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "danger": finding.danger.text,
        "from": finding.source,
        "to": finding.target,
        "service": finding.service,
        "packets": [str(each) for each in finding.packets],
        "by": list(finding.by),
    }
