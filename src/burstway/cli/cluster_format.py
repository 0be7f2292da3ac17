"""`burstway cluster format`: templates laid out in one way, with the same meaning."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from burstway.cli.cluster_input import STANDARD_INPUT, read_text, shown_name
from burstway.cli.cluster_words import counted
from burstway.cli.output import console, errors
from burstway.cli.writing import write_files
from burstway.errors import InputError, Problem, TemplateError

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def register(app: typer.Typer) -> None:
    app.command("format")(format_files)


def format_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Templates; - is standard input.")],
    check: Annotated[
        bool,
        typer.Option("--check", help="Name those that would change, and end with code 1 if there are any."),
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what would change.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Rewrite the files that change, in their place.")
    ] = False,
) -> None:
    """Lay templates out in one way: indentation, blanks around the =, blank lines. The meaning stays.

    The text goes to standard output. When a file has an error in its syntax, nothing is written at all.
    """
    if check + diff + write > 1:
        raise InputError("--check, --diff and --write exclude each other", remedy="choose one")
    if not (check or diff or write) and len(files) > 1:
        raise InputError(
            "several files on standard output would be one", remedy="choose --write, --diff or --check"
        )
    if write and STANDARD_INPUT in files:
        raise InputError("standard input cannot be rewritten", remedy="leave out --write, or name a file")
    before = {path: read_text(path) for path in dict.fromkeys(files)}
    after = _formatted(before)
    changed = [path for path in before if before[path] != after[path]]
    if write:
        _write({path: after[path] for path in changed})
    elif diff:
        for path in changed:
            for line in unified_diff(shown_name(path), before[path], after[path]):
                colour = None if console.no_color else _COLOURS.get(line[0])
                typer.secho(line, fg=colour)
    elif check:
        _name(changed, len(before))
    else:
        typer.echo(after[files[0]], nl=False)


def _formatted(texts: Mapping[Path, str]) -> dict[Path, str]:
    """Raises TemplateError with the errors of all of them."""
    from burstway.template.layout import format_template

    after: dict[Path, str] = {}
    problems: list[Problem] = []
    for path, text in texts.items():
        try:
            after[path] = format_template(text, shown_name(path))
        except TemplateError as refused:
            problems += refused.problems
    if problems:
        raise TemplateError(problems)
    return after


def _write(texts: dict[Path, str]) -> None:
    named = {path.resolve(): path for path in texts}
    for path, _ in write_files(texts, replace=True):
        errors.print(f"formatted {named[path]}")


def _name(changed: Sequence[Path], files: int) -> None:
    for path in changed:
        console.print(shown_name(path))
    if changed:
        errors.print(
            f"{len(changed):,} of {counted(files, 'file')} would change (burstway cluster format --write)"
        )
        raise typer.Exit(1)


def unified_diff(name: str, before: str, after: str) -> Iterator[str]:
    """The lines that `diff -u` prints, so that `patch` takes them."""
    old, new = (_LINE.findall(text) for text in (before, after))
    for line in difflib.unified_diff(old, new, name, name):
        yield line.removesuffix("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"
