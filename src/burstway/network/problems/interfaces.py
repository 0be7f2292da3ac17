"""Interfaces of machines that cannot be as they are described.

Azure keeps the first four addresses of each subnet and the last. A VNet behind a gateway of kind `link` is
not Azure's, and there only the network's own two are kept. Source:
https://learn.microsoft.com/en-us/azure/virtual-network/virtual-networks-faq.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from burstway.network.model import GatewayKind, Network, Nic, Subnet
from burstway.network.problems.fault import Check, Fault, error

FIRST_KEPT = 4


def _places(network: Network) -> Iterator[Fault]:
    vnets = {vnet.name: vnet for vnet in network.vnets}
    linked = {gateway.vnet for gateway in network.gateways if gateway.kind is GatewayKind.LINK}
    for nic in network.nics:
        vnet = vnets.get(nic.vnet)
        subnet = next((s for s in vnet.subnets if s.name == nic.subnet), None) if vnet else None
        if subnet is None:
            missing = f"subnet {nic.subnet} of VNet {nic.vnet}" if vnet else f"VNet {nic.vnet}"
            yield error(f"interface {nic.name} is in {missing}, which is not there", "describe it", nic.where)
        else:
            yield from _address(nic, subnet, 1 if nic.vnet in linked else FIRST_KEPT)


def _address(nic: Nic, subnet: Subnet, kept: int) -> Iterator[Fault]:
    mine = next((prefix for prefix in subnet.prefixes if nic.address in prefix), None)
    ranges = ", ".join(str(prefix) for prefix in subnet.prefixes)
    if mine is None:
        yield error(
            f"interface {nic.name} has {nic.address}, outside of its subnet {subnet.name} ({ranges})",
            "give it an address of the subnet, or name the right subnet",
            nic.where,
            subnet.where,
        )
    elif is_kept(nic.address, mine, kept):
        yield error(
            f"interface {nic.name} has {nic.address}, which is reserved in subnet {subnet.name} ({mine})",
            f"take one from {mine.network_address + kept} to {mine.broadcast_address - 1}",
            nic.where,
            subnet.where,
        )


def is_kept(address: IPv4Address, subnet: IPv4Network, first: int = FIRST_KEPT) -> bool:
    """Whether an address of a subnet is one that machines do not get."""
    return address < subnet.network_address + first or address == subnet.broadcast_address


def _twice(network: Network) -> Iterator[Fault]:
    first: dict[tuple[str, IPv4Address], Nic] = {}
    for nic in network.nics:
        before = first.setdefault((nic.vnet, nic.address), nic)
        if before is not nic:
            yield error(
                f"interfaces {before.name} and {nic.name} of VNet {nic.vnet} both have {nic.address}",
                "give one of them another address",
                before.where,
                nic.where,
            )


CHECKS: tuple[Check, ...] = (_places, _twice)
