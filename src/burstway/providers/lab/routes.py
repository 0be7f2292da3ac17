"""What the lab's cloud answers on its socket: to the control plane, and to the lab itself (`/site/…`)."""

import os
from dataclasses import asdict
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from burstway.errors import InputError
from burstway.providers.lab.cloud import Cloud
from burstway.providers.lab.layout import Layout
from burstway.providers.lab.machines import Machine, Spec
from burstway.providers.lab.messages import MachineBody, OrderBody, RuleBody, RulesetBody, ServiceBody
from burstway.providers.lab.offers import OFFERS, offers_of
from burstway.providers.lab.services import Service

Which = Literal["border", "firewall"]


def make_app(cloud: Cloud, place: Layout) -> FastAPI:
    app = FastAPI(title="Burstway lab cloud")
    _cloud_routes(app, cloud)
    _filter_routes(app, cloud)
    _site_routes(app, cloud, place)
    return app


def _cloud_routes(app: FastAPI, cloud: Cloud) -> None:
    @app.post("/offers")
    def offers(names: list[str]) -> list[dict[str, Any]]:
        return [asdict(offer) for offer in (offers_of(names) if names else OFFERS)]

    @app.put("/border")
    def border(rules: list[RuleBody]) -> None:
        cloud.fabric.border.plan(body.rule() for body in rules)

    @app.get("/found")
    def found() -> list[dict[str, str]]:
        return cloud.found()

    @app.get("/instances")
    def instances() -> list[dict[str, Any]]:
        return cloud.instances()

    @app.post("/instances")
    def launch(orders: list[OrderBody]) -> list[dict[str, Any]]:
        return cloud.launch(orders)

    @app.post("/terminate")
    def terminate(ids: list[str]) -> None:
        cloud.terminate(ids)


def _filter_routes(app: FastAPI, cloud: Cloud) -> None:
    @app.exception_handler(InputError)
    async def refused(_: Request, error: InputError) -> JSONResponse:
        return JSONResponse({"what": error.what, "remedy": error.remedy}, error.status)

    @app.get("/site/filters/{which}")
    def show(which: Which) -> PlainTextResponse:
        return PlainTextResponse(cloud.filters[which].text())

    @app.put("/site/filters/{which}")
    def load(which: Which, body: RulesetBody) -> None:
        cloud.filters[which].load(body.text, body.file)

    @app.post("/site/filters/{which}/reset")
    def reset(which: Which) -> None:
        cloud.reset(which)


def _site_routes(app: FastAPI, cloud: Cloud, place: Layout) -> None:
    @app.post("/site/machines")
    def make(body: MachineBody) -> dict[str, Any]:
        for machine in cloud.machines.alive():
            if machine.spec.name == body.name:
                return _status(machine)
        spec = Spec(body.name, body.network, body.image, address=body.address, binds=body.binds)
        return _status(cloud.machines.create(body.network, [spec])[0])

    @app.post("/site/services")
    def start(body: ServiceBody) -> None:
        host = next(m for m in cloud.machines.alive() if m.spec.name == body.machine)
        log = place.folder / f"{body.name}.log"
        cloud.services.start(
            Service(body.name, body.machine, host.pid, body.arguments, body.environment, log)
        )

    @app.post("/site/services/{name}/stop")
    def stop(name: str) -> bool:
        return cloud.services.stop(name)

    @app.get("/status")
    def status() -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "planned": bool(cloud.fabric.border.planned),
            "machines": [_status(machine) for machine in cloud.machines.alive()],
            "services": [_service_status(service) for service in cloud.services.all()],
        }


def _service_status(service: Service) -> dict[str, Any]:
    return {
        "name": service.name, "machine": service.machine, "pid": service.pid, "wanted": service.wanted,
        "starts": service.starts, "ended": service.ended,
    }  # fmt: skip


def _status(machine: Machine) -> dict[str, Any]:
    return {
        "id": machine.id,
        "name": machine.spec.name,
        "address": machine.address,
        "pid": machine.pid,
        "key": machine.spec.key,
        "console": str(machine.folder / "console.log"),
        "root": f"/proc/{machine.pid}/root",
    }
