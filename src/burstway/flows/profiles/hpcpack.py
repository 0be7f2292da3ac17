"""Windows Azure nodes of Windows HPC Server 2008 R2: what the head node must reach, by service pack.

The source has two tables of ports "depending on the version", and where the page is copied they have lost
their captions: a short one (HTTPS with all other TCP traffic on one port, and RDP) and a long one. Whose is
which follows from the paragraph after them: with SP3 or later the head node can be set to use "the network
firewall ports that are required for … SP1 or SP2 instead of the default port 443", by the registry value
UseSp2AzurePorts. So one port for everything but RDP is the default of SP3 and later, the short table; and
the long one, with ports of their own for SOA, file staging and job scheduling, is that of SP1 and SP2, and
of SP3 with UseSp2AzurePorts.

The source makes no difference between SP1 and SP2 in ports: no row is SP2's alone. (What SP2 adds are VM
nodes and the Windows Azure Firewall Ports Test.) All connections are opened by the head node.
"""

from collections.abc import Iterator

from burstway.flows.table import Flow, Greeting, Profile, Role, tcp

_SOURCE = "https://technet.microsoft.com/en-us/library/f956507c-a0b4-4988-a4d7-0325f6cad737(WS.10)"
_ABOUT = "Outbound only, from the head node to Windows Azure"


def _row(name: str, port: int, purpose: str, greeting: Greeting = Greeting.NONE) -> Flow:
    return Flow(name, Role.HPCPACK_HEAD, Role.HPCPACK_CLOUD, *tcp(port), purpose, _SOURCE, greeting=greeting)


def _long_table(profile: str) -> Iterator[Flow]:
    """The ports of SP1 and SP2."""
    yield _row(f"{profile}-http", 80, "HTTP to Windows Azure's services")
    yield _row(f"{profile}-https", 443, "HTTPS to Windows Azure's services", Greeting.TLS)
    yield _row(f"{profile}-rdp", 3389, "RDP: a remote desktop on a Windows Azure node")
    yield _row(f"{profile}-soa-1", 5901, "service-oriented architecture (SOA) services, the first port")
    yield _row(f"{profile}-soa-2", 5902, "service-oriented architecture (SOA) services, the second port")
    yield _row(f"{profile}-files", 7998, "file staging: a job's files to and from the nodes")
    yield _row(f"{profile}-jobs", 7999, "job scheduling: the head node starts and watches tasks")


HPCPACK_SP1 = Profile(
    "hpcpack-sp1",
    "HPC Pack 2008 R2 SP1",
    f"{_ABOUT}. Worker nodes only.",
    (*_long_table("hpcpack-sp1"),),
)

HPCPACK_SP2 = Profile(
    "hpcpack-sp2",
    "HPC Pack 2008 R2 SP2",
    f"{_ABOUT}. The same ports as SP1; VM nodes are possible, and the Windows Azure Firewall Ports Test.",
    (*_long_table("hpcpack-sp2"),),
)

HPCPACK_SP3 = Profile(
    "hpcpack-sp3",
    "HPC Pack 2008 R2 SP3 and later",
    f"{_ABOUT}. One port carries everything but RDP, unless UseSp2AzurePorts is set.",
    (
        _row(
            "hpcpack-sp3-https",
            443,
            "HTTPS, and all other TCP traffic but RDP: not every connection begins with TLS",
        ),
        _row("hpcpack-sp3-rdp", 3389, "RDP: a remote desktop on a Windows Azure node"),
    ),
)

HPCPACK_SP3_SP2_PORTS = Profile(
    "hpcpack-sp3-sp2-ports",
    "HPC Pack 2008 R2 SP3 and later, with UseSp2AzurePorts",
    f"{_ABOUT}. The ports of SP1 and SP2, chosen by the registry value UseSp2AzurePorts greater than zero "
    "under HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\HPC. Then restart the head node, and deploy the "
    "Windows Azure nodes again that were deployed with the other ports.",
    (*_long_table("hpcpack-sp3-sp2-ports"),),
)
