"""What a node may ask: to join, for its configuration, to report, to wait for work. Each concerns itself.

A node is known by its certificate: the name in it, and a serial number that must be the one on record for the
node's present life. Giving a node back clears that number, which revokes the certificate at once.
"""

import datetime
import hashlib
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from burstway.clock import Clock
from burstway.contracts import Store
from burstway.errors import RefusedError, SchedulerError
from burstway.flows.profiles import port
from burstway.identity.authority import Authority, key_fingerprint
from burstway.identity.tokens import JoinTokens
from burstway.identity.users import site_users
from burstway.lifecycle.states import Event, advance, allowed, note
from burstway.model.node import Node, State
from burstway.settings import Settings

MUNGE_TIMEOUT_S = 10
_log = structlog.get_logger("enrolment")


@dataclass(frozen=True, slots=True)
class Report:
    steps: tuple[tuple[str, float], ...]
    configured: bool
    failed: str


class Enrolment:
    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        clock: Clock,
        authority: Authority,
        tokens: JoinTokens,
        wake: Callable[[], None],
        changed: Callable[[], int],
        tasks: Callable[[str, str], list[dict[str, Any]]],
    ) -> None:
        """`changed` counts the changes there were: what all nodes share is worked out once for each. `tasks`
        are those of a node, by its name and the key of its present life."""
        self._settings = settings
        self._store = store
        self._clock = clock
        self._authority = authority
        self._tokens = tokens
        self._wake = wake
        self._up_since = clock.now()
        self._seen: dict[str, float] = {}
        self._changed = changed
        self._tasks = tasks
        self._hosts: tuple[int, dict[str, tuple[str, dict[str, str]]]] = (-1, {})

    def join(self, name: str, token: str, request: str) -> str:
        """The certificate for the node's key. The token is used up with it. Raises RefusedError."""
        now = self._clock.now()
        with self._store.write() as transaction:
            node = transaction.node(name)
            again = self._tokens.repeated(node, token, now, self._up_since)
            if node is None or not again or node.token_used_by != key_fingerprint(request):
                node, again = self._tokens.check(node, token, now), False
            moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
            certificate = self._authority.sign_node(request, name, moment)
            fields = {
                "token_used_at": now, "token_used_by": key_fingerprint(request),
                "certificate_serial": certificate.serial, "seen_at": now,
            }  # fmt: skip
            if again:
                cause = "agent: asks again, as the answer to its joining was lost"
                change = note(node, "join again", now=now, reason=node.reason, cause=cause, **fields)
            else:
                cause = "agent: joined with its token"
                change = advance(node, Event.JOIN, now=now, reason="configuring", cause=cause, **fields)
            transaction.save([change])
        self._wake()
        return certificate.pem

    def authenticate(self, name: str, serial: str) -> Node:
        """The node that speaks with this certificate. Raises RefusedError when it may no longer."""
        with self._store.read() as transaction:
            node = transaction.node(name)
        if node is None or not serial or node.certificate_serial != serial:
            raise RefusedError(
                "this certificate is not, or no longer, that of a node", where=name,
                remedy="a node that was given back does not come back; start it again",
            )  # fmt: skip
        self._seen[name] = self._clock.now()
        return node

    def configuration(self, node: Node) -> dict[str, Any]:
        """All that the agent sets up, in JSON. The secrets in it go to this node's own channel only."""
        users = site_users(self._settings.site.users)
        if missing := set(self._settings.site.users or ()) - {user["name"] for user in users["users"]}:
            _log.warning("site.users names users that the head node does not know", users=sorted(missing))
        configuration: dict[str, Any] = {
            "node": node.name,
            "time": self._clock.now(),
            "users": users,
            **self._lasting_work(node.name),
        }
        if slurm := self._settings.slurm:
            configuration["munge"] = {
                "key": munge_key(slurm.munge_key),
                "credential": _credential(slurm.munge_socket),
            }
            address = self._settings.site.address
            configuration["slurm"] = {"conf_server": f"{address}:{port('slurmctld')}"}
        return configuration

    def work(self, node: Node, known: str = "") -> dict[str, Any]:
        """What may change while a node is up: the names that it resolves, how often its slurmd is to have
        registered anew, and its tasks. The version changes with them. `known` is the version that the node
        has: `hosts` is left out when it begins with the digest of the same names."""
        work, tasks = self._lasting_work(node.name), self._tasks(node.name, node.key)
        if _digest_of(known) == _digest_of(work["version"]):
            del work["hosts"]
        version = "-".join([work["version"], *(task["id"] for task in tasks)])
        return {**work, "tasks": tasks, "version": version}

    def _lasting_work(self, name: str) -> dict[str, Any]:
        """What also stands in a node's configuration; tasks do not, so that its first question for work
        brings them."""
        with self._store.read() as transaction:
            node = transaction.node(name)
        if node is None:
            return {"hosts": {}, "registrations": 0, "version": "gone"}
        digest, hosts = self._hosts_of(node.cluster)
        version = f"{digest}-{node.registrations}"
        return {"hosts": hosts, "registrations": node.registrations, "version": version}

    def _hosts_of(self, cluster: str) -> tuple[str, dict[str, str]]:
        """Names and addresses in a cluster, after their digest: worked out once a change for all nodes."""
        count, known = self._hosts
        now = self._changed()
        if count != now:
            known = {}
            self._hosts = (now, known)
        if cluster not in known:
            with self._store.read() as transaction:
                nodes = transaction.nodes(live=True)
            hosts = {self._settings.site.head: str(self._settings.site.address)}
            hosts.update(
                {node.name: node.address for node in nodes if node.cluster == cluster and node.address}
            )
            digest = hashlib.sha256(json.dumps(hosts, sort_keys=True).encode()).hexdigest()[:16]
            known[cluster] = digest, hosts
        return known[cluster]

    def report(self, node: Node, report: Report) -> None:
        now = self._clock.now()
        with self._store.write() as transaction:
            current = transaction.node(node.name)
            if current is None or current.certificate_serial != node.certificate_serial:
                return
            steps = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in report.steps) or "nothing"
            if report.failed:
                if not allowed(current.state, Event.FAIL):
                    return
                reason = "".join(letter if letter.isprintable() else " " for letter in report.failed)
                change = advance(
                    current, Event.FAIL, now=now, reason=reason, cause=f"agent: after {steps}",
                    wanted=False, retry_at=0.0, certificate_serial="",
                )  # fmt: skip
            elif report.configured and current.state is State.JOINED:
                reason = (
                    "configured; waiting for it to register with Slurm"
                    if self._settings.slurm
                    else "configured"
                )
                change = note(
                    current, "configured", now=now, reason=reason, cause=f"agent: {steps}",
                    configured=True, seen_at=now,
                )  # fmt: skip
            else:
                return
            transaction.save([change])
        self._wake()

    def record_seen(self) -> None:
        """Writes when nodes were last heard of. Once a pass: a heartbeat is not worth a transaction."""
        seen, self._seen = self._seen, {}
        if seen:
            with self._store.write() as transaction:
                transaction.touch(seen)


def _digest_of(version: str) -> str:
    """The part of a version that stands for the names; after it come registrations and tasks."""
    return version.split("-")[0]


def munge_key(path: Path) -> str:
    """The key, in hexadecimal digits. Raises SchedulerError, so that a node asks again."""
    try:
        return path.read_bytes().hex()
    except OSError as refused:
        raise SchedulerError(
            f"the munge key cannot be read: {refused.strerror}", where=str(path),
            remedy="set slurm.munge_key in burstway.toml",
        ) from refused  # fmt: skip


def _credential(socket: Path) -> str:
    """A credential that the head's munged made: proof for the node that its key is the same."""
    try:
        made = subprocess.run(
            ["munge", "--no-input", f"--socket={socket}"],
            capture_output=True, text=True, timeout=MUNGE_TIMEOUT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as refused:
        raise SchedulerError(f"munge does not answer: {refused}", where=str(socket)) from refused
    if made.returncode != 0:
        raise SchedulerError(
            f"munge cannot make a credential: {made.stderr.strip()}", where=str(socket),
            remedy="is munged running on the head node?",
        )  # fmt: skip
    return made.stdout.strip()
