"""`burstway network`: which connections must exist, and the rules that let them through."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from burstway.cli.asking import client, complete_cluster, segment
from burstway.cli.output import bold, console, errors, print_json, table
from burstway.cli.rule_targets import FORMATS, FORMS, Target
from burstway.cli.site_settings import Config, site_settings
from burstway.flows.endpoints import endpoint_flows
from burstway.flows.profiles import PROFILES, flows
from burstway.flows.table import Flow, Mode, Need
from burstway.model.cluster import Cluster

app = typer.Typer(no_args_is_help=True, help="Ports, rules, proofs and probes.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def _group() -> None:
    pass


def _complete_profile(incomplete: str) -> list[str]:
    return [name for name in PROFILES if name.startswith(incomplete)]


@app.command("flows")
def list_flows(
    profiles: Annotated[
        list[str] | None, typer.Argument(help="All when none is named.", autocompletion=_complete_profile)
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help="Instead: the endpoints of this cluster.", autocompletion=complete_cluster),
    ] = None,
    json: Json = False,
) -> None:
    """The rows of the table: each connection that must exist, and each that a document lists in vain."""
    rows = _rows_of_cluster(cluster) if cluster else _rows_of_profiles(profiles or PROFILES)
    if json:
        print_json([_as_json(name, row) for name, row in rows])
        return
    console.print(
        table(
            ("PROFILE", "FLOW", "FROM", "TO", "SERVICE", "NEEDED", "PURPOSE"),
            (_cells(*each) for each in rows),
        )
    )


def _rows_of_profiles(names: Iterable[str]) -> list[tuple[str, Flow]]:
    return [(name, row) for name in dict.fromkeys(names) for row in flows([name], tuple(Mode))]


def _rows_of_cluster(name: str) -> list[tuple[str, Flow]]:
    from pydantic import TypeAdapter

    with client() as asked:
        found = asked.get(f"/v1/clusters/{segment(name)}")
    return [(name, row) for row in endpoint_flows(TypeAdapter(Cluster).validate_python(found))]


def _cells(profile: str, row: Flow) -> tuple[str | Text, ...]:
    """A phantom stands out: whoever opens it opens a port for nothing."""
    style = "red" if row.need is Need.PHANTOM else ""
    mode = f", {row.mode} only" if row.mode else ""
    need = row.when if row.need is Need.REQUIRED else f"{row.need}: {row.when}"
    cells = (profile, row.name, row.source, row.target, row.service, need + mode, row.purpose)
    return tuple(Text(cell, style) for cell in cells)


def _as_json(profile: str, row: Flow) -> dict[str, object]:
    return {
        "profile": profile, "name": row.name, "source": row.source, "target": row.target,
        "protocol": row.protocol, "ports": str(row.ports) if row.ports else None, "purpose": row.purpose,
        "when": row.when, "need": row.need, "opened": row.opened, "mode": row.mode, "document": row.document,
    }  # fmt: skip


def _complete_format(context: typer.Context, incomplete: str) -> list[str]:
    """Those of the target, where it stands in the line already."""
    target = context.params.get("target")
    forms = [form for each in FORMS if target in (None, each, each.value) for form in FORMS[each]]
    return [form for form in dict.fromkeys(forms) if form.startswith(incomplete)]


@app.command("rules")
def rules(
    target: Annotated[Target, typer.Option("--for", help="The cloud, a filter of the site, or its people.")],
    form: Annotated[
        str | None, typer.Option("--format", help=FORMATS, autocompletion=_complete_format)
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Write to this file, or into this folder, which ends in / where it is new."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that say something else.")] = False,
    tags: Annotated[
        Path | None, typer.Option(help="Azure's file of service tags, for filters that know addresses only.")
    ] = None,
    json: Json = False,
    config: Config = None,
) -> None:
    """Print or write what lets the site's connections through, and nothing else."""
    from burstway.cli.rule_files import found_tags, make, read_tags, unplaced_notes

    output = None if output == "-" else output
    settings = site_settings(config)
    made = make(settings, target, form, read_tags(tags) if tags else found_tags(settings))
    written = _write(made.files, output, force) if output else {}
    if json:
        left_out = unplaced_notes(settings)
        print_json(
            {"for": target, "files": made.files, "rows": made.rows, "written": written, "left_out": left_out}
        )
        return
    for path, done in written.items():
        console.print(f"{done}: {path}")
    if not output:
        _print(made.files)
    for note in unplaced_notes(settings):
        errors.print(f"not in it: {note}")


def _write(files: Mapping[str, str], output: str, force: bool) -> dict[str, str]:
    from burstway.cli.writing import places_of, write_files

    done = write_files(places_of(files, output), replace=force)
    return {str(path): what for path, what in done}


def _print(files: Mapping[str, str]) -> None:
    """As they are: of several, each below its name."""
    for name, text in files.items():
        if len(files) > 1:
            console.print(bold(f"# --- {name} ---"))
        typer.echo(text, nl=False)
