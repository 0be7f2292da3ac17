"""The site's settings as flows, rules and a network: what must get through, and what is planned to be there.

The route is `direct`: a routed link between the site and one virtual network. The cloud's border lets the
planned rules through and nothing else.
"""

from dataclasses import replace
from ipaddress import IPv4Network

from burstway.flows.profiles import flows
from burstway.flows.rules import Place, Places, Rule, concerning, crossing, placed
from burstway.flows.table import Flow, Mode, Ports, Role
from burstway.settings import Settings


def site_flows(settings: Settings) -> tuple[Flow, ...]:
    """The rows of this site's profiles that are opened, in its mode, with the ports that it has chosen."""
    profiles = ["control-plane", *(["slurm"] if settings.slurm else []), *settings.network.profiles]
    own_port = Ports(settings.control_plane.port, settings.control_plane.port)
    return tuple(
        replace(row, ports=own_port) if row.name == "agent-api" else row
        for row in flows(profiles)
        if row.opened and row.mode in (None, Mode.SIMPLIFIED)
    )


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
    """What the site's firewall must pass."""
    return crossing(site_rules(settings), [settings.site.network])
