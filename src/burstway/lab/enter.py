"""Into the lab's machines: commands as if one had signed in there, the head node's files and its socket."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from burstway.client import Door
from burstway.errors import LabError, UnknownError
from burstway.lab.cloud import LabCloud

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SOCKET = "/run/burstway/burstway.sock"


def door(cloud: LabCloud) -> Door:
    """The control plane's socket as this host reaches it."""
    return Door(socket=head_root(cloud) / SOCKET.lstrip("/"))


def head_root(cloud: LabCloud) -> Path:
    """The head node's root file system as this host reaches it."""
    head = cloud.find("head")
    if head is None or not head["pid"]:
        raise LabError("the lab's head node is not running", remedy="burstway lab down, then up again")
    return Path(head["root"])


def entering(cloud: LabCloud, machine: str, user: str, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` there; a login shell when it is empty."""
    found = cloud.find(machine)
    if found is None:
        known = ", ".join(str(each["name"]) for each in cloud.status()["machines"])
        raise UnknownError(f"the lab has no machine {machine!r} now", remedy=f"there are: {known}")
    enter = ["nsenter", "--target", str(found["pid"]), "--all", "--"]
    if user == "root":
        inside = list(command) or ["bash", "-l"]
        return [*enter, "env", "-i", f"PATH={PATH}", "HOME=/root", "TERM=xterm-256color", *inside]
    if command:
        home = f"/home/{user}"
        environment = ["env", "-i", "-C", home, f"PATH={PATH}", f"HOME={home}", f"USER={user}"]
        return [*enter, "runuser", "-u", user, "--", *environment, *command]
    return [*enter, "runuser", "-l", user]


def run_in(
    cloud: LabCloud, machine: str, command: Sequence[str], *, user: str = "root", timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        entering(cloud, machine, user, command), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
