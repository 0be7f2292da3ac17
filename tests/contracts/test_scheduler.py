"""The Scheduler seam: one suite, on the fake and on a real slurmctld with a real slurmd.

Every test takes nodes of its own, so that one slurmctld serves all of them. What slurmctld does by its
timers is waited for; the fake is told that the time has passed.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest

from burstway.contracts import Offer, Scheduler, SchedulerNode
from burstway.errors import SchedulerError
from burstway.model.cluster import Cluster, NodeArray
from burstway.settings import SiteSettings, SlurmSettings
from burstway.slurm.conf import render_conf
from burstway.slurm.fake import FakeScheduler
from burstway.slurm.scheduler import MOST_ASKED_BY_NAME, SlurmScheduler
from trial_controller import TrialController, stop

CLUSTER = Cluster("hpc1", (NodeArray("hpc", "m", "image", "nodes", 200, 1, "cloud", default_partition=True),))
SITE = SiteSettings(
    name="uni", head="head", address=IPv4Address("10.1.0.4"), network=IPv4Network("10.1.0.0/16")
)
OFFERS = {"m": Offer("m", 1, 512, 0.1, "EUR", "test")}
SUSPEND_TIMEOUT_S = 3
PATIENCE_S = 20
QUICK = "SchedulerParameters=sched_interval=1,batch_sched_delay=0\n"


class World(Protocol):
    """A scheduler, and what its users and its nodes do."""

    scheduler: Scheduler

    def fresh(self) -> str:
        """A node that no other test has, powered down."""

    def power_up(self, node: str) -> None: ...
    def down(self, node: str) -> None: ...
    def submit(self, node: str) -> int: ...
    def finish(self, job: int) -> None: ...
    def requeues(self, job: int) -> int: ...
    def daemon(self, node: str) -> AbstractContextManager[None]:
        """The node's daemon is up for the time of a `with`."""

    def address(self, node: str) -> str: ...
    def pause(self) -> None:
        """Time passes, SuspendTimeout in the end."""


class FakeWorld:
    def __init__(self) -> None:
        self.fake = FakeScheduler(list(CLUSTER.node_names()))
        self.scheduler: Scheduler = self.fake
        self._fresh = CLUSTER.node_names()

    def fresh(self) -> str:
        return next(self._fresh)

    def power_up(self, node: str) -> None:
        self.fake.power_up([node])

    def down(self, node: str) -> None:
        self.fake.time_out(node)

    def submit(self, node: str) -> int:
        return self.fake.submit([node])

    def finish(self, job: int) -> None:
        self.fake.finish(job)

    def requeues(self, job: int) -> int:
        return self.fake.jobs[job].requeues

    @contextmanager
    def daemon(self, node: str) -> Iterator[None]:
        self.fake.register(node)
        yield

    def address(self, node: str) -> str:
        return self.fake.addresses[node]

    def pause(self) -> None:
        self.fake.elapse()


class SlurmWorld:
    def __init__(self, trial: TrialController) -> None:
        self.trial = trial
        self.scheduler: Scheduler = SlurmScheduler(str(trial.scontrol), trial.conf)
        self._numbers = count(1)

    def fresh(self) -> str:
        return f"hpc1-hpc-{next(self._numbers)}"

    def power_up(self, node: str) -> None:
        self.trial.run("scontrol", "update", f"nodename={node}", "state=power_up")

    def down(self, node: str) -> None:
        self.trial.run("scontrol", "update", f"nodename={node}", "state=down", "reason=silent")

    def submit(self, node: str) -> int:
        words = ["--parsable", "--requeue", "-w", node, "-D", "/", "-o", "/dev/null", "--wrap", "sleep 60"]
        return int(self.trial.run("sbatch", *words))

    def finish(self, job: int) -> None:
        self.trial.run("scancel", str(job))

    def requeues(self, job: int) -> int:
        found = re.search(r"Restarts=(\d+)", self.trial.run("scontrol", "show", "job", str(job)))
        assert found
        return int(found[1])

    @contextmanager
    def daemon(self, node: str) -> Iterator[None]:
        command = self.trial.command("slurmd", "-D", "-b", "-N", node, "-f", str(self.trial.conf))
        with (self.trial.folder / "slurmd.log").open("ab") as log:
            slurmd = subprocess.Popen(command, env=self.trial.environment(), stdout=log, stderr=log)
        try:
            yield
        finally:
            stop(slurmd)

    def address(self, node: str) -> str:
        found = re.search(r"NodeAddr=(\S+)", self.trial.run("scontrol", "show", "node", node))
        assert found
        return found[1]

    def pause(self) -> None:
        time.sleep(0.1)


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialController]:
    if os.geteuid() or not shutil.which("slurmctld"):
        pytest.skip("needs root and Slurm")
    folder = tmp_path_factory.mktemp("slurm")
    for program in ("burstway-resume", "burstway-suspend", "burstway-resume-fail"):
        (folder / program).write_text("#!/bin/sh\n")
        (folder / program).chmod(0o755)
    settings = SlurmSettings(suspend_timeout_s=SUSPEND_TIMEOUT_S)
    conf = render_conf(settings, SITE, CLUSTER, OFFERS, folder, (22, 5))
    quick = conf.lines.replace("idle_on_node_suspend", "idle_on_node_suspend,power_save_interval=1")
    with TrialController(folder, replace(conf, lines=quick + QUICK)) as controller:
        yield controller


@pytest.fixture(scope="session")
def slurm_world(trial: TrialController) -> SlurmWorld:
    return SlurmWorld(trial)


@pytest.fixture(
    params=[
        "fake",
        pytest.param("slurm", marks=[pytest.mark.lab, pytest.mark.xdist_group("slurmctld")]),
    ]
)
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld()
    slurm: SlurmWorld = request.getfixturevalue("slurm_world")
    return slurm


def wait(world: World, node: str, holds: Callable[[SchedulerNode], bool]) -> SchedulerNode:
    """What the scheduler thinks of the node once `holds` is true of it."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds(view := world.scheduler.nodes([node])[node]):
        assert time.monotonic() < deadline, view
        world.pause()
    return view


def powered_up(world: World) -> str:
    """A node whose machine was asked for: slurmctld takes no daemon for it that started before."""
    node = world.fresh()
    world.power_up(node)
    wait(world, node, lambda view: not view.powered_down)
    return node


def see(world: World, node: str) -> SchedulerNode:
    return world.scheduler.nodes([node])[node]


def test_unknown_nodes_are_left_out(world: World) -> None:
    """Names that the scheduler does not know are no error, alone or beside others."""
    node = world.fresh()
    strangers = ["hpc9-hpc-1", "stranger"]
    assert list(world.scheduler.nodes([*strangers, node])) == [node]
    assert world.scheduler.nodes(strangers) == {}
    assert world.scheduler.nodes([]) == {}
    world.scheduler.fail(strangers, "lost")
    world.scheduler.drain(strangers, "lost")
    world.scheduler.release(strangers)


def test_only_those_asked_for_are_answered(world: World) -> None:
    """However many are asked for, no other node is in the answer."""
    names = list(CLUSTER.node_names())[50 : 50 + MOST_ASKED_BY_NAME + 1]
    assert set(world.scheduler.nodes(names)) == set(names)


def test_a_node_that_nobody_needs_is_powered_down(world: World) -> None:
    """A fresh node has no machine, is no trouble and does nothing."""
    assert see(world, world.fresh()) == SchedulerNode(
        registered=False, powered_down=True, powering_down=False, down=False, busy=False
    )


def test_a_node_is_registered_only_once_its_daemon_is(world: World) -> None:
    """A node that is powered up is not registered before its daemon has said so."""
    node = powered_up(world)
    assert not see(world, node).registered
    with world.daemon(node):
        view = wait(world, node, lambda view: view.registered)
        assert (view.powering_down, view.down, view.busy) == (False, False, False)


def test_the_addresses_of_coming_nodes_are_taken(world: World) -> None:
    """Each its own, in whatever order they are given; an unknown node is left out."""
    one, two = powered_up(world), powered_up(world)
    world.scheduler.place({two: "127.0.0.3", "nobody-1": "127.0.0.9", one: "127.0.0.2"})
    assert (world.address(one), world.address(two)) == ("127.0.0.2", "127.0.0.3")
    world.scheduler.place({})
    world.scheduler.fail([one, two], "given up")


def test_a_failed_launch_requeues_the_job_and_returns_the_node(world: World) -> None:
    """The job of a node that will not come is requeued at once; the node ends good, with its reason."""
    node = world.fresh()
    job = world.submit(node)
    wait(world, node, lambda view: view.busy and not view.powered_down)
    world.scheduler.fail([node], "out of capacity in zone 1 [429]")
    assert world.requeues(job) == 1
    wait(world, node, lambda view: view.powering_down)
    view = wait(world, node, lambda view: view.powered_down)
    assert (view.registered, view.down, view.busy) == (False, False, False)
    assert view.reason == "out of capacity in zone 1 [429]"


def test_a_lost_node_loses_its_job_to_the_queue(world: World) -> None:
    """The job of a registered node whose machine is lost is requeued, and the node is given back."""
    node = powered_up(world)
    with world.daemon(node):
        wait(world, node, lambda view: view.registered)
        job = world.submit(node)
        wait(world, node, lambda view: view.busy)
        world.scheduler.fail([node], "the cloud took it")
        assert world.requeues(job) == 1
        wait(world, node, lambda view: view.powering_down)


def test_failing_again_changes_nothing(world: World) -> None:
    """A node is failed as often as one likes; it is powering down once."""
    node = world.fresh()
    job = world.submit(node)
    wait(world, node, lambda view: view.busy and not view.powered_down)
    for _ in range(3):
        world.scheduler.fail([node], "lost")
    assert world.requeues(job) == 1
    wait(world, node, lambda view: view.powering_down)


def test_a_node_that_is_down_is_repaired_by_failing_it(world: World) -> None:
    """`down` would otherwise last until a person looks: failing a node makes it good again."""
    node = powered_up(world)
    world.down(node)
    assert see(world, node).down
    world.scheduler.fail([node], "silent")
    assert not wait(world, node, lambda view: view.powering_down).down


def test_draining_lets_the_job_end(world: World) -> None:
    """A draining node keeps its job; when that has ended, the scheduler gives the node back by itself."""
    node = powered_up(world)
    with world.daemon(node):
        wait(world, node, lambda view: view.registered)
        job = world.submit(node)
        wait(world, node, lambda view: view.busy)
        world.scheduler.drain([node], "maintenance")
        view = see(world, node)
        assert (view.busy, view.registered, view.reason) == (True, True, "maintenance")
        assert world.requeues(job) == 0
        world.finish(job)
        wait(world, node, lambda view: view.powering_down and not view.busy)


def test_draining_what_is_powered_down_changes_nothing(world: World) -> None:
    """There is nothing to drain: the node stays ready for the next job."""
    node = world.fresh()
    before = see(world, node)
    world.scheduler.drain([node], "maintenance")
    world.pause()
    assert see(world, node) == before


def test_a_released_node_is_powered_down_at_once(world: World) -> None:
    """When its machine is proven gone, a node need not wait for SuspendTimeout."""
    node = powered_up(world)
    world.scheduler.fail([node], "lost")
    if isinstance(world, SlurmWorld):
        wait(world, node, lambda view: view.powering_down)
    assert see(world, node).powering_down
    world.scheduler.release([node])
    view = see(world, node)
    assert (view.powered_down, view.powering_down, view.down) == (True, False, False)


def test_only_what_is_powering_down_is_released(world: World) -> None:
    """Releasing a node that is powered down, coming up or registered does nothing to it."""
    asleep, coming = world.fresh(), powered_up(world)
    before = world.scheduler.nodes([asleep, coming])
    world.scheduler.release([asleep, coming])
    assert world.scheduler.nodes([asleep, coming]) == before


def test_a_node_that_is_down_is_not_released(world: World) -> None:
    """Slurm would never use it again after its next restart, though it would show it idle."""
    node = powered_up(world)
    world.down(node)
    world.scheduler.release([node])
    assert see(world, node).down


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("it \"did\" not 'come'; $HOME = `x` State=DOWN", "it \"did\" not 'come'; $HOME = `x` State=DOWN"),
        ("line one\nline two", "line one line two"),
        ("", "no reason was given"),
    ],
)
def test_a_reason_arrives_as_one_line(reason: str, kept: str, world: World) -> None:
    """Whatever a cloud says can be shown beside the node."""
    node = world.fresh()
    world.scheduler.fail([node], reason)
    assert see(world, node).reason == kept


def test_many_nodes_at_once(world: World) -> None:
    """Nodes that are strewn over an array are failed in one call."""
    names = list(CLUSTER.node_names())[60:200:2]
    world.scheduler.fail(names, "the zone is gone")
    assert {view.reason for view in world.scheduler.nodes(names).values()} == {"the zone is gone"}


def test_a_broken_fake_raises_as_slurm_does() -> None:
    """A test can take the scheduler away: every call then is a SchedulerError."""
    fake = FakeScheduler(["hpc1-hpc-1"])
    fake.broken = True
    for call in (
        lambda: fake.nodes(["hpc1-hpc-1"]),
        lambda: fake.fail(["hpc1-hpc-1"], "x"),
        lambda: fake.drain(["hpc1-hpc-1"], "x"),
        lambda: fake.release(["hpc1-hpc-1"]),
    ):
        with pytest.raises(SchedulerError):
            call()


@pytest.mark.lab
@pytest.mark.xdist_group("slurmctld")
def test_a_slurmctld_that_is_gone_is_a_scheduler_error(trial: TrialController, tmp_path: Path) -> None:
    """With no slurmctld at its address scontrol fails, and that is never an empty answer."""
    conf = tmp_path / "slurm.conf"
    text = trial.conf.read_text().replace("SlurmctldHost=head(10.254.0.1)", "SlurmctldHost=head(10.254.0.9)")
    conf.write_text(
        "MessageTimeout=2\n" + "\n".join(line for line in text.splitlines() if not line.startswith("Include"))
    )
    with pytest.raises(SchedulerError):
        SlurmScheduler(str(trial.scontrol), conf).nodes(["hpc1-hpc-1"])
