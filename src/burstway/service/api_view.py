"""The network as it is: the settings and the documents, for whoever proves or audits it."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from burstway.service.access import Role
from burstway.service.parts import Parts


def view_routes(parts: Parts) -> APIRouter:
    router = APIRouter()
    operator = Annotated[str, Depends(parts.access.at_least(Role.OPERATOR))]

    @router.get("/network")
    def network(_: operator) -> dict[str, Any]:
        """The documents have been read and understood, and what may be a secret is taken out of them."""
        documents = [asdict(document) for document in parts.view.shown()]
        return {"settings": parts.settings.model_dump(mode="json"), "documents": documents}

    return router
