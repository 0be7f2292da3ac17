"""Those who wait are woken by changes and by nudges, and only changes count."""

import asyncio
import json
import threading
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from burstway.service import api_network
from burstway.service.changes import Changes
from burstway.service.parts import Parts
from burstway.service.probing import ProbeRun


@pytest.mark.parametrize(("how", "counted"), [("announce", 1), ("nudge", 0)])
def test_who_waits_is_woken(how: str, counted: int) -> None:
    """By both, from another thread. What was worked out from the record holds after a nudge."""
    changes = Changes()
    seen: list[int] = []

    async def wait() -> str | None:
        changes.attach(asyncio.get_running_loop())

        def look() -> str | None:
            seen.append(changes.count)
            if len(seen) == 1:
                threading.Thread(target=getattr(changes, how)).start()
                return None
            return "woken"

        return await changes.wait_for(look, 60)

    assert asyncio.run(wait()) == "woken"
    assert seen[-1] == changes.count == counted


def test_a_report_is_written_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop answers others meanwhile, however large it is."""
    where: list[threading.Thread] = []
    run = ProbeRun((), (), 3.0, "test", 0.0, id="x", finished=True)

    def slow(of: ProbeRun) -> dict[str, Any]:
        where.append(threading.current_thread())
        return {"id": of.id}

    monkeypatch.setattr(api_network, "run_json", slow)
    access = SimpleNamespace(at_least=lambda _: lambda: "somebody")
    parts = SimpleNamespace(access=access, probing=SimpleNamespace(find=lambda _: run), changes=Changes())
    app = FastAPI()
    app.include_router(api_network.network_routes(cast(Parts, parts)))

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get("/probes/x")

    answer = asyncio.run(ask())
    assert json.loads(answer.text) == {"id": "x"}
    assert answer.headers["content-type"] == "application/json"
    assert where
    assert threading.main_thread() not in where
