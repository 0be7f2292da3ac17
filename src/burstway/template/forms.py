"""The forms that the right side of an attribute can have.

    Size = 1.10                     Literal      typed, with its spelling: slurm.version = 22.05 is a version
    Label = "Max Cores"             Literal      a text, whatever is in it; three quotes: over several lines
    Timeout = `10m`                 Literal      a relative time
    MachineType = $HPCMachineType   Reference    keeps the type of the parameter
    Size = ${BootDiskSize * 2}      Formula      a ClassAd expression, alone: keeps the type of its value
    ImageId := undefined            Formula      the same, from := to the end of the line
    Name = ${a}-disk, $b/x          Mixture      a text with some of them inside
    Subnets = $a, b, "c d"          Items        a comma-separated list

What no form fits is Broken: it is a problem already, and later steps must not call it missing.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from burstway.template.data import Datum
from burstway.template.source import Place


class Quotes(StrEnum):
    """How a literal is written; NONE is a bare word."""

    NONE = ""
    DOUBLE = '"'
    TRIPLE_SINGLE = "'" * 3
    TRIPLE_DOUBLE = '"' * 3
    BACK = "`"


@dataclass(frozen=True, slots=True)
class Literal:
    """`written` is the text as it is meant: without its quotes, escapes replaced, `1.10` for the number."""

    datum: Datum
    written: str
    place: Place
    quotes: Quotes = Quotes.NONE


@dataclass(frozen=True, slots=True)
class Reference:
    """`$name`. `place` is that of the `$`."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Formula:
    """`text` is the expression without `${`, `}` or `:=`; `place` is that of its first character."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Mixture:
    """Pieces that are one text together. `quotes` says how the whole is written: inside of quotes only what
    refers to declared parameters is replaced, for scripts and HTML have dollars of their own."""

    pieces: "tuple[Literal | Reference | Formula, ...]"
    written: str
    place: Place
    quotes: Quotes = Quotes.NONE


@dataclass(frozen=True, slots=True)
class Items:
    """A list without brackets. `written` is all of it, for a text that merely has commas in it."""

    items: "tuple[Literal | Reference | Formula | Mixture, ...]"
    written: str
    place: Place


@dataclass(frozen=True, slots=True)
class Broken:
    place: Place


Value: TypeAlias = Literal | Reference | Formula | Mixture | Items | Broken
