"""What commands print: tables for people, JSON for programs. Errors go to standard error."""

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from burstway.lab.screen import STYLES

WIDTH = None if sys.stdout.isatty() else 240
"""Rich takes a pipe for a terminal of 80 columns and folds the cells of tables; programs read whole lines."""
console = Console(highlight=False, soft_wrap=True, markup=False, width=WIDTH)
"""Without markup: a hostlist or a section of a template is text, however much it looks like a tag."""
errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


def print_json(value: object) -> None:
    print(json.dumps(value, indent=2, default=str))  # noqa: T201


def table(headings: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return made


def bold(text: str) -> Text:
    return Text(text, "bold")


def state_text(state: str) -> Text:
    return Text(state, STYLES.get(state, ""))


def clock_time(seconds: float) -> str:
    """The local time of day, or the date too when it was not today."""
    if not seconds:
        return "-"
    moment = time.localtime(seconds)
    today = time.strftime("%Y%m%d", moment) == time.strftime("%Y%m%d")
    return time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S", moment)


def duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _reason(node: Mapping[str, Any]) -> Text:
    """A node that is up and cannot be reached as it must be says so first."""
    trouble = node.get("trouble", "")
    return Text.assemble((f"{trouble} · ", "bold red"), node["reason"]) if trouble else Text(node["reason"])


def node_rows(nodes: Iterable[Mapping[str, Any]], now: float) -> Table:
    return table(
        ("NODE", "STATE", "SINCE", "ADDRESS", "TYPE", "REASON"),
        (
            (n["name"], state_text(n["state"]), duration(now - n["since"]) if n["since"] else "-",
             n["address"] or "-", n["offer"] or "-", _reason(n))
            for n in nodes
        ),
    )  # fmt: skip
