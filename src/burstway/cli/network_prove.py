"""`burstway network prove` and `audit`: what gets through the network that there is, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from burstway.cli.asking import client
from burstway.cli.output import console, errors, print_json
from burstway.cli.proof_words import (
    finding_json,
    flow_json,
    flow_table,
    print_findings,
    print_gaps,
    print_hops,
    proof_json,
)
from burstway.cli.site_settings import Config
from burstway.errors import ControlPlaneError, InputError
from burstway.flows.profiles import flow
from burstway.network.audit import audit
from burstway.network.flow_proofs import prove_rules
from burstway.network.problems import Fault, Severity, network_problems
from burstway.network.prove import Prover
from burstway.network.read.documents import Document
from burstway.network.space import Packets
from burstway.service.endpoints import addresses, service
from burstway.service.found import Seen, files_of, look, read_files
from burstway.service.site_network import site_places, site_rules, unplaced
from burstway.settings import NetworkSettings, Settings, read_settings

Found = Annotated[
    list[str] | None,
    typer.Option(
        "--found", help="What is really there: files of `az network … -o json` or `nft -j list ruleset`."
    ),
]
Subnets = Annotated[
    list[str] | None,
    typer.Option(
        "--subnet", help="NAME=RANGE, for a table of rules that names subnets without their ranges."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

MANAGEMENT = ("ssh-node", "hpcpack-sp3-rdp")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a command works on: settings, network, and the addresses of the nodes that are up."""

    settings: Settings
    seen: Seen
    nodes: dict[str, str]

    @property
    def problems(self) -> list[Fault]:
        return network_problems(self.seen.network)


def register(app: typer.Typer) -> None:
    app.command("prove")(prove)
    app.command("audit")(audit_network)


def prove(
    source: Annotated[str | None, typer.Argument(metavar="[FROM", show_default=False)] = None,
    target: Annotated[str | None, typer.Argument(metavar="TO", show_default=False)] = None,
    port: Annotated[str | None, typer.Argument(metavar="PORT]", show_default=False)] = None,
    config: Config = None,
    found: Found = None,
    subnets: Subnets = None,
    json: Json = False,
) -> None:
    """Prove that every flow of the site gets through, or one connection hop by hop.

    FROM and TO are addresses, ranges, names of nodes, roles (node, scheduler, control-plane …), subnets or
    `internet`; PORT is a number, udp/NUMBER, or the name of a flow. Ends with code 1 when something stops.
    """
    asked = _ask(config, found or [], subnets or [])
    if source is None:
        _prove_all(asked, json)
        return
    if target is None or port is None:
        raise InputError("one connection has three parts", remedy="burstway network prove FROM TO PORT")
    places = site_places(asked.settings)
    head = str(asked.settings.site.address)
    names = {"head": head, asked.settings.site.head: head, **asked.nodes}
    protocol, ports = service(port)
    packets = Packets(
        protocol,
        addresses(source, asked.seen.network, places, names),
        addresses(target, asked.seen.network, places, names),
        ports,
    )
    proofs = list(Prover(asked.seen.network).prove(packets))
    if json:
        print_json({**_context(asked), "proofs": [proof_json(each) for each in proofs]})
    else:
        _say_notes(asked)
        for each in proofs:
            print_hops(each)
    _end(asked, (each.passes for each in proofs))


def _prove_all(asked: _Asked, json: bool) -> None:
    proofs = prove_rules(Prover(asked.seen.network), site_rules(asked.settings))
    missing = unplaced(asked.settings)
    if json:
        print_json(
            {
                **_context(asked),
                "flows": [flow_json(each) for each in proofs],
                "unplaced": [row.name for row in missing],
            }
        )
    else:
        _say_notes(asked)
        console.print(flow_table(proofs))
        for each in proofs:
            print_gaps(each)
        if missing:
            names = ", ".join(row.name for row in missing)
            console.print(f"not proved, as [network.places] does not say where their roles are: {names}")
    _end(asked, (not missing, *(each.passes for each in proofs)))


def audit_network(
    config: Config = None, found: Found = None, subnets: Subnets = None, json: Json = False
) -> None:
    """Say what is open that no flow needs, worst first, and which flows do not get through.

    Ends with code 1 when there is something to say.
    """
    asked = _ask(config, found or [], subnets or [], audit=True)
    prover, rules = Prover(asked.seen.network), site_rules(asked.settings)
    findings = audit(prover, rules, [flow(name) for name in MANAGEMENT])
    stopped = [each for each in prove_rules(prover, rules) if each.passes is not True]
    if json:
        print_json(
            {
                **_context(asked),
                "open": [finding_json(each) for each in findings],
                "stopped": [flow_json(each) for each in stopped],
            }
        )
    else:
        _say_notes(asked)
        print_findings(findings)
        for each in stopped:
            print_gaps(each)
    _end(asked, (not findings, not stopped))


def _context(asked: _Asked) -> dict[str, object]:
    """What every answer rests on."""
    return {"notes": asked.seen.notes, "problems": [str(problem) for problem in asked.problems]}


def _say_notes(asked: _Asked) -> None:
    """What was assumed, and what is wrong with the network whatever is asked about it."""
    for note in asked.seen.notes:
        errors.print(Text(f"note: {note}", "dim"))
    for problem in asked.problems:
        style = "bold red" if problem.severity is Severity.ERROR else "yellow"
        errors.print(Text.assemble(("network: ", style), str(problem)))


def _end(asked: _Asked, verdicts: Iterable[bool | None]) -> None:
    wrong = any(problem.severity is Severity.ERROR for problem in asked.problems)
    if wrong or any(verdict is not True for verdict in verdicts):
        raise typer.Exit(1)


def _ask(config: Path | None, found: Sequence[str], named: Sequence[str], *, audit: bool = False) -> _Asked:
    subnets = _subnets(named)
    if config is not None:
        settings = read_settings(config)
        documents = read_files(files_of(settings, found))
        return _Asked(settings, look(settings, documents, subnets, planned=not audit), {})
    try:
        with client() as asked:
            answer = asked.get("/v1/network")
            nodes = {n["name"]: n["address"] for n in asked.get("/v1/nodes") if n["address"]}
    except ControlPlaneError as refused:
        raise ControlPlaneError(
            refused.what, where=refused.where,
            remedy="without the control plane: burstway network prove --config burstway.toml",
        ) from refused  # fmt: skip
    settings = Settings.model_validate(answer["settings"])
    bare = settings.model_copy(update={"network": NetworkSettings()})  # its own files have been read there
    documents = [Document(**each) for each in answer["documents"]] + read_files(files_of(bare, found))
    return _Asked(settings, look(settings, documents, subnets, planned=not audit), nodes)


def _subnets(named: Sequence[str]) -> dict[str, list[IPv4Network]]:
    subnets: dict[str, list[IPv4Network]] = {}
    for pair in named:
        name, _, written = pair.partition("=")
        try:
            subnets.setdefault(name, []).append(IPv4Network(written))
        except ValueError as refused:
            raise InputError(
                f"--subnet {pair!r}: {refused}", remedy="as in --subnet compute=10.0.1.0/24"
            ) from refused
    return subnets
