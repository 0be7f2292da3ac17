"""firewalld itself, to hold its files against: what deploy/fetch-oracles unpacked, or what is installed."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

UNPACKED = Path(__file__).parents[2] / ".oracles" / "firewalld"
CONF = "FirewallBackend=nftables\nCleanupOnExit=no\nIPv6_rpfilter=no\n"

START = """
import sys, firewall.config as config
config.set_system_config_paths(sys.argv[1])
config.set_default_config_paths(sys.argv[2])
config.FIREWALLD_LOGFILE = "/dev/null"
from firewall.core.fw import Firewall
Firewall().start()
"""
"""All that the daemon does to the kernel, without the daemon and its bus."""


def root() -> Path:
    """Where its files begin. Skips the test where there is none."""
    if (UNPACKED / "usr/bin/firewall-offline-cmd").exists():
        return UNPACKED
    if shutil.which("firewall-offline-cmd"):
        return Path("/")
    pytest.skip("firewalld is not there: deploy/fetch-oracles fetches it")


def environment(base: Path) -> dict[str, str]:
    libraries = ":".join(str(path) for path in base.glob("usr/lib/*-linux-gnu*"))
    return {
        **os.environ,
        "PYTHONPATH": str(base / "usr/lib/python3/dist-packages"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LD_LIBRARY_PATH": libraries if base != Path("/") else "",
    }


def install(files: Mapping[str, str], etc: Path, default_zone: str = "public") -> None:
    """The files as an administrator would put them into /etc/firewalld."""
    etc.mkdir(exist_ok=True)
    (etc / "firewalld.conf").write_text(f"DefaultZone={default_zone}\n{CONF}")
    for name, text in files.items():
        path = etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def check(etc: Path) -> subprocess.CompletedProcess[str]:
    """Its own check of the files, which needs neither a daemon nor a kernel."""
    base = root()
    paths = ["--system-config", str(etc), "--default-config", str(base / "usr/lib/firewalld")]
    return subprocess.run(
        ["/usr/bin/python3", str(base / "usr/bin/firewall-offline-cmd"), *paths, "--check-config"],
        env=environment(base), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def start(etc: Path) -> list[str]:
    """The command that puts it all into the kernel of the namespace that it runs in."""
    return ["/usr/bin/python3", "-c", START, str(etc), str(root() / "usr/lib/firewalld")]
