"""The programs that slurmctld runs: handed over, refused or spooled, and never lost."""

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from burstway.slurm import programs
from burstway.slurm.resume_file import read_spooled

BIN = Path(sys.executable).parent
REFUSAL = json.dumps(
    {"code": "unknown", "what": "no cluster has hpc9-hpc-1", "where": "", "remedy": "import it first"}
)


@dataclass
class ControlPlane:
    """A control plane that remembers requests and answers each with `status` and `content`."""

    path: Path
    status: int = 202
    content: str = "{}"
    answers: bool = True
    requests: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65_536)
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:])
        while len(body) < int(headers["Content-Length"]):
            body += connection.recv(65_536)
        assert headers["Connection"] == "close"
        self.requests.append((lines[0], json.loads(body)))
        if self.answers:
            answer = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.content)}\r\n\r\n{self.content}"
            connection.sendall(answer.encode())
        else:
            connection.recv(1)


@pytest.fixture
def control_plane(tmp_path: Path) -> Iterator[ControlPlane]:
    plane = ControlPlane(tmp_path / "burstway.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(plane.path))
        listener.listen()
        thread = threading.Thread(target=plane.serve, args=(listener,))
        thread.start()
        yield plane
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def call(tmp_path: Path, program: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed program as slurmctld does: hardly any environment."""
    environment = {
        "SLURM_CONF": "/etc/slurm/slurm.conf",
        "BURSTWAY_SOCKET": str(tmp_path / "burstway.sock"),
        "BURSTWAY_SPOOL": str(tmp_path / "spool"),
        **more,
    }
    return subprocess.run(
        [BIN / program, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=20
    )


@pytest.mark.parametrize("program", ["resume", "suspend", "resume-fail"])
def test_a_request_reaches_the_control_plane(
    program: str, control_plane: ControlPlane, spool: Path, tmp_path: Path
) -> None:
    """Each program posts its hostlist to its own path, and leaves nothing in the spool."""
    started = time.time()
    done = call(tmp_path, f"burstway-{program}", "hpc1-hpc-[1-1000]")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    ((line, body),) = control_plane.requests
    assert line == f"POST /v1/slurm/{program} HTTP/1.1"
    assert body["hostlist"] == "hpc1-hpc-[1-1000]"
    assert body["resume_file"] is None
    assert isinstance(body["time"], float)
    assert started - 1 <= body["time"] <= time.time() + 1
    assert isinstance(body["id"], str)
    assert len(body["id"]) == 32
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        '{"jobs":[{"job_id":1,"nodes":"hpc1-hpc-1"}],"all_nodes":"hpc1-hpc-1"}',
        'a "quoted" \\ line\n\r\t\x00\x1f\x7f \u2028 é 😀',
        '{"all_nodes": "' + ",".join(f"hpc1-hpc-{index}" for index in range(20_000)) + '"}',
    ],
    ids=["plain", "every kind of character", "large"],
)
def test_the_resume_file_arrives_as_it_is(
    text: str, control_plane: ControlPlane, spool: Path, tmp_path: Path
) -> None:
    """The text of the resume file is handed over unchanged, whatever is in it."""
    file = tmp_path / "resume.json"
    file.write_bytes(text.encode())
    assert call(tmp_path, "burstway-resume", "hpc1-hpc-1", SLURM_RESUME_FILE=str(file)).returncode == 0
    assert control_plane.requests[0][1]["resume_file"] == text


@pytest.mark.parametrize("state", ["missing", "empty", "a folder", "too large"])
def test_a_resume_file_that_cannot_be_read_is_no_error(
    state: str, control_plane: ControlPlane, spool: Path, tmp_path: Path
) -> None:
    """slurmctld may have taken the file away: the hostlist goes alone."""
    file = tmp_path / "resume.json"
    if state == "empty":
        file.touch()
    elif state == "a folder":
        file.mkdir()
    elif state == "too large":
        with file.open("wb") as sparse:
            sparse.truncate(programs.MOST_RESUME_FILE_BYTES + 1)
    assert call(tmp_path, "burstway-resume", "hpc1-hpc-1", SLURM_RESUME_FILE=str(file)).returncode == 0
    assert control_plane.requests[0][1]["resume_file"] is None


def test_suspend_reads_no_resume_file(control_plane: ControlPlane, spool: Path, tmp_path: Path) -> None:
    """A SLURM_RESUME_FILE left in the environment is not the business of burstway-suspend."""
    file = tmp_path / "resume.json"
    file.write_text("{}")
    call(tmp_path, "burstway-suspend", "hpc1-hpc-1", SLURM_RESUME_FILE=str(file))
    assert control_plane.requests[0][1]["resume_file"] is None


def test_every_request_has_its_own_id(control_plane: ControlPlane, spool: Path, tmp_path: Path) -> None:
    """The same hostlist asked for twice is two requests."""
    for _ in range(2):
        call(tmp_path, "burstway-resume", "hpc1-hpc-1")
    assert len({str(body["id"]) for _, body in control_plane.requests}) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (REFUSAL, "burstway-resume: no cluster has hpc9-hpc-1 (import it first)\n"),
        ("<html>", "burstway-resume: the control plane refuses with status 404\n"),
        ('{"detail": "x"}', "burstway-resume: the control plane refuses with status 404\n"),
    ],
)
def test_a_refusal_is_told_and_not_spooled(
    content: str, said: str, control_plane: ControlPlane, spool: Path, tmp_path: Path
) -> None:
    """What the control plane refuses would be refused again: exit 2 with what it says."""
    control_plane.status, control_plane.content = 404, content
    done = call(tmp_path, "burstway-resume", "hpc9-hpc-1")
    assert (done.returncode, done.stderr) == (2, said)
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize("trouble", ["no socket", "refused", "server error", "no answer", "not a socket"])
def test_a_request_that_is_not_answered_is_spooled(
    trouble: str, spool: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """When the control plane is down, slow or broken the request is kept whole, for SlurmUser's eyes only."""
    path = tmp_path / "burstway.sock"
    if trouble == "refused":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as closed:
            closed.bind(str(path))
    elif trouble == "not a socket":
        path.write_text("")
    elif trouble != "no socket":
        plane: ControlPlane = request.getfixturevalue("control_plane")
        plane.status, plane.answers = 503, trouble != "no answer"
    file = tmp_path / "resume.json"
    file.write_text('{"all_nodes": "hpc1-hpc-1"}')
    started = time.monotonic()
    done = call(tmp_path, "burstway-resume", "hpc1-hpc-1", SLURM_RESUME_FILE=str(file))
    assert time.monotonic() - started < programs.ANSWER_WITHIN_S + 1.5
    (kept,) = spool.iterdir()
    assert done.returncode == 0
    assert f"the request is kept in {kept}" in done.stderr
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    entry = read_spooled(kept)
    assert (entry.program, entry.hostlist, entry.resume_file) == ("resume", "hpc1-hpc-1", file.read_text())
    if trouble in ("server error", "no answer"):
        assert entry.id == plane.requests[0][1]["id"], "what was answered too late must be known again"


def test_spooled_requests_sort_by_time(spool: Path, tmp_path: Path) -> None:
    """The names alone give the order in which the requests were made."""
    order = ["resume", "suspend", "resume-fail", "resume"]
    for index, program in enumerate(order):
        call(tmp_path, f"burstway-{program}", f"hpc1-hpc-{index}")
    entries = [read_spooled(path) for path in sorted(spool.iterdir())]
    assert [(entry.program, entry.hostlist) for entry in entries] == [
        (program, f"hpc1-hpc-{index}") for index, program in enumerate(order)
    ]


def test_a_request_that_cannot_be_spooled_either_is_an_error(tmp_path: Path) -> None:
    """With no control plane and no spool the program fails, and says what to do."""
    done = call(tmp_path, "burstway-suspend", "hpc1-hpc-1")
    assert done.returncode == 1
    assert "the request is lost" in done.stderr
    assert "let SlurmUser write to" in done.stderr


def test_a_full_disk_leaves_nothing_half_written(
    spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spool entry is complete or not there: a failing disk leaves no draft behind."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        programs.spool(str(spool), "resume", programs.request_body("hpc1-hpc-1", None))
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((), 2), (("a", "b"), 2), (("",), 2), (("-x",), 2), (("--help",), 0), (("-h",), 0)],
)
def test_usage(arguments: tuple[str, ...], code: int, tmp_path: Path) -> None:
    """One hostlist and nothing else; what to write is said on stderr."""
    done = call(tmp_path, "burstway-resume-fail", *arguments)
    assert (done.returncode, done.stderr) == (code, "usage: burstway-resume-fail HOSTLIST\n")


def test_the_programs_import_next_to_nothing() -> None:
    """What makes Python start slowly stays out: socket, json, and the rest of Burstway."""
    code = "import sys; import burstway.slurm.programs; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert {"socket", "json", "re", "enum", "typing", "dataclasses", "pathlib"}.isdisjoint(modules)
    assert [name for name in modules if name.startswith("burstway")] == [
        "burstway",
        "burstway.slurm",
        "burstway.slurm.programs",
    ]
