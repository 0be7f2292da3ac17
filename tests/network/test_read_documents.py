"""Documents of any kind: what is recognised, and what is refused whole."""

import json
from ipaddress import IPv4Network
from typing import Any

import pytest
from azure_documents import DATA, nsg, read, resource, rule, tags, template, vnet

from burstway.errors import DocumentError
from burstway.network.model import Group
from burstway.network.read.documents import Document, read_documents


def refused(text: str) -> str:
    with pytest.raises(DocumentError) as error:
        read_documents([Document("x.json", text)])
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x.json: is empty"),
        ("\n\n{", "x.json:3:2: is not JSON: Expecting property name"),
        ('[{"a": 1},\n {"b" 2}]', "x.json:2:7: is not JSON: Expecting ':' delimiter"),
        ("null", "x.json: is null"),
        ("1", "x.json: expected an object or a list, found a number"),
        ('"text"', "x.json: expected an object or a list, found a text"),
        ("[1]", "x.json: [0]: expected an object, a resource of Azure, found a number"),
        (
            '[{"a": 1}]',
            "x.json: [0]: is of a kind that is not read: it has the fields a (read are `az network",
        ),
        (
            '{"type": "Microsoft.Compute/virtualMachines", "name": "x"}',
            "it is a microsoft.compute/virtualmachines",
        ),
        ('{"type": "Microsoft.Network/loadBalancers", "name": "x"}', "it is a loadbalancers"),
        ('{"name": "x", "name": "y", "securityRules": []}', 'has the field "name" twice'),
        ('{"name": NaN}', "NaN is not JSON"),
        ("[" + "1" * 5_000 + "]", "has a number of thousands of digits"),
        ("[" * 100 + "]" * 100, "is nested deeper than 60"),
        ("[" * 200_000 + "]" * 200_000, "is nested deeper than 60"),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, "is nested deeper than 60"),
        (" " * (8 * 2**20 + 1), "is larger than 8 MiB"),
        ("é" * (5 * 2**20), "is larger than 8 MiB"),
        ('{"value": [], "nextLink": "https://…"}', "is the first page of a longer list"),
        ('{"securityRules": []}', "has neither an id nor a name"),
        ('{"id": "nodes", "securityRules": []}', "nodes is not the id of a resource"),
        ('{"name": "\\ud800", "securityRules": {}}', "name: � has a character that cannot be shown"),
        ('{"$schema": "", "resources": 1}', "resources: expected a list, found a number"),
        ('{"$schema": "", "resources": [1]}', "resources[0]: expected an object, a resource"),
    ],
    ids=range(24),
)
def test_what_is_no_document_of_ours_is_refused(text: str, said: str) -> None:
    """At once, with what was found; what JSON allows and nobody means is refused too."""
    answer = refused(text)
    assert said in answer
    assert answer.encode()  # it can be printed


def test_a_mark_of_byte_order_is_no_mistake() -> None:
    """PowerShell writes it."""
    assert read_documents([Document("x", "\ufeff" + json.dumps([nsg()]))]).nsgs


def test_a_document_is_given_once() -> None:
    """Else problems could not say which."""
    with pytest.raises(DocumentError, match="x: is given twice"):
        read_documents([Document("x", "[]"), Document("x", "[]")])


def test_other_resources_of_a_template_are_noted() -> None:
    """A template has machines and disks as well; a list that somebody chose has not."""
    found = read(
        template(nsg(rule()), resource("bastionHosts", "b"), {"type": "Microsoft.Compute/disks", "name": "d"})
    )
    assert [note.what for note in found.notes] == [
        "a resource bastionhosts is not read",
        "a resource microsoft.compute/disks is not read",
    ]
    assert found.nsgs


def test_an_expression_in_a_template_is_refused_where_it_matters() -> None:
    """Its value is known to the deployment only. A location is not needed for anything that is proved."""
    here = {**vnet("hpc", "10.2.0.0/16"), "location": "[resourceGroup().location]"}
    assert read(template(here)).vnets[0].region == ""
    with pytest.raises(
        DocumentError, match=r"properties.addressSpace.addressPrefixes\[0\]: \[parameters\('p'\)\]"
    ):
        read(template(vnet("hpc", "[parameters('p')]")))


def test_a_resource_under_a_condition_is_read_if_it_is_true() -> None:
    """An expression is refused: nobody knows here whether the resource will be there."""
    assert read(template({**nsg(rule()), "condition": True})).nsgs
    left_out = template(nsg(rule()))
    left_out["resources"][0]["condition"] = False
    found = read(left_out)
    assert (dict(found.nsgs), found.notes[0].what) == ({}, "has a condition that is false, and is not read")
    left_out["resources"][0]["condition"] = "[parameters('x')]"
    with pytest.raises(DocumentError, match=r"condition: .* is an expression"):
        read(left_out)


def test_service_tags_are_read_by_lower_case_name() -> None:
    """IPv6 is left out; a range with bits behind its length is refused here as well."""
    found = read(tags(**{"Storage.WestEurope": ["20.0.0.0/8", "2603::/16"]}))
    assert dict(found.tags) == {"storage.westeurope": (IPv4Network("20.0.0.0/8"),)}
    with pytest.raises(
        DocumentError, match=r"values\[0\].properties.addressPrefixes\[0\]: 20.0.0.1/8 has bits"
    ):
        read(tags(Storage=["20.0.0.1/8"]))


def table(*rules: Any) -> Any:
    return {"service_ports": {}, "rules": list(rules)}


def table_rule(**fields: Any) -> Any:
    made = {
        "name": "a", "priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
        "ports_key": "Ssh", "ports": [["22"]], "src_kind": "subnet", "src": "compute", "dst_kind": "asg",
        "dst": "login",
    }  # fmt: skip
    return {**made, **fields}


COMPUTE = {"compute": [IPv4Network("10.2.0.0/24")]}


def test_a_table_of_rules_is_a_group_with_the_ranges_that_are_given() -> None:
    """By the document's name. Ways of installing are joined; a rule without ports matches nothing."""
    found = read(
        table(
            table_rule(ports=[["22"], ["80-90"]]),
            table_rule(name="b"),
            table_rule(name="c", priority=101, ports=[[]]),
            table_rule(name="d", priority=102, src_kind="tag", src="*"),
        ),
        subnets=COMPUTE,
    )
    rules = found.nsgs["d0"].rules
    assert [rule.name for rule in rules] == ["a", "b", "d"]
    assert (rules[0].sources, rules[0].targets) == ((IPv4Network("10.2.0.0/24"),), (Group("login"),))
    assert (rules[0].target_ports, rules[2].sources) == (((22, 22), (80, 90)), ("*",))
    assert [note.what for note in found.notes] == [
        "has alternatives of ports, which are joined",
        "has the priority of a: only one of them can be installed",
        "has no ports and is left out",
    ]


def test_a_table_needs_the_ranges_of_its_subnets() -> None:
    """Each missing key is one problem, however many rules name it."""
    with pytest.raises(DocumentError) as error:
        read(table(table_rule(), table_rule(name="b", priority=101)))
    assert (
        str(error.value)
        == "d0.json: the ranges of subnet compute are not given (--subnet compute=RANGE gives them)"
    )


KEYS = "admin bastion compute cyclecloud database frontend gateway lustre netapp nsgTargetForDC.target"


@pytest.mark.parametrize(("name", "rules"), [("azhop", 82), ("ccws", 28)])
def test_the_real_tables_are_read(name: str, rules: int) -> None:
    """Of two products that run HPC clusters in Azure; two of 84 rules have no ports unless configured."""
    path = DATA / "nsg" / f"{name}_rules.json"
    if not path.exists():
        pytest.skip("the tables are not at hand")
    ranges = {key: [IPv4Network(f"10.2.{i}.0/24")] for i, key in enumerate(KEYS.split())}
    found = read_documents([Document(path.name, path.read_text())], subnets=ranges)
    assert len(found.nsgs[f"{name}_rules"].rules) == rules


def test_the_network_of_what_was_found() -> None:
    """Is all of it, with the sites that the caller has."""
    network = read([vnet("hpc", "10.2.0.0/16")], [nsg()]).network()
    assert (len(network.vnets), list(network.nsgs), network.sites) == (1, ["nodes"], ())
