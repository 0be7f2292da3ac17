"""Where a lab keeps what it has: one tmpfs, mounted at `state_folder(name)`.

It is a file system of its own so that no machine sees it (an overlay over / shows nothing of what is mounted
on it), and so that unmounting it removes all of it.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from burstway.errors import LabError
from burstway.model.names import check_name

LABS = Path("/run/burstway-lab")
USUAL = "lab"
"""The name of the lab that is meant when none is named."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A lab's folders, and the addresses of its networks. Each lab has namespaces of its own, so that two
    labs use the same addresses and never meet."""

    name: str
    site: IPv4Network = IPv4Network("10.10.0.0/24")
    cloud: IPv4Network = IPv4Network("10.80.0.0/16")
    subnet: IPv4Network = IPv4Network("10.80.0.0/20")
    link: IPv4Network = IPv4Network("172.30.0.0/30")
    head: IPv4Address = IPv4Address("10.10.0.10")

    @property
    def folder(self) -> Path:
        return LABS / self.name

    @property
    def socket(self) -> Path:
        """The lab's cloud: in a folder of its own, which the head node is given."""
        return self.folder / "cloud" / "cloud.sock"

    @property
    def firewall(self) -> Path:
        """The site's firewall as the head node can read it, beside the socket."""
        return self.socket.with_name("firewall.json")

    @property
    def made(self) -> Path:
        """What the lab was made with, by whom, and what for (lab/record.py)."""
        return self.folder / "made.json"

    @property
    def daemon_pid(self) -> Path:
        return self.folder / "daemon.pid"

    @property
    def daemon_log(self) -> Path:
        return self.folder / "daemon.log"

    @property
    def namespaces(self) -> Path:
        return self.folder / "net"

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def machines(self) -> Path:
        return self.folder / "machines"

    def command(self, words: str) -> str:
        """The command for this lab, as in: burstway lab down --name NAME."""
        return f"burstway lab {words}" + ("" if self.name == USUAL else f" --name {self.name}")


def layout(name: str) -> Layout:
    check_name("lab", name)
    return Layout(name)


def existing_labs() -> list[str]:
    return sorted(path.name for path in LABS.iterdir() if path.is_dir()) if LABS.is_dir() else []


def running(name: str) -> Layout:
    """The layout of a lab that is there. Raises LabError."""
    place = layout(name)
    if not place.socket.exists():
        raise LabError(f"there is no lab {name!r}", remedy=f"build one with: {place.command('up')}")
    return place
