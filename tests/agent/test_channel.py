"""How the agent speaks with the control plane: it tries again until it is answered, and takes a no as one."""

import contextlib
import datetime
import http.server
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from burstway.agent.node.channel import Channel, join
from burstway.agent.node.console import RefusedError, StepError
from burstway.agent.node.steps import step_clock
from burstway.identity.authority import Authority

NOW = datetime.datetime.now(datetime.UTC)


class Site:
    """An HTTPS server that gives the prepared answers (status, body), the last one for ever."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "ca", "hq", NOW)
        self.authority.server_files(folder, [IPv4Address("127.0.0.1")], NOW)
        self._folder = folder
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.answers: list[tuple[int, bytes]] = []
        self.requests: list[tuple[str, Any]] = []

    def boot(self, authority: str = "") -> dict[str, Any]:
        pem = authority or self.authority.pem
        return {"url": f"https://127.0.0.1:{self.port}", "authority": pem, "node": "hpc1-hpc-1", "token": "t"}

    @contextlib.contextmanager
    def serving(self, after_s: float = 0) -> Iterator[None]:
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.requests.append((self.path, json.loads(body) if body else None))
                status, answer = site.answers[0] if len(site.answers) == 1 else site.answers.pop(0)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = answer  # noqa: N815  the names that http.server looks for

            def log_message(self, *_: object) -> None:
                pass

        def run() -> None:
            time.sleep(after_s)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._folder / "server.pem", self._folder / "server.key")
            with http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler) as server:
                server.socket = context.wrap_socket(server.socket, server_side=True)
                started.append(server)
                server.serve_forever(0.05)

        started: list[http.server.ThreadingHTTPServer] = []
        thread = threading.Thread(target=run)
        thread.start()
        try:
            if not after_s:
                while not started:
                    time.sleep(0.01)
            yield
        finally:
            while not started:
                time.sleep(0.01)
            started[0].shutdown()
            thread.join()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def node(tmp_path: Path) -> Path:
    folder = tmp_path / "node"
    folder.mkdir()
    return folder


def test_joining_waits_for_a_control_plane_that_is_not_there_yet(site: Site, node: Path) -> None:
    """Refused connections and a 5xx are tried again; then the certificate is kept, in mode 0600."""
    site.answers = [(503, b"{}"), (200, b"not JSON"), (200, json.dumps({"certificate": "PEM"}).encode())]
    boot = site.boot()
    channel = Channel(str(node), boot)
    with site.serving(after_s=0.3):
        join(channel, str(node), boot)
        channel.close()
    assert (node / "node.pem").read_text() == "PEM"
    assert (node / "node.pem").stat().st_mode & 0o777 == 0o600
    assert (node / "node.key").stat().st_mode & 0o777 == 0o600
    (path, body) = site.requests[0]
    assert path == "/v1/agent/join"
    assert (body["node"], body["token"]) == ("hpc1-hpc-1", "t")
    assert site.authority.sign_node(body["csr"], "hpc1-hpc-1", NOW).serial, "the request is one we sign"


def test_a_node_that_has_joined_does_not_join_again(site: Site, node: Path) -> None:
    """Started anew on the same machine it goes on with its certificate; nobody is asked."""
    (node / "node.pem").write_text("PEM")
    join(Channel(str(node), site.boot()), str(node), site.boot())
    assert not site.requests


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422])
def test_a_lasting_no_is_not_asked_again(site: Site, node: Path, status: int) -> None:
    """The agent says what the control plane said."""
    site.answers = [(status, b'{"what": "the token was used", "remedy": "start again"}')]
    channel = Channel(str(node), site.boot())
    with site.serving(), pytest.raises(RefusedError, match="the token was used start again"):
        channel.call("GET", "/v1/agent/configuration")
    channel.close()
    assert len(site.requests) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"\xff\xfe"])
def test_a_no_without_words_is_still_a_no(site: Site, node: Path, body: bytes) -> None:
    """A proxy's error page ends it with the status."""
    site.answers = [(403, body)]
    channel = Channel(str(node), site.boot())
    with site.serving(), pytest.raises(RefusedError):
        channel.call("GET", "/")
    channel.close()


def test_a_control_plane_of_another_authority_is_never_spoken_to(
    site: Site, node: Path, tmp_path: Path
) -> None:
    """The token does not leave the node: the connection ends before a request is made."""
    boot = site.boot(Authority(tmp_path / "other", "hq", NOW).pem)
    site.answers = [(200, b"{}")]
    channel = Channel(str(node), boot)
    with site.serving(), pytest.raises(ssl.SSLCertVerificationError):
        channel._once("POST", "/v1/agent/join", {"token": "t"}, 5)
    assert not site.requests


def test_patience_may_be_bounded(site: Site, node: Path) -> None:
    """What is worth nothing later is given up after its time; whoever asked gets the network's own error."""
    channel = Channel(str(node), site.boot())
    started = time.monotonic()
    with pytest.raises(ConnectionRefusedError):
        channel.call("POST", "/v1/agent/probes", {}, patience=1)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("off_s", "fits"), [(0, True), (100, True), (-100, True), (140, False), (-140, False)]
)
def test_a_clock_that_is_far_off_is_refused(off_s: float, fits: bool) -> None:
    """munge would refuse its credentials later, in the middle of jobs."""
    configuration = {"time": time.time() + off_s}
    daemons: Any = None
    if fits:
        step_clock(configuration, daemons)
    else:
        with pytest.raises(StepError, match=r"the clock is -?1\d\d s off the control plane's"):
            step_clock(configuration, daemons)
