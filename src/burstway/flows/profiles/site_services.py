"""What nodes need of a site's own services: names, users, time; and SSH.

The head node's own connections to these are not rows: it had them before there was a cloud, and they stay
inside the site.
"""

from burstway.flows.table import Flow, Greeting, Need, Profile, Role, tcp, udp

_LDAP = "https://www.rfc-editor.org/rfc/rfc4511"
_LDAPS = "https://www.iana.org/assignments/service-names-port-numbers"
_DNS = "https://www.rfc-editor.org/rfc/rfc7766"
_NTP = "https://www.rfc-editor.org/rfc/rfc5905"
_SSH = "https://www.rfc-editor.org/rfc/rfc4253#section-4.1"

LDAP = Profile(
    "ldap",
    "LDAP",
    "Slurm and NFS need the same UIDs and GIDs on every host. A site that does not copy its users to the "
    "nodes has them look users up. One of the two rows is needed, by what the directory offers: where it has "
    "no ldaps, `ldap` goes under `optional` and `ldaps` under `without` in burstway.toml.",
    (
        Flow(
            "ldap",
            Role.NODE,
            Role.DIRECTORY,
            *tcp(389),
            "sssd or nslcd looks up users and groups",
            _LDAP,
            when="the directory offers StartTLS, or LDAP without TLS, and not ldaps",
            need=Need.OPTIONAL,
        ),
        Flow(
            "ldaps",
            Role.NODE,
            Role.DIRECTORY,
            *tcp(636),
            "sssd or nslcd looks up users and groups, with TLS from the first byte",
            _LDAPS,
            when="the directory offers ldaps: TLS from the first byte is the safer of the two",
            greeting=Greeting.TLS,
        ),
    ),
)

DNS = Profile(
    "dns",
    "DNS",
    "For nodes that ask the site's resolver. Azure's own (168.63.129.16) needs no rule: no NSG applies to it "
    "unless a rule names the tag AzurePlatformDNS.",
    (
        Flow(
            "dns-udp",
            Role.NODE,
            Role.RESOLVER,
            *udp(53),
            "nodes look up names of the site, such as the file server's",
            "https://www.rfc-editor.org/rfc/rfc1035#section-4.2",
        ),
        Flow(
            "dns-tcp",
            Role.NODE,
            Role.RESOLVER,
            *tcp(53),
            "the same question again, where the answer does not fit into one datagram",
            _DNS,
        ),
    ),
)

NTP = Profile(
    "ntp",
    "NTP",
    "For clouds whose machines do not get the time from their host.",
    (
        Flow(
            "ntp",
            Role.NODE,
            Role.TIME_SERVER,
            *udp(123),
            "nodes set their clocks: munge refuses credentials of hosts whose clocks are 300 s apart, and "
            "certificates have dates",
            _NTP,
        ),
    ),
)

SSH = Profile(
    "ssh",
    "SSH",
    "For people, and for tools such as Ansible. Neither Slurm nor the control plane needs it.",
    (
        Flow(
            "ssh-node",
            Role.ADMINISTRATOR,
            Role.NODE,
            *tcp(22),
            "administrators, and tools such as Ansible, sign in to nodes",
            _SSH,
            greeting=Greeting.SSH,
        ),
        Flow(
            "ssh-login",
            Role.ADMINISTRATOR,
            Role.LOGIN,
            *tcp(22),
            "administrators sign in to the login node or head node",
            _SSH,
            greeting=Greeting.SSH,
        ),
        Flow(
            "ssh-node-from-login",
            Role.LOGIN,
            Role.NODE,
            *tcp(22),
            "users go on from the login node to the nodes of their jobs",
            _SSH,
            when="the site lets users sign in to the nodes of their own jobs (pam_slurm_adopt)",
            need=Need.OPTIONAL,
            greeting=Greeting.SSH,
        ),
    ),
)
