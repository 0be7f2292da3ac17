"""The lab's cloud: one process that makes machines and gives them back, asked over a UNIX socket.

It stands where a cloud's API stands, outside of the control plane: machines outlive a control plane that is
killed, and what happens to an order whose answer was lost is as real here as anywhere. It also keeps the
services of the lab's own machines (the head node) running.

    python -m burstway.providers.lab.daemon NAME RECORD HIDDEN…

RECORD is what the lab remembers about itself from its first moment; HIDDEN are folders that its rented
machines do not see.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from burstway.clock import SystemClock
from burstway.providers.lab.cloud import Cloud
from burstway.providers.lab.layout import layout
from burstway.providers.lab.routes import make_app


def main(name: str, record: str, hidden: Sequence[str]) -> None:
    place = layout(name)
    place.folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700", "burstway-lab", str(place.folder)], check=True)
    place.daemon_pid.write_text(str(os.getpid()), encoding="ascii")
    place.made.write_text(record, encoding="utf-8")
    log = os.open(place.daemon_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    place.socket.parent.mkdir(mode=0o700)  # who may ask is root on this host
    cloud = Cloud(place, SystemClock(), [Path(path) for path in hidden])
    cloud.build()
    config = uvicorn.Config(
        make_app(cloud, place), uds=str(place.socket), log_level="warning", access_log=False, lifespan="off"
    )
    try:
        uvicorn.Server(config).run()
    finally:
        cloud.services.stop_all()
        cloud.machines.destroy([machine.id for machine in cloud.machines.alive()])


if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # uvicorn ends at SIGTERM and then raises it again; what follows must still be done
    signal.signal(signal.SIGTERM, lambda *_: None)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
