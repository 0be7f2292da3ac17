"""The documents say what the code says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from docs.generate import DOCUMENTS

from burstway.flows.profiles import PROFILES
from burstway.flows.table import Flow
from burstway.providers.lab.layout import existing_labs

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_document_is_what_the_code_prints(name: str) -> None:
    """A document that is printed from the code is the same as what the code prints today."""
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == DOCUMENTS[name](), "python -m docs.generate"


@pytest.mark.parametrize("row", [row for rows in PROFILES.values() for row in rows], ids=lambda row: row.name)
def test_every_flow_is_in_the_document(row: Flow) -> None:
    """On one line, with both ends, its ports and its source; one that is never opened says so, and why."""
    text = (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^\| (?:~~)?`{row.name}`.*", text, re.MULTILINE)
    assert f"| {row.source} | {row.target} | {row.service} |" in line
    assert row.document.removeprefix("docs/") in line
    assert (f"**Never opened:** {row.when}" in line) is (not row.opened)


def _commands(name: str) -> list[str]:
    """Commands in the shell blocks of a document."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [line.split("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_links_lead_somewhere() -> None:
    """Every relative link in the documents names a file that is there."""
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_make_targets_exist() -> None:
    """Every `make …` that the documents name is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for document in ROOT.glob("*.md"):
        for target in re.findall(r"`?make ([a-z]+)", document.read_text(encoding="utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{document.name}: make {target}"


NETWORK_COMMANDS = [
    line
    for name in ("README.md", "docs/network.md")
    for line in _commands(name)
    if "burstway network" in line
]
FIND_SOMETHING = ("network prove --config", "network prove node", "network prove login1", "network audit")
"""On the example, whose network has two mistakes."""


@pytest.mark.parametrize("line", [line for line in dict.fromkeys(NETWORK_COMMANDS) if "examples/" in line])
def test_network_commands_work(line: str, tmp_path: Path) -> None:
    """As written, in the checkout: with code 0, or 1 where there is something to find, and it is found."""
    words = line.replace("/tmp/ports.html", str(tmp_path / "ports.html")).split()
    program = str(Path(sys.prefix) / "bin" / words[0])
    done = subprocess.run([program, *words[1:]], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == int(any(words in line for words in FIND_SOMETHING)), done.stderr
    assert done.stdout


def test_what_the_network_page_shows_is_what_is_printed() -> None:
    """The gap of the example, word for word."""
    shown = re.findall(
        r"```\n(srun .*?)```", (ROOT / "docs" / "network.md").read_text(encoding="utf-8"), re.DOTALL
    )
    program = str(Path(sys.prefix) / "bin" / "burstway")
    line = [program, "network", "prove", "--config", "examples/network/burstway.toml"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=False)
    assert shown
    assert all(text in done.stdout for text in shown)


@pytest.mark.lab
@pytest.mark.xdist_group("lab-itself")
@pytest.mark.timeout(200)
def test_readme_commands_work() -> None:
    """The commands of the README's tour, as written and in order, each end with code 0."""
    tour = [
        line
        for line in _commands("README.md")
        if line.startswith("burstway ") and "shell" not in line and "--config" not in line
    ]
    assert "burstway lab run srun -N2 hostname" in tour
    if "lab" in existing_labs():
        pytest.skip("there is a lab on this host that is not the tests' own")
    folder = str(Path(sys.prefix) / "bin")
    try:
        for line in tour:
            done = subprocess.run(
                ["bash", "-c", f'PATH="{folder}:$PATH"; {line}'],
                capture_output=True, text=True, timeout=100, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{line}: {done.stdout} {done.stderr}"
    finally:
        subprocess.run([f"{folder}/burstway", "lab", "down"], capture_output=True, check=False)
