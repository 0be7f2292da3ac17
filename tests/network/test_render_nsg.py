"""An NSG in ARM, Bicep and Terraform: valid, and the same in all three."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft4Validator
from read_back import read_arm, read_bicep, read_terraform
from referencing import Registry
from referencing.jsonschema import DRAFT4

from burstway.flows.rules import Rule
from burstway.network.model import Access, Direction, Group, Nsg, Prefix, SecurityRule
from burstway.network.plan_nsg import plan_nsg
from burstway.network.read.documents import Document, read_documents
from burstway.network.render.arm import render_arm
from burstway.network.render.bicep import render_bicep, symbol
from burstway.network.render.properties import API_VERSION, properties
from burstway.network.render.terraform import render_terraform
from golden import is_golden
from sample_rules import NODES, RULES, any_rules

GOLDEN = Path(__file__).with_name("golden")
DATA = (
    Path(os.environ.get("BURSTWAY_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
    / "arm-schemas"
)
SAMPLE = plan_nsg("burstway-hpc1-nodes", RULES, [NODES])

LANGUAGES: dict[str, tuple[Callable[[list[Nsg]], str], Callable[[str], list[Nsg]]]] = {
    "json": (render_arm, read_arm),
    "bicep": (render_bicep, read_bicep),
    "tf": (render_terraform, read_terraform),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sample_is_the_golden_file(language: str) -> None:
    """Letter by letter: what people have deployed does not change by accident."""
    render, _ = LANGUAGES[language]
    assert is_golden(GOLDEN / f"nsg.{language}", render([SAMPLE]))


@pytest.mark.parametrize("language", LANGUAGES)
@settings(deadline=None)  # the first call makes hcl2's grammar
@given(rules=any_rules)
def test_what_is_written_reads_back_as_the_same_group(language: str, rules: list[Rule]) -> None:
    """In every language, and so all three say the same: nothing lost, added, evaluated or out of order."""
    render, read = LANGUAGES[language]
    nsg = plan_nsg("a-1", rules, [NODES])
    assert read(render([nsg])) == [nsg]


def test_an_audit_reads_the_same_group() -> None:
    """The reader of what is found in the cloud takes the template for the group that was planned."""
    found = read_documents([Document("nsg.json", render_arm([SAMPLE]))]).nsgs[SAMPLE.name]
    assert tuple(replace(each, where="") for each in found.rules) == SAMPLE.rules


@pytest.mark.parametrize("language", LANGUAGES)
def test_several_groups_in_one_file(language: str) -> None:
    """And a name that begins with a digit, which no identifier of theirs may."""
    render, read = LANGUAGES[language]
    nsgs = [SAMPLE, Nsg("2nd.group", SAMPLE.rules[:2])]
    assert read(render(nsgs)) == nsgs
    assert symbol("2nd.group") == "_2nd_group"


@pytest.fixture(scope="session")
def azure() -> Draft4Validator:
    """Azure's own schema of a networkSecurityGroups resource."""
    if not DATA.is_dir():
        pytest.skip(f"there are no schemas in {DATA}")
    network = json.loads((DATA / f"{API_VERSION}_Microsoft.Network.NRP.json").read_text())
    common = json.loads((DATA / "common_definitions.json").read_text())
    resources = [(each["id"].rstrip("#"), DRAFT4.create_resource(each)) for each in (network, common)]
    registry: Registry[Any] = Registry().with_resources(resources)
    reference = f"{network['id']}/resourceDefinitions/networkSecurityGroups"
    return Draft4Validator({"$ref": reference}, registry=registry)


@given(rules=any_rules)
def test_azures_schema_accepts_the_resource(azure: Draft4Validator, rules: list[Rule]) -> None:
    """Whatever the rules are."""
    for nsg in (SAMPLE, plan_nsg("a", rules, [NODES])):
        (resource,) = json.loads(render_arm([nsg]))["resources"]
        azure.validate(resource)


def test_azures_schema_refuses_what_is_wrong(azure: Draft4Validator) -> None:
    """Else the test above would hold nothing."""
    (resource,) = json.loads(render_arm([SAMPLE]))["resources"]
    resource["properties"]["securityRules"][0]["properties"]["access"] = "allow it"
    assert not azure.is_valid(resource)


ANY, ALL = ("*",), ((0, 65_535),)


def rule(sources: tuple[Prefix, ...], ports: tuple[tuple[int, int], ...]) -> SecurityRule:
    return SecurityRule("r", 100, Direction.INBOUND, Access.ALLOW, "Tcp", sources, ALL, ANY, ports)


A, B = IPv4Network("10.0.0.0/8"), IPv4Network("192.0.2.1/32")
FIELDS: dict[str, tuple[SecurityRule, dict[str, object]]] = {
    "one range": (rule((A,), ALL), {"sourceAddressPrefix": "10.0.0.0/8", "destinationPortRange": "*"}),
    "a tag": (
        rule(("Internet",), ((1, 2),)),
        {"sourceAddressPrefix": "Internet", "destinationPortRange": "1-2"},
    ),
    "two ranges, two ports": (
        rule((A, B), ((1, 1), (5, 9))),
        {"sourceAddressPrefixes": ["10.0.0.0/8", "192.0.2.1/32"], "destinationPortRanges": ["1", "5-9"]},
    ),
}


@pytest.mark.parametrize("case", FIELDS)
def test_one_value_is_singular_and_several_are_plural(case: str) -> None:
    """A tag and `*` are refused in the plural by Azure."""
    given_rule, expected = FIELDS[case]
    made = properties(given_rule)
    assert {key: made.get(key) for key in expected} == expected
    assert len([key for key in made if key.startswith(("source", "destination"))]) == 4


@pytest.mark.parametrize("sources", [(), (A, "Internet"), ("*", "Internet"), (Group("g"),)], ids=str)
def test_what_one_rule_cannot_say_is_refused(sources: tuple[Prefix, ...]) -> None:
    """Instead of written in a way that Azure refuses at deployment."""
    with pytest.raises(ValueError, match="source"):
        properties(rule(sources, ALL))
