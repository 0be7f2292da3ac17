"""Ways through the network: the stations that packets from one segment to another come by, in order.

A station is a route, a gateway, a peering (it works or it does not, whatever the packet is), or a filter. The
way is the same for all protocols and ports, so it is worked out once for a pair of segments. Both ends' NSGs
are on it, outbound of the NIC before the subnet and inbound the other way round; answers need a way back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from burstway.network.chains import RulesetFilter
from burstway.network.filters import Filter
from burstway.network.model import (
    Direction,
    Gateway,
    Hop,
    Network,
    Nic,
    Outbound,
    Peering,
    Subnet,
    VNet,
)
from burstway.network.nsg import NsgFilter
from burstway.network.routing import Routes, Taken
from burstway.network.ruleset import Hook, Ruleset
from burstway.network.segments import Segment
from burstway.network.space import Intervals, difference, intersection, of_networks, text_of_addresses
from burstway.network.tags import on_premise

MOST_APPLIANCES = 8
"""Packets that come by more appliances than this go round in a circle."""

GATEWAY_SUBNET = "GatewaySubnet"

_MAKE_A_ROUTE = "make a route to it: a gateway, a peering, or an appliance"
_NAME_IT = "name the network that it is in, or correct the address"


@dataclass(frozen=True, slots=True)
class Station:
    """`where` packets are, and what is `said` there. `passed` False ends the way, with a `remedy`; None says
    that it is not known. A station with a filter decides by packet instead."""

    where: str
    said: str = ""
    passed: bool | None = True
    remedy: str = ""
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """The way of packets from these sources to these targets."""

    sources: Intervals
    targets: Intervals
    stations: tuple[Station, ...]

    @property
    def arrives(self) -> bool:
        return self.stations[-1].passed is not False if self.stations else True


@dataclass(frozen=True, slots=True)
class _At:
    """A place on the way: this subnet, with these stations behind. `by_gateway` came from on-premise."""

    vnet: VNet
    subnet: Subnet
    source: Segment
    stations: tuple[Station, ...]
    by_gateway: bool = False
    appliances: int = 0

    def then(self, *stations: Station) -> "_At":
        return replace(self, stations=(*self.stations, *stations))


class Paths:
    """All ways of one network. What was worked out is kept."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._vnets = {vnet.name: vnet for vnet in network.vnets}
        self._routes: dict[tuple[str, str], Routes] = {}
        self._filters: dict[tuple[object, ...], Filter] = {}
        self._known: dict[tuple[Segment, Segment], list[Path]] = {}

    def between(self, source: Segment, target: Segment) -> list[Path]:
        """The ways of all packets from `source` to `target`: disjoint, and together all of them."""
        key = (source, target)
        if key not in self._known:
            self._known[key] = [
                replace(path, stations=path.stations + self._answers(path, source, target))
                for path in self._forward(source, target)
            ]
        return self._known[key]

    # --- there ---

    def _forward(self, source: Segment, target: Segment) -> Iterator[Path]:
        if source.subnet and source.vnet:
            at = _At(source.vnet, source.subnet, source, self._leaving(source))
            yield from self._route(at, target, target.addresses)
        elif source.vnet:
            gap = Station(source.name, "no subnet has these addresses", False, "name one in a subnet")
            yield self._path(source, target.addresses, (gap,))
        elif source.site:
            yield from self._from_site(source, target)
        elif source.internet:
            yield from self._from_internet(source, target)
        else:
            gap = Station(source.name, "nobody is known to have these addresses", False, _NAME_IT)
            yield self._path(source, target.addresses, (gap,))

    def _route(self, at: _At, target: Segment, targets: Intervals) -> Iterator[Path]:
        for part, taken in self._routes_of(at.vnet, at.subnet).split(targets):
            if part:
                yield from self._follow(at, target, part, taken)

    def _follow(self, at: _At, target: Segment, part: Intervals, taken: Taken | None) -> Iterator[Path]:
        where = f"routes of subnet {at.vnet.name}/{at.subnet.name}"
        if taken is None or taken.hop is Hop.NONE:
            said = str(taken) if taken else f"no route to {text_of_addresses(part)}"
            remedy = self._why_unrouted(at, target)
            yield self._path(at.source, part, (*at.stations, Station(where, said, False, remedy)))
            return
        at = at.then(Station(where, str(taken)))
        if taken.hop is Hop.VNET:
            yield self._within(at, target, part)
        elif taken.hop is Hop.PEERING:
            yield self._peered(at, target, part, taken.peer)
        elif taken.hop is Hop.GATEWAY:
            yield from self._by_gateway(at, target, part)
        elif taken.hop is Hop.APPLIANCE:
            yield from self._by_appliance(at, target, part, taken)
        elif taken.hop is Hop.SERVICE_ENDPOINT:
            yield self._path(at.source, part, (*at.stations, Station(f"service endpoint {taken.peer}")))
        else:
            yield self._by_internet(at, target, part)

    def _within(self, at: _At, target: Segment, part: Intervals) -> Path:
        if target.vnet is None or target.vnet.name != at.vnet.name:
            return self._gap(at, part, f"VNet {at.vnet.name}", "has no such address", "correct the route")
        return self._path(at.source, part, (*at.stations, *self._arriving(target, at.stations)))

    def _peered(self, at: _At, target: Segment, part: Intervals, peer: str) -> Path:
        where = f"peering {at.vnet.name} ↔ {peer}"
        ours = self._peering(at.vnet.name, peer)
        theirs = self._peering(peer, at.vnet.name)
        assert ours is not None, "there is a route by it"
        foreign = at.source.vnet is not None and at.source.vnet.name != at.vnet.name
        problem = _peering_problem(ours, theirs, foreign and not at.by_gateway)
        if target.vnet is None or target.vnet.name != peer:
            problem = f"{target.name} is not in {peer}, and peering does not pass on", "peer the two directly"
        if problem:
            return self._gap(at, part, where, *problem)
        stations = (*at.stations, Station(where, "connected on both sides"))
        return self._path(at.source, part, (*stations, *self._arriving(target, stations)))

    def _by_gateway(self, at: _At, target: Segment, part: Intervals) -> Iterator[Path]:
        gateway = self._gateway_of(at.vnet)
        where = f"gateway of VNet {at.vnet.name}"
        if gateway is None:
            remedy = "make a gateway, or let the VNet use that of a peer (allow and use remote gateways)"
            yield self._gap(at, part, where, "there is none", remedy)
            return
        where = f"gateway {gateway.name}"
        behind = intersection(part, of_networks(on_premise(self._network, at.vnet)))
        if behind and target.site:
            stations = (*at.stations, Station(where, f"{gateway.kind}, to site {target.site.name}"))
            yield self._path(at.source, behind, (*stations, *self._arriving(target, stations)))
        elif behind:
            yield self._gap(at, behind, where, f"{target.name} is not behind it", "correct the route")
        if beyond := difference(part, behind):
            remedy = f"add {text_of_addresses(beyond)} to the ranges of a local gateway that it connects to"
            yield self._gap(at, beyond, where, f"no connection knows {text_of_addresses(beyond)}", remedy)

    def _by_appliance(self, at: _At, target: Segment, part: Intervals, taken: Taken) -> Iterator[Path]:
        where = f"appliance {taken.next_address}"
        nic = next((nic for nic in self._network.nics if nic.address == taken.next_address), None)
        problem = None
        if nic is None:
            problem = "no known NIC has this address", "name the appliance's NIC among what was found"
        elif not nic.forwards:
            problem = f"NIC {nic.name} does not forward", f"enable IP forwarding on NIC {nic.name}"
        elif nic.vnet != at.vnet.name and not self._peering(at.vnet.name, nic.vnet):
            problem = f"it is in VNet {nic.vnet}, which is not a peer", "peer the two VNets"
        elif at.appliances >= MOST_APPLIANCES:
            problem = "packets go round in a circle", "correct the routes of the appliances' subnets"
        if problem or nic is None:
            yield self._gap(at, part, where, *(problem or ("", "")))
            return
        vnet = self._vnets[nic.vnet]
        subnet = next(each for each in vnet.subnets if each.name == nic.subnet)
        passing = self._passing(nic, vnet, subnet)
        onward = replace(at.then(*passing), vnet=vnet, subnet=subnet, appliances=at.appliances + 1)
        yield from self._route(onward, target, part)

    def _passing(self, nic: Nic, vnet: VNet, subnet: Subnet) -> tuple[Station, ...]:
        inbound = self._nsgs(vnet, subnet, nic.nsg, Direction.INBOUND)
        outbound = self._nsgs(vnet, subnet, nic.nsg, Direction.OUTBOUND)
        said = "forwards it, as far as its own rules allow: those are not known"
        return (*inbound, Station(f"appliance {nic.name}", said), *outbound)

    def _by_internet(self, at: _At, target: Segment, part: Intervals) -> Path:
        where = f"the Internet, from subnet {at.vnet.name}/{at.subnet.name}"
        if not target.internet:
            return self._gap(at, part, where, f"{target.name} has private addresses", _MAKE_A_ROUTE)
        if at.source.public:
            how = "by its own public address"
        elif at.subnet.outbound is not Outbound.NONE:
            how = f"by {at.subnet.outbound}"
        else:
            remedy = f"attach a NAT gateway to subnet {at.vnet.name}/{at.subnet.name}"
            return self._gap(at, part, where, "the subnet has no way out", remedy)
        return self._path(at.source, part, (*at.stations, Station(where, how)))

    def _from_site(self, source: Segment, target: Segment) -> Iterator[Path]:
        assert source.site is not None
        site, targets = source.site, target.addresses
        if target.site is not None:
            same = target.site.name == site.name
            said = "inside of the site" if same else f"from site {site.name} to {target.site.name}"
            stations = (*self._host(source, Hook.OUTPUT), Station(said, "", True if same else None))
            yield self._path(source, targets, (*stations, *self._host(target, Hook.INPUT)))
            return
        leaving = self._leaving(source)
        if target.vnet is None:
            yield self._path(source, targets, (*leaving, _beyond(target, f"from site {site.name}")))
            return
        if site.remote is not None:
            known = intersection(targets, of_networks(site.remote))
            if lost := difference(targets, known):
                remedy = f"add {text_of_addresses(lost)} to what the site's gateway routes into the cloud"
                said = f"does not route {text_of_addresses(lost)}"
                yield self._path(
                    source, lost, (*leaving, Station(f"gateway of {site.name}", said, False, remedy))
                )
            targets = known
        if targets:
            yield from self._into_cloud(source, target, targets, leaving)

    def _into_cloud(
        self, source: Segment, target: Segment, targets: Intervals, leaving: tuple[Station, ...]
    ) -> Iterator[Path]:
        assert target.vnet is not None
        assert source.site is not None
        gateway = self._gateway_of(target.vnet)
        if gateway is None:
            said = f"neither VNet {target.vnet.name} nor a peer that it uses has a gateway"
            gap = Station(f"gateway to VNet {target.vnet.name}", said, False, "make a gateway and connect it")
            yield self._path(source, targets, (*leaving, gap))
            return
        behind = of_networks(on_premise(self._network, target.vnet))
        if lost := difference(source.addresses, behind):
            remedy = f"add {text_of_addresses(lost)} to the ranges of a local gateway that it connects to"
            gap = Station(
                f"gateway {gateway.name}", f"does not know {text_of_addresses(lost)}", False, remedy
            )
            yield Path(lost, targets, (*leaving, gap))
        if known := intersection(source.addresses, behind):
            vnet = self._vnets[gateway.vnet]
            found = [subnet for subnet in vnet.subnets if subnet.name == GATEWAY_SUBNET]
            subnet = found[0] if found else Subnet(GATEWAY_SUBNET, ())
            crossed = Station(f"gateway {gateway.name}", f"{gateway.kind}, from site {source.site.name}")
            at = _At(vnet, subnet, replace(source, addresses=known), (*leaving, crossed), by_gateway=True)
            yield from self._route(at, target, targets)

    def _from_internet(self, source: Segment, target: Segment) -> Iterator[Path]:
        if target.site:
            yield self._path(source, target.addresses, self._arriving(target, ()))
        elif target.public:
            stations = (Station(f"public address of {target.name}"),)
            yield self._path(source, target.addresses, (*stations, *self._arriving(target, stations)))
        elif target.vnet:
            gap = Station(target.name, "has no public address", False, "give it one, if that is wanted")
            yield self._path(source, target.addresses, (gap,))
        else:
            yield self._path(source, target.addresses, (_beyond(target, "from the Internet"),))

    # --- and back ---

    def _answers(self, path: Path, source: Segment, target: Segment) -> tuple[Station, ...]:
        """A connection needs a way back too; filters let answers pass, routes know nothing of them."""
        if not path.arrives or source.internet or target.internet:
            return ()
        there = replace(target, addresses=path.targets)
        for back in self._forward(there, replace(source, addresses=path.sources)):
            if not back.arrives:
                gap = back.stations[-1]
                return (replace(gap, where=f"answers: {gap.where}"),)
        return ()

    # --- parts of the way ---

    def _leaving(self, source: Segment) -> tuple[Station, ...]:
        if source.vnet and source.subnet:
            nsgs = self._nsgs(source.vnet, source.subnet, source.nsg, Direction.OUTBOUND)
            return (*nsgs, *self._firewall(f"VNet {source.vnet.name}", source.vnet.firewall))
        assert source.site is not None
        edge = self._firewall(f"edge of site {source.site.name}", source.site.firewall)
        return (*self._host(source, Hook.OUTPUT), *edge)

    def _arriving(self, target: Segment, so_far: tuple[Station, ...]) -> tuple[Station, ...]:
        if target.site:
            edge = self._firewall(f"edge of site {target.site.name}", target.site.firewall)
            return (*edge, *self._host(target, Hook.INPUT))
        assert target.vnet is not None
        if target.subnet is None:
            return (Station(target.name, "no subnet has these addresses", False, "name one in a subnet"),)
        firewall = self._firewall(f"VNet {target.vnet.name}", target.vnet.firewall)
        if firewall and firewall[0] in so_far:  # between two machines of a VNet it stands once
            firewall = ()
        return (*firewall, *self._nsgs(target.vnet, target.subnet, target.nsg, Direction.INBOUND))

    def _host(self, segment: Segment, hook: Hook) -> tuple[Station, ...]:
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

    def _nsgs(self, vnet: VNet, subnet: Subnet, of_nic: str, direction: Direction) -> tuple[Station, ...]:
        levels = [(of_nic, "NIC"), (subnet.nsg, "subnet")]
        stations = []
        for name, level in levels if direction is Direction.OUTBOUND else reversed(levels):
            nsg = self._network.nsgs.get(name)
            if nsg is None:
                continue
            key = ("nsg", name, direction, vnet.name, subnet.routes, level)
            if key not in self._filters:
                self._filters[key] = NsgFilter(self._network, nsg, direction, vnet, subnet, level)
            where = (
                f"{level} of {vnet.name}/{subnet.name}"
                if level == "NIC"
                else f"subnet {vnet.name}/{subnet.name}"
            )
            stations.append(Station(f"{where}, {direction.value.lower()}", filter=self._filters[key]))
        return tuple(stations)

    def _routes_of(self, vnet: VNet, subnet: Subnet) -> Routes:
        key = (vnet.name, subnet.name)
        if key not in self._routes:
            self._routes[key] = Routes(self._network, vnet, subnet)
        return self._routes[key]

    def _peering(self, of: str, to: str) -> Peering | None:
        return next((p for p in self._network.peerings if (p.vnet, p.remote) == (of, to)), None)

    def _gateway_of(self, vnet: VNet) -> Gateway | None:
        """Its own, or that of a peer that it may use."""
        own = next((gateway for gateway in self._network.gateways if gateway.vnet == vnet.name), None)
        if own:
            return own
        for ours in self._network.peerings:
            if ours.vnet == vnet.name and ours.use_remote_gateways:
                theirs = self._peering(ours.remote, vnet.name)
                if theirs and theirs.allow_gateway_transit and not _peering_problem(ours, theirs, False):
                    return next((g for g in self._network.gateways if g.vnet == ours.remote), None)
        return None

    def _why_unrouted(self, at: _At, target: Segment) -> str:
        if target.vnet and target.vnet.name != at.vnet.name:
            ours = self._peering(at.vnet.name, target.vnet.name)
            if ours is None:
                return f"peer the VNets {at.vnet.name} and {target.vnet.name}, on both sides"
            problem = _peering_problem(ours, self._peering(target.vnet.name, at.vnet.name), False)
            return problem[1] if problem else "correct the route"
        return _MAKE_A_ROUTE

    def _gap(self, at: _At, targets: Intervals, where: str, said: str, remedy: str) -> Path:
        return self._path(at.source, targets, (*at.stations, Station(where, said, False, remedy)))

    def _path(self, source: Segment, targets: Intervals, stations: tuple[Station, ...]) -> Path:
        return Path(source.addresses, targets, stations)


def _peering_problem(ours: Peering, theirs: Peering | None, forwarded: bool) -> tuple[str, str] | None:
    """Why packets do not pass from ours to theirs, and what would mend it."""
    if theirs is None:
        return f"{ours.remote} has no peering back", f"add a peering from {ours.remote} to {ours.vnet}"
    for side in (ours, theirs):
        if not side.connected:
            return f"{side.name} is not connected", f"synchronise or make anew the peering {side.name}"
        if not side.allow_access:
            return f"{side.name} does not allow access", f"allow virtual network access on {side.name}"
    if forwarded and not theirs.allow_forwarded:
        return f"{theirs.name} takes no forwarded traffic", f"allow forwarded traffic on {theirs.name}"
    return None


def _beyond(target: Segment, whence: str) -> Station:
    """What is in no VNet and at no site."""
    if target.internet:
        return Station(f"the Internet, {whence}")
    return Station(target.name, "nobody is known to have these addresses", False, _NAME_IT)
