"""The algebra of intervals and of packets, held against Python's own sets in a small universe."""

from itertools import pairwise, product

from hypothesis import given
from hypothesis import strategies as st

from burstway.network.space import (
    Intervals,
    Packets,
    covers,
    difference,
    intersection,
    merged,
    of_networks,
    overlap,
    size,
    subtract_all,
    to_networks,
)

NUMBERS = st.integers(0, 12)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS).map(lambda pair: (min(pair), max(pair))), max_size=5)
SETS = PAIRS.map(merged)
FEW = st.sets(st.integers(0, 3)).map(lambda numbers: merged((each, each) for each in numbers))
PACKETS = st.builds(Packets, st.just("tcp"), FEW, FEW, FEW, FEW)

Point = tuple[int, ...]


def numbers(intervals: Intervals) -> set[int]:
    return {each for first, last in intervals for each in range(first, last + 1)}


def points(packets: Packets) -> set[Point]:
    sets = (packets.sources, packets.targets, packets.target_ports, packets.source_ports)
    return set(product(*(numbers(each) for each in sets)))


def is_canonical(intervals: Intervals) -> bool:
    """Sorted, disjoint, not touching, none of them empty."""
    flat = [each for pair in intervals for each in pair]
    apart = all(one[1] + 1 < other[0] for one, other in pairwise(intervals))
    return apart and flat == sorted(flat)


@given(PAIRS)
def test_merged_is_the_union_in_the_one_form(pairs: list[tuple[int, int]]) -> None:
    """So equal sets are equal values."""
    assert numbers(merged(pairs)) == numbers(tuple(pairs))
    assert is_canonical(merged(pairs))


@given(SETS, SETS)
def test_intersection_and_difference(a: Intervals, b: Intervals) -> None:
    """As of sets, in the same form."""
    assert numbers(intersection(a, b)) == numbers(a) & numbers(b)
    assert numbers(difference(a, b)) == numbers(a) - numbers(b)
    assert is_canonical(intersection(a, b))
    assert is_canonical(difference(a, b))


@given(SETS, SETS)
def test_questions_about_two_sets(a: Intervals, b: Intervals) -> None:
    """overlap, covers and size."""
    assert overlap(a, b) is bool(numbers(a) & numbers(b))
    assert covers(a, b) is (numbers(b) <= numbers(a))
    assert size(a) == len(numbers(a))


@given(SETS)
def test_to_networks_and_back(a: Intervals) -> None:
    """The networks are the same addresses."""
    assert of_networks(to_networks(a)) == a


@given(PACKETS, PACKETS)
def test_packets_as_products(a: Packets, b: Packets) -> None:
    """`and_` is the intersection; `without` is the rest, in disjoint parts, at most four."""
    assert points(a.and_(b)) == points(a) & points(b)
    assert bool(a) is bool(points(a))
    parts = [points(each) for each in a.without(b)] if a else []
    assert set().union(*parts) == points(a) - points(b)
    assert sum(len(each) for each in parts) == len(points(a) - points(b))
    assert len(parts) <= 4
    assert all(parts)


@given(PACKETS.filter(bool))
def test_an_example_is_one_of_them(packets: Packets) -> None:
    """One packet, and it is among them."""
    assert len(points(packets.example())) == 1
    assert points(packets.example()) <= points(packets)


@given(st.lists(PACKETS.filter(bool), max_size=3), st.lists(PACKETS, max_size=4))
def test_subtract_all(whole: list[Packets], taken: list[Packets]) -> None:
    """What is left of each is complete and shares nothing with what is taken."""
    left = set[Point]().union(*(points(each) for each in subtract_all(whole, taken)))
    every = set[Point]().union(*(points(each) for each in whole))
    assert left == every.difference(*(points(each) for each in taken))
