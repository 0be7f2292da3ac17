"""All rows, by profile. `flows`, `flow` and `port` are how the rest asks for them."""

from collections.abc import Iterable

from burstway.errors import UnknownError
from burstway.flows.profiles.control_plane import CONTROL_PLANE
from burstway.flows.profiles.slurm import SLURM
from burstway.flows.table import Flow

PROFILES: dict[str, tuple[Flow, ...]] = {"control-plane": CONTROL_PLANE, "slurm": SLURM}


def flows(profiles: Iterable[str] = ("control-plane", "slurm")) -> tuple[Flow, ...]:
    """All rows of these profiles in the table's order, phantoms among them. Raises UnknownError."""
    names = list(profiles)
    for name in names:
        if name not in PROFILES:
            raise UnknownError(f"there is no profile {name!r}", remedy=f"there are: {', '.join(PROFILES)}")
    return tuple(flow for name in names for flow in PROFILES[name])


def flow(name: str) -> Flow:
    for row in flows(PROFILES):
        if row.name == name:
            return row
    raise UnknownError(f"there is no flow {name!r}", remedy=", ".join(row.name for row in flows(PROFILES)))


def port(name: str) -> int:
    """The port that the target of this flow listens on; the first where the flow has a range."""
    ports = flow(name).ports
    assert ports is not None, f"{name} has a protocol without ports"
    return ports.first
