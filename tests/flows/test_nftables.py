"""From flows to the rules of a border, and to a ruleset that the kernel's own nft accepts."""

import os
import subprocess
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from hypothesis import given, settings

from burstway.errors import InputError
from burstway.flows.expand import distinct
from burstway.flows.nftables import render_nftables, render_site_nftables
from burstway.flows.profiles import flows
from burstway.flows.rules import Place, Rule, Tag, crossing, placed
from burstway.flows.table import Flow, Ports, Protocol, Role
from golden import is_golden
from sample_rules import CLOUD as SAMPLE_CLOUD
from sample_rules import RULES, SITE, TAG, TAGS, any_rules

GOLDEN = Path(__file__).with_name("golden")
HEAD = (IPv4Network("10.10.0.10/32"),)
CLOUD = IPv4Network("10.80.0.0/16")
NODES = (IPv4Network("10.80.0.0/20"),)
PLACES = {Role.CONTROL_PLANE: HEAD, Role.SCHEDULER: HEAD, Role.LOGIN: HEAD, Role.NODE: NODES}


def border() -> str:
    return render_nftables(crossing(placed(flows(), PLACES), [CLOUD]))


def test_the_border_is_the_golden_file() -> None:
    """Every rule comes from a flow, and nothing else is let through."""
    assert is_golden(GOLDEN / "border.nft", border())


def test_the_sample_sites_router_is_the_golden_file() -> None:
    """Only what goes to or comes from the cloud is filtered, and what is not is named."""
    text = render_site_nftables(crossing(RULES, [SITE]), [SAMPLE_CLOUD], TAGS)
    assert is_golden(GOLDEN / "site.nft", text)


RULESETS = {
    "the border": border(),
    "a site's router": render_site_nftables(RULES, [SAMPLE_CLOUD, IPv4Network("192.0.2.0/24")], TAGS),
    "the sample": render_nftables(RULES, TAGS),
    "no rule": render_nftables([]),
    "many networks, UDP": render_nftables(
        [Rule("a-b", (*HEAD, *NODES), (CLOUD, IPv4Network("192.0.2.7/32")), Protocol.UDP, Ports(1, 65_535))]
    ),
}


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0, reason="makes a network namespace")
@pytest.mark.parametrize("name", RULESETS)
def test_nft_accepts_it(name: str, tmp_path: Path) -> None:
    """As it stands, and again over itself: loaded twice it is the same ruleset, not twice the rules."""
    file = tmp_path / "ruleset.nft"
    file.write_text(RULESETS[name])
    script = f"nft -c -f {file}; nft -f {file}; nft list ruleset; echo --; nft -f {file}; nft list ruleset"
    ran = subprocess.run(
        ["unshare", "--net", "sh", "-ec", script], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    once, twice = ran.stdout.split("--\n")
    assert once == twice
    assert once.count(" accept comment ") == RULESETS[name].count(" accept comment ")
    assert ("policy drop" in once) == ("policy drop" in RULESETS[name])
    assert "dropped: no flow" in once


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0, reason="makes a network namespace")
@settings(deadline=None, max_examples=40)
@given(any_rules)
def test_nft_accepts_any_rules(rules: list[Rule]) -> None:
    """Whatever they are called, in both shapes."""
    tags = TAGS | {"virtualnetwork": (SAMPLE_CLOUD, SITE)}
    text = render_nftables(rules, tags) + render_site_nftables(rules, [SAMPLE_CLOUD], tags)
    command = ["unshare", "--net", "nft", "-c", "-f", "-"]
    ran = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_tag_becomes_its_ranges() -> None:
    """A filter knows addresses only."""
    (rule,) = [each for each in RULES if TAG in each.targets]
    assert "daddr { 198.51.100.0/24, 203.0.113.64/26 }" in render_nftables([rule], TAGS)


@pytest.mark.parametrize("tags", [{}, {"storage": TAGS["storage.westeurope"]}, {"storage.westeurope": ()}])
def test_a_tag_without_ranges_is_refused(tags: dict[str, tuple[IPv4Network, ...]]) -> None:
    """With the flow, the tag and what to do; a rule left out in silence would be found by a broken job."""
    with pytest.raises(
        InputError, match=r"flow blobs ends at the service tag Storage\.WestEurope"
    ) as refused:
        render_nftables(RULES, tags)
    assert "--tags" in refused.value.remedy


def test_a_tag_that_the_router_does_not_filter_may_be_unknown() -> None:
    """From the site to the cloud's own services goes past the cloud's ranges, and is not touched."""
    rule = Rule("api", HEAD, (Tag("AzureResourceManager"),), Protocol.TCP, Ports(9, 9))
    text = render_site_nftables([rule], [CLOUD])
    assert "# not filtered here: api (tcp 9)" in text
    assert "accept comment" not in text


A, B, BOTH, INNER = (IPv4Network(f"10.0.0.{end}") for end in ("0/32", "1/32", "0/31", "0/32"))
LISTS = {
    "sorted": ([B, A], (A, B)),
    "once": ([A, A], (A,)),
    "inside another": ([INNER, BOTH], (BOTH,)),
    "neighbours stay": ([A, B], (A, B)),
    "none": ([], ()),
}


@pytest.mark.parametrize("case", LISTS)
def test_of_ranges_those_that_another_holds_are_left_out(case: str) -> None:
    """nft and Azure refuse a list in which two overlap."""
    ranges, expected = LISTS[case]
    assert distinct(ranges) == expected


OUTSIDE, INSIDE = (IPv4Network("192.0.2.1/32"),), (IPv4Network("10.80.9.0/24"),)
CASES: dict[str, tuple[tuple[Place, ...], tuple[Place, ...], bool]] = {
    "in": (OUTSIDE, INSIDE, True),
    "out": (INSIDE, OUTSIDE, True),
    "both inside": (INSIDE, NODES, False),
    "both outside": (OUTSIDE, HEAD, False),
    "the source is nowhere": ((), INSIDE, False),
    "the target is nowhere": (INSIDE, (), False),
    "one of two sources crosses": ((*OUTSIDE, *NODES), INSIDE, True),
    "one of two targets crosses": (OUTSIDE, (*HEAD, *INSIDE), True),
}


@pytest.mark.parametrize("case", CASES)
def test_a_rule_is_made_for_what_crosses_the_border(case: str) -> None:
    """And for nothing else: what stays on one side never gets there."""
    sources, targets, crosses = CASES[case]
    row = Flow("x", Role.LOGIN, Role.NODE, Protocol.TCP, Ports(7, 9), "a purpose", "a document")
    made = crossing(placed([row], {Role.LOGIN: sources, Role.NODE: targets}), [CLOUD])
    assert made == ([Rule("x", sources, targets, Protocol.TCP, Ports(7, 9), "a purpose")] if crosses else [])


def test_a_role_that_no_place_is_known_for_needs_no_rule() -> None:
    """A site without login nodes has no flows from them."""
    rules = crossing(placed(flows(), {Role.CONTROL_PLANE: HEAD, Role.NODE: NODES}), [CLOUD])
    assert [rule.name for rule in rules] == ["agent-api"]


def test_what_stays_inside_the_cloud_is_not_in_the_ruleset() -> None:
    """Nodes among themselves do not pass the border."""
    text = border()
    inside = [row.name for row in flows() if row.source is row.target is Role.NODE]
    assert inside
    assert not [name for name in inside if f'"{name}"' in text]
