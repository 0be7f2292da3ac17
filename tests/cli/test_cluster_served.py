"""`burstway cluster` against a control plane: import, templates that are kept, parameters, show."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import invoke
from served_site import Site

SLURM = """\
[cluster Slurm]
FormLayout = selectionpanel

    [[node defaults]]
    ImageName = image
    SubnetId = subnet
    KeyPairLocation = ~/.ssh/cyclecloud.pem

        [[[configuration]]]
        slurm.version = $Version

    [[node scheduler]]
    MachineType = fake.c1

    [[nodearray hpc]]
    MachineType = $Machine
    MaxCount = $Count
    Interruptible = true
    MaxCoutn = 4

[parameters Required Settings]

    [[parameter Machine]]
    Label = VM type
    ParameterType = Cloud.MachineType
    Required = true

    [[parameter Count]]
    DefaultValue = 3

    [[parameter Version]]
    DefaultValue = 23.10

    [[parameter Secret]]
    ParameterType = Password
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="bw") as socket_folder:
        made = Site(tmp_path_factory.mktemp("site"), socket_folder)
        try:
            (made.folder / "slurm.txt").write_text(SLURM)
            (made.folder / "values.json").write_text('{"Machine": "fake.c1", "Count": 7, "Elsewhere": 1}')
            (made.folder / "more.properties").write_text("count = 8\n")
            yield made
        finally:
            made.process.terminate()
            made.process.wait(15)


def printed(site: Site, *words: str | Path) -> str:
    """What `burstway cluster` prints when nothing is wrong."""
    said = invoke("cluster", *words, BURSTWAY_SOCKET=site.socket)
    assert (said.code, said.err) == (0, ""), said
    return said.out


def refused(site: Site, *words: str | Path) -> str:
    said = invoke("cluster", *words, BURSTWAY_SOCKET=site.socket)
    assert (said.code, said.out) == (2, ""), said
    return said.err


def imported(site: Site, name: str, *words: str | Path) -> tuple[str, str]:
    """What an import of the template says on standard output and standard error."""
    file = site.folder / "slurm.txt"
    said = invoke("cluster", "import", name, "-f", file, *words, BURSTWAY_SOCKET=site.socket)
    assert said.code == 0, said
    return said.out, said.err


def test_an_import_says_what_is_odd_and_what_it_leaves_out(site: Site) -> None:
    """Warnings with their line and a caret on standard error; what is not acted on by name and line, and the
    web form in one line, unless all is asked for."""
    said, warned = imported(site, "i1", "-P", "Machine=fake.c1")
    assert f"{site.folder}/slurm.txt:19:5: warning: " in warned
    assert "did you mean MaxCount?" in warned
    assert "\n        MaxCoutn = 4\n" in warned
    assert "\n        ^\n" in warned
    assert said.startswith("cluster i1: imported\n")
    assert "i1-hpc-[1-3]" in said
    assert "KeyPairLocation (line 7)" in said
    assert "CycleCloud's web page: 1 line (FormLayout)" in said
    everything, _ = imported(site, "i1", "-P", "Machine=fake.c1", "--force", "--all")
    assert everything.startswith("cluster i1: replaced\n")
    assert "FormLayout (line 2)" in everything


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("-p", "values.json"), 7),
        (("-p", "values.json", "-p", "more.properties"), 8),
        (("-p", "more.properties", "-p", "values.json"), 7),
        (("-P", "COUNT=2", "-p", "values.json"), 2),
        (("-P", "COUNT=2", "-P", "Count=1", "-p", "values.json"), 1),
    ],
)
def test_later_values_win_and_single_ones_before_files(
    site: Site, words: tuple[str, ...], count: int
) -> None:
    """Whatever the case of their names; a name that a file has too much is a warning."""
    places = [site.folder / word if "." in word else word for word in words]
    said, warned = imported(site, "i2", *places, "--dry-run")
    assert "cluster i2: would be imported" in said
    assert f"i2-hpc-[1-{count}]" in said
    assert "Elsewhere" in warned
    assert "i2" not in printed(site, "list")


def test_a_single_value_for_nothing_is_refused(site: Site) -> None:
    """Who types a name means it; the one that is meant is named."""
    words = ("import", "i2", "-f", site.folder / "slurm.txt", "-P", "Machine=fake.c1")
    assert "did you mean Count?" in refused(site, *words, "-P", "Cuont=1")


def test_a_template_is_kept_listed_created_from_and_deleted(site: Site) -> None:
    """In CycleCloud's words; kept twice it is a conflict."""
    said, warned = imported(site, "slurm", "-t", "-c", "slurm")
    assert said == "template slurm: imported\n"
    assert "MaxCount?" in warned
    again = ("import", "slurm", "-t", "-f", site.folder / "slurm.txt")
    assert "replace it with --force" in refused(site, *again)
    assert imported(site, "slurm", "-t", "--force")[0] == "template slurm: replaced\n"
    assert imported(site, "other", "-t", "--dry-run")[0] == "template other: would be imported\n"
    assert "slurm" in printed(site, "templates")
    assert [each["name"] for each in json.loads(printed(site, "templates", "--json"))] == ["slurm"]
    assert "Machine" in refused(site, "create", "slurm", "i3")
    words = ("cluster", "create", "slurm", "i3", "-p", site.folder / "values.json", "-P", "Count=2")
    made = invoke(*words, BURSTWAY_SOCKET=site.socket)
    assert made.out.startswith("cluster i3: created\n"), made
    assert "i3-hpc-[1-2]" in made.out
    assert "there is a cluster i3 already" in site.refused(
        "cluster", "create", "slurm", "i3", "-P", "Machine=fake.c1"
    )
    assert "template slurm: deleted" in printed(site, "delete-template", "slurm", "--yes")
    assert "there is no template 'slurm'" in refused(site, "create", "slurm", "i4")
    assert "there is no template 'slurm'" in refused(site, "delete-template", "slurm", "--yes")
    assert printed(site, "show", "i3", "--template") == SLURM


def test_an_export_makes_the_same_cluster_again(site: Site) -> None:
    """A cluster's values with their types, else defaults, else null, as a file for -p; but no password."""
    imported(site, "i5", "-p", site.folder / "values.json", "-P", "Secret=hush")
    exported = printed(site, "parameters", "i5", "--export")
    assert json.loads(exported) == {"Machine": "fake.c1", "Count": 7, "Version": "23.10", "Secret": None}
    assert "hush" not in exported + printed(site, "show", "i5", "--json")
    (site.folder / "export.json").write_text(exported)
    imported(site, "i6", "-p", site.folder / "export.json")
    first, second = (json.loads(printed(site, "show", name, "--json")) for name in ("i5", "i6"))
    assert (first["arrays"], first["nodes"]) == (second["arrays"], second["nodes"])


def test_parameters_are_shown_of_files_templates_and_clusters(site: Site) -> None:
    """In the groups of the form; of a cluster with its values beside the defaults."""
    of_file = printed(site, "parameters", "-f", site.folder / "slurm.txt")
    assert of_file.startswith("Required Settings\n")
    assert "VM type" in of_file
    imported(site, "i7", "-P", "Machine=fake.c1")
    imported(site, "kept", "-t", "--force")
    assert printed(site, "parameters", "kept") == of_file
    assert "VALUE" in printed(site, "parameters", "i7")
    rows = {row["name"]: row for row in json.loads(printed(site, "parameters", "i7", "--json"))}
    assert rows["Machine"]["value"] == "fake.c1"
    assert rows["Machine"]["required"] is True
    assert "value" not in rows["Count"]
    assert "neither a cluster nor a template 'nobody'" in refused(site, "parameters", "nobody")
    assert "name a cluster or template" in refused(site, "parameters")


def test_a_cluster_is_shown_with_what_its_template_says(site: Site) -> None:
    """Tables for what there is, and the values that it was given."""
    imported(site, "i8", "-P", "Machine=fake.c1", "-P", "Count=1")
    shown = [" ".join(line.split()) for line in printed(site, "show", "i8").splitlines()]
    assert "hpc i8-hpc-[1-1] fake.c1 1 hpc image subnet yes" in shown
    assert "slurm.version 23.10 all" in shown
    assert shown[-3:] == ["PARAMETER VALUE", "Machine fake.c1", "Count 1"]


def test_names_are_completed(site: Site) -> None:
    """Of clusters and of templates; nothing when nobody can be asked."""
    imported(site, "k-one", "-t", "--force")
    completed: dict[str, str | Path] = {
        "_BURSTWAY_COMPLETE": "complete_bash",
        "COMP_CWORD": "3",
        "BURSTWAY_SOCKET": site.socket,
    }

    def complete(line: str, **environment: str | Path) -> list[str]:
        return site.run(**{**completed, "COMP_WORDS": line, **environment}).stdout.split()

    assert complete("burstway cluster create k-") == ["k-one"]
    assert complete("burstway cluster show c") == ["c1"]
    assert complete("burstway cluster parameters k-") == ["k-one"]
    assert complete("burstway cluster create k-", BURSTWAY_SOCKET="/nonexistent") == []
