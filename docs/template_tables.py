"""The tables of templates.md that are printed from the code. The rest of that page is written by people."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from burstway.template.expressions.dialect import DIFFERENCES
from burstway.template.vocabulary import (
    CLUSTER,
    CONFIGURATION,
    IN_PARAMETERS,
    INSIDE,
    NODE,
    PARAMETER,
    Words,
    programs_configuration,
)

_TABLE = re.compile(r"(<!-- table: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refilled(page: str) -> str:
    """The page with each `<!-- table: NAME -->` … `<!-- end -->` printed anew."""
    return _TABLE.sub(lambda found: "\n".join([found[1], *_TABLES[found[2]](), "", found[3]]), page)


def attributes() -> Iterator[str]:
    """What becomes of each attribute, by section and by reason. A configuration is kept as a whole."""
    yield from table_head("in", "attributes", "what becomes of them")
    for section, words in _SECTIONS:
        if words.acted_on:
            yield _row(section, words.acted_on, "acted on")
        for reason, names in _by_reason(words.kept):
            yield _row(section, names, f"kept and shown: {reason}")
        for reason, names in _by_reason(words.left_out):
            done = "kept and shown" if words is CONFIGURATION else "left out"
            yield _row(section, names, f"{done}: {reason}")
    yield f"| configuration | all others | kept and shown: {cell(programs_configuration(''))} |"


def differences() -> Iterator[str]:
    """Where expressions are not HTCondor's; a test holds each row to HTCondor's own library."""
    yield from table_head("what", "example", "HTCondor", "here", "why")
    for each in DIFFERENCES:
        cells = (cell(each.what), code(each.example), code(each.classad), code(each.ours), cell(each.why))
        yield f"| {' | '.join(cells)} |"


def table_head(*headings: str) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"| {' | '.join('---' for _ in headings)} |"


def cell(text: str) -> str:
    """What Markdown would take for its own is escaped."""
    return text.replace("\\", "\\\\").replace("|", "\\|")


def code(text: str) -> str:
    """Inside of backquotes only the bar ends a cell."""
    return f"`{text.replace('|', chr(92) + '|')}`"


_SECTIONS: Sequence[tuple[str, Words]] = (
    ("cluster", CLUSTER),
    ("node, nodearray", NODE),
    *((kind, words) for kind, (words, _) in INSIDE.items()),
    ("configuration", CONFIGURATION),
    ("parameters", IN_PARAMETERS),
    ("parameter", PARAMETER),
)


def _by_reason(reasons: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    for reason in dict.fromkeys(reasons.values()):
        yield reason, [name for name, its in reasons.items() if its == reason]


def _row(section: str, names: Iterable[str], what: str) -> str:
    shown = ", ".join(code(f"{name}*" if name.endswith(".") else name) for name in names)
    return f"| {section} | {shown} | {cell(what)} |"


_TABLES = {"attributes": attributes, "differences": differences}
