"""Who may do what.

On the head node's UNIX socket the kernel says who asks: root is administrator, SlurmUser is the scheduler,
everybody else may look. Over the network people show a token, which has a role, and nodes their certificate.
"""

from collections.abc import Callable
from enum import IntEnum

from fastapi import Request

from burstway.contracts import Store
from burstway.errors import RefusedError
from burstway.identity.tokens import hash_token
from burstway.model.node import Node
from burstway.service.enrolment import Enrolment
from burstway.service.peers import SCOPE_KEY, Peer


class Role(IntEnum):
    """Each may do what the ones before it may."""

    NOBODY = 0
    VIEWER = 1
    OPERATOR = 2
    ADMINISTRATOR = 3


class Access:
    def __init__(self, store: Store, enrolment: Enrolment, scheduler_uid: int | None) -> None:
        self._store = store
        self._enrolment = enrolment
        self._scheduler_uid = scheduler_uid

    def who(self, request: Request) -> tuple[str, Role]:
        peer = _peer(request)
        if peer.uid == 0:
            return "root", Role.ADMINISTRATOR
        if peer.uid is not None:
            return f"uid {peer.uid}", Role.VIEWER
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            with self._store.read() as transaction:
                person = transaction.person(hash_token(token))
            if person:
                return person[0], Role[person[1].upper()]
        return "nobody", Role.NOBODY

    def at_least(self, role: Role) -> Callable[[Request], str]:
        """A dependency that gives the name of who asks, or refuses."""

        def check(request: Request) -> str:
            name, has = self.who(request)
            if has < role:
                raise RefusedError(f"{name} may not do this", remedy=f"it needs the role {role.name.lower()}")
            return name

        return check

    def scheduler(self, request: Request) -> str:
        peer = _peer(request)
        if peer.uid is None or peer.uid not in (0, self._scheduler_uid):
            raise RefusedError("only SlurmUser and root on the head node may do this")
        return "Slurm"

    def node(self, request: Request) -> Node:
        peer = _peer(request)
        if not peer.name:
            raise RefusedError("this needs a node's certificate", remedy="join first")
        return self._enrolment.authenticate(peer.name, peer.serial)


def _peer(request: Request) -> Peer:
    peer: Peer = request.scope.get(SCOPE_KEY, Peer())
    return peer
