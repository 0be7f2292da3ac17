"""`burstway network probe`: the connections that must exist, tried from both sides, and what came of it."""

import time
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from burstway.cli.asking import client, complete_node
from burstway.cli.output import bold, console, errors, print_json, table
from burstway.client import Client
from burstway.errors import BurstwayError
from burstway.flows.profiles import PROFILES
from burstway.model.names import fold_hostlist

POLL_S = 10
MOST_S = 1_800.0
STYLES = {
    "open": "green", "refused": "green", "silent": "yellow", "not tried": "yellow", "filtered": "bold red",
    "wrong service": "bold red",
}  # fmt: skip


def _complete_flow(incomplete: str) -> list[str]:
    return [
        row.name
        for rows in PROFILES.values()
        for row in rows
        if row.opened and row.name.startswith(incomplete)
    ]


Nodes = Annotated[
    str | None,
    typer.Argument(help="Nodes, as in hpc1-hpc-[1-4]; all that are up.", autocompletion=complete_node),
]
Flows = Annotated[
    list[str] | None,
    typer.Option("--flow", help="Only this flow; may be given again.", autocompletion=_complete_flow),
]
Timeout = Annotated[
    float | None, typer.Option("--timeout", min=0.1, max=30, help="Seconds for one connection.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    app.command("probe")(probe)


def probe(nodes: Nodes = None, flow: Flows = None, timeout: Timeout = None, json: Json = False) -> None:
    """Try the connections for real, between the site and its nodes and among nodes. Where nothing listens
    yet on a node, a listener is opened for it. Ends with code 1 when one does not work or was not tried."""
    with client() as asked:
        run = asked.post("/v1/network/probes", {"nodes": nodes, "flows": flow or [], "timeout_s": timeout})
        run = _follow(asked, run)
        tried = any(result["verdict"] != "not tried" for result in run["results"])
        example = "" if tried else nodes or _a_node(asked)
    if run["failed"]:
        raise BurstwayError(f"the probes gave no result: {run['failed']}")
    if json:
        print_json(run)
    else:
        _print(run)
        if not tried:
            start = f"burstway node start {example} --wait" if example else "burstway cluster import"
            console.print(f"  what to do: {start}, then this command again")
    if not tried or not all(result["good"] for result in run["results"]):
        raise typer.Exit(1)


def _follow(asked: Client, run: dict[str, Any]) -> dict[str, Any]:
    """The run once it has finished."""
    deadline = time.monotonic() + MOST_S
    columns = (TextColumn("probes"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        bar = progress.add_task("probes", total=run["of"], completed=run["done"])
        while not run["finished"]:
            if time.monotonic() > deadline:
                raise BurstwayError(f"the probes had not ended after {MOST_S:g} s", where=run["id"])
            run = asked.get(f"/v1/network/probes/{run['id']}", wait=POLL_S, after=run["done"])
            progress.update(bar, completed=run["done"])
    return run


def _a_node(asked: Client) -> str:
    """The name of a node that could be started."""
    for cluster in asked.get("/v1/clusters"):
        for array in cluster["arrays"]:
            return f"{cluster['name']}-{array['name']}-1"
    return ""


def _print(run: Mapping[str, Any]) -> None:
    results = run["results"]
    if results:
        console.print(table(("VERDICT", "FLOW", "FROM", "TO", "SERVICE", "WHAT IT MEANS"), _rows(results)))
        good = sum(result["good"] for result in results)
        console.print(f"{good} of {len(results)} probes found nothing in the way")
    else:
        console.print(bold("nothing was tried"))
    if run["left_out"]:
        console.print(table(("NOT TRIED", "WHY"), ((each["flow"], each["why"]) for each in run["left_out"])))


def _rows(results: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str | Text, ...]]:
    """The worst first, as they come; what is said alike of one flow is one row."""
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for result in results:
        key = (result["verdict"], result["flow"], result["protocol"], result["sentence"])
        groups.setdefault(key, []).append(result)
    for (verdict, flow, protocol, sentence), those in groups.items():
        ports = sorted({result["port"] for result in those})
        yield (
            Text(verdict, STYLES.get(verdict, "")),
            flow,
            fold_hostlist({result["source"] for result in those}),
            fold_hostlist({result["target"] for result in those}),
            f"{protocol} {', '.join(str(port) for port in ports)}",
            sentence,
        )
