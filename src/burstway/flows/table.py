"""Every connection that must exist, as a row.

A flow says who opens a connection to whom, on what protocol and ports, for what purpose, and which document
says so. Firewall rules, documents, probes and Slurm's own port settings are derived from these rows; the
number of a port stands here and nowhere else (tests/flows/test_ports.py holds that).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from burstway.errors import UnknownError


class Role(StrEnum):
    """The ends of a flow. One machine may have several: a head node is often control plane and login too."""

    CONTROL_PLANE = "control plane"
    SCHEDULER = "scheduler"
    LOGIN = "login"
    NODE = "node"


class Protocol(StrEnum):
    TCP = "tcp"
    UDP = "udp"


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


@dataclass(frozen=True, slots=True)
class Flow:
    """`source` opens the connection to `target`; answers travel back on it and need no row."""

    name: str
    source: Role
    target: Role
    protocol: Protocol
    ports: Ports
    purpose: str
    document: str


def _tcp(first: int, last: int | None = None) -> tuple[Protocol, Ports]:
    return Protocol.TCP, Ports(first, last or first)


_SLURM_NETWORK = "https://slurm.schedmd.com/network.html"

CONTROL_PLANE = (
    Flow(
        "agent-api",
        Role.NODE,
        Role.CONTROL_PLANE,
        *_tcp(443),
        "a node joins, is configured, reports and takes its work (simplified mode)",
        "docs/architecture.md",
    ),
)

SLURM = (
    Flow(
        "slurmctld",
        Role.NODE,
        Role.SCHEDULER,
        *_tcp(6817),
        "slurmd registers and fetches its configuration; commands on a node ask slurmctld",
        _SLURM_NETWORK,
    ),
    Flow(
        "slurmd",
        Role.SCHEDULER,
        Role.NODE,
        *_tcp(6818),
        "slurmctld pings nodes and starts batch jobs",
        _SLURM_NETWORK,
    ),
    Flow(
        "slurmd-srun",
        Role.LOGIN,
        Role.NODE,
        *_tcp(6818),
        "srun starts its tasks on the nodes itself",
        _SLURM_NETWORK,
    ),
    Flow(
        "slurmd-fanout",
        Role.NODE,
        Role.NODE,
        *_tcp(6818),
        "slurmd passes messages on to the next nodes of a job",
        _SLURM_NETWORK,
    ),
    Flow(
        "srun",
        Role.NODE,
        Role.LOGIN,
        *_tcp(60_001, 63_000),
        "tasks connect back to srun with their output; without it srun hangs and is aborted. "
        "SrunPortRange must hold srun to this range: 4 ports a srun, 2 more for each further 48 nodes",
        "https://slurm.schedmd.com/slurm.conf.html#OPT_SrunPortRange",
    ),
    Flow(
        "srun-on-node",
        Role.NODE,
        Role.NODE,
        *_tcp(60_001, 63_000),
        "srun inside a batch job runs on a node: tasks on other nodes connect back to it",
        "https://slurm.schedmd.com/slurm.conf.html#OPT_SrunPortRange",
    ),
)

PROFILES: dict[str, tuple[Flow, ...]] = {"control-plane": CONTROL_PLANE, "slurm": SLURM}


def flows(profiles: Iterable[str] = ("control-plane", "slurm")) -> tuple[Flow, ...]:
    """All flows of these profiles, in the table's order."""
    return tuple(flow for profile in profiles for flow in PROFILES[profile])


def flow(name: str) -> Flow:
    for row in flows(PROFILES):
        if row.name == name:
            return row
    raise UnknownError(f"there is no flow {name!r}", remedy=", ".join(row.name for row in flows(PROFILES)))


def port(name: str) -> int:
    """The port that the target of this flow listens on; the first where the flow has a range."""
    return flow(name).ports.first
