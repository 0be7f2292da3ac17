"""What slurmctld says about a resume besides the hostlist, and requests that were spooled.

SLURM_RESUME_FILE came with 21.08 as {"all_nodes", "jobs": [{"job_id", "nodes"}]}. 23.02 renamed the nodes
to all_nodes_resume and nodes_resume and added nodes_alloc, features, oversubscribe, partition, reservation
and extra; 26.05 added priority and exclusive (src/slurmctld/power_save.c of each). Values may be null, a
later release will add keys: what is not known is passed over. Nodes that were powered up by hand are in no
job; a job may appear in several requests. A file that cannot be understood is an InputError, and the caller
goes by the hostlist alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from burstway.errors import HostlistError, InputError
from burstway.model.names import expand_hostlist

LATEST = 1e12
"""Seconds since 1970; a time beyond is no time."""

PROGRAMS = ("resume", "suspend", "resume-fail")
_NO_NODES = ("", "(null)")


@dataclass(frozen=True, slots=True)
class ResumeJob:
    """A job that waits for `nodes`, those of this request; `allocated` are all it has (from 23.02 on)."""

    job_id: int
    nodes: tuple[str, ...]
    allocated: tuple[str, ...] = ()
    partition: str = ""
    features: str = ""
    reservation: str = ""
    oversubscribe: str = ""
    exclusive: str = ""
    extra: str = ""
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class ResumeRequest:
    """All nodes to resume, in Slurm's order, and the jobs that wait for them."""

    nodes: tuple[str, ...]
    jobs: tuple[ResumeJob, ...]


@dataclass(frozen=True, slots=True)
class SpooledRequest:
    """A request that one of the programs kept on disk; `time` is when it was made, s since 1970."""

    program: str
    hostlist: str
    resume_file: str | None = field(repr=False)
    time: float
    id: str


def parse_resume_file(text: str) -> ResumeRequest:
    """The request in the text of a resume file of any release from 21.08 on. Raises InputError."""
    content = _object(text, "SLURM_RESUME_FILE")
    rows = [] if content.get("jobs") is None else content["jobs"]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _damaged("SLURM_RESUME_FILE", "`jobs` is not a list of jobs")
    named = next((key for key in ("all_nodes_resume", "all_nodes") if key in content), None)
    if named is None:
        raise _damaged("SLURM_RESUME_FILE", "it names no nodes")
    nodes = _nodes(content, named)
    known = frozenset(nodes)
    return ResumeRequest(nodes, tuple(_job(row, known) for row in rows))


def read_spooled(path: Path) -> SpooledRequest:
    """The request in a file of the spool. Raises InputError when it is damaged or cannot be read."""
    if not path.is_file():
        raise _damaged(str(path), "it is not a file")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failed:
        raise _damaged(str(path), str(failed)) from failed
    content = _object(text, str(path))
    program, hostlist, unique = (content.get(key) for key in ("program", "hostlist", "id"))
    resume_file, made = content.get("resume_file"), content.get("time")
    if program not in PROGRAMS:
        raise _damaged(str(path), f"there is no program {program!r}")
    if not (isinstance(hostlist, str) and hostlist and isinstance(unique, str) and unique):
        raise _damaged(str(path), "the hostlist or the id is missing")
    if not isinstance(made, int | float) or isinstance(made, bool) or abs(made) > LATEST:
        raise _damaged(str(path), "the time is missing")
    if resume_file is not None and not isinstance(resume_file, str):
        raise _damaged(str(path), "the resume file is not a text")
    return SpooledRequest(str(program), hostlist, resume_file, float(made), unique)


def _job(row: Mapping[str, object], known: frozenset[str]) -> ResumeJob:
    """One job. Before 23.02 `nodes` may be more than what is resumed now, so `known` bounds it."""
    job_id, priority = row.get("job_id"), row.get("priority")
    if not isinstance(job_id, int) or isinstance(job_id, bool):
        raise _damaged("SLURM_RESUME_FILE", f"{job_id!r} is not the id of a job")
    named = "nodes_resume" if "nodes_resume" in row else "nodes"
    return ResumeJob(
        job_id=job_id,
        nodes=tuple(name for name in _nodes(row, named) if name in known),
        allocated=_nodes(row, "nodes_alloc"),
        partition=_text(row, "partition"),
        features=_text(row, "features"),
        reservation=_text(row, "reservation"),
        oversubscribe=_text(row, "oversubscribe"),
        exclusive=_text(row, "exclusive"),
        extra=_text(row, "extra"),
        priority=priority if isinstance(priority, int) and not isinstance(priority, bool) else None,
    )


def _object(text: str, where: str) -> dict[str, object]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as refused:
        raise _damaged(where, f"it is not JSON: {refused}") from refused
    if not isinstance(content, dict):
        raise _damaged(where, "it is not a JSON object")
    return content


def _nodes(row: Mapping[str, object], key: str) -> tuple[str, ...]:
    """The names in a hostlist; none when it is null or missing."""
    hostlist = row.get(key)
    if hostlist is None or hostlist in _NO_NODES:
        return ()
    if not isinstance(hostlist, str):
        raise _damaged("SLURM_RESUME_FILE", f"`{key}` is not a hostlist")
    try:
        return tuple(expand_hostlist(hostlist))
    except HostlistError as refused:
        raise _damaged("SLURM_RESUME_FILE", refused.what) from refused


def _text(row: Mapping[str, object], key: str) -> str:
    value = row.get(key)
    return "" if value is None else str(value)


def _damaged(where: str, what: str) -> InputError:
    return InputError(what, where=where, remedy="the hostlist alone says which nodes are meant")
