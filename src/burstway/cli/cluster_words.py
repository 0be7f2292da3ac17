"""What the commands for clusters and templates say: values in, tables and lines out.

A template's texts can be as long and as odd as the template has them; in a table each is one short line.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from burstway.cli.output import table
from burstway.errors import Problem

MOST_SHOWN = 80
"""Characters of a cell."""

Row = Sequence[str]


def one_line(text: object, most: int = MOST_SHOWN) -> str:
    """`text` on one line, without anything that a terminal would act on."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return line if len(line) <= most else line[:most] + "…"


def json_text(value: object) -> str:
    """A value of a parameter as a person would write it in JSON, except that a text has no quotes."""
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def compact(headings: Sequence[str], rows: Iterable[Row]) -> Table:
    """A table without the columns that are empty in every row; the first one stays."""
    listed = [[one_line(cell) for cell in row] for row in rows]
    used = [number for number in range(len(headings)) if not number or any(row[number] for row in listed)]
    return table([headings[number] for number in used], ([row[number] for number in used] for row in listed))


# --- problems --------------------------------------------------------------------------------------------


def problem_text(problem: Problem) -> Text:
    """The same words as `str(problem)`, in colours."""
    plain = str(problem)
    text = Text(plain)
    place = plain.index(": ", len(problem.file))
    text.stylize("bold", 0, place)
    weight = len("warning:") if problem.warning else len(problem.what)
    text.stylize("yellow" if problem.warning else "red", place + 2, place + 2 + weight)
    if problem.source and problem.column:
        text.stylize("bold green", len(plain) - 1)
    return text


def counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def totals(problems: Sequence[Problem], files: int) -> str:
    """The last line of a check."""
    warnings = sum(problem.warning for problem in problems)
    found = [(len(problems) - warnings, "error"), (warnings, "warning")]
    said = ", ".join(counted(number, thing) for number, thing in found if number) or "no problems"
    return f"{said} in {counted(files, 'file')}"


# --- a cluster -------------------------------------------------------------------------------------------


def cluster_tables(cluster: Mapping[str, Any]) -> Iterator[tuple[str, Table]]:
    """Title and table of everything that there is of a cluster, as the API answers with it."""
    name, arrays, nodes = cluster["name"], cluster["arrays"], cluster["nodes"]
    if arrays:
        yield "node arrays", arrays_table(cluster)
    if nodes:
        headings = ("NODE", "NAME", "MACHINE TYPE", "IMAGE", "SUBNET", "RETURN PROXY", *_DETAILS)
        rows = (
            (n["name"], f"{name}-{n['name']}", n["machine_type"], n["image"], n["subnet"],
             _yes(n["return_proxy"]), *_details(n["details"]))
            for n in nodes
        )  # fmt: skip
        yield "nodes", compact(headings, rows)
    machines = [*nodes, *arrays]
    for title, names, key, cells in _PARTS:
        found = [(each["name"], cells(part)) for each in machines for part in each["details"][key]]
        if found:
            shared = list(_shared(found, len(machines)))
            yield title, compact((*names, "OF"), sorted(shared) if cells is _pair else shared)


def arrays_table(cluster: Mapping[str, Any]) -> Table:
    headings = (
        "ARRAY",
        "NODES",
        "MACHINE TYPE",
        "CORES",
        "PARTITION",
        "IMAGE",
        "SUBNET",
        "AT START",
        *_DETAILS,
    )
    rows = (
        (a["name"], f"{cluster['name']}-{a['name']}-[1-{a['most_nodes']}]",
         " or ".join([a["machine_type"], *a["alternatives"]]), str(a["cores"]),
         a["partition"] + " (default)" * a["default_partition"], a["image"], a["subnet"],
         str(a["initial_nodes"] or ""), *_details(a["details"]))
        for a in cluster["arrays"]
    )  # fmt: skip
    return compact(headings, rows)


_DETAILS = ("REGION", "ZONE", "INTERRUPTIBLE", "PUBLIC ADDRESS")


def _details(details: Mapping[str, Any]) -> Row:
    price = details["max_price"]
    limit = "" if price is None else f", at most {price:g} an hour"
    return (
        details["region"], details["zone"], _yes(details["interruptible"]) + limit * details["interruptible"],
        _yes(details["public_address"]),
    )  # fmt: skip


def _endpoint(part: Mapping[str, Any]) -> Row:
    return part["name"], part["protocol"], str(part["private_port"]), str(part["public_port"])


def _volume(part: Mapping[str, Any]) -> Row:
    size = "as the image" if part["size_gb"] is None else f"{part['size_gb']:,} GB"
    return part["name"], size, _yes(part["ssd"]), _yes(part["persistent"]), part["mount"]


def _init(part: Mapping[str, Any]) -> Row:
    return part["project"], part["spec"], part["version"]


def _pair(part: Sequence[str]) -> Row:
    return part[0], part[1]


_PARTS: Sequence[tuple[str, Row, str, Callable[[Any], Row]]] = (
    ("endpoints", ("ENDPOINT", "PROTOCOL", "PORT", "PUBLIC PORT"), "endpoints", _endpoint),
    ("volumes", ("VOLUME", "SIZE", "SSD", "PERSISTENT", "MOUNT"), "volumes", _volume),
    ("cluster-init", ("PROJECT", "SPEC", "VERSION"), "init_specs", _init),
    ("tags", ("TAG", "VALUE"), "tags", _pair),
    ("configuration", ("KEY", "VALUE"), "configuration", _pair),
)
"""Title, headings, the key in a machine's details, and the cells of one of them."""


def _shared(found: Iterable[tuple[str, Row]], machines: int) -> Iterator[tuple[str, ...]]:
    """Each row once, with the names of those that have it; most nodes inherit most of what they have."""
    owners: dict[tuple[str, ...], list[str]] = {}
    for name, row in found:
        owners.setdefault(tuple(row), []).append(name)
    for row, names in owners.items():
        yield (*row, "all" if len(names) == machines > 1 else ", ".join(dict.fromkeys(names)))


def _yes(holds: bool) -> str:
    return "yes" if holds else ""
