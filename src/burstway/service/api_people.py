"""People who sign in over the network: a name, a role, and a token that is shown once."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from burstway.errors import ConflictError, UnknownError
from burstway.identity.tokens import hash_token, new_person_token
from burstway.service.access import Role
from burstway.service.parts import Parts


class PersonBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[A-Za-z0-9._@-]{1,64}$")
    role: Literal["viewer", "operator", "administrator"]


def people_routes(parts: Parts) -> APIRouter:
    router = APIRouter()
    administrator = Annotated[str, Depends(parts.access.at_least(Role.ADMINISTRATOR))]

    @router.get("")
    def people(_: administrator) -> list[dict[str, Any]]:
        with parts.store.read() as transaction:
            return [{"name": name, "role": role} for name, role in transaction.people()]

    @router.post("")
    def add(body: PersonBody, _: administrator) -> dict[str, str]:
        token = new_person_token()
        with parts.store.write() as transaction:
            if body.name in dict(transaction.people()):
                raise ConflictError(f"there is a token of {body.name} already", remedy="revoke it first")
            transaction.put_person(body.name, body.role, hash_token(token))
        return {"name": body.name, "role": body.role, "token": token}

    @router.delete("/{name}")
    def revoke(name: str, _: administrator) -> dict[str, bool]:
        with parts.store.write() as transaction:
            if not transaction.delete_person(name):
                raise UnknownError(f"there is no token of {name!r}")
        return {"ok": True}

    return router
