"""Speaking with the control plane: one kept-alive connection, and how a node gets its certificate."""

import errno
import http.client
import json
import os
import random
import socket
import ssl
import time
import urllib.parse

from .console import RefusedError, log
from .system import run, write

MYPY = False
if MYPY:  # typing itself would cost a node milliseconds at every start
    from typing import Any, Dict, Optional

REQUEST_TIMEOUT_S = 20
JOIN_AGAIN_S = 60
MOST_BACKOFF_S = 10.0


class Channel(object):
    """One kept-alive HTTPS connection. Every call is tried again after network errors, with back-off."""

    def __init__(self, folder: str, boot: "Dict[str, Any]") -> None:
        self.folder = folder
        self.host = urllib.parse.urlsplit(boot["url"]).hostname
        self.port = urllib.parse.urlsplit(boot["url"]).port
        self.authority = boot["authority"]
        self.lost = 0
        self.connection: "Optional[http.client.HTTPSConnection]" = None

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if hasattr(ssl, "TLSVersion"):
            context.minimum_version = ssl.TLSVersion.TLSv1_2  # novm
        else:  # Python 3.6
            context.options |= ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
        context.load_verify_locations(cadata=self.authority)
        certificate = os.path.join(self.folder, "node.pem")
        if os.path.exists(certificate):
            context.load_cert_chain(certificate, os.path.join(self.folder, "node.key"))
        return context

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        timeout: float = REQUEST_TIMEOUT_S,
        patience: "Optional[float]" = None,
    ) -> "Any":
        """The answer's JSON, None when it has no content. Raises RefusedError for a lasting no, and the
        network's error when there was no answer in `patience` seconds; without that it asks for ever."""
        attempt, began = 0, time.time()
        while True:
            attempt += 1
            try:
                return self._once(method, path, body, timeout)
            except (OSError, ValueError, http.client.HTTPException) as error:
                self.close()
                self.lost += 1
                pause = min(MOST_BACKOFF_S, 0.1 * 2 ** min(attempt, 8)) * random.uniform(0.5, 1.5)
                if patience is not None and time.time() + pause > began + patience:
                    raise
                log("%s %s: %s; again in %.1f s" % (method, path, error, pause))
                time.sleep(pause)

    def _once(self, method: str, path: str, body: object, timeout: float) -> "Any":
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(
                self.host, self.port, timeout=timeout, context=self.context()
            )
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.sock.settimeout(timeout)
        headers = {"Content-Type": "application/json"}
        payload = None if body is None else json.dumps(body).encode("utf-8")
        self.connection.request(method, path, payload, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        if answer.status in (200, 201, 202):
            return json.loads(text)
        if answer.status == 204:
            return None
        if 400 <= answer.status < 500 and answer.status != 429:
            raise RefusedError(said(text, answer.status))
        raise OSError(errno.EAGAIN, said(text, answer.status))

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def said(text: str, status: int) -> str:
    try:
        problem = json.loads(text)
        return " ".join(str(problem[key]) for key in ("what", "remedy") if problem.get(key))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "HTTP %d: %s" % (status, text[:200])


def join(channel: Channel, folder: str, boot: "Dict[str, Any]") -> None:
    """Makes the node's key and has it signed; nothing to do when that was done before."""
    certificate = os.path.join(folder, "node.pem")
    if os.path.exists(certificate):
        return
    key, request = os.path.join(folder, "node.key"), os.path.join(folder, "node.csr")
    run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", request, "-subj", "/CN=" + boot["node"]],
        "making the node's key",
    )  # fmt: skip
    os.chmod(key, 0o600)
    with open(request) as file:
        csr = file.read()
    answer = ask_to_join(channel, {"node": boot["node"], "token": boot["token"], "csr": csr})
    write(certificate, answer["certificate"], 0o600)
    channel.close()


def ask_to_join(channel: Channel, body: "Dict[str, Any]") -> "Any":
    """A refusal after a lost answer may only mean that the token was used by that request; the control plane
    answers it once more after a pause, for the same key."""
    deadline = time.time() + JOIN_AGAIN_S
    while True:
        try:
            return channel.call("POST", "/v1/agent/join", body)
        except RefusedError as refused:
            if not channel.lost or time.time() > deadline:
                raise
            log("%s; an answer was lost, so asking again" % refused)
            time.sleep(2)
