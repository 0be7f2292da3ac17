"""burstway.toml: the site, its networks, the scheduler, the cloud and the limits.

`read_settings` reports every problem of the file at once, each with its line.
"""

import re
import tomllib
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from burstway.errors import Problem, SettingsError
from burstway.flows.table import port

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SiteSettings(_Section):
    """The on-premise side. `address` is where nodes reach the control plane and slurmctld."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")
    head: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$", description="host name of the head node")
    address: IPv4Address
    network: IPv4Network
    users: tuple[str, ...] | None = Field(
        default=None, description="users that nodes get; all with a UID of 1000 to 59999 when absent"
    )


class ControlPlaneSettings(_Section):
    state: Path = Field(default=Path("/var/lib/burstway"), description="database, authority, lock")
    socket: Path = Path("/run/burstway/burstway.sock")
    spool: Path = Field(default=Path("/var/spool/burstway"), description="requests made while it was down")
    port: int = Field(default_factory=lambda: port("agent-api"), ge=1, le=65_535)


class SlurmSettings(_Section):
    user: str = Field(default="slurm", description="SlurmUser: who may resume and suspend")
    munge_key: Path = Path("/etc/munge/munge.key")
    munge_socket: Path = Path("/run/munge/munge.socket.2")
    resume_timeout_s: Seconds = 300
    suspend_time_s: Seconds = 300
    suspend_timeout_s: Seconds = 120


class CloudSettings(_Section):
    """`network` is the range of the virtual network; `subnet` the part of it where nodes are."""

    provider: Literal["lab", "fake"]
    network: IPv4Network
    subnet: IPv4Network
    endpoint: Path | None = Field(default=None, description="lab: the socket of the lab's cloud")

    @model_validator(mode="after")
    def _subnet_inside(self) -> "CloudSettings":
        if not self.subnet.subnet_of(self.network):
            raise ValueError(f"the subnet {self.subnet} is not inside of the network {self.network}")
        if self.provider == "lab" and self.endpoint is None:
            raise ValueError("the provider lab needs an endpoint")
        return self


class LimitSettings(_Section):
    """What the reconcile loop goes by, in seconds."""

    boot_timeout_s: Seconds = 900
    orphan_grace_s: Seconds = 120
    token_lifetime_s: Seconds = 900
    pass_interval_s: Seconds = 5
    scheduler_interval_s: Seconds = 15


class Settings(_Section):
    site: SiteSettings
    control_plane: ControlPlaneSettings = ControlPlaneSettings()
    slurm: SlurmSettings | None = None
    cloud: CloudSettings
    limits: LimitSettings = LimitSettings()

    @model_validator(mode="after")
    def _ranges_apart(self) -> "Settings":
        if self.site.network.overlaps(self.cloud.network):
            raise ValueError(
                f"site.network {self.site.network} and cloud.network {self.cloud.network} overlap: "
                "no route can tell them apart"
            )
        if self.site.address not in self.site.network:
            raise ValueError(f"site.address {self.site.address} is not inside of {self.site.network}")
        return self


def read_settings(path: Path) -> Settings:
    """The settings in the file. Raises SettingsError with all that is wrong in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            [Problem(str(path), 0, 0, "there is no such file")], remedy="name one with --config"
        ) from None
    except (OSError, UnicodeDecodeError) as refused:
        raise SettingsError([Problem(str(path), 0, 0, str(refused))]) from refused
    return parse_settings(text, str(path))


def parse_settings(text: str, file: str) -> Settings:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as refused:
        where = re.search(r"line (\d+), column (\d+)", str(refused))
        line, column = (int(where[1]), int(where[2])) if where else (0, 0)
        raise SettingsError([Problem(file, line, column, str(refused))]) from refused
    try:
        return Settings.model_validate(values)
    except ValidationError as refused:
        raise SettingsError([_problem(error, text, file) for error in refused.errors()]) from None


def _problem(error: ErrorDetails, text: str, file: str) -> Problem:
    keys = tuple(str(part) for part in error["loc"] if not isinstance(part, int))
    line = _line_of(keys, text)
    what = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        what = "there is no such key"
    name = ".".join(keys)
    return Problem(file, line, 0, f"{name}: {what}" if name else what)


def _line_of(keys: tuple[str, ...], text: str) -> int:
    """The line where `keys` (table, key) stands; that of the table when the key is missing; else 0."""
    table, found = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if header := re.match(r"\[\s*([\w.-]+)\s*\]", stripped):
            table = header[1]
            if keys and table == keys[0]:
                found = found or number
        elif keys and (key := re.match(r'"?([\w-]+)"?\s*=', stripped)):
            path = (table, key[1]) if table else (key[1],)
            if path == keys[: len(path)] and len(path) >= min(2, len(keys)):
                return number
    return found
