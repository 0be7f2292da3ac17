"""Answers whoever connects to a listener of ours: a nonce at once, and nothing else.

A connection then stays until the other side closes it, so that no port of ours is left in TIME_WAIT where a
service is to start.
"""

import selectors
import socket
import struct

from .prober import QUESTION

MYPY = False
if MYPY:
    from typing import Dict, List

LOOK_S = 0.5
MOST_GUESTS = 512
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
        self._guests: "List[socket.socket]" = []

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
        if listener.known:
            self._selector.unregister(listener.plug)
        listener.plug.close()

    def turn(self) -> None:
        """Answers what has come, or comes soon."""
        for key, _ in self._selector.select(LOOK_S):
            try:
                self._answer(key)
            except OSError:  # whoever asked has gone
                continue

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
        guest, _ = listener.plug.accept()
        guest.setblocking(False)
        guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._guests.append(guest)
        self._selector.register(guest, selectors.EVENT_READ, guest)
        guest.send(listener.nonce.encode("ascii"))
        if len(self._guests) > MOST_GUESTS:
            self._leave(self._guests[0])

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
            self._guests.remove(guest)
            self._selector.unregister(guest)
            guest.close()
