"""Rules of NSGs that name what is not known, so that they match nothing: a denial would be missing."""

from collections.abc import Iterator

from burstway.network.model import Group, Network, SecurityRule
from burstway.network.problems.fault import Check, Fault, warning
from burstway.network.tags import BUILT_IN

_BY_PLACE = {"*", "virtualnetwork", "internet"}


def _tags(network: Network) -> Iterator[Fault]:
    known = _BY_PLACE | BUILT_IN.keys() | network.tags.keys()
    for nsg in network.nsgs.values():
        for rule in nsg.rules:
            for tag in sorted(_texts(rule)):
                if tag.lower() not in known:
                    yield warning(
                        f"rule {rule.name} of NSG {nsg.name} names the tag {tag}, whose ranges are not known",
                        "read Azure's service tag file as well: the rule matches nothing without it",
                        rule.where or nsg.where,
                    )


def _texts(rule: SecurityRule) -> set[str]:
    return {each for each in (*rule.sources, *rule.targets) if isinstance(each, str)}


def _groups(network: Network) -> Iterator[Fault]:
    with_members = {group for nic in network.nics for group in nic.groups}
    for nsg in network.nsgs.values():
        for rule in nsg.rules:
            named = {each.name for each in (*rule.sources, *rule.targets) if isinstance(each, Group)}
            for group in sorted(named - with_members):
                yield warning(
                    f"rule {rule.name} of NSG {nsg.name} names the group {group}, and no interface is in it",
                    "describe the interfaces of the group: the rule matches nothing without them",
                    rule.where or nsg.where,
                )


CHECKS: tuple[Check, ...] = (_tags, _groups)
