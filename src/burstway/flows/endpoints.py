"""Input endpoints of a cluster's machines, as flows.

An endpoint is a port of a machine that the world may reach, on the machine's public address. Where the
template names another port for the world, the cloud translates: filters see the machine's own port, and that
is the port of the flow.
"""

from collections.abc import Iterator

from burstway.flows.table import Flow, Need, Ports, Protocol, Role
from burstway.model.cluster import Cluster, Details


def endpoint_flows(cluster: Cluster) -> list[Flow]:
    """A row for each endpoint of the cluster's single nodes and arrays. A machine without a public address
    has none, whatever its template says."""
    machines = [(node.name, node.details, _role(node.return_proxy)) for node in cluster.nodes]
    machines += [(array.name, array.details, Role.NODE) for array in cluster.arrays]
    return [row for name, details, role in machines for row in _rows(cluster.name, name, details, role)]


def _role(return_proxy: bool) -> Role:
    return Role.PROXY if return_proxy else Role.NODE


def _rows(cluster: str, machine: str, details: Details, role: Role) -> Iterator[Flow]:
    if not details.public_address:
        return
    for endpoint in details.endpoints:
        public = "" if endpoint.public_port == endpoint.private_port else f", there {endpoint.public_port}"
        yield Flow(
            name=f"{cluster}-{machine}-{endpoint.name}",
            source=Role.INTERNET,
            target=role,
            protocol=Protocol(endpoint.protocol),
            ports=Ports(endpoint.private_port, endpoint.private_port),
            purpose=f"input endpoint {endpoint.name} of {machine}, on its public address{public}",
            document=f"the template of cluster {cluster}",
            when=f"{machine} runs",
            need=Need.OPTIONAL,
        )
