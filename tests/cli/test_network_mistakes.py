"""What is wrong with a document is said with its place, with code 2, and nothing is written."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from burstway.cli.main import app
from burstway.errors import BurstwayError

EXAMPLES = Path(__file__).parents[2] / "examples" / "network"
NSG: Any = json.loads((EXAMPLES / "azure-nsgs.json").read_text(encoding="utf-8"))
SETTINGS = (EXAMPLES / "burstway.toml").read_text(encoding="utf-8").split("[network]")[0]


def rule(number: int = 0, **changes: object) -> str:
    """The example's NSG with one rule changed."""
    nsgs = json.loads(json.dumps(NSG))
    nsgs[0]["securityRules"][number].update(changes)
    return json.dumps(nsgs)


def many_rules(number: int) -> str:
    nsgs = json.loads(json.dumps(NSG))
    first = nsgs[0]["securityRules"][0]
    nsgs[0]["securityRules"] = [
        {**first, "name": f"r{each}", "priority": 100 + each} for each in range(number)
    ]
    return json.dumps(nsgs)


RANGES = ["20.0.0.0/16"]

DOCUMENTS: dict[str, tuple[Callable[[], str | bytes], str]] = {
    "priority 99": (lambda: rule(priority=99), "[0].securityRules[0].priority"),
    "priority 4097": (lambda: rule(priority=4097), "[0].securityRules[0].priority"),
    "a duplicate priority": (lambda: rule(priority=200), "slurmd-from-head"),
    "a bad prefix": (lambda: rule(1, sourceAddressPrefix="10.20.0.300/8"), "[0].securityRules[1].source"),
    "a prefix with host bits": (lambda: rule(1, sourceAddressPrefix="10.20.0.10/8"), "[0].securityRules[1]"),
    "port 70000": (lambda: rule(destinationPortRange="70000"), "[0].securityRules[0].destinationPortRange"),
    "a reversed range": (
        lambda: rule(destinationPortRange="9-5"),
        "[0].securityRules[0].destinationPortRange",
    ),
    "1,001 rules": (lambda: many_rules(1001), "[0]: NSG nodes-nsg has 1,001 rules"),
    "10 MB": (lambda: json.dumps([{"name": "x" * 10_000_000}]), "MiB"),
    "no JSON": (lambda: '[{"name": }]', ":1:"),
    "nothing": (lambda: "", "found.json"),
    "a number": (lambda: "7", "found.json"),
    "not UTF-8": (lambda: b'[{"name": "\xff"}]', "UTF-8"),
    "very deep": (lambda: "[" * 100_000, "found.json"),
    "a rule that is a text": (lambda: json.dumps([{**NSG[0], "securityRules": ["x"]}]), "securityRules[0]"),
}


@pytest.mark.parametrize("command", ["prove", "audit"])
@pytest.mark.parametrize("case", DOCUMENTS)
def test_a_malformed_document_is_refused_with_its_place(case: str, command: str, tmp_path: Path) -> None:
    """What Azure would refuse too, and what is no document at all."""
    text, place = DOCUMENTS[case]
    file = tmp_path / "found.json"
    written = text()
    file.write_bytes(written if isinstance(written, bytes) else written.encode())
    settings = tmp_path / "burstway.toml"
    settings.write_text(SETTINGS, encoding="utf-8")
    done = CliRunner().invoke(
        app, ["network", command, "--config", str(settings), "--found", str(file)], catch_exceptions=True
    )
    assert isinstance(done.exception, BurstwayError), done.output
    assert place in str(done.exception)
    assert "found.json" in str(done.exception)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["burstway.toml", "found.json"]


def test_a_service_tag_that_does_not_exist_is_refused_where_the_tags_are_known(tmp_path: Path) -> None:
    """With the list of tags at hand a misspelt one is an error that suggests the right one."""
    tags = {
        "changeNumber": 1,
        "cloud": "Public",
        "values": [
            {"name": "Storage.WestEurope", "id": "x", "properties": {"addressPrefixes": ["20.0.0.0/16"]}}
        ],
    }
    (tmp_path / "tags.json").write_text(json.dumps(tags), encoding="utf-8")
    (tmp_path / "nsg.json").write_text(rule(1, sourceAddressPrefix="Storage.WestEurop"), encoding="utf-8")
    (tmp_path / "burstway.toml").write_text(SETTINGS, encoding="utf-8")
    found = [word for name in ("tags.json", "nsg.json") for word in ("--found", str(tmp_path / name))]
    done = CliRunner().invoke(
        app, ["network", "prove", "--config", str(tmp_path / "burstway.toml"), *found], catch_exceptions=True
    )
    assert isinstance(done.exception, BurstwayError), done.output
    assert "Storage.WestEurop" in str(done.exception)
    assert "Storage.WestEurope" in str(done.exception)


SERVICES = ["70000", "0", "tcp/x", "9-5", "nonsense"]


@pytest.mark.parametrize("port", SERVICES)
def test_a_port_that_is_none_is_refused(port: str, tmp_path: Path) -> None:
    """With what may be written instead."""
    (tmp_path / "burstway.toml").write_text(SETTINGS, encoding="utf-8")
    line = ["network", "prove", "node", "login", port, "--config", str(tmp_path / "burstway.toml")]
    done = CliRunner().invoke(app, line, catch_exceptions=True)
    assert isinstance(done.exception, BurstwayError), done.output
    assert done.exception.remedy
