"""Carries a plan out, in two phases: every target opens its listeners and says so, then the sources connect.

The control plane does its own part in this process, with the same prober and listeners that agents have; the
agents' parts hang on the board. Whatever an agent does or does not do, each probe gets exactly one outcome,
and the run ends: what has not answered after the time-outs and what `Patience` adds to them is "not tried".

In its own process the control plane opens a port only for a flow with a range of them, as srun's, which takes
another when one is in use. The single port of a daemon is that daemon's, also while it restarts: it is only
looked up whether somebody listens there.
"""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from burstway.agent.node import prober
from burstway.agent.node.listeners import SERVED, Listeners
from burstway.probes.board import Board, Task
from burstway.probes.outcome import NOT_OPENED, Opened, Outcome, Verdict
from burstway.probes.plan import Machine, Probe, Runs
from burstway.probes.served import served_at

MOST_PER_TASK = 200
SPARE_S = 5.0

Door = tuple[str, str, int]
"""Address, protocol and port."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for one connection, for the targets to listen, and for an agent besides its connections."""

    probe_s: float = 3.0
    listen_s: float = 6.0
    agent_s: float = 8.0


PATIENCE = Patience()


def run(
    probes: Sequence[Probe],
    board: Board,
    listeners: Listeners,
    patience: Patience = PATIENCE,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Outcome]:
    """An outcome for each probe, in their order. `progress` is told how many there are so far, from any
    thread."""
    return _Run(probes, board, listeners, patience, progress).carry_out()


def waves(probes: int, at_once: int = prober.MOST_AT_ONCE) -> int:
    """How many time-outs one machine takes at most for so many probes."""
    return -(-probes // at_once)


def lasting_s(probes: Iterable[Probe], patience: Patience) -> float:
    """The seconds that listeners are opened for: by then the run has ended, whatever anybody does."""
    return patience.listen_s + _connecting_s(probes, patience) + patience.agent_s + SPARE_S


def _connecting_s(probes: Iterable[Probe], patience: Patience) -> float:
    """The time-outs of the machine that has most to try."""
    parts = Counter(probe.source for probe in probes if not _why_not(probe))
    return patience.probe_s * max((waves(part) for part in parts.values()), default=0)


class _Run:
    def __init__(
        self,
        probes: Sequence[Probe],
        board: Board,
        listeners: Listeners,
        patience: Patience,
        progress: Callable[[int], None],
    ) -> None:
        self._probes = probes
        self._board = board
        self._listeners = listeners
        self._patience = patience
        self._progress = progress
        self._id = secrets.token_hex(8)
        self._outcomes: dict[int, Outcome] = {}
        self._noting = threading.Lock()
        self._over = False

    def carry_out(self) -> list[Outcome]:
        self._leave_out()
        by_source = self._by_source()
        longest_s = _connecting_s(self._probes, self._patience)
        open_s = lasting_s(self._probes, self._patience)
        doors = self._doors()
        tasks = [_listen_task(machine, part, open_s) for machine, part in doors.items() if _remote(machine)]
        try:
            opened = self._listen(doors, tasks, open_s)
            self._connect(by_source, opened, longest_s)
        finally:
            self._board.withdraw(tasks)
            self._listeners.close(self._id)
        return [self._outcomes[index] for index in range(len(self._probes))]

    # --- what cannot be tried ---

    def _leave_out(self) -> None:
        for index, probe in enumerate(self._probes):
            if why := _why_not(probe):
                self._not_tried([index], why)
        self._progress(len(self._outcomes))

    def _not_tried(self, indexes: Collection[int], why: str) -> None:
        for index in indexes:
            self._outcomes.setdefault(index, Outcome(Verdict.NOT_TRIED, why))

    def _to_try(self) -> Iterator[tuple[int, Probe]]:
        return ((index, probe) for index, probe in enumerate(self._probes) if index not in self._outcomes)

    # --- the first phase ---

    def _doors(self) -> dict[Machine, list[Door]]:
        """What each target is to open, where somebody runs its part."""
        doors: dict[Machine, dict[Door, None]] = {}
        for _, probe in self._to_try():
            if probe.target.runs is not Runs.NOBODY:
                doors.setdefault(probe.target, {})[_door(probe)] = None
        return {machine: list(part) for machine, part in doors.items()}

    def _listen(
        self, doors: Mapping[Machine, list[Door]], tasks: Collection[Task], open_s: float
    ) -> dict[Door, Opened]:
        """What is known to be there."""
        known: dict[Door, Opened] = {}
        self._board.put(tasks)
        for machine, part in doors.items():
            if not _remote(machine):
                known.update(self._listen_here(part, open_s))

        def answered(task: Task) -> None:
            known.update(dict(zip(doors[task.machine], task.answer or (), strict=True)))

        self._board.wait(tasks, time.monotonic() + self._patience.listen_s, answered)
        return known

    def _listen_here(self, doors: Sequence[Door], open_s: float) -> dict[Door, Opened]:
        """Ours are the ports of ranges; of those of daemons we look whether somebody listens."""
        daemons = {_door(probe) for probe in self._probes if probe.flow.ports and len(probe.flow.ports) == 1}
        ours = [door for door in doors if door not in daemons]
        found = self._listeners.open(self._id, ours, open_s)
        known = {door: Opened(nonce, why == SERVED) for door, (nonce, why) in zip(ours, found, strict=True)}
        theirs = [door for door in doors if door in daemons]
        served = served_at((address, port) for address, protocol, port in theirs if protocol == "tcp")
        for address, protocol, port in theirs:
            known[address, protocol, port] = Opened(served=protocol == "tcp" and (address, port) in served)
        return known

    # --- the second phase ---

    def _by_source(self) -> dict[Machine, list[int]]:
        parts: dict[Machine, list[int]] = {}
        for index, probe in self._to_try():
            parts.setdefault(probe.source, []).append(index)
        return parts

    def _connect(
        self, by_source: Mapping[Machine, list[int]], opened: Mapping[Door, Opened], longest_s: float
    ) -> None:
        own = [index for machine, part in by_source.items() if not _remote(machine) for index in part]
        thread = threading.Thread(
            target=self._connect_from_here, args=(own, opened), name="own part", daemon=True
        )
        thread.start()
        tasks = {
            self._connect_task(machine, part[first : first + MOST_PER_TASK], opened): part[
                first : first + MOST_PER_TASK
            ]
            for machine, part in by_source.items()
            if _remote(machine)
            for first in range(0, len(part), MOST_PER_TASK)
        }
        began = time.monotonic()
        until = began + longest_s + self._patience.agent_s
        self._board.put(list(tasks))
        try:
            self._board.wait(tasks, until, lambda task: self._note(tasks[task], task.answer or ()))
        finally:
            self._board.withdraw(list(tasks))
        for task, part in tasks.items():
            did = "was given its task and did not answer" if task.taken else "did not ask for its task"
            self._not_tried(part, f"{task.machine.name} {did} in {time.monotonic() - began:.0f} s")
        thread.join(max(0.0, until - time.monotonic()))
        with self._noting:
            self._over = True
        took = f"was not done with its own part in {time.monotonic() - began:.0f} s"
        failed = took if thread.is_alive() else "failed in its own part; see its log"
        self._not_tried(own, f"the control plane {failed}")
        self._progress(len(self._outcomes))

    def _connect_from_here(self, indexes: Sequence[int], opened: Mapping[Door, Opened]) -> None:
        attempts = []
        for probe in (self._probes[index] for index in indexes):
            there = opened.get(_door(probe), NOT_OPENED)
            attempts.append(prober.Attempt(*_door(probe), probe.flow.greeting, there.nonce, there.served))
        found = prober.probe(attempts, self._patience.probe_s)
        self._note(indexes, [Outcome(Verdict(each.verdict), each.detail, each.seconds) for each in found])

    def _connect_task(self, machine: Machine, part: Sequence[int], opened: Mapping[Door, Opened]) -> Task:
        attempts = []
        for probe in (self._probes[index] for index in part):
            address, protocol, port = _door(probe)
            there = opened.get((address, protocol, port), NOT_OPENED)
            attempts.append(
                {"address": address, "protocol": protocol, "port": port, "greeting": str(probe.flow.greeting),
                 "nonce": there.nonce, "served": there.served}
            )  # fmt: skip
        work = {"kind": "connect", "timeout_s": self._patience.probe_s, "attempts": attempts}
        return Task(machine, work, len(part))

    def _note(self, indexes: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """What comes after the end is dropped: the report is not changed under those who read it."""
        with self._noting:
            if self._over:
                return
            self._outcomes.update(zip(indexes, outcomes, strict=True))
            self._progress(len(self._outcomes))


def _remote(machine: Machine) -> bool:
    return machine.runs is Runs.AGENT


def _why_not(probe: Probe) -> str:
    """Why it cannot be tried at all; "" when it can."""
    if probe.source.runs is Runs.NOBODY:
        return f"{probe.source.name} {probe.source.absent}"
    if not probe.target.address:
        return f"{probe.target.name} {probe.target.absent or 'has no address'}"
    return ""


def _door(probe: Probe) -> Door:
    return probe.target.address, str(probe.flow.protocol), probe.port


def _listen_task(machine: Machine, doors: Sequence[Door], open_s: float) -> Task:
    listed = [{"address": address, "protocol": protocol, "port": port} for address, protocol, port in doors]
    return Task(machine, {"kind": "listen", "seconds": open_s, "doors": listed}, len(doors), lasting=True)
