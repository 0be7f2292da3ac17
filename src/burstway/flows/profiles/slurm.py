"""Slurm's own connections. Source of the port numbers: https://slurm.schedmd.com/network.html."""

from burstway.flows.table import Flow, Role, tcp

_NETWORK = "https://slurm.schedmd.com/network.html"
_SRUN_PORT_RANGE = "https://slurm.schedmd.com/slurm.conf.html#OPT_SrunPortRange"

SLURM = (
    Flow(
        "slurmctld",
        Role.NODE,
        Role.SCHEDULER,
        *tcp(6817),
        "slurmd registers and fetches its configuration; commands on a node ask slurmctld",
        _NETWORK,
    ),
    Flow(
        "slurmd",
        Role.SCHEDULER,
        Role.NODE,
        *tcp(6818),
        "slurmctld pings nodes and starts batch jobs",
        _NETWORK,
    ),
    Flow(
        "slurmd-srun",
        Role.LOGIN,
        Role.NODE,
        *tcp(6818),
        "srun starts its tasks on the nodes itself",
        _NETWORK,
        when="srun is run outside of a batch job, or salloc; sbatch alone does without",
    ),
    Flow(
        "slurmd-fanout",
        Role.NODE,
        Role.NODE,
        *tcp(6818),
        "srun inside a batch job starts tasks on other nodes; slurmd passes messages on to the next ones",
        _NETWORK,
    ),
    Flow(
        "srun",
        Role.NODE,
        Role.LOGIN,
        *tcp(60_001, 63_000),
        "tasks connect back to srun with their output; without it srun hangs and is aborted. "
        "SrunPortRange must hold srun to this range: 4 ports a srun, 2 more for each further 48 nodes",
        _SRUN_PORT_RANGE,
        when="srun is run outside of a batch job, or salloc; sbatch alone does without",
    ),
    Flow(
        "srun-on-node",
        Role.NODE,
        Role.NODE,
        *tcp(60_001, 63_000),
        "srun inside a batch job runs on a node: tasks on other nodes connect back to it",
        _SRUN_PORT_RANGE,
    ),
)
