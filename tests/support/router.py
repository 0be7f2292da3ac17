"""A router of three network namespaces, to see what a filter on it really does to connections.

    site 10.10.0.0/16 ── router ── cloud 10.80.0.0/16, and 203.0.113.0/24, which is neither

They live in processes that are ended at the end, and leave nothing behind. Needs root.
"""

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

HEAD, OTHER = "10.10.0.10", "10.10.0.99"
NODE, STRANGER = "10.80.0.5", "10.80.200.1"
ELSEWHERE = "203.0.113.7"
ROUTER = "10.10.255.254"
PORTS = (1443, 1818, 1999)
PLACE = {HEAD: "site", OTHER: "site", NODE: "cloud", STRANGER: "cloud", ELSEWHERE: "cloud", ROUTER: "router"}
SIDES = {
    "site": ([f"{HEAD}/16", f"{OTHER}/16"], [f"{ROUTER}/16"]),
    "cloud": (
        [f"{NODE}/16", f"{STRANGER}/16", f"{ELSEWHERE}/24"],
        ["10.80.255.254/16", "203.0.113.254/24"],
    ),
}

LISTEN = """
import socket, sys, time
held = [socket.create_server(("", int(port))) for port in sys.argv[1:]]
print("ready", flush=True)
time.sleep(600)
"""
CONNECT = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def connects(asked):
    source, target, port = asked
    try:
        socket.create_connection((target, port), timeout=0.7, source_address=(source, 0)).close()
        return True
    except OSError:
        return False
asked = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(asked)) as pool:
    print(json.dumps(list(pool.map(connects, asked))))
"""

Connection = tuple[str, str, int]
"""Source address, target address, the target's port."""


class Router:
    def __enter__(self) -> "Router":
        self._processes: list[subprocess.Popen[str]] = []
        self._pids = {name: self._namespace() for name in ("site", "router", "cloud")}
        for side, (theirs, gateway) in SIDES.items():
            self._ip("router", f"link add {side} type veth peer name eth0 netns {self._pids[side]}")
            for where, link, addresses in ((side, "eth0", theirs), ("router", side, gateway)):
                for address in addresses:
                    self._ip(where, f"addr add {address} dev {link}")
                self._ip(where, f"link set {link} up")
                self._ip(where, "link set lo up")
            self._ip(side, f"route add default via {gateway[0].partition('/')[0]}")
        self.run("router", ["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        for name in self._pids:
            listening = self._start(name, ["/usr/bin/python3", "-c", LISTEN, *map(str, PORTS)])
            assert listening.stdout is not None
            assert listening.stdout.readline() == "ready\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.communicate()

    def run(
        self, name: str, command: Sequence[str], text: str = "", env: dict[str, str] | None = None
    ) -> str:
        """What the command prints in that namespace. It must succeed."""
        done = subprocess.run(
            self._in(name, command), input=text, env=env, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def connects(self, asked: Sequence[Connection]) -> dict[Connection, bool]:
        """Which of these connections are made."""
        found: dict[Connection, bool] = {}
        for name in ("site", "cloud"):
            here = [each for each in asked if PLACE[each[0]] == name]
            if here:
                said = self.run(name, ["/usr/bin/python3", "-c", CONNECT, json.dumps(here)])
                found |= dict(zip(here, json.loads(said), strict=True))
        return found

    def _namespace(self) -> int:
        process = self._start("", ["unshare", "--net", "sleep", "600"])
        own = Path("/proc/self/ns/net").readlink()
        for _ in range(200):
            if Path(f"/proc/{process.pid}/ns/net").readlink() != own:
                return process.pid
            time.sleep(0.01)
        raise AssertionError("no namespace was made")

    def _start(self, name: str, command: Sequence[str]) -> subprocess.Popen[str]:
        whole = self._in(name, command) if name else command
        made = subprocess.Popen(whole, stdout=subprocess.PIPE, text=True)
        self._processes.append(made)
        return made

    def _in(self, name: str, command: Sequence[str]) -> list[str]:
        return ["nsenter", f"--net=/proc/{self._pids[name]}/ns/net", *command]

    def _ip(self, name: str, arguments: str) -> None:
        self.run(name, ["ip", *arguments.split()])
