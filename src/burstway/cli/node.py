"""`burstway node`: what nodes there are and why they are as they are; starting and stopping them by hand."""

import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.text import Text

from burstway.cli.asking import client, complete_node, segment
from burstway.cli.output import clock_time, console, duration, node_rows, print_json, table
from burstway.client import Client
from burstway.errors import BurstwayError
from burstway.lab.screen import STYLES
from burstway.model.names import expand_hostlist

app = typer.Typer(no_args_is_help=True, help="Nodes: list, explain, start, stop. It works without Slurm too.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Hostlist = Annotated[str, typer.Argument(help="Nodes, as in hpc1-hpc-[1-4].", autocompletion=complete_node)]
Wait = Annotated[bool, typer.Option("--wait", help="Return when it has happened, or has failed.")]
WAIT_S = 900.0


@app.command("list")
def list_nodes(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are gone.")] = False,
    json: Json = False,
) -> None:
    """Every node with its state and the reason for it."""
    with client() as asked:
        nodes = asked.get("/v1/nodes", everything=everything)
    if json:
        print_json(nodes)
    elif not nodes:
        console.print("there are no nodes" + ("" if everything else "; --all shows those that are gone"))
    else:
        console.print(node_rows(nodes, time.time()))


@app.command("show")
def show(name: Annotated[str, typer.Argument(autocompletion=complete_node)], json: Json = False) -> None:
    """One node as it is on record."""
    with client() as asked:
        node = asked.get(f"/v1/nodes/{segment(name)}")
    node.pop("story")
    if json:
        print_json(node)
        return
    times = ("since", "launched_at", "seen_at", "explained_at")
    for key, value in node.items():
        shown = clock_time(value) if key in times else str(value)
        console.print(Text.assemble((f"{key:16}", "bold"), " ", shown))


@app.command("explain")
def explain(name: Annotated[str, typer.Argument(autocompletion=complete_node)], json: Json = False) -> None:
    """The node's whole story: when, into which state, why, and what caused it."""
    with client() as asked:
        node = asked.get(f"/v1/nodes/{segment(name)}")
    if json:
        print_json(node)
        return
    reason = node["reason"] or "it was never asked for"
    console.print(Text.assemble((name, "bold"), " is ", (node["state"], "bold"), f": {reason}"))
    if node["trouble"]:
        console.print(Text.assemble(("network: ", "bold red"), node["trouble"]))
    for line in _story_lines(node["story"]):
        console.print(line)


def _story_lines(story: list[dict[str, Any]]) -> Iterator[Text]:
    """A line an event, with the seconds since the node was asked for; each life of the node by itself."""
    life, began = None, 0.0
    for event in story:
        if event["generation"] != life:
            life, began = event["generation"], event["time"]
            yield Text(f"life {life}", "bold")
        yield Text.assemble(
            (f"  {clock_time(event['time'])} +{event['time'] - began:7.1f} s  ", "dim"),
            (f"{event['state']:10}", STYLES.get(event["state"], "")),
            f" {event['reason']}",
            (f"  ← {event['cause']}", "dim"),
        )


@app.command("start")
def start(
    nodes: Hostlist,
    reason: Annotated[str, typer.Option(help="Why; it is shown beside the state.")] = "",
    wait: Wait = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which nodes it would be.")] = False,
    json: Json = False,
) -> None:
    """Rent machines for these nodes, with or without Slurm."""
    _act("start", nodes, reason, wait, dry_run, json, until="ready")


@app.command("stop")
def stop(
    nodes: Hostlist,
    reason: Annotated[str, typer.Option(help="Why; it is shown beside the state.")] = "",
    force: Annotated[bool, typer.Option("--force", help="At once, whatever runs there.")] = False,
    wait: Wait = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which nodes it would be.")] = False,
    json: Json = False,
) -> None:
    """Give machines back: when their jobs have ended, or at once with --force."""
    _act("stop", nodes, reason, wait, dry_run, json, until="gone", force=force)


def _act(
    action: str, hostlist: str, reason: str, wait: bool, dry_run: bool, json: bool, *, until: str,
    force: bool = False,
) -> None:  # fmt: skip
    with client() as asked:
        if dry_run:
            nodes = [asked.get(f"/v1/nodes/{name}") for name in expand_hostlist(hostlist, 1000)]
        else:
            body = {"nodes": hostlist, "reason": reason, "force": force}
            nodes = asked.post(f"/v1/nodes/{action}", body)
            if wait:
                nodes = _wait(asked, [node["name"] for node in nodes], until)
    if json:
        print_json([{key: value for key, value in node.items() if key != "story"} for node in nodes])
    else:
        if dry_run:
            console.print(f"would {action}:")
        console.print(node_rows(nodes, time.time()))
    failed = [node for node in nodes if wait and node["state"] != until]
    if failed:
        raise typer.Exit(1)


def _wait(asked: Client, names: list[str], until: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + WAIT_S
    wanted = set(names)
    ends = {until, "gone"} if until == "ready" else {until}
    with console.status(f"waiting until {len(names)} nodes are {until}") as status:
        while time.monotonic() < deadline:
            nodes = [n for n in asked.get("/v1/nodes", everything=True) if n["name"] in wanted]
            there = sum(node["state"] == until for node in nodes)
            status.update(f"{there} of {len(names)} nodes are {until}")
            if all(node["state"] in ends for node in nodes):
                return nodes
            time.sleep(0.2)
    raise BurstwayError(f"not all nodes were {until} after {WAIT_S:g} s", remedy="burstway node list")


def cost(json: Json = False) -> None:
    """What machines have cost and which of them still bill, by the provider's prices."""
    with client() as asked:
        rentals = asked.get("/v1/rentals")
    if json:
        print_json(rentals)
        return
    console.print(cost_table(rentals))


def cost_table(rentals: list[dict[str, Any]]) -> Any:
    """A row for each machine type: how many machines, how long in all, what they cost."""
    rows = []
    now = time.time()
    for offer in sorted({rental["offer"] for rental in rentals}):
        those = [rental for rental in rentals if rental["offer"] == offer]
        seconds = sum((r["ended_at"] or now) - r["started_at"] for r in those)
        rows.append(
            (offer, str(len(those)), str(sum(not r["ended_at"] for r in those)), duration(seconds),
             f"{those[0]['price_per_hour']:.4f}", f"{sum(r['cost'] for r in those):.4f}")
        )  # fmt: skip
    total = sum(rental["cost"] for rental in rentals)
    rows.append(
        ("all", str(len(rentals)), str(sum(not r["ended_at"] for r in rentals)), "", "", f"{total:.4f}")
    )
    return table(("MACHINE TYPE", "RENTED", "BILLING NOW", "MACHINE TIME", "PRICE/H", "COST"), rows)
