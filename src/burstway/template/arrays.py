"""`[[nodearray NAME]]` with all it inherits -> model.cluster.NodeArray.

What an array says becomes host names and lines of slurm.conf, so names are held to what both can carry, or
made to fit. Some arrays are not for jobs, as those of login nodes: they are left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from burstway.model.cluster import NodeArray
from burstway.model.names import MOST_NODES
from burstway.template.array_names import check_length, fitting_name, read_partition
from burstway.template.details import leave_images_out, read_details, read_image, read_subnet
from burstway.template.expand import Node
from burstway.template.known import Setting
from burstway.template.left_out import LeftOuts
from burstway.template.problems import AsWarnings, Problems
from burstway.template.sizes import limit_setting, read_size
from burstway.template.source import quoted
from burstway.template.typed import boolean, is_empty_list, text, words


@dataclass(frozen=True, slots=True)
class Cloud:
    """What is to be known of a cloud here: the cores of a machine type, None when it has no such type, and
    the types there are. `cores_of` is None as long as no cloud is known."""

    cores_of: Callable[[str], int | None] | None
    machine_types: Sequence[str]


@dataclass(frozen=True, slots=True)
class ArrayReader:
    """Reads the arrays of one cluster; what is wrong goes to `problems`."""

    cluster: str
    cloud: Cloud
    left_outs: LeftOuts
    problems: Problems

    def read(self, nodes: list[Node]) -> tuple[NodeArray, ...]:
        """The node arrays for jobs, without those that something is wrong with."""
        arrays: list[NodeArray] = []
        named: dict[str, Node] = {}
        total = 0
        for node in nodes:
            array = None if self._is_left_out(node) else self._read_array(node)
            if array is None:
                continue
            self._check_name(array, node, named)
            arrays.append(self._one_default(array, node, arrays))
            total += array.most_nodes if array.machine_type else 0
            if total > MOST_NODES and self.cloud.cores_of:
                what = f"with {node.part} the cluster can have {total:,} nodes, more than {MOST_NODES:,}"
                limit = limit_setting(node)
                place = limit.value.place if limit else node.part.place
                self.problems.add(place, what, "lower MaxCount or MaxCoreCount")
        return tuple(arrays)

    def _is_left_out(self, node: Node) -> bool:
        """Whether the array is not for Slurm's jobs; then it is told why."""
        say = node.configuration.get
        role = text(say("slurm.role"), self.problems)
        reasons: list[tuple[Setting | None, str]] = []
        if boolean(node.settings.get("disabled"), self.problems):
            reasons.append((node.settings["disabled"], "it says Disabled = true"))
        for key in ("slurm.autoscale", "autoscale.enabled"):
            if boolean(say(key), self.problems) is False:
                reasons.append((say(key), f"it is not for Slurm's jobs: {key} is false"))
        if role and role.lower() != "execute":
            reasons.append((say("slurm.role"), f"it is not for Slurm's jobs: slurm.role is {role}"))
        for setting, reason in reasons[:1]:
            self._leave_out(node, reason)
            if setting:
                self.left_outs.add(str(node.part), setting.place, reason)
        return bool(reasons)

    def _leave_out(self, node: Node, reason: str) -> None:
        for place in node.part.lines():
            self.left_outs.add(str(node.part), place, reason)

    def _read_array(self, node: Node) -> NodeArray | None:
        problems = self.problems
        name = fitting_name(node, self.left_outs)
        image, subnet = read_image(node, problems), read_subnet(node, problems)
        leave_images_out(node, self.left_outs)
        partition = read_partition(node, name, problems)
        default = boolean(node.configuration.get("slurm.default_partition"), problems)
        machine_types = self._machine_types(node)
        cores = self._cores(node, machine_types)
        size = read_size(node, cores, problems)
        if size is None:
            if cores:
                self._leave_out(node, "it can have no node")
            return None
        check_length(self.cluster, name, size.most, node, problems)
        return NodeArray(
            name=name,
            machine_type=next(iter(machine_types), ""),
            image=image,
            subnet=subnet,
            most_nodes=size.most,
            cores=cores,
            partition=partition,
            default_partition=default or False,
            alternatives=machine_types[1:],
            initial_nodes=size.initial,
            details=read_details(node, AsWarnings(problems)),
        )

    def _machine_types(self, node: Node) -> tuple[str, ...]:
        setting = node.settings.get("machinetype")
        if setting is None:
            what = f"{node.part} has no MachineType"
            self.problems.add(node.part.place, what, "add it here or in [[node defaults]]")
        elif setting.value.missing or is_empty_list(setting.value):
            origin = setting.value.origin
            what, remedy = f"{setting.key} has no value", "write one"
            if origin:
                what += f", for the parameter {origin} has none"
                remedy = f"give one: -P {origin}=…"
            self.problems.add(setting.value.place, what, remedy)
        types = words(setting, self.problems)
        if setting and len(types) > 1:
            reason = f"of several machine types Burstway orders the first; {node.part} has {len(types)}"
            self.left_outs.add(setting.key, setting.place, reason)
        return types

    def _cores(self, node: Node, machine_types: tuple[str, ...]) -> int:
        """Of the first machine type; 0 when something is wrong, and 1 where nobody can know it yet."""
        setting = node.settings.get("machinetype")
        if not machine_types:
            return int(setting is not None and setting.value.broken)
        if self.cloud.cores_of is None:
            return 1
        cores = self.cloud.cores_of(machine_types[0]) or 0
        if cores < 1:
            what = f"the cloud has no machine type {quoted(machine_types[0])}"
            known = self.cloud.machine_types
            otherwise = f"it has {', '.join(known[:8])}" if known else ""
            place = node.settings["machinetype"].value.place
            self.problems.add_unknown(place, what, machine_types[0], known, otherwise)
        return max(cores, 0)

    def _check_name(self, array: NodeArray, node: Node, named: dict[str, Node]) -> None:
        first = named.setdefault(array.name.lower(), node)
        if first is not node:
            what = f"the nodes of {node.part} would be called {array.name}, as those of {first.part} are"
            self.problems.add(node.part.place, what, "give one of them another name")

    def _one_default(self, array: NodeArray, node: Node, before: list[NodeArray]) -> NodeArray:
        """Slurm has one default partition: the first one counts."""
        if not array.default_partition:
            return array
        default = next((other.partition for other in before if other.default_partition), array.partition)
        if array.partition == default:
            return array
        place = node.configuration["slurm.default_partition"].value.place
        what = f"the partition {array.partition} is the default as well as {default}"
        self.problems.warn(place, what, f"Slurm has one default partition: {default}")
        return replace(array, default_partition=False)
