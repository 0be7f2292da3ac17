"""What the lab's cloud is sent over its socket."""

from ipaddress import IPv4Network

from pydantic import BaseModel

from burstway.flows.rules import Rule
from burstway.flows.table import Ports, Protocol


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
    ports: tuple[int, int] | None

    def rule(self) -> Rule:
        ports = Ports(*self.ports) if self.ports else None
        return Rule(self.name, tuple(self.sources), tuple(self.targets), self.protocol, ports)


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


class RulesetBody(BaseModel):
    """A ruleset for nft, and the name of the file that it is from."""

    text: str
    file: str
