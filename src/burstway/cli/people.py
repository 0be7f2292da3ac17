"""`burstway token`: who may sign in over the network."""

from typing import Annotated

import typer
from rich.text import Text

from burstway.cli.asking import client, segment
from burstway.cli.output import console, errors, print_json, table

app = typer.Typer(no_args_is_help=True, help="Tokens with which people sign in over the network.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("create")
def create(
    name: str, role: Annotated[str, typer.Option(help="viewer, operator or administrator.")] = "viewer"
) -> None:
    """Make a token and print it, once. Keep it in a file of mode 0600."""
    with client() as asked:
        made = asked.post("/v1/people", {"name": name, "role": role})
    errors.print(Text(f"the token of {name} ({role}), shown this once:"))
    typer.echo(made["token"])


@app.command("list")
def show(json: Json = False) -> None:
    """Who has a token, and with which role."""
    with client() as asked:
        people = asked.get("/v1/people")
    if json:
        print_json(people)
    else:
        console.print(table(("NAME", "ROLE"), ((p["name"], p["role"]) for p in people)))


@app.command("revoke")
def revoke(name: str) -> None:
    """Make a token worthless at once."""
    with client() as asked:
        asked.delete(f"/v1/people/{segment(name)}")
    console.print(f"the token of {name} is revoked")
