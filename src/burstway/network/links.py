"""What joins VNets: peerings and whether they carry packets, and the gateway that a VNet has or may use.

Source: https://learn.microsoft.com/en-us/azure/virtual-network/virtual-network-manage-peering
"""

from burstway.network.model import Gateway, Network, VNet

Problem = tuple[str, str]
"""Why packets do not pass, and what would mend it."""


class Links:
    def __init__(self, network: Network) -> None:
        self._peerings = {(peering.vnet, peering.remote): peering for peering in network.peerings}
        self._gateways: dict[str, Gateway] = {}
        for gateway in network.gateways:
            self._gateways.setdefault(gateway.vnet, gateway)

    def gateway_of(self, vnet: VNet) -> Gateway | None:
        """Its own, or that of a peer that it may use."""
        if own := self._gateways.get(vnet.name):
            return own
        for ours in self._peerings.values():
            if ours.vnet == vnet.name and ours.use_remote_gateways:
                theirs = self._peerings.get((ours.remote, vnet.name))
                transit = theirs is not None and theirs.allow_gateway_transit
                if transit and not self.problem(ours.vnet, ours.remote):
                    return self._gateways.get(ours.remote)
        return None

    def problem(self, of: str, to: str, forwarded: bool = False) -> Problem | None:
        """Why packets do not pass from one VNet to another. `forwarded` ones come from a third network."""
        ours, theirs = self._peerings.get((of, to)), self._peerings.get((to, of))
        if ours is None:
            return f"{of} has no peering with {to}", f"peer the VNets {of} and {to}, on both sides"
        if theirs is None:
            return f"{to} has no peering back", f"add a peering from {to} to {of}"
        for side in (ours, theirs):
            if not side.connected:
                return f"{side.name} is not connected", f"synchronise or make anew the peering {side.name}"
            if not side.allow_access:
                return f"{side.name} does not allow access", f"allow virtual network access on {side.name}"
        if forwarded and not theirs.allow_forwarded:
            return f"{theirs.name} takes no forwarded traffic", f"allow forwarded traffic on {theirs.name}"
        return None

    def to_a_gateway(self, vnet: VNet) -> str:
        """What would give a VNet without a gateway the use of a peer's; "" when no peer has one."""
        for (of, remote), ours in self._peerings.items():
            if of != vnet.name or remote not in self._gateways:
                continue
            theirs = self._peerings.get((remote, of))
            wanted = [f"use remote gateways on {ours.name}"] if not ours.use_remote_gateways else []
            if theirs is not None and not theirs.allow_gateway_transit:
                wanted.append(f"allow gateway transit on {theirs.name}")
            problem = self.problem(of, remote)
            return problem[1] if problem else f"{' and '.join(wanted)}: {remote} has the gateway"
        return ""

    def common_peer(self, one: str, other: str) -> str:
        """A VNet that both are peers of; "" when there is none."""
        remotes = [{remote for of, remote in self._peerings if of == name} for name in (one, other)]
        return min(remotes[0] & remotes[1], default="")
