"""What nodes ask, with their certificate; only joining is done without one."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from burstway.agent.node.listeners import SERVED
from burstway.errors import InputError
from burstway.model.node import Node
from burstway.probes.outcome import Opened, Outcome, Verdict
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


class ListeningBody(_Body):
    nonce: str = Field(max_length=64, pattern=r"^[ -~]*$")
    detail: str = Field(max_length=200)


class OutcomeBody(_Body):
    verdict: Verdict
    detail: str = Field(max_length=250)
    seconds: float = Field(ge=0, le=3_600)


class ProbesBody(_Body):
    """Either what a target listens on, or what a source found; in the task's order."""

    task: str = Field(max_length=32)
    listening: list[ListeningBody] | None = Field(default=None, max_length=2_000)
    outcomes: list[OutcomeBody] | None = Field(default=None, max_length=2_000)


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

    @router.post("/probes")
    def probes(body: ProbesBody, node: speaking) -> dict[str, bool]:
        if (body.listening is None) == (body.outcomes is None):
            raise InputError("either `listening` or `outcomes` must be there")
        if body.listening is not None:
            parts.board.listening(node.name, node.key, body.task, [_opened(each) for each in body.listening])
        else:
            found = [
                Outcome(each.verdict, _printable(each.detail), each.seconds) for each in body.outcomes or ()
            ]
            parts.board.found(node.name, node.key, body.task, found)
        return {"ok": True}

    @router.get("/work", response_model=None)
    async def work(
        node: speaking, version: str, wait: Annotated[float, Query(ge=0, le=MOST_WAIT_S)] = 30.0
    ) -> dict[str, Any] | Response:
        """What there is for this node, once it is not what it was at `version`; 204 when nothing has changed
        in `wait` seconds. `hosts` is there only if they have changed."""

        def look() -> dict[str, Any] | None:
            change = parts.enrolment.work(node, version)
            return change if change["version"] != version else None

        found = await parts.changes.wait_for(look, wait)
        return found if found is not None else Response(status_code=204)

    return router


def _opened(listening: ListeningBody) -> Opened:
    return Opened(listening.nonce, listening.detail == SERVED)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
