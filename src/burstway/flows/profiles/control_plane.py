"""The control plane's own connections."""

from burstway.flows.table import Flow, Greeting, Mode, Role, tcp

CONTROL_PLANE = (
    Flow(
        "agent-api",
        Role.NODE,
        Role.CONTROL_PLANE,
        *tcp(443),
        "a node joins, is configured, reports and takes its work",
        "docs/architecture.md",
        mode=Mode.SIMPLIFIED,
        greeting=Greeting.TLS,
    ),
)
