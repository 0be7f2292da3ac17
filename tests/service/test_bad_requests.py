"""Whatever is sent, the answer is a 4xx that says what is wrong, nothing is changed, and the server lives."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from running_plane import CLUSTER, TEMPLATE, WAIT_S, Plane

from burstway.service.api import MOST_AGENT_BODY_BYTES, MOST_BODY_BYTES
from burstway.service.peers import MOST_HEADER_BYTES

pytest_plugins = ["control_planes"]

NODE = f"{CLUSTER}-hpc-380"
SLURM = {"hostlist": NODE, "resume_file": None, "time": 0.0, "id": "x"}
JOIN = {"node": NODE, "token": "t", "csr": "c"}
REPORT = {"steps": [], "configured": True, "failed": ""}
DEEP = "[" * 100_000 + "]" * 100_000


@pytest.fixture(scope="module")
def before(plane: Plane) -> int:
    """The number of the last event there was."""
    return plane.story_length()


@pytest.fixture(autouse=True)
def unharmed(plane: Plane, before: int) -> Iterator[None]:
    """After each test the control plane is the same process, answers, and no story has a line more."""
    pid = plane.get("/v1/status")["pid"]
    yield
    assert plane.get("/v1/status")["pid"] == pid
    assert plane.get("/v1/events", after=before) == []


BODIES: list[tuple[str, bytes]] = [
    ("/v1/slurm/resume", b""),
    ("/v1/slurm/resume", b"{"),
    ("/v1/slurm/resume", b"null"),
    ("/v1/slurm/resume", b"[]"),
    ("/v1/slurm/resume", b"\xff\xfe\x00"),
    ("/v1/slurm/resume", b'{"hostlist": "\xc3\x28"}'),
    ("/v1/slurm/resume", DEEP.encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "hostlist": 7}).encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "hostlist": [NODE]}).encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "time": "soon"}).encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "id": "x" * 65}).encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "more": 1}).encode()),
    ("/v1/slurm/resume", json.dumps({"hostlist": NODE}).encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "hostlist": ""}).encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "hostlist": "elsewhere-1"}).encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "hostlist": f"{NODE},elsewhere-1"}).encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "hostlist": f"{CLUSTER}-hpc-[1-1000000]"}).encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "hostlist": f"{CLUSTER}-hpc-[1-9]" + "[0-9]" * 6}).encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "hostlist": f"{CLUSTER}-hpc-["}).encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "hostlist": "a,\0b"}).encode()),
    ("/v1/slurm/resume", json.dumps({**SLURM, "hostlist": "\ud800"}).encode()),
    ("/v1/slurm/suspend", json.dumps({**SLURM, "hostlist": "elsewhere-1"}).encode()),
    ("/v1/slurm/resume-fail", json.dumps({**SLURM, "hostlist": "elsewhere-1"}).encode()),
    ("/v1/slurm/reboot", json.dumps(SLURM).encode()),
    ("/v1/nodes/start", json.dumps({"nodes": f"{CLUSTER}-hpc-401"}).encode()),
    ("/v1/nodes/start", json.dumps({"nodes": NODE, "reason": 3}).encode()),
    ("/v1/nodes/reboot", json.dumps({"nodes": NODE}).encode()),
    ("/v1/people", json.dumps({"name": "a b", "role": "viewer"}).encode()),
    ("/v1/people", json.dumps({"name": "a", "role": "owner"}).encode()),
    ("/v1/people", json.dumps({"name": "a\n", "role": "viewer"}).encode()),
    ("/v1/clusters", json.dumps({"name": "a b", "template": TEMPLATE, "file": "t"}).encode()),
    ("/v1/clusters", json.dumps({"name": "c9", "template": "[[[", "file": "t"}).encode()),
    ("/v1/clusters", json.dumps({"name": CLUSTER, "template": TEMPLATE, "file": "t"}).encode()),
    ("/v1/clusters", json.dumps({"name": "c9", "template": "\ud800", "file": "t"}).encode()),
    ("/v1/agent/join", json.dumps({**JOIN, "node": "x" * 64}).encode()),
    ("/v1/agent/join", json.dumps({**JOIN, "node": "\0"}).encode()),
    ("/v1/agent/join", json.dumps({**JOIN, "token": "\ud800"}).encode()),
    ("/v1/agent/join", json.dumps({**JOIN, "csr": None}).encode()),
    ("/v1/agent/join", DEEP[:50_000].encode()),
]


@pytest.mark.parametrize("number", range(len(BODIES)))
def test_a_body_that_is_not_what_the_path_takes_is_refused(plane: Plane, number: int) -> None:
    """As JSON with a code and what is wrong, for people and programs alike."""
    path, body = BODIES[number]
    with plane.local() as root:
        answer = root.post(path, content=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["code"]
    assert answer.json()["what"]


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_only_json_is_taken(plane: Plane, content_type: str) -> None:
    """A form in somebody's browser cannot start a node."""
    with plane.local() as root:
        body = json.dumps({"nodes": NODE}).encode()
        answer = root.post("/v1/nodes/start", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 422


PATHS = (
    "/", "/v2/nodes", "/v1/nodes/%ff", "/v1/nodes/%00", "/v1/nodes/..%2f..%2fetc", "/v1/nodes/" + "x" * 5000,
    "/v1/nodes/c1-hpc-[1-9]", "/v1/nodes/%20c1-hpc-1", "/v1/clusters/%F0%9F%92%A9", "/v1/events?after=x",
    "/v1/events?after=-1e99", "/v1/events?after=99999999999999999999999", "/v1/nodes?everything=perhaps",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_does_not_exist_is_refused(plane: Plane, path: str) -> None:
    """With the status for it, never by a defect."""
    with plane.local() as root:
        answer = root.get(path)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["what"]


def test_a_method_that_does_not_fit_is_refused(plane: Plane) -> None:
    """Looking never changes anything."""
    with plane.local() as root:
        for method, path in (("GET", "/v1/nodes/start/x"), ("PUT", "/v1/nodes"), ("TRACE", "/v1/status")):
            assert root.request(method, path).status_code in (404, 405)


SIZES = [("/v1/agent/join", MOST_AGENT_BODY_BYTES), ("/v1/agent/report", MOST_AGENT_BODY_BYTES),
         ("/v1/nodes/start", MOST_BODY_BYTES)]  # fmt: skip


@pytest.mark.parametrize(("path", "most"), SIZES)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_a_largest_size(plane: Plane, path: str, most: int, chunked: bool) -> None:
    """By its announced length or by its real one, before anybody looks at it, token or not."""
    piece = b"x" * 16_384

    def pieces() -> Iterator[bytes]:
        for _ in range(most // len(piece) + 1):
            yield piece

    with plane.network() as nobody:
        if chunked:
            answer = nobody.post(path, content=pieces())
        else:
            answer = nobody.post(path, content=b"x" * (most + 1))
        assert answer.status_code == 413
        assert f"{most:,} bytes" in answer.json()["what"]


def test_an_announced_size_is_refused_before_it_is_sent(plane: Plane) -> None:
    """Nobody waits for sixteen gigabytes."""
    head = b"POST /v1/agent/join HTTP/1.1\r\nHost: x\r\nContent-Length: 17179869184\r\n\r\n"
    with plane.raw() as tls:
        tls.sendall(head)
        assert tls.recv(100).startswith(b"HTTP/1.1 413 ")


NOT_HTTP: list[bytes] = [
    b"\0" * 100 + b"\r\n\r\n",
    b"EHLO there\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /v1/status HTTP/1.1\r\nNo colon here\r\n\r\n",
    b"GET /v1/status HTTP/1.1\r\nContent-Length: minus one\r\n\r\n",
    b"POST /v1/agent/join HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"POST /v1/agent/join HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v1/agent/join HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /v1/status HTTP/1.1\r\nX: " + b"y" * (MOST_HEADER_BYTES + 1) + b"\r\n\r\n",
    b"GET /v1/status HTTP/1.1\r\n" + b"X: y\r\n" * MOST_HEADER_BYTES + b"\r\n",
    b"GET /" + b"y" * (MOST_HEADER_BYTES + 1) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
]


@pytest.mark.parametrize("number", range(len(NOT_HTTP)))
def test_what_is_not_http_ends_its_own_connection(plane: Plane, number: int) -> None:
    """With a 400 or without an answer, and without harm to others."""
    with plane.raw() as tls:
        try:
            tls.sendall(NOT_HTTP[number])
            answer = tls.recv(1000)
        except (ConnectionError, ssl.SSLError):
            answer = b""
        assert not answer or answer.startswith(b"HTTP/1.1 4"), answer


def test_a_header_without_an_end_is_not_kept(plane: Plane) -> None:
    """A header that never ends is refused at its largest size, and not read for ever."""
    with plane.raw() as tls:
        tls.sendall(b"GET /v1/status HTTP/1.1\r\nX: ")
        try:
            for _ in range(40):
                tls.sendall(b"y" * 65_536)
            ended = tls.recv(100)
        except (ConnectionError, ssl.SSLError):
            ended = b""
    assert not ended or ended.startswith(b"HTTP/1.1 4")


def test_what_is_not_tls_is_closed(plane: Plane) -> None:
    """A plain HTTP request on the TLS port gets no answer in clear text."""
    with closing(socket.create_connection((plane.address, plane.port), WAIT_S)) as plain:
        plain.sendall(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
        with suppress(ConnectionError):
            assert not plain.recv(1000).startswith(b"HTTP")


def test_the_log_has_no_traceback(plane: Plane) -> None:
    """None of the above is a defect that the log would show."""
    assert "Traceback" not in Path(plane.log).read_text()
