"""How long burstway-resume takes, from its start to its end, beside a Python that does nothing.

Both are run in turn, so that whatever else the machine does falls on both alike. The bound is twice the time
of `python3 -c pass`, for one node and for a thousand.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

RUNS = 60
BOUND = 2.0
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        listener = _listen(Path(folder) / "burstway.sock")
        resume_file = Path(folder) / "resume.json"
        resume_file.write_text(_resume_file(1000))
        environment = {
            "SLURM_CONF": "/etc/slurm/slurm.conf",
            "BURSTWAY_SOCKET": f"{folder}/burstway.sock",
            "BURSTWAY_SPOOL": folder,
        }
        program = str(Path(sys.executable).with_name("burstway-resume"))
        many = {**environment, "SLURM_RESUME_FILE": str(resume_file)}
        medians = measure(
            {
                "python3 -c pass": ([sys.executable, "-c", "pass"], environment),
                "1 node": ([program, "hpc1-hpc-1"], environment),
                "1,000 nodes": ([program, "hpc1-hpc-[1-1000]"], many),
                "1,000 nodes, singly": ([program, ",".join(_names(1000))], many),
            }
        )
        listener.close()
        if list(Path(folder).glob("*-resume.json")):
            sys.exit("a request was spooled: the server did not answer")
    _print(medians)


def measure(commands: dict[str, tuple[list[str], dict[str, str]]]) -> dict[str, float]:
    """The median of RUNS runs of each command in ms, the commands taken in turn."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(RUNS + 3):
        for name, (command, environment) in commands.items():
            started = time.perf_counter()
            subprocess.run(command, env=environment, check=True)
            if turn >= 3:
                taken[name].append(1000 * (time.perf_counter() - started))
    return {name: statistics.median(times) for name, times in taken.items()}


def _print(medians: dict[str, float]) -> None:
    base = medians["python3 -c pass"]
    print(f"burstway-resume, median of {RUNS} runs on {os.cpu_count()} processors")
    for name, median in medians.items():
        verdict = "" if name == "python3 -c pass" else f"  {median / base:.2f} × python3 (at most {BOUND:g})"
        print(f"  {name:<20} {median:6.2f} ms{verdict}")


def _resume_file(nodes: int) -> str:
    """As 23.02 writes it: a thousand nodes in jobs of ten."""
    jobs = [
        {
            "extra": None,
            "features": None,
            "job_id": first,
            "nodes_alloc": f"hpc1-hpc-[{first}-{first + 9}]",
            "nodes_resume": f"hpc1-hpc-[{first}-{first + 9}]",
            "oversubscribe": "OK",
            "partition": "hpc",
            "reservation": None,
        }
        for first in range(1, nodes, 10)
    ]
    return json.dumps({"all_nodes_resume": f"hpc1-hpc-[1-{nodes}]", "jobs": jobs})


def _names(count: int) -> list[str]:
    return [f"hpc1-hpc-{index}" for index in range(1, count + 1)]


def _listen(path: Path) -> socket.socket:
    """A control plane that accepts everything."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    threading.Thread(target=_serve, args=(listener,), daemon=True).start()
    return listener


def _serve(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            _take_request(connection)
            connection.sendall(ACCEPTED)


def _take_request(connection: socket.socket) -> None:
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(65_536)
    head, _, body = request.partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) - len(body)
    while left > 0:
        left -= len(connection.recv(65_536))


if __name__ == "__main__":
    main()
