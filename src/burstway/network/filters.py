"""What a list of rules does with a set of packets: which part passes, which does not, and which rule said so.

The first rule that matches decides. A rule takes its part out of what is left and hands the rest on, so that
the answer is exact for every packet of the set, and the work grows with the rules and not with addresses.
"""

from dataclasses import dataclass

from burstway.network.space import (
    Packets,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of these packets and by what. `passed` is None where it cannot be known; `by` is how a
    person finds the rule; `why` is more, where there is more to say."""

    packets: Packets
    passed: bool | None
    by: str
    why: str = ""
