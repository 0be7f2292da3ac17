"""What the socket's requests act on: networks, machines, and the services of the lab's own machines."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from burstway.clock import Clock
from burstway.contracts import FailureKind
from burstway.flows.rules import crossing
from burstway.providers.lab.fabric import Fabric
from burstway.providers.lab.filters import Filter
from burstway.providers.lab.image import make_image
from burstway.providers.lab.layout import Layout
from burstway.providers.lab.machines import Machine, Machines, Spec
from burstway.providers.lab.messages import OrderBody
from burstway.providers.lab.offers import offers_of
from burstway.providers.lab.services import Services


class Cloud:
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

    @property
    def filters(self) -> dict[str, Filter]:
        return {"border": self.fabric.border, "firewall": self.fabric.firewall}

    def reset(self, name: str) -> None:
        """Puts back what was planned. The site's firewall is planned here, and not whenever the control plane
        plans: it is the network team's, who load what crosses the site's border when they are asked to."""
        if name == "firewall":
            self.fabric.firewall.plan(crossing(self.fabric.border.planned, [self._place.site]))
        else:
            self.fabric.border.reset()

    def found(self) -> list[dict[str, str]]:
        return [{"name": "border.json", "text": self.fabric.border.json()}]

    def launch(self, orders: Sequence[OrderBody]) -> list[dict[str, Any]]:
        with self._launching:
            # An order that was carried out once is never carried out again, its machine running or not.
            known = self._ordered
            offered = {offer.name for offer in offers_of({order.offer for order in orders})}
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

    def terminate(self, ids: Iterable[str]) -> None:
        rented = {machine.id for machine in self.machines.alive() if machine.spec.key}
        self.machines.destroy(name for name in ids if name in rented)

    def instances(self) -> list[dict[str, Any]]:
        return [_instance(machine) for machine in self.machines.alive() if machine.spec.key]


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
