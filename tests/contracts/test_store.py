"""What every store does (contracts.Store), run on each implementation."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from burstway.contracts import ClusterSource, Rental, Store
from burstway.errors import ConflictError, StoreError, UnknownError
from burstway.lifecycle.states import note
from burstway.model.cluster import Cluster, NodeArray
from burstway.model.node import Node, NodeEvent, Origin, State
from burstway.store.sqlite import SqliteStore

T = TypeVar("T")
Opener = Callable[[], Store]

OPENERS: dict[str, Callable[[Path], Store]] = {
    "sqlite": lambda directory: SqliteStore.open(directory / "burstway.db"),
}


@pytest.fixture(params=OPENERS)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens the one store of this test; again, once it is closed."""
    return lambda: OPENERS[request.param](tmp_path)


@pytest.fixture
def store(opener: Opener) -> Iterator[Store]:
    store = opener()
    yield store
    store.close()


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
COUNT = st.integers(0, 2**31 - 1)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: COUNT,
    float: NUMBER,
    bool: st.booleans(),
    State: st.sampled_from(State),
    Origin: st.sampled_from(Origin),
}


def any_of(kind: type[T]) -> st.SearchStrategy[T]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: BY_TYPE[hints[f.name]] for f in fields(kind)})  # type: ignore[arg-type]


any_example = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def a_node(index: int = 1, **changes: Any) -> Node:
    return replace(Node(f"hpc1-hpc-{index}", "hpc1", "hpc"), **changes)


def told(node: Node, event: str = "noted", now: float = 1.0) -> tuple[Node, NodeEvent]:
    return note(node, event, now=now, reason=f"{event} at {now}", cause="a test")


def save(store: Store, *changes: tuple[Node, NodeEvent]) -> None:
    with store.write() as transaction:
        transaction.save(changes)


def saved(store: Store) -> list[Node]:
    with store.read() as transaction:
        return transaction.nodes()


# --- transactions ----------------------------------------------------------------------------------------


def test_a_transaction_that_raises_leaves_nothing(store: Store) -> None:
    """Neither of what it wrote first nor of what it wrote last; and the error comes out as it was."""
    save(store, told(a_node(1)))
    before = saved(store)

    def interrupted() -> None:
        with store.write() as transaction:
            transaction.put_cluster(Cluster("hpc1", ()), ClusterSource())
            transaction.save([told(a_node(2)), told(a_node(1, reason="changed"))])
            transaction.start_rentals([Rental("k", "hpc1-hpc-2", "small", 1.0, 5.0)])
            transaction.put_person("ada", "viewer", "hash")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert saved(store) == before
    with store.read() as transaction:
        assert transaction.clusters() == ()
        assert transaction.rentals() == []
        assert transaction.people() == []
        assert len(transaction.events_after(0)) == 1


def test_a_transaction_sees_its_own_writes(store: Store) -> None:
    """Reading and writing mix freely inside write()."""
    with store.write() as transaction:
        transaction.save([told(a_node(1, address="10.0.0.1"))])
        node = transaction.node("hpc1-hpc-1")
        assert node is not None
        assert node.address == "10.0.0.1"


def test_a_reader_neither_waits_for_the_writer_nor_sees_its_unfinished_work(store: Store) -> None:
    """And what it has seen once stays so until its end, whatever is committed meanwhile."""
    with store.write() as writer:
        writer.save([told(a_node(1))])
        assert saved(store) == []
    with store.read() as reader:
        seen = reader.nodes()
        save(store, told(a_node(2)))
        assert reader.nodes() == seen
    assert len(saved(store)) == 2


def test_a_reader_cannot_write(store: Store) -> None:
    """Not by accident either: it is refused, not ignored."""
    with store.read() as transaction, pytest.raises(StoreError, match="reading"):
        transaction.touch({"hpc1-hpc-1": 1.0})


def test_a_transaction_with_a_failed_part_is_not_committed(store: Store) -> None:
    """Even when whoever wrote it caught the failure and went on."""

    def careless() -> None:
        with store.write() as transaction:
            transaction.put_person("ada", "viewer", "hash")
            with pytest.raises(ConflictError):
                transaction.put_person("bob", "viewer", "hash")
            with pytest.raises(StoreError, match="failed before"):
                transaction.put_person("eve", "viewer", "another")

    with pytest.raises(StoreError, match="nothing is saved"):
        careless()
    with store.read() as transaction:
        assert transaction.people() == []


def test_what_is_committed_is_there_after_a_restart(opener: Opener) -> None:
    """Closing twice is harmless, and a closed store says that it is closed."""
    store = opener()
    save(store, told(a_node(1)))
    before = saved(store)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        saved(store)
    store = opener()
    assert saved(store) == before
    store.close()


# --- nodes -----------------------------------------------------------------------------------------------


@any_example
@given(node=any_of(Node), event=any_of(NodeEvent))
def test_what_is_saved_is_read_back(store: Store, node: Node, event: NodeEvent) -> None:
    """Every field of the node and of the line, to the last bit of a float and the last rune of a text."""
    save(store, (node, event))
    with store.read() as transaction:
        assert transaction.node(node.name) == node
        assert node in transaction.nodes()
        assert transaction.nodes([node.name]) == [node]
        assert transaction.story(event.node)[-1] == event


def test_a_node_is_saved_whole(store: Store) -> None:
    """A later save replaces every field; of two in one batch the later counts, and both are told."""
    save(store, told(a_node(1, address="10.0.0.1", configured=True)))
    first, last = told(a_node(1, generation=1), "first"), told(a_node(1, generation=2), "last")
    save(store, first, last)
    assert saved(store) == [last[0]]
    with store.read() as transaction:
        assert [line.event for line in transaction.story("hpc1-hpc-1")] == ["noted", "first", "last"]


def test_nodes_come_in_the_order_people_count(store: Store) -> None:
    """hpc-9 before hpc-10."""
    save(store, *(told(a_node(index)) for index in (10, 2, 1, 9)))
    assert [node.name for node in saved(store)] == [f"hpc1-hpc-{index}" for index in (1, 2, 9, 10)]


def test_nodes_are_asked_for_by_name_and_by_life(store: Store) -> None:
    """Names without a row are left out, a name asked for twice comes once, no names are no nodes."""
    save(store, told(a_node(1)), told(a_node(2, state=State.READY)), told(a_node(3, state=State.FAILED)))

    def names(*args: Any, **options: Any) -> list[str]:
        with store.read() as transaction:
            return [node.name.removeprefix("hpc1-hpc-") for node in transaction.nodes(*args, **options)]

    assert names() == ["1", "2", "3"]
    assert names(live=True) == ["2", "3"]
    assert names({"hpc1-hpc-1", "hpc1-hpc-2", "nobody"}) == ["1", "2"]
    assert names(["hpc1-hpc-2", "hpc1-hpc-2"]) == ["2"]
    assert names(["hpc1-hpc-1", "hpc1-hpc-2"], live=True) == ["2"]
    assert names([]) == []
    with store.read() as transaction:
        assert transaction.node("nobody") is None


def test_ten_thousand_nodes_are_one_batch(store: Store) -> None:
    """Saved, asked for by name and touched: no bound on the size of a statement is in the way."""
    names = [f"hpc1-hpc-{index}" for index in range(1, 10_001)]
    save(store, *(told(a_node(index)) for index in range(1, 10_001)))
    with store.write() as transaction:
        transaction.touch(dict.fromkeys(names, 7.0))
        found = transaction.nodes(names)
    assert [node.name for node in found] == names
    assert {node.seen_at for node in found} == {7.0}


def test_touching_is_no_change(store: Store) -> None:
    """Only seen_at moves: no version, no line in the story; names that have no row stay without."""
    save(store, told(a_node(1)), told(a_node(2)))
    one, two = saved(store)
    with store.write() as transaction:
        transaction.touch({"hpc1-hpc-1": 99.5, "nobody": 1.0})
        transaction.touch({})
    assert saved(store) == [replace(one, seen_at=99.5), two]
    with store.read() as transaction:
        assert len(transaction.events_after(0)) == 2


# --- stories ---------------------------------------------------------------------------------------------


def test_a_story_is_told_in_order(store: Store) -> None:
    """As it was written, whatever the clocks said; when it is long, its end is what is told."""
    for number, now in enumerate([5.0, 3.0, 9.0, 9.0]):
        save(store, told(a_node(1), f"e{number}", now), told(a_node(2), "other", now))
    with store.read() as transaction:
        assert [line.event for line in transaction.story("hpc1-hpc-1")] == ["e0", "e1", "e2", "e3"]
        assert [line.event for line in transaction.story("hpc1-hpc-1", most=2)] == ["e2", "e3"]
        assert transaction.story("nobody") == []


def test_events_are_followed_by_number(store: Store) -> None:
    """Whoever remembers the last number gets each later event once, a page at a time, of all nodes."""
    save(store, *(told(a_node(index), f"e{index}") for index in range(1, 6)))
    read: list[str] = []
    last = 0
    with store.read() as transaction:
        while page := transaction.events_after(last, most=2):
            assert len(page) <= 2
            assert [number for number, _ in page] == sorted(number for number, _ in page)
            read += [line.event for _, line in page]
            last = page[-1][0]
    assert read == ["e1", "e2", "e3", "e4", "e5"]
    save(store, told(a_node(1), "e6"))
    with store.read() as transaction:
        assert [line.event for _, line in transaction.events_after(last)] == ["e6"]


# --- clusters --------------------------------------------------------------------------------------------

HPC = NodeArray("hpc", "Standard_HB120rs_v3", "almalinux-8", "compute", 20, 120, "hpc", True)
GPU = NodeArray("gpu", "Standard_ND96asr_v4", "Größe μ", "compute", 4, 96, "gpu")


SOURCE = ClusterSource("[cluster hpc1]\n# größer\n", "hpc1.txt", "hpc1", {"Cores": 20, "Spot": None})


def test_a_cluster_is_put_replaced_and_deleted(store: Store) -> None:
    """With its arrays and with what it came from; deleting what is not there is harmless."""
    with store.write() as transaction:
        transaction.put_cluster(Cluster("hpc2", ()), ClusterSource())
        transaction.put_cluster(Cluster("hpc1", (HPC,)), ClusterSource("[cluster hpc1]\n"))
    with store.write() as transaction:
        transaction.put_cluster(Cluster("hpc1", (HPC, GPU)), SOURCE)
    with store.read() as transaction:
        assert transaction.clusters() == (Cluster("hpc1", (HPC, GPU)), Cluster("hpc2", ()))
        assert transaction.cluster_source("hpc1") == SOURCE
        assert transaction.cluster_source("hpc2") == ClusterSource()
    with store.write() as transaction:
        transaction.delete_cluster("hpc1")
        transaction.delete_cluster("nobody")
    with store.read() as transaction:
        assert transaction.clusters() == (Cluster("hpc2", ()),)
        with pytest.raises(UnknownError, match="hpc1"):
            transaction.cluster_source("hpc1")


def test_a_template_is_put_replaced_and_deleted(store: Store) -> None:
    """It is no cluster, also where one has its name; deleting says whether there was one."""
    with store.write() as transaction:
        transaction.put_cluster(Cluster("slurm", ()), ClusterSource())
        transaction.put_template("slurm", ClusterSource("first"))
        transaction.put_template("nfs", SOURCE)
        transaction.put_template("slurm", ClusterSource("second", "slurm.txt"))
    with store.read() as transaction:
        found = transaction.templates()
        assert found == {"nfs": SOURCE, "slurm": ClusterSource("second", "slurm.txt")}
        assert list(found) == ["nfs", "slurm"]
        assert transaction.template("slurm") == found["slurm"]
        assert transaction.template("nobody") is None
        assert transaction.clusters() == (Cluster("slurm", ()),)
    with store.write() as transaction:
        assert transaction.delete_template("slurm")
        assert not transaction.delete_template("slurm")
        assert list(transaction.templates()) == ["nfs"]
        assert transaction.cluster_source("slurm") == ClusterSource()


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | NUMBER | TEXT
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)


@any_example
@given(name=TEXT, source=st.builds(ClusterSource, TEXT, TEXT, TEXT, st.dictionaries(TEXT, JSON, max_size=4)))
def test_what_is_given_for_a_cluster_keeps_its_types(store: Store, name: str, source: ClusterSource) -> None:
    """Numbers, booleans, null, lists and objects of a file of parameters, for clusters and templates."""
    with store.write() as transaction:
        transaction.put_template(name, source)
        transaction.put_cluster(Cluster(name, ()), source)
    with store.read() as transaction:
        for kept in (transaction.template(name), transaction.cluster_source(name)):
            assert kept is not None
            assert repr(kept) == repr(source)


def test_deleting_a_cluster_keeps_its_nodes_and_stories(store: Store) -> None:
    """Its machines may still bill, and its nodes' generations must count on: they make keys that are new."""
    with store.write() as transaction:
        transaction.put_cluster(Cluster("hpc1", (HPC,)), ClusterSource())
        transaction.save([told(a_node(1, generation=7))])
        transaction.start_rentals([Rental("k", "hpc1-hpc-1", "small", 1.0, 5.0)])
    with store.write() as transaction:
        transaction.delete_cluster("hpc1")
        assert [node.generation for node in transaction.nodes()] == [7]
        assert len(transaction.story("hpc1-hpc-1")) == 1
        assert len(transaction.rentals(running=True)) == 1


# --- rentals ---------------------------------------------------------------------------------------------


def test_a_rental_runs_from_its_start_to_its_end(store: Store) -> None:
    """And is remembered afterwards."""
    one, two = Rental("k1", "hpc1-hpc-1", "small", 0.25, 10.0), Rental("k2", "hpc1-hpc-2", "big", 3.5, 5.0)
    with store.write() as transaction:
        transaction.start_rentals([one, two])
        assert transaction.rentals() == [two, one]
        transaction.end_rentals(["k2"], now=20.0)
    with store.read() as transaction:
        assert transaction.rentals(running=True) == [one]
        assert transaction.rentals() == [replace(two, ended_at=20.0), one]


def test_ending_twice_is_ending_once(store: Store) -> None:
    """The first end counts, and ending what never began is harmless."""
    with store.write() as transaction:
        transaction.start_rentals([Rental("k", "hpc1-hpc-1", "small", 1.0, 10.0)])
        transaction.end_rentals(["k", "k", "nobody"], now=20.0)
        transaction.end_rentals(["k"], now=30.0)
        transaction.end_rentals([], now=40.0)
        assert [rental.ended_at for rental in transaction.rentals()] == [20.0]


def test_starting_twice_is_one_rental(store: Store) -> None:
    """The first start counts; a rental that has ended does not begin again under its key."""
    rental = Rental("k", "hpc1-hpc-1", "small", 1.0, 10.0)
    with store.write() as transaction:
        transaction.start_rentals([rental, replace(rental, started_at=11.0)])
        transaction.start_rentals([replace(rental, price_per_hour=9.0)])
        assert transaction.rentals() == [rental]
        transaction.end_rentals(["k"], now=20.0)
        transaction.start_rentals([rental])
        assert transaction.rentals(running=True) == []


# --- people ----------------------------------------------------------------------------------------------


def test_people_are_known_by_their_token(store: Store) -> None:
    """A new token replaces the old one; nobody has two, and no token is two people's."""
    with store.write() as transaction:
        transaction.put_person("bob", "viewer", "hash-b")
        transaction.put_person("ada", "operator", "hash-a")
        transaction.put_person("ada", "administrator", "hash-a2")
    with store.read() as transaction:
        assert transaction.people() == [("ada", "administrator"), ("bob", "viewer")]
        assert transaction.person("hash-a2") == ("ada", "administrator")
        assert transaction.person("hash-a") is None
    with pytest.raises(ConflictError), store.write() as transaction:
        transaction.put_person("eve", "administrator", "hash-a2")
    with store.write() as transaction:
        assert transaction.delete_person("ada")
        assert not transaction.delete_person("ada")
        assert transaction.person("hash-a2") is None
        assert transaction.people() == [("bob", "viewer")]
