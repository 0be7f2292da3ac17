"""What the control plane sees of the lab: contracts.Provider over the socket of the lab's cloud."""

from collections.abc import Collection, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import httpx

from burstway.contracts import (
    CloudError,
    Failure,
    FailureKind,
    FoundDocument,
    Instance,
    LaunchResult,
    NetworkPlan,
    Offer,
    Order,
)
from burstway.flows.rules import Rule

TIMEOUT_S = 120.0

EACH_ITS_OWN = httpx.Limits(max_keepalive_connections=0)
"""A connection a request: the cloud closes one that was idle for 5 s or on which it failed, and what is sent
just then is lost. A new one costs nothing here."""


class LabProvider:
    name = "lab"
    listing_lag_s = 2.0

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(socket), limits=EACH_ITS_OWN),
            base_url="http://lab",
            timeout=TIMEOUT_S,
        )

    def close(self) -> None:
        self._http.close()

    def offers(self, names: Collection[str] = ()) -> Sequence[Offer]:
        return [Offer(**offer) for offer in self._call("POST", "/offers", list(names))]

    def prepare(self, plan: NetworkPlan) -> None:
        self._call("PUT", "/border", [body for rule in plan.rules if (body := _rule_body(rule))])

    def found(self) -> Sequence[FoundDocument]:
        return [FoundDocument(**document) for document in self._call("GET", "/found")]

    def launch(self, orders: Sequence[Order]) -> list[LaunchResult]:
        body = [{"key": o.key, "node": o.node, "offer": o.offer, "user_data": o.user_data} for o in orders]
        return [_result(answer) for answer in self._call("POST", "/instances", body)]

    def terminate(self, ids: Sequence[str]) -> None:
        self._call("POST", "/terminate", list(ids))

    def instances(self) -> list[Instance]:
        return [Instance(**instance) for instance in self._call("GET", "/instances")]

    def _call(self, method: str, path: str, body: object = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as refused:
            failure = Failure(FailureKind.TRANSIENT, f"the lab's cloud does not answer: {refused}")
            raise CloudError(failure, where=str(self._socket)) from refused
        if answer.status_code >= 400:
            kind = FailureKind.INVALID if answer.status_code < 500 else FailureKind.TRANSIENT
            raise CloudError(Failure(kind, f"{method} {path}: {answer.text[:300]}"), where=str(self._socket))
        return answer.json()


def _rule_body(rule: Rule) -> dict[str, Any] | None:
    """None when one of its ends is a service tag only: those name a real cloud's places, and the lab has
    none of them."""
    sources = [str(place) for place in rule.sources if isinstance(place, IPv4Network)]
    targets = [str(place) for place in rule.targets if isinstance(place, IPv4Network)]
    if not (sources and targets):
        return None
    ports = [rule.ports.first, rule.ports.last] if rule.ports else None
    return {
        "name": rule.name, "sources": sources, "targets": targets, "protocol": rule.protocol, "ports": ports,
    }  # fmt: skip


def _result(answer: dict[str, Any]) -> LaunchResult:
    if instance := answer.get("instance"):
        return LaunchResult(answer["key"], Instance(**instance))
    failure = answer["failure"]
    return LaunchResult(answer["key"], failure=Failure(FailureKind(failure["kind"]), failure["message"]))
