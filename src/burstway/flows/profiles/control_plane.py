"""The control plane's own connections, with and without a return proxy.

The control connection is opened by the node (simplified mode) or by the control plane (classic mode). The
classic ports are those of Azure Batch's classic mode, so that a rule a site already has for it will do. With
a return proxy nothing comes in to the site: the control plane opens an SSH connection to one node, and the
other nodes connect to ports that are forwarded on it.
"""

from burstway.flows.table import Flow, Greeting, Mode, Need, Profile, Role, tcp

_BATCH = "https://learn.microsoft.com/en-us/azure/batch/simplified-compute-node-communication"
_CONNECTIVITY = "https://learn.microsoft.com/en-us/azure/cyclecloud/network-connectivity"
_RETURN_PROXY = "https://learn.microsoft.com/en-us/azure/cyclecloud/how-to/return-proxy"

CONTROL_PLANE = Profile(
    "control-plane",
    "Control plane",
    "Every site needs these, in the mode that it has chosen. In the simplified mode nothing connects to a "
    "node.",
    (
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
        Flow(
            "agent-classic",
            Role.CONTROL_PLANE,
            Role.NODE,
            *tcp(29_876, 29_877),
            "the control plane connects to the agent on a node, each showing the other its certificate",
            _BATCH,
            when="the site's mode is classic: nodes must not open connections to the site",
            need=Need.OPTIONAL,
            mode=Mode.CLASSIC,
            greeting=Greeting.TLS,
        ),
    ),
)

CONTROL_PLANE_AMQP = Profile(
    "control-plane-amqp",
    "Control plane, with AMQP",
    "Beside `control-plane`, for a site whose nodes report through a message broker.",
    (
        Flow(
            "agent-amqp",
            Role.NODE,
            Role.CONTROL_PLANE,
            *tcp(5672),
            "a node's reports and events go to the message broker, and do not load the API",
            _CONNECTIVITY,
            mode=Mode.SIMPLIFIED,
        ),
    ),
)

RETURN_PROXY = Profile(
    "return-proxy",
    "Return proxy",
    "Where nodes cannot reach the site: the control plane opens an SSH connection to one node of the "
    "cluster, the proxy, and its own ports are forwarded there. Nothing then connects from the cloud to "
    "the site. The proxy forwards to the control plane only, not to the Internet.",
    (
        Flow(
            "proxy-ssh",
            Role.CONTROL_PLANE,
            Role.PROXY,
            *tcp(22),
            "the SSH connection that carries the forwarded ports",
            _RETURN_PROXY,
            greeting=Greeting.SSH,
        ),
        Flow(
            "proxy-api",
            Role.NODE,
            Role.PROXY,
            *tcp(37_140),
            "forwarded to the control plane's HTTPS port, in place of the flow agent-api",
            _RETURN_PROXY,
            mode=Mode.SIMPLIFIED,
            greeting=Greeting.TLS,
        ),
        Flow(
            "proxy-amqp",
            Role.NODE,
            Role.PROXY,
            *tcp(37_141),
            "forwarded to the message broker, in place of the flow agent-amqp",
            _CONNECTIVITY,
            when="nodes report through the message broker (profile control-plane-amqp)",
            need=Need.OPTIONAL,
            mode=Mode.SIMPLIFIED,
        ),
    ),
)

CLOUD_API = Profile(
    "cloud-api",
    "The cloud's API",
    "What the control plane itself needs of a public cloud. The cloud's service tags or addresses are its "
    "place.",
    (
        Flow(
            "cloud-api",
            Role.CONTROL_PLANE,
            Role.CLOUD_SERVICES,
            *tcp(443),
            "the control plane signs in, rents machines, lists them and gives them back",
            "docs/architecture.md",
            greeting=Greeting.TLS,
        ),
    ),
)
