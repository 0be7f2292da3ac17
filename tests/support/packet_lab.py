"""A router of the real kernel, and packets of any kind sent through it: the oracle of the proofs.

    out: p0 ── v0 [router] v1 ── p1 :out

Two network namespaces, kept by file descriptors only, so nothing is left when the process ends. Both ends of
all packets are sockets of this process in `out`, which has no addresses and answers nothing: one interface
stands for as many hosts as its ranges have. Packets are told apart by IP identification and addresses.
"""

import contextlib
import ctypes
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

CLONE_NEWNET = 0x40000000
ETH_P_IP = 0x0800
QUIET_S = 0.04
DEADLINE_S = 5.0
RECEIVE_BUFFER = 32 * 2**20
NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "esp": 50}
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Sent:
    """One packet: addresses as numbers, ports 0 where the protocol has none."""

    protocol: str
    source: int
    target: int
    target_port: int
    source_port: int

    @property
    def answer(self) -> "Sent":
        return Sent(self.protocol, self.target, self.source, self.source_port, self.target_port)

    def __str__(self) -> str:
        return (
            f"{self.protocol} {_text(self.source)}:{self.source_port} {_text(self.target)}:{self.target_port}"
        )


def _text(address: int) -> str:
    return socket.inet_ntoa(struct.pack("!I", address))


def _call(name: str, *arguments: int) -> None:
    if getattr(_LIBC, name)(*arguments):
        raise OSError(ctypes.get_errno(), f"{name} failed")


def _in_thread(work: Callable[[], T]) -> T:
    """Done in a thread of its own, which takes the namespace that it entered with it."""
    done: list[T] = []
    thread = threading.Thread(target=lambda: done.append(work()))
    thread.start()
    thread.join()
    return done[0]


class Namespace:
    """A network namespace of its own."""

    def __init__(self) -> None:
        def make() -> int:
            _call("unshare", CLONE_NEWNET)
            return os.open("/proc/thread-self/ns/net", os.O_RDONLY)

        self._fd = _in_thread(make)
        self.path = f"/proc/{os.getpid()}/fd/{self._fd}"

    def inside(self, work: Callable[[], T]) -> T:
        def enter() -> T:
            _call("setns", self._fd, CLONE_NEWNET)
            return work()

        return _in_thread(enter)

    def run(self, *command: str, text: str = "") -> str:
        ran = subprocess.run(
            ["nsenter", f"--net={self.path}", *command],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, f"{' '.join(command)}: {ran.stderr}\n{text}"
        return ran.stdout

    def close(self) -> None:
        os.close(self._fd)


class PacketLab:
    """`behind` says for each of the router's interfaces which addresses are there. More specific routes, and
    the filter, are for the test to make in `router`."""

    def __init__(self, behind: Mapping[str, Iterable[str]]) -> None:
        self.router, self._out = Namespace(), Namespace()
        self._macs: dict[str, bytes] = {}
        self._sockets: dict[str, socket.socket] = {}
        self.router.run("sysctl", "-qw", *_SETTINGS, "net.ipv4.ip_forward=1", "net.ipv4.ip_default_ttl=64")
        self._out.run("sysctl", "-qw", *_SETTINGS)
        lines = ["link set lo up"]
        for number, (name, ranges) in enumerate(behind.items(), 1):
            mac = f"02:00:00:00:01:{number:02x}"
            self._macs[name] = bytes.fromhex(mac.replace(":", ""))
            lines += [
                f"link add {name} address {mac} type veth "
                f"peer name {name} address 02:00:00:00:02:{number:02x} netns {self._out.path}",
                f"link set {name} up",
                f"neigh replace 169.254.0.1 lladdr 02:00:00:00:02:{number:02x} nud permanent dev {name}",
                *(f"route add {each} via 169.254.0.1 dev {name} onlink" for each in ranges),
            ]
        self.router.run("ip", "-batch", "-", text="\n".join(lines))
        self._out.run("ip", "-batch", "-", text="\n".join(f"link set {name} up" for name in behind))
        for name in behind:
            self._sockets[name] = self._out.inside(lambda name=name: _listening(name))  # type: ignore[misc]

    def close(self) -> None:
        for each in self._sockets.values():
            each.close()
        self._out.close()
        self.router.close()

    def deliver(
        self, packets: Mapping[Sent, tuple[str, str]], expected: Iterable[Sent] = ()
    ) -> dict[Sent, bool]:
        """Sends each packet in by the first of its interfaces, and says whether it came out by the second.
        Those that are expected are waited for; others are late if they come after a silence."""
        numbers = {packet: number for number, packet in enumerate(packets, 1)}
        waited = {(packets[each][1], numbers[each], each.source, each.target) for each in expected}
        self._drain()
        for packet, (into, _) in packets.items():
            frame = self._macs[into] + b"\2\0\0\0\3\0" + b"\x08\x00" + _ip(packet, numbers[packet])
            self._sockets[into].send(frame)
        seen = self._seen(waited)
        return {
            packet: (out, numbers[packet], packet.source, packet.target) in seen
            for packet, (_, out) in packets.items()
        }

    def _drain(self) -> None:
        for _ in self._arrivals():
            pass

    def _seen(self, waited: set[tuple[str, int, int, int]]) -> set[tuple[str, int, int, int]]:
        seen: set[tuple[str, int, int, int]] = set()
        deadline = time.monotonic() + DEADLINE_S
        while True:
            new = set(self._arrivals())
            seen |= new
            if not new and (waited <= seen or time.monotonic() > deadline):
                return seen
            time.sleep(QUIET_S)

    def _arrivals(self) -> Iterator[tuple[str, int, int, int]]:
        for name, each in self._sockets.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    data, (_, _, kind, _, _) = each.recvfrom(2048, socket.MSG_DONTWAIT)
                    if kind != socket.PACKET_OUTGOING and len(data) >= 34:
                        (number,) = struct.unpack_from("!H", data, 18)
                        source, target = struct.unpack_from("!II", data, 26)
                        yield name, number, source, target


_SETTINGS = (
    "net.ipv6.conf.all.disable_ipv6=1",
    "net.ipv6.conf.default.disable_ipv6=1",
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.conf.all.send_redirects=0",
    "net.ipv4.conf.default.send_redirects=0",
)


def _listening(interface: str) -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
    made.setsockopt(socket.SOL_SOCKET, 33, RECEIVE_BUFFER)  # SO_RCVBUFFORCE
    made.bind((interface, ETH_P_IP))
    return made


def _ip(packet: Sent, number: int) -> bytes:
    payload = _payload(packet)
    fields = (
        0x45,
        0,
        20 + len(payload),
        number,
        0,
        64,
        NUMBERS[packet.protocol],
        0,
        packet.source,
        packet.target,
    )
    header = struct.pack("!BBHHHBBHII", *fields)
    return header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + payload


def _payload(packet: Sent) -> bytes:
    """TCP's SYN, a datagram without a checksum, an echo request, or two of ESP's numbers."""
    ports = packet.source_port, packet.target_port
    if packet.protocol == "udp":
        return struct.pack("!HHHH", *ports, 8, 0)
    if packet.protocol == "icmp":
        return struct.pack("!BBHI", 8, 0, 0xF7FF, 0)
    if packet.protocol == "esp":
        return struct.pack("!II", 1, 1)
    segment = struct.pack("!HHIIBBHHH", *ports, 1, 0, 0x50, 2, 1024, 0, 0)
    over = struct.pack("!IIHH", packet.source, packet.target, 6, len(segment)) + segment
    return segment[:16] + struct.pack("!H", _checksum(over)) + segment[18:]


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return int(~(total + (total >> 16)) & 0xFFFF)
