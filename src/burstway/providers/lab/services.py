"""Services of the lab's own machines, kept running as systemd would: what ended starts again in a second."""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from burstway.providers.lab.machines import first_child, kill

RESTART_S = 1.0
STOP_TIMEOUT_S = 10.0


@dataclass
class Service:
    name: str
    machine: str
    machine_pid: int
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    wanted: bool = True
    starts: int = 0
    process: subprocess.Popen[bytes] | None = None
    changed: threading.Event = field(default_factory=threading.Event)

    @property
    def pid(self) -> int:
        """The service's own process, as this host numbers it; 0 while it does not run."""
        process = self.process
        return first_child(process.pid) if process and process.poll() is None else 0

    @property
    def ended(self) -> bool:
        """Whether the process that was started last has ended by now."""
        return self.process is not None and self.process.poll() is not None


class Services:
    def __init__(self) -> None:
        self._services: dict[str, Service] = {}
        self._threads: list[threading.Thread] = []

    def all(self) -> list[Service]:
        return list(self._services.values())

    def start(self, service: Service) -> None:
        """Starts it, or starts again what was stopped."""
        known = self._services.get(service.name)
        if known:
            known.wanted = True
            known.changed.set()
            return
        self._services[service.name] = service
        thread = threading.Thread(target=self._keep, args=(service,), name=service.name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stop(self, name: str) -> bool:
        service = self._services.get(name)
        if service is None:
            return False
        service.wanted = False
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while service.process and service.process.poll() is None and time.monotonic() < deadline:
            kill(service.pid)
            time.sleep(0.01)
        service.changed.set()
        return True

    def stop_all(self) -> None:
        """Ends all services and waits for them, so that none is left for this host's process 1 to reap."""
        for name in self._services:
            self.stop(name)

    def _keep(self, service: Service) -> None:
        while True:
            if not service.wanted:
                service.changed.wait()
                service.changed.clear()
                continue
            with service.log.open("ab") as log:
                service.process = subprocess.Popen(
                    [
                        "nsenter", "--target", str(service.machine_pid), "--all", "--",
                        "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8",
                        *(f"{name}={value}" for name, value in service.environment.items()),
                        *service.arguments,
                    ],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/",
                )  # fmt: skip
            service.starts += 1
            service.process.wait()
            service.changed.wait(RESTART_S)
            service.changed.clear()
