"""A small site with one of each thing that a renderer must say: several addresses, a tag, UDP, ESP, a range
of ports, two flows on one port, and what never crosses the border."""

from ipaddress import IPv4Network

from hypothesis import strategies as st

from burstway.flows.rules import Place, Rule, Tag
from burstway.flows.table import Ports, Protocol

SITE = IPv4Network("10.10.0.0/16")
CLOUD = IPv4Network("10.80.0.0/16")
HEAD = IPv4Network("10.10.0.10/32")
LOGINS = (HEAD, IPv4Network("10.10.0.11/32"))
FILES = IPv4Network("10.10.1.0/28")
NODES = IPv4Network("10.80.0.0/20")
TAG = Tag("Storage.WestEurope")
TAGS = {"storage.westeurope": (IPv4Network("198.51.100.0/24"), IPv4Network("203.0.113.64/26"))}

RULES = [
    Rule("agent", (NODES,), (HEAD,), Protocol.TCP, Ports(1443, 1443), "a node joins and takes its work"),
    Rule("control", (NODES,), (HEAD,), Protocol.TCP, Ports(1817, 1817), "nodes register"),
    Rule("start", (HEAD,), (NODES,), Protocol.TCP, Ports(1818, 1818), "jobs are started"),
    Rule("start-tasks", LOGINS, (NODES,), Protocol.TCP, Ports(1818, 1818), "tasks are started"),
    Rule("output", (NODES,), LOGINS, Protocol.TCP, Ports(50_001, 53_000), "tasks send their output"),
    Rule("among-nodes", (NODES,), (NODES,), Protocol.TCP, Ports(1818, 1818), "tasks on other nodes"),
    Rule("files", (NODES,), (FILES, HEAD), Protocol.TCP, Ports(1049, 1049), "home directories"),
    Rule("names", (NODES,), (FILES,), Protocol.UDP, Ports(1053, 1053), "names are looked up"),
    Rule("blobs", (NODES,), (TAG,), Protocol.TCP, Ports(1443, 1443), "data is staged"),
    Rule(
        "tunnel", (IPv4Network("10.10.0.1/32"),), (IPv4Network("192.0.2.1/32"),), Protocol.ESP, None, "a VPN"
    ),
]

PLACES: list[Place] = [
    NODES, CLOUD, SITE, HEAD, FILES, IPv4Network("10.80.16.0/24"), IPv4Network("10.80.0.128/25"),
    IPv4Network("0.0.0.0/0"), TAG, Tag("VirtualNetwork"),
]  # fmt: skip
_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60
) | st.text("[]'\"\\${}%a b,", max_size=200)


@st.composite
def any_rule(draw: st.DrawFn) -> Rule:
    """Names and purposes are whatever a text can be."""
    places = st.lists(st.sampled_from(PLACES), min_size=1, max_size=4).map(tuple)
    protocol = draw(st.sampled_from(list(Protocol)))
    first = draw(st.integers(1, 12))
    ports = None if protocol is Protocol.ESP else Ports(first, draw(st.integers(first, 14)))
    name = draw(st.sampled_from(["a", "b-c", "A", "[x]", "deny-all", "${x}", "''", "ü", "y" * 100]) | _TEXT)
    return Rule(name, draw(places), draw(places), protocol, ports, draw(_TEXT))


any_rules = st.lists(any_rule(), max_size=8)
