"""`burstway cluster import` and `create`: a cluster out of a template, or a template that is kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from burstway.cli.asking import client, complete_template, segment
from burstway.cli.cluster_input import (
    AsJson,
    ParameterFiles,
    SingleValues,
    given_values,
    read_text,
    shown_name,
)
from burstway.cli.cluster_left_out import left_out_lines
from burstway.cli.cluster_words import cluster_tables, problem_text
from burstway.cli.output import bold, console, errors, print_json
from burstway.errors import Problem
from burstway.template.vocabulary import FORM_REASONS

Force = Annotated[bool, typer.Option("--force", help="Replace what has that name.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what it would become.")]
Everything = Annotated[
    bool,
    typer.Option("--all", help="Name everything that is not acted on, also what only concerns a web form."),
]


def register(app: typer.Typer) -> None:
    app.command("import")(import_cluster)
    app.command("create")(create)


def import_cluster(
    name: Annotated[str, typer.Argument(help="What the cluster, or the template, is to be called.")],
    file: Annotated[Path, typer.Option("-f", "--file", help="The template; - is standard input.")],
    cluster: Annotated[
        str | None, typer.Option("-c", "--cluster", help=r"Which \[cluster NAME] of the template.")
    ] = None,
    parameter_files: ParameterFiles = None,
    parameters: SingleValues = None,
    as_template: Annotated[
        bool, typer.Option("-t", "--as-template", help="Keep it as a template, and make no cluster of it.")
    ] = False,
    force: Force = False,
    dry_run: DryRun = False,
    everything: Everything = False,
    json: AsJson = False,
) -> None:
    """Read a template and keep the cluster that it describes."""
    body = {
        "name": name, "template": read_text(file), "file": shown_name(file), "template_cluster": cluster,
        **given_values(parameter_files, parameters).body, "force": force, "dry_run": dry_run,
    }  # fmt: skip
    with client() as asked:
        answer = asked.post("/v1/templates" if as_template else "/v1/clusters", body)
    _say(f"{'template' if as_template else 'cluster'} {name}", "imported", answer, dry_run, everything, json)


def create(
    template: Annotated[
        str, typer.Argument(help="A template that is kept.", autocompletion=complete_template)
    ],
    name: Annotated[str, typer.Argument(help="What the cluster is to be called.")],
    parameter_files: ParameterFiles = None,
    parameters: SingleValues = None,
    force: Force = False,
    dry_run: DryRun = False,
    everything: Everything = False,
    json: AsJson = False,
) -> None:
    """Make a cluster of a template that was imported with -t."""
    given = given_values(parameter_files, parameters)
    body = {"name": name, **given.body, "force": force, "dry_run": dry_run}
    with client() as asked:
        answer = asked.post(f"/v1/templates/{segment(template)}/clusters", body)
    _say(f"cluster {name}", "created", answer, dry_run, everything, json)


def _say(
    what: str, done: str, answer: Mapping[str, Any], dry_run: bool, everything: bool, json: bool
) -> None:
    if json:
        print_json(answer)
        return
    for problem in answer["warnings"]:
        errors.print(problem_text(Problem(**problem)))
    done = "replaced" if answer["replaced"] else done
    console.print(f"{what}: {f'would be {done}' if dry_run else done}")
    for title, made in cluster_tables(answer["cluster"]) if "cluster" in answer else ():
        if title in ("node arrays", "nodes"):
            console.print(made)
    if left_out := answer.get("left_out"):
        console.print(bold("not acted on"))
        for line in left_out_lines(left_out, FORM_REASONS, everything=everything):
            console.print(line)
    if "cluster" in answer and not dry_run:
        name = answer["cluster"]["name"]
        console.print(
            f"Slurm does not know this yet: burstway slurm conf {name} prints its part of slurm.conf; "
            "put it there and restart slurmctld"
        )
