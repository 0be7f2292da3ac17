"""Control planes for the tests of this folder, as fixtures: one that they share, and ones of their own.

A test module asks for them with `pytest_plugins = ["control_planes"]`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running_plane import Plane

PlaneMaker = Callable[..., Plane]


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """Shared: a test takes nodes of its own and leaves what it did not make."""
    made = Plane(tmp_path_factory.mktemp("plane"))
    try:
        made.start()
        made.import_cluster()
        yield made
    finally:
        made.remove()


@pytest.fixture
def new_plane(tmp_path: Path) -> Iterator[PlaneMaker]:
    """Makes control planes that are not started yet: `new_plane("token_lifetime_s = 1")`."""
    made: list[Plane] = []

    def make(limits: str = "", folder: Path = tmp_path) -> Plane:
        made.append(Plane(folder, limits))
        return made[-1]

    yield make
    for plane in made:
        plane.remove()
