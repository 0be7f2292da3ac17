"""A real slurmctld, away from the site's own, to try a configuration on.

It runs on this host's Slurm in network, mount and host name namespaces of its own, so it takes no port and
no file of a slurmctld beside it; root is needed for that. Host names are found in a hosts file alone:
with a resolver that does not answer, slurmctld hangs for tens of seconds. The head node's address stands on
the loopback link, for with 127.0.0.1 alone getaddrinfo finds no address family (AI_ADDRCONFIG).
Authentication is auth/none, which nobody outside of the namespaces can reach.
"""

import os
import shlex
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

from burstway.errors import SchedulerError
from burstway.slurm.conf import SlurmConf

UP_WITHIN_S = 15.0
DOWN_WITHIN_S = 10.0
HEAD, ADDRESS = "head", "10.254.0.1"

_SITE = """\
ClusterName=trial
SlurmctldHost={head}({address})
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
"""

_SCRIPT = """\
mount --make-rprivate /
mount --bind {folder}/hosts /etc/hosts
mount --bind {folder}/nsswitch.conf /etc/nsswitch.conf
mount --bind {folder}/resolv.conf /etc/resolv.conf
ip link set lo up
ip address add {address}/32 dev lo
hostname {head}
exec slurmctld -D -i -f {folder}/slurm.conf
"""


class TrialController:
    """A slurmctld on a rendered configuration, for the time of a `with`. `folder` takes its files."""

    def __init__(self, folder: Path, conf: SlurmConf, node_names: Iterable[str] = ()) -> None:
        self.folder = folder
        self.conf = folder / "slurm.conf"
        self.scontrol = folder / "scontrol"
        self._process: subprocess.Popen[bytes] | None = None
        place = {"folder": folder, "head": HEAD, "address": ADDRESS}
        names = " ".join([HEAD, *node_names])
        (folder / "state").mkdir(exist_ok=True)
        (folder / "spool").mkdir(exist_ok=True)
        _write(
            folder,
            {
                "hosts": f"127.0.0.1 localhost\n{ADDRESS} {names}\n",
                "nsswitch.conf": "hosts: files\npasswd: files\ngroup: files\n",
                "resolv.conf": "",
                "slurm.conf": _SITE.format(**place) + conf.lines,
                conf.include_name: conf.include,
                "start.sh": "set -e\n" + _SCRIPT.format(**place),
            },
        )

    def __enter__(self) -> "TrialController":
        script = str(self.folder / "start.sh")
        with (self.folder / "slurmctld.log").open("wb") as log:
            self._process = subprocess.Popen(
                # the kernel ends slurmctld with the thread that started it, however that one ends
                ["setpriv", "--pdeathsig", "TERM", "unshare", "--net", "--mount", "--uts", "sh", script],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._write_scontrol(self._process.pid)
        self._await_answer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process:
            stop(self._process)
            self._process = None

    def log(self) -> str:
        return (self.folder / "slurmctld.log").read_text(encoding="utf-8", errors="replace")

    def command(self, *words: str) -> list[str]:
        """The command line that runs these words beside this slurmctld."""
        assert self._process, "the trial is not running"
        return ["nsenter", f"--target={self._process.pid}", "--net", "--mount", "--uts", *words]

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, "SLURM_CONF": str(self.conf)}

    def run(self, *words: str) -> str:
        """What a Slurm command beside this slurmctld prints. Raises SchedulerError when it fails."""
        done = subprocess.run(
            self.command(*words),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=UP_WITHIN_S,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            raise SchedulerError((done.stderr or done.stdout).strip(), where=shlex.join(words))
        return done.stdout

    def _write_scontrol(self, pid: int) -> None:
        """A scontrol that asks this slurmctld, from outside of its namespaces."""
        self.scontrol.write_text(
            f'#!/bin/sh\nexec nsenter --target={pid} --net --mount --uts scontrol "$@"\n', encoding="utf-8"
        )
        self.scontrol.chmod(0o755)

    def _await_answer(self) -> None:
        assert self._process
        deadline = time.monotonic() + UP_WITHIN_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                # before it says so it may not have its namespaces yet, and ping would ask another slurmctld
                if "Running as primary controller" in self.log() and " is UP" in self.run("scontrol", "ping"):
                    return
            except (SchedulerError, subprocess.TimeoutExpired):
                pass
            time.sleep(0.05)
        self.__exit__(None, None, None)
        raise SchedulerError(
            f"slurmctld did not start with this configuration: {self.log().strip()[-500:]}",
            where=str(self.conf),
            remedy="its log names the line that it does not accept",
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a daemon that was started here, and waits for it."""
    process.terminate()
    try:
        process.wait(DOWN_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
