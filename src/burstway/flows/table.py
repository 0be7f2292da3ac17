"""The shape of a flow: one connection that must exist, as a row.

A flow says who opens a connection to whom, on what protocol and ports, for what purpose, when it is needed,
and which document says so. The rows themselves are in `profiles/`, a module for each subject. Firewall rules,
proofs, probes, documents and Slurm's own port settings are derived from them; the number of a port stands
in `profiles/` and nowhere else (tests/flows/test_ports.py holds that).
"""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The ends of a flow. One machine may have several: a head node is often control plane and login too."""

    CONTROL_PLANE = "control plane"
    SCHEDULER = "scheduler"
    LOGIN = "login"
    NODE = "node"
    PROXY = "return proxy"
    ACCOUNTING = "accounting"
    DATABASE = "database"
    SLURM_REST = "Slurm REST service"
    FILE_SERVER = "file server"
    DIRECTORY = "directory"
    RESOLVER = "resolver"
    TIME_SERVER = "time server"
    ADMINISTRATOR = "administrator"
    SITE_GATEWAY = "site gateway"
    CLOUD_GATEWAY = "cloud gateway"
    STORAGE = "storage service"
    BATCH_SERVICE = "batch service"
    CLOUD_SERVICES = "cloud services"
    INTERNET = "internet"
    CYCLECLOUD = "CycleCloud server"
    HPCPACK_HEAD = "HPC Pack head node"
    HPCPACK_CLOUD = "Windows Azure"


class Protocol(StrEnum):
    TCP = "tcp"
    UDP = "udp"
    ESP = "esp"


class Mode(StrEnum):
    """Who opens the control connection. A row without a mode is needed in both."""

    SIMPLIFIED = "simplified"
    CLASSIC = "classic"


class Need(StrEnum):
    REQUIRED = "required"  # whoever uses the profile needs it
    OPTIONAL = "optional"  # needed in the case that `when` names
    PHANTOM = "not needed"  # a document lists it, and nothing uses it: never opened


@dataclass(frozen=True, slots=True, order=True)
class Ports:
    """An inclusive range of ports."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 0 < self.first <= self.last <= 65_535:
            raise ValueError(f"{self.first}-{self.last} is not a range of ports")

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def __len__(self) -> int:
        return self.last - self.first + 1


class Greeting(StrEnum):
    """What a service says or answers first: a probe tells a wrong service by it."""

    NONE = ""
    TLS = "TLS"
    SSH = "SSH"


@dataclass(frozen=True, slots=True)
class Flow:
    """`source` opens the connection to `target`; answers travel back on it and need no row.

    `ports` is what the target listens on, None for a protocol that has none (ESP). `when` says in which case
    it is needed; of a phantom it says why it is not. `document` is the source: an address, or a text.
    """

    name: str
    source: Role
    target: Role
    protocol: Protocol
    ports: Ports | None
    purpose: str
    document: str
    when: str = "always"
    need: Need = Need.REQUIRED
    mode: Mode | None = None
    greeting: Greeting = Greeting.NONE

    @property
    def opened(self) -> bool:
        return self.need is not Need.PHANTOM

    @property
    def service(self) -> str:
        """Protocol and ports as people write them: `tcp` and a number or a range, or `esp` alone."""
        return f"{self.protocol} {self.ports}" if self.ports else str(self.protocol)


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set of rows: those that one product, or one release of it, needs.

    `about` is what a network engineer should know before the rows: whom they serve, where they come from,
    and what is not among them.
    """

    name: str
    title: str
    about: str
    rows: tuple[Flow, ...]


def tcp(first: int, last: int | None = None) -> tuple[Protocol, Ports]:
    return Protocol.TCP, Ports(first, last or first)


def udp(first: int, last: int | None = None) -> tuple[Protocol, Ports]:
    return Protocol.UDP, Ports(first, last or first)
