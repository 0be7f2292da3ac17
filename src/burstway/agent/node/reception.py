"""Answers whoever connects to a listener of ours: a nonce at once, and nothing else.

A connection then stays until the other side closes it, so that no port of ours is left in TIME_WAIT where a
service is to start. One that stays for long is reset, and there are never more than a bounded number: the
descriptors are those of the whole process, which has other work.
"""

import collections
import errno
import selectors
import socket
import struct
import time

from .prober import QUESTION, room

MYPY = False
if MYPY:
    from typing import Dict, List, MutableMapping

LOOK_S = 0.5
STAY_S = 2.0
REST_S = 0.2
MOST_GUESTS = 512
FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""Nobody can be let in now. Who waits at the door keeps it readable meanwhile."""
RESET = struct.pack("ii", 1, 0)
"""For SO_LINGER: closing ends a connection with a reset, at once and for both sides."""


class Listener(object):
    """`owners` are the runs that need it, each until its time on the monotonic clock."""

    def __init__(self, plug: socket.socket, datagrams: bool, nonce: str) -> None:
        self.plug = plug
        self.datagrams = datagrams
        self.nonce = nonce
        self.owners: "Dict[str, float]" = {}
        self.known = False


class Reception(object):
    """Used by one thread, but for `nudge`, which ends that thread's waiting."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._bell, self._rope = socket.socketpair()
        self._bell.setblocking(False)
        self._rope.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ, None)
        self._most = room(MOST_GUESTS)
        self._guests: "MutableMapping[socket.socket, float]" = collections.OrderedDict()
        self._resting: "List[Listener]" = []
        self._rested = 0.0

    def nudge(self) -> None:
        try:
            self._rope.send(b".")
        except OSError:  # there are nudges enough in it, or the thread has just ended
            pass

    def know(self, listener: Listener) -> None:
        if not listener.known:
            listener.known = True
            self._selector.register(listener.plug, selectors.EVENT_READ, listener)

    def forget(self, listener: Listener) -> None:
        if listener in self._resting:
            self._resting.remove(listener)
        elif listener.known:
            self._selector.unregister(listener.plug)
        listener.plug.close()

    def turn(self) -> None:
        """Answers what has come, or comes soon."""
        for key, _ in self._selector.select(REST_S if self._resting else LOOK_S):
            try:
                self._answer(key)
            except OSError:  # whoever asked has gone
                continue
        now = time.monotonic()
        self._send_away(now)
        if self._resting and now >= self._rested:
            for listener in self._resting:
                self._selector.register(listener.plug, selectors.EVENT_READ, listener)
            self._resting = []

    def close(self) -> None:
        for guest in list(self._guests):
            self._leave(guest)
        self._selector.close()
        self._bell.close()
        self._rope.close()

    def _answer(self, key: selectors.SelectorKey) -> None:
        if key.data is None:
            self._bell.recv(1024)
        elif isinstance(key.data, socket.socket):
            self._hear(key.data)
        elif key.data.datagrams:
            question, who = key.data.plug.recvfrom(1024)
            if question == QUESTION:
                key.data.plug.sendto(key.data.nonce.encode("ascii"), who)
        else:
            self._welcome(key.data)

    def _welcome(self, listener: Listener) -> None:
        try:
            guest, _ = listener.plug.accept()
        except OSError as error:
            if error.errno in FULL:
                self._rest(listener)
            return
        guest.setblocking(False)
        guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._selector.register(guest, selectors.EVENT_READ, guest)
        self._guests[guest] = time.monotonic() + STAY_S
        if len(self._guests) > self._most:
            self._leave(next(iter(self._guests)))
        guest.send(listener.nonce.encode("ascii"))

    def _rest(self, listener: Listener) -> None:
        """Accepts nobody at this door for a moment."""
        self._selector.unregister(listener.plug)
        self._resting.append(listener)
        self._rested = time.monotonic() + REST_S

    def _send_away(self, now: float) -> None:
        """Those who have stayed for too long; the longest is the first."""
        while self._guests:
            guest, until = next(iter(self._guests.items()))
            if until > now:
                return
            self._leave(guest)

    def _hear(self, guest: socket.socket) -> None:
        try:
            if not guest.recv(1024):
                self._leave(guest)
        except BlockingIOError:
            return
        except OSError:
            self._leave(guest)

    def _leave(self, guest: socket.socket) -> None:
        """A guest that was let go in the same turn is in no list any more."""
        if guest in self._guests:
            del self._guests[guest]
            self._selector.unregister(guest)
            guest.close()
