"""`burstway serve`: the API at its two doors, and the loop, in one process.

The loop has a thread of its own. It passes when something has changed, and otherwise every `pass_interval_s`;
what Slurm spooled while the control plane was down is carried out before each pass.
"""

import asyncio
import contextlib
import datetime
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog
import uvicorn
import uvloop

from burstway.contracts import CloudError
from burstway.errors import BurstwayError, ConflictError
from burstway.service.api import make_api
from burstway.service.peers import PeerProtocol
from burstway.service.wiring import ControlPlane, build, make_folders, network_plan
from burstway.settings import Settings

SHUTDOWN_S = 3
BACKLOG = 4096
SETTLE_S = 0.02
"""After a change the loop waits so long before it looks: what comes together is done together."""

_log = structlog.get_logger("serve")


def serve(settings: Settings, log_level: str) -> None:
    """Runs until SIGTERM or SIGINT. Raises BurstwayError when it cannot start."""
    configure_log(log_level)
    make_folders(settings)
    awake = threading.Event()
    plane = build(settings, awake.set)
    loop = Loop(plane, awake)
    try:
        with _network_door(settings) as network, _local_door(settings.control_plane.socket) as local:
            loop.thread.start()
            plane.diagnosis.thread.start()
            uvloop.run(_serve(plane, (network, local)))
    finally:
        plane.diagnosis.stop()
        loop.stop()
        plane.store.close()


def configure_log(level: str) -> None:
    """One line an event on standard error, for journald or a file."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class Loop:
    def __init__(self, plane: ControlPlane, awake: threading.Event) -> None:
        self._plane = plane
        self._awake = awake
        self._ending = threading.Event()
        self._prepared = False
        self.thread = threading.Thread(target=self._run, name="reconcile", daemon=True)

    def stop(self) -> None:
        self._ending.set()
        self._awake.set()
        if self.thread.is_alive():
            self.thread.join(SHUTDOWN_S)

    def _run(self) -> None:
        interval = self._plane.settings.limits.pass_interval_s
        while not self._ending.is_set():
            again = False
            try:
                again = self._pass()
            except BurstwayError as failed:
                _log.error("a pass failed; the next one starts anew", error=str(failed))
            except Exception:  # noqa: BLE001  the loop outlives any defect, and says so
                _log.exception("a pass failed by a defect of Burstway; the next one starts anew")
            if not again:
                self._awake.wait(interval)
            self._awake.clear()
            self._ending.wait(SETTLE_S)

    def _pass(self) -> bool:
        parts = self._plane.parts
        for side_work in (parts.requests.drain, parts.enrolment.record_seen):
            self._attempt(side_work)
        if not self._prepared:
            self._prepare()
        return self._plane.reconciler.step(launch=self._prepared)

    def _attempt(self, side_work: Callable[[], None]) -> None:
        """What goes wrong beside a pass must not keep machines from being given back."""
        try:
            side_work()
        except BurstwayError as failed:
            _log.error("beside a pass", error=str(failed))
        except Exception:  # noqa: BLE001  as above
            _log.exception("beside a pass, by a defect of Burstway")

    def _prepare(self) -> None:
        """Opens the cloud's border for what must get through; tried again until the cloud has answered."""
        try:
            self._plane.provider.prepare(network_plan(self._plane.settings))
        except CloudError as refused:
            _log.error("the cloud's network is not prepared", error=str(refused))
            return
        self._prepared = True


@contextlib.contextmanager
def _network_door(settings: Settings) -> Iterator[socket.socket]:
    address = (str(settings.site.address), settings.control_plane.port)
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(address)
            door.listen(BACKLOG)
        except OSError as refused:
            raise ConflictError(
                f"cannot listen on {address[0]}:{address[1]}: {refused.strerror}",
                remedy="see site.address and control_plane.port in burstway.toml, and what listens there",
            ) from refused
        yield door


@contextlib.contextmanager
def _local_door(path: Path) -> Iterator[socket.socket]:
    """The socket of this host, removed at the end. One that is there was left by a control plane that was
    killed: the store's lock says that we are alone."""
    if path.exists() and not path.is_socket():
        raise ConflictError("this is not a socket and stands where the socket must be", where=str(path))
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as door:
        try:
            path.unlink(missing_ok=True)
            door.bind(str(path))
            path.chmod(0o666)  # whoever connects is known by the kernel's word; see access.py
            door.listen(BACKLOG)
        except OSError as refused:
            raise ConflictError(
                f"the socket cannot be made: {refused.strerror or refused}", where=str(path),
                remedy="see control_plane.socket in burstway.toml",
            ) from refused  # fmt: skip
        try:
            yield door
        finally:
            path.unlink(missing_ok=True)


async def _serve(plane: ControlPlane, doors: tuple[socket.socket, socket.socket]) -> None:
    app = make_api(plane.parts)
    plane.parts.changes.attach(asyncio.get_running_loop())
    network = uvicorn.Config(app, http=PeerProtocol, log_level="warning", access_log=False, lifespan="off")
    local = uvicorn.Config(app, http=PeerProtocol, log_level="warning", access_log=False, lifespan="off")
    for config in (network, local):
        config.timeout_graceful_shutdown = SHUTDOWN_S
        config.backlog = BACKLOG
        config.load()
    network.ssl = tls_context(plane)
    servers = [_Server(network), _Server(local)]
    loop = asyncio.get_running_loop()

    def end() -> None:
        plane.parts.changes.close()
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    settings = plane.settings
    _log.info(
        "serving", site=settings.site.name, pid=os.getpid(), socket=str(settings.control_plane.socket),
        address=f"{settings.site.address}:{settings.control_plane.port}",
    )  # fmt: skip
    await asyncio.gather(*(server.serve([door]) for server, door in zip(servers, doors, strict=True)))


class _Server(uvicorn.Server):
    """Signals are for the daemon, not for one of its two servers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def tls_context(plane: ControlPlane) -> ssl.SSLContext:
    """TLS 1.2 and later; a client certificate is asked for, and one that the site's authority did not sign
    ends the connection. Joining has none, so it is not demanded here (access.py demands it)."""
    settings = plane.settings
    folder = settings.control_plane.state / "authority"
    moment = datetime.datetime.fromtimestamp(plane.parts.clock.now(), datetime.UTC)
    plane.authority.server_files(folder, (settings.site.address, settings.site.head), moment)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(cadata=plane.authority.pem)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context
