"""The rules as files for /etc/firewalld, for the site's router or a host of the site that runs firewalld.

    zone     burstway-cloud   the cloud's ranges, by source address; what comes from there is dropped,
    policy   burstway-close   and so is what goes there,
    policy   burstway-pass    unless it is forwarded and a flow names it,
    policy   burstway-host    or is for this machine itself and a flow names it.

The policies that let through have the lower priorities and come first; after them the site's own zones decide
as before, and nothing is closed between other addresses. Each rule names its addresses, so the same files do
on a router and on a host. Several addresses at one end become an ipset. A name has at most 17 characters.
Sources: https://firewalld.org/documentation/man-pages/firewalld.policies.html and
https://firewalld.org/documentation/man-pages/firewalld.richlanguage.html
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from xml.etree import ElementTree
from xml.etree.ElementTree import Comment, Element, SubElement

from burstway.flows.expand import NO_TAGS, Tags, expanded
from burstway.flows.rules import Place, Rule

CLOUD = "burstway-cloud"
_HOW = (
    "Copy these folders into /etc/firewalld, then `firewall-cmd --check-config` and `firewall-cmd --reload`. "
    "No other zone may have these ranges as a source. To undo it, remove the files and reload."
)

Addresses = tuple[Place, ...]


def render_firewalld(
    rules: Iterable[Rule], ranges: Sequence[IPv4Network], tags: Tags = NO_TAGS, notes: Iterable[str] = ()
) -> dict[str, str]:
    """Text by path below /etc/firewalld. `ranges` are the cloud's; `notes` are comments at the end of the
    policy for what is forwarded. Raises InputError for a tag that is not in `tags`."""
    ready = expanded(rules, tags)
    sets = _sets(ready)
    files = {
        f"zones/{CLOUD}.xml": _zone(ranges),
        "policies/burstway-pass.xml": _passing("Burstway: forwarded flows", "ANY", -200, ready, sets, notes),
        "policies/burstway-host.xml": _passing("Burstway: flows to this host", "HOST", -200, ready, sets),
        "policies/burstway-close.xml": _closing(),
    }
    return files | {f"ipsets/{name}.xml": _ipset(name, each) for each, name in sets.items()}


def _sets(rules: Iterable[Rule]) -> dict[Addresses, str]:
    """A name for each group of more than one range, in the order of the rules."""
    groups = dict.fromkeys(ends for rule in rules for ends in (rule.sources, rule.targets) if len(ends) > 1)
    return {ends: f"burstway-{number}" for number, ends in enumerate(groups, start=1)}


def _zone(ranges: Iterable[IPv4Network]) -> str:
    zone = Element("zone", target="DROP")
    _titles(zone, "Burstway: the cloud", f"The cloud's ranges. {_HOW}")
    for each in ranges:
        SubElement(zone, "source", address=str(each))
    return _text(zone)


def _closing() -> str:
    policy = Element("policy", target="DROP", priority="-100")
    _titles(
        policy, "Burstway: nothing else to the cloud", "What no flow names does not go to the cloud's ranges."
    )
    SubElement(policy, "ingress-zone", name="ANY")
    SubElement(policy, "egress-zone", name=CLOUD)
    return _text(policy)


def _passing(
    title: str,
    egress: str,
    priority: int,
    rules: Iterable[Rule],
    sets: dict[Addresses, str],
    notes: Iterable[str] = (),
) -> str:
    policy = Element("policy", target="CONTINUE", priority=str(priority))
    _titles(policy, title, "Lets the named flows through and leaves the rest to what comes after.")
    SubElement(policy, "ingress-zone", name="ANY")
    SubElement(policy, "egress-zone", name=egress)
    for names, rule in _once(rules):
        policy.append(Comment(_comment(", ".join(names))))
        policy.append(_rule(rule, sets))
    for note in notes:
        policy.append(Comment(_comment(note)))
    return _text(policy)


def _comment(text: str) -> str:
    """XML allows no two dashes one after the other in it."""
    return f" {re.sub('-(?=-)', '- ', text)} "


def _once(rules: Iterable[Rule]) -> list[tuple[list[str], Rule]]:
    """Rules that differ in name and purpose only are one with all their names: firewalld warns of two."""
    found: dict[Rule, list[str]] = {}
    for rule in rules:
        found.setdefault(replace(rule, name="", purpose=""), []).append(rule.name)
    return [(names, rule) for rule, names in found.items()]


def _rule(rule: Rule, sets: dict[Addresses, str]) -> Element:
    made = Element("rule", family="ipv4")
    SubElement(made, "source", _ends(rule.sources, sets))
    SubElement(made, "destination", _ends(rule.targets, sets))
    if rule.ports:
        SubElement(made, "port", port=str(rule.ports), protocol=str(rule.protocol))
    else:
        SubElement(made, "protocol", value=str(rule.protocol))
    SubElement(made, "accept")
    return made


def _ends(ends: Addresses, sets: dict[Addresses, str]) -> dict[str, str]:
    return {"ipset": sets[ends]} if ends in sets else {"address": str(ends[0])}


def _ipset(name: str, addresses: Addresses) -> str:
    ipset = Element("ipset", type="hash:net")
    _titles(ipset, name, "Addresses at one end of a flow.")
    SubElement(ipset, "option", name="maxelem", value=str(max(65_536, len(addresses))))
    for each in addresses:
        SubElement(ipset, "entry").text = str(each)
    return _text(ipset)


def _titles(element: Element, short: str, description: str) -> None:
    SubElement(element, "short").text = short
    SubElement(element, "description").text = description


def _text(root: Element) -> str:
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'
