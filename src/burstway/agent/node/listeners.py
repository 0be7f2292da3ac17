"""Temporary listeners, which answer with a nonce: so that a closed port tells a firewall from an idle target.

All runs in one process share them: a port that two runs want is opened once, and stays open until neither
needs it. A port that cannot be had is not ours to answer for: somebody listens there, and that is the service
itself. Every listener ends at its deadline by itself.
"""

import binascii
import errno
import os
import socket
import threading
import time

from .console import log
from .reception import Listener, Reception
from .system import read

MYPY = False
if MYPY:
    from typing import Dict, List, Optional, Tuple

    Door = Tuple[str, str, int]  # address, protocol, port
    Opened = Tuple[str, str]  # nonce, or "" and why there is none: SERVED, or words

NONCE_BYTES = 12
BACKLOG = 512
CLOSE_S = 2
SERVED = "served"
LISTENING = "0A"  # proc(5): a state of /proc/net/tcp


class Listeners(object):
    """Safe from any thread. Its own thread runs while there is a listener, and closes them."""

    def __init__(self) -> None:
        self._open: "Dict[Door, Listener]" = {}
        self._lock = threading.Lock()
        self._reception: "Optional[Reception]" = None
        self._thread: "Optional[threading.Thread]" = None

    def open(self, owner: str, doors: "List[Door]", seconds: float) -> "List[Opened]":
        """For each door the nonce of our listener, or "" and why there is none."""
        until = time.monotonic() + seconds
        with self._lock:
            opened = [self._open_one(owner, door, until) for door in doors]
            if self._open and self._reception is None:
                try:
                    self._begin()
                except (OSError, RuntimeError) as error:  # no descriptor or no thread is left for it
                    self._close_doors()
                    return [("", detail or str(error)) for _, detail in opened]
            if self._reception is not None:
                self._reception.nudge()
        return opened

    def close(self, owner: str) -> None:
        """This owner needs its doors no longer."""
        with self._lock:
            for listener in self._open.values():
                listener.owners.pop(owner, None)
            if self._reception is not None:
                self._reception.nudge()

    def close_all(self) -> None:
        """Asks for every port to be closed, and waits until that is done, but no longer than CLOSE_S."""
        with self._lock:
            thread = self._thread
            for listener in self._open.values():
                listener.owners.clear()
            if self._reception is not None:
                self._reception.nudge()
        if thread is not None:
            thread.join(CLOSE_S)

    def any(self) -> bool:
        with self._lock:
            return bool(self._open)

    def _begin(self) -> None:
        reception = Reception()
        thread = threading.Thread(target=self._serve, args=(reception,))
        thread.daemon = True
        thread.start()
        self._reception, self._thread = reception, thread

    def _open_one(self, owner: str, door: "Door", until: float) -> "Opened":
        listener = self._open.get(door)
        if listener is None:
            try:
                plug = _bound(door)
            except (OSError, ValueError, OverflowError) as error:
                in_use = getattr(error, "errno", None) == errno.EADDRINUSE
                return "", SERVED if in_use and door[1] == "tcp" and served(door[2]) else str(error)
            nonce = "burstway " + binascii.hexlify(os.urandom(NONCE_BYTES)).decode("ascii")
            listener = self._open[door] = Listener(plug, door[1] == "udp", nonce)
        listener.owners[owner] = until
        return listener.nonce, ""

    def _serve(self, reception: Reception) -> None:
        try:
            while self._sweep(reception):
                reception.turn()
        except Exception as error:  # a thread's own boundary: whoever waits for an answer hears nothing
            log("probe listeners: %s" % error)
            with self._lock:
                self._end(reception)

    def _sweep(self, reception: Reception) -> bool:
        """Registers what is new and closes what nobody needs any more; whether there is anything left."""
        now = time.monotonic()
        with self._lock:
            for door, listener in list(self._open.items()):
                if all(until <= now for until in listener.owners.values()):
                    del self._open[door]
                    reception.forget(listener)
                else:
                    reception.know(listener)
            if not self._open:
                self._end(reception)
            return bool(self._open)

    def _close_doors(self) -> None:
        for listener in self._open.values():
            listener.plug.close()
        self._open.clear()

    def _end(self, reception: Reception) -> None:
        self._close_doors()
        self._reception = self._thread = None
        reception.close()


def served(port: int) -> bool:
    """Whether somebody listens on this TCP port. One that cannot be had may also be that of a connection."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for row in read(table).splitlines()[1:]:
            fields = row.split()
            if fields[3] == LISTENING and int(fields[1].rsplit(":", 1)[1], 16) == port:
                return True
    return False


def _bound(door: "Door") -> socket.socket:
    """A socket on the door. An address that this machine does not have is one that is translated on the way
    to it: then it listens on all of its own."""
    address, protocol, port = door
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    plug = socket.socket(family, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
    try:
        plug.setblocking(False)
        if protocol != "udp":  # two sockets for datagrams could both have the port then
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            plug.bind((address, port))
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            plug.bind(("", port))
        if protocol != "udp":
            plug.listen(BACKLOG)
    except (OSError, OverflowError):
        plug.close()
        raise
    return plug
