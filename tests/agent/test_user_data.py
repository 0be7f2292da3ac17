"""The user data that a machine is rented with: a small shell script that unpacks the agent as it is."""

import base64
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from burstway.agent import node_agent
from burstway.agent.user_data import FOLDER, UserData

AGENT = Path(node_agent.__file__)
AUTHORITY = "-----BEGIN CERTIFICATE-----\n" + "A" * 700 + "\n-----END CERTIFICATE-----\n"
TEXT = UserData("https://10.1.0.5:8443", AUTHORITY).render("hpc1-hpc-1", "ab" * 32)
MOST_BYTES = 16 * 1024
"""What EC2 takes; Azure takes four times as much."""


def test_it_is_small_enough_for_every_cloud() -> None:
    """Also with the longest names there can be."""
    longest = UserData("https://100.100.100.100:65535", AUTHORITY * 2).render("n" * 63, "ab" * 32)
    assert len(longest.encode()) < MOST_BYTES


def test_it_holds_the_agent_byte_for_byte() -> None:
    """What runs on a node is the file that the tests and vermin have seen."""
    packed = re.search(r"<<'END' \| gzip -d [^\n]*\n(.*?)\nEND\n", TEXT, re.DOTALL)
    assert packed
    assert gzip.decompress(base64.b64decode(packed[1])) == AGENT.read_bytes()


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_can_read_it(shell: str) -> None:
    """Checked without running it."""
    ran = subprocess.run([shell, "-n"], input=TEXT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_run_it_starts_the_agent_with_what_it_needs(tmp_path: Path) -> None:
    """The node's name, its token, the control plane and its authority, in files of mode 0600."""
    programs, folder = tmp_path / "bin", tmp_path / "agent"
    programs.mkdir()
    python = programs / "python3"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    subprocess.run(["sh"], input=TEXT.replace(FOLDER, str(folder)), env=environment, text=True, check=True)
    assert json.loads((folder / "boot.json").read_text()) == {
        "url": "https://10.1.0.5:8443",
        "authority": AUTHORITY,
        "node": "hpc1-hpc-1",
        "token": "ab" * 32,
    }
    assert (folder / "node_agent.py").read_bytes() == AGENT.read_bytes()
    assert (folder / "agent.log").read_text() == f"-I -S {folder}/node_agent.py {folder}\n"
    assert not any(path.stat().st_mode & 0o077 for path in [folder, *folder.iterdir()])


def test_an_image_without_python_is_told(tmp_path: Path) -> None:
    """With words and a code, for whoever reads the console's log."""
    for program in ("mkdir", "base64", "gzip", "cat"):
        (tmp_path / program).symlink_to(f"/bin/{program}")
    text = TEXT.replace(FOLDER, str(tmp_path / "agent")).replace("/usr/libexec/platform-python", "none")
    environment = {"PATH": str(tmp_path)}
    ran = subprocess.run(
        ["/bin/sh"], input=text, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "no Python 3" in ran.stderr


def test_the_agent_runs_on_python_3_6() -> None:
    """As on stock AlmaLinux 8 images; with the standard library alone."""
    vermin = Path(sys.executable).with_name("vermin")
    command = [str(vermin), "--quiet", "--target=3.6-", "--violations", "--no-tips", str(AGENT)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    imported = set(re.findall(r"^(?:import|from) (\w+)", AGENT.read_text(), re.MULTILINE))
    assert imported <= sys.stdlib_module_names | {"typing"}
