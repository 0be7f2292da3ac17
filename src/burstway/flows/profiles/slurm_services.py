"""The services beside slurmctld: accounting (slurmdbd) and the REST service (slurmrestd).

https://slurm.schedmd.com/network.html says that slurmdbd opens connections to slurmctld on slurmdbd's own
port. Slurm's source says otherwise: slurmdbd uses the port that the cluster registered, which is slurmctld's
(`control_port`, src/slurmdbd/slurmdbd.c). The row as the page has it is therefore a phantom.
"""

from burstway.flows.table import Flow, Need, Profile, Role, tcp

_NETWORK = "https://slurm.schedmd.com/network.html"
_ACCOUNTING = "https://slurm.schedmd.com/accounting.html"
_REST = "https://slurm.schedmd.com/rest_quickstart.html"

SLURM_ACCOUNTING = Profile(
    "slurm-accounting",
    "Slurm accounting",
    "For sites with slurmdbd. slurmd and jobs do not need it: what they report goes through slurmctld.",
    (
        Flow(
            "slurmdbd",
            Role.SCHEDULER,
            Role.ACCOUNTING,
            *tcp(6819),
            "slurmctld registers the cluster, reads users and limits, and records jobs",
            _NETWORK,
        ),
        Flow(
            "slurmdbd-login",
            Role.LOGIN,
            Role.ACCOUNTING,
            *tcp(6819),
            "sacct, sacctmgr and sreport ask slurmdbd themselves, not slurmctld",
            _NETWORK,
            when="a login node is another machine than the one of slurmdbd",
        ),
        Flow(
            "slurmdbd-node",
            Role.NODE,
            Role.ACCOUNTING,
            *tcp(6819),
            "sacct, sacctmgr and sreport, run by a job on a node",
            _NETWORK,
            when="scripts of jobs call sacct, sacctmgr or sreport",
            need=Need.OPTIONAL,
        ),
        Flow(
            "slurmdbd-slurmctld",
            Role.ACCOUNTING,
            Role.SCHEDULER,
            *tcp(6817),
            "slurmdbd tells slurmctld at once of changed users, limits and shares",
            _ACCOUNTING,
        ),
        Flow(
            "slurmdbd-slurmctld-by-the-page",
            Role.ACCOUNTING,
            Role.SCHEDULER,
            *tcp(6819),
            "connections of slurmdbd to slurmctld, as Slurm's page on networks has them",
            _NETWORK,
            when="slurmctld does not listen there: slurmdbd connects to the port that the cluster "
            "registered, which is slurmctld's own (the row before this one)",
            need=Need.PHANTOM,
        ),
        Flow(
            "slurmdbd-database",
            Role.ACCOUNTING,
            Role.DATABASE,
            *tcp(3306),
            "slurmdbd keeps its records in MySQL or MariaDB",
            _NETWORK,
            when="the database is on another machine than slurmdbd",
            need=Need.OPTIONAL,
        ),
    ),
)

SLURM_REST = Profile(
    "slurm-rest",
    "Slurm REST service",
    "For sites with slurmrestd. It speaks HTTP without TLS unless told otherwise; nodes do not use it. "
    "The port is the one of Slurm's own examples: slurmrestd listens where it is told to.",
    (
        Flow(
            "slurmrestd",
            Role.LOGIN,
            Role.SLURM_REST,
            *tcp(6820),
            "programs on the login nodes hand in jobs and ask for their state",
            _REST,
        ),
        Flow(
            "slurmrestd-administrator",
            Role.ADMINISTRATOR,
            Role.SLURM_REST,
            *tcp(6820),
            "portals and programs of administrators read and change jobs and nodes",
            _REST,
            when="portals or administrators' programs outside of the login nodes use the REST service",
            need=Need.OPTIONAL,
        ),
        Flow(
            "slurmrestd-slurmctld",
            Role.SLURM_REST,
            Role.SCHEDULER,
            *tcp(6817),
            "slurmrestd asks slurmctld for jobs, nodes and partitions",
            _REST,
            when="slurmrestd runs on another machine than slurmctld",
        ),
        Flow(
            "slurmrestd-slurmdbd",
            Role.SLURM_REST,
            Role.ACCOUNTING,
            *tcp(6819),
            "slurmrestd answers questions about past jobs, users and limits from slurmdbd",
            _REST,
            when="there is accounting, and slurmrestd runs on another machine than slurmdbd",
            need=Need.OPTIONAL,
        ),
    ),
)
