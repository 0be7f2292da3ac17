"""No document brings the reader down: it is read, or refused with DocumentError."""

import copy
import gzip
import json
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from azure_documents import (
    DATA,
    nested,
    nsg,
    peering,
    read,
    referring,
    resource,
    resource_id,
    rule,
    subnet,
    tags,
    template,
    vnet,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from test_read_resources import CONNECTION, LOCAL, PUBLIC, VPN, configuration, nic, route, table

from burstway.errors import DocumentError
from burstway.network.problems import network_problems
from burstway.network.read.documents import Document, read_documents

RULESETS = Path(__file__).parent / "rulesets"
HPC = vnet(
    "hpc",
    "10.2.0.0/16",
    subnet("nodes", "10.2.0.0/24", networkSecurityGroup=referring("networkSecurityGroups/nodes")),
    virtualNetworkPeerings=[peering("hub")],
)
WHOLE: list[Any] = [
    [nsg(rule(), rule("b", 101, sourceAddressPrefix="Storage"))],
    nested(nsg(rule())),
    {"value": [nested(HPC)]},
    [HPC, vnet("hub", "10.1.0.0/16", subnet("GatewaySubnet", "10.1.0.0/27"))],
    template(HPC, nsg(rule())),
    [VPN, LOCAL, CONNECTION, PUBLIC, nic(configuration("one"))],
    [table(route("a", "10.0.0.0/8", "VirtualAppliance", nextHopIpAddress="10.1.0.4"))],
    [resource("natGateways", "nat", subnets=[referring("virtualNetworks/hpc/subnets/nodes")])],
    tags(Storage=["20.0.0.0/8"]),
    *(json.loads(path.read_text()) for path in sorted(RULESETS.glob("*.json"))),
]
COMPUTE = {"compute": [IPv4Network("10.2.0.0/24")]}


def real() -> Iterator[Any]:
    """Tables of real products, where they are at hand."""
    for path in sorted(DATA.glob("nsg/*.json")):
        yield json.loads(path.read_text())


DOCUMENTS = [*WHOLE, *real()]

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        ["", "*", "[x]", "[[", "@", "@sites", "Internet", "10.0.0.0/8", "10.0.0.1/8", "::/0", "0-65535",
         "9-1", "²", "\ud800", "\x00", resource_id("virtualNetworks/v")]
    ),
    st.lists(st.integers() | st.text(max_size=3), max_size=3),
    st.dictionaries(
        st.sampled_from(["id", "name", "type", "properties", "set", "concat", "range", "&", "drop", "x"]),
        st.none() | st.text(max_size=5) | st.lists(st.integers(), max_size=2),
        max_size=3,
    ),
)  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document where something can be put, taken away or doubled."""
    found: list[tuple[Any, Any]] = []
    rest = [value]
    while rest:
        each = rest.pop()
        inner = each.items() if isinstance(each, dict) else enumerate(each) if isinstance(each, list) else ()
        for key, below in inner:
            found.append((each, key))
            rest.append(below)
    return found


def replace(container: Any, key: Any, odd: Any) -> None:
    container[key] = odd


def remove(container: Any, key: Any, odd: Any) -> None:
    del container[key]


def double(container: Any, key: Any, odd: Any) -> None:
    if isinstance(container, list):
        container.append(copy.deepcopy(container[key]))
    else:
        container[str(odd)[:8]] = container[key]


def wrap(container: Any, key: Any, odd: Any) -> None:
    container[key] = [container[key]]


CHANGES: list[Callable[[Any, Any, Any], None]] = [replace, replace, remove, double, wrap]


@st.composite
def changed(draw: st.DrawFn) -> Any:
    value = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 4))):
        if not (found := places(value)):
            break
        container, key = draw(st.sampled_from(found))
        draw(st.sampled_from(CHANGES))(container, key, draw(ODD))
    return value


def is_read_or_refused(*documents: Document) -> None:
    """What is read is then checked as a network; whatever is said of it can be printed."""
    try:
        found = read_documents(documents, subnets=COMPUTE)
    except DocumentError as refused:
        said = [str(problem) for problem in refused.problems] or [""]
    else:
        said = [*map(str, found.notes), *map(str, network_problems(found.network())), "read"]
    assert all(said)
    assert "".join(said).encode()


@settings(max_examples=400, deadline=None)
@given(changed(), st.sampled_from(WHOLE))
def test_a_changed_document_is_read_or_refused(value: Any, beside: Any) -> None:
    """With another one beside it: fields replaced, removed, doubled, wrapped."""
    is_read_or_refused(Document("a.json", json.dumps(value)), Document("b.json", json.dumps(beside)))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(DOCUMENTS), st.data())
def test_a_changed_text_is_read_or_refused(value: Any, data: st.DataObject) -> None:
    """Characters cut out or put in, as an editor or a terminal does."""
    text = json.dumps(value)
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 40))
    put = data.draw(st.text(max_size=6))
    is_read_or_refused(Document("a.json", text[:start] + put + text[start + length :]))


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(ODD, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner))
)
def test_any_json_is_read_or_refused(value: Any) -> None:
    """Also what is no document of a network at all."""
    is_read_or_refused(Document("a.json", json.dumps(value)))


@pytest.mark.parametrize("value", WHOLE, ids=range(len(WHOLE)))
def test_the_documents_themselves_are_read(value: Any) -> None:
    """Unchanged: else the tests above would show nothing."""
    assert read(value)


def test_the_published_service_tags_are_read() -> None:
    """Three thousand tags, in the form that Azure publishes."""
    paths = sorted(DATA.glob("servicetags/*.json.gz"))
    if not paths:
        pytest.skip("the service tags are not at hand")
    path = paths[-1]
    found = read_documents([Document("tags.json", gzip.decompress(path.read_bytes()).decode())])
    assert len(found.tags) > 3_000
    assert any(name.startswith("batchnodemanagement.") for name in found.tags)
