"""What tests of several folders share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import burstway
from burstway.lab.cloud import LabCloud, start_cloud
from burstway.lab.demo import import_example
from burstway.lab.remains import remove
from burstway.lab.site import start_slurm, up
from burstway.providers.lab.layout import Layout, existing_labs, layout
from living_lab import Lab

# How long an example takes says nothing about what it shows: a fresh checkout has Hypothesis read Unicode's
# tables first, and a test may share its core with a lab.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

PREFIXES = ("contract-", "test-", "itself-")
"""Of the names of labs that tests build; the process id of the run is at the end."""


def hidden_from_machines() -> list[Path]:
    """This project and its environment: what a rented machine does not have."""
    return sorted({Path(burstway.__file__).resolve().parents[2], Path(sys.prefix)})


@pytest.fixture(scope="session")
def lab_cloud(worker_id: str) -> Iterator[Layout]:
    """A lab's cloud without a head node: networks, the border and machines to rent. Needs root."""
    if os.geteuid() != 0:
        pytest.skip("the lab makes namespaces and mounts, and that needs root")
    _remove_abandoned()
    place = layout(f"contract-{worker_id}-{os.getpid()}")
    try:
        start_cloud(place, hidden_from_machines())
        yield place
    finally:
        remove(place, print)


@pytest.fixture(scope="session")
def shared_lab(worker_id: str) -> Iterator[Lab]:
    """A whole lab for each worker that runs lab tests: site, Slurm, cloud. Needs root."""
    _remove_abandoned()
    place = layout(f"test-{worker_id}-{os.getpid()}")
    try:
        up(place, print, idle_s=5)
        import_example(place, print)
        start_slurm(place, print)
        with LabCloud(place) as cloud:
            yield Lab(place, cloud)
    finally:
        remove(place, print)


@pytest.fixture
def lab(shared_lab: Lab) -> Iterator[Lab]:
    """The worker's lab; each test leaves its cloud empty, which is itself checked."""
    yield shared_lab
    shared_lab.give_back_all()


def _remove_abandoned() -> None:
    """Labs of test runs that were cut off: the number at the end is that of a process no longer there."""
    for name in existing_labs():
        pid = name.rpartition("-")[2]
        if name.startswith(PREFIXES) and pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            remove(layout(name), print)
