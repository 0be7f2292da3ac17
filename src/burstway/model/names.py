"""Names of clusters, arrays and nodes, and hostlists of them.

A node is called CLUSTER-ARRAY-INDEX, as CycleCloud calls it, so that a name alone says where it belongs.
The name is a Slurm NodeName and a host name at once: letters, digits and hyphens (RFC 1123), 63 at most.
"""

import re
from collections.abc import Iterable, Sequence

from ClusterShell.NodeSet import NodeSet, NodeSetException

from burstway.errors import HostlistError, InputError

MOST_NODES = 65_536
"""Slurm's own bound on the nodes of a hostlist (MAX_SLURM_NODES, src/common/hostlist.h) and of a cluster."""

MOST_HOSTLIST_CHARACTERS = 2_000_000
"""65,536 names of 30 characters, written out singly; longer is a mistake or an attack."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,30}(?<!-)\Z")
_BRACKET = re.compile(r"\[([^\[\]]*)\]")


def check_name(kind: str, name: str) -> str:
    """`name` if it can be a part of a host name; else an InputError that says what may stand there."""
    if not _NAME.match(name):
        raise InputError(
            f"{name!r} cannot be the name of a {kind}",
            remedy="a letter first, then letters, digits and hyphens, 31 characters at most",
        )
    return name


def node_name(cluster: str, array: str, index: int) -> str:
    return f"{cluster}-{array}-{index}"


def expand_hostlist(hostlist: str, most: int = MOST_NODES) -> list[str]:
    """The names in a hostlist, in order, each once: `a-[1-2],b` is `["a-1", "a-2", "b"]`.

    The size is bounded before anything is expanded, so a hostlist of a million nodes costs nothing.
    Raises HostlistError.
    """
    if len(hostlist) > MOST_HOSTLIST_CHARACTERS:
        raise HostlistError(f"the hostlist has {len(hostlist):,} characters", remedy="ask for fewer nodes")
    if not hostlist.strip():
        raise HostlistError("the hostlist is empty", remedy="name at least one node, as in hpc1-hpc-[1-4]")
    size = _bound(hostlist)
    if size > most:
        raise HostlistError(
            f"the hostlist {_shortened(hostlist)} holds about {size:,} nodes, more than {most:,}",
            remedy="ask for fewer nodes at a time",
        )
    if re.search(r"[^A-Za-z0-9\-_.,\[\]]", hostlist):
        raise HostlistError(
            f"{_shortened(hostlist)} is not a hostlist", remedy="letters, digits, hyphens and [1-4,7] only"
        )
    try:
        return [str(name) for name in NodeSet(hostlist, autostep=None)]
    except NodeSetException as refused:
        raise HostlistError(
            f"{_shortened(hostlist)} is not a hostlist: {refused}", remedy="write it as in hpc1-hpc-[1-4,7]"
        ) from refused


def fold_hostlist(names: Iterable[str]) -> str:
    """The shortest hostlist of these names, naturally sorted."""
    return str(NodeSet.fromlist(list(names)))


def _bound(hostlist: str) -> int:
    """No fewer than the names in the hostlist: the sum over its parts of the product of their brackets."""
    total = 0
    for part in _split(hostlist):
        product = 1
        for bracket in _BRACKET.findall(part):
            product *= sum(_range_size(piece) for piece in bracket.split(","))
        total += product
    return total


def _split(hostlist: str) -> Sequence[str]:
    """The parts between commas that stand outside of brackets."""
    return re.split(r",(?![^\[]*\])", hostlist)


def _range_size(piece: str) -> int:
    first, dash, last = piece.partition("-")
    if not dash or not first.isdecimal() or not last.isdecimal() or len(last) > 12:
        return MOST_NODES + 1 if len(last) > 12 else 1
    return max(1, int(last) - int(first) + 1)


def _shortened(text: str, most: int = 60) -> str:
    return repr(text if len(text) <= most else text[:most] + "…")
