"""VNets, peerings, route tables, gateways and interfaces, as Azure's tools print them."""

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from azure_documents import (
    Json,
    nested,
    nsg,
    peering,
    read,
    referring,
    resource,
    resource_id,
    subnet,
    template,
    vnet,
)

from burstway.errors import DocumentError
from burstway.network.model import (
    Gateway,
    GatewayKind,
    Hop,
    LocalGateway,
    Nic,
    Outbound,
    Peering,
    Route,
    RouteTable,
    Subnet,
    VNet,
)
from burstway.network.read.documents import Found


def notes(found: Found) -> str:
    return "\n".join(str(note) for note in found.notes)


def refused(*values: Any) -> str:
    with pytest.raises(DocumentError) as error:
        read(*values)
    return str(error.value)


NODES = subnet(
    "nodes",
    "10.2.0.0/24",
    networkSecurityGroup=referring("NETWORKSECURITYGROUPS/NODES"),
    routeTable=referring("routeTables/rt"),
    serviceEndpoints=[{"service": "Microsoft.Storage", "locations": ["westeurope"]}],
)


def test_a_vnet_with_its_subnets() -> None:
    """Names instead of ids, in the spelling of the resource that they belong to."""
    found = read([vnet("hpc", "10.2.0.0/16", NODES)], [nsg()])
    assert found.vnets == (
        VNet(
            "hpc",
            (IPv4Network("10.2.0.0/16"),),
            (
                Subnet(
                    "nodes", (IPv4Network("10.2.0.0/24"),), "nodes", "rt", Outbound.NONE,
                    ("Microsoft.Storage",), "d0.json: [0].subnets[0]",
                ),
            ),
            "westeurope",
            where="d0.json: [0]",
        ),
    )  # fmt: skip


def test_subnets_and_peerings_may_stand_beside_their_vnet() -> None:
    """In a template, inside of it or not, and as lists of their own."""
    plain, beside = vnet("hpc", "10.2.0.0/16"), {k: v for k, v in NODES.items() if k not in ("nsg",)}
    typed: Json = {**beside, "name": "hpc/nodes", "type": "Microsoft.Network/virtualNetworks/subnets"}
    listed: Json = {**NODES, "id": resource_id("virtualNetworks/hpc/subnets/nodes")}
    inner = template(plain)
    inner["resources"][0]["resources"] = [
        {**nested({**NODES, "type": "subnets"}), "apiVersion": "2024-05-01"}
    ]
    for documents in (
        [template(plain, typed)],
        [[plain], [listed]],
        [inner],
        [[vnet("hpc", "10.2.0.0/16", NODES)]],
    ):
        [found] = read(*documents).vnets
        assert [(each.name, each.nsg.lower(), each.prefixes) for each in found.subnets] == [
            ("nodes", "nodes", (IPv4Network("10.2.0.0/24"),))
        ]
    assert "belongs to vnet hpc, which is not among the documents" in refused([listed])


@pytest.mark.parametrize(
    ("fields", "outbound", "noted"),
    [
        ({"defaultOutboundAccess": False}, Outbound.NONE, False),
        ({"defaultOutboundAccess": True}, Outbound.DEFAULT, False),
        ({"defaultOutboundAccess": None}, Outbound.DEFAULT, True),
        ({"natGateway": referring("natGateways/nat")}, Outbound.NAT, False),
    ],
)
def test_how_a_subnet_reaches_the_internet(fields: Json, outbound: Outbound, noted: bool) -> None:
    """What is not said is taken as it was before April 2026, and that is noted."""
    found = read([vnet("hpc", "10.2.0.0/16", subnet("nodes", "10.2.0.0/24", **fields))])
    assert found.vnets[0].subnets[0].outbound is outbound
    assert ("does not say defaultOutboundAccess" in notes(found)) is noted


def test_a_nat_gateway_may_name_its_subnets() -> None:
    """`az network nat gateway list` alone is enough, whatever the case of its ids."""
    nat = resource("natGateways", "nat", subnets=[referring("virtualnetworks/HPC/subnets/NODES")])
    found = read([nat], [vnet("hpc", "10.2.0.0/16", subnet("nodes", "10.2.0.0/24"))])
    assert found.vnets[0].subnets[0].outbound is Outbound.NAT


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            subnet("nodes", "10.2.0.1/24"),
            "subnets[0].addressPrefix: 10.2.0.1/24 has bits set behind its length",
        ),
        (subnet("nodes", "10.2.0.0"), "10.2.0.0 has no length"),
        (subnet("nodes", "Internet"), "Internet is not a range of addresses"),
        ({"name": "nodes"}, "subnets[0]: has neither addressPrefix nor addressPrefixes"),
        (subnet("nodes", "10.2.0.0/24", addressPrefixes=["10.2.1.0/24"]), "gives both addressPrefix and"),
        (subnet("", "10.2.0.0/24"), "subnets[0]: has no name"),
        (subnet("nodes", "10.2.0.0/24", defaultOutboundAccess="no"), "expected true or false, found a text"),
        (subnet("nodes", "10.2.0.0/24", networkSecurityGroup="nodes"), "expected an object, found a text"),
        (subnet("nodes", "10.2.0.0/24", networkSecurityGroup={}), "networkSecurityGroup: has no id"),
        (
            subnet("nodes", "10.2.0.0/24", networkSecurityGroup={"id": "nodes"}),
            "nodes is not the id of one of",
        ),
        (
            subnet("nodes", "10.2.0.0/24", routeTable=referring("networkSecurityGroups/x")),
            "one of routetables",
        ),
    ],
)
def test_a_subnet_that_is_wrong_is_refused_with_its_place(wrong: Json, said: str) -> None:
    """The right one is in the first test."""
    assert said in refused([vnet("hpc", "10.2.0.0/16", wrong)])


def test_both_sides_of_a_peering() -> None:
    """Each as its VNet has it; flags that are not given are Azure's defaults."""
    hub = vnet(
        "hub", "10.1.0.0/16", virtualNetworkPeerings=[peering("hpc", "to-hpc", allowGatewayTransit=True)]
    )
    hpc = vnet(
        "hpc",
        "10.2.0.0/16",
        virtualNetworkPeerings=[
            peering(
                "hub",
                "to-hub",
                peeringState="Disconnected",
                useRemoteGateways=True,
                allowForwardedTraffic=True,
            )
        ],
    )
    first, second = read([hub, hpc]).peerings
    assert first == Peering(
        "to-hpc", "hub", "hpc", allow_gateway_transit=True, where="d0.json: [0].virtualNetworkPeerings[0]"
    )
    assert second == Peering(
        "to-hub", "hpc", "hub", False, True, True, False, True, "d0.json: [1].virtualNetworkPeerings[0]"
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "peers with hub, which is not among the documents"),
        ({"peeringSyncLevel": "RemoteNotInSync"}, "is RemoteNotInSync"),
        ({"peeringState": None}, "taken to be Connected"),
        ({"peerCompleteVnets": False}, "peers some subnets only"),
    ],
)
def test_what_a_peering_leaves_open_is_noted(fields: Json, said: str) -> None:
    """The peering is kept."""
    found = read([vnet("hpc", "10.2.0.0/16", virtualNetworkPeerings=[peering("hub", **fields)])])
    assert len(found.peerings) == 1
    assert said in notes(found)


def route(name: str, prefix: str, hop: str, **fields: Any) -> Json:
    return {"name": name, "addressPrefix": prefix, "nextHopType": hop, **fields}


def table(*routes: Json, **fields: Any) -> Json:
    return resource("routeTables", "rt", routes=list(routes), **fields)


def test_a_route_table() -> None:
    """A prefix may be a tag, which keeps its name; `az` prints an empty next hop."""
    found = read(
        [
            table(
                route("fw", "0.0.0.0/0", "VirtualAppliance", nextHopIpAddress="10.1.0.4"),
                route("store", "Storage", "Internet", nextHopIpAddress=""),
                disableBgpRoutePropagation=True,
            )
        ]
    )
    assert found.route_tables["rt"] == RouteTable(
        "rt",
        (
            Route(
                "fw",
                IPv4Network("0.0.0.0/0"),
                Hop.APPLIANCE,
                IPv4Address("10.1.0.4"),
                "d0.json: [0].routes[0]",
            ),
            Route("store", "Storage", Hop.INTERNET, None, "d0.json: [0].routes[1]"),
        ),
        False,
        "d0.json: [0]",
    )


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ([route("a", "10.0.0.0/8", "VirtualAppliance")], "has no nextHopIpAddress"),
        ([route("a", "10.0.0.0/8", "VirtualAppliance", nextHopIpAddress="fw")], "fw is not an address"),
        (
            [route("a", "10.0.0.0/8", "Internet", nextHopIpAddress="10.1.0.4")],
            "only VirtualAppliance takes one",
        ),
        ([route("a", "10.0.0.0/8", "VNetPeering")], "VNetPeering is not one of VirtualNetworkGateway"),
        ([route("a", "10.0.0.1/8", "None")], "bits set behind its length"),
        ([route("a", "10.0.0.0/8", "None"), route("b", "10.0.0.0/8", "Internet")], "route b has the prefix"),
        ([route("a", "10.0.0.0/8", "None"), route("A", "10.0.0.0/9", "None")], "the route A is there twice"),
        ([route(f"r{i}", f"10.{i // 256}.{i % 256}.0/24", "None") for i in range(401)], "has 401 routes"),
    ],
)
def test_a_route_that_azure_refuses_is_refused(routes: list[Json], said: str) -> None:
    """With its place; 400 routes are read."""
    assert said in refused([table(*routes)])
    fine = [route(f"r{i}", f"10.{i // 256}.{i % 256}.0/24", "None") for i in range(400)]
    assert len(read([table(*fine)]).route_tables["rt"].routes) == 400


VPN = resource(
    "virtualNetworkGateways",
    "vpn",
    gatewayType="Vpn",
    ipConfigurations=[
        {
            "name": "default",
            "subnet": referring("virtualNetworks/hub/subnets/GatewaySubnet"),
            "publicIPAddress": referring("publicIPAddresses/vpn-ip"),
        }
    ],
)
PUBLIC = resource("publicIPAddresses", "vpn-ip", ipAddress="20.1.2.3", publicIPAllocationMethod="Static")
LOCAL = resource(
    "localNetworkGateways",
    "dc1",
    gatewayIpAddress="203.0.113.5",
    localNetworkAddressSpace={"addressPrefixes": ["10.0.0.0/16"]},
)
CONNECTION = resource(
    "connections",
    "to-dc1",
    connectionType="IPsec",
    connectionStatus="Connected",
    virtualNetworkGateway1=referring("virtualNetworkGateways/vpn"),
    localNetworkGateway2=referring("localNetworkGateways/dc1"),
)


def test_a_gateway_its_connection_and_what_it_knows_of_the_site() -> None:
    """Four documents: gateway, local gateway, connection, public addresses."""
    found = read([VPN], [LOCAL], [CONNECTION], [PUBLIC])
    assert found.gateways == (
        Gateway("vpn", "hub", GatewayKind.VPN, ("dc1",), IPv4Address("20.1.2.3"), "d0.json: [0]"),
    )
    assert found.local_gateways == (
        LocalGateway("dc1", IPv4Address("203.0.113.5"), (IPv4Network("10.0.0.0/16"),), "d1.json: [0]"),
    )
    assert found.notes == ()


@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([VPN, PUBLIC], "has no connection among the documents: whether a site is behind it is not known"),
        ([VPN, LOCAL, CONNECTION], "the public address vpn-ip, of which the documents do not say the number"),
        (
            [{**CONNECTION, "connectionType": "Vnet2Vnet"}],
            "is a connection of type Vnet2Vnet, which is not modelled",
        ),
        (
            [{**CONNECTION, "connectionStatus": "NotConnected"}],
            "is NotConnected: whether anything crosses it",
        ),
        ([CONNECTION], "ties dc1, which is not among the documents"),
        ([{**VPN, "enableBgp": True}], "routes by BGP, and clients that dial in, are not modelled"),
        (
            [{**LOCAL, "gatewayIpAddress": None, "fqdn": "vpn.example.org"}],
            "known by its name vpn.example.org",
        ),
        ([{**LOCAL, "localNetworkAddressSpace": None}], "its ranges come by BGP and are not known"),
    ],
)
def test_what_a_gateway_leaves_open_is_noted(documents: list[Json], said: str) -> None:
    """And is not guessed."""
    assert said in notes(read(documents))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({**VPN, "gatewayType": "LocalGateway"}, "LocalGateway is not one of Vpn, ExpressRoute"),
        ({**VPN, "ipConfigurations": []}, "has no ipConfigurations"),
        ({**VPN, "ipConfigurations": [{"name": "default"}]}, "says no subnet"),
        ({**LOCAL, "gatewayIpAddress": "vpn"}, "gatewayIpAddress: vpn is not an address"),
        ({key: value for key, value in CONNECTION.items() if key != "localNetworkGateway2"},
         "has no localNetworkGateway2"),
    ],
)  # fmt: skip
def test_a_gateway_that_is_wrong_is_refused(wrong: Json, said: str) -> None:
    """With what is missing."""
    assert said in refused([wrong])


def configuration(name: str, **fields: Any) -> Json:
    place = referring("virtualNetworks/hpc/subnets/Nodes")
    return {"name": name, "privateIPAddress": "10.2.0.4", "primary": True, "subnet": place, **fields}


def nic(*configurations: Json, **fields: Any) -> Json:
    return resource("networkInterfaces", "fw", ipConfigurations=list(configurations), **fields)


@pytest.mark.parametrize("forwarding", ["enableIPForwarding", "enableIpForwarding"])
def test_an_interface(forwarding: str) -> None:
    """With its groups and public address; the subnet as its VNet spells it; fields as any az spells them."""
    one = configuration(
        "one",
        publicIPAddress=referring("publicIPAddresses/vpn-ip"),
        applicationSecurityGroups=[referring("applicationSecurityGroups/login")],
    )
    found = read(
        [nic(one, **{forwarding: True, "networkSecurityGroup": referring("networkSecurityGroups/nodes")})],
        [vnet("hpc", "10.2.0.0/16", subnet("nodes", "10.2.0.0/24"))],
        [PUBLIC, nsg()],
    )
    assert found.nics == (
        Nic(
            "fw", "hpc", "nodes", IPv4Address("10.2.0.4"), "nodes", ("login",), IPv4Address("20.1.2.3"), True,
            "d0.json: [0].ipConfigurations[0]",
        ),
    )  # fmt: skip


def test_each_ipv4_configuration_of_an_interface_is_read() -> None:
    """The primary one has the interface's name, wherever it stands; one without an address is noted."""
    found = read(
        [
            nic(
                configuration("two", primary=False, privateIPAddress="10.2.0.5"),
                configuration("one"),
                configuration(
                    "six", privateIPAddressVersion="IPv6", privateIPAddress="fd00::4", primary=False
                ),
                configuration("late", privateIPAddress=None, primary=False),
            )
        ]
    )
    assert [(each.name, str(each.address)) for each in found.nics] == [
        ("fw", "10.2.0.4"),
        ("fw/two", "10.2.0.5"),
    ]
    assert "has no address yet" in notes(found)
