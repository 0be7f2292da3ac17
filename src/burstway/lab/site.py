"""Building the lab, step by step; each step says what it does. What is there already is left as it is."""

import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import burstway
from burstway.client import AnswerError, Client, Door
from burstway.errors import ControlPlaneError, LabError
from burstway.lab.cloud import LabCloud, start_cloud
from burstway.lab.enter import run_in
from burstway.lab.head import CGROUP_CONF, GID, GROUP, UID, USER, settings_text, slurm_conf
from burstway.providers.lab.layout import Layout

START_S = 30.0
PROGRAMS = (
    "slurmctld", "slurmd", "scontrol", "munged", "munge", "nft", "ip", "tini", "openssl", "unshare",
    "nsenter", "runuser", "setpriv", "sysctl",
)  # fmt: skip
SOCKET = "/run/burstway/burstway.sock"
CONFIG = "/etc/burstway/burstway.toml"
Say = Callable[[str], None]


def check_host() -> None:
    """Raises LabError when this host cannot have a lab, with what to do about it."""
    if os.geteuid() != 0:
        raise LabError("the lab makes namespaces and mounts, and that needs root", remedy="run it with sudo")
    search = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    missing = [program for program in PROGRAMS if not shutil.which(program, path=search)]
    if missing:
        raise LabError(f"programs are missing: {', '.join(missing)}", remedy="install them with: make setup")


def up(place: Layout, say: Say, *, idle_s: float = 15, boot_timeout_s: float = 120) -> None:
    """Builds the lab and returns when its Slurm answers. What is already there stays."""
    check_host()
    if not place.socket.exists():
        if place.folder.exists():
            raise LabError(f"the lab {place.name} is half there", remedy="burstway lab down, then up again")
        say("networks: site, cloud, the link between them, the border")
        start_cloud(place, sorted({*_own_folders(), Path(sys.prefix)}))
    with LabCloud(place) as cloud:
        say("head node: users, munge, Slurm's configuration")
        pid = _head(cloud, place, idle_s, boot_timeout_s)
        say("control plane")
        cloud.start("munged", "head", [*_as("munge"), "munged", "--foreground", "--force"])
        _wait(lambda: Path(f"/proc/{pid}/root/run/munge/munge.socket.2").exists(), "munged did not start")
        burstway_program = str(Path(sys.prefix) / "bin" / "burstway")
        cloud.start("control-plane", "head", [burstway_program, "serve", "--config", CONFIG])
        _wait(lambda: _answers(cloud), "the control plane did not start", place.folder / "control-plane.log")


def start_slurm(place: Layout, say: Say) -> None:
    """Adds to slurm.conf what the imported clusters need, and starts slurmctld."""
    say("slurmctld")
    with LabCloud(place) as cloud, Client(door(cloud)) as client:
        root = head_root(cloud)
        text = slurm_conf(place)
        for cluster in client.get("/v1/clusters"):
            conf = client.get(
                f"/v1/clusters/{cluster['name']}/slurm-conf", programs=str(Path(sys.prefix) / "bin")
            )
            (root / "etc/slurm" / conf["include_name"]).write_text(conf["include"], encoding="utf-8")
            text += "\n" + conf["lines"]
        (root / "etc/slurm/slurm.conf").write_text(text, encoding="utf-8")
        cloud.start("slurmctld", "head", [*_as("slurm"), "slurmctld", "-D"])
        _wait(lambda: _slurm_answers(cloud), "slurmctld did not start", root / "var/log/slurm/slurmctld.log")


def door(cloud: LabCloud) -> Door:
    """The control plane's socket as this host reaches it."""
    return Door(socket=head_root(cloud) / SOCKET.lstrip("/"))


def head_root(cloud: LabCloud) -> Path:
    """The head node's root file system as this host reaches it."""
    head = cloud.find("head")
    if head is None or not head["pid"]:
        raise LabError("the lab's head node is not running", remedy="burstway lab down, then up again")
    return Path(head["root"])


def _own_folders() -> set[Path]:
    """Where Burstway itself lies on this host: what the head is given, and nodes must not see."""
    package = Path(burstway.__file__).resolve().parent.parent
    folders = {package.parent if package.name == "src" else package}
    return {folder for folder in folders if not str(folder).startswith("/usr/lib")}


def _binds(place: Layout) -> dict[str, str]:
    folders = {*_own_folders(), Path(sys.prefix), Path(sys.base_prefix)}
    binds = {str(folder): str(folder) for folder in sorted(folders) if not str(folder).startswith("/usr")}
    return {**binds, str(place.socket.parent): "/run/burstway-cloud"}


def _head(cloud: LabCloud, place: Layout, idle_s: float, boot_timeout_s: float) -> int:
    if (found := cloud.find("head")) and found["pid"]:
        return int(found["pid"])
    pid = cloud.machine("head", "site", "head", str(place.head), _binds(place))
    root = Path(f"/proc/{pid}/root")
    for command in (
        ["groupadd", "-g", str(GID), GROUP],
        ["useradd", "-m", "-u", str(UID), "-U", "-G", GROUP, "-s", "/bin/bash", "-c", "Alice", USER],
        ["install", "-d", "-o", "munge", "-g", "munge", "-m", "755", "/run/munge"],
        ["install", "-d", "-o", "slurm", "-g", "slurm", "-m", "755", "/var/lib/slurm/slurmctld"],
        ["install", "-d", "-m", "755", "/etc/burstway"],
    ):
        done = run_in(cloud, "head", command)
        if done.returncode != 0:
            raise LabError(f"setting up the head node: {done.stderr.strip()}", where=" ".join(command))
    _write(root / "etc/hosts", f"127.0.0.1 localhost\n{place.head} head\n")
    _write(root / "etc/slurm/cgroup.conf", CGROUP_CONF)
    _write(root / "etc/slurm/slurm.conf", slurm_conf(place))
    _write(root / "etc/burstway/burstway.toml", settings_text(place, idle_s, boot_timeout_s))
    key = root / "etc/munge/munge.key"
    key.write_bytes(secrets.token_bytes(128))
    done = run_in(
        cloud, "head", ["sh", "-c", "chown munge: /etc/munge/munge.key; chmod 400 /etc/munge/munge.key"]
    )
    for program in ("burstway", "burstway-resume", "burstway-suspend", "burstway-resume-fail"):
        (root / "usr/local/bin" / program).symlink_to(Path(sys.prefix) / "bin" / program)
    return pid


def _as(user: str) -> list[str]:
    """setpriv becomes the program that it starts, where runuser would stay as its parent."""
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def _answers(cloud: LabCloud) -> bool:
    try:
        with Client(door(cloud)) as client:
            client.get("/v1/status")
    except (ControlPlaneError, AnswerError):
        return False
    return True


def _slurm_answers(cloud: LabCloud) -> bool:
    done = run_in(cloud, "head", ["scontrol", "ping"], timeout=START_S)
    return done.returncode == 0 and "UP" in done.stdout


def _wait(done: Callable[[], bool], what: str, log: Path | None = None) -> None:
    deadline = time.monotonic() + START_S
    while not done():
        if time.monotonic() > deadline:
            said = log.read_text(encoding="utf-8")[-1000:].strip() if log and log.exists() else ""
            raise LabError(f"{what} in {START_S:g} s: {said}", remedy="burstway lab down, then up again")
        time.sleep(0.02)
