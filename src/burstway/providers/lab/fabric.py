"""The lab's networks: the site's, the cloud's virtual network, the link between them and the cloud's border.

    head ── br0 [site] wan ───── wan [cloud] br0 ── nodes
                        link    border: nftables

Each bracket is a network namespace kept by a file in the lab's own folder. The border forwards what the
network plan names and drops the rest; until a plan has arrived it drops everything.
"""

import subprocess
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from burstway.errors import LabError
from burstway.flows.nftables import render_nftables
from burstway.flows.rules import Rule
from burstway.providers.lab.layout import Layout

MTU = 1500


def run(arguments: list[str], *, text: str = "", what: str) -> str:
    """What the command prints. Raises LabError with what it said when it fails."""
    done = subprocess.run(arguments, input=text, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise LabError(f"{what} failed: {done.stderr.strip()}", where=" ".join(arguments[:4]))
    return done.stdout


def make_namespace(path: Path) -> None:
    """A network namespace that lives as long as the file that it is mounted on."""
    path.touch()
    run(["unshare", f"--net={path}", "true"], what="making a network namespace")
    in_namespace(path, ["ip", "link", "set", "lo", "up"])


def remove_namespace(path: Path) -> None:
    subprocess.run(["umount", str(path)], capture_output=True, check=False)
    path.unlink(missing_ok=True)


def in_namespace(path: Path, arguments: list[str], text: str = "") -> str:
    return run(["nsenter", f"--net={path}", *arguments], text=text, what=" ".join(arguments[:3]))


class Fabric:
    def __init__(self, place: Layout) -> None:
        self._place = place
        self._site = place.namespaces / "site"
        self._cloud = place.namespaces / "cloud"

    def build(self) -> None:
        self._place.namespaces.mkdir()
        for path in (self._site, self._cloud):
            make_namespace(path)
        site_end, cloud_end = list(self._place.link.hosts())
        length = self._place.link.prefixlen
        self._batch(
            self._site,
            f"link add wan type veth peer name wan netns {self._cloud}",
            *_bridge(self._place.site),
            f"addr add {site_end}/{length} dev wan",
            "link set wan up",
            f"route add {self._place.cloud} via {cloud_end}",
        )
        self._batch(
            self._cloud,
            *_bridge(self._place.subnet),
            f"addr add {cloud_end}/{length} dev wan",
            "link set wan up",
            f"route add {self._place.site} via {site_end}",
        )
        for path in (self._site, self._cloud):
            in_namespace(path, ["sysctl", "-qw", "net.ipv4.ip_forward=1"])
            # With br_netfilter a bridge shows frames between its own machines to the border's rules.
            in_namespace(path, ["sysctl", "-qew", "net.bridge.bridge-nf-call-iptables=0"])
        self.open_border(())

    def open_border(self, rules: Iterable[Rule]) -> None:
        in_namespace(self._cloud, ["nft", "-f", "-"], render_nftables(rules))

    def border(self) -> str:
        """The border's ruleset as the kernel has it, with its counters."""
        return in_namespace(self._cloud, ["nft", "list", "ruleset"])

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
            *(f"link set {link} master br0 up" for _, link, _ in machines),
        )
        for path, _, address in machines:
            self._batch(
                path,
                f"addr add {address}/{subnet.prefixlen} dev eth0",
                "link set eth0 up",
                f"route add default via {next(subnet.hosts())}",
            )

    def _batch(self, namespace: Path, *commands: str) -> None:
        in_namespace(namespace, ["ip", "-batch", "-"], "\n".join(commands) + "\n")


def _bridge(network: IPv4Network) -> tuple[str, ...]:
    # `br` alone reads as "broadcast" to iproute2
    gateway = next(network.hosts())
    return (
        "link add br0 type bridge",
        f"link set br0 mtu {MTU} up",
        f"addr add {gateway}/{network.prefixlen} dev br0",
    )
