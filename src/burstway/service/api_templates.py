"""Templates that are kept: put, look, make a cluster of one, delete."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from burstway.service.access import Role
from burstway.service.api_clusters import ImportBody, Values, import_source, source_json
from burstway.service.parts import Parts
from burstway.service.templates import with_values


class CreateBody(Values):
    name: str


def template_routes(parts: Parts) -> APIRouter:
    router = APIRouter()
    viewer = Annotated[str, Depends(parts.access.at_least(Role.VIEWER))]
    administrator = Annotated[str, Depends(parts.access.at_least(Role.ADMINISTRATOR))]

    @router.get("")
    def templates(_: viewer) -> list[dict[str, Any]]:
        """Without their texts, which can be long."""
        return [
            {
                "name": name,
                "file": source.file,
                "template_cluster": source.section or None,
                "lines": len(source.text.splitlines()),
                "parameters": source.parameters,
            }
            for name, source in parts.templates.all().items()
        ]

    @router.post("")
    def keep(body: ImportBody, _: administrator) -> dict[str, Any]:
        warnings = parts.templates.check(body.name, body.source, body.from_files)
        replaced = parts.templates.keep(
            body.name, body.source, body.from_files, force=body.force, dry_run=body.dry_run
        )
        return {"replaced": replaced, "warnings": [asdict(problem) for problem in warnings]}

    @router.get("/{name}")
    def template(name: str, _: viewer) -> dict[str, Any]:
        return {"name": name, **source_json(parts.templates.find(name))}

    @router.delete("/{name}")
    def delete(name: str, _: administrator) -> dict[str, bool]:
        parts.templates.delete(name)
        return {"ok": True}

    @router.post("/{name}/clusters")
    def create(name: str, body: CreateBody, _: administrator) -> dict[str, Any]:
        source = with_values(parts.templates.find(name), body.parameters)
        weak = {*body.from_files, *(name for name in source.parameters if name not in body.parameters)}
        return import_source(parts, body.name, source, weak, body)

    return router
