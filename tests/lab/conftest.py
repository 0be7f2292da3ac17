"""A lab for each worker that runs lab tests, built once and removed at the end."""

from collections.abc import Iterator

import pytest

from burstway.lab.cloud import LabCloud
from burstway.lab.demo import import_example
from burstway.lab.remains import remove
from burstway.lab.site import start_slurm, up
from burstway.providers.lab.layout import layout
from living_lab import Lab


@pytest.fixture(scope="session")
def shared_lab(worker_id: str) -> Iterator[Lab]:
    place = layout(f"test-{worker_id}")
    remove(place, print)
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
