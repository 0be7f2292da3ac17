"""`burstway cluster`: templates in, clusters out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from burstway.cli.asking import client, complete_cluster, segment
from burstway.cli.output import bold, console, print_json, table
from burstway.errors import InputError

app = typer.Typer(no_args_is_help=True, help="Clusters, described by templates in CycleCloud's syntax.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Name = Annotated[str, typer.Argument(autocompletion=complete_cluster)]


@app.command("import")
def import_cluster(
    name: Annotated[str, typer.Argument(help="What the cluster is to be called.")],
    file: Annotated[Path, typer.Option("-f", "--file", help="The template.")],
    cluster: Annotated[
        str | None, typer.Option("-c", "--cluster", help=r"Which \[cluster NAME] of the template.")
    ] = None,
    parameter_files: Annotated[
        list[Path] | None, typer.Option("-p", "--parameters", help="Values: a .json or .properties file.")
    ] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("-P", "--parameter", help="One value: NAME=VALUE.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a cluster of that name.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would become.")] = False,
    json: Json = False,
) -> None:
    """Read a template and keep the cluster that it describes."""
    body = {
        "name": name, "template": _read(file), "file": str(file), "template_cluster": cluster,
        "parameters": _values(parameter_files or [], parameters or []), "force": force, "dry_run": dry_run,
    }  # fmt: skip
    with client() as asked:
        answer = asked.post("/v1/clusters", body)
    if json:
        print_json(answer)
        return
    done = "would be imported" if dry_run else "replaced" if answer["replaced"] else "imported"
    console.print(f"cluster {name}: {done}")
    console.print(_arrays(answer["cluster"]))


@app.command("list")
def list_clusters(json: Json = False) -> None:
    """All clusters and their node arrays."""
    with client() as asked:
        clusters = asked.get("/v1/clusters")
    if json:
        print_json(clusters)
        return
    rows = (
        (c["name"], a["name"], a["machine_type"], str(a["most_nodes"]), a["partition"])
        for c in clusters
        for a in c["arrays"]
    )
    console.print(table(("CLUSTER", "ARRAY", "MACHINE TYPE", "MOST NODES", "PARTITION"), rows))


@app.command("show")
def show(name: Name, json: Json = False) -> None:
    """One cluster, with the template it came from."""
    with client() as asked:
        cluster = asked.get(f"/v1/clusters/{segment(name)}")
    if json:
        print_json(cluster)
        return
    console.print(_arrays(cluster))
    console.print(bold("\ntemplate"))
    console.print(cluster["template"])


@app.command("delete")
def delete(name: Name, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Forget a cluster that has no nodes. Its nodes' stories and costs stay."""
    if not yes:
        typer.confirm(f"forget the cluster {name}?", abort=True)
    with client() as asked:
        asked.delete(f"/v1/clusters/{segment(name)}")
    console.print(f"cluster {name}: deleted")


def _arrays(cluster: dict[str, Any]) -> Any:
    return table(
        ("ARRAY", "NODES", "MACHINE TYPE", "CORES", "PARTITION", "IMAGE", "SUBNET"),
        (
            (a["name"], f"{cluster['name']}-{a['name']}-[1-{a['most_nodes']}]",
             a["machine_type"], str(a["cores"]), a["partition"] + " (default)" * a["default_partition"],
             a["image"], a["subnet"])
            for a in cluster["arrays"]
        ),
    )  # fmt: skip


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as refused:
        raise InputError(f"is not UTF-8 at byte {refused.start}", where=str(path)) from refused
    except OSError as refused:
        raise InputError(f"cannot be read: {refused.strerror}", where=str(path)) from refused


def _values(files: list[Path], single: list[str]) -> dict[str, str]:
    from burstway.template.parameter_file import read_parameter_file

    values: dict[str, str] = {}
    for path in files:
        values.update(read_parameter_file(path))
    for pair in single:
        name, separator, value = pair.partition("=")
        if not separator or not name.strip():
            raise InputError(f"-P {pair!r} is not NAME=VALUE")
        values[name.strip()] = value.strip()
    return values
