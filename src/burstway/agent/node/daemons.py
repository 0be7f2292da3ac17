"""Daemons in the foreground, as children of the agent."""

import os
import subprocess
import time

from .console import StepError
from .system import account, read

MYPY = False
if MYPY:
    from typing import Callable, Dict, List, Optional

DAEMON_START_S = 15


class Daemons(object):
    """Daemons in the foreground, as children, so that the agent knows when one ends and why."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.running: "Dict[str, subprocess.Popen[bytes]]" = {}

    def start(self, name: str, command: "List[str]", user: "Optional[str]" = None) -> None:
        self.stop(name)
        uid, gid = account(user) if user else (0, 0)

        def become() -> None:
            os.setsid()
            if user:
                os.initgroups(user, gid)
                os.setgid(gid)
                os.setuid(uid)

        with open(self.log(name), "wb") as output:
            try:
                self.running[name] = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=become
                )
            except OSError as error:
                raise StepError("%s cannot be started: %s" % (command[0], error.strerror)) from error

    def wait_until(self, name: str, ready: "Callable[[], bool]", doing: str) -> None:
        deadline = time.time() + DAEMON_START_S
        while not ready():
            self.check(name)
            if time.time() > deadline:
                raise StepError("%s: not up after %d s: %s" % (doing, DAEMON_START_S, self.tail(name)))
            time.sleep(0.005)

    def check(self, name: str) -> None:
        """Raises StepError when the daemon has ended."""
        code = self.running[name].poll()
        if code is not None:
            raise StepError("%s ended with code %d: %s" % (name, code, self.tail(name)))

    def stop(self, name: str) -> None:
        process = self.running.pop(name, None)
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log(self, name: str) -> str:
        return os.path.join(self.folder, name + ".log")

    def tail(self, name: str) -> str:
        return " / ".join(read(self.log(name)).strip().splitlines()[-3:])[-400:]
