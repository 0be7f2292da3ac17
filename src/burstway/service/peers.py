"""Who is at the other end of a connection.

uvicorn can demand a client certificate but does not hand it on, and knows nothing of a UNIX socket's peer.
This protocol puts both into the request's scope, read once a connection, and bounds a request's headers.
"""

import socket
import struct
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from burstway.identity.authority import serial_of

SCOPE_KEY = "burstway.peer"
MOST_HEADER_BYTES = 65_536
TOO_LARGE = "the request's headers are too large"


@dataclass(frozen=True, slots=True)
class Peer:
    """`uid` is that of a process on this host (None over the network); `name` and `serial` come from a
    client certificate that the site's authority signed (empty without one)."""

    uid: int | None = None
    name: str = ""
    serial: str = ""


class PeerProtocol(HttpToolsProtocol):
    _peer = Peer()
    _header_bytes = 0
    _received = 0
    _head_open = False
    """Whether a request has begun and its headers have not ended: what the parser then holds is not told to
    on_header before it is complete, so it is counted as it arrives."""
    _began = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._peer = _peer_of(transport)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_open and not self._began and not self.transport.is_closing():
            self._received += len(data)
            if self._received > MOST_HEADER_BYTES:
                self.send_400_response(TOO_LARGE)
        self._began = False

    def shutdown(self) -> None:
        """The server ends. Nothing is owed to a peer that waits for nothing, nor need it say goodbye."""
        idle = self.cycle is None or self.cycle.response_complete
        if idle and not self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().shutdown()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes = self._received = 0
        self._head_open = self._began = True
        self.scope[SCOPE_KEY] = self._peer  # type: ignore[literal-required]

    def on_headers_complete(self) -> None:
        self._head_open = False
        super().on_headers_complete()

    def on_url(self, url: bytes) -> None:
        self._bound(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._bound(len(name) + len(value))
        super().on_header(name, value)

    def _bound(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > MOST_HEADER_BYTES:
            raise ValueError(TOO_LARGE)


def _peer_of(transport: Any) -> Peer:
    tls = transport.get_extra_info("ssl_object")
    if tls is not None:
        certificate = tls.getpeercert(True)
        if not certificate:
            return Peer()
        name, serial = serial_of(certificate)
        return Peer(name=name, serial=serial)
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family == socket.AF_UNIX:
        size = struct.calcsize("3i")
        packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        _, uid, _ = struct.unpack("3i", packed)
        return Peer(uid=uid)
    return Peer()
