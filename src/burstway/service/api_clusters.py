"""Clusters: import, look, delete, and the Slurm configuration that follows from one."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from burstway.errors import ConflictError
from burstway.service.access import Role
from burstway.service.parts import Parts
from burstway.slurm.conf import render_conf


class ImportBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    template: str
    file: str
    template_cluster: str | None = None
    parameters: dict[str, str] = {}
    force: bool = False
    dry_run: bool = False


def cluster_routes(parts: Parts) -> APIRouter:
    router = APIRouter()
    viewer = Annotated[str, Depends(parts.access.at_least(Role.VIEWER))]
    administrator = Annotated[str, Depends(parts.access.at_least(Role.ADMINISTRATOR))]

    @router.get("")
    def clusters(_: viewer) -> list[dict[str, Any]]:
        return [asdict(cluster) for cluster in parts.fleet.clusters()]

    @router.post("")
    def import_cluster(body: ImportBody, _: administrator) -> dict[str, Any]:
        cluster = parts.fleet.read_template(
            body.name, body.template, body.file, body.template_cluster, body.parameters
        )
        if body.dry_run:
            return {"cluster": asdict(cluster), "replaced": False}
        imported = parts.fleet.import_cluster(cluster, body.template, force=body.force)
        return {"cluster": asdict(imported.cluster), "replaced": imported.replaced}

    @router.get("/{name}")
    def cluster(name: str, _: viewer) -> dict[str, Any]:
        found, source = parts.fleet.cluster(name)
        return {**asdict(found), "template": source}

    @router.delete("/{name}")
    def delete(name: str, _: administrator) -> dict[str, bool]:
        parts.fleet.delete_cluster(name)
        return {"ok": True}

    @router.get("/{name}/slurm-conf")
    def slurm_conf(name: str, programs: str, _: viewer) -> dict[str, Any]:
        if parts.settings.slurm is None:
            raise ConflictError("this site has no Slurm", remedy="add a section [slurm] to burstway.toml")
        found, _source = parts.fleet.cluster(name)
        conf = render_conf(
            parts.settings.slurm,
            parts.settings.site,
            found,
            parts.offers(),
            Path(programs),
            parts.slurm_version,
        )
        return asdict(conf)

    return router
