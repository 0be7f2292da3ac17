"""`nft -j list ruleset` as a Ruleset. The listings are what nft printed of the rulesets beside them."""

import json
import os
import shutil
import subprocess
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from burstway.errors import DocumentError
from burstway.network.chains import RulesetFilter
from burstway.network.read.documents import Document, Found, read_documents
from burstway.network.read.nft_values import KNOWN
from burstway.network.ruleset import FilterRule, Hook, Match, Ruleset, Verdict
from burstway.network.space import ALL_ADDRESSES, ALL_PORTS, Packets, difference, of_networks

RULESETS = Path(__file__).parent / "rulesets"
INTERFACES = {"a": of_networks([IPv4Network("10.1.0.0/16")]), "b": of_networks([IPv4Network("10.2.0.0/16")])}


def found(name: str, text: str = "") -> Found:
    text = text or (RULESETS / f"{name}.json").read_text()
    return read_documents([Document(name, text)], interfaces={name: INTERFACES})


def ruleset(name: str) -> Ruleset:
    return found(name).rulesets[name]


def listing(*expressions: Any) -> str:
    """A listing of one forward chain with these as its rules."""
    head = {"family": "inet", "table": "t"}
    chain = {**head, "name": "c", "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}
    rules = [{"rule": {**head, "chain": "c", "handle": i, "expr": e}} for i, e in enumerate(expressions)]
    return json.dumps({"nftables": [{"table": {"family": "inet", "name": "t"}}, {"chain": chain}, *rules]})


def networks(*texts: str) -> Any:
    return of_networks(IPv4Network(text) for text in texts)


CASES = {
    name: [rule for rule in ruleset("statements").chains["inet t/cases"].rules if f'"{name}"' in rule.label]
    for name in dict.fromkeys(
        each["rule"]["comment"]
        for each in json.loads((RULESETS / "statements.json").read_text())["nftables"]
        if "rule" in each and "comment" in each["rule"]
    )
}
TCP = frozenset({"tcp"})
ANY = Match()

UNDERSTOOD: dict[str, tuple[Match, ...]] = {
    "prefix": (Match(sources=networks("10.0.0.0/8")),),
    "range": (Match(targets=((int(IPv4Address("10.0.0.1")), int(IPv4Address("10.0.0.6"))),)),),
    "two sets": (Match(TCP, networks("10.0.0.0/8", "192.168.0.0/16"), target_ports=((22, 22),)),),
    "named set": (
        Match(
            sources=(
                *networks("10.0.0.0/24"),
                (int(IPv4Address("10.1.0.5")), int(IPv4Address("10.1.0.9"))),
                *networks("192.168.0.1/32"),
            )
        ),
    ),
    "not": (Match(sources=difference(ALL_ADDRESSES, networks("10.0.0.0/8"))),),
    "both ports": (Match(frozenset({"udp"}), source_ports=((67, 67),), target_ports=((68, 68),)),),
    "ports": (Match(TCP, target_ports=((53, 53), (100, 200))),),
    "other ports": (Match(TCP, target_ports=difference(ALL_PORTS, ((22, 22),))),),
    "greater": (Match(TCP, source_ports=((1024, 65535),)),),
    "at most": (Match(TCP, target_ports=((0, 1023),)),),
    "th": (Match(frozenset({"tcp", "udp"}), target_ports=((53, 53),)),),
    "protocols": (Match(frozenset({"icmp", "esp"})),),
    "l4proto": (Match(frozenset({"esp"})),),
    "named concatenation": (
        Match(TCP, networks("10.0.0.0/8"), target_ports=((22, 22),)),
        Match(TCP, networks("10.2.0.1/32"), target_ports=((80, 90),)),
    ),
    "concatenation": (
        Match(TCP, networks("10.0.0.1/32"), target_ports=((22, 22),)),
        Match(TCP, networks("10.0.0.2/32"), target_ports=((80, 80),)),
    ),
    "interfaces": (Match(came_by=frozenset({"a"}), leaves_not_by=frozenset({"b"})),),
    "several interfaces": (Match(came_by=frozenset({"a", "b"})),),
    "loopback": (Match(came_by=frozenset({"lo"})),),
    **dict.fromkeys(("ipv4", "ethertype", "new", "set of states", "not established", "original"), (ANY,)),
    **dict.fromkeys(("no effect", "goto", "jump", "reject"), (ANY,)),
    **dict.fromkeys(("syn", "has syn"), (Match(TCP),)),
    "drop": (Match(TCP, target_ports=((22, 22),)),),
}
VERDICTS = {"goto": Verdict.GOTO, "jump": Verdict.JUMP, "reject": Verdict.REJECT, "drop": Verdict.DROP}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_what_a_static_reader_can_decide_becomes_sets(name: str) -> None:
    """Exactly, with the rule's verdict, and with what is not known left empty."""
    [rule] = CASES[name]
    assert rule.matches == UNDERSTOOD[name]
    assert (rule.verdict, rule.unknown) == (VERDICTS.get(name, Verdict.ACCEPT), "")
    assert rule.target == ("inet t/more" if rule.verdict in (Verdict.JUMP, Verdict.GOTO) else "")


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("never")])
def test_what_never_matches_a_first_packet_is_left_out(name: str) -> None:
    """Answers, IPv6, broadcasts, and rules that only set a mark: no new connection meets them."""
    assert CASES[name] == []


KEPT = {
    "unknown icmp type": Match(frozenset({"icmp"})),
    "unknown dscp": Match(TCP, target_ports=((22, 22),)),
    "unknown ecn": Match(TCP),
}


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("unknown")])
def test_what_cannot_be_decided_is_kept_and_said(name: str) -> None:
    """With its text, and narrowed by what is known of it: an ICMP type is a question for ICMP only."""
    [rule] = CASES[name]
    assert rule.unknown
    assert rule.matches == (KEPT.get(name, ANY),)


def outcomes(rules: list[FilterRule]) -> list[tuple[Verdict, Any, bool]]:
    return [(rule.verdict, rule.matches[0].target_ports, bool(rule.unknown)) for rule in rules]


def test_each_element_of_a_verdict_map_is_a_rule() -> None:
    """`*` is all other keys; states that no first packet has are left out; unknown keys stay unknown."""
    assert outcomes(CASES["map"]) == [
        (Verdict.ACCEPT, ((22, 22),), False),
        (Verdict.DROP, ((23, 23),), False),
        (Verdict.JUMP, ((24, 24),), False),
    ]
    assert outcomes(CASES["map with rest"]) == [
        (Verdict.ACCEPT, ((1, 1),), False),
        (Verdict.DROP, ((2, 5),), False),
        (Verdict.GOTO, ((0, 0), (6, 65535)), False),
    ]
    assert outcomes(CASES["states"]) == [(Verdict.JUMP, ALL_PORTS, False)]
    assert [rule.verdict for rule in CASES["map of interfaces"]] == [Verdict.JUMP, Verdict.DROP]
    assert outcomes(CASES["map of marks"]) == [
        (Verdict.ACCEPT, ALL_PORTS, True),
        (Verdict.DROP, ALL_PORTS, True),
    ]


def test_chains_of_all_tables_are_kept_with_hook_and_priority() -> None:
    """Those on prerouting and postrouting on each hook whose packets pass them, first and last."""
    chains = ruleset("chains").chains
    order = {
        hook: [c.name for c in sorted(chains.values(), key=lambda c: c.priority) if c.hook is hook]
        for hook in Hook
    }
    assert order == {
        Hook.INPUT: ["inet burstway/early", "ip other/input"],
        Hook.FORWARD: [
            "inet burstway/early", "inet burstway/forward", "inet asleep/forward", "ip other/forward",
            "ip other/late",
        ],
        Hook.OUTPUT: ["ip other/late"],
    }  # fmt: skip
    assert chains["inet burstway/nodes"].hook is None
    assert (chains["inet burstway/forward"].policy, chains["ip other/forward"].policy) == (
        Verdict.DROP,
        Verdict.ACCEPT,
    )


def test_a_rule_is_named_so_that_a_person_finds_it() -> None:
    """Family, table, chain, handle and comment: what `nft -a list ruleset` shows."""
    rule = ruleset("chains").chains["inet burstway/forward"].rules[0]
    assert rule.label == 'inet burstway forward rule handle 5 "ssh"'


@pytest.mark.parametrize(
    "said",
    ["ip6 six filters IPv6 alone", "arp a filters ARP alone", "netdev dev filters at the device",
     "ip other/translated translates addresses", "inet asleep may be dormant"],
)  # fmt: skip
def test_what_is_not_read_is_noted(said: str) -> None:
    """So that nobody takes the proof for more than it is."""
    assert [note for note in found("chains").notes if said in note.what]


def test_with_notrack_the_state_is_not_known() -> None:
    """A packet that is not tracked has the state untracked."""
    [rule] = ruleset("untracked").chains["inet t/forward"].rules
    assert rule.unknown
    assert ruleset("statements").chains["inet t/cases"].rules[0].unknown == ""


def packets(source: str, target: str, port: int, protocol: str = "tcp") -> Packets:
    return Packets(protocol, networks(source), networks(target), ((port, port),))


@pytest.mark.parametrize(
    ("asked", "passed"),
    [
        (packets("10.1.0.5/32", "10.2.0.5/32", 22), True),
        (packets("10.1.0.5/32", "10.2.0.5/32", 23), False),
        (packets("10.1.0.5/32", "10.2.0.5/32", 22, "udp"), False),
        (packets("10.5.0.5/32", "10.2.0.5/32", 6005), False),  # inet asleep drops: it may be awake
        (packets("10.1.0.5/32", "10.2.9.5/32", 22), False),  # another table's chain
        (packets("10.9.0.5/32", "10.2.0.5/32", 6005), False),  # on prerouting
    ],
)
def test_a_packet_must_pass_every_base_chain(asked: Packets, passed: bool) -> None:
    """As read and walked together: the tables' chains, jumps, and those on prerouting."""
    text = (RULESETS / "chains.json").read_text()
    if passed:  # without the table that may be dormant
        text = text.replace('"flags": "asleep"', '"flags": ["dormant"]')
    decisions = RulesetFilter(found("chains", text).rulesets["chains"], Hook.FORWARD).decide(asked)
    assert {decision.passed for decision in decisions} == {passed}


@pytest.mark.parametrize(
    ("expression", "verdicts"),
    [
        ([{"queue": {"num": 1}}], [Verdict.ACCEPT, Verdict.DROP]),
        ([{"xt": {"type": "match", "name": "recent"}}, {"drop": None}], [Verdict.DROP]),
        ([{"xt": None}, {"accept": None}], [Verdict.ACCEPT]),
        ([{"something new": {"x": 1}}, {"accept": None}], [Verdict.ACCEPT]),
        ([{"vmap": {"key": {"numgen": {"mod": 2}}, "data": "@gone"}}], [Verdict.ACCEPT, Verdict.DROP]),
        ([{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": "ssh"}},
          {"accept": None}], [Verdict.ACCEPT]),
    ],
)  # fmt: skip
def test_statements_that_nobody_can_decide_are_unknown(expression: Any, verdicts: list[Verdict]) -> None:
    """A queue may accept or drop; an extension of iptables, or of a later nft, may match or not."""
    rules = found("x", listing(expression)).rulesets["x"].chains["inet t/c"].rules
    assert [rule.verdict for rule in rules] == verdicts
    assert all(rule.unknown for rule in rules)


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ([{"xt": {"type": "match", "name": "comment"}}, {"accept": None}], (ANY,)),
        ([{"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": 6}}, {"accept": None}],
         (Match(TCP),)),
        ([{"match": {"op": "!=", "left": {"meta": {"key": "l4proto"}}, "right": "tcp"}}, {"accept": None}],
         (Match(KNOWN - TCP),)),
    ],
)  # fmt: skip
def test_the_same_said_otherwise_is_understood(expression: Any, matches: tuple[Match, ...]) -> None:
    """Numbers of protocols where the machine has no names, comments that iptables-nft makes."""
    [rule] = found("x", listing(expression)).rulesets["x"].chains["inet t/c"].rules
    assert (rule.matches, rule.unknown) == (matches, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"nftables": 1}', "x: nftables: expected a list, found a number"),
        ('{"nftables": [1]}', "x: nftables[0]: expected an object with one field"),
        (listing("accept"), "x: nftables[2].rule.expr: expected a list, found a text"),
        (listing([1]), "x: nftables[2].rule.expr[0]: expected an object with one field, a statement"),
        (listing([{"jump": {"target": "gone"}}]), "jumps to inet t/gone, and there is no such chain"),
        ('{"nftables": [{"table": {"family": "ipx", "name": "t"}}]}', "ipx is not a family"),
    ],
)
def test_what_is_no_listing_is_refused(text: str, said: str) -> None:
    """With the place in it."""
    with pytest.raises(DocumentError) as refused:
        found("x", text)
    assert said in str(refused.value)


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("nft"), reason="lists a ruleset in a namespace: root"
)
@pytest.mark.parametrize("name", ["statements", "chains", "untracked"])
def test_the_listings_are_what_nft_prints(name: str) -> None:
    """Of the ruleset beside it, whatever nft is here: read, they are the same."""
    load = f"nft -f {RULESETS / name}.nft && nft -j list ruleset"
    printed = subprocess.run(["unshare", "-n", "sh", "-c", load], check=True, capture_output=True, text=True)
    now, kept = found(name, printed.stdout), found(name)
    if name != "chains":  # whose dormant table nft 1.0.6 prints wrongly
        assert now == kept
    assert now.rulesets[name].chains.keys() <= kept.rulesets[name].chains.keys()
