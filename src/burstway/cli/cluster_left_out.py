"""What a template says and Burstway does not act on, as lines for a person.

A real template has hundreds of lines that only arrange CycleCloud's web form: they are counted. What could
matter to a machine is named with its lines; where there is much of it, what begins alike stands together.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from burstway.cli.cluster_words import counted, one_line

MOST_NAMES = 4
"""Of those that are only counted."""

MOST_SINGLE = 12
"""Names for one reason that are named one by one."""

_ROW = 100
"""Characters in a line of names that stand beside each other."""


def left_out_lines(
    left_out: Sequence[Mapping[str, Any]], counted_reasons: Sequence[str], *, everything: bool
) -> Iterator[str]:
    """Grouped by reason: those to be counted come last, unless `everything` is to be named."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for each in left_out:
        groups.setdefault(each["reason"], []).append(each)
    brief = [] if everything else [reason for reason in groups if reason in counted_reasons]
    for reason in groups:
        if reason not in brief:
            inside = groups[reason]
            together = not everything and len(inside) > MOST_SINGLE
            yield f"  {one_line(reason, 200)}:"
            yield from _rows([_named(each) for each in (_families(inside) if together else inside)])
    for reason in brief:
        lines = {line for each in groups[reason] for line in each["lines"]}
        names = [each["name"] for each in _families(groups[reason])]
        shown = [*names[:MOST_NAMES], "…"] if len(names) > MOST_NAMES else names
        yield f"  {one_line(reason, 200)}: {counted(len(lines), 'line')} ({', '.join(map(one_line, shown))})"


def _families(left_out: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """`Config.Plugin` and `Config.MinValue` are `Config.*`; a name that has no other beside it stays."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in left_out:
        first = each["name"] if each["name"].startswith("[") else each["name"].partition(".")[0]
        found.setdefault(first.lower(), []).append(each)
    return [
        inner[0]
        if len(inner) == 1
        else {
            "name": f"{inner[0]['name'].partition('.')[0]}.*",
            "lines": [line for each in inner for line in each["lines"]],
        }
        for inner in found.values()
    ]


def line_ranges(lines: Sequence[int]) -> str:
    """`line 3`, `lines 3, 7-9`."""
    runs = [
        [line for _, line in run]
        for _, run in groupby(enumerate(sorted(set(lines))), key=lambda pair: pair[1] - pair[0])
    ]
    shown = ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return f"{'line' if len(set(lines)) == 1 else 'lines'} {shown}"


def _named(each: Mapping[str, Any]) -> str:
    place = f" ({line_ranges(each['lines'])})" if each["lines"] else ""
    return one_line(each["name"]) + place


def _rows(words: Sequence[str]) -> Iterator[str]:
    """The words, as many in a line as fit."""
    row = ""
    for word in words:
        if row and len(row) + len(word) + 2 > _ROW:
            yield f"    {row},"
            row = ""
        row = f"{row}, {word}" if row else word
    if row:
        yield f"    {row}"
