"""The network as it is: the settings and the documents, for whoever proves or audits it."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from burstway.service.access import Role
from burstway.service.parts import Parts


def view_routes(parts: Parts) -> APIRouter:
    router = APIRouter()
    viewer = Annotated[str, Depends(parts.access.at_least(Role.VIEWER))]

    @router.get("/network")
    def network(_: viewer) -> dict[str, Any]:
        """No secret is in it: the settings name files and hold none."""
        documents = [asdict(document) for document in parts.view.documents()]
        return {"settings": parts.settings.model_dump(mode="json"), "documents": documents}

    return router
