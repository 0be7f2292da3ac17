"""`burstway lab border` and `burstway lab firewall`: the packet filters, to look at and to play with."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from burstway.cli.output import errors
from burstway.errors import InputError
from burstway.lab.cloud import LabCloud
from burstway.providers.lab.layout import USUAL, running

Name = Annotated[str, typer.Option("--name", help="Which lab.")]
Load = Annotated[
    Path | None,
    typer.Option(
        "--load", metavar="FILE", help="Put this file's ruleset there instead; - is standard input."
    ),
]
Reset = Annotated[bool, typer.Option("--reset", help="Put the plan's rules back.")]


def border(load: Load = None, reset: Reset = False, name: Name = USUAL) -> None:
    """What the cloud lets through to and between its machines, as the kernel has it, with its counters."""
    _filter("border", load, reset, name)


def firewall(load: Load = None, reset: Reset = False, name: Name = USUAL) -> None:
    """What the site's firewall lets through, as the kernel has it, with its counters."""
    _filter("firewall", load, reset, name)


def _filter(which: str, load: Path | None, reset: bool, name: str) -> None:
    if load and reset:
        raise InputError("--load and --reset contradict each other", remedy="leave one of them out")
    place = running(name)
    with LabCloud(place) as cloud:
        if load:
            cloud.load(which, _read(load), str(load))
            back = place.command(f"{which} --reset")
            errors.print(Text(f"lab: the {which} has the rules of {load}; the plan's come back with: {back}"))
        elif reset:
            cloud.reset(which)
            errors.print(Text(f"lab: the {which} has the plan's rules"))
        else:
            typer.echo(cloud.filter(which), nl=False)


def _read(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as refused:
        why = refused.strerror if isinstance(refused, OSError) else "it is not text"
        raise InputError(f"the ruleset cannot be read: {why}", where=str(file)) from refused
