"""The profiles against the documents that they come from, table by table."""

from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from burstway.flows.profiles import ALL, PROFILES, flow, flows
from burstway.flows.rules import Places, placed
from burstway.flows.table import Flow, Greeting, Mode, Need, Profile, Protocol, Role

ROOT = Path(__file__).resolve().parents[2]
ROWS = [row for rows in PROFILES.values() for row in rows]
EVERYWHERE: Places = {role: (IPv4Network("192.0.2.0/24"),) for role in Role}

IN, OUT = "in", "out"
Line = tuple[str, str]
"""A line of a document: its direction, and protocol and ports as `Flow.service` has them."""


def lines(rows: Iterable[Flow], of: Role) -> set[Line]:
    """The rows as a document has them that looks from one machine: what it opens, what is opened to it."""
    return {(OUT if row.source is of else IN, row.service) for row in rows if of in (row.source, row.target)}


LONG = {(OUT, f"tcp {port}") for port in (80, 443, 3389, 5901, 5902, 7998, 7999)}
SHORT = {(OUT, f"tcp {port}") for port in (443, 3389)}
DOCUMENTS: dict[str, tuple[Role, set[Line]]] = {
    "control-plane": (Role.NODE, {(OUT, "tcp 443"), (IN, "tcp 29876-29877")}),
    "control-plane-amqp": (Role.NODE, {(OUT, "tcp 5672")}),
    "return-proxy": (Role.PROXY, {(IN, "tcp 22"), (IN, "tcp 37140"), (IN, "tcp 37141")}),
    "slurm-accounting": (
        Role.ACCOUNTING,
        {(IN, "tcp 6819"), (OUT, "tcp 6817"), (OUT, "tcp 6819"), (OUT, "tcp 3306")},
    ),
    "slurm-rest": (Role.SLURM_REST, {(IN, "tcp 6820"), (OUT, "tcp 6817"), (OUT, "tcp 6819")}),
    "nfsv4": (Role.FILE_SERVER, {(IN, "tcp 2049")}),
    "nfsv3": (
        Role.FILE_SERVER,
        {(IN, "tcp 111"), (IN, "udp 111"), (IN, "tcp 635"), (IN, "udp 635"), (IN, "tcp 2049")}
        | {(IN, "tcp 4045"), (IN, "tcp 4046"), (IN, "udp 4046"), (IN, "udp 4049")}
        | {(OUT, "udp 111"), (OUT, "tcp 4045"), (OUT, "udp 4046")},
    ),
    "blob-nfs": (Role.STORAGE, {(IN, "tcp 111"), (IN, "tcp 2048")}),
    "ldap": (Role.DIRECTORY, {(IN, "tcp 389"), (IN, "tcp 636")}),
    "dns": (Role.RESOLVER, {(IN, "udp 53"), (IN, "tcp 53")}),
    "ntp": (Role.TIME_SERVER, {(IN, "udp 123")}),
    "vpn": (
        Role.SITE_GATEWAY,
        {(way, service) for way in (IN, OUT) for service in ("udp 500", "udp 4500", "esp")},
    ),
    "cyclecloud-bursting": (
        Role.SCHEDULER,
        {(way, f"tcp {port}") for way in (IN, OUT) for port in (22, 6817, 6818, 4065)} | {(OUT, "tcp 443")},
    ),
    "batch-classic": (Role.NODE, {(IN, "tcp 29876-29877"), (OUT, "tcp 443")}),
    "batch-simplified": (Role.NODE, {(OUT, "tcp 443")}),
    "hpcpack-sp1": (Role.HPCPACK_HEAD, LONG),
    "hpcpack-sp2": (Role.HPCPACK_HEAD, LONG),
    "hpcpack-sp3": (Role.HPCPACK_HEAD, SHORT),
    "hpcpack-sp3-sp2-ports": (Role.HPCPACK_HEAD, LONG),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_profile_has_the_lines_of_its_document(name: str) -> None:
    """All of them, phantoms among them, and no others."""
    role, expected = DOCUMENTS[name]
    assert lines(PROFILES[name], role) == expected


@pytest.mark.parametrize("profile", ALL, ids=lambda profile: profile.name)
def test_a_profile_says_what_it_is_and_has_rows(profile: Profile) -> None:
    """And its name is written with dashes, as it stands in settings."""
    assert profile.rows
    assert profile.title
    assert len(profile.about) > 20
    assert profile.about.endswith(".")
    assert profile.name == profile.name.lower().replace(" ", "-").replace("_", "-")


def test_the_names_of_profiles_are_unique() -> None:
    """None hides another in the dictionary."""
    assert [profile.name for profile in ALL] == list(PROFILES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_says_when_it_is_needed(row: Flow) -> None:
    """A row that is not always needed says in which case it is; a phantom says why it is not."""
    if row.need is Need.REQUIRED:
        assert row.when
    else:
        assert len(row.when) > 20
    assert not row.when.endswith(".")
    assert not row.purpose.endswith(".")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_has_ports_where_its_protocol_has_them(row: Flow) -> None:
    """ESP has none; TCP and UDP always name theirs."""
    assert (row.ports is None) == (row.protocol is Protocol.ESP)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_greeting_is_that_of_the_service(row: Flow) -> None:
    """SSH greets on its own port and there alone; TLS is looked for where each connection begins with it."""
    assert (row.greeting is Greeting.SSH) == (row.service == "tcp 22")
    if row.greeting is Greeting.TLS:
        assert row.service in {"tcp 443", "tcp 636", "tcp 9443", "tcp 37140", "tcp 29876-29877"}
    if row.service in {"tcp 443", "tcp 9443"} and row.name != "hpcpack-sp3-https":
        assert row.greeting is Greeting.TLS


def test_texts_that_rows_name_are_there() -> None:
    """A source under docs/ is a file of this repository."""
    for row in ROWS:
        assert row.document.startswith("https://") or (ROOT / row.document).is_file(), row.name


def test_no_row_stands_twice_in_a_profile() -> None:
    """The same connection is one row, with one reason."""
    for name, rows in PROFILES.items():
        seen = [(row.source, row.target, row.service) for row in rows]
        assert len(set(seen)) == len(seen), name


PHANTOMS = {
    "bursting-munge-in": "tcp 4065",
    "bursting-munge-out": "tcp 4065",
    "bursting-slurmctld-out": "tcp 6817",
    "bursting-slurmd-in": "tcp 6818",
    "slurmdbd-slurmctld-by-the-page": "tcp 6819",
    "cyclecloud-8-amqp": "tcp 5672",
}


def test_the_phantoms_are_these() -> None:
    """Each is a row that a document has and nothing uses."""
    assert {row.name: row.service for row in ROWS if row.need is Need.PHANTOM} == PHANTOMS


@pytest.mark.parametrize("name", PHANTOMS)
def test_a_phantom_is_never_opened(name: str) -> None:
    """It stands in the table, and no rule is made from it, wherever its roles are; from the others one is."""
    assert not flow(name).opened
    made = [rule.name for rule in placed(ROWS, EVERYWHERE)]
    assert made == [row.name for row in ROWS if row.name not in PHANTOMS]


def test_a_phantom_hides_no_flow_that_is_needed() -> None:
    """What is opened to munge's port is nothing at all, in any profile."""
    assert not [row for row in ROWS if row.opened and row.service == "tcp 4065"]
    assert "UNIX socket" in flow("bursting-munge-in").when


def test_ports_that_no_source_could_be_found_for_are_in_no_profile() -> None:
    """37142 is said to be a return proxy's third port, and 8652 is Ganglia's: no connection needs them."""
    numbers = {n for row in ROWS if row.ports for n in (row.ports.first, row.ports.last)}
    assert not {37_142, 8652} & numbers


def ends(rows: Iterable[Flow]) -> set[tuple[Role, Role, str]]:
    return {(row.source, row.target, row.service) for row in rows}


SRUN = "tcp 60001-63000"
SLURM = {
    (Role.NODE, Role.SCHEDULER, "tcp 6817"),
    (Role.LOGIN, Role.SCHEDULER, "tcp 6817"),
    (Role.SCHEDULER, Role.NODE, "tcp 6818"),
    (Role.LOGIN, Role.NODE, "tcp 6818"),
    (Role.NODE, Role.NODE, "tcp 6818"),
    (Role.NODE, Role.LOGIN, SRUN),
    (Role.SCHEDULER, Role.LOGIN, SRUN),
    (Role.NODE, Role.NODE, SRUN),
}


def test_slurm_connects_both_ways_and_among_nodes() -> None:
    """Scheduler and nodes open connections to each other, and so do login nodes and nodes."""
    assert ends(PROFILES["slurm"]) == SLURM


def test_what_a_batch_job_does_without_says_so() -> None:
    """All that is opened from and to a login node beyond slurmctld is srun's and salloc's."""
    rows = [row for row in PROFILES["slurm"] if Role.LOGIN in (row.source, row.target)]
    needs_srun = {row.name for row in rows if "salloc" in row.when and "sbatch does without" in row.when}
    assert needs_srun == {"slurmd-srun", "srun", "srun-controller"}


def test_the_bursting_guide_is_not_enough_for_srun() -> None:
    """What its table opens is a part of what Slurm needs: srun's range and nodes among themselves are not."""
    opened = ends(row for row in PROFILES["cyclecloud-bursting"] if row.opened and "slurm" in row.name)
    assert opened < SLURM
    assert {(Role.NODE, Role.LOGIN, SRUN), (Role.NODE, Role.NODE, "tcp 6818")} <= SLURM - opened


def test_moving_a_batch_pool_needs_the_union() -> None:
    """The three rules that the source lists for the move, which are all those of the classic mode."""
    classic, simplified = ends(PROFILES["batch-classic"]), ends(PROFILES["batch-simplified"])
    assert classic | simplified == {
        (Role.BATCH_SERVICE, Role.NODE, "tcp 29876-29877"),
        (Role.NODE, Role.STORAGE, "tcp 443"),
        (Role.NODE, Role.BATCH_SERVICE, "tcp 443"),
    }
    assert simplified == {(Role.NODE, Role.BATCH_SERVICE, "tcp 443")}
    assert flow("batch-classic-service").need is Need.OPTIONAL
    assert flow("batch-simplified-service").need is Need.REQUIRED


def test_modes_divide_the_control_connection() -> None:
    """Simplified, nothing connects to a node; classic, no node connects to the control plane."""
    modes = {mode: ends(flows(["control-plane"], [mode])) for mode in Mode}
    assert modes[Mode.SIMPLIFIED] == {(Role.NODE, Role.CONTROL_PLANE, "tcp 443")}
    assert modes[Mode.CLASSIC] == {(Role.CONTROL_PLANE, Role.NODE, "tcp 29876-29877")}
    assert modes[Mode.SIMPLIFIED] | modes[Mode.CLASSIC] == ends(PROFILES["control-plane"])


def test_classic_is_only_had_by_asking() -> None:
    """Whoever names no mode gets the simplified one, in which no port of a node is opened for control."""
    assert flows() == (*flows(["control-plane"], [Mode.SIMPLIFIED]), *PROFILES["slurm"])
    assert not [row for row in flows(PROFILES) if row.mode is Mode.CLASSIC]


def test_every_row_is_needed_in_some_mode() -> None:
    """With both modes asked for, `flows` gives the whole table."""
    assert list(flows(PROFILES, list(Mode))) == ROWS


def test_sp2_ports_take_the_place_of_the_one_port() -> None:
    """SP3 with UseSp2AzurePorts has the table of SP1 and SP2, all outbound; by default one port and RDP."""
    tables = {name: ends(rows) for name, rows in PROFILES.items() if name.startswith("hpcpack")}
    assert tables["hpcpack-sp1"] == tables["hpcpack-sp2"] == tables["hpcpack-sp3-sp2-ports"]
    assert tables["hpcpack-sp3"] < tables["hpcpack-sp3-sp2-ports"]
    assert {pair[:2] for table in tables.values() for pair in table} == {
        (Role.HPCPACK_HEAD, Role.HPCPACK_CLOUD)
    }


CYCLECLOUD = {
    "cyclecloud-7": {
        (Role.CYCLECLOUD, "tcp 443"),
        (Role.CYCLECLOUD, "tcp 9443"),
        (Role.CYCLECLOUD, "tcp 5672"),
    }
    | {(Role.PROXY, "tcp 37140"), (Role.PROXY, "tcp 37141"), (Role.STORAGE, "tcp 443")},
    "cyclecloud-8": {(Role.CYCLECLOUD, "tcp 9443"), (Role.PROXY, "tcp 37140"), (Role.STORAGE, "tcp 443")},
}


@pytest.mark.parametrize("name", CYCLECLOUD)
def test_what_nodes_open_to_cyclecloud(name: str) -> None:
    """Version 7 has AMQP, and two candidates for HTTPS; version 8 has the one port for everything."""
    opened = {(row.target, row.service) for row in PROFILES[name] if row.opened and row.source is Role.NODE}
    assert opened == CYCLECLOUD[name]


@pytest.mark.parametrize("name", ["return-proxy", "cyclecloud-8"])
def test_the_proxy_is_reached_from_both_sides_and_reaches_nobody(name: str) -> None:
    """The tunnel is opened towards it; it opens nothing, so nothing connects from the cloud to the site."""
    rows = [row for row in PROFILES[name] if Role.PROXY in (row.source, row.target)]
    assert {row.target for row in rows} == {Role.PROXY}
    assert {row.service for row in rows if row.source is not Role.NODE} == {"tcp 22"}


def test_either_gateway_may_begin() -> None:
    """The tunnel's rows are the same in both directions."""
    there = {(row.source, row.target, row.service) for row in PROFILES["vpn"]}
    assert there == {(target, source, service) for source, target, service in there}
