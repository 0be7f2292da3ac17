"""What the control plane asks its own probe desk, from a thread of its own: try these nodes."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from burstway.clock import ManualClock
from burstway.contracts import ClusterSource
from burstway.errors import ControlPlaneError, InputError, StoreError, UnknownError
from burstway.flows.profiles import port
from burstway.model.cluster import Cluster, NodeArray
from burstway.model.node import Node, NodeEvent, State
from burstway.probes.board import Board
from burstway.probes.outcome import Verdict
from burstway.probes.plan import Probe, Runs
from burstway.probes.report import Expected
from burstway.probes.run import Patience
from burstway.service import probing as module
from burstway.service.fleet import Fleet
from burstway.service.probe_machines import machines, node_machine
from burstway.service.probing import Expect, Probing
from burstway.settings import Settings, parse_settings
from burstway.store.sqlite import SqliteStore

HEAD = "127.0.0.77"
RULE = "NSG `private-nsg` rule 65500 DenyAllInBound"


def settings(more: str = "") -> Settings:
    with closing(socket.socket()) as plug:
        plug.bind((HEAD, 0))
        own = plug.getsockname()[1]
    return parse_settings(
        f'[site]\nname = "hq"\nhead = "head"\naddress = "{HEAD}"\nnetwork = "127.0.0.64/26"\n'
        f'[control_plane]\nport = {own}\n[slurm]\n[cloud]\nprovider = "fake"\nnetwork = "127.0.0.128/26"\n'
        f'subnet = "127.0.0.128/26"\n{more}',
        "burstway.toml",
    )


class Desk:
    """A desk with a store of its own, for nodes in any state; no agent ever asks for work."""

    def __init__(self, folder: Path) -> None:
        self.store = SqliteStore.open(folder / "burstway.db")
        self.fleet = Fleet(self.store, ManualClock(), None, lambda: None)
        with self.store.write() as transaction:
            array = NodeArray("hpc", "fake.c1", "image", "subnet", 40, 1, "cloud")
            transaction.put_cluster(Cluster("c1", (array,)), ClusterSource())

    def add(self, number: int, state: State) -> str:
        name = f"c1-hpc-{number}"
        serial = "7" if state in (State.JOINED, State.READY, State.DRAINING) else ""
        node = Node(name, "c1", "hpc", 1, state=state, key=f"key-{number}", address=f"127.0.0.{130 + number}",
                    certificate_serial=serial)  # fmt: skip
        with self.store.write() as transaction:
            transaction.save([(node, NodeEvent(name, 1, 0.0, state, "x", "x", "test"))])
        return name

    def probing(self, expect: Expect = lambda _: None, more: str = "") -> Probing:
        return Probing(
            settings=settings(more), fleet=self.fleet, board=Board(lambda: None), clock=ManualClock(),
            announce=lambda: None, expect=expect, patience=Patience(0.3, 0.2, 0.2),
        )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


def test_a_booting_node_is_tried_from_the_head(desk: Desk) -> None:
    """What the head can try is tried; what the node would have to, says that it boots."""
    name = desk.add(1, State.BOOTING)
    results = desk.probing().run_for([name])
    tried = {result.probe.flow.name: result.outcome.verdict for result in results}
    assert tried["slurmd"] is tried["slurmd-srun"] is Verdict.REFUSED
    assert tried["agent-api"] is tried["slurmctld"] is Verdict.NOT_TRIED
    assert {result.outcome.detail for result in results if result.probe.source.name == name} == {
        f"{name} is booting, and its agent has not joined"
    }


def test_what_could_not_be_tried_stands_beside_its_proof(desk: Desk) -> None:
    """Results come in the table's order, each with what was proved of it."""
    name = desk.add(1, State.BOOTING)

    def expect(probe: Probe) -> Expected:
        return Expected(probe.flow.name not in ("slurmctld", "srun"), RULE)

    first, *_ = [result for result in desk.probing(expect).run_for([name]) if result.blocked]
    assert f"{first.probe}: {first.sentence}" == (
        f"slurmctld: {name} → head tcp {port('slurmctld')}: "
        f"not tried: {name} is booting, and its agent has not joined; proved closed: {RULE}"
    )
    assert not any(result.blocked for result in desk.probing().run_for([name]))


def test_a_run_that_fails_by_a_defect_is_no_empty_result(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked is told, as nothing found would read as nothing wrong."""
    name = desk.add(1, State.BOOTING)

    def broken(*_: object) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr(module, "run", broken)
    with pytest.raises(ControlPlaneError, match="gave no result: it failed by a defect"):
        desk.probing().run_for([name])


@pytest.mark.parametrize(("timeout_s", "takes"), [(30.0, 0), (55.0, 61)])
def test_a_run_that_would_take_long_is_refused(desk: Desk, timeout_s: float, takes: int) -> None:
    """As its listeners on the head would stay for so long. It is said how long, and what would do."""
    name = desk.add(1, State.BOOTING)
    probing = desk.probing()
    if not takes:
        assert probing.run_for([name], timeout_s)
        return
    with pytest.raises(InputError, match=f"that could take {takes} s, and 60 s are the most") as refused:
        probing.start(name, timeout_s=timeout_s)
    assert "fewer nodes" in refused.value.remedy
    assert "--timeout" in refused.value.remedy


def test_a_proof_that_fails_hides_nothing_that_was_tried(desk: Desk) -> None:
    """The probe stands without it."""
    name = desk.add(1, State.BOOTING)

    def expect(_: Probe) -> Expected:
        raise StoreError("the network cannot be read")

    results = desk.probing(expect).run_for([name])
    assert results
    assert all(result.expected.passes is None for result in results)


def test_a_node_alone_is_given_a_partner(desk: Desk) -> None:
    """One that is up, for what nodes open to each other; nothing else of the partner is tried."""
    alone = desk.add(1, State.JOINED)
    assert not any(result.probe.flow.name == "slurmd-fanout" for result in desk.probing().run_for([alone]))
    desk.add(2, State.STOPPING)
    other = desk.add(3, State.READY)
    results = desk.probing().run_for([alone])
    ring = {
        (r.probe.source.name, r.probe.target.name) for r in results if r.probe.flow.name == "slurmd-fanout"
    }
    assert ring == {(alone, other), (other, alone)}
    assert all(alone in (result.probe.source.name, result.probe.target.name) for result in results)


def test_too_many_probes_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any is tried, and with what would do."""
    name = desk.add(1, State.JOINED)
    monkeypatch.setattr(module, "MOST_PROBES", 5)
    with pytest.raises(InputError, match=r"that would be \d+ probes, and 5 are the most"):
        desk.probing().start(name)
    with pytest.raises(UnknownError):
        desk.probing().run_for(["c1-hpc-41"])


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_part(desk: Desk, state: State) -> None:
    """Only a node that has joined has an agent to ask, and one that is gone has no address to try."""
    desk.add(1, state)
    machine = node_machine(desk.fleet.node("c1-hpc-1"))
    assert (machine.runs is Runs.AGENT) == (state in (State.JOINED, State.READY, State.DRAINING))
    assert bool(machine.address) == (state in (State.JOINED, State.READY, State.DRAINING, State.BOOTING))
    assert bool(machine.absent) == (machine.runs is Runs.NOBODY)


def test_servers_of_the_settings_are_targets() -> None:
    """One with an address is tried, and runs nothing of ours; a range is no address."""
    places = (
        '[network]\nprofiles = ["ldap"]\n[network.places]\n'
        'directory = ["127.0.0.90"]\nresolver = ["10.0.0.0/8"]\nlogin = ["127.0.0.64/26"]\n'
    )
    head, other = machines(settings(places), [])
    assert (head.name, head.runs) == ("head", Runs.LOCAL)
    assert "login" in {str(role) for role in head.roles}, "a range that the head is in"
    assert (other.address, other.runs) == ("127.0.0.90", Runs.NOBODY)
    assert {str(role) for role in other.roles} == {"directory"}
