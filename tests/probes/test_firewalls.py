"""The prober against the kernel's own firewall: what each way of not letting a packet through looks like."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="makes a network namespace with rules of its own"),
]

PORT = 7000
TIMEOUT_S = 0.5

RULES = """
table ip t {
    chain input {
        type filter hook input priority 0;
        ip daddr 127.0.0.10 drop
        ip daddr 127.0.0.11 icmp type != echo-request accept
        ip daddr 127.0.0.11 reject with icmp type admin-prohibited
        ip daddr 127.0.0.12 reject with icmp type host-unreachable
        ip daddr 127.0.0.13 reject with icmp type net-unreachable
        ip daddr 127.0.0.14 reject with icmp type port-unreachable
        ip daddr 127.0.0.15 meta l4proto tcp reject with tcp reset
    }
    chain output {
        type filter hook output priority 0;
        ip daddr 127.0.0.20 drop
    }
}
"""

INSIDE = """
import json, subprocess, sys
from burstway.agent.node.listeners import Listeners
from burstway.agent.node.prober import Attempt, probe
asked = json.load(sys.stdin)
subprocess.run(["ip", "-batch", "-"], input=asked["links"], text=True, check=True)
subprocess.run(["nft", "-f", "-"], input=asked["rules"], text=True, check=True)
listeners, said = Listeners(), {}
for name, (address, protocol, listen, known) in asked["cases"].items():
    nonce = ""
    if listen:
        ((nonce, why),) = listeners.open(name, [(address, protocol, asked["port"])], 30)
        assert not why, why
    said[name] = Attempt(address, protocol, asked["port"], nonce=nonce if known else "")
outcomes = probe(list(said.values()), asked["timeout"])
print(json.dumps({n: [o.verdict, o.detail, o.seconds] for n, o in zip(said, outcomes)}))
"""

LINKS = """
link set lo up
route add unreachable 192.0.2.1
route add prohibit 192.0.2.2
route add blackhole 192.0.2.3
"""

SILENCE = "no answer in 0.5 s"
SOMETHING_ELSE = "refused, though our listener is there: something on the way answers"

CASES: dict[str, tuple[str, str, bool, bool, str, str]] = {
    # address, protocol, whether a listener is there, whether that is known; the verdict and its detail
    "passes": ("127.0.0.2", "tcp", True, True, "open", ""),
    "passes, unknown": ("127.0.0.3", "tcp", True, False, "open", ""),
    "nobody listens": ("127.0.0.4", "tcp", False, False, "refused", "Connection refused"),
    "dropped": ("127.0.0.10", "tcp", True, True, "filtered", SILENCE),
    "dropped, nobody listens": ("127.0.0.10", "tcp", False, False, "filtered", SILENCE),
    "prohibited": ("127.0.0.11", "tcp", True, True, "filtered", "No route to host"),
    "host unreachable": ("127.0.0.12", "tcp", True, True, "filtered", "No route to host"),
    "net unreachable": ("127.0.0.13", "tcp", True, True, "filtered", "Network is unreachable"),
    "port unreachable": ("127.0.0.14", "tcp", True, True, "filtered", SOMETHING_ELSE),
    "port unreachable, unknown": ("127.0.0.14", "tcp", False, False, "refused", "Connection refused"),
    "reset by the firewall": ("127.0.0.15", "tcp", True, True, "filtered", SOMETHING_ELSE),
    "reset, unknown": ("127.0.0.15", "tcp", False, False, "refused", "Connection refused"),
    "dropped on the way out": ("127.0.0.20", "tcp", True, True, "filtered", SILENCE),
    "unreachable route": ("192.0.2.1", "tcp", False, False, "filtered", "No route to host"),
    "prohibited route": ("192.0.2.2", "tcp", False, False, "filtered", "Permission denied"),
    "no route at all": ("198.51.100.1", "tcp", False, False, "filtered", "Network is unreachable"),
    "u passes": ("127.0.0.2", "udp", True, True, "open", ""),
    "u nobody listens": ("127.0.0.4", "udp", False, False, "refused", "Connection refused"),
    "u dropped": ("127.0.0.10", "udp", True, True, "filtered", SILENCE),
    "u dropped, unknown": ("127.0.0.10", "udp", True, False, "silent", SILENCE),
    "u prohibited": ("127.0.0.11", "udp", True, True, "filtered", "No route to host"),
    "u host unreachable": ("127.0.0.12", "udp", True, True, "filtered", "No route to host"),
    "u net unreachable": ("127.0.0.13", "udp", True, True, "filtered", "Network is unreachable"),
    "u port unreachable": ("127.0.0.14", "udp", True, True, "filtered", SOMETHING_ELSE),
    "u dropped on the way out": ("127.0.0.20", "udp", True, True, "filtered", "Operation not permitted"),
    "u unreachable route": ("192.0.2.1", "udp", False, False, "filtered", "No route to host"),
}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[str, str, float]]:
    """All cases, tried at once in a namespace of their own."""
    asked: dict[str, Any] = {
        "links": LINKS,
        "rules": RULES,
        "port": PORT,
        "timeout": TIMEOUT_S,
        "cases": {name: case[:4] for name, case in CASES.items()},
    }
    ran = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", INSIDE],
        input=json.dumps(asked), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return {name: tuple(outcome) for name, outcome in json.loads(ran.stdout).items()}


@pytest.mark.parametrize("case", CASES)
def test_each_way_of_blocking_has_its_verdict(outcomes: dict[str, tuple[str, str, float]], case: str) -> None:
    """And the network's own word for it; a firewall that says "refused" is found out by our listener."""
    verdict, detail, seconds = outcomes[case]
    assert (verdict, detail) == CASES[case][4:]
    assert (seconds >= TIMEOUT_S) == (detail == SILENCE), "only silence takes the time-out"
    assert seconds < 2 * TIMEOUT_S
