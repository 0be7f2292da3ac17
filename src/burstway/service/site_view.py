"""The network as it is now: asked of the cloud and read from the site's files, and made ready for proofs."""

import json
import re
import threading
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from typing import Any

import structlog

from burstway.clock import Clock
from burstway.contracts import CloudError, FoundDocument
from burstway.errors import InputError
from burstway.network.prove import Prover
from burstway.network.read.documents import Document
from burstway.network.space import Packets, of_address
from burstway.probes.plan import Probe
from burstway.probes.report import Expected
from burstway.service.found import files_of, look, read_files
from burstway.settings import Settings

FRESH_S = 2.0
"""So long what was seen counts as what is: a run of a thousand probes asks the cloud once."""

_SECRET = re.compile(
    r"(shared|authorization|private|access|account|auth)_?key|secret|password|token", re.IGNORECASE
)

_log = structlog.get_logger("network")


class SiteView:
    """Safe from any thread. Documents that are as they were are not read again."""

    def __init__(
        self, settings: Settings, found: Callable[[], Sequence[FoundDocument]], clock: Clock
    ) -> None:
        self._settings = settings
        self._found = found
        self._clock = clock
        self._lock = threading.Lock()
        self._documents: list[Document] | None = None
        self._prover: Prover | None = None
        self._failed: CloudError | InputError | None = None
        self._seen_at = 0.0

    def shown(self) -> list[Document]:
        """The documents without what may be a secret, for people. Raises CloudError and DocumentError."""
        with self._lock:
            self._refresh()
            if self._failed is not None:
                raise self._failed
            return [without_secrets(document) for document in self._documents or ()]

    def prover(self) -> Prover | None:
        """None when the network cannot be known now; the log says why."""
        with self._lock:
            self._refresh()
            return self._prover

    def expected(self, probe: Probe) -> Expected | None:
        """What the proof says of a probe; None when there is no proof."""
        prover = self.prover()
        if prover is None or not probe.source.address or not probe.target.address:
            return None
        source, target = IPv4Address(probe.source.address), IPv4Address(probe.target.address)
        packets = Packets(
            str(probe.flow.protocol), of_address(source), of_address(target), ((probe.port, probe.port),)
        )
        for proof in prover.prove(packets):
            gaps = sorted(proof.gaps, key=lambda gap: not gap.certain)
            by = [str(gap) for gap in gaps] or [step.by for step in proof.steps if step.filtered]
            return Expected(proof.passes, by[0] if by else "")
        return None

    def _refresh(self) -> None:
        now = self._clock.now()
        if 0 <= now - self._seen_at < FRESH_S:
            return
        self._seen_at = now
        try:
            documents = [Document(each.name, each.text) for each in self._found()]
            documents += read_files(files_of(self._settings))
            if self._documents != documents:
                self._prover = Prover(look(self._settings, documents).network)
                self._documents = documents
            self._failed = None
        except (CloudError, InputError) as refused:
            self._prover = self._documents = None
            self._failed = refused
            _log.warning("the network as it is cannot be read", error=str(refused))


def without_secrets(document: Document) -> Document:
    """The same document; values under names such as sharedKey or adminPassword are left out. It has been
    read, so it is JSON."""
    return Document(document.name, json.dumps(_cleaned(json.loads(document.text))))


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: "" if isinstance(inner, str) and _SECRET.search(name) else _cleaned(inner)
            for name, inner in value.items()
        }
    return [_cleaned(inner) for inner in value] if isinstance(value, list) else value
