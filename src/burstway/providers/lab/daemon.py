"""The lab's cloud: one process that makes machines and gives them back, asked over a UNIX socket.

It stands where a cloud's API stands, outside of the control plane: machines outlive a control plane that is
killed, and what happens to an order whose answer was lost is as real here as anywhere. It also keeps the
services of the lab's own machines (the head node) running. `python -m burstway.providers.lab.daemon NAME`.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from burstway.clock import Clock, SystemClock
from burstway.contracts import FailureKind
from burstway.flows.rules import Rule
from burstway.flows.table import Ports, Protocol
from burstway.providers.lab.fabric import Fabric
from burstway.providers.lab.image import make_image
from burstway.providers.lab.layout import Layout, layout
from burstway.providers.lab.machines import Machine, Machines, Spec
from burstway.providers.lab.offers import OFFERS
from burstway.providers.lab.services import Service, Services


class OrderBody(BaseModel):
    key: str
    node: str
    offer: str
    user_data: str


class RuleBody(BaseModel):
    name: str
    sources: list[IPv4Network]
    targets: list[IPv4Network]
    protocol: Protocol
    first: int
    last: int


class MachineBody(BaseModel):
    name: str
    network: str
    image: str
    address: str
    binds: list[tuple[str, str]]


class ServiceBody(BaseModel):
    name: str
    machine: str
    arguments: list[str]
    environment: dict[str, str] = {}


class Cloud:
    """What the socket's requests act on."""

    def __init__(self, place: Layout, clock: Clock, hidden: Sequence[Path]) -> None:
        self.fabric = Fabric(place)
        self.machines = Machines(place, self.fabric, clock)
        self.services = Services()
        self._place = place
        self._hidden = hidden
        self._launching = threading.Lock()
        self._ordered: dict[str, Machine] = {}

    def build(self) -> None:
        make_image(self._place.images / "head")
        make_image(self._place.images / "node", self._hidden)
        self.machines.prepare()
        self.fabric.build()

    def launch(self, orders: Sequence[OrderBody]) -> list[dict[str, Any]]:
        with self._launching:
            # An order that was carried out once is never carried out again, its machine running or not.
            known = self._ordered
            offered = {offer.name for offer in OFFERS}
            new = {order.key: order for order in orders if order.key not in known and order.offer in offered}
            made = self.machines.create(
                "cloud",
                [
                    Spec(order.node, "cloud", "node", order.key, order.offer, user_data=order.user_data)
                    for order in new.values()
                ],
            )
            known.update({machine.spec.key: machine for machine in made})
        return [_result(order, known.get(order.key)) for order in orders]


def _result(order: OrderBody, machine: Machine | None) -> dict[str, Any]:
    if machine:
        return {"key": order.key, "instance": _instance(machine)}
    failure = {"kind": FailureKind.INVALID, "message": f"the lab has no machine type {order.offer!r}"}
    return {"key": order.key, "failure": failure}


def _instance(machine: Machine) -> dict[str, Any]:
    return {
        "id": machine.id,
        "key": machine.spec.key,
        "node": machine.spec.name,
        "address": machine.address,
        "offer": machine.spec.offer,
        "created_at": machine.created_at,
    }


def make_app(cloud: Cloud, place: Layout) -> FastAPI:
    app = FastAPI(title="Burstway lab cloud")
    _cloud_routes(app, cloud)
    _site_routes(app, cloud, place)
    return app


def _cloud_routes(app: FastAPI, cloud: Cloud) -> None:
    @app.get("/offers")
    def offers() -> list[dict[str, Any]]:
        return [asdict(offer) for offer in OFFERS]

    @app.put("/border")
    def border(rules: list[RuleBody]) -> None:
        cloud.fabric.open_border(
            Rule(r.name, tuple(r.sources), tuple(r.targets), r.protocol, Ports(r.first, r.last))
            for r in rules
        )

    @app.get("/border")
    def border_now() -> PlainTextResponse:
        return PlainTextResponse(cloud.fabric.border())

    @app.get("/instances")
    def instances() -> list[dict[str, Any]]:
        return [_instance(machine) for machine in cloud.machines.alive() if machine.spec.key]

    @app.post("/instances")
    def launch(orders: list[OrderBody]) -> list[dict[str, Any]]:
        return cloud.launch(orders)

    @app.post("/terminate")
    def terminate(ids: list[str]) -> None:
        rented = {machine.id for machine in cloud.machines.alive() if machine.spec.key}
        cloud.machines.destroy(name for name in ids if name in rented)


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
            "machines": [_status(machine) for machine in cloud.machines.alive()],
            "services": [
                {"name": s.name, "machine": s.machine, "pid": s.pid, "wanted": s.wanted, "starts": s.starts}
                for s in cloud.services.all()
            ],
        }


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


def main(name: str, hidden: Sequence[str]) -> None:
    place = layout(name)
    place.folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700", "burstway-lab", str(place.folder)], check=True)
    place.daemon_pid.write_text(str(os.getpid()), encoding="ascii")
    log = os.open(place.daemon_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    cloud = Cloud(place, SystemClock(), [Path(path) for path in hidden])
    cloud.build()
    place.socket.parent.mkdir(mode=0o700)  # who may ask is root on this host
    config = uvicorn.Config(
        make_app(cloud, place), uds=str(place.socket), log_level="warning", access_log=False, lifespan="off"
    )
    try:
        uvicorn.Server(config).run()
    finally:
        cloud.services.stop_all()
        cloud.machines.destroy([machine.id for machine in cloud.machines.alive()])


if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # uvicorn ends at SIGTERM and then raises it again; what follows must still be done
    signal.signal(signal.SIGTERM, lambda *_: None)
    main(sys.argv[1], sys.argv[2:])
