"""`burstway`: the commands together, and the one place where errors become words and an exit code."""

import sys
from typing import Annotated

import typer
from rich.text import Text

from burstway import __version__
from burstway.cli import cluster, lab, network, network_probe, network_prove, node, people, slurm
from burstway.cli.output import errors, print_json
from burstway.cli.serve import serve
from burstway.errors import BurstwayError

app = typer.Typer(
    name="burstway",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Carries an on-premise Slurm cluster into the cloud.",
)
app.add_typer(cluster.app, name="cluster")
app.add_typer(node.app, name="node")
app.add_typer(slurm.app, name="slurm")
network_prove.register(network.app)
network_probe.register(network.app)
app.add_typer(network.app, name="network")
app.add_typer(people.app, name="token")
app.add_typer(lab.app, name="lab")
app.command("serve")(serve)
app.command("cost")(node.cost)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"burstway {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def _fields(refused: BurstwayError) -> dict[str, str]:
    """As the API answers with them; a program that asked for JSON need not read the words for people."""
    return {"code": refused.code, "what": refused.what, "where": refused.where, "remedy": refused.remedy}


def main() -> None:
    try:
        app()
    except BurstwayError as refused:
        if "--json" in sys.argv:
            print_json({"error": _fields(refused)})
        where = f"{refused.where}: " if refused.where else ""
        errors.print(Text.assemble(("burstway:", "bold red"), f" {where}{refused.what}"))
        if refused.remedy:
            errors.print(Text(f"  what to do: {refused.remedy}"))
        sys.exit(2)
    except PermissionError as refused:
        errors.print(Text.assemble(("burstway:", "bold red"), f" {refused.filename}: {refused.strerror}"))
        errors.print(Text("  what to do: run it as root"))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
