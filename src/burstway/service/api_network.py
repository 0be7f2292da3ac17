"""Probes: asking for a run, and how far it is."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from burstway.probes.report import Result, worst_first
from burstway.service.access import Role
from burstway.service.parts import Parts
from burstway.service.probing import ProbeRun

MOST_WAIT_S = 60.0


class ProbesBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    nodes: str | None = None
    flows: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=200)
    timeout_s: float | None = Field(default=None, ge=0.1, le=30)


def network_routes(parts: Parts) -> APIRouter:
    router = APIRouter()
    viewer = Annotated[str, Depends(parts.access.at_least(Role.VIEWER))]
    operator = Annotated[str, Depends(parts.access.at_least(Role.OPERATOR))]

    @router.post("/probes", status_code=202)
    def start(body: ProbesBody, who: operator) -> dict[str, Any]:
        return run_json(parts.probing.start(body.nodes, body.flows, body.timeout_s, f"{who}: network probe"))

    @router.get("/probes/{run_id}", response_model=None)
    async def progress(
        run_id: str,
        _: viewer,
        wait: Annotated[float, Query(ge=0, le=MOST_WAIT_S)] = 0.0,
        after: Annotated[int, Query(ge=-1)] = -1,
    ) -> Response:
        """The run as it stands once it has finished, or has more than `after` probes done; after `wait`
        seconds as it stands then. A report of thousands of probes is written in a thread: nobody else waits
        for it."""
        found = parts.probing.find(run_id)

        def look() -> ProbeRun | None:
            return found if found.finished or found.done > after >= 0 else None

        await parts.changes.wait_for(look, wait)
        return await asyncio.to_thread(lambda: JSONResponse(run_json(found)))

    return router


def run_json(run: ProbeRun) -> dict[str, Any]:
    finished = run.finished
    return {
        "id": run.id,
        "cause": run.cause,
        "started_at": run.started_at,
        "timeout_s": run.timeout_s,
        "done": run.done,
        "of": len(run.probes),
        "finished": finished,
        "failed": run.failed,
        "results": [result_json(result) for result in worst_first(run.results)] if finished else [],
        "left_out": [{"flow": each.flow.name, "why": each.why} for each in run.left_out],
    }


def result_json(result: Result) -> dict[str, Any]:
    probe, outcome, expected = result.probe, result.outcome, result.expected
    return {
        "flow": probe.flow.name,
        "purpose": probe.flow.purpose,
        "source": probe.source.name,
        "source_address": probe.source.address,
        "target": probe.target.name,
        "target_address": probe.target.address,
        "protocol": str(probe.flow.protocol),
        "port": probe.port,
        "verdict": str(outcome.verdict),
        "detail": outcome.detail,
        "seconds": outcome.seconds,
        "proved_open": expected.passes,
        "proved_by": expected.by,
        "good": result.good,
        "sentence": result.sentence,
    }
