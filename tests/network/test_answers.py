"""A connection needs its answers too: through a filter that keeps state by a rule, or by none at all."""

import os
import subprocess
from ipaddress import IPv4Network

import pytest

from burstway.network.chains import RulesetFilter
from burstway.network.read.documents import Document, read_documents
from burstway.network.ruleset import Hook
from burstway.network.space import Packets, of_networks

pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="asks nft in a namespace")]

HERE, THERE = IPv4Network("10.0.0.1/32"), IPv4Network("10.0.1.1/32")
TO_443 = "ip saddr 10.0.0.1 tcp dport 443 accept"
KEEPS_STATE = "ct state established,related accept"

CASES = {
    "answers are accepted": ([KEEPS_STATE, TO_443], "drop", True),
    "answers are accepted, last": ([TO_443, KEEPS_STATE], "drop", True),
    "nothing is said of answers": ([TO_443], "drop", False),
    "the policy accepts them": ([TO_443], "accept", True),
    "a rule without state accepts them": ([TO_443, "tcp sport 443 accept"], "drop", True),
    "a rule without state, too narrow": ([TO_443, "tcp sport 443 tcp dport 1-1023 accept"], "drop", False),
    "who answers is dropped before": (["ip saddr 10.0.1.1 drop", KEEPS_STATE, TO_443], "drop", False),
    "another one is dropped before": (["ip saddr 10.0.1.2 drop", KEEPS_STATE, TO_443], "drop", True),
    "established only where it goes out": (["ct direction original " + KEEPS_STATE, TO_443], "drop", False),
    "replies by direction": (["ct direction reply accept", TO_443], "drop", True),
    "invalid is dropped, established accepted": (
        ["ct state invalid drop", KEEPS_STATE, TO_443],
        "drop",
        True,
    ),
    "new only": (["ct state new accept"], "drop", False),
    "a mark decides about answers": (["meta mark 7 accept", TO_443], "drop", None),
}


def listing(rules: list[str], policy: str) -> str:
    """As the kernel has it, and nft prints it."""
    head = f"type filter hook forward priority 0; policy {policy};"
    ruleset = "\n".join(["table inet t {", "chain f {", head, *rules, "}", "}", ""])
    line = ["unshare", "--net", "sh", "-ec", "nft -f -; nft -j list ruleset"]
    return subprocess.run(line, input=ruleset, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("case", CASES)
def test_a_connection_passes_when_its_answers_do(case: str) -> None:
    """The first packet is let through in all of these."""
    rules, policy, expected = CASES[case]
    found = read_documents([Document("fw.json", listing(rules, policy))]).rulesets["fw.json"]
    packets = Packets("tcp", of_networks([HERE]), of_networks([THERE]), ((443, 443),))
    decisions = RulesetFilter(found, Hook.FORWARD).decide(packets)
    verdicts = {each.passed for each in decisions if each.packets.source_ports[-1][1] >= 1024}
    assert verdicts == {expected}
    if expected is False:
        stopped = next(each for each in decisions if each.passed is False)
        assert stopped.by.startswith("answers: ")
        assert "established" in stopped.remedy
