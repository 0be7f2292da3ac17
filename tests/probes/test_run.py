"""A run gives every probe exactly one outcome, whatever the agents do, and ends in time."""

import concurrent.futures
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planned import FLOWS, HEAD, NODES, flow, node

from burstway.agent.node.listeners import SERVED, Listeners
from burstway.agent.node.tasks import listen, try_all
from burstway.errors import InputError, UnknownError
from burstway.flows.table import Ports, Protocol, Role
from burstway.probes.board import Board, Task
from burstway.probes.outcome import Opened, Outcome, Verdict
from burstway.probes.plan import Machine, Probe, Runs, plan
from burstway.probes.run import MOST_PER_TASK, Patience, run

SHORT = Patience(probe_s=0.4, listen_s=0.4, agent_s=0.4)

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


def here(machine: Machine, number: int) -> Machine:
    """The machine, at an address of this host."""
    return replace(machine, address=f"127.0.0.{number}")


def test_two_nodes_and_a_head_find_everything_open(own: Listeners) -> None:
    """With listeners on all sides, TCP and UDP; afterwards they are closed and the board is empty."""
    port = free_port()
    rows = [
        replace(row, ports=Ports(port, port), greeting=flow("x", Role.NODE, Role.NODE).greeting)
        for row in FLOWS
        if row.name != "range"
    ]
    head, one, two = here(HEAD, 10), here(NODES[0], 11), here(NODES[1], 12)
    probes = plan(rows, [head, one, two])
    assert len(probes) == 8
    counts: list[int] = []
    with Agents({one: honest, two: honest}) as agents:
        outcomes = run(probes, agents.board, own, SHORT, counts.append)
        assert agents.board.of(one.name, one.life) == []
    assert [outcome.verdict for outcome in outcomes] == [Verdict.OPEN] * 8, outcomes
    assert counts == sorted(counts)
    assert counts[-1] == 8
    deadline = time.monotonic() + 2
    while own.any():
        assert time.monotonic() < deadline


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
        outcomes = run(plan(rows, [head, one, two]), agents.board, own, SHORT)
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
    patience = replace(SHORT, listen_s=3, agent_s=3)
    with Agents({one: honest, two: honest}) as agents, concurrent.futures.ThreadPoolExecutor(6) as pool:
        runs = [pool.submit(run, probes, agents.board, own, patience) for _ in range(6)]
        for each in runs:
            assert {outcome.verdict for outcome in each.result()} == {Verdict.OPEN}, each.result()


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.sampled_from([*BEHAVIOURS, None]), max_size=6),
    st.lists(st.sampled_from(FLOWS), max_size=5, unique=True),
)
def test_every_probe_has_exactly_one_outcome(behaviours: list[Behaviour | None], rows: list[Any]) -> None:
    """Whatever each agent does: it is honest, vanishes at once or half way, talks nonsense, or is not there.
    And the run ends in the time that its patience allows."""
    machines = {
        here(node(number, runs=Runs.AGENT if each else Runs.NOBODY), 20 + number): each
        for number, each in enumerate(behaviours, 1)
    }
    probes = plan(rows, [here(HEAD, 10), *machines])
    own, began = Listeners(), time.monotonic()
    try:
        with Agents({machine: each for machine, each in machines.items() if each}) as agents:
            outcomes = run(probes, agents.board, own, SHORT)
    finally:
        own.close_all()
    assert time.monotonic() - began < 4
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
            SHORT,
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
