"""Ways through the network: the stations that packets from one segment to another come by, in order.

The way is the same for all protocols and ports, so it is worked out once for a pair of segments. Filters of
both ends are on it; answers pass filters, and need a way back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from burstway.network.links import Links, Problem
from burstway.network.model import (
    GATEWAY_SUBNET,
    Gateway,
    Hop,
    Network,
    Nic,
    Outbound,
    Subnet,
    VNet,
)
from burstway.network.routing import Origin, Routes, Taken
from burstway.network.ruleset import Hook
from burstway.network.segments import Segment
from burstway.network.space import (
    NOTHING,
    Intervals,
    difference,
    intersection,
    of_address,
    of_networks,
    overlap,
    text_of_addresses,
)
from burstway.network.stations import Path, Station, Stations
from burstway.network.tags import PUBLIC, on_premise

_MAKE_A_ROUTE = "make a route to it: a gateway, a peering, or an appliance"
_NAME_IT = "name the network that it is in, or correct the address"


@dataclass(frozen=True, slots=True)
class _At:
    """A place on the way: this subnet, with these stations behind. Packets came from a machine of the VNet
    `origin`, or through its gateway. `public`: who sends them on from here has a public address."""

    vnet: VNet
    subnet: Subnet
    source: Segment
    stations: tuple[Station, ...]
    origin: str
    public: bool = False
    appliances: tuple[str, ...] = ()

    def then(self, *stations: Station) -> "_At":
        return replace(self, stations=(*self.stations, *stations))


class Paths:
    """All ways of one network. What was worked out is kept."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._vnets = {vnet.name: vnet for vnet in network.vnets}
        self._links = Links(network)
        self._stations = Stations(network)
        self._routes: dict[tuple[str, str], Routes] = {}
        self._known: dict[tuple[Segment, Segment], list[Path]] = {}

    def between(self, source: Segment, target: Segment) -> list[Path]:
        """The ways of all packets from `source` to `target`: disjoint, and together all of them."""
        key = (source, target)
        if key not in self._known:
            self._known[key] = [
                each
                for path in self._forward(source, target)
                for each in self._answered(path, source, target)
            ]
        return self._known[key]

    # --- there ---

    def _forward(self, source: Segment, target: Segment) -> Iterator[Path]:
        if source.subnet and source.vnet:
            yield from self._from_subnet(source, source.vnet, source.subnet, target)
        elif source.vnet:
            gap = Station(source.name, "no subnet has these addresses", False, "name one in a subnet")
            yield self._path(source, target.addresses, (gap,))
        elif source.site:
            yield from self._from_site(source, target)
        elif source.internet:
            yield from self._from_internet(source, target)
        elif source.platform and target.vnet:
            yield self._path(source, target.addresses, self._stations.arriving(target, ()))
        else:
            gap = Station(source.name, "nobody is known to have these addresses", False, _NAME_IT)
            yield self._path(source, target.addresses, (gap,))

    def _from_subnet(self, source: Segment, vnet: VNet, subnet: Subnet, target: Segment) -> Iterator[Path]:
        leaving = self._stations.leaving(source)
        if target.platform:
            yield self._path(source, target.addresses, (*leaving, Station(target.name, "by no route")))
        else:
            at = _At(vnet, subnet, source, leaving, vnet.name, source.public)
            yield from self._route(at, target, target.addresses)

    def _route(self, at: _At, target: Segment, targets: Intervals) -> Iterator[Path]:
        for part, taken in self._routes_of(at.vnet, at.subnet).split(targets):
            if part:
                yield from self._follow(at, target, part, taken)

    def _follow(self, at: _At, target: Segment, part: Intervals, taken: Taken | None) -> Iterator[Path]:
        where = f"routes of subnet {at.vnet.name}/{at.subnet.name}"
        if (table := at.subnet.routes) and table not in self._network.route_tables:
            said = f"route table {table} is attached, and its routes are not known"
            at = at.then(
                Station(where, said, None, f"give it too: az network route-table show --name {table}")
            )
        if taken is None or taken.hop is Hop.NONE:
            said = str(taken) if taken else f"no route to {text_of_addresses(part)}"
            remedy = _correct(taken) if taken else ""
            yield self._gap(at, part, where, said, remedy or self._why_unrouted(at, target, part))
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
            yield self._arrived(at, part, Station(f"service endpoint {taken.peer}"))
        else:
            yield from self._by_internet(at, target, part, _correct(taken))

    def _within(self, at: _At, target: Segment, part: Intervals) -> Path:
        if target.vnet is None or target.vnet.name != at.vnet.name:
            return self._gap(at, part, f"VNet {at.vnet.name}", "has no such address", "correct the route")
        return self._arrived(at, part, *self._stations.arriving(target, at.stations))

    def _peered(self, at: _At, target: Segment, part: Intervals, peer: str) -> Path:
        where = f"peering {at.vnet.name} ↔ {peer}"
        problem = self._links.problem(at.vnet.name, peer, forwarded=at.origin != at.vnet.name)
        if target.vnet is None or target.vnet.name != peer:
            problem = f"{target.name} is not in {peer}, and peering does not pass on", "peer the two directly"
        if problem:
            return self._gap(at, part, where, *problem)
        return self._arrived(
            at, part, Station(where, "connected on both sides"), *self._stations.arriving(target, at.stations)
        )

    def _by_gateway(self, at: _At, target: Segment, part: Intervals) -> Iterator[Path]:
        gateway = self._links.gateway_of(at.vnet)
        where = f"gateway of VNet {at.vnet.name}"
        if gateway is None:
            remedy = "make a gateway, or let the VNet use that of a peer (allow and use remote gateways)"
            yield self._gap(at, part, where, "there is none", remedy)
            return
        where = f"gateway {gateway.name}"
        behind = intersection(part, of_networks(on_premise(self._network, at.vnet)))
        if behind and target.site:
            crossed = _crossed(gateway, f"to site {target.site.name}")
            yield self._arrived(at, behind, crossed, *self._stations.arriving(target, at.stations))
        elif behind:
            yield self._gap(at, behind, where, f"{target.name} is not behind it", "correct the route")
        if beyond := difference(part, behind):
            said = f"no connection knows {text_of_addresses(beyond)}"
            yield self._gap(at, beyond, where, said, _name_behind(gateway, beyond))

    def _by_appliance(self, at: _At, target: Segment, part: Intervals, taken: Taken) -> Iterator[Path]:
        where = f"appliance {taken.next_address}"
        nic = self._nic(at.vnet, taken.next_address)
        if nic is None:
            said = "no known NIC has this address: a firewall service, whose rules are not known"
            remedy = "try it; the NIC of a machine belongs among what was found"
            yield self._by_unknown(at, target, part, Station(where, said, None, remedy))
            return
        in_same = target.vnet is not None and target.vnet.name == nic.vnet
        if own := intersection(part, of_address(nic.address)) if in_same else ():
            yield (
                self._within(at, target, own)
                if nic.vnet == at.vnet.name
                else self._peered(at, target, own, nic.vnet)
            )
            part = difference(part, own)
        if problem := self._appliance_problem(at, nic):
            yield self._gap(at, part, where, *problem)
            return
        vnet = self._vnets[nic.vnet]
        subnet = next(each for each in vnet.subnets if each.name == nic.subnet)
        onward = replace(
            at.then(*self._stations.passing(nic, vnet, subnet)),
            vnet=vnet,
            subnet=subnet,
            origin=at.source.vnet.name if at.source.vnet else "",
            public=nic.public_address is not None,
            appliances=(*at.appliances, nic.name),
        )
        yield from self._route(onward, target, part)

    def _by_unknown(self, at: _At, target: Segment, part: Intervals, station: Station) -> Path:
        """Somewhere that lets packets on or not; where they arrive, filters are known."""
        arriving = self._stations.arriving(target, at.stations) if target.vnet or target.site else ()
        return self._arrived(at, part, station, *arriving)

    def _nic(self, near: VNet, address: IPv4Address | None) -> Nic | None:
        """The NIC with this address, in the VNet itself if there is one."""
        found = [nic for nic in self._network.nics if nic.address == address]
        return min(found, key=lambda nic: nic.vnet != near.name, default=None)

    def _appliance_problem(self, at: _At, nic: Nic) -> Problem | None:
        if not nic.forwards:
            return f"NIC {nic.name} does not forward", f"enable IP forwarding on NIC {nic.name}"
        if nic.name in at.appliances:
            return "packets go round in a circle", "correct the routes of the appliances' subnets"
        if nic.vnet != at.vnet.name:
            return self._links.problem(at.vnet.name, nic.vnet, forwarded=at.origin != at.vnet.name)
        return None

    def _by_internet(self, at: _At, target: Segment, part: Intervals, correct: str) -> Iterator[Path]:
        where = f"the Internet, from subnet {at.vnet.name}/{at.subnet.name}"
        public = intersection(part, PUBLIC) if target.internet or target.site else NOTHING
        if private := difference(part, public):
            said = f"{target.name} is not reached by the Internet"
            yield self._gap(at, private, where, said, correct or _MAKE_A_ROUTE)
        if not public:
            return
        if at.public:
            how = "by its own public address"
        elif at.subnet.outbound is not Outbound.NONE:
            how = f"by {at.subnet.outbound}"
        else:
            remedy = f"attach a NAT gateway to subnet {at.vnet.name}/{at.subnet.name}"
            yield self._gap(at, public, where, "the subnet has no way out", remedy)
            return
        arriving: tuple[Station, ...] = ()
        if target.site:
            said = "what comes from the Internet has a public address as its source: which is not known"
            arriving = (Station(f"site {target.site.name}", said, None, "route it through the gateway"),)
        path = self._arrived(at, public, Station(where, how), *arriving)
        yield replace(path, translated=True)

    def _from_site(self, source: Segment, target: Segment) -> Iterator[Path]:
        assert source.site is not None
        site, targets = source.site, target.addresses
        if target.site is not None:
            same = target.site.name == site.name
            said = "inside of the site" if same else f"from site {site.name} to {target.site.name}"
            stations = (*self._stations.host(source, Hook.OUTPUT), Station(said, "", True if same else None))
            yield self._path(source, targets, (*stations, *self._stations.host(target, Hook.INPUT)))
            return
        leaving = self._stations.leaving(source)
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
        gateway = self._links.gateway_of(target.vnet)
        if gateway is None:
            said = f"neither VNet {target.vnet.name} nor a peer that it uses has a gateway"
            remedy = self._links.to_a_gateway(target.vnet) or "make a gateway and connect it"
            gap = Station(f"gateway to VNet {target.vnet.name}", said, False, remedy)
            yield self._path(source, targets, (*leaving, gap))
            return
        behind = of_networks(on_premise(self._network, target.vnet))
        if lost := difference(source.addresses, behind):
            said = f"does not know {text_of_addresses(lost)}"
            gap = Station(f"gateway {gateway.name}", said, False, _name_behind(gateway, lost))
            yield Path(lost, targets, (*leaving, gap))
        if known := intersection(source.addresses, behind):
            vnet = self._vnets[gateway.vnet]
            found = [subnet for subnet in vnet.subnets if subnet.name == GATEWAY_SUBNET]
            subnet = found[0] if found else Subnet(GATEWAY_SUBNET, ())
            crossed = _crossed(gateway, f"from site {source.site.name}")
            at = _At(vnet, subnet, replace(source, addresses=known), (*leaving, crossed), vnet.name)
            yield from self._route(at, target, targets)

    def _from_internet(self, source: Segment, target: Segment) -> Iterator[Path]:
        if target.site:
            yield from self._from_internet_to_site(source, target)
        elif target.public:
            stations = (Station(f"public address of {target.name}"),)
            yield self._path(
                source, target.addresses, (*stations, *self._stations.arriving(target, stations))
            )
        elif target.vnet:
            gap = Station(target.name, "has no public address", False, "give it one, if that is wanted")
            yield self._path(source, target.addresses, (gap,))
        else:
            apart = Station(source.name, "neither end is in a known network", None, _NAME_IT)
            yield self._path(source, target.addresses, (apart,))

    def _from_internet_to_site(self, source: Segment, target: Segment) -> Iterator[Path]:
        if public := intersection(target.addresses, PUBLIC):
            yield self._path(source, public, self._stations.arriving(target, ()))
        if private := difference(target.addresses, public):
            remedy = "translate a public address to it, if that is wanted"
            yield self._path(source, private, (Station(target.name, "has private addresses", False, remedy),))

    # --- and back ---

    def _answered(self, path: Path, source: Segment, target: Segment) -> Iterator[Path]:
        """The way there with the way back. A connection needs both: filters let answers pass, and routes know
        nothing of them. Answers over the Internet find the address that they are sent to."""
        if not path.arrives or path.translated or target.internet or target.platform or source.platform:
            yield path
            return
        there = replace(target, addresses=path.targets)
        for back in self._forward(there, replace(source, addresses=path.sources)):
            stations = (*path.stations, *_answers(path, back, source.internet))
            yield Path(back.targets, back.sources, stations)

    def _routes_of(self, vnet: VNet, subnet: Subnet) -> Routes:
        key = (vnet.name, subnet.name)
        if key not in self._routes:
            self._routes[key] = Routes(self._network, vnet, subnet)
        return self._routes[key]

    # --- what is said of it ---

    def _why_unrouted(self, at: _At, target: Segment, part: Intervals) -> str:
        if target.vnet and target.vnet.name != at.vnet.name:
            if hub := self._links.common_peer(at.vnet.name, target.vnet.name):
                return (
                    f"peerings are not transitive: {hub} is a peer of both; peer {at.vnet.name} and "
                    f"{target.vnet.name} directly, or route by an appliance in {hub}"
                )
            problem = self._links.problem(at.vnet.name, target.vnet.name)
            return problem[1] if problem else "correct the route"
        gateway = self._links.gateway_of(at.vnet)
        if target.site and gateway and overlap(part, of_networks(on_premise(self._network, at.vnet))):
            return "correct the route, or let the gateway's routes propagate to the subnet"
        if target.site and gateway:
            return _name_behind(gateway, part)
        return (self._links.to_a_gateway(at.vnet) if target.site else "") or _MAKE_A_ROUTE

    def _gap(self, at: _At, targets: Intervals, where: str, said: str, remedy: str) -> Path:
        return self._arrived(at, targets, Station(where, said, False, remedy))

    def _arrived(self, at: _At, targets: Intervals, *last: Station) -> Path:
        return Path(at.source.addresses, targets, (*at.stations, *last), at.appliances)

    def _path(self, source: Segment, targets: Intervals, stations: tuple[Station, ...]) -> Path:
        return Path(source.addresses, targets, stations)


def _correct(taken: Taken) -> str:
    """Of a route that somebody made, and that leads astray."""
    made = taken.origin is Origin.USER
    return f"remove or correct route {taken.name} of table {taken.table}" if made else ""


def _crossed(gateway: Gateway, whither: str) -> Station:
    where, said = f"gateway {gateway.name}", f"{gateway.kind}, {whither}"
    if not gateway.doubt:
        return Station(where, said)
    return Station(where, f"{said}: {gateway.doubt}", None, "see to the connection, or give it too")


def _answers(there: Path, back: Path, to_internet: bool) -> tuple[Station, ...]:
    """What answers meet that stops them. What came to a public address must leave by it."""
    if not back.arrives:
        gap = back.stations[-1]
        return (replace(gap, where=f"answers: {gap.where}"),)
    for name in set(there.appliances) ^ set(back.appliances):
        said = f"do not take the connection's way by appliance {name}, which may then drop them"
        passed = False if to_internet else None
        return (Station("answers", said, passed, "route both directions by the appliance, or neither"),)
    return ()


def _name_behind(gateway: Gateway, lost: Intervals) -> str:
    return f"add {text_of_addresses(lost)} to the ranges of a local gateway that {gateway.name} connects to"


def _beyond(target: Segment, whence: str) -> Station:
    """What is in no VNet and at no site."""
    if target.internet:
        return Station(f"the Internet, {whence}")
    return Station(target.name, "nobody is known to have these addresses", False, _NAME_IT)
