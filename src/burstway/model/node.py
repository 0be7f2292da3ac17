"""A node: one machine wanted, with a Slurm name; and what is remembered of it.

`wanted` is the plan, `state` is where it stands (lifecycle/states.py has the table), `instance_id` is what
the cloud has shown. They are three different things and are never derived from one another.
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    REQUESTED = "requested"
    LAUNCHING = "launching"
    BOOTING = "booting"
    JOINED = "joined"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"
    STOPPING = "stopping"
    GONE = "gone"


class Origin(StrEnum):
    """Who asked for the node."""

    SLURM = "slurm"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Node:
    """Times are seconds since 1970-01-01 UTC, 0 for never; `price_per_hour` is in the offer's currency.

    `generation` counts how often this name was rented: it makes `key`, the idempotency key that travels to
    the cloud as a tag, new each time. `version` counts the changes to this row.
    `token_used_by` is the fingerprint of the public key that joined. `registrations` counts how
    often its slurmd was asked to register anew. `trouble` is what is known to be wrong with its network,
    found out at `explained_at`.
    """

    name: str
    cluster: str
    array: str
    generation: int = 0
    version: int = 0
    state: State = State.GONE
    reason: str = ""
    since: float = 0.0
    wanted: bool = False
    origin: Origin = Origin.OPERATOR
    key: str = ""
    offer: str = ""
    price_per_hour: float = 0.0
    instance_id: str = ""
    address: str = ""
    launched_at: float = 0.0
    retry_at: float = 0.0
    token_expires_at: float = 0.0
    token_used_at: float = 0.0
    token_used_by: str = ""
    certificate_serial: str = ""
    seen_at: float = 0.0
    configured: bool = False
    registrations: int = 0
    trouble: str = ""
    explained_at: float = 0.0


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """One line of a node's story: what happened at `time`, the state after it, why, and what caused it."""

    node: str
    generation: int
    time: float
    state: State
    event: str
    reason: str
    cause: str
