"""What nodes ask, with their certificate; only joining is done without one."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from burstway.model.node import Node
from burstway.service.enrolment import Report
from burstway.service.parts import Parts

MOST_WAIT_S = 60.0


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class JoinBody(_Body):
    node: str = Field(max_length=63)
    token: str = Field(max_length=128)
    csr: str = Field(max_length=16_384)


class StepBody(_Body):
    name: str = Field(max_length=40)
    seconds: float = Field(ge=0, le=86_400)


class ReportBody(_Body):
    steps: list[StepBody] = Field(max_length=50)
    configured: bool
    failed: str = Field(max_length=2_000)


def agent_routes(parts: Parts) -> APIRouter:
    router = APIRouter()
    speaking = Annotated[Node, Depends(parts.access.node)]

    @router.post("/join")
    def join(body: JoinBody) -> dict[str, str]:
        return {"certificate": parts.enrolment.join(body.node, body.token, body.csr)}

    @router.get("/configuration")
    def configuration(node: speaking) -> dict[str, Any]:
        return parts.enrolment.configuration(node)

    @router.post("/report")
    def report(body: ReportBody, node: speaking) -> dict[str, bool]:
        steps = tuple((step.name, step.seconds) for step in body.steps)
        parts.enrolment.report(node, Report(steps, body.configured, body.failed))
        return {"ok": True}

    @router.get("/work", response_model=None)
    async def work(
        node: speaking, version: str, wait: Annotated[float, Query(ge=0, le=MOST_WAIT_S)] = 30.0
    ) -> dict[str, Any] | Response:
        """What has changed for this node since `version`; 204 when nothing has in `wait` seconds."""

        def look() -> dict[str, Any] | None:
            change = parts.enrolment.work(node.name)
            return change if change["version"] != version else None

        found = await parts.changes.wait_for(look, wait)
        return found if found is not None else Response(status_code=204)

    return router
