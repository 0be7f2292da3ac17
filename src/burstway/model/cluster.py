"""What a cluster template describes: a cluster, its single nodes, and its arrays that grow and shrink."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from burstway.errors import UnknownError
from burstway.model.names import expand_hostlist, fold_hostlist, node_name


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port of a node that is reachable from outside, on the node's public address."""

    name: str
    protocol: Literal["tcp", "udp"]
    private_port: int
    public_port: int


@dataclass(frozen=True, slots=True)
class Volume:
    """A disk of a node. `size_gb` is None for the size that its image has; `mount` names the mount that it is
    for, "" when there is none."""

    name: str
    size_gb: int | None
    ssd: bool
    persistent: bool
    mount: str


@dataclass(frozen=True, slots=True)
class InitSpec:
    """A cluster-init spec, `project:spec:version`, whose scripts run on a node when it starts."""

    project: str
    spec: str
    version: str


@dataclass(frozen=True, slots=True)
class Details:
    """What a template says of a machine beyond its type, image and subnet.

    `max_price` is per hour for an interruptible machine, None when there is no limit. `configuration` has the
    keys in lower case, sorted, with the texts that the template has for them; undefined ones are left out.
    """

    region: str = ""
    zone: str = ""
    interruptible: bool = False
    max_price: float | None = None
    public_address: bool = False
    endpoints: tuple[Endpoint, ...] = ()
    volumes: tuple[Volume, ...] = ()
    init_specs: tuple[InitSpec, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    configuration: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SingleNode:
    """`[[node NAME]]`: one machine that is there as long as its cluster is started."""

    name: str
    machine_type: str
    image: str
    subnet: str
    return_proxy: bool = False
    details: Details = Details()


@dataclass(frozen=True, slots=True)
class NodeArray:
    """A group of nodes of one kind. `most_nodes` is the size it can grow to; `cores` are a node's.

    `alternatives` are further machine types that the template allows, in its order; `initial_nodes` are those
    that start with the cluster.
    """

    name: str
    machine_type: str
    image: str
    subnet: str
    most_nodes: int
    cores: int
    partition: str
    default_partition: bool = False
    alternatives: tuple[str, ...] = ()
    initial_nodes: int = 0
    details: Details = Details()


@dataclass(frozen=True, slots=True)
class Cluster:
    name: str
    arrays: tuple[NodeArray, ...]
    nodes: tuple[SingleNode, ...] = ()

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
