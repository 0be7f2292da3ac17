"""Nodes: list, explain, start, stop; what they cost; and whether the control plane is well."""

import os
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from burstway import __version__
from burstway.model.node import Node, Origin
from burstway.service.access import Role
from burstway.service.parts import Parts


class NodesBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    nodes: str
    reason: str = ""
    force: bool = False


def node_routes(parts: Parts) -> APIRouter:
    router = APIRouter()
    viewer = Annotated[str, Depends(parts.access.at_least(Role.VIEWER))]
    operator = Annotated[str, Depends(parts.access.at_least(Role.OPERATOR))]

    @router.get("/status")
    def status(_: viewer) -> dict[str, Any]:
        return {
            "version": __version__,
            "pid": os.getpid(),
            "site": parts.settings.site.name,
            "provider": parts.settings.cloud.provider,
            "nodes": len(parts.fleet.nodes()),
        }

    @router.get("/nodes")
    def nodes(_: viewer, everything: bool = False) -> list[dict[str, Any]]:
        return [node_json(node) for node in parts.fleet.nodes(everything=everything)]

    @router.get("/nodes/{name}")
    def node(name: str, _: viewer) -> dict[str, Any]:
        found, story = parts.fleet.story(name)
        return {**node_json(found), "story": [asdict(event) for event in story]}

    @router.post("/nodes/{action}", status_code=202)
    def act(action: Literal["start", "stop"], body: NodesBody, who: operator) -> list[dict[str, Any]]:
        cause = f"{who}: node {action}"
        if action == "start":
            reason = body.reason or f"{who} asks for it"
            changed = parts.fleet.want(body.nodes, origin=Origin.OPERATOR, reason=reason, cause=cause)
        else:
            reason = body.reason or f"{who} gives it back"
            give_back = parts.fleet.stop_now if body.force else parts.fleet.drain
            changed = give_back(body.nodes, reason=reason, cause=cause)
        return [node_json(node) for node in changed]

    @router.get("/events")
    def events(_: viewer, after: Annotated[int, Query(ge=0, lt=2**63)] = 0) -> list[dict[str, Any]]:
        return [{"number": number, **asdict(event)} for number, event in parts.fleet.events_after(after)]

    @router.get("/rentals")
    def rentals(_: viewer) -> list[dict[str, Any]]:
        now = parts.clock.now()
        return [{**asdict(rental), "cost": rental.cost(now)} for rental in parts.fleet.rentals()]

    return router


_SHOWN = (
    "name", "cluster", "array", "state", "reason", "since", "wanted", "origin", "generation", "key", "offer",
    "price_per_hour", "instance_id", "address", "launched_at", "seen_at", "trouble", "explained_at",
)  # fmt: skip


def node_json(node: Node) -> dict[str, Any]:
    return {name: getattr(node, name) for name in _SHOWN}
