"""Tries connections: one selector, no thread of its own, a deadline for each.

The control plane uses this module too: there is no second prober. What becomes of an attempt is one of:

open           connected, and whatever was due came (our listener's nonce, a TLS record, an SSH banner)
refused        a reset or "port unreachable": the packet got there, and nobody listens
filtered       no answer in time, or an answer that is not the target's: prohibited, unreachable
wrong service  connected, and what was due did not come
silent         UDP to a service that is not ours and did not answer: that tells nothing
not tried      this machine could not even try
"""

import collections
import errno
import heapq
import os
import resource
import selectors
import socket
import ssl
import time

MYPY = False
if MYPY:
    from typing import Any, Deque, Dict, List, Optional, Tuple

OPEN, REFUSED, FILTERED, WRONG, SILENT, NOT_TRIED = (
    "open", "refused", "filtered", "wrong service", "silent", "not tried",
)  # fmt: skip
VERDICTS = (OPEN, REFUSED, FILTERED, WRONG, SILENT, NOT_TRIED)
TLS, SSH = "TLS", "SSH"

QUESTION = b"burstway probe".ljust(64, b".")
"""What is sent by UDP. It is longer than any answer of our listener, which so never amplifies anything."""
SEND_AGAIN = (0.2, 0.45, 0.7)
"""When a datagram is sent again, as parts of the time-out."""
MOST_AT_ONCE = 400
MOST_ANSWER_BYTES = 4096
MOST_SHOWN_BYTES = 40

OUR_OWN_LIMITS = (
    errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EAGAIN,
    errno.EAFNOSUPPORT, errno.EINVAL,
)  # fmt: skip


class Attempt(object):
    """One connection to try. With a `nonce`, a listener of ours must answer with it; else a `greeting`, TLS
    or SSH, is what the service must answer with. `served`: a service is known to listen there."""

    __slots__ = ("address", "greeting", "nonce", "port", "protocol", "served")

    def __init__(
        self,
        address: str,
        protocol: str,
        port: int,
        greeting: str = "",
        nonce: str = "",
        served: bool = False,
    ) -> None:
        self.address = address
        self.protocol = protocol
        self.port = port
        self.greeting = greeting
        self.nonce = nonce
        self.served = served


class Outcome(object):
    """What became of an attempt: the verdict, what the network said in words, the seconds that it took."""

    __slots__ = ("detail", "seconds", "verdict")

    def __init__(self, verdict: str, detail: str, seconds: float) -> None:
        self.verdict = verdict
        self.detail = detail
        self.seconds = seconds


def probe(attempts: "List[Attempt]", timeout: float, most: int = MOST_AT_ONCE) -> "List[Outcome]":
    """An outcome for each attempt, in their order. At most `most` are under way at a time, and never more
    than half of the descriptors that this process has left."""
    try:
        return _Round(attempts, timeout, room(most)).run()
    except OSError as error:  # not even a descriptor for the selector
        return [Outcome(NOT_TRIED, _words(error), 0.0) for _ in attempts]


def room(most: int) -> int:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit == resource.RLIM_INFINITY:
        return most
    return max(1, min(most, (limit - len(os.listdir("/proc/self/fd"))) // 2))


class _Running(object):
    """An attempt that is under way."""

    def __init__(self, index: int, attempt: Attempt, plug: socket.socket, began: float) -> None:
        self.index = index
        self.attempt = attempt
        self.plug = plug
        self.began = began
        self.connected = False
        self.answer = b""
        self.ended = False

    @property
    def datagrams(self) -> bool:
        return self.attempt.protocol == "udp"


class _Round(object):
    def __init__(self, attempts: "List[Attempt]", timeout: float, most: int) -> None:
        self.attempts = attempts
        self.timeout = timeout
        self.room = most
        self.under_way = 0
        self.hello = b""
        self.waiting: "Deque[int]" = collections.deque(range(len(attempts)))
        self.outcomes: "Dict[int, Outcome]" = {}
        self.timers: "List[Tuple[float, int, int, _Running]]" = []
        self.selector = selectors.DefaultSelector()

    def run(self) -> "List[Outcome]":
        with self.selector:
            while len(self.outcomes) < len(self.attempts):
                self.start()
                for key, events in self.selector.select(self.pause()):
                    self.hear(key.data, events)
                self.ring()
        return [self.outcomes[index] for index in range(len(self.attempts))]

    def start(self) -> None:
        while self.room and self.waiting:
            index = self.waiting.popleft()
            attempt, began = self.attempts[index], time.monotonic()
            try:
                plug = _plug(attempt)
            except (OSError, ValueError) as error:
                if self.under_way and getattr(error, "errno", 0) in (errno.EMFILE, errno.ENFILE):
                    self.waiting.appendleft(index)  # one that ends makes room for it
                    return
                self.outcomes[index] = Outcome(NOT_TRIED, _words(error), 0.0)
                continue
            self.room -= 1
            self.under_way += 1
            running = _Running(index, attempt, plug, began)
            heapq.heappush(self.timers, (began + self.timeout, index, 0, running))
            self.open(running)

    def open(self, running: _Running) -> None:
        attempt = running.attempt
        try:
            code = running.plug.connect_ex((attempt.address, attempt.port))
        except (OSError, OverflowError) as error:
            self.end(running, NOT_TRIED, _words(error))
            return
        if code not in (0, errno.EINPROGRESS):
            self.fail(running, code)
        elif running.datagrams:
            self.selector.register(running.plug, selectors.EVENT_READ, running)
            for turn, part in enumerate(SEND_AGAIN, 1):
                when = running.began + part * self.timeout
                heapq.heappush(self.timers, (when, running.index, turn, running))
            self.ask(running)
        else:
            self.selector.register(running.plug, selectors.EVENT_WRITE, running)

    def ask(self, running: _Running) -> None:
        try:
            running.plug.send(QUESTION)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ENOBUFS):  # it is sent again
                self.fail(running, error.errno or 0)

    def pause(self) -> float:
        """Seconds until something is due."""
        if not self.timers:
            return 0.0
        return max(0.0, self.timers[0][0] - time.monotonic())

    def ring(self) -> None:
        now = time.monotonic()
        while self.timers and self.timers[0][0] <= now:
            _, _, turn, running = heapq.heappop(self.timers)
            if running.ended:
                continue
            if turn:
                self.ask(running)
            else:
                self.late(running)

    def late(self, running: _Running) -> None:
        silence = "no answer in %g s" % self.timeout
        if running.connected:
            self.end(running, WRONG, _missing(running, silence))
        elif running.datagrams and not running.attempt.nonce:
            self.end(running, SILENT, silence)
        else:
            self.end(running, FILTERED, silence)

    def hear(self, running: _Running, events: int) -> None:
        if running.ended:
            return
        try:
            if events & selectors.EVENT_WRITE:
                self.greet(running)
            else:
                self.read(running)
        except BlockingIOError:
            return
        except OSError as error:
            self.fail(running, error.errno or 0)

    def greet(self, running: _Running) -> None:
        """Connected, or failed to."""
        code = running.plug.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        # a reset of what was not connected yet is "refused": here it was, and has ended already
        running.connected = code in (0, errno.ECONNRESET, errno.EPIPE)
        if code and (not running.connected or _awaits(running.attempt)):
            self.fail(running, code)
            return
        if not _awaits(running.attempt):
            self.end(running, OPEN, os.strerror(code) if code else "")
            return
        if not running.attempt.nonce and running.attempt.greeting == TLS:
            self.hello = self.hello or client_hello()
            running.plug.send(self.hello)
        self.selector.modify(running.plug, selectors.EVENT_READ, running)

    def read(self, running: _Running) -> None:
        data = running.plug.recv(MOST_ANSWER_BYTES)
        running.answer += data
        fits = _fits(running)
        if fits:
            self.end(running, OPEN, "")
        elif fits is False or not data or running.datagrams:
            self.end(running, WRONG, _missing(running, "the connection was closed"))

    def fail(self, running: _Running, code: int) -> None:
        if running.connected:
            self.end(running, WRONG, _missing(running, os.strerror(code)))
        elif code in OUR_OWN_LIMITS:
            self.end(running, NOT_TRIED, os.strerror(code))
        elif code != errno.ECONNREFUSED:
            self.end(running, FILTERED, os.strerror(code))
        elif running.attempt.nonce or running.attempt.served:
            known = "our listener is" if running.attempt.nonce else "a service is"
            self.end(running, FILTERED, "refused, though %s there: something on the way answers" % known)
        else:
            self.end(running, REFUSED, os.strerror(code))

    def end(self, running: _Running, verdict: str, detail: str) -> None:
        running.ended = True
        self.room += 1
        self.under_way -= 1
        if running.plug.fileno() in self.selector.get_map():
            self.selector.unregister(running.plug)
        running.plug.close()
        seconds = round(time.monotonic() - running.began, 4)
        self.outcomes[running.index] = Outcome(verdict, detail, seconds)


def _plug(attempt: Attempt) -> socket.socket:
    family = socket.AF_INET6 if ":" in attempt.address else socket.AF_INET
    socket.inet_pton(family, attempt.address)  # a name would be looked up, and that may take its time
    kind = socket.SOCK_DGRAM if attempt.protocol == "udp" else socket.SOCK_STREAM
    plug = socket.socket(family, kind)
    plug.setblocking(False)
    if kind == socket.SOCK_DGRAM:  # ip(7): else only "port unreachable" is heard of
        inet6 = family == socket.AF_INET6
        plug.setsockopt(socket.IPPROTO_IPV6 if inet6 else socket.IPPROTO_IP, 25 if inet6 else 11, 1)
    return plug


def _words(error: "Any") -> str:
    return str(getattr(error, "strerror", None) or error)


def _awaits(attempt: Attempt) -> bool:
    return bool(attempt.nonce) or attempt.greeting in (TLS, SSH)


def _missing(running: _Running, instead: str) -> str:
    """That what is due did not come, and what came instead."""
    attempt = running.attempt
    due = "our listener's answer" if attempt.nonce else "the %s greeting" % attempt.greeting
    said = "it said %s" % _shown(running.answer) if running.answer else instead
    return "connected, but %s did not come: %s" % (due, said)


def _fits(running: _Running) -> "Optional[bool]":
    """Whether the answer is what is due; None while that cannot be told yet."""
    answer, attempt = running.answer, running.attempt
    if attempt.nonce:
        return _begins(answer, attempt.nonce.encode("ascii"))
    if attempt.greeting == SSH:
        return _begins(answer, b"SSH-")
    if attempt.greeting == TLS:  # RFC 8446, 5.1: the type alert or handshake, then the major version 3
        return None if len(answer) < 2 else answer[0] in (21, 22) and answer[1] == 3
    return True


def _begins(answer: bytes, due: bytes) -> "Optional[bool]":
    if answer.startswith(due):
        return True
    return None if due.startswith(answer) else False


def _shown(answer: bytes) -> str:
    return repr(answer[:MOST_SHOWN_BYTES])[1:]


def client_hello() -> bytes:
    """The first message of TLS, as this machine's library makes it. The handshake is not gone on with, and
    nothing is sent over it, so there is no certificate to look at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    outgoing = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()
