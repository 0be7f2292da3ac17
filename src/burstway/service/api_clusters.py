"""Clusters: import, look, delete, and the Slurm configuration that follows from one."""

import json
from collections.abc import Collection
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, JsonValue, model_validator

from burstway.contracts import ClusterSource
from burstway.errors import ConflictError, Problem
from burstway.service.access import Role
from burstway.service.parts import Parts
from burstway.slurm.conf import render_conf


class Values(BaseModel):
    """Values of parameters, as JSON has them. `from_files` are the names of those that come from files, which
    may have more than the template declares."""

    model_config = ConfigDict(extra="forbid")
    parameters: dict[str, JsonValue] = {}
    from_files: list[str] = []
    force: bool = False
    dry_run: bool = False

    @model_validator(mode="after")
    def _is_json(self) -> Self:
        """Python reads NaN as JSON, and halves of characters in texts; no answer could hold them."""
        try:
            json.dumps(self.model_dump(), ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError as refused:
            raise ValueError("half of a character stands in a text") from refused
        return self


class ImportBody(Values):
    name: str
    template: str
    file: str
    template_cluster: str | None = None

    @property
    def source(self) -> ClusterSource:
        return ClusterSource(self.template, self.file, self.template_cluster or "", self.parameters)


def import_source(
    parts: Parts, name: str, source: ClusterSource, from_files: Collection[str], asked: Values
) -> dict[str, Any]:
    """Makes a cluster of the source, or only says what it would be; with what is to be said of it."""
    reading = parts.templates.read(name, source, from_files)
    imported = parts.fleet.import_cluster(
        reading.cluster,
        replace(source, parameters=reading.kept),
        force=asked.force,
        dry_run=asked.dry_run,
    )
    warnings = [*reading.warnings, *(_shared(source.file, *each) for each in imported.shared.items())]
    return {
        "cluster": asdict(imported.cluster),
        "replaced": imported.replaced,
        "warnings": [asdict(problem) for problem in warnings],
        "left_out": [asdict(each) for each in reading.left_out],
    }


def _shared(file: str, partition: str, other: str) -> Problem:
    what = (
        f"cluster {other} has a partition {partition} too, and slurmctld does not start with two of one name"
    )
    return Problem(file, 0, 0, what, "give one of them another: slurm.partition = …", warning=True)


def source_json(source: ClusterSource) -> dict[str, Any]:
    return {
        "template": source.text,
        "file": source.file,
        "template_cluster": source.section or None,
        "parameters": source.parameters,
    }


def cluster_routes(parts: Parts) -> APIRouter:
    router = APIRouter()
    viewer = Annotated[str, Depends(parts.access.at_least(Role.VIEWER))]
    administrator = Annotated[str, Depends(parts.access.at_least(Role.ADMINISTRATOR))]

    @router.get("")
    def clusters(_: viewer) -> list[dict[str, Any]]:
        return [asdict(cluster) for cluster in parts.fleet.clusters()]

    @router.post("")
    def import_cluster(body: ImportBody, _: administrator) -> dict[str, Any]:
        return import_source(parts, body.name, body.source, body.from_files, body)

    @router.get("/{name}")
    def cluster(name: str, _: viewer) -> dict[str, Any]:
        found, source = parts.fleet.cluster(name)
        return {**asdict(found), **source_json(source)}

    @router.delete("/{name}")
    def delete(name: str, _: administrator) -> dict[str, bool]:
        parts.fleet.delete_cluster(name)
        return {"ok": True}

    @router.get("/{name}/slurm-conf")
    def slurm_conf(name: str, programs: str, _: viewer) -> dict[str, Any]:
        if parts.settings.slurm is None:
            raise ConflictError("this site has no Slurm", remedy="add a section [slurm] to burstway.toml")
        found, _source = parts.fleet.cluster(name)
        parts.fleet.refuse_shared_partitions(found)
        conf = render_conf(
            parts.settings.slurm,
            parts.settings.site,
            found,
            parts.offers,
            Path(programs),
            parts.slurm_version,
        )
        return asdict(conf)

    return router
