"""Building the lab, step by step; each step says what it does."""

import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import burstway
from burstway.client import Client
from burstway.errors import ConflictError, LabError
from burstway.lab.cloud import LabCloud, start_cloud
from burstway.lab.enter import door, head_root, run_in
from burstway.lab.head import CGROUP_CONF, GID, GROUP, UID, USER, settings_text, slurm_conf
from burstway.lab.record import Record
from burstway.lab.services import wait_ready
from burstway.providers.lab.layout import Layout
from burstway.settings import parse_settings

START_S = 30.0
PROGRAMS = (
    "slurmctld", "slurmd", "scontrol", "munged", "munge", "nft", "ip", "tini", "openssl", "unshare",
    "nsenter", "runuser", "setpriv", "sysctl",
)  # fmt: skip
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


def up(
    place: Layout,
    say: Say,
    *,
    idle_s: float = 15,
    boot_timeout_s: float = 120,
    example: bool = False,
    demo: str = "",
) -> None:
    """Builds the lab and returns when its control plane answers and both filters have the plan's rules.

    Raises SettingsError for seconds that its settings do not take, and ConflictError when there is a lab of
    this name; in both cases nothing was made. `example` and `demo` are for its record only.
    """
    check_host()
    settings = settings_text(place, idle_s, boot_timeout_s)
    parse_settings(settings, "the lab's burstway.toml")
    if place.folder.exists():
        raise ConflictError(f"there is a lab {place.name!r} already", remedy=place.command("down"))
    say("networks: site, cloud, the link between them, the border, the site's firewall")
    record = Record(idle_s, boot_timeout_s, example, demo=demo)
    start_cloud(place, sorted({*_own_folders(), Path(sys.prefix)}), record)
    with LabCloud(place) as cloud:
        say("head node: users, munge, Slurm's configuration")
        _head(cloud, place, settings)
        say("control plane")
        cloud.start("munged", "head", [*_as("munge"), "munged", "--foreground", "--force"])
        wait_ready(cloud, place, "munged")
        burstway_program = str(Path(sys.prefix) / "bin" / "burstway")
        cloud.start("control-plane", "head", [burstway_program, "serve", "--config", CONFIG])
        wait_ready(cloud, place, "control-plane")
        _wait(place, lambda: cloud.status()["planned"], "the cloud's border was not planned")
        cloud.reset("firewall")


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
        wait_ready(cloud, place, "slurmctld")


def _own_folders() -> set[Path]:
    """Where Burstway itself lies on this host: what the head is given, and nodes must not see."""
    package = Path(burstway.__file__).resolve().parent.parent
    folders = {package.parent if package.name == "src" else package}
    return {folder for folder in folders if not str(folder).startswith("/usr/lib")}


def _binds(place: Layout) -> dict[str, str]:
    folders = {*_own_folders(), Path(sys.prefix), Path(sys.base_prefix)}
    binds = {str(folder): str(folder) for folder in sorted(folders) if not str(folder).startswith("/usr")}
    return {**binds, str(place.socket.parent): "/run/burstway-cloud"}


def _head(cloud: LabCloud, place: Layout, settings: str) -> None:
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
    _write(root / "etc/burstway/burstway.toml", settings)
    key = root / "etc/munge/munge.key"
    key.write_bytes(secrets.token_bytes(128))
    run_in(cloud, "head", ["sh", "-c", "chown munge: /etc/munge/munge.key; chmod 400 /etc/munge/munge.key"])
    for program in ("burstway", "burstway-resume", "burstway-suspend", "burstway-resume-fail"):
        (root / "usr/local/bin" / program).symlink_to(Path(sys.prefix) / "bin" / program)


def _as(user: str) -> list[str]:
    """setpriv becomes the program that it starts, where runuser would stay as its parent."""
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)


def _wait(place: Layout, done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_S
    while not done():
        if time.monotonic() > deadline:
            raise LabError(f"{what} in {START_S:g} s", remedy=place.command("down"))
        time.sleep(0.02)
