"""A proof leaves out no packet and counts none twice."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from burstway.network.prove import Prover
from burstway.network.space import ALL_ADDRESSES, Packets, subtract_all
from random_networks import random_network


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(("tcp", "esp")))
def test_each_packet_is_open_or_in_a_gap(seed: int, protocol: str) -> None:
    """Asked about all packets that there are: between each two segments, what is open and what certainly
    stops somewhere are disjoint, and together are what was asked about."""
    prover = Prover(random_network(Random(seed)).network)
    for proof in prover.prove(Packets(protocol, ALL_ADDRESSES, ALL_ADDRESSES)):
        stopped = [gap.packets for gap in proof.gaps if gap.certain]
        assert not subtract_all([proof.packets], [*proof.open, *stopped]), proof
        parts = [*proof.open, *stopped]
        assert not any(a.and_(b) for i, a in enumerate(parts) for b in parts[i + 1 :]), proof
