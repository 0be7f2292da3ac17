"""Slurm's own connections. Source of the port numbers: https://slurm.schedmd.com/network.html.

Its table of daemons and ports is not enough for `srun`. srun listens on the host it is started on, and both
the tasks and slurmctld connect back to it: with the daemons' ports alone it hangs and is aborted ("Timed out
waiting for job step to complete"), as was tried on slurmctld 22.05.8. The range is the example of
slurm.conf's manual.

No host needs a port of munge: see `cyclecloud_bursting.py`.
"""

from burstway.flows.table import Flow, Profile, Role, tcp

_NETWORK = "https://slurm.schedmd.com/network.html"
_SRUN_PORT_RANGE = "https://slurm.schedmd.com/slurm.conf.html#OPT_SrunPortRange"
_FROM_LOGIN = (
    "srun or salloc is run on a login node. A job handed in by sbatch does without: srun in its script "
    "runs on a node"
)

SLURM = Profile(
    "slurm",
    "Slurm",
    "The scheduler, its nodes and the hosts that jobs are handed in from. SrunPortRange in slurm.conf "
    "must hold srun to the range below. With a range of another size: 4 ports for each srun at a time, 2 "
    "more for each further 48 nodes of it, and 1 with --pty.",
    (
        Flow(
            "slurmctld",
            Role.NODE,
            Role.SCHEDULER,
            *tcp(6817),
            "slurmd registers and fetches its configuration; commands on a node ask slurmctld",
            _NETWORK,
        ),
        Flow(
            "slurmctld-commands",
            Role.LOGIN,
            Role.SCHEDULER,
            *tcp(6817),
            "sbatch, srun, salloc, squeue, scontrol and the other commands ask slurmctld",
            _NETWORK,
            when="a login node is another machine than the scheduler's",
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
            when=_FROM_LOGIN,
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
            "tasks connect back to srun with their output; without it srun hangs and is aborted",
            _SRUN_PORT_RANGE,
            when=_FROM_LOGIN,
        ),
        Flow(
            "srun-controller",
            Role.SCHEDULER,
            Role.LOGIN,
            *tcp(60_001, 63_000),
            "slurmctld tells a waiting srun or salloc that its nodes are there, and that its time is over",
            _SRUN_PORT_RANGE,
            when=_FROM_LOGIN + ". It stays on the host where login node and scheduler are one machine",
        ),
        Flow(
            "srun-on-node",
            Role.NODE,
            Role.NODE,
            *tcp(60_001, 63_000),
            "srun inside a batch job runs on a node: tasks on other nodes connect back to it",
            _SRUN_PORT_RANGE,
            when="the script of a batch job of several nodes runs srun, or mpirun that starts its ranks "
            "by srun",
        ),
    ),
)
