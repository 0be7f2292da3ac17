"""`burstway cluster check`: everything that is wrong with a template, without a control plane."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from burstway.cli.cluster_input import (
    AsJson,
    Given,
    ParameterFiles,
    SingleValues,
    given_values,
    read_text,
    shown_name,
)
from burstway.cli.cluster_words import problem_text, totals
from burstway.cli.output import console, print_json
from burstway.errors import InputError, Problem


def register(app: typer.Typer) -> None:
    app.command("check")(check)


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Templates; - is standard input.")],
    parameter_files: ParameterFiles = None,
    parameters: SingleValues = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    json: AsJson = False,
) -> None:
    """Say everything that is wrong with templates: all their clusters, each problem with its line.

    No cloud is asked, so machine types are not compared with it; and parameters need values only if some are
    given. Ends with code 2 when there are errors.
    """
    given = given_values(parameter_files, parameters)
    files = list(dict.fromkeys(files))
    problems = [problem for path in files for problem in _problems(path, given)]
    if json:
        print_json({"problems": [asdict(problem) for problem in problems], "good": _good(problems, strict)})
    else:
        for problem in problems:
            console.print(problem_text(problem))
        console.print(totals(problems, len(files)))
    if not _good(problems, strict):
        raise typer.Exit(2)


def _problems(path: Path, given: Given) -> list[Problem]:
    """Of one file. That it cannot be read is one too: the others are checked all the same."""
    from burstway.template.to_model import check_template

    name = shown_name(path)
    try:
        text = read_text(path)
    except InputError as refused:
        return [Problem(name, 0, 0, refused.what, refused.remedy)]
    return check_template(text, name, parameters=given.values or None, from_files=given.from_files)


def _good(problems: Sequence[Problem], strict: bool) -> bool:
    return all(problem.warning and not strict for problem in problems)
