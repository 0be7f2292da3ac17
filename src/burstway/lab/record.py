"""What a lab remembers: its options, which Burstway made it, and whether it is a demonstration's."""

import json
import os
import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from burstway.providers.lab.layout import Layout, existing_labs, layout


@dataclass(frozen=True, slots=True)
class Record:
    """`by` is the environment of the Burstway that made it. `demo` is the process whose demonstration it is:
    such a lab goes away with it, or is removed by the next one; it is empty in all others."""

    idle_s: float = 0.0
    boot_timeout_s: float = 0.0
    example: bool = False
    by: str = field(default_factory=lambda: sys.prefix)
    demo: str = ""

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def read_record(place: Layout) -> Record | None:
    """None of a lab that is not there, or that was cut off before it was one."""
    try:
        return Record(**json.loads(place.made.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def made_here(prefix: str) -> list[str]:
    """The labs that a Burstway of this environment made."""
    records = {name: read_record(layout(name)) for name in existing_labs()}
    return [name for name, record in records.items() if record and record.by == prefix]


def keep(place: Layout) -> None:
    """The lab is a demonstration's no longer, but its user's."""
    if record := read_record(place):
        place.made.write_text(replace(record, demo="").to_json(), encoding="utf-8")


def this_process() -> str:
    return _process(os.getpid())


def is_running(process: str) -> bool:
    """Whether this process is still there, and not another that got its number."""
    return _process(int(process.partition("@")[0])) == process


def _process(pid: int) -> str:
    """The process with the time of its start; the bare number when there is none, or it has ended."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return str(pid)
    return str(pid) if fields[0] == "Z" else f"{pid}@{fields[19]}"
