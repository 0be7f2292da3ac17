"""What `scontrol show nodes -o` says, as predicates.

A state is a base word and flags, `IDLE+CLOUD+POWERED_DOWN`, and every release has other ones: until 20.11
POWER meant powered down and suffixes stood for flags (`DOWN*+CLOUD`, `MIXED#+CLOUD`); from 21.08 on all are
words (node_state_string_complete, src/common/slurm_protocol_defs.c). So nothing here compares whole sets of
flags: each predicate asks for the words that matter to it, and a word nobody knows changes nothing.
"""

import re
from collections.abc import Iterable, Mapping

from burstway.contracts import SchedulerNode

SYMBOLS: Mapping[str, str] = {
    "*": "NOT_RESPONDING",
    "~": "POWERED_DOWN",
    "#": "POWERING_UP",
    "!": "POWER_DOWN",
    "%": "POWERING_DOWN",
}
"""Suffixes that stand for flags (sinfo(1), NODE STATE CODES); $ @ ^ - say nothing that is asked here."""

_OTHER_SYMBOLS = "$@^-+"
_OLD_WORDS: Mapping[str, str] = {"POWER": "POWERED_DOWN"}

_DOWN = frozenset({"DOWN", "ERROR"})
_BUSY = frozenset({"ALLOCATED", "MIXED", "COMPLETING"})
_ABSENT = _DOWN | {
    "POWERED_DOWN", "POWERING_DOWN", "POWERING_UP", "POWER_UP", "NOT_RESPONDING", "UNKNOWN", "FUTURE",
}  # fmt: skip
_SET_BY = re.compile(r" \[[^\[\]\s]+@[^\[\]\s]+\]")
"""Slurm puts who gave a reason, and when, behind it: `no capacity [root@2026-11-21T03:19:28]`."""


def parse_nodes(text: str) -> dict[str, SchedulerNode]:
    """Each node of the output of `scontrol show nodes -o`, a line a node; other lines are passed over."""
    views: dict[tuple[str, str], SchedulerNode] = {}
    found = {}
    for line in text.splitlines():
        if not line.startswith("NodeName="):
            continue
        name = line[9 : line.find(" ")]
        start = line.find(" State=") + 7
        end = line.find(" ", start)
        state = line[start : end if end >= 0 else len(line)] if start > 6 else "UNKNOWN"
        key = (state, _reason(line))
        found[name] = views.get(key) or views.setdefault(key, view_of(*key))
    return found


def view_of(state: str, reason: str = "") -> SchedulerNode:
    """The predicates of a state, as scontrol of any release writes it."""
    words = frozenset(_words(state))
    return SchedulerNode(
        registered=words.isdisjoint(_ABSENT),
        powered_down="POWERED_DOWN" in words,
        powering_down="POWERING_DOWN" in words,
        down=not words.isdisjoint(_DOWN),
        busy=not words.isdisjoint(_BUSY),
        reason=reason,
    )


def _words(state: str) -> Iterable[str]:
    for word in state.upper().split("+"):
        bare = word.rstrip("".join(SYMBOLS) + _OTHER_SYMBOLS)
        yield _OLD_WORDS.get(bare, bare)
        for symbol in word[len(bare) :]:
            if symbol in SYMBOLS:
                yield SYMBOLS[symbol]


def _reason(line: str) -> str:
    """The reason, whole: it may hold spaces, quotes and what looks like another field."""
    _, found, tail = line.partition(" Reason=")
    if not found:
        return ""
    marks = list(_SET_BY.finditer(tail))
    return (tail[: marks[-1].start()] if marks else tail).strip()
