"""The lab's side door to its cloud: the machines and services that belong to the lab and not to a tenant."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from burstway.errors import InputError, LabError
from burstway.lab.record import Record
from burstway.providers.lab.layout import Layout

START_S = 30.0


class LabCloud:
    def __init__(self, place: Layout) -> None:
        self._place = place
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(place.socket)), base_url="http://lab", timeout=60
        )

    def __enter__(self) -> "LabCloud":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._call("GET", "/status")
        return answer

    def machine(self, name: str, network: str, image: str, address: str, binds: Mapping[str, str]) -> int:
        """Makes a machine of the lab itself; its process 1 as this host numbers it."""
        body = {
            "name": name, "network": network, "image": image, "address": address,
            "binds": list(binds.items()),
        }  # fmt: skip
        self._call("POST", "/site/machines", body)
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            machine = self.find(name)
            if machine and machine["pid"] and Path(f"{machine['root']}/run/booted").exists():
                return int(machine["pid"])
            time.sleep(0.01)
        raise LabError(f"the machine {name} did not boot", where=str(self._place.machines))

    def find(self, name: str) -> dict[str, Any] | None:
        """The machine of this name; of several lives of a node, the youngest."""
        found = [machine for machine in self.status()["machines"] if machine["name"] == name]
        return found[-1] if found else None

    def start(
        self, name: str, machine: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        body = {
            "name": name, "machine": machine, "arguments": list(arguments),
            "environment": dict(environment or {}),
        }  # fmt: skip
        self._call("POST", "/site/services", body)

    def stop(self, name: str) -> bool:
        return bool(self._call("POST", f"/site/services/{name}/stop"))

    def filter(self, which: str) -> str:
        """The ruleset of the `border` or of the `firewall`, as the kernel has it."""
        return self._ask("GET", f"/site/filters/{which}").text

    def load(self, which: str, text: str, file: str) -> None:
        """Puts another ruleset there. Raises InputError with nft's words when nft refuses it."""
        self._ask("PUT", f"/site/filters/{which}", {"text": text, "file": file})

    def reset(self, which: str) -> None:
        """Puts the plan's rules back there."""
        self._ask("POST", f"/site/filters/{which}/reset")

    def instances(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", "/instances")
        return found

    def _call(self, method: str, path: str, body: object = None) -> Any:
        return self._ask(method, path, body).json()

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as refused:
            raise LabError(
                f"the lab's cloud does not answer: {refused}", where=str(self._place.socket),
                remedy=f"remove the lab and build it again: {self._place.command('down')}",
            ) from refused  # fmt: skip
        if answer.status_code == InputError.status:
            said = answer.json()
            raise InputError(said.get("what") or str(said), remedy=said.get("remedy", ""))
        if answer.status_code >= 400:
            raise LabError(f"{method} {path}: {answer.text[:300]}", where=str(self._place.daemon_log))
        return answer


def start_cloud(place: Layout, hidden: Sequence[Path], record: Record | None = None) -> None:
    """Starts the lab's cloud in the background and waits until it answers."""
    started = subprocess.run(
        ["setsid", "--fork", sys.executable, "-m", "burstway.providers.lab.daemon", place.name,
         (record or Record()).to_json(), *(str(path) for path in hidden)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", text=True,
        timeout=START_S, check=False,
    )  # fmt: skip
    # What it said before it had its own log; it ends here when the daemon has that log, or has ended.
    deadline = time.monotonic() + START_S
    while not place.socket.exists():
        log = place.daemon_log.read_text(encoding="utf-8") if place.daemon_log.exists() else ""
        said = (started.stderr + log).strip()
        if "Traceback" in said or not place.daemon_pid.exists() or time.monotonic() > deadline:
            raise LabError(f"the lab's cloud did not start: {said[-1500:]}", remedy=place.command("down"))
        time.sleep(0.01)
