"""Burstway's agent.

It joins with a one-time token, makes a key and gets a certificate for it, and from then on speaks mutual TLS
only. It fetches its configuration and carries it out in order (steps.py). It connects outward only: its work
arrives as the answer to a request that the control plane holds back (work.py).
"""

import json
import os
import signal
import sys

from .channel import Channel, join
from .console import RefusedError, StepError, log
from .daemons import Daemons
from .steps import configure
from .system import read
from .work import work

MYPY = False
if MYPY:
    from typing import Any, Dict, List

USAGE = """\
usage: agent.pyz FOLDER
FOLDER holds boot.json: {"url", "authority", "node", "token"}
"""


def main(arguments: "List[str]") -> int:
    if len(arguments) != 1:
        sys.stderr.write(USAGE)
        return 2
    folder = arguments[0]
    boot = json.loads(read(os.path.join(folder, "boot.json")))
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
    os.umask(0o022)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    channel, daemons = Channel(folder, boot), Daemons(folder)

    def report(body: "Dict[str, Any]") -> None:
        channel.call("POST", "/v1/agent/report", body)

    try:
        join(channel, folder, boot)
    except (RefusedError, StepError) as error:
        log("cannot join: %s" % error)
        return 1
    try:
        configuration = channel.call("GET", "/v1/agent/configuration")
        if configure(configuration, daemons, report):
            work(channel, lambda: Channel(folder, boot), daemons, configuration, report)
    except Exception as error:  # whatever it is, the node's story must tell it
        said = "the control plane refused" if isinstance(error, RefusedError) else type(error).__name__
        log("%s: %s" % (said, error))
        try:
            report({"steps": [], "configured": False, "failed": "the agent failed: %s" % error})
        except RefusedError as refused:  # the node was given back: its story has an end already
            log("%s" % refused)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
