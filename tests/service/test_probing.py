"""Probes through the API: who may ask, what is answered, and what a node may say of them."""

import json
import os
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running_plane import Plane, wait_until
from test_real_agent import Agent

pytest_plugins = ["control_planes"]

PROBES = "/v1/network/probes"
ANSWER = "/v1/agent/probes"


def finished(plane: Plane, run: dict[str, Any]) -> dict[str, Any]:
    """The run at its end, asked for with long waits."""
    deadline = time.monotonic() + 40
    while not run["finished"]:
        assert time.monotonic() < deadline, run
        run = plane.get(f"{PROBES}/{run['id']}", wait=10, after=run["done"])
    return run


def begin(plane: Plane, **body: Any) -> dict[str, Any]:
    begun: dict[str, Any] = plane.post(PROBES, body)
    return begun


class Node:
    """A node that is driven by the test: it has joined, and asks for its work."""

    def __init__(self, plane: Plane) -> None:
        self.name, certificate = plane.joined()
        self.http: httpx.Client = plane.network(certificate)
        self.version = "none"
        self.work: dict[str, Any] = {}

    def ask(self) -> dict[str, Any]:
        """Its work, once it is other than it was; with nothing in it when it stays as it is."""
        asked: dict[str, str | int] = {"version": self.version, "wait": 10}
        answer = self.http.get("/v1/agent/work", params=asked).raise_for_status()
        self.work = answer.json() if answer.content else {}
        self.version = self.work.get("version", self.version)
        return self.work

    def tasks(self) -> list[dict[str, Any]]:
        """Those that it is given next, once there are any."""
        while True:
            tasks: list[dict[str, Any]] = self.ask().get("tasks", [])
            if tasks:
                return tasks

    def say(self, body: object) -> httpx.Response:
        return self.http.post(ANSWER, json=body)


@pytest.fixture
def node(plane: Plane) -> Any:
    made = Node(plane)
    yield made
    made.http.close()


def outcomes(task: dict[str, Any], **other: Any) -> dict[str, Any]:
    one = {"verdict": "open", "detail": "", "seconds": 0.1, **other}
    return {"task": task["id"], "outcomes": [one] * len(task["attempts"])}


def test_a_node_that_tries_its_connection_is_reported(plane: Plane, node: Node) -> None:
    """From the wish to the verdict, with progress on the way; the control plane is a TLS service here."""
    begun = begin(plane, nodes=node.name, timeout_s=1)
    assert (begun["of"], begun["done"], begun["finished"]) == (1, 0, False)
    (task,) = node.tasks()
    (attempt,) = task["attempts"]
    assert (attempt["address"], attempt["port"]) == (plane.address, plane.port)
    assert (attempt["greeting"], attempt["served"]) == ("TLS", True)
    assert node.say(outcomes(task)).is_success
    run = finished(plane, begun)
    (result,) = run["results"]
    assert (result["verdict"], result["good"]) == ("open", True)
    assert (result["source"], result["target"], result["flow"]) == (node.name, "head", "agent-api")
    assert node.say(outcomes(task)).status_code == 404, "it is over"


def test_a_task_comes_without_the_names_that_the_node_has(plane: Plane, node: Node) -> None:
    """They are sent again only when they have changed: a probe asks thousands of nodes."""
    configuration = node.http.get("/v1/agent/configuration").raise_for_status().json()
    begun = begin(plane, nodes=node.name, timeout_s=1)
    node.version = configuration["version"]
    (task,) = node.tasks()
    assert node.version.startswith(configuration["version"])
    assert "hosts" not in node.work
    assert node.say(outcomes(task)).is_success
    further = plane.booting()
    deadline = time.monotonic() + 40
    while further not in node.work.get("hosts", {}):
        assert time.monotonic() < deadline
        node.ask()
    node.version = f"another-{node.version.split('-', 1)[1]}"
    assert further in node.ask()["hosts"], "whoever has other names is told"
    assert finished(plane, begun)["results"][0]["verdict"] == "open"


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0, reason="makes mount and host name namespaces")
def test_the_real_agent_tries_its_connection(plane: Plane, tmp_path: Path) -> None:
    """As it is delivered, while it goes on with its other work."""
    name = plane.booting()
    agent = Agent(plane, tmp_path, name)
    try:
        plane.reaches(name, "ready")
        for _ in range(2):
            run = finished(plane, begin(plane, nodes=name, timeout_s=2))
            assert [each["verdict"] for each in run["results"]] == ["open"], agent.log.read_text()
        other = plane.booting()
        wait_until(lambda: f" {other}\n" in agent.hosts(), "it still learns of other nodes")
        assert agent.process.poll() is None
    finally:
        agent.process.kill()
        agent.process.wait()


def test_a_node_that_does_not_answer_is_waited_for_in_bounds(plane: Plane, node: Node) -> None:
    """Its probe is "not tried", and says that the node was given its task."""
    begun = begin(plane, nodes=node.name, timeout_s=0.2)
    node.tasks()
    run = finished(plane, begun)
    (result,) = run["results"]
    assert (result["verdict"], result["good"]) == ("not tried", False)
    assert "was given its task and did not answer" in result["sentence"]


def test_a_node_that_is_not_up_is_not_tried(plane: Plane) -> None:
    """Its state is the reason; a node that no cluster has is refused."""
    name = plane.fresh_name()
    run = finished(plane, begin(plane, nodes=name))
    assert [each["sentence"] for each in run["results"]] == [f"not tried: {name} is gone"]
    booting = plane.booting()
    run = finished(plane, begin(plane, nodes=booting))
    assert [each["sentence"] for each in run["results"]] == [
        f"not tried: {booting} is booting, and its agent has not joined"
    ]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"nodes": "elsewhere-1"}, 404, "elsewhere-1"),
        ({"nodes": "c1-hpc-["}, 422, "not a hostlist"),
        ({"nodes": 7}, 422, "nodes"),
        ({"flows": ["agent-api", "none"]}, 404, "this site has no flow 'none'"),
        ({"flows": ["slurmctld"]}, 404, "agent-api"),
        ({"flows": "agent-api"}, 422, "flows"),
        ({"timeout_s": 0}, 422, "timeout_s"),
        ({"timeout_s": 31}, 422, "timeout_s"),
        ({"timeout_s": "nan"}, 422, "timeout_s"),
        ({"more": 1}, 422, "more"),
        (None, 422, "malformed"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(plane: Plane, body: object, status: int, said: str) -> None:
    """Before anything is tried, and with what would do."""
    with plane.local() as root:
        answer = root.post(PROBES, json=body)
    assert answer.status_code == status
    assert said in answer.text


def test_an_unknown_run_is_refused(plane: Plane) -> None:
    """Also one that was forgotten with the control plane that it ran on."""
    with plane.local() as root:
        answer = root.get(f"{PROBES}/0123456789abcdef")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown")
        for wait in ("61", "-1", "nan"):
            assert root.get(f"{PROBES}/x", params={"wait": wait}).status_code == 422


def test_operators_probe_and_viewers_look(plane: Plane, node: Node) -> None:
    """A node's certificate opens neither."""
    tokens = {
        role: plane.post("/v1/people", {"name": f"p-{role}", "role": role})["token"]
        for role in ("viewer", "operator")
    }
    with plane.network(token=tokens["viewer"]) as viewer, plane.network(token=tokens["operator"]) as operator:
        assert viewer.post(PROBES, json={"nodes": node.name}).status_code == 403
        assert node.http.post(PROBES, json={"nodes": node.name}).status_code == 403
        begun = operator.post(PROBES, json={"nodes": plane.fresh_name()})
        assert begun.status_code == 202
        assert viewer.get(f"{PROBES}/{begun.json()['id']}").is_success
        assert node.http.get(f"{PROBES}/{begun.json()['id']}").status_code == 403


def test_a_node_answers_its_own_tasks_only(plane: Plane, node: Node) -> None:
    """Another node that knows the number of the task is refused, and the run is not harmed."""
    other = Node(plane)
    begun = begin(plane, nodes=node.name, timeout_s=1)
    (task,) = node.tasks()
    with other.http:
        assert other.say(outcomes(task, verdict="filtered")).status_code == 404
    assert node.say(outcomes(task)).is_success
    assert finished(plane, begun)["results"][0]["verdict"] == "open"


GOOD = {"verdict": "open", "detail": "", "seconds": 0.1}
MALFORMED: list[Any] = [
    [], None, 7, "x", {}, {"task": 7, "outcomes": []}, {"task": "x" * 33, "outcomes": []}, {"task": "@"},
    {"task": "@", "outcomes": [], "listening": []}, {"task": "@", "outcomes": [GOOD, GOOD]},
    {"task": "@", "outcomes": []}, {"task": "@", "outcomes": [GOOD], "more": 1},
    {"task": "@", "outcomes": [{**GOOD, "verdict": "fine"}]},
    {"task": "@", "outcomes": [{**GOOD, "seconds": -1}]},
    {"task": "@", "outcomes": [{**GOOD, "seconds": 1e9}]},
    {"task": "@", "outcomes": [{**GOOD, "detail": "x" * 251}]},
    {"task": "@", "outcomes": [{**GOOD, "detail": None}]}, {"task": "@", "outcomes": [{**GOOD, "more": 1}]},
    {"task": "@", "outcomes": [{"verdict": "open"}]}, {"task": "@", "outcomes": {"0": GOOD}},
    {"task": "@", "outcomes": [GOOD] * 2_001}, {"task": "@", "listening": [{"nonce": "x", "detail": ""}]},
    {"task": "@", "listening": [{"nonce": "\n", "detail": ""}]},
]  # fmt: skip


def test_malformed_answers_are_refused_and_do_no_harm(plane: Plane, node: Node) -> None:
    """Each with a 4xx; the task is still open afterwards, and a proper answer to it is taken."""
    begun = begin(plane, nodes=node.name, timeout_s=2)
    (task,) = node.tasks()
    for body in MALFORMED:
        text = json.dumps(body).replace('"@"', json.dumps(task["id"]))
        answer = node.http.post(ANSWER, content=text, headers={"Content-Type": "application/json"})
        assert 400 <= answer.status_code < 500, body
        assert answer.json()["what"]
    assert node.say(outcomes(task, detail="a\nb\x1b[31m")).is_success
    (result,) = finished(plane, begun)["results"]
    assert result["detail"] == "a b [31m", "nothing in it moves a terminal"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


def test_whatever_a_node_says_the_control_plane_lives(plane: Plane, node: Node) -> None:
    """JSON of any shape is refused with a 4xx and never with a 5xx."""

    @settings(max_examples=60, deadline=None)
    @given(JSON, JSON, JSON)
    def say(task: Any, listening: Any, found: Any) -> None:
        for body in ({"task": task, "listening": listening}, {"task": task, "outcomes": found}, found):
            assert 400 <= node.say(body).status_code < 500

    say()
    assert plane.get("/v1/status")["site"] == "hq"


def test_runs_at_a_time_are_bounded(plane: Plane, node: Node) -> None:
    """A fifth waits until one of the four has ended; each of the four has its own report."""
    runs = [begin(plane, nodes=node.name, timeout_s=0.1) for _ in range(4)]
    with plane.local() as root:
        refused = root.post(PROBES, json={"nodes": node.name})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    seen: set[str] = set()
    while len(seen) < 4:
        for task in node.tasks():
            if task["id"] not in seen:
                seen.add(task["id"])
                assert node.say(outcomes(task)).is_success
    assert [finished(plane, run)["results"][0]["verdict"] for run in runs] == ["open"] * 4
    assert begin(plane, nodes=plane.fresh_name())["id"]
