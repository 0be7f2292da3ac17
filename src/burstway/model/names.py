"""Names of clusters, arrays and nodes, and hostlists of them.

A node is called CLUSTER-ARRAY-INDEX, as CycleCloud calls it, so that a name alone says where it belongs.
The name is a Slurm NodeName and a host name at once: letters, digits and hyphens (RFC 1123), 63 at most.
"""

import re
from collections.abc import Iterable
from itertools import chain

from ClusterShell.NodeSet import NodeSet, NodeSetException

from burstway.errors import HostlistError, InputError

MOST_NODES = 65_536
"""Slurm's own bound on the nodes of a hostlist (MAX_SLURM_NODES, src/common/hostlist.h) and of a cluster."""

MOST_HOSTLIST_CHARACTERS = 2_000_000
"""65,536 names of 30 characters, written out singly; longer is a mistake or an attack."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,30}(?<!-)\Z")
_STRANGE = re.compile(r"[^A-Za-z0-9\-_.,\[\]]")
_MARK = re.compile(r"\[([^\[\]]*)\]|,")
_RANGE = re.compile(r"([0-9]{1,12})(?:-([0-9]{1,12}))?\Z")


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
    """The names in a hostlist, in the order written, each once: `a-[1-2],b` is `["a-1", "a-2", "b"]`.

    The size is bounded before anything is expanded, so a hostlist of a million nodes costs nothing.
    Raises HostlistError.
    """
    if len(hostlist) > MOST_HOSTLIST_CHARACTERS:
        raise HostlistError(f"the hostlist has {len(hostlist):,} characters", remedy="ask for fewer nodes")
    if not hostlist.strip():
        raise HostlistError("the hostlist is empty", remedy="name at least one node, as in hpc1-hpc-[1-4]")
    if _STRANGE.search(hostlist):
        raise HostlistError(
            f"{_shortened(hostlist)} is not a hostlist", remedy="letters, digits, hyphens and [1-4,7] only"
        )
    parts = _parts(hostlist, most)
    return list(dict.fromkeys(chain.from_iterable(_expand(part, hostlist) for part in parts)))


def fold_hostlist(names: Iterable[str]) -> str:
    """The shortest hostlist of these names, naturally sorted."""
    return str(NodeSet.fromlist(list(names)))


def _parts(hostlist: str, most: int) -> list[str]:
    """The parts between the commas that stand outside of brackets, once it is sure that they hold no more
    than `most` names: of each part that is the product of its brackets."""
    parts: list[str] = []
    total, product, begin = 0, 1, 0
    for mark in _MARK.finditer(hostlist):
        if mark[0] == ",":
            parts.append(hostlist[begin : mark.start()])
            total, product, begin = total + product, 1, mark.end()
        else:
            product *= sum(_range_size(piece, hostlist) for piece in mark[1].split(","))
        if total + product > most:
            raise HostlistError(
                f"the hostlist {_shortened(hostlist)} holds {total + product:,} nodes or more, "
                f"and {most:,} are the most",
                remedy="ask for fewer nodes at a time",
            )
    return [*parts, hostlist[begin:]]


def _range_size(piece: str, hostlist: str) -> int:
    numbers = _RANGE.match(piece)
    if not numbers:
        raise HostlistError(
            f"{_shortened(hostlist)} is not a hostlist: [{_shortened(piece)}] is not a range of numbers",
            remedy="write it as in hpc1-hpc-[1-4,7]",
        )
    return max(1, int(numbers[2] or numbers[1]) - int(numbers[1]) + 1)


def _expand(part: str, hostlist: str) -> Iterable[str]:
    if not part:
        raise HostlistError(
            f"{_shortened(hostlist)} is not a hostlist: nothing stands on one side of a comma",
            remedy="write it as in hpc1-hpc-[1-4,7]",
        )
    if "[" not in part and "]" not in part:
        return (part,)
    try:
        return (str(name) for name in NodeSet(part, autostep=None))
    except NodeSetException as refused:
        raise HostlistError(
            f"{_shortened(hostlist)} is not a hostlist: {_shortened(str(refused), 120)}",
            remedy="write it as in hpc1-hpc-[1-4,7]",
        ) from refused


def _shortened(text: str, most: int = 60) -> str:
    return repr(text if len(text) <= most else text[:most] + "…")
