"""A Slurm with memory and without daemons, for tests: the Scheduler seam, and what a test does to its nodes.

It moves as slurmctld 22.05.8 was seen to (tests/contracts/test_scheduler.py runs on both): a node is powered
up by a request or a job, is registered by its daemon, is suspended, and is powered down when the suspend
timer has run out or it is released. Its timers only run when `elapse` says so.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from burstway.contracts import SchedulerNode
from burstway.errors import SchedulerError
from burstway.slurm.scheduler import tidy_reason
from burstway.slurm.view import view_of


@dataclass(slots=True)
class _FakeNode:
    base: str = "IDLE"
    flags: set[str] = field(default_factory=lambda: {"POWERED_DOWN"})
    reason: str = ""


@dataclass(slots=True)
class FakeJob:
    """A job on some nodes; `requeues` counts how often it lost them."""

    nodes: tuple[str, ...]
    running: bool = True
    requeues: int = 0


class FakeScheduler:
    """contracts.Scheduler. `resumed` and `suspended` are the nodes that the two programs were called for;
    while `broken` is set, every call raises a SchedulerError."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self._nodes = {name: _FakeNode() for name in names}
        self.jobs: dict[int, FakeJob] = {}
        self.resumed: list[str] = []
        self.suspended: list[str] = []
        self.failed: list[tuple[str, str]] = []
        self.drained: list[tuple[str, str]] = []
        self.released: list[str] = []
        self.addresses: dict[str, str] = {}
        self.broken = False

    # --- what Burstway asks and tells

    def nodes(self, names: Collection[str]) -> Mapping[str, SchedulerNode]:
        self._check()
        return {name: self._view(name) for name in names if name in self._nodes}

    def place(self, addresses: Mapping[str, str]) -> None:
        for name in self._known(list(addresses)):
            self.addresses[name] = addresses[name]

    def fail(self, names: Collection[str], reason: str) -> None:
        for name in self._known(names):
            self.failed.append((name, reason))
            self._nodes[name].reason = tidy_reason(reason)
            self._requeue(name)
            self._suspend(name)

    def drain(self, names: Collection[str], reason: str) -> None:
        for name in self._known(names):
            if self._nodes[name].flags & {"POWERED_DOWN", "POWERING_DOWN"}:
                continue
            self.drained.append((name, reason))
            self._nodes[name].reason = tidy_reason(reason)
            self._nodes[name].flags |= {"DRAIN", "POWER_DOWN"}
            self._suspend_if_drained(name)

    def release(self, names: Collection[str]) -> None:
        for name in self._known(names):
            view = self._view(name)
            if view.powering_down and not view.down:
                self.released.append(name)
                self._nodes[name].flags = {"POWERED_DOWN"}
                self._nodes[name].reason = ""

    # --- what a test does

    def power_up(self, names: Collection[str]) -> None:
        """`scontrol update state=power_up`: the nodes that are powered down are resumed."""
        for name in self._known(names):
            node = self._nodes[name]
            if "POWERED_DOWN" in node.flags:
                node.base, node.flags = "IDLE", {"POWERING_UP", "NOT_RESPONDING"}
                self.resumed.append(name)

    def register(self, name: str) -> None:
        """The node's slurmd says that it is up."""
        node = self._nodes[name]
        node.base = "IDLE"
        node.flags -= {"POWERING_UP", "NOT_RESPONDING", "POWERED_DOWN", "POWERING_DOWN"}

    def time_out(self, name: str) -> None:
        """ResumeTimeout has passed, or the daemon is silent: the node is down and its jobs are requeued."""
        node = self._nodes[name]
        powered_down = {"POWERED_DOWN"} if "POWERING_UP" in node.flags else set()
        node.base, node.flags = "DOWN", {"NOT_RESPONDING", *powered_down}
        node.reason = "ResumeTimeout reached" if powered_down else "Not responding"
        self._requeue(name)

    def submit(self, nodes: Collection[str]) -> int:
        """A job on exactly these nodes; its id."""
        self.power_up(nodes)
        job_id = len(self.jobs) + 1
        self.jobs[job_id] = FakeJob(tuple(nodes))
        return job_id

    def finish(self, job_id: int) -> None:
        job = self.jobs[job_id]
        job.running = False
        for name in job.nodes:
            self._suspend_if_drained(name)

    def suspend(self, names: Collection[str]) -> None:
        """SuspendTime has passed on idle nodes."""
        for name in self._known(names):
            self._suspend(name)

    def elapse(self) -> None:
        """SuspendTimeout has passed: what was powering down is powered down."""
        for node in self._nodes.values():
            if "POWERING_DOWN" in node.flags:
                node.flags = {"POWERED_DOWN"}

    # --- inside

    def _view(self, name: str) -> SchedulerNode:
        node = self._nodes[name]
        base = "ALLOCATED" if node.base == "IDLE" and self._busy(name) else node.base
        return view_of("+".join([base, "CLOUD", *sorted(node.flags)]), node.reason)

    def _busy(self, name: str) -> bool:
        return any(job.running and name in job.nodes for job in self.jobs.values())

    def _requeue(self, name: str) -> None:
        for job in self.jobs.values():
            if job.running and name in job.nodes:
                job.running = False
                job.requeues += 1

    def _suspend(self, name: str) -> None:
        node = self._nodes[name]
        if "POWERING_DOWN" not in node.flags:
            node.base, node.flags = "IDLE", {"POWERING_DOWN"}
            self.suspended.append(name)

    def _suspend_if_drained(self, name: str) -> None:
        if "POWER_DOWN" in self._nodes[name].flags and not self._busy(name):
            self._suspend(name)

    def _known(self, names: Collection[str]) -> list[str]:
        self._check()
        return [name for name in names if name in self._nodes]

    def _check(self) -> None:
        if self.broken:
            raise SchedulerError("Slurm does not answer", remedy="the test said so")
