"""How many nodes an array can have, and how many it starts with."""

from dataclasses import dataclass

from burstway.template.expand import Node
from burstway.template.known import Setting, is_missing
from burstway.template.problems import AsWarnings, Problems
from burstway.template.typed import whole_number

DEFAULT_MOST_NODES = 10
"""Of an array whose template says no limit, as some do. CycleCloud stops at the account's quota then; Slurm
has to know the names of all nodes beforehand, and a number that is too small is seen at once and costs
nothing. One that starts with more can have as many as that."""


@dataclass(frozen=True, slots=True)
class Size:
    most: int
    initial: int


def read_size(node: Node, cores: int, problems: Problems) -> Size | None:
    """The smaller of MaxCount and what fits into MaxCoreCount. None when the array can have no node, which is
    reported, and when a machine's `cores` are not known, 0."""
    by_count, by_cores = node.settings.get("maxcount"), node.settings.get("maxcorecount")
    count = whole_number(by_count, problems, least=0)
    most_cores = whole_number(by_cores, problems, least=0)
    if not cores:
        return None
    limits = [limit for limit in (count, most_cores and most_cores // cores) if limit is not None]
    if not limits:
        initial, _ = _initial(node, cores, problems)
        most = max(DEFAULT_MOST_NODES, initial)
        if is_missing(by_count) and is_missing(by_cores):
            _warn_of_no_limit(node, most, by_count or by_cores, problems)
        return Size(most, initial)
    most = min(limits)
    if most == 0:
        setting = by_count if count == 0 else by_cores
        _warn_of_no_node(node, setting, cores, problems)
        return None
    initial, said = _initial(node, cores, problems)
    if said and initial > most:
        what = f"{said.key} = {said.value.written} is more than {node.part} can have"
        problems.warn(said.value.place, what, f"raise the most, which is {most} nodes, or lower it")
    return Size(most, min(initial, most))


def limit_setting(node: Node) -> Setting | None:
    return node.settings.get("maxcount") or node.settings.get("maxcorecount")


def _initial(node: Node, cores: int, problems: Problems) -> tuple[int, Setting | None]:
    """The nodes that the array is to start with, and what says so."""
    report = AsWarnings(problems)
    count = whole_number(node.settings.get("initialcount"), report, least=0)
    in_cores = whole_number(node.settings.get("initialcorecount"), report, least=0)
    wanted = count if count is not None else -(-(in_cores or 0) // cores)
    return wanted, node.settings.get("initialcorecount" if count is None else "initialcount")


def _warn_of_no_limit(node: Node, most: int, setting: Setting | None, problems: Problems) -> None:
    place = setting.value.place if setting else node.part.place
    what = f"{node.part} has no MaxCount or MaxCoreCount, so it can have {most} nodes"
    origin = setting.value.origin if setting else ""
    remedy = f"give a value: -P {origin}=…" if origin else "add MaxCount here or in [[node defaults]]"
    problems.warn(place, what, remedy)


def _warn_of_no_node(node: Node, setting: Setting | None, cores: int, problems: Problems) -> None:
    if setting is None:
        return
    what = f"{setting.key} = {setting.value.written}"
    if setting.value.written != "0" and setting.key.lower() == "maxcorecount":
        what += f" is less than the {cores} cores of one node"
    problems.warn(setting.value.place, f"{what}, so {node.part} can have no node and is left out", "raise it")
