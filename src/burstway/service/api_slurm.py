"""What Slurm's programs hand over, and the configuration that Slurm is to have."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from burstway.errors import InputError
from burstway.service.parts import Parts
from burstway.slurm.resume_file import PROGRAMS, SpooledRequest


class RequestBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    hostlist: str
    resume_file: str | None
    time: float
    id: str = Field(max_length=64)


def slurm_routes(parts: Parts) -> APIRouter:
    router = APIRouter()

    @router.post("/{program}", status_code=202)
    def hand_over(
        program: str, body: RequestBody, _: Annotated[str, Depends(parts.access.scheduler)]
    ) -> dict[str, bool]:
        if program not in PROGRAMS:
            raise InputError(f"there is no Slurm program {program!r}")
        request = SpooledRequest(program, body.hostlist, body.resume_file, body.time, body.id)
        parts.requests.carry_out(request)
        return {"ok": True}

    return router
