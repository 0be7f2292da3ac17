"""How long the control plane takes to order machines: from the wish to every order answered and on record.

The cloud is the fake at zero delay, so what is measured is Burstway: decisions, the intents written before
the cloud is asked, the answers written after it, on a real SQLite file. Ten thousand nodes should take ten
times as long as a thousand, and less than BOUND_S.
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from burstway.clock import SystemClock
from burstway.contracts import ClusterSource
from burstway.lifecycle.decide import Limits
from burstway.lifecycle.reconcile import Reconciler, Timing
from burstway.model.cluster import Cluster, NodeArray
from burstway.model.node import Origin, State
from burstway.providers.fake import FakeCloud
from burstway.service.fleet import Fleet
from burstway.store.sqlite import SqliteStore

SIZES = (1_000, 10_000)
RUNS = 3
BOUND_S = 10.0


@dataclass(frozen=True)
class Taken:
    """Seconds: for the wish, for the passes until all are ordered, and for a pass with nothing to do."""

    want_s: float
    order_s: float
    idle_pass_s: float

    @property
    def total_s(self) -> float:
        return self.want_s + self.order_s


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    print(f"from wanted to ordered and on record, the best of {RUNS} runs")
    best = {
        size: min((measure(size) for _ in range(RUNS)), key=lambda taken: taken.total_s) for size in SIZES
    }
    for size, taken in best.items():
        print(
            f"  {size:>6,} nodes {taken.total_s:6.2f} s: want {taken.want_s:.2f}, order {taken.order_s:.2f}; "
            f"{1000 * taken.total_s / size:.3f} ms a node; an idle pass {1000 * taken.idle_pass_s:.0f} ms"
        )
    small, great = (best[size].total_s / size for size in SIZES)
    print(f"  a node of {SIZES[1]:,} costs {great / small:.2f} × one of {SIZES[0]:,}")
    if best[SIZES[1]].total_s > BOUND_S:
        sys.exit(f"{SIZES[1]:,} nodes took more than {BOUND_S:g} s")


def measure(size: int) -> Taken:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore.open(Path(folder) / "burstway.db")
        try:
            return _measure(size, store)
        finally:
            store.close()


def _measure(size: int, store: SqliteStore) -> Taken:
    clock = SystemClock()
    cluster = Cluster("hpc1", (NodeArray("hpc", "fake.c1", "image", "subnet", size, 1, "cloud"),))
    with store.write() as transaction:
        transaction.put_cluster(cluster, ClusterSource())
    cloud = FakeCloud(clock)
    fleet = Fleet(store, clock, None, lambda: None)
    reconciler = Reconciler(
        store=store,
        provider=cloud,
        scheduler=None,
        clock=clock,
        limits=Limits(boot_timeout_s=900, orphan_grace_s=120, listing_lag_s=cloud.listing_lag_s),
        timing=Timing(scheduler_interval_s=15, token_lifetime_s=900),
        site="uni",
        user_data=lambda node: f"#!/bin/sh\n# joins as {node.name}\n",
    )
    began = time.perf_counter()
    fleet.want(cluster.hostlist(cluster.arrays[0]), origin=Origin.OPERATOR, reason="measured", cause="bench")
    wanted = time.perf_counter()
    while reconciler.step():
        pass
    ordered = time.perf_counter()
    reconciler.step()
    idle = time.perf_counter()
    with store.read() as transaction:
        nodes = transaction.nodes()
    assert len(nodes) == len(cloud.running()) == size
    assert {node.state for node in nodes} == {State.BOOTING}
    return Taken(wanted - began, ordered - wanted, idle - ordered)


if __name__ == "__main__":
    main()
