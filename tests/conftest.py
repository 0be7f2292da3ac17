"""What tests of several folders share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import burstway
from burstway.lab.cloud import start_cloud
from burstway.lab.remains import remove
from burstway.providers.lab.layout import Layout, existing_labs, layout

LAB_PREFIX = "contract-"


def hidden_from_machines() -> list[Path]:
    """This project and its environment: what a rented machine does not have."""
    return sorted({Path(burstway.__file__).resolve().parents[2], Path(sys.prefix)})


@pytest.fixture(scope="session")
def lab_cloud(worker_id: str) -> Iterator[Layout]:
    """A lab's cloud without a head node: networks, the border and machines to rent. Needs root."""
    if os.geteuid() != 0:
        pytest.skip("the lab makes namespaces and mounts, and that needs root")
    _remove_abandoned()
    place = layout(f"{LAB_PREFIX}{worker_id}-{os.getpid()}")
    try:
        start_cloud(place, hidden_from_machines())
        yield place
    finally:
        remove(place, print)


def _remove_abandoned() -> None:
    """Labs of test runs that were cut off: the number at the end is that of a process no longer there."""
    for name in existing_labs():
        pid = name.rpartition("-")[2]
        if name.startswith(LAB_PREFIX) and pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            remove(layout(name), print)
