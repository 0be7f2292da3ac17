"""Tokens.

A join token is for one node in one generation, once, for a limited time. It is derived from the site's secret
and the node's key rather than drawn, so that an order repeated after a crash carries the same token as the
first: the machine that the cloud then turns out to have can still join. The record says when it expires and
whether it was used (Node.token_expires_at, token_used_at); the token itself is nowhere on record.
"""

import hashlib
import hmac
import secrets
from pathlib import Path

from burstway.errors import InputError, RefusedError
from burstway.identity.authority import write_secret
from burstway.model.node import Node, State

SECRET_BYTES = 32
REJOIN_AFTER_S = 10.0
_MAY_JOIN = (State.LAUNCHING, State.BOOTING)


class JoinTokens:
    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def kept_in(cls, path: Path) -> "JoinTokens":
        """The site's secret in this file, drawn when it is not there yet."""
        if not path.exists():
            write_secret(path, secrets.token_bytes(SECRET_BYTES))
        try:
            secret = path.read_bytes()
        except OSError as refused:
            raise InputError(f"the secret cannot be read: {refused.strerror}", where=str(path)) from refused
        if len(secret) < SECRET_BYTES:
            raise InputError(
                f"the secret has {len(secret)} bytes, not {SECRET_BYTES}: tokens made of it can be guessed",
                where=str(path),
                remedy="remove the file; nodes that boot now must be given back and started again",
            )
        return cls(secret)

    def token(self, key: str) -> str:
        return hmac.new(self._secret, b"join:" + key.encode(), hashlib.sha256).hexdigest()

    def check(self, node: Node | None, token: str, now: float) -> Node:
        """The node, if this token lets it join now. Raises RefusedError that says why not."""
        if node is None or not hmac.compare_digest(self.token(node.key).encode(), token.encode()):
            raise RefusedError(
                "this join token is not for this node", remedy="a token is for one node in one life of it"
            )
        if node.token_used_at:
            raise RefusedError("this join token was used before", where=node.name, remedy=_START_AGAIN)
        if now > node.token_expires_at:
            raise RefusedError("this join token has expired", where=node.name, remedy=_START_AGAIN)
        if node.state not in _MAY_JOIN:
            raise RefusedError(f"the node is {node.state} and cannot join", where=node.name)
        return node

    def repeated(self, node: Node | None, token: str, now: float, up_since: float) -> bool:
        """Whether this may be a request whose answer was lost, and so be answered once more if its key is the
        same (Node.token_used_by): a node must not be given up because the control plane was killed between
        writing and answering. It may be only while the node has done nothing with its certificate, and after
        the control plane's start or a pause; a token shown twice in a row is refused."""
        return (
            node is not None
            and node.state is State.JOINED
            and not node.configured
            and hmac.compare_digest(self.token(node.key).encode(), token.encode())
            and now <= node.token_expires_at
            and (node.token_used_at < up_since or now - node.token_used_at > REJOIN_AFTER_S)
        )


_START_AGAIN = "give the machine back and start the node again"


def new_person_token() -> str:
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is on record of a person's token. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
