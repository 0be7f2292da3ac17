"""How large an expression and what comes of it may be.

A template comes from anyone, and its expressions are worked out by the control plane. Each limit is far above
what the templates in use need. The dearest expression that stays within all of them takes about a second; an
`Allowance` that all expressions of a template share bounds the template.
"""

from dataclasses import dataclass

from burstway.template.data import Record

LONGEST_EXPRESSION = 20_000
"""Characters. The longest in use has 1,900; what is longer is a page of HTML that lost its quotes."""

MOST_BRACKETS = 200
"""Brackets that stand open at one place; the parser has a stack of its own, so this is for people."""

DEEPEST = 100
"""Operators, calls and records inside of each other. Python allows 1,000 calls, of which each of these takes
up to four while it is evaluated, and the program around it needs some."""

DEEPEST_EVALUATION = 150
"""The same where a record's members refer to each other, which needs no nesting in the text, and where a
scope evaluates another expression for a name."""

DEPTH_OF_A_SCOPE = 6
"""What a scope that evaluates another expression counts for, beside that expression's own depth."""

MOST_STEPS = 50_000
"""Parts of an expression that are evaluated, some of them many times: members of a record are evaluated anew
wherever they are named, which doubles with every member in `[a = b + b; b = c + c; …]`."""

LONGEST_TEXT = 200_000
"""Characters of a text that an expression builds; no attribute of a node may be as long."""

MOST_WORK = 1_000_000
"""Characters and members that all functions together read and write, as `strcat(a, a)` of `strcat(b, b)`
doubles at every step. What a pattern costs is counted in the same unit, about half a microsecond."""

LONGEST_PATTERN = 1_000
"""Characters of a regular expression; the longest in use has 20."""

LARGEST_PATTERN = 1 << 18
"""Octets that a compiled pattern may take: `(a{100}){100}` is short and large."""

LONGEST_SEARCHED = 10_000
"""Characters that a pattern is looked for in; names and paths have a hundred."""


class LimitError(Exception):
    """Ends an evaluation; becomes the reason of an Error value and never leaves `evaluate`."""


@dataclass(slots=True)
class Allowance:
    """What evaluations may still cost, for one expression or for many together."""

    steps: int = MOST_STEPS
    work: int = MOST_WORK
    depth: int = 0
    """Of what is being evaluated, also where one evaluation needs another."""

    def enter(self, levels: int = 1) -> None:
        self.depth += levels
        if self.depth > DEEPEST_EVALUATION:
            raise LimitError("its parts refer to each other too deeply")

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise LimitError("too many steps")

    def spend(self, amount: int) -> None:
        """Counts what a function reads or writes."""
        self.work -= amount
        if self.work < 0:
            raise LimitError("its texts and lists are too large")


def weight(datum: object, most: int = MOST_WORK) -> int:
    """Characters and members in the value, counted only until there are more than `most`."""
    if isinstance(datum, str):
        return len(datum)
    if isinstance(datum, Record):
        datum = tuple(value for _, value in datum.entries)
    if not isinstance(datum, tuple):
        return 1
    total = len(datum)
    for member in datum:
        if total > most:
            break
        total += weight(member, most - total)
    return total


def check_length(characters: int) -> None:
    """Raises LimitError before a text is built that is too long."""
    if characters > LONGEST_TEXT:
        raise LimitError(f"a text in it has more than {LONGEST_TEXT:,} characters")
