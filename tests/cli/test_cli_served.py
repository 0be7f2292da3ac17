"""The command line against a control plane: what it prints, for people and programs, and what it refuses."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from served_site import TEMPLATE, Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="bw") as socket_folder:
        made = Site(tmp_path_factory.mktemp("site"), socket_folder)
        try:
            yield made
        finally:
            made.process.terminate()
            made.process.wait(15)


def test_a_broken_template_is_shown_where_it_is_broken(site: Site) -> None:
    """File, line and column, the line itself and a caret below it; and what looks like markup as it is."""
    broken = site.folder / "broken.txt"
    broken.write_text(TEMPLATE.replace("MachineType = fake.c1", "MachineType = $Undefined[b]"))
    said = site.refused("cluster", "import", "c2", "-f", broken)
    assert f"{broken}:8:" in said
    assert "        MachineType = $Undefined[b]" in said
    assert "\n                      ^" in said
    broken.write_text("[cluster any]\n[red]x[/red]\n")
    assert "[red]" in site.refused("cluster", "import", "c2", "-f", broken)


def test_a_template_is_printed_as_it_was_read(site: Site) -> None:
    """Byte for byte, brackets and all; its nodes as a hostlist."""
    assert site.printed("cluster", "show", "c1", "--template") == TEMPLATE
    assert "c1-hpc-[1-9]" in site.printed("cluster", "show", "c1")


def test_what_does_not_exist_is_refused_with_what_does(site: Site) -> None:
    """A remedy stands in a line of its own."""
    assert "what to do: the clusters: c1" in site.refused("cluster", "show", "c9")
    assert "c1-hpc-99" in site.refused("node", "show", "c1-hpc-99")
    assert "elsewhere" in site.refused("node", "start", "elsewhere-[1-3]")
    assert "'c1-hpc-[1-2]' is not the name of one node" in site.refused("node", "show", "c1-hpc-[1-2]")
    assert "no token of 'eve'" in site.refused("token", "revoke", "eve")
    assert site.refused("node", "show", "c1-hpc-1/../../status")
    assert site.refused("node", "show", "c1-hpc-1?x#y")


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_million_nodes_are_refused(site: Site, more: tuple[str, ...]) -> None:
    """At once, with the number that is allowed."""
    said = site.refused("node", "start", "c1-hpc-[1-1000000]", *more)
    assert "'c1-hpc-[1-1000000]' holds" in said
    assert "1,000,000 nodes" in said
    assert "what to do: ask for fewer nodes at a time" in said


def test_without_slurm_there_is_no_slurm_configuration(site: Site) -> None:
    """It says which section of the settings is missing, brackets and all."""
    said = site.refused("slurm", "conf", "c1")
    assert "this site has no Slurm" in said
    assert "what to do: add a section [slurm] to burstway.toml" in said


def test_a_nodes_story_is_told_as_it_was_written(site: Site) -> None:
    """A reason with brackets in it is kept in every view."""
    reason = "[red]for [[node]] \\[1-4] [/]"
    started = site.printed("node", "start", "c1-hpc-1", "--reason", reason)
    assert "c1-hpc-1" in started
    assert reason in site.printed("node", "explain", "c1-hpc-1")
    assert site.printed("node", "show", "c1-hpc-1").startswith("name             c1-hpc-1\n")
    assert "would stop:" in site.printed("node", "stop", "c1-hpc-1", "--dry-run")
    stopped = site.printed("node", "stop", "c1-hpc-1", "--wait", "--reason", reason)
    assert "gone" in stopped
    assert reason in site.printed("node", "list", "--all")


JSON: list[tuple[str, ...]] = [
    ("node", "list"), ("node", "list", "--all"), ("node", "show", "c1-hpc-2"),
    ("node", "explain", "c1-hpc-2"), ("node", "start", "c1-hpc-2", "--dry-run"),
    ("node", "stop", "c1-hpc-2", "--dry-run"), ("node", "stop", "c1-hpc-2"), ("cluster", "list"),
    ("cluster", "show", "c1"), ("token", "list"), ("cost",),
]  # fmt: skip


@pytest.mark.parametrize("words", JSON, ids=" ".join)
def test_json_is_for_programs(site: Site, words: tuple[str, ...]) -> None:
    """Nothing but JSON on standard output."""
    assert isinstance(json.loads(site.printed(*words, "--json")), list | dict)


def test_an_import_can_be_tried_as_json(site: Site) -> None:
    """A dry run keeps nothing."""
    words = ("cluster", "import", "c3", "-f", site.folder / "good.txt", "--dry-run", "--json")
    assert json.loads(site.printed(*words))["cluster"]["name"] == "c3"
    assert "c3" not in site.printed("cluster", "list")


def test_a_token_opens_the_network_door(site: Site) -> None:
    """Printed alone on standard output; a viewer may look and not start."""
    made = site.run("token", "create", "eve[1]")
    assert made.returncode == 2
    made = site.run("token", "create", "eve")
    assert made.returncode == 0
    file = site.folder / "token"
    file.write_text(made.stdout)
    door: dict[str, str | Path] = {
        "BURSTWAY_URL": site.url,
        "BURSTWAY_AUTHORITY": site.folder / "state" / "authority" / "ca.pem",
        "BURSTWAY_TOKEN_FILE": file,
    }
    assert site.run("node", "list", **door).returncode == 0
    assert "it needs the role operator" in site.refused("node", "start", "c1-hpc-3", **door)
    assert "CERTIFICATE_VERIFY_FAILED" in site.refused("node", "list", BURSTWAY_URL=site.url)
    assert site.printed("token", "revoke", "eve")
    assert "nobody may not do this" in site.refused("node", "list", **door)
