"""All rows, by profile. `flows`, `flow` and `port` are how the rest asks for them.

A module for each subject. To add a profile: write its rows, and put it into `ALL`; the documents and the
tests find it there.
"""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from burstway.errors import UnknownError
from burstway.flows.profiles.batch import BATCH_CLASSIC, BATCH_SIMPLIFIED
from burstway.flows.profiles.control_plane import CLOUD_API, CONTROL_PLANE, CONTROL_PLANE_AMQP, RETURN_PROXY
from burstway.flows.profiles.cyclecloud import CYCLECLOUD_7, CYCLECLOUD_8
from burstway.flows.profiles.cyclecloud_bursting import CYCLECLOUD_BURSTING
from burstway.flows.profiles.hpcpack import HPCPACK_SP1, HPCPACK_SP2, HPCPACK_SP3, HPCPACK_SP3_SP2_PORTS
from burstway.flows.profiles.mpi import MPI
from burstway.flows.profiles.nfs import BLOB_NFS, NFSV3, NFSV4
from burstway.flows.profiles.site_services import DNS, LDAP, NTP, SSH
from burstway.flows.profiles.slurm import SLURM
from burstway.flows.profiles.slurm_services import SLURM_ACCOUNTING, SLURM_REST
from burstway.flows.profiles.vpn import VPN
from burstway.flows.table import Flow, Mode, Profile

ALL: tuple[Profile, ...] = (
    CONTROL_PLANE,
    CONTROL_PLANE_AMQP,
    RETURN_PROXY,
    CLOUD_API,
    SLURM,
    SLURM_ACCOUNTING,
    SLURM_REST,
    MPI,
    NFSV4,
    NFSV3,
    BLOB_NFS,
    LDAP,
    DNS,
    NTP,
    SSH,
    VPN,
    CYCLECLOUD_BURSTING,
    CYCLECLOUD_7,
    CYCLECLOUD_8,
    BATCH_CLASSIC,
    BATCH_SIMPLIFIED,
    HPCPACK_SP1,
    HPCPACK_SP2,
    HPCPACK_SP3,
    HPCPACK_SP3_SP2_PORTS,
)

PROFILES: dict[str, tuple[Flow, ...]] = {profile.name: profile.rows for profile in ALL}
"""Every row of every profile, whatever its mode."""

_FLOWS = {row.name: row for rows in PROFILES.values() for row in rows}


def flows(
    profiles: Iterable[str] = ("control-plane", "slurm"), modes: Collection[Mode] = (Mode.SIMPLIFIED,)
) -> tuple[Flow, ...]:
    """The rows of these profiles that are needed in one of these modes, in the table's order, with phantoms.

    Classic rows open ports on the nodes, so whoever wants them says so. Raises UnknownError.
    """
    names = list(profiles)
    for name in names:
        if name not in PROFILES:
            raise UnknownError(f"there is no profile {name!r}", remedy=f"there are: {', '.join(PROFILES)}")
    return tuple(row for name in names for row in PROFILES[name] if row.mode is None or row.mode in modes)


def flow(name: str) -> Flow:
    """The row of this name, of whatever profile and mode. Raises UnknownError with names that are like it."""
    if name not in _FLOWS:
        alike = get_close_matches(name, _FLOWS, n=5) or _FLOWS
        raise UnknownError(f"there is no flow {name!r}", remedy=f"there are: {', '.join(alike)}")
    return _FLOWS[name]


def port(name: str) -> int:
    """The port that the target of this flow listens on; the first where the flow has a range."""
    ports = flow(name).ports
    assert ports is not None, f"{name} has a protocol without ports"
    return ports.first
