"""burstway.toml: the site, its networks, the scheduler, the cloud and the limits.

`read_settings` reports every problem of the file at once, each with its line.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from burstway.errors import Problem, SettingsError, UnknownError
from burstway.flows.profiles import PROFILES, flow, flows, port
from burstway.flows.rules import Place, Tag
from burstway.flows.table import Need, Role

Keys = tuple[str, ...]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SiteSettings(_Section):
    """The on-premise side."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$", description="tags every machine that is rented")
    head: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$", description="host name of the head node")
    address: IPv4Address = Field(description="where nodes reach the control plane and slurmctld")
    network: IPv4Network = Field(description="the site's range, as seen from the cloud")
    users: tuple[str, ...] | None = Field(
        default=None,
        description="users that nodes get; when absent, all that `getent passwd` lists, UID 1000 to 59999",
    )


class ControlPlaneSettings(_Section):
    """The process `burstway serve`. Slurm starts its programs without an environment, so another `socket` or
    `spool` needs ResumeProgram to be a script that sets BURSTWAY_SOCKET and BURSTWAY_SPOOL."""

    state: Path = Field(default=Path("/var/lib/burstway"), description="database, authority, lock")
    socket: Path = Field(default=Path("/run/burstway/burstway.sock"), description="the head node's door")
    spool: Path = Field(default=Path("/var/spool/burstway"), description="requests made while it was down")
    port: int = Field(
        default_factory=lambda: port("agent-api"), ge=1, le=65_535, description="HTTPS, on `site.address`"
    )


class SlurmSettings(_Section):
    """The site's Slurm. Without this section nodes are only started and stopped by hand."""

    user: str = Field(default="slurm", description="SlurmUser: who may resume and suspend")
    munge_key: Path = Field(default=Path("/etc/munge/munge.key"), description="what nodes are given")
    munge_socket: Path = Field(
        default=Path("/run/munge/munge.socket.2"), description="the head's munged, to prove a node's key with"
    )
    resume_timeout_s: Seconds = Field(default=1200, description="ResumeTimeout; more than `boot_timeout_s`")
    suspend_time_s: Seconds = Field(default=300, description="SuspendTime of the cloud's partitions")
    suspend_timeout_s: Seconds = Field(
        default=120, description="SuspendTimeout; a node is free earlier once its machine is proven gone"
    )


class CloudSettings(_Section):
    """Where machines are rented."""

    provider: Literal["lab", "fake"] = Field(description="`lab`, or `fake`: in memory, for tests")
    network: IPv4Network = Field(description="the range of the virtual network")
    subnet: IPv4Network = Field(description="the part of it where nodes are")
    endpoint: Path | None = Field(default=None, description="lab: the socket of the lab's cloud")


ALWAYS = ("control-plane", "slurm")
"""Profiles that are not chosen: `slurm` is in force when there is a section [slurm]."""

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9]+)?")


def _role(written: str) -> Role:
    for role in Role:
        if role.value.lower() == written.lower().replace("-", " "):
            return role
    known = ", ".join(role.value.replace(" ", "-") for role in Role)
    raise ValueError(f"there is no role {written!r}; roles are {known}")


def _place(written: str) -> Place:
    try:
        return IPv4Network(written)
    except ValueError:
        if _TAG.fullmatch(written):
            return Tag(written)
        raise ValueError(f"{written!r} is neither an address, a range nor a service tag") from None


def _profile(written: str) -> str:
    if written in PROFILES and written not in ALWAYS:
        return written
    known = ", ".join(sorted(set(PROFILES) - set(ALWAYS)))
    raise ValueError(f"there is no profile {written!r} to choose; there are {known}")


def _row(written: str) -> str:
    try:
        return flow(written).name
    except UnknownError as refused:
        raise ValueError(f"{refused.what}; {refused.remedy}") from None


class NetworkSettings(_Section):
    """Which connections the site needs besides the control plane's and Slurm's, and what its network really
    is, for proofs and audits. Names of files are seen from the folder of burstway.toml."""

    profiles: tuple[Annotated[str, AfterValidator(_profile)], ...] = Field(
        default=(), description="more profiles of docs/flows.md, such as `nfsv4`, `ldap`, `dns`, `ntp`"
    )
    optional: tuple[Annotated[str, AfterValidator(_row)], ...] = Field(
        default=(),
        description="rows of the chosen profiles that are wanted though docs/flows.md calls them optional",
    )
    without: tuple[Annotated[str, AfterValidator(_row)], ...] = Field(
        default=(), description="rows that this site does not need: they are neither opened nor proved"
    )
    places: dict[
        Annotated[Role, BeforeValidator(_role)],
        tuple[Annotated[Any, BeforeValidator(_place), PlainSerializer(str)], ...],
    ] = Field(
        default_factory=dict,
        description="where their roles are: addresses, ranges or service tags, as in "
        '`file-server = ["10.1.0.20"]`',
    )
    firewall: Path | None = Field(
        default=None, description="the site's firewall, as `nft -j list ruleset` prints it"
    )
    interfaces: dict[str, tuple[IPv4Network, ...]] = Field(
        default_factory=dict,
        description="what is behind each interface that the rules of `firewall` name, as in "
        '`wan = ["10.80.0.0/16"]`',
    )
    found: tuple[Path, ...] = Field(
        default=(),
        description="what the cloud really has, as `az network … -o json` prints it; patterns may be used",
    )


class LimitSettings(_Section):
    """What the loop goes by, in seconds."""

    boot_timeout_s: Seconds = Field(default=900, description="from the order until a node must be ready")
    orphan_grace_s: Seconds = Field(
        default=120, description="a machine nobody wants is given back after this"
    )
    token_lifetime_s: Seconds = Field(default=900, description="how long a join token holds")
    pass_interval_s: Seconds = Field(default=5, description="the loop looks at least this often")
    scheduler_interval_s: Seconds = Field(default=15, description="Slurm is asked at least this often")


class Settings(_Section):
    """The site's one file. `burstway serve --check` reads it and reports every problem with its line."""

    site: SiteSettings
    control_plane: ControlPlaneSettings = ControlPlaneSettings()
    slurm: SlurmSettings | None = None
    cloud: CloudSettings
    network: NetworkSettings = NetworkSettings()
    limits: LimitSettings = LimitSettings()

    @model_validator(mode="after")
    def _agree(self) -> "Settings":
        if found := next(_contradictions(self.model_dump(mode="json")), None):
            raise ValueError(found[1])
        return self


def _contradictions(values: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
    """What cannot be true together, each with the key to look at. A value that is wrong by itself is not
    looked at here, so that this can be said beside it."""
    site, inside = _network(values, "site", "network"), _network(values, "cloud", "network")
    address, subnet = _network(values, "site", "address"), _network(values, "cloud", "subnet")
    if site and inside and site.overlaps(inside):
        what = f"site.network {site} and cloud.network {inside} overlap: no route can tell them apart"
        yield ("site", "network"), what
    if address and site and not address.subnet_of(site):
        what = f"site.address {address.network_address} is not inside of site.network {site}"
        yield ("site", "address"), what
    if subnet and inside and not subnet.subnet_of(inside):
        yield ("cloud", "subnet"), f"cloud.subnet {subnet} is not inside of cloud.network {inside}"
    boot, resume = _seconds(values, "limits", "boot_timeout_s"), _seconds(values, "slurm", "resume_timeout_s")
    if boot and resume and resume <= boot:
        what = f"slurm.resume_timeout_s ({resume:g}) must be more than limits.boot_timeout_s ({boot:g})"
        yield ("slurm", "resume_timeout_s"), f"{what}: else Slurm gives up before Burstway can say why"
    network = values.get("network")
    if isinstance(network, dict) and network.get("interfaces") and not network.get("firewall"):
        yield ("network", "interfaces"), "network.interfaces: it is about network.firewall, which is not set"
    yield from _wrong_rows(values)
    cloud = values.get("cloud")
    if isinstance(cloud, dict) and cloud.get("provider") == "lab" and not cloud.get("endpoint"):
        yield ("cloud", "provider"), "cloud.provider: the provider lab needs an endpoint"


def chosen_profiles(profiles: Iterable[str], with_slurm: bool) -> tuple[str, ...]:
    """Those that are in force, each once: what every site has, Slurm's where there is one, and these."""
    return tuple(dict.fromkeys(["control-plane", *(["slurm"] if with_slurm else []), *profiles]))


def _wrong_rows(values: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
    """Rows that are wanted and are not there to be chosen, or are wanted and left out at once."""
    profiles = [name for name in _names(values, "profiles") if name in PROFILES]
    rows = flows(chosen_profiles(profiles, "slurm" in values))
    there = [row.name for row in rows if row.need is Need.OPTIONAL]
    known = {row.name for each in PROFILES.values() for row in each}
    for name in _names(values, "optional"):
        if name in known and name not in there:
            what = f"network.optional: {name} is not an optional row of the profiles that are chosen"
            yield ("network", "optional"), f"{what}; those are {', '.join(there) or 'none'}"
        elif name in _names(values, "without"):
            yield ("network", "without"), f"network.without: {name} is wanted under network.optional"


def _names(values: dict[str, Any], key: str) -> list[str]:
    network = values.get("network")
    written = network.get(key) if isinstance(network, dict) else None
    return [name for name in written if isinstance(name, str)] if isinstance(written, list) else []


def _seconds(values: dict[str, Any], section: str, key: str) -> float | None:
    found = values.get(section)
    number = found.get(key) if isinstance(found, dict) else None
    return float(number) if isinstance(number, int | float) else None


def _network(values: dict[str, Any], section: str, key: str) -> IPv4Network | None:
    """The range, or the address as a range of one; None when it is neither."""
    found = values.get(section)
    try:
        return IPv4Network(found[key]) if isinstance(found, dict) and isinstance(found[key], str) else None
    except (KeyError, ValueError):
        return None


def read_settings(path: Path) -> Settings:
    """The settings in the file. Files that it names are seen from the folder where it is, from wherever it is
    read. Raises SettingsError with all that is wrong in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            [Problem(str(path), 0, 0, "there is no such file")], remedy="name one with --config"
        ) from None
    except (OSError, UnicodeDecodeError) as refused:
        raise SettingsError([Problem(str(path), 0, 0, str(refused))]) from refused
    settings = parse_settings(text, str(path))
    folder, network = path.absolute().parent, settings.network
    files = {
        "found": tuple(folder / each for each in network.found),
        "firewall": folder / network.firewall if network.firewall else None,
    }
    return settings.model_copy(update={"network": network.model_copy(update=files)})


def parse_settings(text: str, file: str) -> Settings:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as refused:
        where = re.search(r"line (\d+), column (\d+)", str(refused))
        line, column = (int(where[1]), int(where[2])) if where else (0, 0)
        raise SettingsError([Problem(file, line, column, str(refused))]) from refused
    problems = [Problem(file, _line_of(keys, text), 0, what) for keys, what in _contradictions(values)]
    try:
        settings = Settings.model_validate(values)
    except ValidationError as refused:
        problems += [_problem(error, text, file) for error in refused.errors() if error["loc"]]
        # a default that contradicts what is written stands nowhere in the file
        problems = problems or [_problem(error, text, file) for error in refused.errors()]
    if problems:
        raise SettingsError(sorted(problems, key=lambda problem: problem.line))
    return settings


def _problem(error: ErrorDetails, text: str, file: str) -> Problem:
    keys = tuple(str(part) for part in error["loc"] if not isinstance(part, int) and part != "[key]")
    line = _line_of(keys, text)
    what = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        what = "there is no such key"
    name = ".".join(keys)
    return Problem(file, line, 0, f"{name}: {what}" if name else what)


def _line_of(keys: Keys, text: str) -> int:
    """The line where `keys` (section, key) stands, or as much of it as there is; 0 when there is nothing."""
    section: Keys = ()
    line, depth = 0, 0
    for number, written in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[?([^\[\]=]+)\]", written):
            section = path = _parts(header[1])
        elif key := re.match(r"\s*([\w\"'. -]+?)\s*=", written):
            path = (*section, *_parts(key[1]))
        else:
            continue
        if len(path) > depth and path == keys[: len(path)]:
            line, depth = number, len(path)
    return line


def _parts(name: str) -> Keys:
    return tuple(part.strip(" \"'") for part in name.split("."))
