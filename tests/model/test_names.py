"""Names and hostlists: what is accepted, what is refused, and what refusing costs."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from burstway.errors import HostlistError, InputError
from burstway.model.cluster import Cluster, NodeArray
from burstway.model.names import MOST_NODES, check_name, expand_hostlist, fold_hostlist, node_name

ACCEPTED = {
    "a": ["a"],
    "hpc1-hpc-1": ["hpc1-hpc-1"],
    "a-[1-3]": ["a-1", "a-2", "a-3"],
    "a-[1-2,7]": ["a-1", "a-2", "a-7"],
    "a-[08-11]": ["a-08", "a-09", "a-10", "a-11"],
    "a-[3-3]": ["a-3"],
    "a-[0]": ["a-0"],
    "a-[1-2],b": ["a-1", "a-2", "b"],
    "b,a": ["b", "a"],
    "a-10,a-2": ["a-10", "a-2"],
    "a-1,a-1,a-[1-2]": ["a-1", "a-2"],
    "a[1-2]b[3-4]": ["a1b3", "a1b4", "a2b3", "a2b4"],
    "r[1-2]-n[1,3]x": ["r1-n1x", "r1-n3x", "r2-n1x", "r2-n3x"],
    "[1-2]": ["1", "2"],
    "A_b.c-1": ["A_b.c-1"],
}

REFUSED = {
    "": "empty",
    "   ": "empty",
    ",": "one side of a comma",
    "a,": "one side of a comma",
    ",a": "one side of a comma",
    "a,,b": "one side of a comma",
    "a[": "not a hostlist",
    "a[1-2": "not a hostlist",
    "a1-2]": "not a hostlist",
    "]a[": "not a hostlist",
    "a[[1-2]]": "not a hostlist",
    "a[1-2]]": "not a hostlist",
    "a[1-2][3-4]": "not a hostlist",
    "a[]": "not a range",
    "a[1,]": "not a range",
    "a[b]": "not a range",
    "a[1-b]": "not a range",
    "a[1-2-3]": "not a range",
    "a[-5-3]": "not a range",
    "a[-1000000--1]": "not a range",
    "a[1-1_000_000]": "not a range",
    "a[1.5]": "not a range",
    "a[5-1]": "not a hostlist",
    "a[1-03]": "not a hostlist",
    "a b": "not a hostlist",
    "a\n": "not a hostlist",
    "a-[1-9/2]": "not a hostlist",
    "@all": "not a hostlist",
    "a!b": "not a hostlist",
    "a&b": "not a hostlist",
    "a^b": "not a hostlist",
    "a*": "not a hostlist",
    "a%d": "not a hostlist",
    "a;rm": "not a hostlist",
    "../a": "not a hostlist",
    "ä": "not a hostlist",
    "a-[١-٣]": "not a hostlist",
    "a-[1-65537]": "65,537 nodes or more",
    "a-[1-1000]-[1-1000]": "1,000,000 nodes or more",
    "a-[1-9999999999999]": "not a range",
}

GREAT = {
    "one range": "hpc1-hpc-[1-1000000]",
    "the greatest range": "a[0-999999999999]",
    "a product": "r[1-1000]-n[1-1000]",
    "a product of many": "a[1-99]x" * 100_000,
    "many ranges": ",".join(["a-[1-100]"] * 100_000),
    "many pieces in a bracket": "a[" + ",".join(["1-100"] * 100_000) + "]",
    "many commas": "," * 1_000_000,
    "many names": ",".join(f"hpc1-hpc-{index}" for index in range(MOST_NODES + 1)),
    "many open brackets": "[" * 1_000_000,
    "open brackets and commas": "[," * 500_000,
    "many characters": "a" * 3_000_000,
}


@pytest.mark.parametrize("hostlist", ACCEPTED)
def test_accepted(hostlist: str) -> None:
    """A hostlist is its names in the order written, each once."""
    assert expand_hostlist(hostlist) == ACCEPTED[hostlist]


@pytest.mark.parametrize("hostlist", REFUSED)
def test_refused(hostlist: str) -> None:
    """What is no hostlist is refused with a reason and with what to write instead, never guessed at."""
    with pytest.raises(HostlistError, match=REFUSED[hostlist]) as raised:
        expand_hostlist(hostlist)
    assert raised.value.remedy


@pytest.mark.parametrize("kind", GREAT)
def test_a_great_hostlist_is_refused_before_it_is_expanded(kind: str) -> None:
    """A million nodes cost no more than reading the text once, and the refusal does not repeat the text."""
    begun = time.perf_counter()
    with pytest.raises(HostlistError) as raised:
        expand_hostlist(GREAT[kind])
    assert time.perf_counter() - begun < 1
    assert len(str(raised.value)) < 400


def test_the_bound_is_what_the_caller_says() -> None:
    """As many names as allowed are given, and one more is refused."""
    assert len(expand_hostlist("a-[1-10]", most=10)) == 10
    with pytest.raises(HostlistError, match="11 nodes or more, and 10 are the most"):
        expand_hostlist("a-[1-11]", most=10)
    with pytest.raises(HostlistError, match="11 nodes or more"):
        expand_hostlist("a-[1-10],b", most=10)


def test_as_many_names_as_a_cluster_can_have_written_singly() -> None:
    """65,536 names, as squeue might write them, take no longer than reading them."""
    names = [node_name("hpc1", "hpc", index) for index in range(1, MOST_NODES + 1)]
    begun = time.perf_counter()
    assert expand_hostlist(",".join(names)) == names
    assert time.perf_counter() - begun < 1


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,3}(-[A-Za-z0-9]{1,4}){0,2}", fullmatch=True)


@given(st.lists(NAMES, min_size=1, max_size=40))
@example(["a-1", "a-01", "a-001", "a-10"])
@example(["a1-1", "a2-1", "a1-2", "a2-2"])
def test_folding_and_expanding_is_the_same_set(names: list[str]) -> None:
    """fold after expand loses no name and makes none up, and folding again changes nothing."""
    folded = fold_hostlist(expand_hostlist(",".join(names)))
    assert sorted(expand_hostlist(folded)) == sorted(set(names))
    assert fold_hostlist(expand_hostlist(folded)) == folded


@given(st.text("ab1290-[],_.", max_size=30))
@example("a[1-1_000_000]")
def test_any_text_is_names_or_refused(text: str) -> None:
    """Nothing but a HostlistError comes out of a text, and never more names than allowed."""
    try:
        names = expand_hostlist(text, most=500)
    except HostlistError:
        return
    assert 0 < len(names) <= 500
    assert len(set(names)) == len(names)
    assert not any(set("[],") & set(name) for name in names)


@pytest.mark.parametrize("name", ["a", "hpc1", "A-b", "a" * 31])
def test_names_that_can_be_part_of_a_host_name(name: str) -> None:
    """A letter first, then letters, digits and hyphens."""
    assert check_name("cluster", name) == name


@pytest.mark.parametrize("name", ["", "1a", "-a", "a-", "a_b", "a.b", "a b", "ä", "a\n", "a/b", "a" * 32])
def test_names_that_cannot(name: str) -> None:
    """The refusal says what was to be named and how."""
    with pytest.raises(InputError, match="name of a cluster") as raised:
        check_name("cluster", name)
    assert "letter first" in raised.value.remedy


def test_a_node_name_says_where_it_belongs() -> None:
    """CLUSTER-ARRAY-INDEX leads back to the array, and a name that only looks alike does not."""
    array = NodeArray("hpc", "m", "image", "subnet", 20, 1, "cloud")
    cluster = Cluster("hpc1", (array,))
    names = list(cluster.node_names())
    assert names == expand_hostlist(cluster.hostlist(array))
    assert all(cluster.array_of(name) is array for name in names)
    assert all(int(a.rpartition("-")[2]) < int(b.rpartition("-")[2]) for a, b in pairwise(names))
    strangers = [
        "hpc1-hpc-0",
        "hpc1-hpc-21",
        "hpc1-hpc-01",
        "hpc1-hpc-",
        "hpc1-gpu-1",
        "hpc2-hpc-1",
        "hpc1-hpc-²",
    ]
    assert [cluster.array_of(name) for name in strangers] == [None] * len(strangers)
