"""Nodes are looked at by themselves: what is found goes on record, and a failure is never taken for fine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from burstway.clock import ManualClock
from burstway.contracts import CloudError, Failure, FailureKind, FoundDocument
from burstway.errors import ConflictError
from burstway.lifecycle.states import note
from burstway.model.node import Node, State
from burstway.network.read.documents import Document
from burstway.service.diagnosis import FINE, MOST_NODES, NOT_KNOWN, RETRY_S, Diagnosis
from burstway.service.site_view import FRESH_S, SiteView, without_secrets
from burstway.service.trouble import AGAIN_S, Blocked
from burstway.settings import parse_settings
from burstway.store.sqlite import SqliteStore

SETTINGS = parse_settings(
    """
    [site]
    name = "hq"
    head = "head"
    address = "10.10.0.10"
    network = "10.10.0.0/24"
    [slurm]
    [cloud]
    provider = "fake"
    network = "10.80.0.0/16"
    subnet = "10.80.0.0/20"
    [limits]
    boot_timeout_s = 100
    """,
    "burstway.toml",
)


class Site:
    """A store with nodes, a clock, what the cloud says of its network, and what trying gives."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.clock.advance(10_000)
        self.store = SqliteStore.open(folder / "burstway.db")
        self.found: Sequence[FoundDocument] | CloudError = ()
        self.blocked: Mapping[str, Sequence[Blocked]] | Exception = {}
        self.tried: list[list[str]] = []
        self.view = SiteView(SETTINGS, self._documents, self.clock)
        self.diagnosis = Diagnosis(
            settings=SETTINGS, store=self.store, clock=self.clock, view=self.view, try_flows=self._try,
            changed=lambda: None,
        )  # fmt: skip

    def _documents(self) -> Sequence[FoundDocument]:
        if isinstance(self.found, CloudError):
            raise self.found
        return self.found

    def _try(self, nodes: Sequence[Node]) -> Mapping[str, Sequence[Blocked]]:
        self.tried.append([node.name for node in nodes])
        if isinstance(self.blocked, Exception):
            raise self.blocked
        return {node.name: self.blocked.get(node.name, ()) for node in nodes}

    def add(self, *names: str, **fields: object) -> None:
        now = self.clock.now()
        base = Node(
            "", "c", "n", generation=1, state=State.READY, configured=True, launched_at=now,
            certificate_serial="1", address="10.80.0.4",
        )  # fmt: skip
        nodes = [replace(base, name=name, **fields) for name in names]  # type: ignore[arg-type]
        with self.store.write() as transaction:
            transaction.save(note(node, "made", now=now, reason="", cause="test") for node in nodes)

    def node(self, name: str) -> Node:
        with self.store.read() as transaction:
            found = transaction.node(name)
        assert found
        return found

    def last(self, name: str) -> str:
        with self.store.read() as transaction:
            return transaction.story(name)[-1].reason


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.store.close()


BLOCKED = Blocked("slurmctld", "a → head", "filtered: no answer")


def test_a_node_is_looked_at_once_and_found_well(site: Site) -> None:
    """One line in its story, no trouble, and it is left alone from then on."""
    site.add("a")
    site.diagnosis.look()
    site.diagnosis.look()
    assert site.tried == [["a"]]
    assert (site.node("a").trouble, site.last("a")) == ("", FINE)


def test_what_is_blocked_goes_on_record_and_is_looked_at_again(site: Site) -> None:
    """And off the record once it is mended."""
    site.add("a")
    site.blocked = {"a": [BLOCKED]}
    site.diagnosis.look()
    assert "filtered: no answer" in site.node("a").trouble
    site.blocked = {}
    site.diagnosis.look()
    assert site.node("a").trouble
    site.clock.advance(AGAIN_S)
    site.diagnosis.look()
    assert site.node("a").trouble == ""


def test_what_was_tried_is_not_lost_with_the_proof(site: Site) -> None:
    """The cloud does not say what its network is: what packets have shown is still told."""
    site.found = CloudError(Failure(FailureKind.TRANSIENT, "away"))
    site.add("a")
    site.blocked = {"a": [BLOCKED]}
    site.diagnosis.look()
    assert "filtered: no answer" in site.node("a").trouble


def test_nothing_known_is_not_called_fine(site: Site) -> None:
    """Neither a proof nor a probe: the story says just that."""
    site.found = CloudError(Failure(FailureKind.TRANSIENT, "away"))
    site.blocked = ConflictError("too many runs")
    site.add("a")
    site.diagnosis.look()
    assert (site.node("a").trouble, site.last("a")) == ("", NOT_KNOWN)


def test_a_defect_is_tried_again_later_and_not_at_once(site: Site) -> None:
    """What raises does not spin, and does not hold up other nodes."""
    site.add("a")
    site.blocked = RuntimeError("a defect")
    site.diagnosis.look()
    site.diagnosis.look()
    assert len(site.tried) == 1
    site.blocked = {}
    site.add("b")
    site.diagnosis.look()
    assert site.tried[1:] == [["b"]]
    site.clock.advance(RETRY_S + 1)
    site.diagnosis.look()
    assert site.last("a") == FINE


def test_a_large_burst_is_looked_at_in_pieces(site: Site) -> None:
    """No run is larger than the probes' own bounds, and every node gets its line."""
    names = [f"n-{number}" for number in range(3 * MOST_NODES)]
    site.add(*names)
    site.diagnosis.look()
    assert [len(each) for each in site.tried] == [MOST_NODES] * 3
    assert {site.last(name) for name in names} == {FINE}


def test_a_silent_machine_is_told_apart(site: Site) -> None:
    """Late, never joined, nothing in its way: its console is where to look."""
    site.add("a", state=State.BOOTING, configured=False, certificate_serial="")
    site.clock.advance(60)
    site.diagnosis.look()
    assert "console" in site.node("a").trouble
    assert site.tried == [[]]


def test_the_network_is_asked_for_once_in_a_while(site: Site) -> None:
    """A thousand questions in a moment are one to the cloud."""
    asked = []
    view = SiteView(SETTINGS, lambda: asked.append(1) or (), site.clock)  # type: ignore[func-returns-value]
    assert view.prover() is view.prover()
    site.clock.advance(FRESH_S + 1)
    view.prover()
    assert len(asked) == 2


def test_what_may_be_a_secret_is_not_shown() -> None:
    """Whatever Azure's tool printed beside the network."""
    shown = without_secrets(
        Document("x", '[{"sharedKey": "s3cret", "name": "vpn", "a": {"adminPassword": "p"}}]')
    )
    assert "s3cret" not in shown.text
    assert '"p"' not in shown.text
    assert "vpn" in shown.text
