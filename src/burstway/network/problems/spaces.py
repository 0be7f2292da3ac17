"""Address spaces that overlap, and subnets that do not lie where they should.

Sources: NetcfgInvalidSubnet and VnetAddressSpaceOverlapsWithAlreadyPeeredVnet, Azure's refusals;
https://learn.microsoft.com/en-us/azure/virtual-network/virtual-networks-faq.
"""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network
from itertools import product
from typing import TypeVar

from burstway.network.model import Network, Subnet, VNet
from burstway.network.problems.fault import Check, Fault, error
from burstway.network.problems.joined import joined
from burstway.network.space import covers, of_networks

T = TypeVar("T")


def overlapping(a: Iterable[IPv4Network], b: Iterable[IPv4Network]) -> str:
    """The ranges that overlap, as text, "" if none do."""
    found = [
        f"{one} and {other}" if one != other else str(one)
        for one, other in product(a, b)
        if one.overlaps(other)
    ]
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return "; ".join(found[:3]) + more


def nested(
    ranges: Iterable[tuple[IPv4Network, T]],
) -> Iterator[tuple[tuple[IPv4Network, T], tuple[IPv4Network, T]]]:
    """Each range that lies in another one, behind the smallest such. Two ranges nest or are disjoint, so one
    pass in their order finds them."""
    around: list[tuple[IPv4Network, T]] = []
    for each in sorted(ranges, key=lambda pair: (pair[0].network_address, pair[0].prefixlen)):
        while around and around[-1][0].broadcast_address < each[0].network_address:
            around.pop()
        if around:
            yield around[-1], each
        around.append(each)


def _overlaps(network: Network) -> Iterator[Fault]:
    for one, other, why in joined(network):
        if common := overlapping(one.prefixes, other.prefixes):
            yield error(
                f"{one.name} and {other.name} overlap in {common}, and {why}",
                "give one of them other addresses: packets to these can go one way only",
                one.where,
                other.where,
            )


def _names(network: Network) -> Iterator[Fault]:
    named = [("VNet", vnet.name, vnet.where) for vnet in network.vnets]
    named += [("site", site.name, site.where) for site in network.sites]
    named += [("gateway", gateway.name, gateway.where) for gateway in network.gateways]
    named += [("local gateway", local.name, local.where) for local in network.local_gateways]
    named += [("interface", nic.name, nic.where) for nic in network.nics]
    places: dict[tuple[str, str], str] = {}
    for kind, name, where in named:
        if (kind, name) in places:
            yield error(f"two {kind}s have the name {name}", "rename one", places[kind, name], where)
        places[kind, name] = where


def _subnets(network: Network) -> Iterator[Fault]:
    for vnet in network.vnets:
        space = of_networks(vnet.prefixes)
        for subnet in vnet.subnets:
            outside = [each for each in subnet.prefixes if not covers(space, of_networks([each]))]
            if outside:
                yield error(
                    f"subnet {subnet.name} ({_text(outside)}) is outside of its VNet {vnet.name} "
                    f"({_text(vnet.prefixes)})",
                    f"add its range to the VNet, or take one within {_text(vnet.prefixes)}",
                    subnet.where or vnet.where,
                )


def _own_overlaps(network: Network) -> Iterator[Fault]:
    for vnet in network.vnets:
        for (one, _), (other, _) in nested((each, None) for each in vnet.prefixes):
            yield error(
                f"VNet {vnet.name} has {one} and {other}, which overlap",
                "leave the smaller one out",
                vnet.where,
            )
        yield from _between_subnets(vnet)


def _between_subnets(vnet: VNet) -> Iterator[Fault]:
    names: dict[str, Subnet] = {}
    for subnet in vnet.subnets:
        same = names.setdefault(subnet.name.lower(), subnet)
        if same is not subnet:
            yield error(
                f"two subnets of VNet {vnet.name} have the name {subnet.name}",
                "rename one",
                same.where,
                subnet.where,
            )
    ranges = ((prefix, subnet) for subnet in vnet.subnets for prefix in subnet.prefixes)
    for (one, first), (other, second) in nested(ranges):
        yield error(
            f"subnets {first.name} ({one}) and {second.name} ({other}) of VNet {vnet.name} overlap",
            "give one of them another range",
            first.where,
            second.where,
        )


def _text(prefixes: Sequence[IPv4Network]) -> str:
    return ", ".join(str(each) for each in prefixes) or "nothing"


CHECKS: tuple[Check, ...] = (_names, _overlaps, _subnets, _own_overlaps)
