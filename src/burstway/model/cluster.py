"""What a cluster template describes: a cluster and the node arrays that grow and shrink in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from burstway.errors import UnknownError
from burstway.model.names import expand_hostlist, fold_hostlist, node_name


@dataclass(frozen=True, slots=True)
class NodeArray:
    """A group of nodes of one kind. `most_nodes` is the size it can grow to; `cores` are a node's."""

    name: str
    machine_type: str
    image: str
    subnet: str
    most_nodes: int
    cores: int
    partition: str
    default_partition: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    name: str
    arrays: tuple[NodeArray, ...]

    def array(self, name: str) -> NodeArray:
        for array in self.arrays:
            if array.name == name:
                return array
        known = ", ".join(array.name for array in self.arrays)
        raise UnknownError(f"cluster {self.name} has no node array {name!r}", remedy=f"its arrays: {known}")

    def node_names(self) -> Iterator[str]:
        for array in self.arrays:
            for index in range(1, array.most_nodes + 1):
                yield node_name(self.name, array.name, index)

    def hostlist(self, array: NodeArray) -> str:
        """All nodes the array can have, as Slurm writes it: `hpc1-hpc-[1-20]`."""
        return f"{self.name}-{array.name}-[1-{array.most_nodes}]"

    def array_of(self, node: str) -> NodeArray | None:
        """The array that a node of this name belongs to; None when it is not one of this cluster."""
        head, _, index = node.rpartition("-")
        if not index.isascii() or not index.isdecimal() or index.startswith("0") or len(index) > 6:
            return None
        for array in self.arrays:
            if head == f"{self.name}-{array.name}" and int(index) <= array.most_nodes:
                return array
        return None


def locate(clusters: tuple[Cluster, ...], hostlist: str) -> list[tuple[Cluster, NodeArray, str]]:
    """Each node of the hostlist with its cluster and array. All must exist: an UnknownError names those
    that do not, and how many nodes there are bounds the hostlist."""
    found, missing = [], []
    for name in expand_hostlist(hostlist):
        place = next(((c, a, name) for c in clusters if (a := c.array_of(name))), None)
        if place is None:
            missing.append(name)
        else:
            found.append(place)
    if missing:
        known = ", ".join(c.hostlist(a) for c in clusters for a in c.arrays) or "none, no cluster is imported"
        shown = fold_hostlist(missing[:1000])
        raise UnknownError(f"no cluster has {shown}", remedy=f"the nodes there can be: {known}")
    return found
