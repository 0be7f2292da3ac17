"""Flows and machines for the tests of this folder."""

from burstway.flows.table import Flow, Greeting, Mode, Need, Ports, Protocol, Role
from burstway.probes.plan import Machine, Runs

HEAD = Machine("head", "10.10.0.10", frozenset({Role.CONTROL_PLANE, Role.SCHEDULER, Role.LOGIN}), Runs.LOCAL)


def flow(
    name: str,
    source: Role,
    target: Role,
    ports: Ports | None = Ports(7000, 7000),  # noqa: B008  it is frozen
    protocol: Protocol = Protocol.TCP,
    *,
    need: Need = Need.REQUIRED,
    mode: Mode | None = None,
    greeting: Greeting = Greeting.NONE,
) -> Flow:
    return Flow(
        name, source, target, protocol, ports, "a purpose", "docs/x", need=need, mode=mode, greeting=greeting
    )


def node(number: int, *, runs: Runs = Runs.AGENT, address: str | None = None) -> Machine:
    absent = "" if runs is Runs.AGENT else "is booting"
    where = f"10.80.0.{number}" if address is None else address
    return Machine(f"n-{number}", where, frozenset({Role.NODE}), runs, absent, life=f"life-{number}")


NODES = [node(number) for number in range(1, 5)]
FLOWS = (
    flow("up", Role.NODE, Role.CONTROL_PLANE, greeting=Greeting.TLS),
    flow("down", Role.SCHEDULER, Role.NODE),
    flow("across", Role.NODE, Role.NODE),
    flow("range", Role.NODE, Role.LOGIN, Ports(7001, 8000)),
    flow("clock", Role.NODE, Role.SCHEDULER, protocol=Protocol.UDP),
)
