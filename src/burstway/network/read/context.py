"""What reading one resource needs of all the others."""

from dataclasses import dataclass

from burstway.network.read.gather import Gathered
from burstway.network.read.names import Names
from burstway.network.read.tags import Tags


@dataclass(frozen=True, slots=True)
class Context:
    gathered: Gathered
    tags: Tags

    @property
    def names(self) -> Names:
        return self.gathered.names
