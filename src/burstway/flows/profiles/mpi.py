"""MPI between nodes. Over InfiniBand ranks exchange data outside of IP, but find each other over TCP first.

Without these rows a multi-node job starts and hangs in its first collective: a cloud's filter that stands
between neighbours (as an NSG does) drops what MPI opens.
"""

from burstway.flows.table import Flow, Need, Profile, Role, tcp, udp

_OPEN_MPI = "https://docs.open-mpi.org/en/main/tuning-apps/networking/tcp.html"

MPI = Profile(
    "mpi",
    "MPI",
    "For jobs of several nodes whose ranks speak with each other. MPI libraries listen on any free port "
    "unless they are told a range; with one, give it to the filters instead.",
    (
        Flow(
            "mpi-tcp",
            Role.NODE,
            Role.NODE,
            *tcp(1024, 65_535),
            "ranks of a job connect to each other, on ports that the system chooses",
            _OPEN_MPI,
            when="a job of several nodes uses MPI, or anything else whose processes connect to each other",
        ),
        Flow(
            "mpi-roce",
            Role.NODE,
            Role.NODE,
            *udp(4791),
            "RDMA over Converged Ethernet, version 2: InfiniBand's transport in UDP",
            "https://www.iana.org/assignments/service-names-port-numbers",
            when="the machines' network adapters do RoCEv2",
            need=Need.OPTIONAL,
        ),
    ),
)
