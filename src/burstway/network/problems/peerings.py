"""Peerings that cannot work.

A peering is two objects, one on each side, and carries packets only when both are connected. A VNet can use
the gateway of one peer, if it has none of its own and the peer lets it. Source:
https://learn.microsoft.com/en-us/azure/virtual-network/virtual-network-manage-peering.
"""

from collections.abc import Iterator

from burstway.network.model import Network, Peering
from burstway.network.problems.fault import Check, Fault, error, warning


def _other_side(network: Network, peering: Peering) -> Peering | None:
    back = (each for each in network.peerings if (each.vnet, each.remote) == (peering.remote, peering.vnet))
    return next(back, None)


def _text(peering: Peering) -> str:
    return f"peering {peering.name} of VNet {peering.vnet}"


def _sides(network: Network) -> Iterator[Fault]:
    known = {vnet.name: vnet for vnet in network.vnets}
    for peering in network.peerings:
        if peering.vnet not in known:
            yield error(f"{_text(peering)} is of a VNet that is not there", "describe it", peering.where)
        elif peering.remote == peering.vnet:
            yield error(f"{_text(peering)} is to itself", "name another VNet, or remove it", peering.where)
        elif peering.remote not in known:
            yield warning(
                f"{_text(peering)} is to VNet {peering.remote}, which is not described",
                f"describe {peering.remote}, or nothing that crosses to it can be proved",
                peering.where,
            )
        elif _other_side(network, peering) is None:
            yield error(
                f"{_text(peering)} to {peering.remote} has no other side",
                f"make a peering of VNet {peering.remote} to {peering.vnet}",
                peering.where,
                known[peering.remote].where,
            )


def _states(network: Network) -> Iterator[Fault]:
    for peering in network.peerings:
        other = _other_side(network, peering)
        if not peering.connected:
            state = "and the other side is, too" if other and not other.connected else "and carries nothing"
            yield error(
                f"{_text(peering)} to {peering.remote} is not connected, {state}",
                "delete both sides and make them anew: one that is Disconnected stays so",
                peering.where,
                other.where if other else "",
            )
        elif not peering.allow_access:
            yield warning(
                f"{_text(peering)} does not allow access: {peering.remote} is not in its VirtualNetwork",
                "set allowVirtualNetworkAccess, unless that is meant",
                peering.where,
            )


def _twice(network: Network) -> Iterator[Fault]:
    first: dict[tuple[str, str], Peering] = {}
    for peering in network.peerings:
        before = first.setdefault((peering.vnet, peering.remote), peering)
        if before is not peering:
            yield error(
                f"{_text(peering)} and {before.name} are both to {peering.remote}",
                "remove one: Azure takes one peering for each pair",
                before.where,
                peering.where,
            )


def _remote_gateways(network: Network) -> Iterator[Fault]:
    with_gateway = {gateway.vnet: gateway for gateway in network.gateways}
    described = {vnet.name for vnet in network.vnets}
    for peering in network.peerings:
        if not peering.use_remote_gateways:
            continue
        other = _other_side(network, peering)
        if other is not None and not other.allow_gateway_transit:
            yield error(
                f"{_text(peering)} uses a gateway of {peering.remote}, and {_text(other)} does not allow it",
                f"set allowGatewayTransit on {_text(other)}",
                peering.where,
                other.where,
            )
        if (own := with_gateway.get(peering.vnet)) is not None:
            yield error(
                f"{_text(peering)} uses a gateway of {peering.remote}, and its VNet has its own, {own.name}",
                "clear useRemoteGateways, or remove the gateway",
                peering.where,
                own.where,
            )
        if peering.remote in described and peering.remote not in with_gateway:
            yield error(
                f"{_text(peering)} uses the gateway of {peering.remote}, which has none",
                f"make a gateway in {peering.remote}, or clear useRemoteGateways",
                peering.where,
            )


def _one_remote_gateway(network: Network) -> Iterator[Fault]:
    first: dict[str, Peering] = {}
    for peering in network.peerings:
        if peering.use_remote_gateways:
            before = first.setdefault(peering.vnet, peering)
            if before is not peering:
                yield error(
                    f"{_text(peering)} and {before.name} both use a remote gateway",
                    "clear useRemoteGateways on one: a VNet uses one",
                    before.where,
                    peering.where,
                )


CHECKS: tuple[Check, ...] = (_sides, _states, _twice, _remote_gateways, _one_remote_gateway)
