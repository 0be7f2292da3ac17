"""Azure CycleCloud 7 and 8: for a site that has one beside Burstway, or comes from one.

Sources, and where they differ:
* network-connectivity and the older return-proxy page: nodes use HTTPS on 443 and AMQP on 5672; on a return
  proxy 37140 and 37141.
* running-in-locked-down-network: HTTPS on 9443 (the server's private web port) and AMQP on 5672.
* the return-proxy page as of version 8: HTTPS on 9443 alone, on a return proxy 37140.
So AMQP is version 7's; version 7 has both numbers for HTTPS by its release, version 8 only 9443. The AMQP
row that the page on locked-down networks still has for version 8 is a phantom.
"""

from collections.abc import Iterator

from burstway.flows.table import Flow, Greeting, Need, Profile, Role, tcp

_SITE = "https://learn.microsoft.com/en-us/azure/cyclecloud"
_CONNECTIVITY = f"{_SITE}/network-connectivity"
_RETURN_PROXY = f"{_SITE}/how-to/return-proxy"
_LOCKED_DOWN = f"{_SITE}/how-to/running-in-locked-down-network"
_DIRECT = "nodes reach the server themselves; not with a return proxy"
_PROXIED = "nodes cannot reach the server: one node of the cluster is the return proxy"


def _own(version: str) -> Iterator[Flow]:
    """What does not depend on the route: the server's connections to Azure, and the nodes' to storage."""
    yield Flow(
        f"{version}-azure",
        Role.CYCLECLOUD,
        Role.CLOUD_SERVICES,
        *tcp(443),
        "the server signs in to Azure and orders machines (AzureResourceManager, AzureActiveDirectory, "
        "AzureMonitor)",
        _LOCKED_DOWN,
        greeting=Greeting.TLS,
    )
    yield Flow(
        f"{version}-storage",
        Role.CYCLECLOUD,
        Role.STORAGE,
        *tcp(443),
        "the server puts projects for its clusters into the storage account",
        _LOCKED_DOWN,
        greeting=Greeting.TLS,
    )
    yield Flow(
        f"{version}-node-storage",
        Role.NODE,
        Role.STORAGE,
        *tcp(443),
        "nodes fetch their projects from the storage account",
        _LOCKED_DOWN,
        greeting=Greeting.TLS,
    )


def _proxy(version: str) -> Iterator[Flow]:
    """The SSH connection to a return proxy, and HTTPS through it."""
    yield Flow(
        f"{version}-proxy-ssh",
        Role.CYCLECLOUD,
        Role.PROXY,
        *tcp(22),
        "the server opens the SSH connection that carries the forwarded ports",
        _RETURN_PROXY,
        _PROXIED,
        Need.OPTIONAL,
        greeting=Greeting.SSH,
    )
    yield Flow(
        f"{version}-proxy-https",
        Role.NODE,
        Role.PROXY,
        *tcp(37_140),
        "forwarded to the server's HTTPS port",
        _RETURN_PROXY,
        _PROXIED,
        Need.OPTIONAL,
        greeting=Greeting.TLS,
    )


CYCLECLOUD_7 = Profile(
    "cyclecloud-7",
    "Azure CycleCloud 7",
    "HTTPS and AMQP. The documents name two ports for HTTPS; which one a server has, its settings say.",
    (
        Flow(
            "cyclecloud-7-https",
            Role.NODE,
            Role.CYCLECLOUD,
            *tcp(443),
            "nodes report, ask for more nodes, and synchronize their services",
            _CONNECTIVITY,
            when=_DIRECT,
            greeting=Greeting.TLS,
        ),
        Flow(
            "cyclecloud-7-https-private",
            Role.NODE,
            Role.CYCLECLOUD,
            *tcp(9443),
            "the same on the server's private web port",
            _LOCKED_DOWN,
            when="the release of version 7 has a private web port for nodes",
            need=Need.OPTIONAL,
            greeting=Greeting.TLS,
        ),
        Flow(
            "cyclecloud-7-amqp",
            Role.NODE,
            Role.CYCLECLOUD,
            *tcp(5672),
            "nodes send their messages and their status to the server's message broker",
            _CONNECTIVITY,
            when=_DIRECT,
        ),
        *_proxy("cyclecloud-7"),
        Flow(
            "cyclecloud-7-proxy-amqp",
            Role.NODE,
            Role.PROXY,
            *tcp(37_141),
            "forwarded to the server's message broker",
            _CONNECTIVITY,
            when=_PROXIED,
            need=Need.OPTIONAL,
        ),
        *_own("cyclecloud-7"),
    ),
)

CYCLECLOUD_8 = Profile(
    "cyclecloud-8",
    "Azure CycleCloud 8",
    "HTTPS on the server's private web port is the only connection from nodes to the server.",
    (
        Flow(
            "cyclecloud-8-https",
            Role.NODE,
            Role.CYCLECLOUD,
            *tcp(9443),
            "nodes report, ask for more nodes, and synchronize their services",
            _LOCKED_DOWN,
            when=_DIRECT,
            greeting=Greeting.TLS,
        ),
        Flow(
            "cyclecloud-8-amqp",
            Role.NODE,
            Role.CYCLECLOUD,
            *tcp(5672),
            "AMQP between nodes and the server, as the page on locked-down networks has it",
            _LOCKED_DOWN,
            when="version 8 has no message broker for nodes: they send over HTTPS what version 7 sent by "
            "AMQP",
            need=Need.PHANTOM,
        ),
        *_proxy("cyclecloud-8"),
        *_own("cyclecloud-8"),
    ),
)
