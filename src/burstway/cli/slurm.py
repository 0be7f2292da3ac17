"""`burstway slurm`: what the site's Slurm is to have."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from burstway.cli.asking import client, complete_cluster, segment
from burstway.cli.output import bold, console, print_json
from burstway.errors import ConflictError, InputError

app = typer.Typer(no_args_is_help=True, help="Slurm's configuration for Burstway's nodes.")


@app.callback()
def _group() -> None:
    pass


@app.command("conf")
def conf(
    cluster: Annotated[str, typer.Argument(autocompletion=complete_cluster)],
    output: Annotated[
        Path | None, typer.Option(help="Write both parts into this folder, as new files.")
    ] = None,
    programs: Annotated[
        Path | None, typer.Option(help="The folder with burstway-resume on the head node.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the lines for slurm.conf and the file to include. The site's own files are never touched."""
    folder = programs or Path(sys.argv[0]).resolve().parent
    with client() as asked:
        made = asked.get(f"/v1/clusters/{segment(cluster)}/slurm-conf", programs=str(folder))
    if json:
        print_json(made)
    elif output:
        lines = output / f"burstway-{cluster}-lines.conf"
        _write({lines: made["lines"], output / made["include_name"]: made["include"]})
    else:
        console.print(bold("# --- lines for slurm.conf ---"))
        console.print(made["lines"])
        console.print(bold(f"# --- {made['include_name']}, beside it ---"))
        console.print(made["include"])


def _write(files: dict[Path, str]) -> None:
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            raise ConflictError("there is such a file already", where=str(path), remedy="nothing was written")
    for path, text in files.items():
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as refused:
            raise InputError(f"cannot be written: {refused.strerror}", where=str(path)) from refused
        console.print(f"wrote {path}")
