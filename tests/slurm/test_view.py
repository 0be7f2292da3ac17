"""The state words of every release, and lines of scontrol as they come."""

import time

import pytest

from burstway.contracts import SchedulerNode
from burstway.slurm.view import parse_nodes, view_of

PREDICATES = ("registered", "powered_down", "powering_down", "down", "busy")


@pytest.mark.parametrize(
    ("release", "state", "true"),
    [
        ("20.11", "IDLE+CLOUD+POWER", "powered_down"),
        ("20.11", "IDLE+CLOUD", "registered"),
        ("20.11", "IDLE~+CLOUD", "powered_down"),
        ("20.11", "IDLE#+CLOUD", ""),
        ("20.11", "MIXED#+CLOUD", "busy"),
        ("20.11", "ALLOCATED#+CLOUD", "busy"),
        ("20.11", "IDLE%+CLOUD", "powering_down"),
        ("20.11", "IDLE!+CLOUD", "registered"),
        ("20.11", "IDLE*+CLOUD+POWERING_DOWN", "powering_down"),
        ("20.11", "DOWN*+CLOUD", "down"),
        ("20.11", "DOWN+CLOUD+POWER", "down powered_down"),
        ("20.11", "MIXED$+CLOUD", "registered busy"),
        ("22.05", "IDLE+CLOUD+POWERED_DOWN", "powered_down"),
        ("22.05", "MIXED+CLOUD+POWERED_DOWN", "powered_down busy"),
        ("22.05", "ALLOCATED+CLOUD+NOT_RESPONDING+POWERING_UP", "busy"),
        ("22.05", "IDLE+CLOUD+NOT_RESPONDING+POWERING_UP", ""),
        ("22.05", "IDLE+CLOUD", "registered"),
        ("22.05", "MIXED+CLOUD+DRAIN+POWER_DOWN", "registered busy"),
        ("22.05", "IDLE+CLOUD+POWER_DOWN+NOT_RESPONDING", ""),
        ("22.05", "MIXED+CLOUD+DRAIN+POWER_DOWN+NOT_RESPONDING+POWERING_UP", "busy"),
        ("22.05", "IDLE+CLOUD+POWERING_DOWN", "powering_down"),
        ("22.05", "IDLE+CLOUD+POWER_DOWN+POWERED_DOWN", "powered_down"),
        ("22.05", "DOWN+CLOUD+POWERED_DOWN+NOT_RESPONDING", "down powered_down"),
        ("22.05", "IDLE+CLOUD+POWERED_DOWN+NOT_RESPONDING", "powered_down"),
        ("22.05", "DOWN+CLOUD+NOT_RESPONDING", "down"),
        ("22.05", "DOWN+CLOUD+POWERING_DOWN", "down powering_down"),
        ("22.05", "IDLE+CLOUD+COMPLETING", "registered busy"),
        ("23.02.5", "DOWN+CLOUD+POWERED_DOWN", "down powered_down"),
        ("23.11", "IDLE+CLOUD+DYNAMIC_NORM", "registered"),
        ("23.11", "IDLE+CLOUD+POWER_UP+POWERED_DOWN", "powered_down"),
        ("24.05", "IDLE+CLOUD+PLANNED", "registered"),
        ("24.05", "IDLE+CLOUD+DRAIN+INVALID_REG", "registered"),
        ("25.11", "IDLE+CLOUD+BLOCKED+RESERVED", "registered"),
        ("26.05", "ALLOCATED+CLOUD+EXTERNAL", "registered busy"),
        ("any", "UNKNOWN", ""),
        ("any", "FUTURE+CLOUD", ""),
        ("any", "ERROR+CLOUD", "down"),
        ("to come", "IDLE+CLOUD+SINGING", "registered"),
    ],
)
def test_predicates_of_every_release(release: str, state: str, true: str) -> None:
    """A state word says the same in each release, and an unknown one says nothing."""
    view = view_of(state)
    assert {name for name in PREDICATES if getattr(view, name)} == set(true.split())


LINE = (
    "NodeName=hpc1-hpc-3 Arch=x86_64 CoresPerSocket=2  CPUAlloc=0 CPUEfctv=2 CPUTot=2 CPULoad=0.04 "
    "AvailableFeatures=(null) ActiveFeatures=(null) Gres=(null) NodeAddr=10.254.0.1 NodeHostName=head "
    "Version=22.05.8 OS=Linux 6.1.0-13-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.55-1  RealMemory=3072 "
    "AllocMem=0 FreeMem=23791 Sockets=1 Boards=1 State={state} ThreadsPerCore=1 TmpDisk=0 Weight=1000 "
    "Owner=N/A MCS_label=N/A Partitions=hpc  BootTime=2026-11-21T03:21:08 "
    "CfgTRES=cpu=2,mem=3G,billing=2 AllocTRES= CapWatts=n/a ExtSensorsTemp=n/s{rest}"
)
SET_BY = " [root@2026-11-21T03:19:30]"


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ("", ""),
        (f" Reason=x{SET_BY}", "x"),
        (f" Reason=the image hpc is gone, order it again{SET_BY}", "the image hpc is gone, order it again"),
        (
            f" Reason=it  did \"not\" come = x State=DOWN 'q'{SET_BY}",
            "it  did \"not\" come = x State=DOWN 'q'",
        ),
        (f" Reason=was [slurm@2020-01-01T00:00:00] before{SET_BY}", "was [slurm@2020-01-01T00:00:00] before"),
        (f" Reason=rack [3]{SET_BY} Comment=asked twice", "rack [3]"),
        (" Reason=no mark at all ", "no mark at all"),
    ],
)
def test_the_reason_is_kept_whole(rest: str, reason: str) -> None:
    """Spaces, quotes and what looks like a field stay in the reason; who gave it does not."""
    nodes = parse_nodes(LINE.format(state="IDLE+CLOUD", rest=rest) + "\n")
    assert nodes == {"hpc1-hpc-3": SchedulerNode(True, False, False, False, False, reason)}


@pytest.mark.parametrize(
    "text", ["", "Node zzz not found\n", "No nodes in the system\n", "slurm_load_node error\n"]
)
def test_lines_that_are_no_nodes_are_passed_over(text: str) -> None:
    """What else scontrol prints makes no node."""
    assert parse_nodes(text) == {}


def test_ten_thousand_nodes_take_less_than_a_tenth_of_a_second() -> None:
    """Parsing stays small beside what slurmctld takes to list as many."""
    rest = f" Reason=drained for the {{}}th time{SET_BY}"
    text = "\n".join(
        LINE.replace("hpc-3", f"hpc-{index}").format(state="IDLE+CLOUD+POWERED_DOWN", rest=rest.format(index))
        for index in range(10_000)
    )
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        assert len(parse_nodes(text)) == 10_000
        taken.append(time.perf_counter() - started)
    assert min(taken) < 0.1, taken
