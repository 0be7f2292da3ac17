"""A node's part in probe runs: to listen, and to try connections.

Tasks arrive with the other work and stay listed until the control plane needs them no longer. Each is carried
out once, in a thread of its own with a connection of its own, so that work goes on meanwhile. One that fails
is only missing in its run's report.
"""

import threading

from .console import log

MYPY = False
if MYPY:
    from typing import Any, Callable, Dict, List, Optional, Set

    from .channel import Channel
    from .listeners import Listeners

PATIENCE_S = 10.0


class Tasks(object):
    """Used by the agent's main thread only. What probing needs is imported with the first task: most nodes
    never have one."""

    def __init__(self, connect: "Callable[[], Channel]") -> None:
        self._connect = connect
        self._known: "Set[str]" = set()
        self._listeners: "Optional[Listeners]" = None
        self._listed = False
        self._held = False

    def take(self, tasks: "List[Dict[str, Any]]") -> None:
        """Begins those that are new, and closes the listeners of those that are listed no longer."""
        listed = {task["id"] for task in tasks}
        if self._listeners is not None:
            for gone in self._known - listed:
                self._listeners.close(gone)
        for task in tasks:
            if task["id"] not in self._known:
                self._begin(task)
        self._known = listed
        self._listed = any(task["kind"] == "listen" for task in tasks)
        self._held = self._held or self._listed

    def settle(self) -> None:
        """All daemons run: none of them has found its port taken."""
        if self._listeners is not None and not self._listed and not self._listeners.any():
            self._held = False

    def release(self) -> bool:
        """Closes every listener; whether there may have been one since all daemons were last seen running."""
        held, self._held = self._held, False
        if self._listeners is not None:
            self._listeners.close_all()
        return held

    def _begin(self, task: "Dict[str, Any]") -> None:
        from .listeners import Listeners

        if self._listeners is None:
            self._listeners = Listeners()
        thread = threading.Thread(target=self._carry_out, args=(task, self._listeners))
        thread.daemon = True
        thread.start()

    def _carry_out(self, task: "Dict[str, Any]", listeners: "Listeners") -> None:
        channel = self._connect()
        try:
            answer: "Dict[str, Any]" = {"task": task["id"]}
            if task["kind"] == "listen":
                answer["listening"] = listen(task, listeners)
            else:
                answer["outcomes"] = try_all(task)
            channel.call("POST", "/v1/agent/probes", answer, patience=PATIENCE_S)
        except Exception as error:  # a thread's own boundary: the run goes on without this part
            log("probe task %s: %s" % (task["id"], error))
        finally:
            channel.close()


def listen(task: "Dict[str, Any]", listeners: "Listeners") -> "List[Dict[str, str]]":
    doors = [(door["address"], door["protocol"], door["port"]) for door in task["doors"]]
    opened = listeners.open(task["id"], doors, task["seconds"])
    return [{"nonce": nonce, "detail": detail} for nonce, detail in opened]


def try_all(task: "Dict[str, Any]") -> "List[Dict[str, Any]]":
    from .prober import Attempt, probe

    attempts = [
        Attempt(
            each["address"], each["protocol"], each["port"], each["greeting"], each["nonce"], each["served"]
        )
        for each in task["attempts"]
    ]
    return [
        {"verdict": outcome.verdict, "detail": outcome.detail, "seconds": outcome.seconds}
        for outcome in probe(attempts, task["timeout_s"])
    ]
