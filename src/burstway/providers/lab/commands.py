"""Commands of this host: `ip`, `nft` and `sysctl`, in a network namespace or outside of one."""

import subprocess
from pathlib import Path

from burstway.errors import LabError

TIMEOUT_S = 60.0


def run(arguments: list[str], *, text: str = "", what: str) -> str:
    """What the command prints. Raises LabError with what it said when it fails."""
    done = attempt(arguments, text)
    if done.returncode != 0:
        raise LabError(f"{what} failed: {done.stderr.strip()}", where=" ".join(arguments[:4]))
    return done.stdout


def attempt(arguments: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, input=text, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


def within(namespace: Path, arguments: list[str]) -> list[str]:
    """The command line that runs it there; `ip netns exec` would mount a new /sys over control groups."""
    return ["nsenter", f"--net={namespace}", *arguments]


def in_namespace(namespace: Path, arguments: list[str], text: str = "") -> str:
    return run(within(namespace, arguments), text=text, what=" ".join(arguments[:3]))


def make_namespace(path: Path) -> None:
    """A network namespace that lives as long as the file that it is mounted on; its `lo` is down."""
    path.touch()
    run(["unshare", f"--net={path}", "true"], what="making a network namespace")


def remove_namespace(path: Path) -> None:
    subprocess.run(["umount", str(path)], capture_output=True, check=False)
    path.unlink(missing_ok=True)
