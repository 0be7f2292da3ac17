"""A template that was written for CycleCloud, imported as it is into a lab of its own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from burstway.lab.cloud import LabCloud
from burstway.lab.remains import remove
from burstway.lab.site import start_slurm, up
from burstway.providers.lab.layout import layout
from living_lab import Lab, wait_until

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("lab-template")]

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def lab(worker_id: str) -> Iterator[Lab]:
    """Its clusters would be in the way of others', so it is not the lab that all tests share."""
    place = layout(f"test-t{worker_id}-{os.getpid()}")
    try:
        up(place, print, idle_s=30)
        with LabCloud(place) as cloud:
            lab = Lab(place, cloud)
            words = ("-c", "Slurm", "-f", str(EXAMPLES / "cyclecloud.txt"))
            imported = lab.burstway(
                "cluster", "import", "hpc2", *words, "-p", str(EXAMPLES / "cyclecloud.json")
            )
            assert imported.returncode == 0, imported.stderr
            start_slurm(place, print)
            yield lab
    finally:
        remove(place, print)


def test_job_on_a_size_of_azure(lab: Lab) -> None:
    """A job runs in the partition of the template, on a node of the size that the template names, however
    few cores this host has."""
    done = lab.on_head("srun", "-p", "htc", "-N1", "-c2", "hostname")
    assert done.stdout == "hpc2-htc-1\n", done.stderr
    assert lab.node("hpc2-htc-1")["offer"] == "Standard_F2s_v2"
    large = lab.on_head("srun", "-p", "mpi", "-N2", "-n4", "-c60", "hostname")
    assert sorted(set(large.stdout.split())) == ["hpc2-hpc-1", "hpc2-hpc-2"], large.stderr
    shown = lab.on_head("scontrol", "show", "node", "hpc2-hpc-1").stdout
    assert "CPUTot=120" in shown
    wait_until(lambda: lab.node("hpc2-hpc-1")["state"] == "ready", "it is ready", 10)


def test_a_partition_of_two_clusters(lab: Lab) -> None:
    """Slurm's part of a cluster is refused while another has a partition of that name: slurmctld would not
    start with both."""
    words = ("-P", "SubnetId=a/b/c", "-P", "Region=westeurope")
    again = lab.burstway("cluster", "import", "hpc3", "-f", str(EXAMPLES / "cyclecloud.txt"), *words)
    assert again.returncode == 0
    assert "cluster hpc2 has a partition htc too" in again.stderr
    refused = lab.burstway("slurm", "conf", "hpc3")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "the clusters hpc3 and hpc2 both have a partition" in refused.stderr
    assert lab.burstway("cluster", "delete", "--yes", "hpc3").returncode == 0


def test_what_the_template_says_is_kept(lab: Lab) -> None:
    """The cluster has its return proxy, the proxy's endpoint is a flow, and spot is kept for the array."""
    cluster = lab.get("/v1/clusters/hpc2")
    assert {node["name"]: node["return_proxy"] for node in cluster["nodes"]} == {
        "scheduler": False,
        "proxy": True,
    }
    assert [(a["name"], a["most_nodes"], a["details"]["interruptible"]) for a in cluster["arrays"]] == [
        ("hpc", 4, False),
        ("htc", 10, True),
    ]
    flows = lab.burstway("network", "flows", "--cluster", "hpc2").stdout
    assert "hpc2-proxy-ssh" in flows
