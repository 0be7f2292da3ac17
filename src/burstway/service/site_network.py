"""The site's settings as flows, rules and a network: what must get through, and what is planned to be there.

The route is `direct`: a routed link between the site and one virtual network. The cloud's border lets the
planned rules through and nothing else.
"""

from dataclasses import replace
from ipaddress import IPv4Network

from burstway.errors import InputError
from burstway.flows.profiles import flows
from burstway.flows.rules import Place, Places, Rule, concerning, crossing, placed
from burstway.flows.table import Flow, Mode, Need, Ports, Role
from burstway.network.model import Gateway, GatewayKind, Network, Site, Subnet, VNet
from burstway.network.planned import planned_filter
from burstway.network.read.documents import Found
from burstway.network.ruleset import Ruleset
from burstway.settings import NetworkSettings, Settings, chosen_profiles


def site_flows(settings: Settings) -> tuple[Flow, ...]:
    """The rows of this site's profiles that it wants, in its mode, with the ports that it has chosen: the
    required ones but those that it does without, and of the optional ones those that it names."""
    profiles = chosen_profiles(settings.network.profiles, settings.slurm is not None)
    own_port = Ports(settings.control_plane.port, settings.control_plane.port)
    return tuple(
        replace(row, ports=own_port) if row.name == "agent-api" else row
        for row in flows(profiles)
        if _wanted(row, settings.network) and row.mode in (None, Mode.SIMPLIFIED)
    )


def _wanted(row: Flow, network: NetworkSettings) -> bool:
    """A phantom never is."""
    required = row.need is Need.REQUIRED and row.name not in network.without
    return required or (row.need is Need.OPTIONAL and row.name in network.optional)


def site_places(settings: Settings) -> Places:
    """Where each role is. The head node is control plane, scheduler and login at once; what the settings say
    comes before that."""
    head: tuple[Place, ...] = (IPv4Network(settings.site.address),)
    nodes: tuple[Place, ...] = (settings.cloud.subnet,)
    return {
        Role.CONTROL_PLANE: head,
        Role.SCHEDULER: head,
        Role.LOGIN: head,
        Role.ACCOUNTING: head,
        Role.NODE: nodes,
        **settings.network.places,
    }


def site_rules(settings: Settings) -> list[Rule]:
    """All connections that must get through somewhere, with addresses. A role that is nowhere has none."""
    return placed(site_flows(settings), site_places(settings))


def unplaced(settings: Settings) -> list[Flow]:
    """The rows one of whose roles is nowhere: nothing is opened, proved or tried for them."""
    places = site_places(settings)
    return [row for row in site_flows(settings) if not (places.get(row.source) and places.get(row.target))]


def cloud_rules(settings: Settings) -> list[Rule]:
    """What a filter around every machine of the cloud's network must pass."""
    return concerning(site_rules(settings), [settings.cloud.network])


def firewall_rules(settings: Settings) -> list[Rule]:
    """What the site's firewall must pass, the site's own VPN gateway included."""
    gateways = site_places(settings).get(Role.SITE_GATEWAY, ())
    own = [place for place in gateways if isinstance(place, IPv4Network)]
    return crossing(site_rules(settings), [settings.site.network, *own])


def site_network(settings: Settings, found: Found, *, planned: bool = True) -> tuple[Network, list[str]]:
    """The site's network: what was found, and the plan where nothing was. With what was assumed, in words.

    A ruleset whose document's name is that of `network.firewall` is the site's own; any other is the filter
    of the cloud's network, as the lab has it. An audit goes without `planned` filters: what only a plan keeps
    closed is open.
    """
    assumed: list[str] = []
    tags = Network(tags=found.tags)
    own = [ruleset for name, ruleset in found.rulesets.items() if _is_firewall(settings, name)]
    others = [ruleset for name, ruleset in found.rulesets.items() if not _is_firewall(settings, name)]
    taken = "as planned" if planned else "to let everything through"
    if not own:
        assumed.append(f"the site's firewall is taken {taken}: network.firewall names no ruleset")
    cloud = others[:1] if not (found.vnets or found.nsgs) else []
    assumed += [
        f"ruleset {ruleset.name} is not used: network.firewall does not name it"
        for ruleset in others
        if ruleset not in cloud
    ]
    edge = own[0] if own else None
    if edge is None and planned:
        edge = planned_filter(firewall_rules(settings), "planned firewall", tags)
    site = Site(settings.site.name, (settings.site.network,), edge)
    vnets = found.vnets or (_planned_vnet(settings, found, cloud, tags, assumed, planned),)
    gateways = found.gateways
    if not gateways:
        assumed.append("the link between the site and the cloud is taken to route everything")
        gateways = tuple(Gateway(f"link to {vnet.name}", vnet.name, GatewayKind.LINK) for vnet in vnets)
    network = Network(
        (site,), vnets, found.peerings, gateways, found.local_gateways, found.nsgs, found.route_tables,
        found.nics, found.tags,
    )  # fmt: skip
    return network, assumed


def _is_firewall(settings: Settings, name: str) -> bool:
    return settings.network.firewall is not None and name == str(settings.network.firewall)


def _planned_vnet(
    settings: Settings, found: Found, rulesets: list[Ruleset], tags: Network, assumed: list[str],
    planned: bool,
) -> VNet:  # fmt: skip
    """The one network of the settings. NSGs that were found without a VNet are those of its subnet."""
    nsgs = list(found.nsgs)
    if len(nsgs) > 1:
        raise InputError(
            f"{len(nsgs)} NSGs were found, and nothing says where they are attached",
            remedy="give the virtual networks too: az network vnet list -o json",
        )
    subnet = Subnet("nodes", (settings.cloud.subnet,), nsg=nsgs[0] if nsgs else "")
    if nsgs:
        assumed.append(f"NSG {nsgs[0]} is taken to be on subnet {subnet.name}: no VNet was found")
        firewall = None
    elif rulesets:
        firewall = rulesets[0]
    else:
        taken = "as planned" if planned else "to let everything through"
        assumed.append(f"the cloud's network is taken {taken}: nothing was found of it")
        firewall = planned_filter(cloud_rules(settings), "planned cloud filter", tags) if planned else None
    return VNet("cloud", (settings.cloud.network,), (subnet,), firewall=firewall)
