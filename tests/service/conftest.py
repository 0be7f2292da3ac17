"""Control planes for the tests of this folder: one that they share, and ones of their own."""

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
    """Makes control planes that are not started yet: `new_plane("a further section of the settings")`."""
    made: list[Plane] = []

    def make(extra: str = "", folder: Path = tmp_path) -> Plane:
        made.append(Plane(folder, extra))
        return made[-1]

    yield make
    for plane in made:
        plane.remove()
