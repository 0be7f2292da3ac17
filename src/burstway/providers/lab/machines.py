"""Machines: a process tree with its own network, processes, host name and root file system.

A machine ends when its process 1 does; whatever it ran ends with it. Its folder holds its layer of the file
system and what it wrote on its console.
"""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from ipaddress import IPv4Address
from pathlib import Path

from burstway.clock import Clock
from burstway.errors import LabError
from burstway.providers.lab.commands import remove_namespace
from burstway.providers.lab.fabric import Fabric
from burstway.providers.lab.layout import Layout


@dataclass(frozen=True, slots=True)
class Spec:
    """One machine to make. `key` names the order; a machine of the lab itself has none. `binds` are folders
    of this host that it sees, SOURCE to TARGET. Without an `address` it gets a free one."""

    name: str
    network: str
    image: str
    key: str = ""
    offer: str = ""
    address: str = ""
    user_data: str = field(default="", repr=False)
    binds: Sequence[tuple[str, str]] = ()


@dataclass
class Machine:
    id: str
    spec: Spec
    address: str
    created_at: float
    process: subprocess.Popen[bytes]
    folder: Path
    namespace: Path

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    @property
    def pid(self) -> int:
        """Process 1 of the machine, as this host numbers it; 0 while there is none."""
        return first_child(self.process.pid)


def first_child(pid: int) -> int:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return int(children[0]) if children else 0


class Machines:
    """All machines of one lab. Safe from any thread."""

    def __init__(self, place: Layout, fabric: Fabric, clock: Clock) -> None:
        self._place = place
        self._fabric = fabric
        self._clock = clock
        self._made = 0
        self._machines: dict[str, Machine] = {}
        self._boot = place.folder / "boot.sh"
        self._lock = threading.Lock()

    def prepare(self) -> None:
        self._place.machines.mkdir()
        boot = resources.files("burstway.providers.lab").joinpath("boot.sh")
        self._boot.write_text(boot.read_text(encoding="utf-8"), encoding="utf-8")

    def alive(self) -> list[Machine]:
        """The machines that run; those that ended by themselves are cleared away."""
        with self._lock:
            for machine in [m for m in self._machines.values() if not m.alive]:
                self._clear(machine)
            return list(self._machines.values())

    def create(self, network: str, specs: Iterable[Spec]) -> list[Machine]:
        with self._lock:
            planned = [(self._next_id(), spec) for spec in specs]
            free = self._free_addresses(network, [spec.address for _, spec in planned])
            placed = [(i, spec, IPv4Address(spec.address or next(free))) for i, spec in planned]
            self._fabric.attach(
                network,
                [(self._place.namespaces / name, f"v-{name}", address) for name, _, address in placed],
            )
            made: list[Machine] = []
            try:
                for name, spec, address in placed:
                    made.append(self._start(name, spec, address))
            except OSError:
                self._destroy(made)  # all of an order or none: what is had of it would be made again
                raise
            return made

    def destroy(self, ids: Iterable[str]) -> None:
        """Absent machines count as destroyed."""
        with self._lock:
            self._destroy([machine for name in ids if (machine := self._machines.get(name))])

    def _destroy(self, found: Sequence[Machine]) -> None:
        for machine in found:
            while machine.alive and not machine.pid:  # it was made just now
                time.sleep(0.001)
            kill(machine.pid)
        for machine in found:
            self._clear(machine)

    def _next_id(self) -> str:
        self._made += 1
        return f"m{self._made}"

    def _free_addresses(self, network: str, asked: Iterable[str]) -> Iterator[str]:
        taken = {machine.address for machine in self._machines.values()} | set(asked)
        hosts = (str(host) for host in list(self._fabric.network(network).hosts())[3:])
        return (host for host in hosts if host not in taken)

    def _start(self, name: str, spec: Spec, address: IPv4Address) -> Machine:
        folder = self._place.machines / name
        for part in ("upper", "work", "root"):
            (folder / part).mkdir(parents=True)
        binds = "".join(f"{source} {target}\n" for source, target in spec.binds)
        (folder / "binds").write_text(binds, encoding="utf-8")
        if spec.user_data:
            cloud = folder / "upper/var/lib/cloud"
            cloud.mkdir(parents=True)
            (cloud / "user-data").write_text(spec.user_data, encoding="utf-8")
            (cloud / "user-data").chmod(0o600)
        namespace = self._place.namespaces / name
        with (folder / "console.log").open("ab") as console:
            process = subprocess.Popen(
                [
                    "nsenter", f"--net={namespace}",
                    "unshare", "--mount", "--uts", "--ipc", "--cgroup", "--pid", "--fork", "--kill-child",
                    "sh", str(self._boot), str(folder), f"{self._place.images / spec.image}:/", spec.name,
                    str(folder / "binds"),
                ],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True, cwd="/",
            )  # fmt: skip
        machine = Machine(name, spec, str(address), self._clock.now(), process, folder, namespace)
        self._machines[name] = machine
        return machine

    def _clear(self, machine: Machine) -> None:
        try:
            machine.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            raise LabError(f"the machine {machine.id} did not end", where=str(machine.folder)) from None
        remove_namespace(machine.namespace)
        shutil.rmtree(machine.folder, ignore_errors=True)
        del self._machines[machine.id]


def kill(pid: int) -> None:
    """Ends the process, if it is still there."""
    if pid > 1:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
