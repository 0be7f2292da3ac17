"""A control plane whose cloud is in memory, and the command line that asks it, as processes."""

import os
import random
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

BURSTWAY = Path(sys.executable).with_name("burstway")
Ran = subprocess.CompletedProcess[str]

TEMPLATE = """\
# [bold]not markup[/bold] [/]
[cluster any]
    [[node defaults]]
    ImageName = image
    SubnetId = subnet
    [[nodearray hpc]]
    Extends = defaults
    MachineType = fake.c1
    MaxCount = 9
"""


class Site:
    """A control plane of a test module's own, asked through its socket. It has the cluster c1."""

    def __init__(self, folder: Path, socket_folder: str) -> None:
        self.folder = folder
        self.socket = Path(socket_folder) / "s"
        address = f"127.{random.randint(1, 250)}.{random.randint(0, 250)}.{random.randint(1, 250)}"
        with closing(socket.socket()) as probe:
            probe.bind((address, 0))
            self.url = f"https://{address}:{probe.getsockname()[1]}"
            port = probe.getsockname()[1]
        config = folder / "burstway.toml"
        config.write_text(
            f'[site]\nname = "hq"\nhead = "head"\naddress = "{address}"\n'
            'network = "127.0.0.0/8"\nusers = []\n'
            f'[control_plane]\nstate = "{folder}/state"\nsocket = "{self.socket}"\n'
            f'spool = "{folder}/spool"\nport = {port}\n'
            '[cloud]\nprovider = "fake"\nnetwork = "10.80.0.0/16"\nsubnet = "10.80.1.0/24"\n'
            "[limits]\npass_interval_s = 0.2\n"
        )
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([BURSTWAY, "serve", "--config", config], stdout=log, stderr=log)
        deadline = time.monotonic() + 15
        while not self.socket.exists():
            assert self.process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        (folder / "good.txt").write_text(TEMPLATE)
        assert self.run("cluster", "import", "c1", "-f", folder / "good.txt").returncode == 0

    def run(self, *words: str | Path, **environment: str | Path) -> Ran:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BURSTWAY")}
        asked = environment or {"BURSTWAY_SOCKET": self.socket}
        full = {**kept, "COLUMNS": "250", **{name: str(value) for name, value in asked.items()}}
        command = [str(BURSTWAY), *map(str, words)]
        return subprocess.run(command, env=full, capture_output=True, text=True, timeout=60, check=False)

    def printed(self, *words: str | Path) -> str:
        ran = self.run(*words)
        assert (ran.returncode, ran.stderr) == (0, ""), ran
        return ran.stdout

    def refused(self, *words: str | Path, **environment: str | Path) -> str:
        ran = self.run(*words, **environment)
        assert (ran.returncode, ran.stdout) == (2, ""), ran
        assert ran.stderr.startswith("burstway: ")
        assert "Traceback" not in ran.stderr
        return ran.stderr
