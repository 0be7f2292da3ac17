"""A node's part in probe runs: begun once, dropped when it is listed no longer, and in no daemon's way."""

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from burstway.agent.node.channel import Channel
from burstway.agent.node.console import RefusedError, StepError
from burstway.agent.node.daemons import Daemons
from burstway.agent.node.steps import step_slurmd
from burstway.agent.node.tasks import Tasks
from burstway.agent.node.work import check

HERE = "127.0.0.1"

DAEMON = """\
#!{python}
import socket, time
plug = socket.socket()
plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
plug.bind(("{here}", {port}))
plug.listen()
time.sleep(60)
"""


class ControlPlane(Channel):
    """The other end, in this process: it keeps what is said, and may refuse it."""

    def __init__(self, refuses: bool = False) -> None:
        self.said: list[Any] = []
        self.refuses = refuses

    def call(self, *arguments: Any, **_: Any) -> Any:
        if self.refuses:
            raise RefusedError("there is no such task")
        self.said.append(arguments)

    def close(self) -> None:
        pass


@pytest.fixture
def plane() -> ControlPlane:
    return ControlPlane()


@pytest.fixture
def tasks(plane: ControlPlane) -> Iterator[Tasks]:
    made = Tasks(lambda: plane)
    yield made
    made.release()


def free_port() -> int:
    with closing(socket.socket()) as plug:
        plug.bind((HERE, 0))
        return int(plug.getsockname()[1])


def listening(port: int) -> bool:
    with socket.socket() as plug:
        return plug.connect_ex((HERE, port)) == 0


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def listen_task(port: int, seconds: float = 30) -> dict[str, Any]:
    door = {"address": HERE, "protocol": "tcp", "port": port}
    return {"id": "a" * 16, "kind": "listen", "seconds": seconds, "doors": [door]}


def test_a_listener_is_there_while_its_task_is_listed(plane: ControlPlane, tasks: Tasks) -> None:
    """It is opened and told of once, however often the task is seen."""
    task = listen_task(free_port())
    port = task["doors"][0]["port"]
    for _ in range(3):
        tasks.take([task])
        wait_until(lambda: listening(port) and bool(plane.said))
    ((method, path, body),) = plane.said
    assert (method, path, body["task"]) == ("POST", "/v1/agent/probes", task["id"])
    assert body["listening"][0]["nonce"].startswith("burstway ")
    tasks.take([])
    wait_until(lambda: not listening(port))


def test_a_connection_is_tried_once_and_told(plane: ControlPlane, tasks: Tasks) -> None:
    """With a verdict for each, in their order."""
    attempt = {
        "address": HERE,
        "protocol": "tcp",
        "port": free_port(),
        "greeting": "",
        "nonce": "",
        "served": False,
    }
    task = {
        "id": "b" * 16,
        "kind": "connect",
        "timeout_s": 1,
        "attempts": [attempt, {**attempt, "address": "x"}],
    }
    tasks.take([task])
    tasks.take([task])
    wait_until(lambda: bool(plane.said))
    ((_, _, body),) = plane.said
    assert [each["verdict"] for each in body["outcomes"]] == ["refused", "not tried"]


@pytest.mark.parametrize(
    "task", [{"id": "c", "kind": "connect"}, {"id": "c", "kind": "listen"}, listen_task(1)]
)
def test_a_task_that_fails_is_only_logged(task: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    """With its number and the reason. A later task is carried out and told as ever."""
    plane = ControlPlane(refuses=True)
    tasks = Tasks(lambda: plane)
    tasks.take([task])
    said = ""

    def told() -> bool:
        nonlocal said
        said += capfd.readouterr().err
        return f"probe task {task['id']}" in said

    wait_until(told)
    (line,) = [line for line in said.splitlines() if "probe task" in line]
    assert line.rsplit(": ", 1)[1] in ("'attempts'", "'doors'", "there is no such task")
    plane.refuses = False
    later = {**listen_task(free_port()), "id": "d" * 16}
    tasks.take([task, later])
    wait_until(lambda: bool(plane.said))
    ((_, path, body),) = plane.said
    assert (path, body["task"]) == ("/v1/agent/probes", later["id"])
    assert body["listening"][0]["nonce"], "it was carried out, and the one that failed was not begun again"
    tasks.release()


@pytest.fixture
def slurmd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A daemon of this name that ends when it cannot have its port; that port."""
    port = free_port()
    program = tmp_path / "slurmd"
    program.write_text(DAEMON.format(python=sys.executable, here=HERE, port=port))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return port


CONFIGURATION = {"slurm": {"conf_server": "head"}}


def start(daemons: Daemons) -> None:
    daemons.start("slurmd", ["slurmd"])


def ended(daemons: Daemons) -> bool:
    return daemons.running["slurmd"].poll() is not None


def test_a_slurmd_that_found_a_probe_in_its_place_starts_again(
    tmp_path: Path, slurmd: int, tasks: Tasks
) -> None:
    """The probe gives way, and the node does not fail for having been looked at."""
    daemons = Daemons(str(tmp_path))
    tasks.take([listen_task(slurmd)])
    wait_until(lambda: listening(slurmd))
    start(daemons)
    wait_until(lambda: ended(daemons))
    check(daemons, CONFIGURATION, tasks)
    wait_until(lambda: listening(slurmd))
    check(daemons, CONFIGURATION, tasks)
    daemons.running["slurmd"].kill()
    wait_until(lambda: ended(daemons))
    with pytest.raises(StepError, match="slurmd ended"):
        check(daemons, CONFIGURATION, tasks)


def test_a_slurmd_that_ends_without_a_probe_is_a_failure(tmp_path: Path, slurmd: int, tasks: Tasks) -> None:
    """Also when there was one earlier, and slurmd was seen running after it."""
    daemons = Daemons(str(tmp_path))
    start(daemons)
    wait_until(lambda: listening(slurmd))
    other = listen_task(free_port())
    tasks.take([other])
    wait_until(lambda: listening(other["doors"][0]["port"]))
    tasks.take([])
    wait_until(lambda: not listening(other["doors"][0]["port"]))
    check(daemons, CONFIGURATION, tasks)
    daemons.stop("slurmd")
    with suppress(StepError):
        step_slurmd({"slurm": {"conf_server": "x"}}, daemons)
    wait_until(lambda: listening(slurmd))
    daemons.running["slurmd"].kill()
    wait_until(lambda: ended(daemons))
    with pytest.raises(StepError, match="slurmd ended"):
        check(daemons, CONFIGURATION, tasks)
    daemons.stop("slurmd")
