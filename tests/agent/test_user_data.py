"""The user data that a machine is rented with: a small shell script that unpacks the agent as it is."""

import ast
import base64
import io
import json
import os
import re
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from burstway.agent import node
from burstway.agent.archive import PACKAGE, agent_archive, sources
from burstway.agent.user_data import FOLDER, UserData

AGENT = Path(node.__file__).parent
AUTHORITY = "-----BEGIN CERTIFICATE-----\n" + "A" * 700 + "\n-----END CERTIFICATE-----\n"
TEXT = UserData("https://10.1.0.5:8443", AUTHORITY).render("hpc1-hpc-1", "ab" * 32)
MOST_BYTES = 16 * 1024
"""What EC2 takes; Azure takes four times as much."""


def test_it_is_small_enough_for_every_cloud() -> None:
    """Also with the longest names there can be."""
    longest = UserData("https://100.100.100.100:65535", AUTHORITY * 2).render("n" * 63, "ab" * 32)
    assert len(longest.encode()) < MOST_BYTES


def test_it_holds_the_agent_byte_for_byte() -> None:
    """And no line of it ends the shell's text too early."""
    packed = re.search(r">[^\n]*agent.pyz <<'END'\n(.*?)\nEND\n", TEXT, re.DOTALL)
    assert packed
    assert zlib.decompress(base64.b85decode(packed[1].replace("\n", ""))) == agent_archive()


def test_the_archive_is_always_the_same() -> None:
    """Made in another place it has the same bytes: an order repeated is the same order."""
    code = "import sys; from burstway.agent.archive import agent_archive as a; sys.stdout.buffer.write(a())"
    environment = {**os.environ, "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environment, cwd="/", check=True
    )
    assert elsewhere.stdout == agent_archive() == agent_archive()


def delivered() -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(agent_archive())) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def code_of(source: str) -> list[str]:
    """What a module does, without documentation, annotations and what is for type checkers alone."""
    kept = []
    for each in ast.walk(ast.parse(source)):
        if isinstance(each, ast.Call | ast.Compare | ast.Return | ast.Raise):
            kept.append(ast.dump(each))
    return kept


def test_what_is_delivered_does_what_is_written() -> None:
    """Every module is in it, in syntax of Python 3.6; only what people and type checkers read is left out."""
    modules = delivered()
    assert set(modules) == {"__main__.py"} | {f"{PACKAGE}/{name}" for name in sources()}
    for name, source in sources().items():
        squeezed = modules[f"{PACKAGE}/{name}"]
        ast.parse(squeezed, feature_version=(3, 6))
        assert code_of(squeezed) == code_of(source), name
        assert not re.search(r"\b(MYPY|typing)\b", squeezed), name


def test_it_runs_as_one_file(tmp_path: Path) -> None:
    """Isolated and without site packages, from anywhere; without a folder it says what it wants."""
    (tmp_path / "agent.pyz").write_bytes(agent_archive())
    ran = subprocess.run(
        [sys.executable, "-I", "-S", tmp_path / "agent.pyz"],
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )
    assert (ran.returncode, ran.stderr.splitlines()[0]) == (2, "usage: agent.pyz FOLDER")


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
    python.write_text(f'#!/bin/sh\n[ "$3" != -c ] || exec {sys.executable} "$@"\necho "$@"\n')
    python.chmod(0o755)
    environment = {"PATH": f"{programs}:{os.environ['PATH']}"}
    subprocess.run(["sh"], input=TEXT.replace(FOLDER, str(folder)), env=environment, text=True, check=True)
    assert json.loads((folder / "boot.json").read_text()) == {
        "url": "https://10.1.0.5:8443",
        "authority": AUTHORITY,
        "node": "hpc1-hpc-1",
        "token": "ab" * 32,
    }
    assert (folder / "agent.pyz").read_bytes() == agent_archive()
    assert (folder / "agent.log").read_text() == f"-I -S {folder}/agent.pyz {folder}\n"
    assert not any(path.stat().st_mode & 0o077 for path in [folder, *folder.iterdir()])


def test_an_image_without_python_is_told(tmp_path: Path) -> None:
    """With words and a code, for whoever reads the console's log."""
    for program in ("mkdir", "cat"):
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
    imported = set(re.findall(r"^ *(?:import|from) (\w+)", "\n".join(sources().values()), re.MULTILINE))
    assert imported <= sys.stdlib_module_names
