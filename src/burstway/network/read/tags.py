"""Service tags: the file that Azure publishes each week, and which names of tags there are.

https://www.microsoft.com/en-us/download/details.aspx?id=56519 has the file. Some tags are built in and are
not in it. Without the file a tag's name cannot be checked and its ranges are not known: that is a note.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from burstway.network.read.findings import nearest, shown
from burstway.network.read.node import Node
from burstway.network.read.prefixes import network

BUILT_IN = (
    "VirtualNetwork", "Internet", "AzureLoadBalancer", "AzurePlatformDNS", "AzurePlatformIMDS",
    "AzurePlatformLKM",
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,99}")


@dataclass(frozen=True, slots=True)
class Tags:
    """`spelt` has all known names by lower case; `complete` is whether a file was given."""

    ranges: Mapping[str, tuple[IPv4Network, ...]]
    spelt: Mapping[str, str]
    complete: bool

    def name(self, node: Node, text: str) -> str | None:
        """The tag as it is spelt, None after a problem."""
        if (spelt := self.spelt.get(text.lower())) is not None:
            return spelt
        if self.complete or not _NAME.fullmatch(text):
            remedy = nearest(text, self.spelt.values())
            node.problem(f"{shown(text)} is neither a range nor a service tag", remedy)
            return None
        node.note(f"the ranges of the tag {text} are not known: give Azure's service tag file")
        return text


def read_tags(files: Iterable[Node]) -> Tags:
    ranges: dict[str, tuple[IPv4Network, ...]] = {}
    spelt = {name.lower(): name for name in BUILT_IN}
    complete = False
    for file in files:
        complete = True
        for tag in file.items("values"):
            name = tag.required("name")
            if name is None or not (text := name.as_text()):
                continue
            if text.lower() in ranges:
                name.problem(f"the tag {shown(text)} is there twice")
            spelt[text.lower()] = text
            ranges[text.lower()] = tuple(
                found
                for each in tag.items("addressPrefixes")
                if not (isinstance(each.value, str) and ":" in each.value)  # IPv6, half of them: no note
                and (found := network(each)) is not None
            )
    return Tags(ranges, spelt, complete)
