"""Azure Batch: what a pool in a virtual network needs, by how its nodes communicate with the service.

Source: https://learn.microsoft.com/en-us/azure/batch/simplified-compute-node-communication. While pools are
moved from classic to simplified, the network must allow the union of both, until each pool was resized to
zero and back. Classic communication was retired on 31 March 2026.

The rows have no `mode`: that is who opens the connection of Burstway's own control plane, and which of the
two profiles a Batch pool needs does not depend on it. Where the source lists protocol "any" for the one rule
of the simplified communication (as of 2026), the row says TCP: HTTPS is what it carries.
"""

from burstway.flows.table import Flow, Greeting, Need, Profile, Role, tcp

_BATCH = "https://learn.microsoft.com/en-us/azure/batch/simplified-compute-node-communication"
_SERVICE_TAG = "Batch's place is the service tag BatchNodeManagement.REGION"

BATCH_CLASSIC = Profile(
    "batch-classic",
    "Azure Batch, classic node communication",
    f"Retired on 31 March 2026: kept for reading old networks and for moving away. {_SERVICE_TAG}, the "
    "storage service's Storage.REGION. While moving, allow the union with `batch-simplified`, until every "
    "pool was resized to zero and back.",
    (
        Flow(
            "batch-classic-inbound",
            Role.BATCH_SERVICE,
            Role.NODE,
            *tcp(29_876, 29_877),
            "the Batch service connects to the agent on each node, from the Internet",
            _BATCH,
        ),
        Flow(
            "batch-classic-storage",
            Role.NODE,
            Role.STORAGE,
            *tcp(443),
            "nodes read their work from and write their state to Azure Storage",
            _BATCH,
            greeting=Greeting.TLS,
        ),
        Flow(
            "batch-classic-service",
            Role.NODE,
            Role.BATCH_SERVICE,
            *tcp(443),
            "tasks call the Batch service",
            _BATCH,
            when="tasks call the Batch service themselves, as Job Manager tasks do",
            need=Need.OPTIONAL,
            greeting=Greeting.TLS,
        ),
    ),
)

BATCH_SIMPLIFIED = Profile(
    "batch-simplified",
    "Azure Batch, simplified node communication",
    f"{_SERVICE_TAG}. Nothing connects to a node, and Azure Storage is needed only where the workload uses "
    "it. An account with publicNetworkAccess=Disabled needs a private endpoint nodeManagement besides.",
    (
        Flow(
            "batch-simplified-service",
            Role.NODE,
            Role.BATCH_SERVICE,
            *tcp(443),
            "nodes register with the Batch service, take their work and report",
            _BATCH,
            greeting=Greeting.TLS,
        ),
    ),
)
