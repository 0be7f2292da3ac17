"""What may become of a probe. agent/node/prober.py says what each verdict means."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OPEN = "open"
    REFUSED = "refused"
    FILTERED = "filtered"
    WRONG = "wrong service"
    SILENT = "silent"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Opened:
    """What a target found when it opened a port: the nonce of its listener, or that a service has it."""

    nonce: str = ""
    served: bool = False


NOT_OPENED = Opened()
"""Nobody answered for the target, or the port could not be had: nothing is known."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`detail` is what the network said, or why it was not tried."""

    verdict: Verdict
    detail: str = ""
    seconds: float = 0.0
