"""What a machine's disk holds before it boots: this host's system without this host's secrets.

A layer of whiteouts lies over the host's root. It hides what a rented machine could not have: home
directories, munge's key, Slurm's configuration, SSH host keys, and (on nodes) Burstway itself; all of that
must arrive over the network.
"""

import os
import pwd
import stat
from collections.abc import Iterable
from pathlib import Path

HIDDEN_FOLDERS = (
    "/home", "/root", "/srv", "/mnt", "/media", "/opt", "/var/lib/burstway", "/var/spool/burstway",
    "/var/log/slurm", "/var/lib/slurm", "/var/spool/slurm", "/var/log/munge", "/var/lib/munge", "/etc/slurm",
    "/var/lib/cloud", "/var/lib/burstway-agent",
)  # fmt: skip
HIDDEN_FILES = ("/etc/munge/munge.key", "/etc/resolv.conf")
HIDDEN_PATTERNS = (("/etc/ssh", "ssh_host_*"),)

_MODES = {"/root": 0o700, "/var/log/munge": 0o700, "/var/lib/munge": 0o711}
_OWNERS = {
    "/var/log/munge": "munge", "/var/lib/munge": "munge",
    "/var/log/slurm": "slurm", "/var/lib/slurm": "slurm", "/var/spool/slurm": "slurm",
}  # fmt: skip


def make_image(folder: Path, hidden: Iterable[Path] = ()) -> None:
    """Builds the layer in `folder`. `hidden` are further folders that its machines must not see."""
    folder.mkdir(parents=True)
    for name in (*HIDDEN_FOLDERS, *(str(path) for path in hidden)):
        _hide_folder(folder, name)
    for name in HIDDEN_FILES:
        _hide_file(folder, Path(name))
    for parent, pattern in HIDDEN_PATTERNS:
        for path in Path(parent).glob(pattern):
            _hide_file(folder, path)
    _write(folder, "/etc/hosts", "127.0.0.1 localhost\n")
    # With a resolver that does not answer, slurmctld's threads hang for tens of seconds: files only.
    _write(folder, "/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")


def _inside(folder: Path, name: str) -> Path:
    """The path in the layer; its parents are made with the modes and owners they have on the host."""
    target = folder
    for part in Path(name).parts[1:-1]:
        target = target / part
        if not target.exists():
            like = Path("/") / target.relative_to(folder)
            target.mkdir()
            if like.exists():
                found = like.stat()
                target.chmod(stat.S_IMODE(found.st_mode))
                os.chown(target, found.st_uid, found.st_gid)
    return target / Path(name).name


def _hide_folder(folder: Path, name: str) -> None:
    path = _inside(folder, name)
    path.mkdir(exist_ok=True)
    path.chmod(_MODES.get(name, 0o755))
    if owner := _OWNERS.get(name):
        _chown(path, owner)
    os.setxattr(path, "trusted.overlay.opaque", b"y")


def _hide_file(folder: Path, name: Path) -> None:
    if name.exists():
        os.mknod(_inside(folder, str(name)), stat.S_IFCHR | 0o600, os.makedev(0, 0))


def _write(folder: Path, name: str, text: str) -> None:
    path = _inside(folder, name)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def _chown(path: Path, user: str) -> None:
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return
    os.chown(path, entry.pw_uid, entry.pw_gid)
