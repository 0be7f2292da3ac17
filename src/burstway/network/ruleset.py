"""A packet filter of the kernel's kind: chains of rules with jumps and a policy, for one host or router.

This is the part of nftables that a static reader can decide. What it cannot (a mark, a rate limit, a helper's
state) is kept as `unknown` with its text, and a proof that depends on it says so instead of guessing.
A new connection is what is asked about: `ct state established` never matches its first packet, `new` does.
Its answers are asked about too: a filter without a rule for what is established drops them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from burstway.network.space import ALL_ADDRESSES, ALL_PORTS, Intervals


class Verdict(StrEnum):
    ACCEPT = "accept"
    DROP = "drop"
    REJECT = "reject"
    JUMP = "jump"
    GOTO = "goto"
    RETURN = "return"
    CONTINUE = "continue"


class Hook(StrEnum):
    INPUT = "input"
    FORWARD = "forward"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Match:
    """A product of sets, as space.Packets is; `protocols` None is every protocol. `came_by` and `leaves_by`
    are names of interfaces, None for any. Port sets other than all match only tcp and udp (and the like)."""

    protocols: frozenset[str] | None = None
    sources: Intervals = ALL_ADDRESSES
    targets: Intervals = ALL_ADDRESSES
    target_ports: Intervals = ALL_PORTS
    source_ports: Intervals = ALL_PORTS
    came_by: frozenset[str] | None = None
    leaves_by: frozenset[str] | None = None
    came_not_by: frozenset[str] = frozenset()
    leaves_not_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FilterRule:
    """Packets of any of `matches` get the verdict. `unknown` is the text of a part that cannot be decided:
    whether such a packet matches is then not known. `label` is how a person finds the rule."""

    matches: tuple[Match, ...]
    verdict: Verdict
    label: str
    target: str = ""  # the chain, of a jump or goto
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """`hook` is None of a chain that is only jumped to. Lower priorities come first."""

    name: str
    rules: tuple[FilterRule, ...]
    hook: Hook | None = None
    priority: int = 0
    policy: Verdict = Verdict.ACCEPT


@dataclass(frozen=True, slots=True)
class Ruleset:
    """`chains` by name, unique over all tables ("table/chain"). `interfaces` says which addresses are behind
    an interface; a rule that names one that is not there cannot be decided. `answers` is the ruleset as the
    packets that answer see it, None where all of them pass."""

    name: str
    chains: Mapping[str, Chain]
    interfaces: Mapping[str, Intervals] = field(default_factory=lambda: MappingProxyType({}))
    where: str = ""
    answers: "Ruleset | None" = None
