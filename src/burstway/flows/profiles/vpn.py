"""An IPsec tunnel between the site's gateway and the cloud's: what must pass between their public addresses.

Each side may begin: Azure's connection mode Default lets both, and after a lost connection the side that
first has something to send opens it anew. So each flow is there in both directions.
"""

from collections.abc import Iterator

from burstway.flows.table import Flow, Profile, Protocol, Role, udp

_IKE = "https://www.rfc-editor.org/rfc/rfc7296#section-2"
_NAT = "https://www.rfc-editor.org/rfc/rfc3948"
_ESP = "https://www.rfc-editor.org/rfc/rfc4303"
_NO_NAT = (
    "no address is translated between the gateways and encapsulation in UDP is not forced; otherwise it "
    "travels inside UDP"
)


def _rows(suffix: str, source: Role, target: Role) -> Iterator[Flow]:
    yield Flow(
        f"vpn-ike-{suffix}", source, target, *udp(500), "IKE: the gateways agree on keys for the tunnel", _IKE
    )
    yield Flow(
        f"vpn-nat-{suffix}",
        source,
        target,
        *udp(4500),
        "IKE and encapsulated ESP, where an address is translated on the way or encapsulation is forced",
        _NAT,
    )
    yield Flow(
        f"vpn-esp-{suffix}",
        source,
        target,
        Protocol.ESP,
        None,
        "ESP (IP protocol 50): the tunnel's own packets. It has no ports",
        _ESP,
        _NO_NAT,
    )


VPN = Profile(
    "vpn",
    "IPsec VPN",
    "Between the two gateways' public addresses, for the site's firewall. No NSG may be attached to Azure's "
    "GatewaySubnet. What travels inside the tunnel are the other profiles' rows, with private addresses.",
    (
        *_rows("from-site", Role.SITE_GATEWAY, Role.CLOUD_GATEWAY),
        *_rows("from-cloud", Role.CLOUD_GATEWAY, Role.SITE_GATEWAY),
    ),
)
