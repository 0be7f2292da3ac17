"""The rules as files for /etc/firewalld, held by firewalld's own check."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

import firewalld_oracle
from burstway.errors import InputError
from burstway.flows.expand import expanded
from burstway.flows.firewalld import render_firewalld
from burstway.flows.rules import Rule, crossing
from golden import is_golden
from sample_rules import CLOUD, NODES, RULES, SITE, TAGS, any_rules

GOLDEN = Path(__file__).with_name("golden") / "firewalld"
SAMPLE = render_firewalld(crossing(RULES, [SITE]), [CLOUD])
ALL_TAGS = TAGS | {"virtualnetwork": (CLOUD, NODES)}


def test_the_sample_is_the_golden_files() -> None:
    """No more and no fewer."""
    assert [name for name, text in SAMPLE.items() if not is_golden(GOLDEN / name, text)] == []
    assert sorted(str(path.relative_to(GOLDEN)) for path in GOLDEN.rglob("*.xml")) == sorted(SAMPLE)


def test_firewalld_accepts_it(tmp_path: Path) -> None:
    """With nothing to say but that all is well."""
    firewalld_oracle.install(SAMPLE, tmp_path)
    done = firewalld_oracle.check(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


SPOILED: dict[str, tuple[str, Callable[[str], str]]] = {
    "a zone that is not there": ("close", lambda text: text.replace("burstway-cloud", "other")),
    "no address": ("pass", lambda text: text.replace("10.80.0.0/20", "10.80.0.0/200")),
    "no protocol": ("pass", lambda text: text.replace('"esp"', '"espresso"')),
    "no port": ("host", lambda text: text.replace("50001-53000", "70001")),
    "not XML": ("host", lambda text: text.replace("</policy>", "")),
}


@pytest.mark.parametrize("case", SPOILED)
def test_firewalld_objects_to_what_is_spoiled(case: str, tmp_path: Path) -> None:
    """Else its check would hold nothing. Of a wrong rule it says so and ends well."""
    policy, spoil = SPOILED[case]
    name = f"policies/burstway-{policy}.xml"
    firewalld_oracle.install(SAMPLE | {name: spoil(SAMPLE[name])}, tmp_path)
    done = firewalld_oracle.check(tmp_path)
    assert done.returncode != 0 or done.stderr


def passed(text: str) -> list[tuple[str, str, str]]:
    """Source, target and service of each rule, a set by its name."""
    found = []
    for rule in ElementTree.fromstring(text).iterfind("rule"):
        ends = [next(iter(rule.find(end).attrib.values())) for end in ("source", "destination")]  # type: ignore[union-attr]
        port = rule.find("port")
        protocol = rule.find("protocol")
        assert (port is None) != (protocol is None)
        assert rule.find("accept") is not None
        service = f"{port.get('protocol')} {port.get('port')}" if port is not None else protocol.get("value")  # type: ignore[union-attr]
        found.append((ends[0], ends[1], str(service)))
    return found


@settings(deadline=None)
@given(any_rules)
def test_every_rule_is_there_with_all_its_addresses(rules: list[Rule]) -> None:
    """In both policies that let through, whatever it is called; names are as short as firewalld wants."""
    files = render_firewalld(rules, [CLOUD], ALL_TAGS)
    sets = {
        name.removeprefix("ipsets/").removesuffix(".xml"): {
            e.text for e in ElementTree.fromstring(text).iter("entry")
        }
        for name, text in files.items()
        if name.startswith("ipsets/")
    }
    for policy in ("burstway-pass", "burstway-host"):
        made = passed(files[f"policies/{policy}.xml"])
        assert len(set(made)) == len(made)
        once = dict.fromkeys(replace(rule, name="", purpose="") for rule in expanded(rules, ALL_TAGS))
        assert [service for _, _, service in made] == [rule.service for rule in once]
        for (source, target, _), rule in zip(made, once, strict=True):
            assert sets.get(source, {source}) == {str(each) for each in rule.sources}
            assert sets.get(target, {target}) == {str(each) for each in rule.targets}
    assert all(len(Path(name).stem) <= 17 for name in files)


def test_addresses_between_other_ends_are_left_alone() -> None:
    """Both policies that let through go on to the site's own zones; only the cloud's ranges are closed."""
    targets = {name: ElementTree.fromstring(text).get("target") for name, text in SAMPLE.items()}
    assert {name: target for name, target in targets.items() if target} == {
        "zones/burstway-cloud.xml": "DROP",
        "policies/burstway-close.xml": "DROP",
        "policies/burstway-pass.xml": "CONTINUE",
        "policies/burstway-host.xml": "CONTINUE",
    }
    assert [
        each.attrib for each in ElementTree.fromstring(SAMPLE["zones/burstway-cloud.xml"]).iter("source")
    ] == [{"address": str(CLOUD)}]


def test_a_tag_without_ranges_is_refused() -> None:
    """As by the other filters that know addresses only."""
    with pytest.raises(InputError, match=r"Storage.WestEurope"):
        render_firewalld(RULES, [CLOUD])
