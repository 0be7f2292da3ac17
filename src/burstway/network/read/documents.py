"""Documents of any kind, together, to what they say of a network.

Each is recognised by its content, so nobody has to say what is what; references between resources go by id
and may cross documents. All problems of all documents are raised at once, as DocumentError.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from types import MappingProxyType

from burstway.network.model import (
    Gateway,
    LocalGateway,
    Network,
    Nic,
    Nsg,
    Peering,
    RouteTable,
    Site,
    VNet,
)
from burstway.network.read.attachments import note_what_is_missing
from burstway.network.read.context import Context
from burstway.network.read.findings import Findings, Note, Place
from burstway.network.read.gateways import read_connections, read_gateway, read_local_gateway
from burstway.network.read.gather import Gathered
from burstway.network.read.kinds import Kind, Other
from burstway.network.read.nft import read_nft
from burstway.network.read.nics import read_nics
from burstway.network.read.node import Node
from burstway.network.read.nsgs import read_nsg
from burstway.network.read.parse import parse
from burstway.network.read.public import read_addresses
from burstway.network.read.references import of
from burstway.network.read.routes import read_route_table
from burstway.network.read.tables import Ranges, read_table
from burstway.network.read.tags import read_tags
from burstway.network.read.vnets import read_peerings, read_vnet
from burstway.network.ruleset import Ruleset
from burstway.network.space import Intervals

NO_INTERFACES: Mapping[str, Mapping[str, Intervals]] = MappingProxyType({})
NO_RANGES: Ranges = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Document:
    """`name` is what problems call it: the path as the person gave it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the documents say. Rulesets are by the document's name; tags by lower-case name, and only those
    that a service tag file has."""

    vnets: tuple[VNet, ...] = ()
    peerings: tuple[Peering, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    local_gateways: tuple[LocalGateway, ...] = ()
    nsgs: Mapping[str, Nsg] = field(default_factory=lambda: MappingProxyType({}))
    route_tables: Mapping[str, RouteTable] = field(default_factory=lambda: MappingProxyType({}))
    nics: tuple[Nic, ...] = ()
    tags: Mapping[str, tuple[IPv4Network, ...]] = field(default_factory=lambda: MappingProxyType({}))
    rulesets: Mapping[str, Ruleset] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[Note, ...] = ()

    def network(self, sites: tuple[Site, ...] = ()) -> Network:
        """The network that they describe, with the sites, which no document of a cloud describes."""
        return Network(
            sites,
            self.vnets,
            self.peerings,
            self.gateways,
            self.local_gateways,
            self.nsgs,
            self.route_tables,
            self.nics,
            self.tags,
        )


def read_documents(
    documents: Iterable[Document],
    *,
    interfaces: Mapping[str, Mapping[str, Intervals]] = NO_INTERFACES,
    subnets: Ranges = NO_RANGES,
) -> Found:
    """What they say, or DocumentError with all problems.

    `interfaces` says, by the document's name, which addresses are behind which interface of a ruleset's
    machine. `subnets` are the ranges of the keys in a table of NSG rules.
    """
    findings = Findings()
    gathered = Gathered()
    values: list[object] = []
    names: set[str] = set()
    for document in documents:
        if document.name in names:
            findings.problem(Place(document.name), "is given twice")
        names.add(document.name)
        value = parse(document.name, document.text, findings)
        if value is not None:
            values.append(value)
            gathered.add(Node(value, Place(document.name), findings))
    gathered.finish(values)
    found = _read(gathered, findings, interfaces, subnets)
    findings.raise_any()
    return found


def _read(
    gathered: Gathered,
    findings: Findings,
    interfaces: Mapping[str, Mapping[str, Intervals]],
    subnets: Ranges,
) -> Found:
    others = gathered.others
    context = Context(gathered, read_tags(others.get(Other.TAGS, ())))
    public = read_addresses(gathered.of(Kind.PUBLIC_IP))
    vnets = _vnets(context)
    spelt = {(vnet.name, subnet.name.lower()): subnet.name for vnet in vnets for subnet in vnet.subnets}
    connections = read_connections(gathered.of(Kind.CONNECTION), context)
    gateways = (read_gateway(each, context, connections, public) for each in gathered.of(Kind.GATEWAY))
    nsgs = {each.name: read_nsg(each, context) for each in gathered.of(Kind.NSG)}
    for table in others.get(Other.TABLE, ()):
        name = _stem(table.place.document)
        if name in nsgs:
            table.problem(f"an NSG {name} is there already")
        nsgs[name] = read_table(table, name, subnets, context)
    rulesets = {
        each.place.document: read_nft(each, each.place.document, interfaces.get(each.place.document, {}))
        for each in others.get(Other.RULESET, ())
    }
    nics = tuple(nic for each in gathered.of(Kind.NIC) for nic in read_nics(each, context, public, spelt))
    note_what_is_missing(context, vnets)
    return Found(
        vnets=vnets,
        peerings=tuple(p for each in gathered.of(Kind.VNET) for p in read_peerings(each, context)),
        gateways=tuple(gateway for gateway in gateways if gateway is not None),
        local_gateways=tuple(read_local_gateway(each) for each in gathered.of(Kind.LOCAL_GATEWAY)),
        nsgs=MappingProxyType(nsgs),
        route_tables=MappingProxyType(
            {each.name: read_route_table(each, context) for each in gathered.of(Kind.ROUTE_TABLE)}
        ),
        nics=nics,
        tags=MappingProxyType(dict(context.tags.ranges)),
        rulesets=MappingProxyType(rulesets),
        notes=findings.notes,
    )


def _vnets(context: Context) -> tuple[VNet, ...]:
    """NAT gateways name their subnets, as subnets name their NAT gateway: either is enough."""
    behind_nat: dict[tuple[str, str], str] = {}
    for gateway in context.gathered.of(Kind.NAT_GATEWAY):
        for each in gateway.node.items("subnets"):
            if (found := of(each, Kind.VNET.value.lower(), "subnets")) is not None:
                behind_nat[context.names.of(found).lower(), found.names[1].lower()] = gateway.name
    return tuple(read_vnet(each, context, behind_nat) for each in context.gathered.of(Kind.VNET))


def _stem(name: str) -> str:
    return name.rpartition("/")[2].partition(".")[0]
