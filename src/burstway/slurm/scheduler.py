"""Slurm, asked and told through scontrol.

What is told was tried on slurmctld 22.05.8 (tests/contracts/test_scheduler.py tries it again):
* `state=power_down_force` requeues the jobs of a node that will not come at once, keeps the reason, and the
  node ends powered down and good. `state=down` would hold it until ResumeTimeout and lose the reason.
* `state=power_down_asap` lets running jobs end first.
* `state=resume` makes a node that is powering down powered down at once, and forgets the reason. On a node
  that is DOWN it sets NOT_RESPONDING, and after the next restart of slurmctld the node is never used again,
  though sinfo shows it idle: so it is said of no other node than one that is powering down.
* While it looks for a name that nobody knows, slurmctld tries for 5 s and answers nobody. A job that loses a
  node which never registered makes it look: so it is told the address of each machine.
* An update that names unknown nodes, or one in a state that does not allow it, changes the others and fails.
"""

import os
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from burstway.contracts import SchedulerNode
from burstway.errors import SchedulerError
from burstway.slurm.view import parse_nodes

ANSWER_WITHIN_S = 30.0
MOST_REASON_CHARACTERS = 200
MOST_ASKED_BY_NAME = 100
"""From here on all nodes are listed: slurmctld sends all of them to scontrol in either case."""

MOST_PLACED = 500
"""Names and addresses of one update: what fits into a command line with room to spare."""

MOST_RANGES, MOST_NAMES = 100, 1000
"""Of one `scontrol update`; slurmctld holds its locks as long as that takes."""


class SlurmScheduler:
    """contracts.Scheduler on a Slurm of 21.08 or later; without `conf`, Slurm finds its slurm.conf itself."""

    def __init__(self, scontrol: str = "scontrol", conf: Path | None = None) -> None:
        self._scontrol = scontrol
        self._environment = {**os.environ, **({"SLURM_CONF": str(conf)} if conf else {})}

    def nodes(self, names: Collection[str]) -> Mapping[str, SchedulerNode]:
        if not names:
            return {}
        asked = [",".join(name_ranges(names))] if len(names) <= MOST_ASKED_BY_NAME else []
        done = self._run("show", "nodes", *asked, "-o")
        known = parse_nodes(done.stdout)
        if done.returncode and not known and not _only_unknown(done.stdout):
            raise _failure("list its nodes", done)
        wanted = frozenset(names)
        return {name: view for name, view in known.items() if name in wanted}

    def place(self, addresses: Mapping[str, str]) -> None:
        known = sorted(addresses.keys() & self.nodes(list(addresses)).keys())
        for first in range(0, len(known), MOST_PLACED):
            names = known[first : first + MOST_PLACED]
            where = ",".join(addresses[name] for name in names)
            done = self._run("update", f"nodename={','.join(names)}", f"nodeaddr={where}")
            if done.returncode:
                raise _failure(f"take the addresses of {len(names)} nodes", done)

    def fail(self, names: Collection[str], reason: str) -> None:
        self._update(self.nodes(names), "power_down_force", reason)

    def drain(self, names: Collection[str], reason: str) -> None:
        """As contracts.Scheduler has it; a node that is powered down, or on its way, has nothing to drain."""
        known = self.nodes(names).items()
        up = [name for name, view in known if not (view.powered_down or view.powering_down)]
        self._update(up, "power_down_asap", reason)

    def release(self, names: Collection[str]) -> None:
        try:
            self._update(self._releasable(names), "resume")
        except SchedulerError:
            if self._releasable(names):  # else Slurm's own timer was quicker, and nothing is left to do
                raise

    def _releasable(self, names: Collection[str]) -> list[str]:
        views = self.nodes(names).items()
        return [name for name, v in views if v.powering_down and not v.powered_down and not v.down]

    def _update(self, names: Collection[str], state: str, reason: str | None = None) -> None:
        """Tells Slurm of all nodes, whatever becomes of a part of them; raises the first SchedulerError."""
        words = [f"state={state}", *([] if reason is None else [f"reason={tidy_reason(reason)}"])]
        failures = []
        for nodes in batches(name_ranges(names)):
            try:
                done = self._run("update", f"nodename={nodes}", *words)
            except SchedulerError as refused:
                failures.append(refused)
                break  # slurmctld does not answer: the next batch would wait as long
            if done.returncode:
                failures.append(_failure(f"set {nodes} to {state}", done))
        if failures:
            raise failures[0]

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [self._scontrol, *words],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=ANSWER_WITHIN_S,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SchedulerError(
                f"Slurm does not answer within {ANSWER_WITHIN_S:g} s",
                where=self._scontrol,
                remedy="see with `scontrol ping` and in slurmctld's log whether it is up and not overloaded",
            ) from None
        except OSError as failed:
            raise SchedulerError(
                f"scontrol cannot be run: {failed.strerror}",
                where=self._scontrol,
                remedy="install Slurm's client commands on this host",
            ) from failed


def tidy_reason(reason: str) -> str:
    """The reason as one line of printable characters that sinfo can show."""
    line = " ".join("".join(c if c.isprintable() else " " for c in reason).split())
    shortened = line if len(line) <= MOST_REASON_CHARACTERS else line[: MOST_REASON_CHARACTERS - 1] + "…"
    return shortened or "no reason was given"


def name_ranges(names: Iterable[str]) -> list[str]:
    """The names as short hostlists of one bracket at most: `["hpc1-hpc-[1-20]", "login"]`.

    Slurm understands two brackets a name and no more; a general folding of hpc1-a2-3 makes three. No
    hostlist has more names than one update may have.
    """
    indices: dict[str, set[int]] = {}
    single = []
    for name in names:
        head, dash, index = name.rpartition("-")
        if dash and index.isascii() and index.isdecimal() and str(int(index)) == index:
            indices.setdefault(head, set()).add(int(index))
        else:
            single.append(name)
    folded = [piece for head in sorted(indices) for piece in _fold(head, sorted(indices[head]))]
    return folded + sorted(set(single))


def _fold(head: str, indices: list[int]) -> Iterator[str]:
    first = indices[0]
    for index, following in pairwise([*indices, indices[-1] + 2]):
        if following != index + 1 or index - first + 1 == MOST_NAMES:
            yield f"{head}-{first}" if first == index else f"{head}-[{first}-{index}]"
            first = following


def batches(ranges: Iterable[str]) -> Iterator[str]:
    """The ranges joined into hostlists of at most MOST_RANGES ranges and MOST_NAMES names."""
    batch: list[str] = []
    held = 0
    for piece in ranges:
        size = _size(piece)
        if batch and (len(batch) == MOST_RANGES or held + size > MOST_NAMES):
            yield ",".join(batch)
            batch, held = [], 0
        batch.append(piece)
        held += size
    if batch:
        yield ",".join(batch)


def _size(piece: str) -> int:
    first, dash, last = piece.rpartition("[")[2].rstrip("]").partition("-")
    return int(last) - int(first) + 1 if dash and piece.endswith("]") else 1


def _only_unknown(said: str) -> bool:
    """Whether scontrol failed for nothing but names that slurmctld does not know."""
    lines = said.splitlines()
    return bool(lines) and all(line.startswith("Node ") and line.endswith(" not found") for line in lines)


def _failure(what: str, done: subprocess.CompletedProcess[str]) -> SchedulerError:
    said = " ".join((done.stderr or done.stdout).split())[-300:] or f"scontrol ended with {done.returncode}"
    return SchedulerError(
        f"Slurm did not {what}: {said}",
        where="scontrol",
        remedy="see with `scontrol ping` whether slurmctld is up; Burstway must be SlurmUser or root",
    )
