"""Requests of Slurm's programs, as they come over the socket or out of the spool.

While the control plane was down its requests were kept on disk. They are carried out in the order of their
names, which is that of time, before anything else; one that is refused is kept aside. A program that had no
answer in time keeps its request too, though it may have been carried out: so each is known by its id.
"""

import threading
from collections import OrderedDict
from pathlib import Path

import structlog

from burstway.errors import InputError, StoreError
from burstway.model.node import Origin
from burstway.service.fleet import Fleet
from burstway.slurm.resume_file import SpooledRequest, parse_resume_file, read_spooled

REJECTED = "rejected"
REMEMBERED_REQUESTS = 10_000

_log = structlog.get_logger("requests")


class Requests:
    """Carries out each request once, whichever way and however often it comes. Safe from any thread."""

    def __init__(self, fleet: Fleet, spool: Path) -> None:
        self._fleet = fleet
        self._spool = spool
        self._lock = threading.RLock()
        self._done: OrderedDict[str, None] = OrderedDict()

    def carry_out(self, request: SpooledRequest) -> None:
        """Carries the request out, after what is in the spool: an old suspend must not undo a new resume.
        Raises InputError, and changes nothing, when a node of it does not exist."""
        with self._lock:
            self.drain()
            self._once(request)

    def drain(self) -> None:
        """Carries out what is in the spool, and removes it, until the store or the disk refuses."""
        with self._lock:
            for path in sorted(path for path in self._spool.glob("*.json") if path.name[0] != "."):
                try:
                    self._drain_one(path)
                except (StoreError, OSError) as failed:
                    _log.error("the spool waits", file=path.name, error=str(failed))
                    return

    def _once(self, request: SpooledRequest) -> None:
        if request.id in self._done:
            return
        _apply(self._fleet, request)
        self._done[request.id] = None
        if len(self._done) > REMEMBERED_REQUESTS:
            self._done.popitem(last=False)

    def _drain_one(self, path: Path) -> None:
        try:
            self._once(read_spooled(path))
        except InputError as refused:
            _log.error("a request from the spool is refused", file=path.name, error=str(refused))
            rejected = path.with_name(REJECTED)
            rejected.mkdir(exist_ok=True)
            path.replace(rejected / path.name)
        else:
            path.unlink()
            _log.info("carried out from the spool", file=path.name)


def _apply(fleet: Fleet, request: SpooledRequest) -> None:
    cause = f"Slurm: {request.program} {_short(request.hostlist)}"
    if request.program == "resume":
        fleet.want(request.hostlist, origin=Origin.SLURM, reason=_why(request), cause=cause)
    elif request.program == "suspend":
        fleet.suspend(request.hostlist, cause=cause)
    else:
        fleet.scheduler_failed(request.hostlist, cause=cause)


def _why(request: SpooledRequest) -> str:
    if request.resume_file is None:
        return "Slurm asks for it"
    try:
        jobs = parse_resume_file(request.resume_file).jobs
    except InputError as damaged:
        _log.warning("SLURM_RESUME_FILE is not understood; going by the hostlist", error=str(damaged))
        return "Slurm asks for it"
    if not jobs:
        return "Slurm powers it up for no job"
    numbers = ", ".join(str(job.job_id) for job in jobs[:5]) + (" …" if len(jobs) > 5 else "")
    return f"for job {numbers}" if len(jobs) == 1 else f"for jobs {numbers}"


def _short(hostlist: str) -> str:
    return hostlist if len(hostlist) <= 80 else hostlist[:80] + "…"
