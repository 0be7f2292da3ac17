"""Segments: the largest sets of addresses that the network treats alike.

A subnet is one, and what in it has an NSG or a public address of its own is another; a site is one, and each
host of it with a firewall of its own; the Internet is one. All work is done by segment, so a cluster of ten
thousand nodes costs what its subnets cost.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from burstway.network.model import Network, Nic, Site, Subnet, VNet
from burstway.network.space import (
    ALL_ADDRESSES,
    Intervals,
    difference,
    intersection,
    merged,
    of_address,
    of_networks,
)
from burstway.network.tags import METADATA, PLATFORM, PUBLIC


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Of `vnet` and `subnet`, of `site`, or the Internet, or of none: private addresses that nobody is known
    to have. In a VNet without a subnet there is nobody. `nsg` is that of its NICs; `public` says that they
    have public addresses. `platform` is Azure's host, which each machine of a VNet reaches by itself."""

    name: str
    addresses: Intervals
    vnet: VNet | None = None
    subnet: Subnet | None = None
    nsg: str = ""
    public: bool = False
    site: Site | None = None
    host: IPv4Address | None = None
    internet: bool = False
    platform: bool = False


def segments(network: Network) -> list[Segment]:
    """All of them, disjoint as far as the network's own ranges are."""
    found = [*_in_vnets(network), *_in_sites(network)]
    known = merged(pair for segment in found for pair in segment.addresses)
    platform = difference(merged((*PLATFORM, *METADATA)), known) if network.vnets else ()
    nowhere = difference(difference(ALL_ADDRESSES, PUBLIC), merged((*known, *platform)))
    return [
        *found,
        Segment("Azure's host", platform, platform=True),
        Segment("the Internet", difference(PUBLIC, known), internet=True),
        Segment("no known network", nowhere),
    ]


def _in_vnets(network: Network) -> Iterator[Segment]:
    for vnet in network.vnets:
        for subnet in vnet.subnets:
            left = of_networks(subnet.prefixes)
            nics = [nic for nic in network.nics if (nic.vnet, nic.subnet) == (vnet.name, subnet.name)]
            for name, nsg, public, addresses in _special(nics):
                addresses = intersection(addresses, left)
                left = difference(left, addresses)
                yield Segment(f"{vnet.name}/{subnet.name} ({name})", addresses, vnet, subnet, nsg, public)
            if left:
                yield Segment(f"{vnet.name}/{subnet.name}", left, vnet, subnet)
        used = of_networks(prefix for subnet in vnet.subnets for prefix in subnet.prefixes)
        if unused := difference(of_networks(vnet.prefixes), used):
            yield Segment(f"{vnet.name}, outside of its subnets", unused, vnet)


def _special(nics: Iterable[Nic]) -> Iterator[tuple[str, str, bool, Intervals]]:
    """Those that have something of their own, together by what it is."""
    alike: dict[tuple[str, bool], list[Nic]] = {}
    for nic in nics:
        if nic.nsg or nic.public_address:
            alike.setdefault((nic.nsg, nic.public_address is not None), []).append(nic)
    for (nsg, public), group in alike.items():
        name = group[0].name + (f" and {len(group) - 1} more" if len(group) > 1 else "")
        yield name, nsg, public, merged(pair for nic in group for pair in of_address(nic.address))


def _in_sites(network: Network) -> Iterator[Segment]:
    for site in network.sites:
        left = of_networks(site.networks)
        for host in site.hosts:
            yield Segment(f"{site.name} ({host})", of_address(host), site=site, host=host)
            left = difference(left, of_address(host))
        yield Segment(site.name, left, site=site)
