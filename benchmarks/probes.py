"""How long a thousand probes take, a tenth of which are never answered: at most 1.2 times the time-out.

They are tried by one process in a network namespace of its own, with the kernel's firewall dropping what goes
to one address. The listeners that answer the others are in another process.
"""

import json
import subprocess
import sys
import time

from burstway.agent.node.listeners import Listeners
from burstway.agent.node.prober import Attempt, probe

PROBES = 1_000
DROPPED = 100
TIMEOUT_S = 2.0
RUNS = 3
BOUND = 1.2

HERE, NOWHERE = "127.0.0.1", "127.0.0.9"
PORTS = range(20_000, 20_020)
RULES = f"table ip t {{ chain c {{ type filter hook input priority 0; ip daddr {NOWHERE} drop; }}; }}"


def main() -> None:
    ran = subprocess.run(
        ["unshare", "--net", sys.executable, "-m", "benchmarks.probes", "inside"],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    taken = json.loads(ran.stdout)
    print(f"{PROBES:,} probes of {TIMEOUT_S:g} s each, {DROPPED} of them dropped; the best of {RUNS} runs")
    for protocol, seconds in taken.items():
        print(f"  {protocol} {seconds:.2f} s, {seconds / TIMEOUT_S:.2f} × the time-out (at most {BOUND:g})")
    if max(taken.values()) > BOUND * TIMEOUT_S:
        sys.exit("the probes took too long")


def _inside() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["nft", "-f", "-"], input=RULES, text=True, check=True)
    listening = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.probes", "listen"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert listening.stdin is not None
    assert listening.stdout is not None
    nonces = json.loads(listening.stdout.readline())
    print(
        json.dumps(
            {protocol: min(_run(protocol, nonces[protocol]) for _ in range(RUNS)) for protocol in nonces}
        )
    )
    listening.stdin.close()
    listening.wait()


def _run(protocol: str, nonces: list[str]) -> float:
    every = PROBES // DROPPED
    attempts = [
        Attempt(
            HERE if turn % every else NOWHERE,
            protocol,
            PORTS[turn % len(PORTS)],
            "",
            nonces[turn % len(PORTS)],
        )
        for turn in range(PROBES)
    ]
    began = time.perf_counter()
    verdicts = [outcome.verdict for outcome in probe(attempts, TIMEOUT_S)]
    taken = time.perf_counter() - began
    assert verdicts == ["open" if turn % every else "filtered" for turn in range(PROBES)]
    return taken


def _listen() -> None:
    listeners = Listeners()
    opened = {
        protocol: listeners.open("benchmark", [("0.0.0.0", protocol, port) for port in PORTS], 600)
        for protocol in ("tcp", "udp")
    }
    print(
        json.dumps({protocol: [nonce for nonce, _ in doors] for protocol, doors in opened.items()}),
        flush=True,
    )
    sys.stdin.read()


if __name__ == "__main__":
    {"inside": _inside, "listen": _listen}.get(sys.argv[-1], main)()
