"""Which ports of a machine of the lab can be reached from another: real listeners, real packets."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count

from burstway.lab.cloud import LabCloud
from burstway.lab.enter import run_in

PYTHON = "/usr/bin/python3"
_numbers = count(1)

LISTEN = """\
import selectors, socket, sys
ears = selectors.DefaultSelector()
for port in map(int, sys.argv[2].split(",")):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        ear = socket.socket(socket.AF_INET, kind)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            ear.bind(("", port))
        except OSError:
            continue  # a service of the machine is there
        if kind == socket.SOCK_STREAM:
            ear.listen(8)
        ears.register(ear, selectors.EVENT_READ)
open(sys.argv[1], "w").close()
while True:
    for key, _ in ears.select():
        if key.fileobj.type == socket.SOCK_STREAM:
            key.fileobj.accept()[0].close()
        else:
            key.fileobj.sendto(b"!", key.fileobj.recvfrom(9)[1])
"""
"""Takes connections, and answers datagrams, on each port that is free."""

SCAN = """\
import errno, json, selectors, socket, sys, time
waiting, reached = selectors.DefaultSelector(), {"tcp": [], "udp": []}
for port in map(int, sys.argv[2].split(",")):
    for name, kind in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
        end = socket.socket(socket.AF_INET, kind)
        end.setblocking(False)
        end.connect_ex((sys.argv[1], port))
        if name == "udp":
            end.send(b"?")
        event = selectors.EVENT_WRITE if name == "tcp" else selectors.EVENT_READ
        waiting.register(end, event, (name, port))
until = time.monotonic() + float(sys.argv[3])
while waiting.get_map() and time.monotonic() < until:
    for key, _ in waiting.select(0.1):
        error = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error in (0, errno.ECONNREFUSED):
            reached[key.data[0]].append((key.data[1], error == 0))
        waiting.unregister(key.fileobj)
print(json.dumps(reached))
"""
"""Asks all ports at a time. A refusal counts as an answer: the packet was there."""


@dataclass(frozen=True)
class Reached:
    """The ports that answered, as (protocol, number); `open` are those where something listened."""

    answered: frozenset[tuple[str, int]]
    open: frozenset[tuple[str, int]]


@contextmanager
def listening(cloud: LabCloud, machines: Iterable[str], ports: Sequence[int]) -> Iterator[None]:
    """Something answers on each of these ports of the machines, on TCP and on UDP."""
    with ExitStack() as stack:
        for machine in machines:
            name = f"listen-{next(_numbers)}"
            ready = f"/run/{name}"
            cloud.start(name, machine, [PYTHON, "-c", LISTEN, ready, ",".join(map(str, ports))])
            stack.callback(cloud.stop, name)
            deadline = time.monotonic() + 20
            while run_in(cloud, machine, ["test", "-e", ready]).returncode != 0:
                assert time.monotonic() < deadline, f"nothing listens on {machine}"
                time.sleep(0.05)
        yield


def scan(cloud: LabCloud, machine: str, address: str, ports: Sequence[int], seconds: float = 2.5) -> Reached:
    command = [PYTHON, "-c", SCAN, address, ",".join(map(str, ports)), str(seconds)]
    done = run_in(cloud, machine, command)
    assert done.returncode == 0, done.stderr
    found = [(name, *each) for name, all_ in json.loads(done.stdout).items() for each in all_]
    return Reached(
        frozenset((name, port) for name, port, _ in found),
        frozenset((name, port) for name, port, listened in found if listened),
    )


def scan_all(
    cloud: LabCloud, ways: Sequence[tuple[str, str]], ports: Sequence[int], seconds: float = 2.5
) -> dict[tuple[str, str], Reached]:
    """All ways, each from a machine to an address, at the same time."""
    with ThreadPoolExecutor(len(ways)) as pool:
        return dict(
            zip(ways, pool.map(lambda way: scan(cloud, way[0], way[1], ports, seconds), ways), strict=True)
        )
