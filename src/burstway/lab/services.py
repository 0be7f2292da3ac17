"""The services of the head node: started, and watched until they answer or have ended."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from burstway.client import AnswerError, Client
from burstway.errors import ControlPlaneError, LabError
from burstway.lab.cloud import LabCloud
from burstway.lab.enter import door, head_root, run_in
from burstway.providers.lab.layout import Layout

START_S = 30.0
LAST_LINES = 8


class NotUpError(LabError):
    """A service that was started did not stay up, or does not answer; with the last lines of its log."""

    def __init__(self, what: str, said: str, place: Layout) -> None:
        super().__init__(f"{what}\n{said}", remedy=place.command("down"))


def service(cloud: LabCloud, name: str) -> dict[str, Any] | None:
    """What the lab's cloud knows of the service; None when it was never started."""
    return next((each for each in cloud.status()["services"] if each["name"] == name), None)


def start_again(cloud: LabCloud, place: Layout, name: str) -> None:
    """Starts a service that was stopped, or ended, and returns once it answers. Raises NotUpError."""
    known = service(cloud, name)
    if known is None:
        raise LabError(
            f"{name} was never set up in this lab", remedy=place.command("down") + ", then up again"
        )
    cloud.start(name, known["machine"], [])
    wait_ready(cloud, place, name, known["starts"] if known["ended"] else known["starts"] - 1)


def wait_ready(cloud: LabCloud, place: Layout, name: str, before: int = 0) -> None:
    """Returns once the service answers. Raises NotUpError as soon as the first of its processes after number
    `before` has ended, or when none has answered in time."""
    deadline = time.monotonic() + START_S
    while True:
        answers = READY[name](cloud)
        known = service(cloud, name) or {"starts": 0, "ended": False}
        if known["starts"] > before + 1 or (known["starts"] > before and known["ended"]):
            raise NotUpError(f"{name} ended at once", _last_lines(cloud, place, name), place)
        if answers and known["starts"] > before:
            return
        if time.monotonic() > deadline:
            late = f"{name} does not answer after {START_S:g} s"
            raise NotUpError(late, _last_lines(cloud, place, name), place)
        time.sleep(0.02)


def _last_lines(cloud: LabCloud, place: Layout, name: str) -> str:
    """The end of what it wrote: on its standard output, else in the log of its own."""
    for log in (place.folder / f"{name}.log", head_root(cloud) / f"var/log/slurm/{name}.log"):
        if log.exists() and (text := log.read_text(encoding="utf-8", errors="replace").strip()):
            return "\n".join(text.splitlines()[-LAST_LINES:])
    return "it left no word in its log"


def _munged_answers(cloud: LabCloud) -> bool:
    return run_in(cloud, "head", ["munge", "-n"], timeout=START_S).returncode == 0


def _control_plane_answers(cloud: LabCloud) -> bool:
    try:
        with Client(door(cloud)) as client:
            client.get("/v1/status")
    except (ControlPlaneError, AnswerError):
        return False
    return True


def _slurmctld_answers(cloud: LabCloud) -> bool:
    done = run_in(cloud, "head", ["scontrol", "ping"], timeout=START_S)
    return done.returncode == 0 and "UP" in done.stdout


READY: Mapping[str, Callable[[LabCloud], bool]] = {
    "munged": _munged_answers,
    "control-plane": _control_plane_answers,
    "slurmctld": _slurmctld_answers,
}
