"""NSGs, from all the forms that they come in."""

from ipaddress import IPv4Network
from typing import Any

import pytest
from azure_documents import Json, nested, nsg, read, read_nsg, referring, resource_id, rule, tags, template

from burstway.errors import DocumentError
from burstway.network.model import Access, Direction, Group, SecurityRule
from burstway.network.nsg import DEFAULTS


def network(text: str) -> IPv4Network:
    return IPv4Network(text)


def refused(*rules: Json, **more: Any) -> str:
    with pytest.raises(DocumentError) as error:
        read([nsg(*rules)], **more)
    return str(error.value)


SSH = rule(sourceAddressPrefix="10.0.0.0/8", destinationPortRange="22", description="from on-premise")

FORMS: dict[str, Any] = {
    "az list": [nsg(SSH)],
    "az show": nsg(SSH),
    "REST list": {"value": [nested(nsg(SSH))]},
    "REST": nested(nsg(SSH)),
    "template": template(nsg(SSH)),
    "template with rules beside": template(
        nsg(), {**SSH, "type": "Microsoft.Network/networkSecurityGroups/securityRules", "name": "nodes/ssh"}
    ),
    "without its type": [{key: value for key, value in nsg(SSH).items() if key != "type"}],
    "by hand": {"name": "nodes", "securityRules": [SSH]},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_same_group_reads_the_same(form: str) -> None:
    """Flat as `az` prints it, nested as REST has it, in a template, by hand."""
    found = read(FORMS[form]).nsgs["nodes"]
    [only] = found.rules
    assert only.where.startswith("d0.json: ")
    assert only == SecurityRule(
        "ssh", 100, Direction.INBOUND, Access.ALLOW, "Tcp", (network("10.0.0.0/8"),), ((0, 65535),), ("*",),
        ((22, 22),), only.where, "from on-premise",
    )  # fmt: skip


def test_a_rule_knows_its_place() -> None:
    """As the path in its document: it is what a proof shows."""
    assert read_nsg(rule("a"), rule("b", 101)).rules[1].where == "d0.json: [0].securityRules[1]"
    assert read(nested(nsg(rule()))).nsgs["nodes"].rules[0].where == "d0.json: properties.securityRules[0]"


@pytest.mark.parametrize(
    ("fields", "sources"),
    [
        ({"sourceAddressPrefix": "*"}, ("*",)),
        ({"sourceAddressPrefix": "10.0.0.4"}, (network("10.0.0.4/32"),)),
        ({"sourceAddressPrefix": "virtualnetwork"}, ("VirtualNetwork",)),
        ({"sourceAddressPrefix": "Internet"}, ("Internet",)),
        ({"sourceAddressPrefix": "storage.westeurope"}, ("Storage.WestEurope",)),
        ({"sourceAddressPrefix": "", "sourceAddressPrefixes": ["10.0.0.0/24", "10.0.1.0/24"]},
         (network("10.0.0.0/24"), network("10.0.1.0/24"))),
        ({"sourceAddressPrefix": None, "sourceAddressPrefixes": ["10.0.0.0/24"]}, (network("10.0.0.0/24"),)),
        ({"sourceAddressPrefix": "fd00::/8"}, ()),
        ({"sourceAddressPrefix": None,
          "sourceApplicationSecurityGroups": [referring("applicationSecurityGroups/Login")]},
         (Group("Login"),)),
    ],
)  # fmt: skip
def test_an_end_is_ranges_a_tag_or_groups(fields: Json, sources: tuple[object, ...]) -> None:
    """Azure has a field for one and a field for several; tags are spelt as Azure spells them."""
    found = read([nsg(rule(**fields))], tags(**{"Storage.WestEurope": ["20.0.0.0/8"]}))
    assert found.nsgs["nodes"].rules[0].sources == sources


@pytest.mark.parametrize(
    ("fields", "ports"),
    [
        ({"destinationPortRange": "*"}, ((0, 65535),)),
        ({"destinationPortRange": "6000-6010"}, ((6000, 6010),)),
        ({"destinationPortRange": None, "destinationPortRanges": ["22", "80-90"]}, ((22, 22), (80, 90))),
    ],
)
def test_ports_are_inclusive_pairs(fields: Json, ports: tuple[tuple[int, int], ...]) -> None:
    """One, a range, or several of both."""
    assert read_nsg(rule(**fields)).rules[0].target_ports == ports


SMALL_TAGS = tags(Storage=["20.0.0.0/8"], **{"Storage.WestEurope": ["20.1.0.0/16"]})

WRONG: list[tuple[Json, str, str]] = [
    (rule(priority=99), "priority: 99 is not within 100 to 4096", "100"),
    (rule(priority=4097), "priority: 4097 is not within 100 to 4096", "4096"),
    (rule(priority="100"), "priority: expected a number, found a text", ""),
    (rule(priority=1e2), "priority: 100.0 is not a whole number", ""),
    (rule(priority=True), "priority: expected a number, found true or false", ""),
    (rule(priority=...), "securityRules[0]: has no priority", ""),
    (rule(access="Permit"), "access: Permit is not one of Allow, Deny", ""),
    (rule(direction="In"), "direction: In is not one of Inbound, Outbound", ""),
    (rule(protocol="Any"), "protocol: Any is not one of Tcp, Udp, Icmp, Esp, Ah, *", ""),
    (rule(sourceAddressPrefix="10.0.0.1/8"), "bits set behind its length", "write 10.0.0.0/8"),
    (rule(sourceAddressPrefix="10.0.0.0/33"), "10.0.0.0/33 is not a range of addresses", ""),
    (rule(sourceAddressPrefix="10.0.0.256"), "10.0.0.256 is not a range of addresses", ""),
    (rule(sourceAddressPrefix="10.0.0.1-10.0.0.9"), "is not a range of addresses", ""),
    (rule(sourceAddressPrefix=["10.0.0.0/8"]), "sourceAddressPrefix: expected a text, found a list", ""),
    (rule(sourceAddressPrefix=""), "has neither sourceAddressPrefix nor sourceAddressPrefixes", ""),
    (rule(sourceAddressPrefix="Storrage"), "neither a range nor a service tag", "did you mean Storage"),
    (rule(sourceAddressPrefix="VirtualNetworks"), "nor a service tag", "did you mean VirtualNetwork?"),
    (rule(sourceAddressPrefixes=["10.0.0.0/8"]), "gives both sourceAddressPrefix and", "leave"),
    (rule(sourceAddressPrefix=None, sourceAddressPrefixes=["Storage"]), "[0]: Storage cannot stand in a list",
     "sourceAddressPrefix only"),
    (rule(sourceAddressPrefix=None, sourceAddressPrefixes=["*"]), "[0]: * cannot stand in a list", ""),
    (rule(destinationPortRange="70000"), "destinationPortRange: 70000 is not within 0 to 65535", ""),
    (rule(destinationPortRange="90-80"), "destinationPortRange: 90-80 is reversed", "write 80-90"),
    (rule(destinationPortRange="22,80"), "22,80 is not a port", "put several into the field for ranges"),
    (rule(destinationPortRange=22), "destinationPortRange: expected a text, found a number", ""),
    (rule(destinationPortRange="²"), "² is not a port", ""),
    (rule("a b"), "a b is not a name for a rule", "letters, digits"),
    (rule("x" * 81), "is not a name for a rule", ""),
    (rule(sourceAddressPrefix="[parameters('x')]"), "[parameters('x')] is an expression", "az network"),
    (rule(sourceApplicationSecurityGroups=[referring("applicationSecurityGroups/a")]),
     "gives sourceApplicationSecurityGroups and prefixes as well", "two rules"),
    (rule(sourceAddressPrefix=None, sourceApplicationSecurityGroups=[{"id": "asg"}]),
     "asg is not the id of", ""),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "said", "remedy"), WRONG, ids=[said for _, said, _ in WRONG])
def test_a_rule_that_azure_refuses_is_refused_with_its_place(wrong: Json, said: str, remedy: str) -> None:
    """And the same rule, right, is read."""
    assert read_nsg(rule())
    with pytest.raises(DocumentError) as error:
        read([nsg(wrong)], SMALL_TAGS)
    [problem] = error.value.problems
    assert str(problem).startswith("d0.json: [0].securityRules[0]")
    assert said in problem.what or said in str(problem)
    assert remedy in problem.what + problem.remedy


def test_all_problems_are_said_at_once() -> None:
    """In the order of the document, each with its place."""
    said = refused(rule(priority=99, protocol="x"), rule("b", destinationPortRange="70000")).splitlines()
    assert [line.partition(" is ")[0] for line in said] == [
        "d0.json: [0].securityRules[0].priority: 99",
        "d0.json: [0].securityRules[0].protocol: x",
        "d0.json: [0].securityRules[1].destinationPortRange: 70000",
    ]


def test_very_many_problems_are_counted() -> None:
    """A hundred are shown."""
    said = refused(*(rule(f"r{i}", 100 + i, protocol="x") for i in range(150))).splitlines()
    assert len(said) == 101
    assert said[-1] == "d0.json: and 50 more problems"


def test_a_priority_stands_once_in_each_direction() -> None:
    """Both rules are named; the same number in the other direction is fine."""
    assert "rule b has priority 100 Inbound, and so has a" in refused(rule("a"), rule("b"))
    assert len(read_nsg(rule("a"), rule("b", direction="Outbound")).rules) == 2


def test_a_name_stands_once() -> None:
    """Whatever its case."""
    assert "the name SSH is there twice" in refused(rule("ssh"), rule("SSH", 101))


@pytest.mark.parametrize(("count", "fine"), [(1_000, True), (1_001, False)])
def test_a_group_has_a_thousand_rules_at_most(count: int, fine: bool) -> None:
    """Azure's limit."""
    rules = [rule(f"r{i}", 100 + i) for i in range(count)]
    if fine:
        assert len(read_nsg(*rules).rules) == count
    else:
        assert "NSG nodes has 1,001 rules, and Azure takes 1,000" in refused(*rules)


def test_an_end_has_four_thousand_prefixes_at_most() -> None:
    """Azure's limit, on each end of its own."""
    prefixes = [f"10.{i // 256}.{i % 256}.0/24" for i in range(4_001)]
    assert read_nsg(rule(sourceAddressPrefix=None, sourceAddressPrefixes=prefixes[1:]))
    assert "has 4,001 prefixes" in refused(rule(sourceAddressPrefix=None, sourceAddressPrefixes=prefixes))


def test_without_the_tag_file_a_tag_is_taken_and_noted() -> None:
    """Its ranges are not known; a built-in tag needs no file."""
    found = read([nsg(rule(sourceAddressPrefix="Storage"), rule("b", 101, sourceAddressPrefix="Internet"))])
    assert [str(note) for note in found.notes] == [
        "d0.json: [0].securityRules[0].sourceAddressPrefix: the ranges of the tag Storage are not known: "
        "give Azure's service tag file"
    ]


def default_rules() -> list[Json]:
    return [
        rule(
            each.name, each.priority, direction=each.direction.value, access=each.access.value, protocol="*",
            sourceAddressPrefix=each.sources[0], destinationAddressPrefix=each.targets[0],
            destinationPortRange="*",
        )
        for each in DEFAULTS
    ]  # fmt: skip


def test_the_six_default_rules_are_compared_and_not_kept() -> None:
    """As the API shows them there is nothing to say; a difference is a note."""
    right = read([nsg(rule(), defaultSecurityRules=default_rules())])
    assert (len(right.nsgs["nodes"].rules), right.notes) == (1, ())
    wrong = default_rules()[1:]
    wrong[0]["access"] = "Deny"
    assert [note.what for note in read([nsg(defaultSecurityRules=wrong)]).notes] == [
        "default rule AllowAzureLoadBalancerInBound is not the one that each group has, and is not read",
        "default rule AllowAzureLoadBalancerInBound is not shown, and is taken to be there",
        "default rule AllowVnetInBound is not shown, and is taken to be there",
    ]


def test_two_groups_of_one_name_are_told_apart_by_their_resource_group() -> None:
    """In references as well, whatever the case of the id; where the name is alone it stays short."""
    found = read([nsg(name="x", group="one"), nsg(name="x", group="two"), nsg(name="y")])
    assert list(found.nsgs) == ["one/x", "two/x", "y"]


@pytest.mark.parametrize("changed", [False, True])
def test_the_same_resource_twice(changed: bool) -> None:
    """The same is a note; two that differ are a problem, which names both places."""
    first, second = nsg(rule()), nsg(rule(priority=101 if changed else 100))
    if changed:
        with pytest.raises(
            DocumentError, match=r"d1.json: \[0\]: nsg nodes is also described at d0.json: \[0\]"
        ):
            read([first], [second])
    else:
        assert "again, and the same" in read([first], [second]).notes[0].what


def test_an_interface_or_subnet_that_no_document_shows_is_noted() -> None:
    """A proof would leave out what the group does there."""
    attached = nsg(
        networkInterfaces=[{"id": resource_id("networkInterfaces/gone")}],
        subnets=[{"id": resource_id("virtualNetworks/v/subnets/s")}],
    )
    assert [note.what for note in read([attached]).notes] == [
        "nodes filters the interface gone, which is not among the documents",
        "nodes is attached to the subnet v/s, which is not among the documents",
    ]
