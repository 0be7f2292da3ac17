"""What the nodes of an array and their partition are called.

A template's names need not fit host names or slurm.conf: `[[nodearray execute_hb]]` is one of CycleCloud's.
Such a name is made to fit, and people are told.
"""

import re

from burstway.errors import InputError
from burstway.model.names import check_name, node_name
from burstway.template.expand import Node
from burstway.template.left_out import LeftOuts
from burstway.template.problems import Problems
from burstway.template.source import quoted
from burstway.template.typed import one_word

MOST_NAME_CHARACTERS = 63
"""Of a host name's label (RFC 1123, 2.1)."""

_LONGEST_NAME = 31
"""Of an array, as `check_name` has it."""

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_PARTITION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def fitting_name(node: Node, left_outs: LeftOuts) -> str:
    """The array's name, or one like it that host names can carry."""
    name = node.part.name
    try:
        return check_name("node array", name)
    except InputError:
        fitting = _NOT_IN_NAMES.sub("-", name.lower()).strip("-")
        if not fitting[:1].isalpha():
            fitting = f"n{fitting}"
        fitting = fitting[:_LONGEST_NAME].rstrip("-")
        reason = f"no host can be called so; its nodes are called {fitting}"
        left_outs.add(f"the name {name}", node.part.place, reason)
        return fitting


def read_partition(node: Node, fitting: str, problems: Problems) -> str:
    """The partition that the array's nodes are in; its own name when the template says none."""
    setting = node.configuration.get("slurm.partition")
    given = one_word(setting, problems)
    name = given or (node.part.name if _PARTITION.fullmatch(node.part.name) else fitting)
    place = setting.value.place if setting and given else node.part.place
    if given and not _PARTITION.fullmatch(given):
        problems.add(place, f"{quoted(given)} cannot be a partition", "letters, digits, _, . and - only")
    if name.lower() == "default":
        what = f"a partition cannot be called {name}: in slurm.conf that is no partition"
        problems.add(place, what, "name another: slurm.partition = …")
    return name


def check_length(cluster: str, name: str, most: int, node: Node, problems: Problems) -> None:
    last = node_name(cluster, name, most)
    if len(last) > MOST_NAME_CHARACTERS:
        length = f"{len(last)} characters, more than {MOST_NAME_CHARACTERS}"
        what = f"the node {quoted(last, 80)} would have {length}"
        problems.add(node.part.place, what, "shorten the name of the cluster or of the array")
