"""What a lab leaves behind when it is cut off, and its removal.

Nothing is found by name: a process belongs to a lab when the root file system that it sees is one of the
lab's overlays, or when the lab's own record says so; everything else is inside of the lab's one mount.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from burstway.errors import LabError
from burstway.providers.lab.layout import LABS, Layout

PATIENCE_S = 30.0


def remove(place: Layout, say: Callable[[str], None]) -> bool:
    """Ends and removes everything of the lab; False when there was nothing."""
    if not place.folder.exists():
        return False
    daemon = _recorded_daemon(place)
    if daemon:
        say("ending the machines")
        _end(daemon, signal.SIGTERM)
        _wait(lambda: not _is_daemon(daemon, place), "the lab's cloud did not end")
    for pid in processes_of(place):
        _end(pid, signal.SIGKILL)
    _wait(lambda: not any(processes_of(place)), "processes of the lab did not end")
    say("unmounting")
    for mount in reversed(_mounts_under(place.folder)):
        _unmount(mount)
    place.folder.rmdir()
    if not any(LABS.iterdir()):
        LABS.rmdir()
    return True


def processes_of(place: Layout) -> Iterator[int]:
    """Processes that run in a machine of the lab."""
    mark = f"upperdir={place.machines}/"
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            mounts = (folder / "mountinfo").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # ended meanwhile
        if mark in mounts:
            yield int(folder.name)


def _recorded_daemon(place: Layout) -> int:
    try:
        pid = int(place.daemon_pid.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
    return pid if _is_daemon(pid, place) else 0


def _is_daemon(pid: int, place: Layout) -> bool:
    """Whether this process is still the lab's cloud, and not another that got its number."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return b"burstway.providers.lab.daemon" in command and place.name.encode() in command and state != "Z"


def _mounts_under(folder: Path) -> list[str]:
    found = []
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        target = line.split(" ")[1]
        if target == str(folder) or target.startswith(f"{folder}/"):
            found.append(target)
    return found


def _unmount(target: str) -> None:
    for attempt in range(50):
        done = subprocess.run(["umount", target], capture_output=True, text=True, check=False)
        if done.returncode == 0 or "not mounted" in done.stderr:
            return
        time.sleep(0.02 * (attempt + 1))
    raise LabError(
        f"{target} cannot be unmounted: {done.stderr.strip()}", remedy=f"who uses it: fuser -vm {target}"
    )


def _end(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _wait(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > deadline:
            raise LabError(what, remedy="try again: burstway lab down")
        time.sleep(0.02)
