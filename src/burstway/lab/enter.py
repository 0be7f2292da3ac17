"""Running something in a machine of the lab, as if one had signed in there."""

import subprocess
from collections.abc import Sequence

from burstway.errors import UnknownError
from burstway.lab.cloud import LabCloud

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


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
