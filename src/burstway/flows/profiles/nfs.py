"""File servers. Clients are the nodes and the login nodes; a scheduler that mounts too is a login node here.

NFSv4 needs one port. NFSv3 needs the portmapper and four more services, whose ports a Linux server chooses
anew at each start unless they are fixed. The rows hold the ports that Azure NetApp Files has fixed, so that
one table serves both; on a Linux server /etc/nfs.conf sets the same numbers ([mountd] port, [lockd] port and
udp-port, [statd] port). NFS itself over UDP is not among the rows: Linux clients mount over TCP, and Linux
servers no longer offer it unless told to.
"""

from collections.abc import Iterator

from burstway.flows.table import Flow, Need, Ports, Profile, Protocol, Role, tcp, udp

_NETAPP = (
    "https://learn.microsoft.com/en-us/azure/azure-netapp-files/"
    "azure-netapp-files-mount-unmount-volumes-for-virtual-machines"
)
_BLOB = "https://learn.microsoft.com/en-us/azure/storage/blobs/network-file-system-protocol-support-how-to"
_RFC_4 = "https://www.rfc-editor.org/rfc/rfc7530#section-3.1"
_RFC_3 = "https://www.rfc-editor.org/rfc/rfc1813"
_LOCKS = "programs lock files; not with the mount option nolock"
_CALLS_BACK = "programs lock files, and the lock is held by another client or the server starts anew"


def _clients(
    name: str,
    target: Role,
    service: tuple[Protocol, Ports],
    purpose: str,
    document: str,
    when: str = "",
    need: Need | None = None,
) -> Iterator[Flow]:
    """The row of the nodes, and the same for login nodes. A row that says `when` is optional, unless `need`
    says otherwise."""
    need = need or (Need.OPTIONAL if when else Need.REQUIRED)
    yield Flow(name, Role.NODE, target, *service, purpose, document, when or "always", need)
    yield Flow(f"{name}-login", Role.LOGIN, target, *service, purpose, document, when or "always", need)


NFSV4 = Profile(
    "nfsv4",
    "NFSv4",
    "Also Azure Files (NFS 4.1). The server opens no connections to its clients with NFSv4.1 and later; a "
    "server of NFSv4.0 that cannot does without delegations, and works.",
    (
        *_clients(
            "nfsv4",
            Role.FILE_SERVER,
            tcp(2049),
            "home directories and software are mounted; locks and mounting use the same connection",
            _RFC_4,
        ),
    ),
)

NFSV3 = Profile(
    "nfsv3",
    "NFSv3",
    "The ports are those of Azure NetApp Files; a Linux server must be set to the same ones. Where there "
    "is the choice, NFSv4 needs one port instead of all of these, and no connection from the server to "
    "the nodes.",
    (
        *_clients(
            "nfsv3-portmapper",
            Role.FILE_SERVER,
            tcp(111),
            "the client asks the portmapper for the ports of the other services",
            "https://www.rfc-editor.org/rfc/rfc1833",
        ),
        *_clients(
            "nfsv3-portmapper-udp",
            Role.FILE_SERVER,
            udp(111),
            "the same question over UDP, which some clients and showmount try first",
            "https://www.rfc-editor.org/rfc/rfc1833",
            when="a client asks over UDP: older mount commands, or the mount option mountproto=udp",
        ),
        *_clients(
            "nfsv3-nfs", Role.FILE_SERVER, tcp(2049), "NFS itself: reading and writing of files", _RFC_3
        ),
        *_clients(
            "nfsv3-mountd",
            Role.FILE_SERVER,
            tcp(635),
            "mountd: the client asks for the root of an export",
            _NETAPP,
        ),
        *_clients(
            "nfsv3-mountd-udp",
            Role.FILE_SERVER,
            udp(635),
            "mountd over UDP, for clients that mount and unmount by it",
            _NETAPP,
            when="a client mounts or unmounts over UDP: the mount option mountproto=udp",
        ),
        *_clients(
            "nfsv3-nlockmgr",
            Role.FILE_SERVER,
            tcp(4045),
            "nlockmgr: locks on files",
            _NETAPP,
            when=_LOCKS,
            need=Need.REQUIRED,
        ),
        *_clients(
            "nfsv3-statd",
            Role.FILE_SERVER,
            tcp(4046),
            "statd: a client that starts anew says so, and its locks are released",
            _NETAPP,
            when=_LOCKS,
            need=Need.REQUIRED,
        ),
        *_clients(
            "nfsv3-statd-udp",
            Role.FILE_SERVER,
            udp(4046),
            "statd over UDP, which sm-notify of Linux uses",
            _NETAPP,
            when=_LOCKS,
        ),
        *_clients(
            "nfsv3-rquotad",
            Role.FILE_SERVER,
            udp(4049),
            "rquotad: the command quota asks for a user's limits",
            _NETAPP,
            when="users ask for their quota on the file server",
        ),
        Flow(
            "nfsv3-portmapper-back",
            Role.FILE_SERVER,
            Role.NODE,
            *udp(111),
            "the server asks the node's portmapper where its nlockmgr and statd listen",
            _RFC_3,
            when=_CALLS_BACK,
            need=Need.OPTIONAL,
        ),
        Flow(
            "nfsv3-nlockmgr-back",
            Role.FILE_SERVER,
            Role.NODE,
            *tcp(4045),
            "nlockmgr: the server tells a waiting node that it has the lock now; the node's port must be "
            "fixed too",
            _RFC_3,
            when=_CALLS_BACK,
            need=Need.OPTIONAL,
        ),
        Flow(
            "nfsv3-statd-back",
            Role.FILE_SERVER,
            Role.NODE,
            *udp(4046),
            "statd: a server that starts anew tells its nodes to claim their locks again; fixed on the "
            "node too",
            _RFC_3,
            when=_CALLS_BACK,
            need=Need.OPTIONAL,
        ),
    ),
)

BLOB_NFS = Profile(
    "blob-nfs",
    "Azure Blob Storage by NFSv3",
    "TCP only. The mount option nolock is mandatory, so that there are no locks and no connections back. "
    "The storage account needs a hierarchical namespace, and NFSv3 can only be chosen when it is made. It "
    "is reached from the virtual network, from peered ones, and from the site over VPN or ExpressRoute.",
    (
        *_clients(
            "blob-nfs-portmapper",
            Role.STORAGE,
            tcp(111),
            "the client asks the portmapper for the port of the NFS service",
            _BLOB,
        ),
        *_clients(
            "blob-nfs",
            Role.STORAGE,
            tcp(2048),
            "mounting a container, and reading and writing of its files",
            _BLOB,
        ),
    ),
)
