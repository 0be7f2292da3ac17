"""What the site's network really is, gathered: the cloud's answer and the files that the settings name."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from burstway.errors import DocumentError, Problem
from burstway.network.model import Network
from burstway.network.read.documents import NO_RANGES, Document, read_documents
from burstway.network.read.parse import MOST_BYTES
from burstway.network.read.tables import Ranges
from burstway.network.space import of_networks
from burstway.service.site_network import site_network
from burstway.settings import Settings


@dataclass(frozen=True, slots=True)
class Seen:
    """A network with what was assumed of it and what of the documents does not count."""

    network: Network
    notes: tuple[str, ...]


def files_of(settings: Settings, more: Iterable[str] = ()) -> list[str]:
    """The names of the files with what was found: the settings' own and more. In the last part of a name of
    `network.found` and of `more` a pattern is expanded. Raises DocumentError with all that match nothing."""
    names, problems = _expanded(settings, more)
    if problems:
        raise DocumentError(problems)
    return names


def _expanded(settings: Settings, more: Iterable[str]) -> tuple[list[str], list[Problem]]:
    names = [str(settings.network.firewall)] if settings.network.firewall else []
    problems: list[Problem] = []
    for pattern in [*(str(path) for path in settings.network.found), *more]:
        path = Path(pattern)
        pattern_used = any(mark in path.name for mark in "*?[")
        matching = sorted(str(each) for each in path.parent.glob(path.name)) if pattern_used else [pattern]
        if not matching:
            problems.append(Problem(pattern, 0, 0, "no file matches this"))
        names += matching
    return list(dict.fromkeys(names)), problems


def check_files(settings: Settings) -> None:
    """Raises DocumentError with every file of the settings that is not there or cannot be read."""
    names, problems = _expanded(settings, ())
    try:
        read_files(names)
    except DocumentError as refused:
        problems += refused.problems
    if problems:
        raise DocumentError(problems)


def read_files(names: Iterable[str]) -> list[Document]:
    """Raises DocumentError with all files that cannot be read."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for name in names:
        try:
            with Path(name).open("rb") as file:
                text = file.read(MOST_BYTES + 1).decode("utf-8-sig")
        except OSError as refused:
            problems.append(Problem(name, 0, 0, refused.strerror or str(refused)))
        except UnicodeDecodeError as refused:
            problems.append(Problem(name, 0, 0, f"is not UTF-8 at byte {refused.start}"))
        else:
            documents.append(Document(name, text))
    if problems:
        raise DocumentError(problems)
    return documents


def look(
    settings: Settings, documents: Iterable[Document], subnets: Ranges = NO_RANGES, *, planned: bool = True
) -> Seen:
    """The network of these documents. `subnets` gives the ranges that a table of rules has names for; where
    no filter was found, the planned one stands, or none. Raises DocumentError."""
    behind = {name: of_networks(ranges) for name, ranges in settings.network.interfaces.items()}
    found = read_documents(
        list(documents), interfaces={str(settings.network.firewall): behind}, subnets=subnets
    )
    network, assumed = site_network(settings, found, planned=planned)
    return Seen(network, (*assumed, *(str(note) for note in found.notes)))
