"""A lab as its user has it: commands on its machines, and the API of its control plane."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burstway.client import Client
from burstway.lab.cloud import LabCloud
from burstway.lab.enter import door, head_root, run_in
from burstway.providers.lab.layout import Layout

BURSTWAY = str(Path(sys.prefix) / "bin" / "burstway")


def wait_until(done: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """What `done` gives, once it gives something; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := done():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not after {seconds} s: {what}")


@dataclass
class Lab:
    """A lab as a user has it: commands on its machines, and the API of its control plane."""

    place: Layout
    cloud: LabCloud

    def on_head(
        self, *command: str, user: str = "alice", timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        return run_in(self.cloud, "head", command, user=user, timeout=timeout)

    def on(self, machine: str, *command: str) -> subprocess.CompletedProcess[str]:
        return run_in(self.cloud, machine, command)

    def start_on_head(self, *command: str) -> "subprocess.Popen[str]":
        line = [BURSTWAY, "lab", "run", "--name", self.place.name, *command]
        return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def burstway(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command on this host, asking this lab's control plane."""
        environment = {**os.environ, "BURSTWAY_SOCKET": str(door(self.cloud).socket)}
        return subprocess.run(
            [BURSTWAY, *words], capture_output=True, text=True, timeout=120, env=environment, check=False
        )

    @property
    def root(self) -> Path:
        return head_root(self.cloud)

    def get(self, path: str, **parameters: Any) -> Any:
        with Client(door(self.cloud)) as client:
            return client.get(path, **parameters)

    def node(self, name: str) -> Any:
        return self.get(f"/v1/nodes/{name}")

    def status(self) -> Any:
        words = [BURSTWAY, "lab", "status", "--name", self.place.name, "--json"]
        return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)

    def give_back_all(self) -> None:
        """Every node is given back at once, and the cloud is empty afterwards."""
        wait_until(lambda: self._stop_all(), "the cloud is empty", 90)

    def _stop_all(self) -> bool:
        nodes = self.get("/v1/nodes")
        for node in nodes:
            if node["wanted"]:
                self.burstway("node", "stop", "--force", node["name"])
        return not nodes and not self.cloud.instances()
