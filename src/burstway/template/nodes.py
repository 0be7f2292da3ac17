"""`[[node NAME]]` -> model.cluster.SingleNode.

They are kept with the cluster and not started, so what is wrong with them is a warning. Of several return
proxies the first counts.
"""

from collections.abc import Mapping
from dataclasses import replace

from burstway.model.cluster import SingleNode
from burstway.template.details import leave_images_out, read_details, read_image, read_subnet
from burstway.template.expand import Node
from burstway.template.known import Setting, is_missing
from burstway.template.left_out import LeftOuts
from burstway.template.problems import AsWarnings, Problems
from burstway.template.typed import boolean, words
from burstway.template.vocabulary import NO_SINGLE_NODES, ONE_MACHINE

_COUNTS = ("maxcount", "maxcorecount")


def leave_counts_out(nodes: list[Node], arrays: list[Node], left_outs: LeftOuts) -> None:
    """Lists the limits that single nodes say, for themselves and for no array that extends them."""
    used = {setting.place for array in arrays for setting in _counts(array.settings)}
    for node in nodes:
        for setting in _counts(node.part.settings):
            if setting.place not in used and setting.value.written not in ("", "1"):
                left_outs.add(setting.key, setting.place, ONE_MACHINE)


def _counts(settings: Mapping[str, Setting]) -> list[Setting]:
    return [settings[key] for key in _COUNTS if key in settings]


def read_nodes(nodes: list[Node], left_outs: LeftOuts, problems: Problems) -> tuple[SingleNode, ...]:
    found: list[SingleNode] = []
    proxy: SingleNode | None = None
    for node in nodes:
        single = _read_node(node, left_outs, problems)
        if single is None:
            continue
        if single.return_proxy and proxy:
            place = node.settings["isreturnproxy"].place
            what = f"{node.part} is a return proxy as well as [[node {proxy.name}]], which counts"
            problems.warn(place, what, "a cluster has one at most; the other says IsReturnProxy = false")
            single = replace(single, return_proxy=False)
        elif single.return_proxy:
            proxy = single
        found.append(single)
    return tuple(found)


def _leave_out(node: Node, left_outs: LeftOuts, reason: str) -> None:
    for place in node.part.lines():
        left_outs.add(str(node.part), place, reason)


def _read_node(node: Node, left_outs: LeftOuts, problems: Problems) -> SingleNode | None:
    report = AsWarnings(problems)
    if boolean(node.settings.get("disabled"), report):
        _leave_out(node, left_outs, "it says Disabled = true")
        return None
    _leave_out(node, left_outs, NO_SINGLE_NODES)
    leave_images_out(node, left_outs)
    machine_type = node.settings.get("machinetype")
    if is_missing(machine_type):
        report.add(node.part.place, f"{node.part} has no MachineType", "add it here or in [[node defaults]]")
    return SingleNode(
        name=node.part.name,
        machine_type=next(iter(words(machine_type, report)), ""),
        image=read_image(node, report),
        subnet=read_subnet(node, report),
        return_proxy=boolean(node.settings.get("isreturnproxy"), report) or False,
        details=read_details(node, report),
    )
