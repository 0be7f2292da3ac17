"""Long polls: they return when something changes, or empty after their time, and are in nobody's way."""

import asyncio
import concurrent.futures
import time

import httpx
from running_plane import Plane

pytest_plugins = ["control_planes"]

WAITING = 60


def version(agent: httpx.Client) -> str:
    return str(agent.get("/v1/agent/configuration").raise_for_status().json()["version"])


def test_a_wait_without_a_change_ends_empty(plane: Plane) -> None:
    """After the seconds that were asked for, with status 204."""
    _, certificate = plane.joined()
    plane.story_length()
    with plane.network(certificate) as agent:
        known = version(agent)
        started = time.monotonic()
        answer = agent.get("/v1/agent/work", params={"version": known, "wait": 0.6})
    assert answer.status_code == 204
    assert 0.5 < time.monotonic() - started < 3


def test_a_wait_returns_with_the_change(plane: Plane) -> None:
    """A further node of the cluster has an address: the others learn it soon, with a new version."""
    _, certificate = plane.joined()
    with plane.network(certificate) as agent, concurrent.futures.ThreadPoolExecutor(1) as others:
        known = version(agent)
        started = time.monotonic()
        further = others.submit(plane.booting)
        answer = agent.get("/v1/agent/work", params={"version": known, "wait": 10}).raise_for_status().json()
        assert time.monotonic() - started < 5
        assert answer["version"] != known
        assert further.result() in answer["hosts"]
        assert agent.get("/v1/agent/work", params={"version": known, "wait": 10}).json()["hosts"]


def test_a_wait_is_bounded(plane: Plane) -> None:
    """Nobody holds a connection for longer than a minute, or for a negative time."""
    _, certificate = plane.joined()
    with plane.network(certificate) as agent:
        for wait in ("61", "-1", "nan", "inf", "soon"):
            answer = agent.get("/v1/agent/work", params={"version": "x", "wait": wait})
            assert answer.status_code == 422, wait
        assert agent.get("/v1/agent/work").status_code == 422


def test_sixty_that_wait_block_nobody(plane: Plane) -> None:
    """More than there are threads: other requests are answered at once, and each one that waits is too."""
    _, certificate = plane.joined()
    plane.story_length()
    with plane.network(certificate) as agent:
        known = version(agent)

    async def wait_together() -> tuple[list[int], float]:
        url = f"https://{plane.address}:{plane.port}"
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(
            verify=plane.context(certificate), base_url=url, limits=limits, timeout=30
        ) as agents:
            path, asked = "/v1/agent/work", {"version": known, "wait": "3"}
            waiting = [asyncio.create_task(agents.get(path, params=asked)) for _ in range(WAITING)]
            await asyncio.sleep(1.5)
            assert not any(task.done() for task in waiting)
            started = time.monotonic()
            await asyncio.to_thread(plane.get, "/v1/status")
            asked_s = time.monotonic() - started
            return [answer.status_code for answer in await asyncio.gather(*waiting)], asked_s

    codes, asked_s = asyncio.run(wait_together())
    assert codes == [204] * WAITING
    assert asked_s < 1
