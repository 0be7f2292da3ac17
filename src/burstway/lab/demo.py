"""The demonstration: a lab, two real jobs that burst into its cloud, and the cloud empty again."""

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import burstway
from burstway.client import AnswerError, Client
from burstway.errors import BurstwayError, ConflictError, ControlPlaneError, LabError
from burstway.lab import record
from burstway.lab.cloud import LabCloud
from burstway.lab.enter import door, entering, run_in
from burstway.lab.head import USER
from burstway.lab.remains import remove
from burstway.lab.screen import Screen
from burstway.lab.site import start_slurm, up
from burstway.providers.lab.layout import Layout

EXAMPLE = "examples/hpc1.txt"
JOB_TIMEOUT_S = 180.0
EMPTY_TIMEOUT_S = 120.0
ARRAY = 4
ARRAY_SCRIPT = '#!/bin/sh\nsleep 1\necho "task $SLURM_ARRAY_TASK_ID of $USER ran on $(hostname)"\n'


def import_example(place: Layout, say: Callable[[str], None], name: str = "hpc1") -> None:
    """Imports the example's cluster, unless it is there."""
    path = Path(burstway.__file__).resolve().parents[2] / EXAMPLE
    if not path.exists():
        raise LabError(f"{EXAMPLE} is not here", remedy="run it from a checkout of Burstway")
    with LabCloud(place) as cloud, Client(door(cloud)) as client:
        if any(cluster["name"] == name for cluster in client.get("/v1/clusters")):
            return
        say(f"cluster {name} from {EXAMPLE}")
        body = {"name": name, "template": path.read_text(encoding="utf-8"), "file": EXAMPLE}
        client.post("/v1/clusters", body)


def run_demo(place: Layout, *, keep: bool, idle_s: float, screen: Screen | None = None) -> bool:
    """True when both jobs printed what they should and the cloud ended empty. Cleans up, whatever happens,
    unless it is told to keep the lab. Raises ConflictError when another's lab is in the way."""
    with screen or Screen() as screen, _ended_by_signal() as came:
        if _make_room(place, screen.say):
            screen.say("removed what a demonstration before this one left")
        try:
            good = _demo(place, screen, idle_s)
            if came:
                sys.exit(128 + came[0])
            return good
        except BurstwayError as failed:
            screen.fail(str(failed))
            return False
        finally:
            screen.freeze()
            if keep:
                record.keep(place)
                shell, down = place.command("shell"), place.command("down")
                screen.say(f"kept. {shell} (as {USER}), burstway node list; {down}")
            else:
                remove(place, screen.say)
                screen.say("the lab is removed")


def _make_room(place: Layout, say: Callable[[str], None]) -> bool:
    """Removes the lab of a demonstration that was cut off, and no other's."""
    if not place.folder.exists():
        return False
    found = record.read_record(place)
    if found is None or not found.demo or record.is_running(found.demo):
        what = (
            "in which a demonstration runs" if found and found.demo else "that no demonstration left behind"
        )
        raise ConflictError(
            f"there is a lab {place.name!r} {what}",
            remedy=f"give this one another --name; to remove that lab: {place.command('down')}",
        )
    return remove(place, say)


@dataclass
class _Watch:
    """Follows the control plane in the background and hands what it sees to the screen."""

    client: Client
    screen: Screen
    ended: threading.Event = field(default_factory=threading.Event)
    seen: int = 0

    def run(self) -> None:
        while not self.ended.wait(0.2):
            try:
                self.screen.show_nodes(self.client.get("/v1/nodes"))
                for event in self.client.get("/v1/events", after=self.seen):
                    self.seen = event["number"]
                    self.screen.show_event(event)
            except (ControlPlaneError, AnswerError) as failed:
                self.screen.say(f"the control plane does not answer: {failed}")


@contextmanager
def _watching(client: Client, screen: Screen) -> Iterator[None]:
    watch = _Watch(client, screen)
    thread = threading.Thread(target=watch.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        watch.ended.set()
        thread.join(10)


def _demo(place: Layout, screen: Screen, idle_s: float) -> bool:
    up(place, screen.say, idle_s=idle_s, example=True, demo=record.this_process())
    import_example(place, screen.say)
    start_slurm(place, screen.say)
    with LabCloud(place) as cloud, Client(door(cloud)) as client, _watching(client, screen):
        good = _srun(cloud, screen)
        good = _array(cloud, screen) and good
        screen.phase(f"no more jobs: after {idle_s:g} s idle Slurm gives the nodes back")
        good = _until_empty(cloud, client, screen) and good
        screen.costs(client.get("/v1/rentals"))
    if good:
        screen.succeed("both jobs ran on machines that did not exist before, and the cloud is empty again")
    return good


def _srun(cloud: LabCloud, screen: Screen) -> bool:
    screen.phase(f"{USER}@head$ srun -N2 hostname")
    started = time.monotonic()
    done = subprocess.run(
        entering(cloud, "head", USER, ["srun", "-N2", "hostname"]), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=JOB_TIMEOUT_S, check=False,
    )  # fmt: skip
    lines = sorted((done.stdout + done.stderr).split("\n"))
    for line in filter(None, lines):
        screen.output(line)
    screen.say(f"srun ended with code {done.returncode} after {time.monotonic() - started:.1f} s")
    return _expect(screen, sorted(done.stdout.split()), 2)


def _array(cloud: LabCloud, screen: Screen) -> bool:
    screen.phase(f"{USER}@head$ sbatch --array=1-{ARRAY} task.sh")
    write = f"cat >task.sh <<'END'\n{ARRAY_SCRIPT}END\n"
    submit = f"sbatch --parsable --array=1-{ARRAY} --output=task-%a.out task.sh"
    done = run_in(cloud, "head", ["sh", "-c", write + submit], user=USER, timeout=JOB_TIMEOUT_S)
    job = done.stdout.strip().split("\n")[0]
    if done.returncode != 0 or not job.isdecimal():
        screen.fail(f"sbatch ended with code {done.returncode}: {done.stderr.strip()}")
        return False
    left = set(range(1, ARRAY + 1))
    deadline = time.monotonic() + JOB_TIMEOUT_S
    while left and time.monotonic() < deadline:
        left -= {task for task in sorted(left) if _task_done(cloud, screen, job, task)}
        time.sleep(0.3)
    if left:
        screen.fail(f"tasks {sorted(left)} of job {job} did not print what they should")
    return not left


def _task_done(cloud: LabCloud, screen: Screen, job: str, task: int) -> bool:
    """Shows what the task wrote once it has ended. Nodes and head share no file system yet: the file is on
    the task's node, and Slurm reads it there."""
    shown = run_in(cloud, "head", ["scontrol", "show", "job", f"{job}_{task}"]).stdout
    host = re.search(r"BatchHost=(\S+)", shown)
    if "JobState=COMPLETED" not in shown or not host:
        return False
    said = run_in(cloud, "head", ["srun", "-w", host[1], "cat", f"task-{task}.out"], user=USER)
    screen.output((said.stdout + said.stderr).strip())
    return f"ran on {host[1]}" in said.stdout


def _expect(screen: Screen, hosts: list[str], count: int) -> bool:
    good = len(set(hosts)) == count and all(re.fullmatch(r"hpc1-hpc-\d+", host) for host in hosts)
    if not good:
        screen.fail(f"that is not {count} different nodes of hpc1-hpc: {hosts}")
    return good


def _until_empty(cloud: LabCloud, client: Client, screen: Screen) -> bool:
    deadline = time.monotonic() + EMPTY_TIMEOUT_S
    while time.monotonic() < deadline:
        left: list[dict[str, Any]] = cloud.instances()
        if not left and not client.get("/v1/nodes"):
            time.sleep(0.5)  # the watch shows the last events
            screen.phase("the cloud has no machine")
            return True
        time.sleep(0.2)
    screen.fail(f"the cloud still has {[machine['node'] for machine in left]}")
    return False


@contextmanager
def _ended_by_signal() -> Iterator[list[int]]:
    """SIGTERM ends the demonstration as Ctrl-C does: by way of the clean-up. Yields the signals that came:
    Python drops an exception that a signal raises while an object is being destroyed."""
    came: list[int] = []

    def end(number: int, _: object) -> None:
        came.append(number)
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
