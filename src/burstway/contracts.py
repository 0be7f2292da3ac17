"""The seams: what Burstway asks of a cloud, of a scheduler and of a store, a page each.

Each seam has one behavioural suite (tests/contracts) that every implementation passes, the fakes first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Protocol, TypeAlias

from burstway.errors import ProviderError
from burstway.flows.rules import Rule
from burstway.model.cluster import Cluster
from burstway.model.node import Node, NodeEvent

# --- the cloud -------------------------------------------------------------------------------------------


class FailureKind(StrEnum):
    """Why the cloud did not do it, named for what the caller does next."""

    OUT_OF_CAPACITY = "out of capacity"  # the next offer may have it; there is no next one yet
    QUOTA = "quota"  # tell the operator; no retry helps
    THROTTLED = "throttled"  # ask again after retry_after_s; says nothing about capacity
    DENIED = "denied"  # credentials or rights; no retry helps
    INVALID = "invalid"  # the order itself is wrong; no retry helps
    TRANSIENT = "transient"  # ask again

    @property
    def retry_helps(self) -> bool:
        return self in (FailureKind.THROTTLED, FailureKind.TRANSIENT)


@dataclass(frozen=True, slots=True)
class Failure:
    kind: FailureKind
    message: str
    retry_after_s: float = 0.0


class CloudError(ProviderError):
    """A whole call failed: nothing is known about what it asked for."""

    def __init__(self, failure: Failure, *, where: str = "") -> None:
        super().__init__(f"{failure.kind}: {failure.message}", where=where)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Offer:
    """A size at a price. `memory_mib` is what the machine has, not what Slurm may give to jobs."""

    name: str
    cores: int
    memory_mib: int
    price_per_hour: float
    currency: str
    source: str


@dataclass(frozen=True, slots=True)
class Order:
    """One machine to rent. `key` makes it idempotent and comes back on the instance as a tag."""

    key: str
    node: str
    offer: str
    image: str
    subnet: str
    user_data: str = field(repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instance:
    """One machine that the cloud shows. `created_at` is the cloud's own time of the order, s since 1970."""

    id: str
    key: str
    node: str
    address: str
    offer: str
    created_at: float


@dataclass(frozen=True, slots=True)
class LaunchResult:
    """What became of one order: either an instance or a failure."""

    key: str
    instance: Instance | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """What the filter around each machine of the cloud's network lets through, from within the network too;
    everything else it drops."""

    inside: IPv4Network
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A part of the cloud's network as it is: JSON as the cloud's own tool prints it. `name` says where it is
    from, as a file's name would."""

    name: str
    text: str


class Provider(Protocol):
    """A cloud. Every method is idempotent and takes a batch; any may raise CloudError.

    * the same order twice is one machine; an order that the cloud accepted returns at once, booting or not;
    * terminating what is absent succeeds;
    * `instances()` shows this site's machines only, never those of another in the same account; it is the
      only truth, but may lag `listing_lag_s` seconds behind launch and terminate;
    * `offers()` is what it lists, `offers(names)` what it rents under these names, listed or not; a name that
      it does not know is left out;
    * `found()` is the network as the cloud has it now, not as it was planned; empty where there is none.
    """

    name: str
    listing_lag_s: float

    def offers(self, names: Collection[str] = ()) -> Sequence[Offer]: ...
    def prepare(self, plan: NetworkPlan) -> None: ...
    def found(self) -> Sequence[FoundDocument]: ...
    def launch(self, orders: Sequence[Order]) -> list[LaunchResult]: ...
    def terminate(self, ids: Sequence[str]) -> None: ...
    def instances(self) -> list[Instance]: ...


# --- the scheduler ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SchedulerNode:
    """What the scheduler thinks of a node, as predicates: never compare sets of flags."""

    registered: bool  # its daemon is known to be up in this life of the node
    powered_down: bool
    powering_down: bool
    down: bool
    busy: bool
    reason: str = ""


class Scheduler(Protocol):
    """Slurm, or none. Names are node names; unknown ones are left out of answers. Raises SchedulerError."""

    def nodes(self, names: Collection[str]) -> Mapping[str, SchedulerNode]: ...

    def place(self, addresses: Mapping[str, str]) -> None:
        """Where nodes are that have a machine now: until one registers, nobody else knows its name."""

    def fail(self, names: Collection[str], reason: str) -> None:
        """The nodes will not come, or are lost: their jobs are requeued now, the nodes end powered down."""

    def drain(self, names: Collection[str], reason: str) -> None:
        """No new jobs; when the running ones have ended the scheduler asks for the nodes to be given back."""

    def release(self, names: Collection[str]) -> None:
        """The machines of these nodes, which the scheduler is powering down, are proven gone."""


# --- the store -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rental:
    """What one machine cost: from `started_at` to `ended_at` (0 while it still bills) at a price per hour."""

    key: str
    node: str
    offer: str
    price_per_hour: float
    started_at: float
    ended_at: float = 0.0

    def cost(self, now: float) -> float:
        return self.price_per_hour * ((self.ended_at or now) - self.started_at) / 3600


Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


@dataclass(frozen=True, slots=True)
class ClusterSource:
    """What a cluster is read from. `file` only names the text; `section` says which [cluster NAME] of it, ""
    for the only one. `parameters` are the values that were given, as JSON has them, by the names that were
    given."""

    text: str = ""
    file: str = ""
    section: str = ""
    parameters: Mapping[str, Json] = field(default_factory=dict)


class Transaction(Protocol):
    """Reads and writes that happen together or not at all; no other writer comes in between."""

    def clusters(self) -> tuple[Cluster, ...]: ...
    def cluster_source(self, name: str) -> ClusterSource: ...
    def put_cluster(self, cluster: Cluster, source: ClusterSource) -> None: ...
    def delete_cluster(self, name: str) -> None: ...

    def templates(self) -> dict[str, ClusterSource]: ...
    def template(self, name: str) -> ClusterSource | None: ...
    def put_template(self, name: str, source: ClusterSource) -> None: ...
    def delete_template(self, name: str) -> bool: ...

    def node(self, name: str) -> Node | None: ...
    def nodes(self, names: Collection[str] | None = None, *, live: bool = False) -> list[Node]: ...
    def save(self, changes: Iterable[tuple[Node, NodeEvent]]) -> None:
        """Writes the nodes and adds the lines to their stories."""

    def touch(self, seen: Mapping[str, float]) -> None:
        """When each of these nodes was last heard of; not a change that its version counts."""

    def story(self, node: str, most: int = 1000) -> list[NodeEvent]: ...
    def events_after(self, number: int, most: int = 1000) -> list[tuple[int, NodeEvent]]: ...

    def start_rentals(self, rentals: Iterable[Rental]) -> None: ...
    def end_rentals(self, keys: Iterable[str], now: float) -> None: ...
    def rentals(self, *, running: bool = False) -> list[Rental]: ...

    def put_person(self, name: str, role: str, token_hash: str) -> None: ...
    def delete_person(self, name: str) -> bool: ...
    def person(self, token_hash: str) -> tuple[str, str] | None: ...
    def people(self) -> list[tuple[str, str]]: ...


class Store(Protocol):
    def read(self) -> AbstractContextManager[Transaction]: ...
    def write(self) -> AbstractContextManager[Transaction]: ...
    def close(self) -> None: ...
