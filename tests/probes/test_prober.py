"""What the prober says of real sockets: of listeners of ours, of services, of nothing, and of nonsense."""

import contextlib
import datetime
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from burstway.agent.node.listeners import SERVED, Listeners
from burstway.agent.node.prober import VERDICTS, Attempt, Outcome, probe
from burstway.identity.authority import Authority
from burstway.probes.outcome import Verdict
from burstway.probes.served import served_at

HERE = "127.0.0.1"
Answer = Callable[[socket.socket], None]


@pytest.fixture
def listeners() -> Iterator[Listeners]:
    made = Listeners()
    yield made
    made.close_all()
    assert not made.any()


@contextlib.contextmanager
def service(answer: Answer) -> Iterator[int]:
    """A TCP service that gives this answer to whoever connects; its port."""
    with socket.create_server((HERE, 0)) as door:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    guest, _ = door.accept()
                    with guest, contextlib.suppress(OSError):
                        guest.settimeout(30)
                        answer(guest)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(door.getsockname()[1])
        door.shutdown(socket.SHUT_RDWR)
        thread.join()


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as plug:
        plug.bind((HERE, 0))
        return int(plug.getsockname()[1])


SHORT_S = 0.5
"""Where silence is waited for; all else has time enough on any machine."""


def one(attempt: Attempt, timeout: float = 10) -> Outcome:
    (outcome,) = probe([attempt], timeout)
    return outcome


def test_the_verdicts_of_the_agent_are_those_of_the_report() -> None:
    """The agent cannot import them, so they are written twice and compared here."""
    assert set(VERDICTS) == {str(verdict) for verdict in Verdict}


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_listener_of_ours_is_open(listeners: Listeners, protocol: str) -> None:
    """It answers with its nonce, on the port and the protocol that were asked for."""
    port = free_port(socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
    ((nonce, detail),) = listeners.open("run", [(HERE, protocol, port)], 10)
    assert detail == ""
    for _ in range(3):
        outcome = one(Attempt(HERE, protocol, port, nonce=nonce))
        assert (outcome.verdict, outcome.detail) == ("open", "")
    wrong = one(Attempt(HERE, protocol, port, nonce="burstway " + "0" * 24))
    assert wrong.verdict == "wrong service"


def silent(guest: socket.socket) -> None:
    """It hears everything until the other side has enough of it, and says nothing."""
    while guest.recv(1024):
        pass


def banner(text: bytes) -> Answer:
    return lambda guest: guest.sendall(text)


def in_pieces(guest: socket.socket) -> None:
    for piece in (b"S", b"SH", b"-2.0-OpenSSH_9.2\r\n"):
        guest.sendall(piece)
        time.sleep(0.05)


def reset(guest: socket.socket) -> None:
    guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


SERVICES: dict[str, tuple[Answer, str, str, str, str]] = {
    # what it answers, the greeting and the nonce that are due, the verdict and what is said
    "anything": (silent, "", "", "open", ""),
    "ssh": (banner(b"SSH-2.0-x\r\n"), "SSH", "", "open", ""),
    "ssh in pieces": (in_pieces, "SSH", "", "open", ""),
    "smtp for ssh": (banner(b"220 mail\r\n"), "SSH", "", "wrong service", "it said '220 mail"),
    "silence for ssh": (silent, "SSH", "", "wrong service", "no answer in 0.5 s"),
    "closed for ssh": (lambda _: None, "SSH", "", "wrong service", "SSH greeting did not come"),
    "reset for ssh": (reset, "SSH", "", "wrong service", "SSH greeting did not come"),
    "alert": (banner(b"\x15\x03\x01\x00\x02\x02\x28"), "TLS", "", "open", ""),
    "http for tls": (banner(b"HTTP/1.1 400 Bad"), "TLS", "", "wrong service", "it said 'HTTP/1.1 400"),
    "half a byte of tls": (banner(b"\x16"), "TLS", "", "wrong service", "it said '\\x16'"),
    "silence for tls": (silent, "TLS", "", "wrong service", "TLS greeting did not come: no answer"),
    "another nonce": (banner(b"burstway 1"), "", "burstway 2", "wrong service", "it said 'burstway 1'"),
    "no nonce": (silent, "", "burstway 2", "wrong service", "our listener's answer did not come"),
    "a nonce and more": (banner(b"burstway 2\nx"), "", "burstway 2", "open", ""),
    "a nonce, not the greeting": (banner(b"burstway 2"), "SSH", "burstway 2", "open", ""),
    "much for ssh": (banner(b"\xff" * 100_000), "SSH", "", "wrong service", "\\xff"),
}


@pytest.mark.parametrize("case", SERVICES)
def test_a_service_is_judged_by_what_it_answers(case: str) -> None:
    """One that is connected to, and is not what is due, is a wrong service, and its words are shown."""
    answer, greeting, nonce, verdict, said = SERVICES[case]
    with service(answer) as port:
        timeout = SHORT_S if answer is silent else 10
        outcome = one(Attempt(HERE, "tcp", port, greeting, nonce), timeout)
    assert outcome.verdict == verdict, outcome.detail
    assert said in outcome.detail
    assert len(outcome.detail) < 250


def test_a_real_tls_server_is_open(tmp_path: Path) -> None:
    """Whatever certificate it has: the probe asks who is there, and tells it nothing."""
    now = datetime.datetime.now(datetime.UTC)
    Authority(tmp_path / "ca", "hq", now).server_files(tmp_path, [IPv4Address(HERE)], now)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")

    def serve(guest: socket.socket) -> None:
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(guest, server_side=True):
            pass

    with service(serve) as port:
        assert one(Attempt(HERE, "tcp", port, "TLS")).verdict == "open"


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("nonce", "served", "verdict", "said"),
    [
        ("", False, "refused", "Connection refused"),
        ("burstway 1", False, "filtered", "though our listener is there"),
        ("", True, "filtered", "though a service is there"),
    ],
)
def test_a_closed_port_is_refused(protocol: str, nonce: str, served: bool, verdict: str, said: str) -> None:
    """The packet got there and nobody listens. Where somebody is known to listen, something else must have
    answered."""
    port = free_port(socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
    outcome = one(Attempt(HERE, protocol, port, nonce=nonce, served=served))
    assert outcome.verdict == verdict
    assert said in outcome.detail


def test_a_silent_datagram_service_tells_nothing() -> None:
    """It may only not know the question. One that answers, whatever it is, is open."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        plug.bind((HERE, 0))
        port = plug.getsockname()[1]
        assert one(Attempt(HERE, "udp", port), 0.3).verdict == "silent"
        plug.setblocking(False)
        asked = []
        with contextlib.suppress(BlockingIOError):
            while True:
                asked.append(plug.recvfrom(100))
        assert len(asked) == 4, "it was asked again inside the time-out"
        plug.settimeout(2)

        def answer() -> None:
            _, who = plug.recvfrom(100)
            plug.sendto(b"?", who)

        thread = threading.Thread(target=answer)
        thread.start()
        assert one(Attempt(HERE, "udp", port), 0.3).verdict == "open"
        thread.join()


@pytest.mark.parametrize(
    ("address", "port"), [("head", 1), ("", 1), ("1.2.3", 1), ("::zz", 1), (HERE, 70_000), (HERE, -1)]
)
def test_what_is_no_address_is_not_tried(address: str, port: int) -> None:
    """Names are not looked up; the attempts beside it are carried out."""
    with service(silent) as real:
        bad, good = probe([Attempt(address, "tcp", port), Attempt(HERE, "tcp", real)], 10)
    assert bad.verdict == "not tried"
    assert bad.detail
    assert good.verdict == "open"


def test_nothing_to_try_is_no_outcome() -> None:
    """And takes no time."""
    assert probe([], 5) == []


def test_descriptors_are_never_all_used(listeners: Listeners) -> None:
    """With room for a few only, many attempts are made one after the other, and none is lost."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    port = free_port()
    ((nonce, _),) = listeners.open("run", [(HERE, "tcp", port)], 10)
    resource.setrlimit(resource.RLIMIT_NOFILE, (120, hard))
    try:
        outcomes = probe([Attempt(HERE, "tcp", port, nonce=nonce)] * 500, 10)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [outcome.verdict for outcome in outcomes] == ["open"] * 500


def test_a_process_without_a_descriptor_says_so(listeners: Listeners) -> None:
    """Nothing is tried, and nothing else breaks."""
    port = free_port()
    ((nonce, _),) = listeners.open("run", [(HERE, "tcp", port)], 10)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    attempt = Attempt(HERE, "tcp", port, nonce=nonce)
    with contextlib.ExitStack() as taken:
        resource.setrlimit(resource.RLIMIT_NOFILE, (60, hard))
        try:
            with contextlib.suppress(OSError):
                while True:
                    taken.enter_context(socket.socket())
            outcomes = probe([attempt, attempt], 0.5)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [(each.verdict, each.detail) for each in outcomes] == [("not tried", "Too many open files")] * 2
    assert one(attempt).verdict == "open"


def test_a_port_in_use_is_the_services_own(listeners: Listeners) -> None:
    """It is not taken away, and what answers there is the service."""
    with service(banner(b"SSH-2.0-x\r\n")) as port:
        ((nonce, detail),) = listeners.open("run", [(HERE, "tcp", port)], 10)
        assert (nonce, detail) == ("", SERVED)
        assert one(Attempt(HERE, "tcp", port, "SSH")).verdict == "open"
    assert not listeners.any()


def test_a_port_that_a_connection_has_is_nobodys_service(listeners: Listeners) -> None:
    """It cannot be had, and nobody listens there: that nobody answers says nothing about the network."""
    with service(silent) as port, socket.socket() as plug:
        plug.connect((HERE, port))
        ((nonce, detail),) = listeners.open("run", [(HERE, "tcp", plug.getsockname()[1])], 10)
    assert nonce == ""
    assert "in use" in detail


def test_runs_share_a_listener_and_do_not_disturb_one_another(listeners: Listeners) -> None:
    """It answers with one nonce, and closes when the last of them needs it no longer."""
    door = (HERE, "tcp", free_port())
    ((first, _),) = listeners.open("one", [door], 10)
    ((second, _),) = listeners.open("two", [door], 10)
    assert first == second
    listeners.close("one")
    assert one(Attempt(*door, nonce=second)).verdict == "open"
    listeners.close("two")
    until_closed(door)


def test_a_listener_ends_at_its_deadline_by_itself(listeners: Listeners) -> None:
    """Whoever opened it may be dead by then. The port can be had again at once, by a service too."""
    door = (HERE, "tcp", free_port())
    ((nonce, _),) = listeners.open("run", [door], 0.3)
    assert one(Attempt(*door, nonce=nonce)).verdict == "open"
    until_closed(door)
    with socket.socket() as plug:
        plug.bind((HERE, door[2]))
        plug.listen()


def until_closed(door: tuple[str, str, int]) -> None:
    deadline = time.monotonic() + 30
    while one(Attempt(*door)).verdict != "refused":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_listener_outlives_rude_guests(listeners: Listeners) -> None:
    """Who resets, who talks, who stays: the next one is answered all the same."""
    door = (HERE, "tcp", free_port())
    ((nonce, _),) = listeners.open("run", [door], 10)
    with contextlib.ExitStack() as stay:
        for turn in range(600):
            guest = stay.enter_context(socket.create_connection((HERE, door[2]), 2))
            if turn % 3 == 0:
                guest.sendall(b"x" * 2000)
            if turn % 5 == 0:
                reset(guest)
                guest.close()
        assert one(Attempt(*door, nonce=nonce)).verdict == "open"


def test_a_guest_that_stays_for_long_is_sent_away(listeners: Listeners) -> None:
    """With a reset, and whatever it says meanwhile; its answer it has had at once."""
    door = (HERE, "tcp", free_port())
    ((nonce, _),) = listeners.open("run", [door], 60)
    with socket.create_connection((HERE, door[2]), 30) as guest:
        assert guest.recv(1024) == nonce.encode("ascii")
        deadline = time.monotonic() + 30
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < deadline:
                guest.sendall(b"x")
                time.sleep(0.05)
        assert time.monotonic() < deadline
    assert one(Attempt(*door, nonce=nonce)).verdict == "open"


FULL = """
import resource, socket, sys, time
from burstway.agent.node.listeners import Listeners

here, port, most = "127.0.0.1", int(sys.argv[1]), 64
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
listeners = Listeners()
((nonce, detail),) = listeners.open("run", [(here, "tcp", port)], 120)
guest = socket.socket()
taken = []
try:
    while True:
        taken.append(socket.socket())
except OSError as error:
    print(error.strerror, flush=True)
guest.connect((here, port))  # it waits at the door: nobody can let it in
time.sleep(0.3)
busy, began = time.process_time(), time.monotonic()
time.sleep(1.5)
print((time.process_time() - busy) / (time.monotonic() - began), flush=True)
for plug in taken:
    plug.close()
guest.settimeout(30)
print(guest.recv(1024).decode() == nonce, flush=True)
guest.close()
listeners.close_all()
((nonce, detail),) = listeners.open("run", [(here, "tcp", port)], 120)
print(bool(nonce))
listeners.close_all()
"""


def run_apart(program: str, *words: str) -> list[str]:
    """The lines that it printed, in a process of its own: its limits are not ours."""
    ran = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_a_process_without_descriptors_does_not_spin() -> None:
    """Whoever connects meanwhile waits at the door, and is answered when there are descriptors again."""
    full, busy, answered, again = run_apart(FULL, str(free_port()))
    assert full == "Too many open files"
    assert float(busy) < 0.5, "it looked again all the time"
    assert (answered, again) == ("True", "True")


NO_ROOM = """
import resource, socket, sys
from burstway.agent.node.listeners import Listeners

here, port = "127.0.0.1", int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
listeners = Listeners()
taken = []
try:
    while True:
        taken.append(socket.socket())
except OSError:
    taken.pop().close()
print(listeners.open("run", [(here, "tcp", port)], 120), listeners.any())
for plug in taken:
    plug.close()
print(bool(listeners.open("run", [(here, "tcp", port)], 120)[0][0]))
listeners.close_all()
"""


def test_a_door_that_nobody_can_answer_at_is_not_left_open() -> None:
    """There is one descriptor, for the door alone: it is closed again, and said why."""
    first, again = run_apart(NO_ROOM, str(free_port()))
    assert first == "[('', '[Errno 24] Too many open files')] False"
    assert again == "True"


@pytest.mark.parametrize(
    ("family", "at", "asked", "found"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1", True),
        (socket.AF_INET, "0.0.0.0", "127.0.0.1", True),
        (socket.AF_INET, "127.0.0.1", "127.0.0.2", False),
        (socket.AF_INET6, "::", "127.0.0.1", True),
        (socket.AF_INET6, "::ffff:127.0.0.1", "127.0.0.1", True),
        (socket.AF_INET6, "::1", "::1", True),
        (socket.AF_INET6, "::1", "127.0.0.1", False),
        (socket.AF_INET, "127.0.0.1", "::1", False),
    ],
)
def test_a_service_is_there_at_its_own_address(
    family: socket.AddressFamily, at: str, asked: str, found: bool
) -> None:
    """Or at all of them; one that is bound and does not listen is not there."""
    with socket.socket(family) as plug:
        plug.bind((at, 0))
        port = int(plug.getsockname()[1])
        assert not served_at([(asked, port)])
        plug.listen()
        assert served_at([(asked, port)]) == ({(asked, port)} if found else set())
    assert not served_at([(asked, port)])


def test_an_address_that_is_not_the_machines_is_listened_for_on_all(listeners: Listeners) -> None:
    """Where addresses are translated a machine does not know the one that it is reached at."""
    port = free_port()
    ((nonce, _),) = listeners.open("run", [("192.0.2.7", "tcp", port)], 10)
    assert one(Attempt(HERE, "tcp", port, nonce=nonce)).verdict == "open"


@pytest.mark.parametrize("door", [("head", "tcp", 7), (HERE, "tcp", 70_000), (HERE, "udp", -1)])
def test_a_door_that_cannot_be_opened_says_why(listeners: Listeners, door: tuple[str, str, int]) -> None:
    """And the others of the same order are open."""
    good = (HERE, "tcp", free_port())
    (nonce, detail), (other, _) = listeners.open("run", [door, good], 10)
    assert nonce == ""
    assert detail
    assert one(Attempt(*good, nonce=other)).verdict == "open"
