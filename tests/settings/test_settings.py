"""burstway.toml: every problem at once, each with the line where it stands and what to write."""

import re
from pathlib import Path

import pytest

from burstway.errors import SettingsError
from burstway.flows.profiles import PROFILES, port
from burstway.flows.table import Need
from burstway.service.site_network import site_flows
from burstway.settings import parse_settings, read_settings

GOOD = """\
[site]
name = "hq"
head = "head"
address = "10.1.0.5"
network = "10.1.0.0/16"

[control_plane]
state = "/srv/burstway"

[slurm]
user = "slurm"

[cloud]
provider = "fake"
network = "10.80.0.0/16"
subnet = "10.80.1.0/24"

[limits]
boot_timeout_s = 600
"""

DEPLOY = Path(__file__).parents[2]
EXAMPLES = sorted(
    path for folder in ("deploy", "examples", "docs") for path in (DEPLOY / folder).rglob("*.toml")
)


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(SettingsError) as refused:
        parse_settings(text, "burstway.toml")
    assert all(problem.file == "burstway.toml" for problem in refused.value.problems)
    return [(problem.line, problem.what) for problem in refused.value.problems]


def test_good_settings_hold() -> None:
    """What is not written has a default, and the port is that of the table of flows."""
    settings = parse_settings(GOOD, "burstway.toml")
    assert settings.control_plane.port == port("agent-api")
    assert settings.slurm
    assert settings.limits.boot_timeout_s == 600
    assert settings.site.users is None


def test_the_examples_hold() -> None:
    """What is shown to people can be used as it stands."""
    for path in EXAMPLES:
        read_settings(path)


BROKEN = [
    ('name = "hq"', 'name = "Head Quarters"', 2, r"site\.name: .*pattern"),
    ('name = "hq"', "", 1, r"site\.name: Field required"),
    ('name = "hq"', 'nmae = "hq"', 2, r"site\.nmae: there is no such key"),
    ('head = "head"', 'head = "-"', 3, r"site\.head: "),
    ('address = "10.1.0.5"', 'address = "10.1.0.256"', 4, r"site\.address: .*IPv4 address"),
    ('address = "10.1.0.5"', "address = 5.5", 4, r"site\.address: "),
    ('address = "10.1.0.5"', 'address = "10.2.0.5"', 4, r"site\.address 10\.2\.0\.5 is not inside of"),
    ('network = "10.1.0.0/16"', 'network = "10.1.0.5/16"', 5, r"site\.network: .*network"),
    ('network = "10.1.0.0/16"', 'network = "10.1.0.0/33"', 5, r"site\.network: "),
    ('network = "10.1.0.0/16"', 'network = "10.0.0.0/8"', 5,
     r"site\.network 10\.0\.0\.0/8 and cloud\.network 10\.80\.0\.0/16 overlap"),
    ('network = "10.80.0.0/16"', 'network = "10.80.0.0/28"', 16,
     r"cloud\.subnet 10\.80\.1\.0/24 is not inside of cloud\.network 10\.80\.0\.0/28"),
    ('state = "/srv/burstway"', "state = 7", 8, r"control_plane\.state: "),
    ('state = "/srv/burstway"', "port = 0", 8, r"control_plane\.port: .*greater than or equal to 1"),
    ('state = "/srv/burstway"', "port = 65536", 8, r"control_plane\.port: .*less than or equal to 65535"),
    ('state = "/srv/burstway"', 'port = "https"', 8, r"control_plane\.port: .*integer"),
    ('user = "slurm"', "user = ['slurm']", 11, r"slurm\.user: .*string"),
    ('provider = "fake"', 'provider = "gcp"', 14, r"cloud\.provider: .*'lab' or 'fake'"),
    ('provider = "fake"', 'provider = "lab"', 14, r"the provider lab needs an endpoint"),
    ("boot_timeout_s = 600", "boot_timeout_s = 0", 19, r"limits\.boot_timeout_s: .*greater than 0"),
    ("boot_timeout_s = 600", "boot_timeout_s = 1e9", 19, r"limits\.boot_timeout_s: .*86400"),
    ("boot_timeout_s = 600", "boot_timeout_s = nan", 19, r"limits\.boot_timeout_s: "),
    ("boot_timeout_s = 600", "boot_timeout_s = inf", 19, r"limits\.boot_timeout_s: "),
    ("[limits]", "[limit]", 18, r"limit: there is no such key"),
    ("[cloud]", "[[cloud]]", 13, r"cloud: "),
    ("[cloud]", "# no cloud", 14, r"slurm\.provider: there is no such key"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "line", "what"), BROKEN, ids=[row[1] or row[0] for row in BROKEN])
def test_a_mistake_is_named_with_its_line(right: str, wrong: str, line: int, what: str) -> None:
    """The line is the one to change, or that of the section when the key is missing."""
    assert right in GOOD
    found = problems(GOOD.replace(right, wrong, 1))
    assert any(line == at and re.search(what, said) for at, said in found), found


def test_all_problems_are_said_at_once() -> None:
    """In the order of the file, so that it is corrected in one go."""
    text = GOOD
    for right, wrong in (
        ('name = "hq"', 'name = ""'),
        ("10.1.0.5", "ten"),
        ("/srv/burstway", "\\u0000"),
        ('provider = "fake"', 'provider = "x"'),
        ("600", "-1"),
    ):
        text = text.replace(right, wrong, 1)
    text += 'more = "x"\n'
    lines = [line for line, _ in problems(text)]
    assert {2, 4, 14, 19, 20} <= set(lines)
    assert lines == sorted(lines)


def test_what_contradicts_between_sections_is_said_together() -> None:
    """Overlapping ranges do not hide that the address is elsewhere."""
    text = GOOD.replace('address = "10.1.0.5"', 'address = "192.0.2.5"').replace("10.1.0.0/16", "10.0.0.0/8")
    said = " ".join(what for _, what in problems(text))
    assert "overlap" in said
    assert "192.0.2.5" in said


NOT_TOML = [
    ("[site\n", 1),
    ('[site]\nname = "hq"\nname = "hq"\n', 3),
    ("[site]\nname = hq\n", 2),
    ("[site]\n[site]\n", 2),
    ('[site]\nname = "h\n', 2),
    ("\0", 1),
]


@pytest.mark.parametrize(("text", "line"), NOT_TOML)
def test_what_is_not_toml_is_named_with_line_and_column(text: str, line: int) -> None:
    """As the parser found it."""
    with pytest.raises(SettingsError) as refused:
        parse_settings(text, "burstway.toml")
    (problem,) = refused.value.problems
    assert problem.line == line
    assert problem.column > 0


def test_an_empty_file_names_the_sections_that_must_be_there() -> None:
    """site and cloud; the others have defaults."""
    assert [what for _, what in problems("")] == ["site: Field required", "cloud: Field required"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, a folder, or not UTF-8: each with its own words."""
    (tmp_path / "latin").write_bytes(b'[site]\nname = "\xe4"\n')
    for path, what in (
        (tmp_path / "missing", "there is no such file"),
        (tmp_path, "Is a directory"),
        (tmp_path / "latin", "utf-8"),
    ):
        with pytest.raises(SettingsError, match=what) as refused:
            read_settings(path)
        assert str(path) in str(refused.value)


def test_inline_tables_and_dotted_keys_are_understood() -> None:
    """However it is written in TOML, the line is found."""
    text = GOOD.replace("[limits]\nboot_timeout_s = 600", "").replace(
        "[site]", "limits.boot_timeout_s = 0\n[site]"
    )
    assert problems(text)[0][0] == 1
    text = GOOD.replace("[limits]\nboot_timeout_s = 600\n", "")
    assert problems("limits = { boot_timeout_s = 0 }\n" + text)[0][0] == 1


NETWORK = (
    GOOD
    + """
[network]
profiles = ["ldap", "nfsv3"]
"""
)
BROKEN_ROWS = [
    ('optional = ["ldasp"]', "there is no flow 'ldasp'; there are: .*ldaps"),
    ('without = ["ldasp"]', "there is no flow 'ldasp'; there are: .*ldaps"),
    ('optional = ["ldaps"]', "ldaps is not an optional row .* those are ldap, "),
    ('optional = ["mpi-roce"]', "mpi-roce is not an optional row"),
    ('optional = ["agent-classic"]', "agent-classic is not an optional row"),
    ('optional = ["bursting-munge-in"]', "bursting-munge-in is not an optional row"),
    ('optional = ["ldap"]\nwithout = ["ldap"]', "ldap is wanted under network.optional"),
]


@pytest.mark.parametrize(("written", "what"), BROKEN_ROWS, ids=[row[0] for row in BROKEN_ROWS])
def test_a_row_that_cannot_be_chosen_is_named(written: str, what: str) -> None:
    """With names that are like it, or those that can be; on the line of the key."""
    text = NETWORK + written + "\n"
    ((line, said),) = problems(text)
    assert re.search(what, said), said
    assert line == len(text.splitlines())


def chosen(text: str) -> list[str]:
    return [row.name for row in site_flows(parse_settings(NETWORK + text, "burstway.toml"))]


def test_optional_rows_are_there_when_they_are_named() -> None:
    """And required ones unless they are left out."""
    usual = chosen("")
    assert "ldaps" in usual
    assert "nfsv3-nlockmgr" in usual
    assert not {"ldap", "nfsv3-rquotad"} & set(usual)
    assert set(chosen('optional = ["ldap"]\nwithout = ["ldaps"]\n')) == {*usual, "ldap"} - {"ldaps"}


def test_a_profile_that_is_named_twice_is_used_once() -> None:
    """Two rules of one name would be refused by a cloud."""
    text = NETWORK.replace('"ldap", "nfsv3"', '"slurm-rest", "dns", "dns"')
    names = [row.name for row in site_flows(parse_settings(text, "burstway.toml"))]
    assert len(names) == len(set(names))
    assert "dns-udp" in names


@pytest.mark.parametrize("profile", sorted(set(PROFILES) - {"control-plane", "slurm"}))
def test_every_profile_has_rows_without_more(profile: str) -> None:
    """Whoever chooses one gets something that works for most sites."""
    assert any(row.need is Need.REQUIRED for row in PROFILES[profile])


def test_files_are_seen_from_the_folder_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From wherever they are read; an absolute one stays, and a text without a file has no folder."""
    (tmp_path / "site").mkdir()
    text = NETWORK + 'found = ["az-*.json", "/srv/x.json"]\nfirewall = "../firewall.json"\n'
    (tmp_path / "site" / "burstway.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    network = read_settings(Path("site/burstway.toml")).network
    assert network.found == (tmp_path / "site" / "az-*.json", Path("/srv/x.json"))
    assert network.firewall == tmp_path / "site" / "../firewall.json"
    assert parse_settings(text, "burstway.toml").network.firewall == Path("../firewall.json")
