"""A run gives every probe exactly one outcome, whatever the agents do, and ends when its patience does."""

import concurrent.futures
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planned import FLOWS, HEAD, NODES, flow, node

from burstway.agent.node import prober
from burstway.agent.node.listeners import SERVED, Listeners
from burstway.agent.node.prober import MOST_AT_ONCE
from burstway.agent.node.tasks import listen, try_all
from burstway.errors import InputError, UnknownError
from burstway.flows.table import Flow, Ports, Protocol, Role
from burstway.probes.board import Board, Task
from burstway.probes.outcome import Opened, Outcome, Verdict
from burstway.probes.plan import Machine, Probe, Runs, plan
from burstway.probes.run import MOST_PER_TASK, SPARE_S, Patience, lasting_s, run

SHORT = Patience(probe_s=0.4, listen_s=0.4, agent_s=0.4)
"""Where all of it is waited for."""

LONG = Patience(probe_s=10, listen_s=30, agent_s=30)
"""Where everybody answers, however loaded this machine is."""

Behaviour = Callable[[Board, Machine, dict[str, Any], Listeners], None]


def honest(board: Board, machine: Machine, task: dict[str, Any], listeners: Listeners) -> None:
    """As the agent does it, with its own code."""
    if task["kind"] == "listen":
        opened = [Opened(each["nonce"], each["detail"] == SERVED) for each in listen(task, listeners)]
        board.listening(machine.name, machine.life, task["id"], opened)
    else:
        found = [Outcome(Verdict(each["verdict"]), each["detail"], each["seconds"]) for each in try_all(task)]
        board.found(machine.name, machine.life, task["id"], found)


def vanished(*_: object) -> None:
    """It is given its task and is never heard of again."""


def half_way(board: Board, machine: Machine, task: dict[str, Any], listeners: Listeners) -> None:
    if task["kind"] == "listen":
        honest(board, machine, task, listeners)


def sloppy(board: Board, machine: Machine, task: dict[str, Any], listeners: Listeners) -> None:
    """Its answers are too short or too long, of the wrong kind, and for others' tasks."""
    found = [Outcome(Verdict.OPEN)] * (len(task.get("attempts", [])) + 1)
    for name, life in ((machine.name, machine.life), ("n-99", machine.life), (machine.name, "another")):
        with pytest.raises((InputError, UnknownError)):
            board.found(name, life, task["id"], found)
        with pytest.raises((InputError, UnknownError)):
            board.listening(name, life, "0" * 16, [])


ENDLESS_S = 60
"""A run that takes so long here waits for somebody who never answers, and not for a loaded machine."""

BEHAVIOURS: list[Behaviour] = [honest, vanished, half_way, sloppy]


class Agents:
    """An agent for each node, each with its own behaviour and its own listeners, as other processes have."""

    def __init__(self, behaviours: dict[Machine, Behaviour]) -> None:
        self._behaviours = behaviours
        self._listeners = {machine: Listeners() for machine in behaviours}
        self._seen: set[str] = set()
        self._ended = threading.Event()
        self._look = threading.Event()
        self.board = Board(self._look.set)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Agents":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._look.set()
        self._thread.join()
        for listeners in self._listeners.values():
            listeners.close_all()

    def _run(self) -> None:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            while not self._ended.is_set():
                self._look.wait()
                self._look.clear()
                for machine, behaviour in self._behaviours.items():
                    tasks = self.board.of(machine.name, machine.life)
                    self._close(machine, tasks)
                    for task in tasks:
                        if task["id"] not in self._seen:
                            self._seen.add(task["id"])
                            pool.submit(
                                behaviour, self.board, machine, task, self._listeners[machine]
                            ).result()

    def _close(self, machine: Machine, tasks: list[dict[str, Any]]) -> None:
        for gone in self._seen - {task["id"] for task in tasks}:
            self._listeners[machine].close(gone)


@pytest.fixture
def own() -> Iterator[Listeners]:
    made = Listeners()
    yield made
    made.close_all()


def free_port() -> int:
    with closing(socket.socket()) as plug:
        plug.bind(("127.0.0.1", 0))
        return int(plug.getsockname()[1])


def free_ports() -> Ports:
    """Two side by side, for TCP and UDP: a range, as srun has one."""
    while True:
        first = free_port()
        with ExitStack() as taken, suppress(OSError, OverflowError):
            for port, kind in itertools.product((first, first + 1), (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
                taken.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", port))
            return Ports(first, first + 1)


def here(machine: Machine, number: int) -> Machine:
    """The machine, at an address of this host."""
    return replace(machine, address=f"127.0.0.{number}")


def test_two_nodes_and_a_head_find_everything_open(own: Listeners) -> None:
    """With listeners on all sides, TCP and UDP; afterwards they are closed and the board is empty."""
    ports = free_ports()
    rows = [
        replace(row, ports=ports, greeting=flow("x", Role.NODE, Role.NODE).greeting)
        for row in FLOWS
        if row.name != "range"
    ]
    head, one, two = here(HEAD, 10), here(NODES[0], 11), here(NODES[1], 12)
    probes = plan(rows, [head, one, two])
    assert len(probes) == 16
    counts: list[int] = []
    with Agents({one: honest, two: honest}) as agents:
        outcomes = run(probes, agents.board, own, LONG, counts.append)
        assert agents.board.of(one.name, one.life) == []
    assert [outcome.verdict for outcome in outcomes] == [Verdict.OPEN] * 16, outcomes
    assert counts == sorted(counts)
    assert counts[-1] == 16
    deadline = time.monotonic() + 30
    while own.any():
        assert time.monotonic() < deadline


class Keeping(Listeners):
    """It keeps which doors it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str, int]] = []

    def open(self, owner: str, doors: list[tuple[str, str, int]], seconds: float) -> list[tuple[str, str]]:
        self.asked += doors
        return super().open(owner, doors, seconds)


def to_head(ports: Ports, protocol: Protocol = Protocol.TCP) -> Flow:
    return flow("x", Role.NODE, Role.CONTROL_PLANE, ports, protocol)


@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])
def test_the_port_of_a_daemon_on_the_head_is_left_alone(protocol: Protocol) -> None:
    """A daemon that starts meanwhile finds it free. That nobody listens there is said as it is, while the
    other ports of a range are listened on."""
    range_, one = free_ports(), here(NODES[0], 11)
    single = Ports(range_.first, range_.first)
    own = Keeping()
    with Agents({one: honest}) as agents:
        probes = plan([to_head(single, protocol), to_head(range_, protocol)], [here(HEAD, 10), one])
        outcomes = run(probes, agents.board, own, LONG)
    own.close_all()
    assert own.asked == [("127.0.0.10", str(protocol), range_.last)]
    assert [outcome.verdict for outcome in outcomes] == ["refused", "refused", "open"]


def test_a_daemon_that_listens_on_the_head_is_known(own: Listeners) -> None:
    """So that a refusal on the way to it is found out: the node is told, and nothing is opened."""
    one = here(NODES[0], 11)
    served: list[bool] = []

    def noting(board: Board, machine: Machine, task: dict[str, Any], listeners: Listeners) -> None:
        served.extend(each["served"] for each in task["attempts"])
        honest(board, machine, task, listeners)

    with socket.create_server(("127.0.0.10", 0)) as daemon, Agents({one: noting}) as agents:
        port = daemon.getsockname()[1]
        probes = plan([to_head(Ports(port, port))], [here(HEAD, 10), one])
        (outcome,) = run(probes, agents.board, own, LONG)
    assert (outcome.verdict, served) == (Verdict.OPEN, [True])
    assert not own.any()


def test_listeners_stay_for_as_long_as_the_run_may_take() -> None:
    """That is known beforehand: from the time-outs of who has most to try, and not from what nobody tries."""
    row, waves_of = to_head(Ports(1, 1)), MOST_AT_ONCE
    probes = [Probe(row, HEAD, NODES[0], 1)] * (waves_of + 1) + [Probe(row, NODES[0], HEAD, 1)] * waves_of
    absent = [Probe(row, node(7, runs=Runs.NOBODY), HEAD, 1)] * (5 * waves_of)
    patience = Patience(probe_s=3, listen_s=20, agent_s=10)
    assert lasting_s([], patience) == 30 + SPARE_S
    assert lasting_s([*probes, *absent], patience) == 36 + SPARE_S


def test_the_control_planes_own_part_is_not_waited_for_without_end(
    own: Listeners, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has not tried by then is said, and what comes later changes nothing."""
    let_go, gone = threading.Event(), threading.Event()

    def stuck(attempts: list[prober.Attempt], _: float) -> list[prober.Outcome]:
        let_go.wait(60)
        gone.set()
        return [prober.Outcome("open", "", 0.0) for _ in attempts]

    monkeypatch.setattr(prober, "probe", stuck)
    counts: list[int] = []
    try:
        target = replace(here(NODES[0], 13), runs=Runs.NOBODY)
        probes = [Probe(FLOWS[1], here(HEAD, 10), target, 1)]
        (outcome,) = run(probes, Board(lambda: None), own, SHORT, counts.append)
    finally:
        let_go.set()
    assert outcome.verdict is Verdict.NOT_TRIED
    assert "the control plane was not done with its own part in" in outcome.detail
    told = len(counts)
    assert gone.wait(30)
    wait_for_threads("own part")
    assert len(counts) == told


def wait_for_threads(name: str) -> None:
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(30)
            assert not thread.is_alive()


def test_without_anybody_at_the_target_the_connection_is_tried_all_the_same(own: Listeners) -> None:
    """A machine that only boots can be reached, and says by refusing that packets get there."""
    target = replace(here(NODES[0], 13), runs=Runs.NOBODY, absent="is booting")
    rows = [replace(FLOWS[1], ports=Ports(p := free_port(), p)), replace(FLOWS[0], ports=Ports(p, p))]
    down, up = run(plan(rows, [here(HEAD, 10), target]), Board(lambda: None), own, SHORT)
    assert down.verdict is Verdict.REFUSED
    assert (up.verdict, up.detail) == (Verdict.NOT_TRIED, "n-1 is booting")


def test_an_agent_that_vanishes_half_way_is_named(own: Listeners) -> None:
    """What it did not answer is "not tried", with its name; what others found is kept."""
    port = free_port()
    rows = [replace(FLOWS[1], ports=Ports(port, port)), replace(FLOWS[2], ports=Ports(port, port))]
    head, one, two = here(HEAD, 10), here(NODES[0], 11), here(NODES[1], 12)
    with Agents({one: honest, two: half_way}) as agents:
        patience = replace(LONG, probe_s=0.4, agent_s=1.5)
        outcomes = run(plan(rows, [head, one, two]), agents.board, own, patience)
    assert [outcome.verdict for outcome in outcomes] == ["open", "open", "open", "not tried"]
    assert "n-2 was given its task and did not answer in" in outcomes[3].detail


def test_an_agent_that_never_asks_is_named(own: Listeners) -> None:
    """It says something else than one that was given its task."""
    one = here(NODES[0], 11)
    (outcome,) = run([Probe(FLOWS[0], one, here(HEAD, 10), free_port())], Board(lambda: None), own, SHORT)
    assert outcome.verdict is Verdict.NOT_TRIED
    assert outcome.detail.startswith("n-1 did not ask for its task in")


def test_several_runs_at_a_time_do_not_disturb_one_another(own: Listeners) -> None:
    """They share listeners, and one that ends takes none away from another."""
    port = free_port()
    rows = [replace(row, ports=Ports(port, port)) for row in FLOWS[1:3]]
    head, one, two = here(HEAD, 10), here(NODES[0], 11), here(NODES[1], 12)
    probes = plan(rows, [head, one, two])
    with Agents({one: honest, two: honest}) as agents, concurrent.futures.ThreadPoolExecutor(6) as pool:
        runs = [pool.submit(run, probes, agents.board, own, LONG) for _ in range(6)]
        for each in runs:
            assert {outcome.verdict for outcome in each.result()} == {Verdict.OPEN}, each.result()


@settings(max_examples=10, deadline=None)
@given(
    st.lists(st.sampled_from([*BEHAVIOURS, None]), max_size=6),
    st.lists(st.sampled_from(FLOWS), max_size=5, unique=True),
)
def test_every_probe_has_exactly_one_outcome(behaviours: list[Behaviour | None], rows: list[Any]) -> None:
    """Whatever each agent does: it is honest, vanishes at once or half way, talks nonsense, or is not there.
    And the run ends, though some never answer."""
    machines = {
        here(node(number, runs=Runs.AGENT if each else Runs.NOBODY), 20 + number): each
        for number, each in enumerate(behaviours, 1)
    }
    probes = plan(rows, [here(HEAD, 10), *machines])
    own, began = Listeners(), time.monotonic()
    try:
        with Agents({machine: each for machine, each in machines.items() if each}) as agents:
            outcomes = run(probes, agents.board, own, replace(SHORT, agent_s=1.5))
    finally:
        own.close_all()
    assert time.monotonic() - began < ENDLESS_S
    assert len(outcomes) == len(probes)
    for probe, outcome in zip(probes, outcomes, strict=True):
        behaviour = machines.get(probe.source)
        if probe.source.runs is Runs.LOCAL or behaviour is honest:
            assert outcome.verdict is not Verdict.NOT_TRIED
        else:
            assert outcome.verdict is Verdict.NOT_TRIED
            assert outcome.detail.startswith(probe.source.name)


def test_tasks_are_cut_to_what_an_answer_can_hold(own: Listeners) -> None:
    """However much one node is to try, no task of it has more parts than the control plane reads."""
    one = here(NODES[0], 11)
    row = flow("x", Role.NODE, Role.CONTROL_PLANE, Ports(1, 1), Protocol.TCP)
    sizes: list[int] = []

    def counting(board: Board, machine: Machine, task: dict[str, Any], _: Listeners) -> None:
        if task["kind"] == "connect":
            sizes.append(len(task["attempts"]))
            board.found(machine.name, machine.life, task["id"], [Outcome(Verdict.OPEN)] * sizes[-1])

    with Agents({one: counting}) as agents:
        outcomes = run(
            [Probe(row, one, here(HEAD, 10), port) for port in range(20_000, 20_450)],
            agents.board,
            own,
            LONG,
        )
    assert sizes == [MOST_PER_TASK, MOST_PER_TASK, 50]
    assert len(outcomes) == 450


# --- the board ---


def task(machine: Machine = NODES[0], parts: int = 2, *, lasting: bool = False) -> Task:
    return Task(machine, {"kind": "connect"}, parts, lasting)


TWO = [Outcome(Verdict.OPEN)] * 2


def test_a_node_is_given_its_own_tasks_of_its_own_life() -> None:
    """Not those of another node, nor of the one that had its name before."""
    board = Board(lambda: None)
    mine = task()
    board.put([mine, task(NODES[1])])
    assert [each["id"] for each in board.of("n-1", "life-1")] == [mine.id]
    assert board.of("n-1", "life-0") == []
    assert board.of("n-3", "life-3") == []


def test_an_answer_that_nobody_waits_for_changes_nothing() -> None:
    """Another node's, another life's, of another kind, of another length, a second one, one too late."""
    board = Board(lambda: None)
    mine = task()
    board.put([mine])
    for name, life, number, answer in (
        ("n-2", "life-1", mine.id, TWO), ("n-1", "life-0", mine.id, TWO), ("n-1", "life-1", "f" * 16, TWO),
        ("n-1", "life-1", mine.id, TWO[:1]), ("n-1", "life-1", mine.id, []), ("n-1", "life-1", "", TWO),
    ):  # fmt: skip
        with pytest.raises((UnknownError, InputError)):
            board.found(name, life, number, answer)
    with pytest.raises(InputError, match="other kind"):
        board.listening("n-1", "life-1", mine.id, [Opened(), Opened()])
    assert mine.answer is None
    board.found("n-1", "life-1", mine.id, TWO)
    with pytest.raises(UnknownError):
        board.found("n-1", "life-1", mine.id, TWO)
    assert mine.answer == TWO


def test_what_was_withdrawn_is_neither_shown_nor_answered() -> None:
    """A listener's task hangs until then, and a second answer to it is refused."""
    board = Board(lambda: None)
    mine = task(parts=1, lasting=True)
    board.put([mine])
    board.listening("n-1", "life-1", mine.id, [Opened("x")])
    assert board.of("n-1", "life-1"), "it is needed still"
    with pytest.raises(UnknownError):
        board.listening("n-1", "life-1", mine.id, [Opened("y")])
    board.withdraw([mine])
    assert board.of("n-1", "life-1") == []
    with pytest.raises(UnknownError):
        board.listening("n-1", "life-1", mine.id, [Opened("z")])
    board.withdraw([mine])
