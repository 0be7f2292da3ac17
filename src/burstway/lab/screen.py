"""What the demonstration shows: on a terminal a live table of nodes over the jobs' output, elsewhere plain
lines, one an event."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

STYLES = {
    "ready": "green", "joined": "cyan", "booting": "cyan", "launching": "blue", "requested": "blue",
    "draining": "yellow", "stopping": "yellow", "failed": "bold red", "gone": "dim",
}  # fmt: skip
"""How the states of a node look, everywhere."""


class Screen:
    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._live: Live | None = None
        self._nodes: Sequence[Mapping[str, Any]] = ()
        self._states: dict[str, str] = {}
        self._phase = ""
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def __enter__(self) -> "Screen":
        if self.console.is_terminal:
            self._live = Live(self._view(), console=self.console, refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.freeze()

    def freeze(self) -> None:
        """From here on only lines."""
        if self._live:
            self._live.stop()
            self._live = None

    def say(self, text: str) -> None:
        self._line(Text(text, "dim"))

    def phase(self, text: str) -> None:
        self._phase = text
        self._line(Text(text, "bold"))

    def output(self, text: str) -> None:
        self._line(Text(f"    {text}", "bright_white"))

    def fail(self, text: str) -> None:
        self._line(Text(f"FAILED: {text}", "bold red"))

    def succeed(self, text: str) -> None:
        self._line(Text(text, "bold green"))

    def show_event(self, event: Mapping[str, Any]) -> None:
        """A line for what changed a state, or says that a node is configured; the rest is in its story."""
        if self._states.get(event["node"]) == event["state"] and event["event"] != "configured":
            return
        self._states[event["node"]] = event["state"]
        line = Text(f"{event['node']:12} ", "dim")
        line.append(f"{event['state']:10}", STYLES.get(event["state"], ""))
        line.append(f" {event['reason']}", "dim")
        self._line(line)

    def show_nodes(self, nodes: Sequence[Mapping[str, Any]]) -> None:
        self._nodes = nodes
        if self._live:
            self._live.update(self._view())

    def costs(self, rentals: Sequence[Mapping[str, Any]]) -> None:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("MACHINE TYPE", "RENTED", "MACHINE TIME", "PRICE/H", "WOULD HAVE COST"):
            table.add_column(heading)
        for offer in sorted({rental["offer"] for rental in rentals}):
            those = [rental for rental in rentals if rental["offer"] == offer]
            seconds = sum(rental["ended_at"] - rental["started_at"] for rental in those)
            table.add_row(
                offer, str(len(those)), f"{seconds:.0f} s", f"{those[0]['price_per_hour']:.2f} USD",
                f"{sum(rental['cost'] for rental in those):.5f} USD",
            )  # fmt: skip
        with self._lock:
            self.console.print(table)

    def _line(self, text: Text) -> None:
        stamp = Text(f"{time.monotonic() - self._began:6.1f} s  ", "dim")
        with self._lock:
            self.console.print(stamp + text, soft_wrap=True)

    def _view(self) -> Group:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("NODE", "STATE", "SINCE", "ADDRESS", "REASON"):
            table.add_column(heading, no_wrap=True, overflow="ellipsis")
        now = time.time()
        for node in self._nodes:
            state = Text(node["state"], STYLES.get(node["state"], ""))
            table.add_row(
                node["name"], state, f"{now - node['since']:.0f} s", node["address"] or "-", node["reason"]
            )
        return Group(Text(), Text(self._phase, "bold reverse"), table)
