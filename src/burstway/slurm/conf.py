"""slurm.conf: the lines that the site's own file needs, and the file it includes.

Burstway never writes the site's slurm.conf: `lines` are for the administrator to put there, each with the
reason beside it. What changes with a cluster is all in the included file. Its name has no slash, because a
configless slurmd is sent included files only then. Meanings and defaults are from slurm.conf(5) and
doc/html/power_save.shtml; 21.08 is the oldest release, the first with SLURM_RESUME_FILE, power_down_force
and a SuspendTime of each partition, which leaves the site's own nodes running.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from burstway.contracts import Offer
from burstway.errors import InputError, UnknownError
from burstway.flows.profiles import flow, port
from burstway.model.cluster import Cluster, NodeArray
from burstway.settings import SiteSettings, SlurmSettings

Version = tuple[int, int]

OLDEST: Version = (21, 8)

MOST_HOSTS_IN_RANGE = 65_536
"""Hosts in one bracket of a hostlist (MAX_RANGE, src/common/hostlist.c)."""

RESERVED_PART, RESERVED_LEAST_MIB = 0.05, 1024
"""What a machine keeps of its memory: 5 %, at least 1 GiB, at most half. Firmware and kernel take it before
slurmd counts, and a node that registers with too little is drained."""

LIGHTEST = 1000
"""Weights start here, far above the 1 of a site's own nodes, which Slurm then fills first."""


@dataclass(frozen=True, slots=True)
class SlurmConf:
    """`lines` for the site's slurm.conf; `include` is the text of the file `include_name` beside it."""

    lines: str
    include_name: str
    include: str


@dataclass(frozen=True, slots=True)
class _Line:
    key: str
    value: str
    why: str

    def __str__(self) -> str:
        return f"# {self.why}\n{self.key}{' ' if self.key == 'Include' else '='}{self.value}"


def render_conf(
    settings: SlurmSettings,
    site: SiteSettings,
    cluster: Cluster,
    offers: Mapping[str, Offer],
    programs: Path,
    version: Version,
) -> SlurmConf:
    """The configuration of a cluster for the Slurm release `version`, as (22, 5).

    `programs` is the folder with burstway-resume. Raises InputError for a release that is too old, and
    UnknownError for a machine type that is not among the offers.
    """
    if version < OLDEST:
        raise InputError(
            f"Slurm {_release(version)} cannot be used", remedy=f"update it to {_release(OLDEST)} or later"
        )
    if not programs.is_absolute() or any(letter.isspace() for letter in str(programs)):
        raise InputError(
            f"slurmctld cannot run programs in {str(programs)!r}", remedy="an absolute path without spaces"
        )
    include_name = f"burstway-{cluster.name}.conf"
    lines = [*_power_lines(settings, programs), *_network_lines(version), *_view_lines(version)]
    lines.append(_Line("Include", include_name, f"the nodes and partitions of cluster {cluster.name}"))
    head = (
        f"# Burstway, for Slurm {_release(version)}. Where a key is there already, join the two values.\n"
        f"# SlurmctldHost must give the address too, as nodes have no DNS: {site.head}({site.address})\n"
    )
    return SlurmConf(
        head + "\n".join(str(line) for line in lines) + "\n",
        include_name,
        _render_include(settings, cluster, offers),
    )


def _power_lines(settings: SlurmSettings, programs: Path) -> Iterator[_Line]:
    yield _Line("ResumeProgram", f"{programs}/burstway-resume", "asks for machines")
    yield _Line("SuspendProgram", f"{programs}/burstway-suspend", "gives machines back")
    yield _Line("ResumeFailProgram", f"{programs}/burstway-resume-fail", "a node did not register in time")
    yield _Line("ResumeTimeout", str(ceil(settings.resume_timeout_s)), "seconds until a node must register")
    yield _Line(
        "SuspendTimeout",
        str(ceil(settings.suspend_timeout_s)),
        "seconds until a name may be used again; Burstway frees it as soon as its machine is proven gone",
    )
    yield _Line("ResumeRate", "0", "nodes a minute; 0 is no limit, as Burstway orders in batches")
    yield _Line("SuspendRate", "0", "as ResumeRate")
    yield _Line(
        "ReturnToService", "2", "a node that comes late, or comes back, is used without a person's help"
    )


def _network_lines(version: Version) -> Iterator[_Line]:
    yield _Line("SlurmctldPort", str(port("slurmctld")), "the firewall rules let nodes reach this port")
    yield _Line("SlurmdPort", str(port("slurmd")), "the firewall rules let slurmctld reach this port")
    yield _Line(
        "SrunPortRange", str(flow("srun").ports), "tasks connect back to srun; the firewall rules open it"
    )
    if version < (24, 11):  # 24.11.5 calls it defunct; where it is not needed it costs a line in the log
        why = "a node has another address each time it is rented"
        yield _Line("CommunicationParameters", "NoAddrCache", why)
    if version < (23, 11):
        yield _Line("TreeWidth", "65533", f"{_release(version)} cannot pass messages on between cloud nodes")


def _view_lines(version: Version) -> Iterator[_Line]:
    parameters = ["enable_configless", "idle_on_node_suspend"]
    why = "nodes fetch this file from slurmctld; a node that was down is good again once its machine is gone"
    if version < (23, 11):
        parameters.append("cloud_reg_addrs")
        why += "; a node's address is the one it registers from"
    yield _Line("SlurmctldParameters", ",".join(parameters), why)
    if version < (23, 2):
        yield _Line("PrivateData", "cloud", "powered-down nodes are shown, to users and to Burstway")


def _render_include(settings: SlurmSettings, cluster: Cluster, offers: Mapping[str, Offer]) -> str:
    rows = [
        f"# The nodes of cluster {cluster.name}, written by Burstway: changes are made in its template.",
        f"# RealMemory is the machine's less {RESERVED_PART:.0%}, at least {RESERVED_LEAST_MIB} MiB, which"
        " firmware and kernel take.",
        "# Weight is higher for a higher price per core and hour; the site's own nodes are lighter.",
    ]
    for array in cluster.arrays:
        rows += _node_rows(cluster, array, _offer_of(array, offers))
    rows.append(
        "# SuspendTime stands here and not in slurm.conf, so the site's own nodes are never suspended."
    )
    rows += _partition_rows(cluster, ceil(settings.suspend_time_s))
    return "\n".join(rows) + "\n"


def _node_rows(cluster: Cluster, array: NodeArray, offer: Offer) -> Iterator[str]:
    for hosts in node_ranges(cluster, array):
        yield (
            f"NodeName={hosts} State=CLOUD CPUs={array.cores} Sockets=1 CoresPerSocket={array.cores} "
            f"ThreadsPerCore=1 RealMemory={real_memory_mib(offer)} Weight={weight(array, offer)}"
        )


def _partition_rows(cluster: Cluster, suspend_time_s: int) -> Iterator[str]:
    """A row for each partition; several arrays may share one."""
    members: dict[str, list[NodeArray]] = {}
    for array in cluster.arrays:
        members.setdefault(array.partition, []).append(array)
    for partition, arrays in members.items():
        nodes = ",".join(hosts for array in arrays for hosts in node_ranges(cluster, array))
        default = "YES" if any(array.default_partition for array in arrays) else "NO"
        yield (
            f"PartitionName={partition} Nodes={nodes} SuspendTime={suspend_time_s} Default={default} "
            "MaxTime=UNLIMITED State=UP"
        )


def node_ranges(cluster: Cluster, array: NodeArray, most: int = MOST_HOSTS_IN_RANGE) -> list[str]:
    """The array's nodes as hostlists of at most `most` hosts in a bracket."""
    starts = range(1, array.most_nodes + 1, most)
    return [f"{cluster.name}-{array.name}-[{s}-{min(s + most - 1, array.most_nodes)}]" for s in starts]


def real_memory_mib(offer: Offer) -> int:
    """What Slurm may give to jobs of a machine's memory, MiB."""
    reserve = max(RESERVED_LEAST_MIB, ceil(offer.memory_mib * RESERVED_PART))
    return offer.memory_mib - min(reserve, offer.memory_mib // 2)


def weight(array: NodeArray, offer: Offer) -> int:
    """Slurm takes nodes of the lowest weight first: the price per core and hour, in ten-thousandths."""
    return LIGHTEST + round(10_000 * offer.price_per_hour / array.cores)


def _offer_of(array: NodeArray, offers: Mapping[str, Offer]) -> Offer:
    if array.machine_type not in offers:
        raise UnknownError(
            f"the cloud has no machine type {array.machine_type!r}, which array {array.name} asks for",
            remedy=f"it has {', '.join(sorted(offers)) or 'none'}",
        )
    return offers[array.machine_type]


def _release(version: Version) -> str:
    return f"{version[0]}.{version[1]:02d}"
