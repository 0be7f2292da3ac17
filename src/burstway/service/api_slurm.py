"""What Slurm's programs hand over, and the configuration that Slurm is to have."""

from collections import OrderedDict
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from burstway.errors import InputError
from burstway.service.parts import Parts
from burstway.service.requests import PROGRAMS, apply_request
from burstway.slurm.resume_file import SpooledRequest

REMEMBERED_REQUESTS = 10_000


class RequestBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    hostlist: str
    resume_file: str | None
    time: float
    id: str = Field(max_length=64)


def slurm_routes(parts: Parts) -> APIRouter:
    router = APIRouter()
    done: OrderedDict[str, None] = OrderedDict()

    @router.post("/{program}", status_code=202)
    def hand_over(
        program: str, body: RequestBody, _: Annotated[str, Depends(parts.access.scheduler)]
    ) -> dict[str, bool]:
        if program not in PROGRAMS:
            raise InputError(f"there is no Slurm program {program!r}")
        if body.id not in done:
            request = SpooledRequest(program, body.hostlist, body.resume_file, body.time, body.id)
            apply_request(parts.fleet, request)
            done[body.id] = None
            if len(done) > REMEMBERED_REQUESTS:
                done.popitem(last=False)
        return {"ok": True}

    return router
