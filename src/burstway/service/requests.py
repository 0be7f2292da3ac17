"""Requests of Slurm's programs, as they come over the socket or out of the spool.

While the control plane was down its requests were kept on disk. They are carried out in the order of their
names, which is that of time, before anything else; one that is refused is kept aside with its reason.
"""

from pathlib import Path

import structlog

from burstway.errors import InputError, StoreError
from burstway.model.node import Origin
from burstway.service.fleet import Fleet
from burstway.slurm.resume_file import SpooledRequest, parse_resume_file, read_spooled

PROGRAMS = ("resume", "suspend", "resume-fail")
REJECTED = "rejected"

_log = structlog.get_logger("requests")


def apply_request(fleet: Fleet, request: SpooledRequest) -> None:
    """Raises InputError, and changes nothing, when a node of it does not exist."""
    cause = f"Slurm: {request.program} {_short(request.hostlist)}"
    if request.program == "resume":
        fleet.want(request.hostlist, origin=Origin.SLURM, reason=_why(request), cause=cause)
    elif request.program == "suspend":
        fleet.unwant(request.hostlist, reason="Slurm has no more work for it", cause=cause)
    else:
        fleet.scheduler_failed(request.hostlist, cause=cause)


def drain_spool(fleet: Fleet, spool: Path) -> int:
    """Carries out what is in the spool and returns how many requests there were. One at a time: what was
    carried out is removed, and would do no harm a second time."""
    requests = sorted(path for path in spool.glob("*.json") if not path.name.startswith("."))
    for path in requests:
        try:
            apply_request(fleet, read_spooled(path))
        except InputError as refused:
            _log.error("a request from the spool is refused", file=path.name, error=str(refused))
            (spool / REJECTED).mkdir(exist_ok=True)
            path.replace(spool / REJECTED / path.name)
            continue
        except StoreError as failed:
            _log.error("the spool waits", file=path.name, error=str(failed))
            break
        path.unlink()
        _log.info("carried out from the spool", file=path.name)
    return len(requests)


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
