"""Where tasks for agents hang until they are answered: in memory only.

A node sees and answers its own tasks, those of its present life. An answer that nobody waits for is refused
and changes nothing.
"""

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from burstway.errors import InputError, UnknownError
from burstway.probes.outcome import Opened, Outcome
from burstway.probes.plan import Machine


@dataclass(slots=True, eq=False)
class Task:
    """`work` is what the agent is sent; `parts` is how many things its answer must speak of. One that lasts
    hangs on after its answer, until it is withdrawn."""

    machine: Machine
    work: Mapping[str, Any]
    parts: int
    lasting: bool = False
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    taken: bool = False
    answer: Sequence[Any] | None = None


class Board:
    """Safe from any thread. `announce` makes long polls look again."""

    def __init__(self, announce: Callable[[], None]) -> None:
        self._announce = announce
        self._tasks: dict[str, dict[str, Task]] = {}
        self._changed = threading.Condition()

    def put(self, tasks: Collection[Task]) -> None:
        with self._changed:
            for task in tasks:
                self._tasks.setdefault(task.machine.name, {})[task.id] = task
        if tasks:
            self._announce()

    def withdraw(self, tasks: Collection[Task]) -> None:
        with self._changed:
            for task in tasks:
                self._remove(task)
        if tasks:
            self._announce()

    def of(self, name: str, life: str) -> list[dict[str, Any]]:
        """What this node is to do, as it is sent; the order is that in which it was asked for."""
        with self._changed:
            found = [task for task in self._tasks.get(name, {}).values() if task.machine.life == life]
            for task in found:
                task.taken = True
            return [{"id": task.id, **task.work} for task in found]

    def listening(self, name: str, life: str, task_id: str, opened: Sequence[Opened]) -> None:
        """A target has opened what it was to. Raises UnknownError when this node has no such task, InputError
        when the answer does not fit it."""
        self._answer(name, life, task_id, opened, lasting=True)

    def found(self, name: str, life: str, task_id: str, outcomes: Sequence[Outcome]) -> None:
        """A source has tried what it was to; raises as `listening` does."""
        self._answer(name, life, task_id, outcomes, lasting=False)

    def _answer(
        self,
        name: str,
        life: str,
        task_id: str,
        answer: Sequence[Opened] | Sequence[Outcome],
        *,
        lasting: bool,
    ) -> None:
        with self._changed:
            task = self._tasks.get(name, {}).get(task_id)
            if task is None or task.machine.life != life or task.answer is not None:
                raise UnknownError("there is no such task", remedy="the run that it belonged to has ended")
            if task.lasting != lasting:
                raise InputError("the task is of the other kind")
            if len(answer) != task.parts:
                raise InputError(f"the task has {task.parts} parts, the answer {len(answer)}")
            task.answer = answer
            if not task.lasting:
                self._remove(task)
            self._changed.notify_all()

    def wait(
        self, tasks: Iterable[Task], until: float, answered: Callable[[Task], None] = lambda _: None
    ) -> None:
        """Returns when all are answered, or at this time of the monotonic clock. `answered` is called once
        with each that is, and without the board's lock."""
        left = list(tasks)
        while left:
            with self._changed:
                if not any(task.answer is not None for task in left):
                    self._changed.wait(max(0.0, until - time.monotonic()))
                done = [task for task in left if task.answer is not None]
            for task in done:
                answered(task)
            left = [task for task in left if task not in done]
            if not done and time.monotonic() >= until:
                return

    def _remove(self, task: Task) -> None:
        tasks = self._tasks.get(task.machine.name, {})
        tasks.pop(task.id, None)
        if not tasks:
            self._tasks.pop(task.machine.name, None)
