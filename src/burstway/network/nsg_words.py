"""Names and descriptions of an NSG's rules, made from the flows they carry.

A name has at most 80 characters of `A-Za-z0-9._-`, begins with a letter or digit, ends with one or with `_`,
and is unique in its group without regard to case. A description has at most 140 characters. Source:
https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/resource-name-rules
"""

import re
from collections.abc import Iterable, Sequence

from burstway.flows.rules import Rule

LONGEST_NAME = 80
LONGEST_DESCRIPTION = 140


def rule_name(prefix: str, flows: Iterable[Rule], taken: set[str]) -> str:
    """`prefix`, then the flows' names, as many as fit, then a number where that is taken. Adds it to `taken`,
    which is in lower case."""
    slugs = dict.fromkeys(re.sub(r"[^A-Za-z0-9]+", "-", flow.name).strip("-") or "flow" for flow in flows)
    name = _fitting(f"{prefix}-", list(slugs), LONGEST_NAME - len("_1000"))
    unique, number = name, 1
    while unique.lower() in taken:
        number += 1
        unique = f"{name}_{number}"
    taken.add(unique.lower())
    return unique


def _fitting(prefix: str, slugs: Sequence[str], most: int) -> str:
    for shown in range(len(slugs), 0, -1):
        rest = [f"and_{len(slugs) - shown}_more"] if shown < len(slugs) else []
        name = prefix + "_".join([*slugs[:shown], *rest])
        if len(name) <= most:
            return name
    return (prefix + slugs[0])[:most].rstrip("-")


def rule_description(flows: Iterable[Rule]) -> str:
    """The flows' names and purposes, on one line, cut where the room ends."""
    flows = list(flows)
    names = ", ".join(dict.fromkeys(flow.name for flow in flows))
    purposes = "; ".join(dict.fromkeys(flow.purpose for flow in flows if flow.purpose))
    text = " ".join((f"{names}: {purposes}" if purposes else names).split())
    if len(text) <= LONGEST_DESCRIPTION:
        return text
    return text[: LONGEST_DESCRIPTION - len("...")].rstrip() + "..."
