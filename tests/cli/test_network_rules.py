"""`burstway network rules` and `flows`: what is printed, written and refused."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from burstway.cli.main import app
from burstway.cli.rule_files import MAKERS
from burstway.cli.rule_targets import FORMATS, FORMS, Target
from burstway.cli.writing import write_files
from burstway.errors import BurstwayError
from burstway.flows.profiles import PROFILES, flow
from firewalld_oracle import check, install, root

BURSTWAY = Path(sys.executable).with_name("burstway")
SITE = """
[site]
name = "hpc1"
head = "head"
address = "10.10.0.10"
network = "10.10.0.0/16"
[slurm]
[cloud]
provider = "fake"
network = "10.80.0.0/16"
subnet = "10.80.0.0/20"
"""
ALL_FORMATS = [(target, form) for target, forms in MAKERS.items() for form in forms]
TAGS = {
    "changeNumber": 1,
    "cloud": "Public",
    "values": [
        {"name": "AzureCloud.x", "properties": {"addressPrefixes": ["198.51.100.0/24", "2001:db8::/32"]}}
    ],
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "burstway.toml"
    path.write_text(SITE)
    return path


def network(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(BURSTWAY), "network", *map(str, words)]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def answer(*words: str | Path) -> str:
    """Without a process of its own, since nothing is refused."""
    ran = CliRunner().invoke(app, ["network", *map(str, words)])
    assert (ran.exit_code, ran.stderr) == (0, ""), ran.output
    return ran.stdout_bytes.decode()


def refused(*words: str | Path) -> str:
    ran = network(*words)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Traceback" not in ran.stderr
    return ran.stderr


@pytest.mark.parametrize(("target", "form"), ALL_FORMATS, ids=[f"{t}-{f}" for t, f in ALL_FORMATS])
def test_what_is_printed_is_what_is_written(target: Target, form: str, config: Path, tmp_path: Path) -> None:
    """And what JSON has. Every format names the node's own flow or its port."""
    words = ("rules", "--for", target, "--format", form, "--config", config)
    printed = answer(*words)
    folder = tmp_path / "written"
    folder.mkdir()
    answer(*words, "--output", folder)
    files = {
        str(path.relative_to(folder)): path.read_bytes().decode()
        for path in folder.rglob("*")
        if path.is_file()
    }
    said = json.loads(answer(*words, "--json"))
    assert said["files"] == files
    assert said["rows"]
    for text in files.values():
        assert text in printed
    assert any(str(flow("slurmctld").ports) in text for text in files.values())


def test_the_help_names_every_format() -> None:
    """The first is meant when none is named."""
    for forms in MAKERS.values():
        first, *others = forms
        assert not others or f"{first} (default" in FORMATS
        assert all(form in FORMATS for form in others)


def test_firewalld_accepts_the_written_folder(config: Path, tmp_path: Path) -> None:
    """It is laid out as /etc/firewalld is."""
    root()
    answer("rules", "--for", "firewalld", "--config", config, "--output", tmp_path / "etc")
    install({}, tmp_path / "etc")
    assert (check(tmp_path / "etc").returncode, check(tmp_path / "etc").stderr) == (0, "")


def test_csv_is_written_with_its_own_line_ends(config: Path, tmp_path: Path) -> None:
    """RFC 4180 wants CRLF, on any system."""
    answer("rules", "--for", "team", "--format", "csv", "--config", config, "--output", tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_bytes().decode()
    assert text.count("\r\n") == text.count("\n") == len(list(csv.reader(io.StringIO(text, newline=""))))


def test_flows_without_a_place_are_said(config: Path) -> None:
    """A rule that nobody could make is not left out in silence."""
    config.write_text(SITE + '[network]\nprofiles = ["ldap"]\n')
    ran = network("rules", "--for", "team", "--config", config)
    assert ran.returncode == 0
    assert (
        "not in it: ldaps: nothing says where the directory is; name it under [network.places]" in ran.stderr
    )
    ran = network("rules", "--for", "team", "--config", config, "--json")
    assert json.loads(ran.stdout)["left_out"][0].startswith("ldaps: nothing says")


WITH_REMARKS = [(target, form) for target, form in ALL_FORMATS if form != "arm"]


@pytest.mark.parametrize(("target", "form"), WITH_REMARKS, ids=[f"{t}-{f}" for t, f in WITH_REMARKS])
def test_flows_without_a_place_are_in_what_is_handed_on(
    target: Target, form: str, config: Path, tmp_path: Path
) -> None:
    """Whoever gets the file has not seen the terminal. As a comment or a row; ARM's JSON has no comments."""
    config.write_text(SITE + '[network]\nprofiles = ["ldap"]\n')
    ran = network("rules", "--for", target, "--format", form, "--config", config)
    assert ran.returncode == 0
    line = next(line for line in ran.stdout.splitlines() if "ldaps" in line)
    assert ("not placed" if target is Target.TEAM else "not in it: ldaps: nothing says") in ran.stdout
    assert target is Target.TEAM or line.strip().startswith(("#", "//", "<!--"))
    if target is Target.FIREWALLD:
        root()
        network("rules", "--for", target, "--config", config, "--output", tmp_path / "etc")
        install({}, tmp_path / "etc")
        assert (check(tmp_path / "etc").returncode, check(tmp_path / "etc").stderr) == (0, "")
    if target is Target.NFTABLES:
        loaded = subprocess.run(
            ["unshare", "--net", "--map-root-user", "nft", "-c", "-f", "-"],
            input=ran.stdout, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (loaded.returncode, loaded.stderr) == (0, "")


def test_a_tag_needs_its_ranges(config: Path, tmp_path: Path) -> None:
    """For a filter that knows addresses only; with Azure's file they are there, those of IPv6 not."""
    config.write_text(
        SITE + '[network]\nprofiles = ["cloud-api"]\nplaces.cloud-services = ["AzureCloud.x"]\n'
    )
    words = ("rules", "--for", "nftables", "--format", "border", "--config", config)
    assert "cloud-api ends at the service tag AzureCloud.x" in refused(*words)
    tags = tmp_path / "tags.json"
    tags.write_text(json.dumps(TAGS))
    assert "daddr { 198.51.100.0/24 }" in answer(*words, "--tags", tags)
    tags.write_text(json.dumps(TAGS | {"values": []}))
    assert "tags.json" in refused(*words, "--tags", tags)
    assert "no-such" in refused(*words, "--tags", tmp_path / "no-such")
    answer("rules", "--for", "azure", "--config", config)


def test_a_file_that_says_something_else_is_not_replaced(config: Path, tmp_path: Path) -> None:
    """Without --force. The same text again changes nothing and is no error."""
    words = ("rules", "--for", "team", "--config", config, "--output", tmp_path / "team.md")
    assert answer(*words).startswith("written: ")
    before = (tmp_path / "team.md").read_text()
    assert answer(*words).startswith("unchanged: ")
    (tmp_path / "team.md").write_text("mine")
    assert "--force" in refused(*words)
    assert (tmp_path / "team.md").read_text() == "mine"
    assert answer(*words, "--force").startswith("written: ")
    assert (tmp_path / "team.md").read_text() == before


def test_what_cannot_be_written_is_refused_with_its_reason(config: Path, tmp_path: Path) -> None:
    """And nothing is left behind."""
    (tmp_path / "file").write_text("x")
    team = ("rules", "--for", "team", "--config", config, "--output")
    assert "not a file that can be replaced" in refused(*team, "/dev/null")
    assert str(tmp_path / "file") in refused(*team, tmp_path / "file" / "below")
    assert "not a folder" in refused(
        "rules", "--for", "firewalld", "--config", config, "--output", tmp_path / "file"
    )
    assert "'pdf'" in refused(*team, tmp_path / "new", "--format", "pdf")
    assert "no such file" in refused("rules", "--for", "team", "--config", tmp_path / "none.toml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["burstway.toml", "file"]


def test_of_several_files_none_is_written_when_one_cannot_be(tmp_path: Path) -> None:
    """Neither the first nor a temporary one."""
    (tmp_path / "b").write_text("mine")
    with pytest.raises(BurstwayError, match="another file"):
        list(write_files({tmp_path / "a": "1", tmp_path / "b": "2"}, replace=False))
    (tmp_path / "c").mkdir()
    with pytest.raises(BurstwayError):
        list(write_files({tmp_path / "a": "1", tmp_path / "b" / "d": "2"}, replace=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c"]


def test_a_file_has_the_mode_of_any_new_file_and_a_link_stays_one(tmp_path: Path) -> None:
    """A temporary file's mode would hide it from the network team."""
    (tmp_path / "link").symlink_to(tmp_path / "real")
    list(write_files({tmp_path / "link": "x"}, replace=False))
    usual = tmp_path / "usual"
    usual.touch()
    assert (tmp_path / "link").is_symlink()
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)


def test_a_slash_at_the_end_means_a_folder(config: Path, tmp_path: Path) -> None:
    """Also one that is not there yet; without it, it is the file's name."""
    team = ("rules", "--for", "team", "--config", config, "--output")
    answer(*team, f"{tmp_path}/new/folder/")
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["burstway-flows.md"]
    answer(*team, tmp_path / "file")
    assert (tmp_path / "file").is_file()
    assert "not a folder" in refused(*team, f"{tmp_path}/file/", "--force")


def test_a_dash_is_standard_output(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As without --output, and no file of that name appears."""
    monkeypatch.chdir(tmp_path)
    words = ("rules", "--for", "team", "--config", config)
    assert answer(*words, "--output", "-") == answer(*words)
    assert not (tmp_path / "-").exists()


def test_an_error_of_writing_names_what_was_asked_for(tmp_path: Path) -> None:
    """A temporary name says nothing to whoever reads it, and may be gone."""
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file" / "below", Path("/proc/burstway.md"), tmp_path / ("x" * 250 + "é" * 20)):
        with pytest.raises(BurstwayError) as refused:
            list(write_files({path: "text"}, replace=True))
        assert refused.value.where == str(path)


def completed(*words: str) -> set[str]:
    """What a shell is offered for the last word."""
    asked = {**os.environ, "_BURSTWAY_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(words)}
    asked["COMP_CWORD"] = str(len(words) - 1)
    ran = subprocess.run([BURSTWAY], env=asked, capture_output=True, text=True, timeout=60, check=False)
    return set(ran.stdout.split())


def test_formats_and_flows_are_completed() -> None:
    """The formats of the target that stands in the line, and the flows that can be tried."""
    rules = ("burstway", "network", "rules", "--for")
    for target, forms in MAKERS.items():
        assert FORMS[target] == tuple(forms)
        assert completed(*rules, target.value, "--format", forms_start := next(iter(forms))[:1]) == {
            form for form in forms if form.startswith(forms_start)
        }
    assert completed("burstway", "network", "probe", "--flow", "slurmctl") == {
        "slurmctld",
        "slurmctld-commands",
    }


def test_all_rows_are_listed_and_phantoms_are_marked() -> None:
    """Those of the profiles that are named, or all."""
    rows = json.loads(answer("flows", "--json"))
    assert [row["name"] for row in rows] == [row.name for rows in PROFILES.values() for row in rows]
    assert [row["name"] for row in rows if not row["opened"]] == [
        row.name for rows in PROFILES.values() for row in rows if not row.opened
    ]
    (slurm,) = {row["profile"] for row in json.loads(answer("flows", "slurm", "--json"))}
    assert slurm == "slurm"
    assert "slurmctld" in answer("flows", "slurm")
    phantom = next(name for name, rows in PROFILES.items() for row in rows if not row.opened)
    assert "not needed: " in answer("flows", phantom)
    assert "there is no profile 'slrum'" in refused("flows", "slrum")
