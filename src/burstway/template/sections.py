"""Which sections there are, and where they may stand.

A kind that is nearly one of those that may stand here is a slip of the pen, and a cluster, a node or a
parameter in a wrong place would be lost. Any other kind is nobody's, and CycleCloud passes over it.
"""

from collections.abc import Iterator

from burstway.template.left_out import LeftOuts
from burstway.template.problems import Problems, suggestion
from burstway.template.source import Place
from burstway.template.syntax import Section
from burstway.template.vocabulary import INSIDE, listed

IN_FILE = ("cluster", "parameters", "parameter", "environment", "noderef")
IN_CLUSTER = ("node", "nodearray", "parameters", "parameter", "environment", "noderef")
IN_NODE = ("configuration", *INSIDE)
IN_PARAMETERS = ("parameters", "parameter")
IN_PARAMETER = ("list", "record", "parameters", "parameter")
"""Parameters that got a bracket too many count all the same, as they do in CycleCloud's form."""
IN_LIST = ("list", "record")

_BELOW = {
    "": IN_FILE,
    "cluster": IN_CLUSTER,
    "node": IN_NODE,
    "nodearray": IN_NODE,
    "parameters": IN_PARAMETERS,
    "parameter": IN_PARAMETER,
    "list": IN_LIST,
    "record": IN_LIST,
}
_OPEN = ("environment", "noderef")
"""Kinds whose insides are nobody's affair here."""

_EVERY = tuple(dict.fromkeys(kind for kinds in _BELOW.values() for kind in kinds))

_LARGE = ("cluster", "node", "nodearray", "parameters", "parameter")

_NAMED = ("cluster", "node", "nodearray", "parameter")


def check_sections(
    section: Section, left_outs: LeftOuts, problems: Problems, *, without: tuple[str, ...] = ()
) -> None:
    """Reports sections that cannot stand where they do, in all below `section` but for kinds `without`."""
    allowed = _BELOW.get(section.kind, ())
    for inner in section.sections:
        if inner.kind not in allowed:
            _report(section, inner, allowed, problems)
            for place in places(inner):
                left_outs.add(str(inner), place, "nobody has such a section here")
        elif inner.kind in _NAMED and not inner.name:
            problems.add(inner.place, f"the section {inner} needs a name")
        elif inner.kind not in _OPEN and inner.kind not in without:
            check_sections(inner, left_outs, problems)


def known_sections(section: Section) -> list[Section]:
    """The sections in `section` that may stand there."""
    allowed = _BELOW.get(section.kind, ())
    return [
        inner
        for inner in section.sections
        if inner.kind in allowed and (inner.name or inner.kind not in _NAMED)
    ]


def places(section: Section) -> Iterator[Place]:
    """Those of its header, of its attributes, and of the sections inside."""
    yield section.place
    for attribute in section.attributes.values():
        yield attribute.place
    for inner in section.sections:
        yield from places(inner)


def _report(section: Section, inner: Section, allowed: tuple[str, ...], problems: Problems) -> None:
    where = str(section) if section.rank else "the file"
    what = f"{where} has no sections of the kind {inner.kind[:60]!r}"
    similar = suggestion(inner.kind, allowed, cutoff=0.8) or suggestion(inner.kind, _EVERY, cutoff=0.8)
    otherwise = listed(allowed) if allowed else "leave it out"
    if inner.kind in _LARGE or (similar and inner.kind not in _EVERY):
        problems.add(inner.place, what, otherwise if inner.kind in _EVERY else similar)
    else:
        problems.warn(inner.place, what, f"it is passed over; {otherwise}")
