"""What people type where an end of a connection or a service is asked for, as sets of addresses and ports."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Network

from burstway.errors import InputError
from burstway.flows.profiles import PROFILES, flow
from burstway.flows.rules import Places
from burstway.flows.table import Ports, Protocol
from burstway.network.flow_proofs import ports_space, space_of_places
from burstway.network.model import Network
from burstway.network.space import ALL_PORTS, Intervals, of_networks
from burstway.network.tags import PUBLIC

NAMES = frozenset(row.name for rows in PROFILES.values() for row in rows)
_SERVICE = re.compile(r"(?:(tcp|udp)[ /:])?(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp))?", re.IGNORECASE)


def addresses(written: str, network: Network, places: Places, names: Mapping[str, str]) -> Intervals:
    """The addresses that are meant: an address, a range, a machine's name, a role, a site, a subnet as
    VNET/SUBNET, or `internet`. `names` gives machines' addresses. Raises InputError."""
    try:
        return of_networks([IPv4Network(written)])
    except ValueError:
        known = _known(network, places, names)
    for name, meant in known:
        if name.lower() == written.lower().replace(" ", "-"):
            return meant
    raise InputError(
        f"{written!r} is no end of a connection that is known",
        remedy=f"an address, a range, or one of: {', '.join(name for name, _ in known)}",
    )


def _known(network: Network, places: Places, names: Mapping[str, str]) -> list[tuple[str, Intervals]]:
    """Machines, roles, sites, networks: of equal names the first is meant."""
    known = [(name, of_networks([IPv4Network(address)])) for name, address in names.items()]
    for role, where in places.items():
        known.append((role.value.replace(" ", "-"), space_of_places(network, where)))
    known += [(site.name, of_networks(site.networks)) for site in network.sites]
    known += [(vnet.name, of_networks(vnet.prefixes)) for vnet in network.vnets]
    known += [
        (f"{vnet.name}/{subnet.name}", of_networks(subnet.prefixes))
        for vnet in network.vnets
        for subnet in vnet.subnets
    ]
    return [*known, ("internet", PUBLIC)]


def service(written: str) -> tuple[str, Intervals]:
    """Protocol and ports, as in PORT, udp/PORT, FIRST-LAST, esp, or a flow's name. Raises InputError."""
    if written in NAMES:
        row = flow(written)
        return str(row.protocol), ports_space(row.ports)
    if written.lower() == Protocol.ESP:
        return Protocol.ESP.value, ALL_PORTS
    found = _SERVICE.fullmatch(written.strip())
    if found is None:
        raise InputError(
            f"{written!r} is no port", remedy="as in PORT, udp/PORT, FIRST-LAST, esp, or a flow's name"
        )
    before, first, last, behind = found.groups()
    try:
        ports = Ports(int(first), int(last or first))
    except ValueError as refused:
        raise InputError(f"{written!r}: {refused}", remedy="ports are 1 to 65535") from refused
    return (before or behind or "tcp").lower(), ports_space(ports)
