"""`[[nodearray NAME]]` with all it inherits -> model.cluster.NodeArray.

What an array says becomes host names and lines of slurm.conf, so names are held to what both can carry.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from burstway.errors import InputError
from burstway.model.cluster import NodeArray
from burstway.model.names import MOST_NODES, check_name, node_name
from burstway.template.expand import Node
from burstway.template.problems import Problems
from burstway.template.source import Place, quoted
from burstway.template.syntax import Attribute
from burstway.template.typed import boolean, is_missing, one_word, whole_number

MOST_NAME_CHARACTERS = 63
"""Of a host name's label (RFC 1123, 2.1)."""

_PARTITION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True, slots=True)
class Cloud:
    """What is to be known of a cloud here: the cores of a machine type, and the types there are."""

    cores_of: Callable[[str], int | None]
    machine_types: Sequence[str]


def read_arrays(nodes: list[Node], cluster: str, cloud: Cloud, problems: Problems) -> tuple[NodeArray, ...]:
    """The node arrays; those that something is wrong with are left out, and in the problems."""
    arrays: list[NodeArray] = []
    total = 0
    default = ""
    for node in nodes:
        array = _read_array(node, cluster, cloud, problems)
        if array is None:
            continue
        arrays.append(array)
        total += array.most_nodes
        if total > MOST_NODES:
            what = f"with {node.section} the cluster can have {total:,} nodes, more than {MOST_NODES:,}"
            problems.add(_limit_place(node), what, "lower MaxCount or MaxCoreCount")
        if array.default_partition and array.partition != (default := default or array.partition):
            place = node.configuration["slurm.default_partition"].value.place
            what = f"the partition {array.partition} is the default as well as {default}"
            problems.add(place, what, "Slurm has one default partition")
    return tuple(arrays)


def _read_array(node: Node, cluster: str, cloud: Cloud, problems: Problems) -> NodeArray | None:
    name = node.section.name
    try:
        check_name("node array", name)
    except InputError as refused:
        problems.add(node.section.place, refused.what, refused.remedy)
    image = one_word(node.attributes.get("imagename"), problems)
    subnet = one_word(node.attributes.get("subnetid"), problems)
    partition = _partition(node, problems)
    default = boolean(node.configuration.get("slurm.default_partition"), problems)
    boolean(node.configuration.get("slurm.autoscale"), problems)
    machine_type, cores = _machine(node, cloud, problems)
    most_nodes = _most_nodes(node, machine_type, cores, problems)
    if most_nodes is None:
        return None
    last = node_name(cluster, name, most_nodes)
    if len(last) > MOST_NAME_CHARACTERS:
        what = (
            f"the node {quoted(last, 80)} would have {len(last)} characters, more than {MOST_NAME_CHARACTERS}"
        )
        problems.add(node.section.place, what, "shorten the name of the cluster or of the array")
    return NodeArray(
        name, machine_type, image or "", subnet or "", most_nodes, cores, partition, default or False
    )


def _partition(node: Node, problems: Problems) -> str:
    """The partition that the array's nodes are in; the array's name when the template says none."""
    attribute = node.configuration.get("slurm.partition")
    given = one_word(attribute, problems)
    name = given or node.section.name
    place = attribute.value.place if attribute and given else node.section.place
    if given and not _PARTITION.fullmatch(given):
        problems.add(place, f"{quoted(given)} cannot be a partition", "letters, digits, _, . and - only")
    if name.lower() == "default":
        what = f"a partition cannot be called {name}: in slurm.conf that is no partition"
        problems.add(place, what, "name another: slurm.partition = …")
    return name


def _machine(node: Node, cloud: Cloud, problems: Problems) -> tuple[str, int]:
    """The machine type and its cores; cores are 0 when something is wrong."""
    attribute = node.attributes.get("machinetype")
    if is_missing(attribute):
        _report_missing(node, attribute, "MachineType", problems)
        return "", 0
    machine_type = one_word(attribute, problems)
    if attribute is None or machine_type is None:
        return "", 0
    cores = cloud.cores_of(machine_type) or 0
    if cores < 1:
        what = f"the cloud has no machine type {quoted(machine_type)}"
        types = ", ".join(cloud.machine_types[:8])
        otherwise = f"it has {types}" if types else ""
        problems.add_unknown(attribute.value.place, what, machine_type, cloud.machine_types, otherwise)
    return machine_type, max(cores, 0)


def _most_nodes(node: Node, machine_type: str, cores: int, problems: Problems) -> int | None:
    """The smaller of MaxCount and what fits into MaxCoreCount; None when it cannot be known."""
    by_cores, by_count = (node.attributes.get(key) for key in ("maxcorecount", "maxcount"))
    if is_missing(by_cores) and is_missing(by_count):
        _report_missing(node, by_cores or by_count, "MaxCount or MaxCoreCount", problems)
        return None
    most_cores = whole_number(by_cores, problems, least=1)
    count = whole_number(by_count, problems, least=1)
    if cores == 0:
        return None
    if by_cores and most_cores is not None and most_cores < cores:
        what = f"{by_cores.key} = {most_cores} is less than the {cores} cores of one {machine_type}"
        problems.add(by_cores.value.place, what, "the array could never have a node")
        return None
    limits = [most for most in (count, most_cores and most_cores // cores) if most is not None]
    return min(limits, default=None)


def _limit_place(node: Node) -> Place:
    attribute = node.attributes.get("maxcount") or node.attributes.get("maxcorecount")
    return attribute.value.place if attribute else node.section.place


def _report_missing(node: Node, attribute: Attribute | None, names: str, problems: Problems) -> None:
    """At the attribute when it is there without a value, else at the node array."""
    if attribute is None:
        problems.add(
            node.section.place, f"{node.section} has no {names}", "add it here or in [[node defaults]]"
        )
    elif attribute.value.parameter:
        what = f"{attribute.key} has no value, for the parameter {attribute.value.parameter} has none"
        problems.add(attribute.value.place, what, f"give one: -P {attribute.value.parameter}=…")
    else:
        problems.add(attribute.value.place, f"{attribute.key} has no value", "write one")
