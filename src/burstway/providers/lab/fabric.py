"""The lab's networks: the site's, the cloud's virtual network, and the link between them.

    head ── br0 [site] wan ───── wan [cloud] ── v-m2 ── eth0 of a node
                firewall    link     border  ── v-m3 ── eth0 of another

Each bracket is a network namespace kept by a file in the lab's own folder. The site is a bridge, as an office
is; its router holds the site's firewall. The cloud is routed, as clouds are: no frame goes from machine to
machine. Each machine has a link of its own to the cloud's router, which answers ARP for every address there
is, so that packets between two machines of one subnet pass the border's filter like all others.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from burstway.providers.lab.commands import in_namespace, make_namespace
from burstway.providers.lab.filters import Filter
from burstway.providers.lab.layout import Layout

MTU = 1500

ROUTER = (
    "net.ipv4.ip_forward=1",
    # With br_netfilter a bridge shows frames between its own machines to the filter.
    "net.bridge.bridge-nf-call-iptables=0",
)

CLOUD_ROUTER = (
    *ROUTER,
    "net.ipv4.conf.default.proxy_arp=1",
    "net.ipv4.conf.all.rp_filter=1",  # a machine sends from its own address only
    "net.ipv6.conf.default.disable_ipv6=1",
    "net.ipv6.conf.all.disable_ipv6=1",
)


class Fabric:
    def __init__(self, place: Layout) -> None:
        self._place = place
        self._site = place.namespaces / "site"
        self._cloud = place.namespaces / "cloud"
        self.firewall = Filter(self._site, place.folder, place.firewall)
        self.border = Filter(self._cloud, place.folder)

    def build(self) -> None:
        self._place.namespaces.mkdir()
        for path, settings in ((self._site, ROUTER), (self._cloud, CLOUD_ROUTER)):
            make_namespace(path)
            in_namespace(path, ["sysctl", "-qew", *settings])  # before any link: each begins with `default`
        for filter_ in (self.firewall, self.border):
            filter_.plan(())
        site_end, cloud_end = list(self._place.link.hosts())
        length = self._place.link.prefixlen
        self._batch(
            self._site,
            "link set lo up",
            f"link add wan type veth peer name wan netns {self._cloud}",
            *_bridge(self._place.site),
            f"addr add {site_end}/{length} dev wan",
            "link set wan up",
            f"route add {self._place.cloud} via {cloud_end}",
        )
        self._batch(
            self._cloud,
            "link set lo up",
            f"addr add {next(self._place.subnet.hosts())}/32 dev lo",
            *_void(),
            f"addr add {cloud_end}/{length} dev wan",
            "link set wan up",
            f"route add {self._place.site} via {site_end}",
        )
        in_namespace(self._cloud, ["sysctl", "-qw", "net.ipv4.conf.wan.proxy_arp=0"])

    def network(self, name: str) -> IPv4Network:
        return {"site": self._place.site, "cloud": self._place.subnet}[name]

    def attach(self, network: str, joining: Iterable[tuple[Path, str, IPv4Address]]) -> None:
        """Makes the namespace of each machine, with a link of this name to the network and this address."""
        side, subnet = self._place.namespaces / network, self.network(network)
        machines = list(joining)
        for path, _, _ in machines:
            make_namespace(path)
        self._batch(
            side,
            *(f"link add {link} type veth peer name eth0 netns {path}" for path, link, _ in machines),
            *(each for _, link, address in machines for each in _joined(network, link, address)),
        )
        for path, _, address in machines:
            self._batch(
                path,
                "link set lo up",
                f"addr add {address}/{subnet.prefixlen} dev eth0",
                "link set eth0 up",
                f"route add default via {next(subnet.hosts())}",
            )

    def _batch(self, namespace: Path, *commands: str) -> None:
        in_namespace(namespace, ["ip", "-batch", "-"], "\n".join(commands) + "\n")


def _joined(network: str, link: str, address: IPv4Address) -> Iterator[str]:
    """Commands in the router's namespace that connect a machine's link."""
    if network == "site":
        yield f"link set {link} master br0 up"
        return
    yield f"link set {link} up"
    # else the router waits up to 0.8 s before it answers ARP for another machine's address; the default of
    # this is not a namespace's own
    yield f"ntable change name arp_cache dev {link} proxy_delay 0"
    # `replace`: the link of the machine that had this address before may still be on its way out
    yield f"route replace {address}/32 dev {link}"


def _void() -> Iterator[str]:
    """Where packets go to whom nobody is: into a link whose other end is down. Without it the router would
    not answer ARP for an address that nobody has, and would tell the sender that there is no such machine; a
    cloud is silent."""
    yield "link add void type veth peer name nowhere"
    yield "link set void arp off up"
    yield "route add default dev void"


def _bridge(network: IPv4Network) -> tuple[str, ...]:
    # `br` alone reads as "broadcast" to iproute2
    gateway = next(network.hosts())
    return (
        "link add br0 type bridge",
        f"link set br0 mtu {MTU} up",
        f"addr add {gateway}/{network.prefixlen} dev br0",
    )
