"""Stations: what packets come by on their way through the network.

A station is a route, a gateway, a peering (it works or it does not, whatever the packet is), or a filter.
NSGs of both ends are stations: outbound that of the NIC before that of the subnet, inbound the other way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from burstway.network.chains import RulesetFilter
from burstway.network.filters import Filter
from burstway.network.model import Direction, Network, Nic, Subnet, VNet
from burstway.network.nsg import NsgFilter
from burstway.network.ruleset import Hook, Ruleset
from burstway.network.segments import Segment
from burstway.network.space import Intervals


class End(StrEnum):
    SOURCE = "source"
    TARGET = "target"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Station:
    """`where` packets are, and what is `said` there. `passed` False ends the way, with a `remedy`; None says
    that it is not known. A station with a filter decides by packet instead; one that stands at an `end` of
    the way sees the packets of that end only."""

    where: str
    said: str = ""
    passed: bool | None = True
    remedy: str = ""
    filter: Filter | None = None
    end: End = End.NEITHER


@dataclass(frozen=True, slots=True)
class Path:
    """The way of packets from these sources to these targets. `appliances` are those that it leads by;
    `translated` ones arrive from another address, and answers go to that."""

    sources: Intervals
    targets: Intervals
    stations: tuple[Station, ...]
    appliances: tuple[str, ...] = ()
    translated: bool = False

    @property
    def arrives(self) -> bool:
        return self.stations[-1].passed is not False if self.stations else True


class Stations:
    """The filters of one network, each made once."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._filters: dict[tuple[object, ...], Filter] = {}
        self._known: dict[tuple[object, ...], tuple[Station, ...]] = {}

    def leaving(self, source: Segment) -> tuple[Station, ...]:
        """Of a machine in a subnet or at a site."""
        if source.vnet and source.subnet:
            nsgs = self._nsgs(source.vnet, source.subnet, source.nsg, Direction.OUTBOUND, End.SOURCE)
            return (*nsgs, *self._firewall(f"VNet {source.vnet.name}", source.vnet.firewall))
        assert source.site is not None
        edge = self._firewall(f"edge of site {source.site.name}", source.site.firewall)
        return (*self.host(source, Hook.OUTPUT), *edge)

    def arriving(self, target: Segment, so_far: tuple[Station, ...]) -> tuple[Station, ...]:
        """At a machine in a VNet or at a site, after the stations so far."""
        if target.site:
            edge = self._firewall(f"edge of site {target.site.name}", target.site.firewall)
            return (*edge, *self.host(target, Hook.INPUT))
        assert target.vnet is not None
        if target.subnet is None:
            return (Station(target.name, "no subnet has these addresses", False, "name one in a subnet"),)
        firewall = self._firewall(f"VNet {target.vnet.name}", target.vnet.firewall)
        if firewall and firewall[0] in so_far:  # between two machines of a VNet it stands once
            firewall = ()
        return (*firewall, *self._nsgs(target.vnet, target.subnet, target.nsg, Direction.INBOUND, End.TARGET))

    def host(self, segment: Segment, hook: Hook) -> tuple[Station, ...]:
        """The firewall of a single machine at a site."""
        if segment.site is None or segment.host is None:
            return ()
        return self._firewall(f"host {segment.host}", segment.site.hosts[segment.host], hook)

    def _firewall(
        self, where: str, ruleset: Ruleset | None, hook: Hook = Hook.FORWARD
    ) -> tuple[Station, ...]:
        if ruleset is None:
            return ()
        key = ("ruleset", id(ruleset), hook)
        if key not in self._filters:
            self._filters[key] = RulesetFilter(ruleset, hook)
        return (Station(where, filter=self._filters[key]),)

    def _nsgs(
        self, vnet: VNet, subnet: Subnet, of_nic: str, direction: Direction, end: End = End.NEITHER
    ) -> tuple[Station, ...]:
        at = (vnet.name, subnet.name, of_nic, direction, end)
        if at not in self._known:
            self._known[at] = tuple(self._levels(vnet, subnet, of_nic, direction, end))
        return self._known[at]

    def _levels(
        self, vnet: VNet, subnet: Subnet, of_nic: str, direction: Direction, end: End
    ) -> Iterator[Station]:
        levels = [(of_nic, "NIC"), (subnet.nsg, "subnet")]
        for name, level in levels if direction is Direction.OUTBOUND else reversed(levels):
            if not name:
                continue
            where = f"{'NIC of' if level == 'NIC' else 'subnet'} {vnet.name}/{subnet.name}"
            where = f"{where}, {direction.value.lower()}"
            nsg = self._network.nsgs.get(name)
            if nsg is None:
                said = f"NSG `{name}` is attached, and its rules are not known"
                yield Station(where, said, None, f"give it too: az network nsg show --name {name} -o json")
                continue
            key = ("nsg", name, direction, vnet.name, subnet.routes, level)
            if key not in self._filters:
                self._filters[key] = NsgFilter(self._network, nsg, direction, vnet, subnet, level)
            yield Station(where, filter=self._filters[key], end=end)

    def passing(self, nic: Nic, vnet: VNet, subnet: Subnet) -> tuple[Station, ...]:
        """Through an appliance."""
        inbound = self._nsgs(vnet, subnet, nic.nsg, Direction.INBOUND)
        outbound = self._nsgs(vnet, subnet, nic.nsg, Direction.OUTBOUND)
        said = "forwards it, as far as its own rules allow: those are not known"
        return (*inbound, Station(f"appliance {nic.name}", said), *outbound)
