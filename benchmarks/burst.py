"""What Burstway adds to a burst: `srun -N1 hostname` on a powered-down node, against a bare shell script.

Both run in the same lab, on the same head node and slurmctld, in turn: once with Burstway behind
ResumeProgram, and once with bare_machine.sh behind it, which makes the same machine (namespaces, overlay,
link), copies the munge key by hand and starts munged and slurmd. The difference is what Burstway costs.
"""

import os
import statistics
import subprocess
import threading
import time
from pathlib import Path

from burstway.flows.profiles import port
from burstway.lab.cloud import LabCloud
from burstway.lab.demo import import_example
from burstway.lab.enter import head_root, run_in
from burstway.lab.remains import remove
from burstway.lab.site import start_slurm, up
from burstway.providers.lab.layout import Layout, layout

RUNS = 10
PAUSE_S = 0.5

RESUME = """\
#!/bin/sh
case $1 in
bare-*) echo "$1" >/run/bare ;;
*) exec /usr/local/bin/burstway-resume "$1" ;;
esac
"""


def main() -> None:
    place = layout("bench")
    remove(place, lambda _: None)
    try:
        up(place, lambda _: None, idle_s=3600)
        import_example(place, lambda _: None)
        start_slurm(place, lambda _: None)
        with LabCloud(place) as cloud:
            _measure(place, cloud)
    finally:
        remove(place, lambda _: None)


def _measure(place: Layout, cloud: LabCloud) -> None:
    root = head_root(cloud)
    _add_bare_nodes(cloud, root)
    maker = threading.Thread(target=_make_bare_machines, args=(place, root), daemon=True)
    maker.start()
    through, bare = [], []
    for run in range(1, RUNS + 1):
        through.append(_srun(cloud, f"hpc1-hpc-{run}"))
        time.sleep(PAUSE_S)
        bare.append(_srun(cloud, f"bare-{run}"))
        time.sleep(PAUSE_S)
    maker.join(10)
    added = [one - other for one, other in zip(through, bare, strict=True)]
    print(f"srun -N1 hostname on a powered-down node, {RUNS} runs each in turn: median s (least to most)")
    for name, figures in (("through Burstway", through), ("bare script", bare), ("added", added)):
        print(f"  {name:17} {statistics.median(figures):.2f} ({min(figures):.2f} to {max(figures):.2f})")
    print(f"  {'ratio':17} {statistics.median(through) / statistics.median(bare):.2f}")


def _srun(cloud: LabCloud, node: str) -> float:
    started = time.monotonic()
    done = run_in(cloud, "head", ["srun", "-N1", "-w", node, "hostname"])
    if done.stdout.strip() != node:
        raise SystemExit(f"srun on {node}: {done.stdout} {done.stderr}")
    return time.monotonic() - started


def _add_bare_nodes(cloud: LabCloud, root: Path) -> None:
    """Nodes of the same partition whose machines bare_machine.sh makes."""
    include = root / "etc/slurm/burstway-hpc1.conf"
    rows = include.read_text(encoding="utf-8").replace(" Nodes=", f" Nodes=bare-[1-{RUNS}],")
    hosts = "".join(f"NodeName=bare-[1-{RUNS}] State=CLOUD CPUs=1 Weight=9999\n")
    include.write_text(hosts + rows, encoding="utf-8")
    resume = root / "usr/local/bin/resume"
    resume.write_text(RESUME, encoding="utf-8")
    resume.chmod(0o755)
    os.mkfifo(root / "run/bare")
    (root / "run/bare").chmod(0o666)
    conf = root / "etc/slurm/slurm.conf"
    lines = conf.read_text(encoding="utf-8").splitlines()
    lines = ["ResumeProgram=/usr/local/bin/resume" if "ResumeProgram=" in each else each for each in lines]
    conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
    cloud.stop("slurmctld")
    cloud.start("slurmctld", "head", [])
    while "UP" not in run_in(cloud, "head", ["scontrol", "ping"]).stdout:
        time.sleep(0.1)
    time.sleep(2)


def _make_bare_machines(place: Layout, root: Path) -> None:
    """Makes each machine that the resume script names, as soon as it names it."""
    hosts = list(place.subnet.hosts())
    script = Path(__file__).with_name("bare_machine.sh")
    for _ in range(RUNS):
        node = ""
        while not node:  # the one who wrote last may still have had it open, and said no more
            with (root / "run/bare").open(encoding="ascii") as asked:
                node = asked.readline().strip()
        address = hosts[3000 + int(node.rpartition("-")[2])]
        subprocess.Popen(
            ["sh", script, place.folder, node, f"{address}/{place.subnet.prefixlen}", str(hosts[0]),
             f"{place.head}:{port('slurmctld')}", root / "etc/munge/munge.key"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


if __name__ == "__main__":
    main()
