"""`burstway cluster parameters`: what a template wants to be told, and what a cluster was told."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from burstway.cli.asking import client, complete_cluster_or_template, segment
from burstway.cli.cluster_input import AsJson, read_text, shown_name
from burstway.cli.cluster_words import compact, json_text, one_line
from burstway.cli.output import bold, console, print_json
from burstway.client import AnswerError, Client
from burstway.contracts import Json
from burstway.errors import InputError

if TYPE_CHECKING:
    from burstway.template.parameters import Parameter

MOST_CHOICES = 6
_SPELLED = re.compile(r"[+-]?[0-9][0-9.e+smhdw -]*|true|false", re.IGNORECASE)
"""A number, a time or a boolean."""


def register(app: typer.Typer) -> None:
    app.command("parameters")(parameters)


def parameters(
    name: Annotated[
        str | None,
        typer.Argument(help="A cluster or a template.", autocompletion=complete_cluster_or_template),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="A file with a template; - is standard input.")
    ] = None,
    export: Annotated[
        bool,
        typer.Option("--export", help="Print a file for -p: values and defaults, null where there is none."),
    ] = False,
    json: AsJson = False,
) -> None:
    """Show the parameters of a template in the groups of its form; of a cluster, with its values.

    A name that a cluster has as well as a template is the cluster's.
    """
    from burstway.template.to_model import describe_parameters

    if (name is None) == (file is None):
        raise InputError(
            "name a cluster or template, or a file", remedy="burstway cluster parameters -f FILE"
        )
    values: Mapping[str, Json] = {}
    if file is not None:
        declared = describe_parameters(read_text(file), shown_name(file))
    else:
        with client() as asked:
            found = _found(asked, name or "")
        values = {key.lower(): value for key, value in found["parameters"].items()}
        declared = describe_parameters(found["template"], found["file"])
    if export:
        print_json(exported(declared, values))
    elif json:
        print_json([_with_value(each, values) for each in declared])
    else:
        for title, made in parameter_tables(declared, values):
            console.print(bold(title))
            console.print(made)


def _found(asked: Client, name: str) -> Any:
    for kind in ("clusters", "templates"):
        try:
            return asked.get(f"/v1/{kind}/{segment(name)}")
        except AnswerError as refused:
            if refused.status != 404:
                raise
    remedy = "burstway cluster list and burstway cluster templates name those that there are"
    raise InputError(f"there is neither a cluster nor a template {name!r}", remedy=remedy)


def exported(declared: "Sequence[Parameter]", values: Mapping[str, Json]) -> dict[str, Json]:
    """For -p: each parameter with its value, else its default, else null. The names in `values` are in lower
    case. A default that depends on other values is left out, for null would take its place."""
    found: dict[str, Json] = {}
    for each in declared:
        value = values.get(each.name.lower(), _as_spelled(each))
        if value is not None or each.name.lower() in values or each.default_written is None:
            found[each.name] = value
    return found


def _as_spelled(parameter: "Parameter") -> Json:
    """The default; where JSON would spell it otherwise, as the text it is, for 23.10 is a version and True in
    a configuration is no true. A text is typed as the default when it is given."""
    default, written = parameter.default, parameter.default_written or ""
    if isinstance(default, int | float) and written != json_text(default) and _SPELLED.fullmatch(written):
        return written
    return default


def parameter_tables(
    declared: "Sequence[Parameter]", values: Mapping[str, Json]
) -> Iterator[tuple[str, Table]]:
    """A title and a table for each group, in the order of the file."""
    headings = ("PARAMETER", "TYPE", "REQUIRED", "VALUE", "DEFAULT", "CHOICES", "LABEL", "HIDDEN")
    for groups, inside in groupby(declared, key=lambda each: each.groups):
        rows = (
            (each.name, each.type, "yes" if each.required else "if" if each.conditional else "",
             json_text(values[each.name.lower()]) if each.name.lower() in values else "",
             each.default_written or "", _choices(each), each.label, "yes" if each.hidden else "")
            for each in inside
        )  # fmt: skip
        yield " / ".join(map(one_line, groups)) or "parameters", compact(headings, rows)


def _choices(parameter: "Parameter") -> str:
    shown = [one_line(json_text(entry.value), 30) for entry in parameter.entries[:MOST_CHOICES]]
    return ", ".join([*shown, "…"] if len(parameter.entries) > MOST_CHOICES else shown)


def _with_value(parameter: "Parameter", values: Mapping[str, Json]) -> dict[str, Any]:
    key = parameter.name.lower()
    return {**asdict(parameter), **({"value": values[key]} if key in values else {})}
