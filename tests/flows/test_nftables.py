"""From flows to the rules of a border, and to a ruleset that the kernel's own nft accepts."""

import os
import subprocess
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from burstway.flows.nftables import render_nftables
from burstway.flows.profiles import flows
from burstway.flows.rules import Rule, crossing, placed
from burstway.flows.table import Flow, Ports, Protocol, Role

GOLDEN = Path(__file__).with_name("golden") / "border.nft"
HEAD = (IPv4Network("10.10.0.10/32"),)
CLOUD = IPv4Network("10.80.0.0/16")
NODES = (IPv4Network("10.80.0.0/20"),)
PLACES = {Role.CONTROL_PLANE: HEAD, Role.SCHEDULER: HEAD, Role.LOGIN: HEAD, Role.NODE: NODES}


def border() -> str:
    return render_nftables(crossing(placed(flows(), PLACES), [CLOUD]))


def test_the_border_is_the_golden_file() -> None:
    """Every rule comes from a flow, and nothing else is let through."""
    assert border() == GOLDEN.read_text()


RULESETS = {
    "the border": border(),
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
    assert "policy drop" in once


OUTSIDE, INSIDE = (IPv4Network("192.0.2.1/32"),), (IPv4Network("10.80.9.0/24"),)
CASES = {
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
