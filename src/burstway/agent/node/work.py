"""What a node does once it is set up: it takes work until the end.

Work is the answer to a long poll: the names of other nodes, slurmd's registering anew, and probes.
"""

import urllib.parse

from .channel import REQUEST_TIMEOUT_S, Channel
from .console import StepError, log
from .daemons import Daemons
from .steps import step_hosts, step_slurmd
from .tasks import Tasks

MYPY = False
if MYPY:
    from typing import Any, Callable, Dict

    from .steps import Report

POLL_S = 30


def work(
    channel: Channel, connect: "Callable[[], Channel]", daemons: Daemons,
    configuration: "Dict[str, Any]", report: "Report",
) -> None:  # fmt: skip
    version, registrations = configuration["version"], configuration["registrations"]
    tasks = Tasks(connect)
    while True:
        path = "/v1/agent/work?version=%s&wait=%d" % (urllib.parse.quote(version), POLL_S)
        change = channel.call("GET", path, timeout=POLL_S + REQUEST_TIMEOUT_S) or {}
        version = change.get("version", version)
        try:
            if "hosts" in change:  # only when they are others than those of the version
                step_hosts(change, daemons)
            if change.get("registrations", 0) > registrations and configuration.get("slurm"):
                registrations = change["registrations"]
                log("slurmd registers anew, as Slurm has forgotten this node")
                step_slurmd(configuration, daemons)
            check(daemons, configuration, tasks)
            if "tasks" in change:  # last: a listener must not get between slurmd's end and its start
                tasks.take(change["tasks"])
        except StepError as error:
            log(str(error))
            report({"steps": [], "configured": False, "failed": str(error)})
            return


def check(daemons: Daemons, configuration: "Dict[str, Any]", tasks: Tasks) -> None:
    """Raises StepError when a daemon has ended. A slurmd that was starting while a probe listened in its
    place found its port taken: then it is not to blame, and is started again."""
    try:
        for name in sorted(daemons.running):
            daemons.check(name)
        tasks.settle()
    except StepError as error:
        if not tasks.release() or not configuration.get("slurm"):
            raise
        log("%s; a probe may have held its port, so slurmd starts again" % error)
        step_slurmd(configuration, daemons)
