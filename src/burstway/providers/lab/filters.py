"""A router's packet filter: the nftables of its namespace, planned by rules or loaded as a text.

What is loaded takes the place of all that was there, in one transaction: a ruleset that nft refuses changes
nothing. Until a plan has arrived everything is dropped.
"""

import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

from burstway.errors import InputError
from burstway.flows.nftables import render_nftables
from burstway.flows.rules import Rule
from burstway.providers.lab.commands import attempt, in_namespace, within

FLUSH = "flush ruleset\n"


class Filter:
    """Safe from any thread. With a `publish` path the ruleset is written there at each change, as
    `nft -j list ruleset` prints it, whole or not at all."""

    def __init__(self, namespace: Path, folder: Path, publish: Path | None = None) -> None:
        self._namespace = namespace
        self._folder = folder
        self._publish = publish
        self._planned: tuple[Rule, ...] = ()
        self._lock = threading.Lock()

    @property
    def planned(self) -> tuple[Rule, ...]:
        return self._planned

    def plan(self, rules: Iterable[Rule]) -> None:
        """Puts these rules there, and remembers them for `reset`."""
        with self._lock:
            self._planned = tuple(rules)
            self._put_planned()

    def reset(self) -> None:
        """Puts the planned rules back."""
        with self._lock:
            self._put_planned()

    def load(self, text: str, name: str) -> None:
        """Puts another ruleset there. Raises InputError with nft's own words about the file called `name`."""
        with self._lock, tempfile.NamedTemporaryFile("w", dir=self._folder, encoding="utf-8") as written:
            written.write(text)
            written.flush()
            # by `include`, so that the lines in nft's words are the file's own
            whole = f'{FLUSH}include "{written.name}"\n'
            done = attempt(within(self._namespace, ["nft", "-f", "-"]), whole)
            if done.returncode != 0:
                said = [line for line in done.stderr.splitlines() if "included from /dev/stdin" not in line]
                raise InputError("\n".join(said).strip().replace(written.name, name), remedy=UNCHANGED)
            self._announce()

    def text(self) -> str:
        """The ruleset as the kernel has it, with its counters."""
        return in_namespace(self._namespace, ["nft", "list", "ruleset"])

    def json(self) -> str:
        return in_namespace(self._namespace, ["nft", "-j", "list", "ruleset"])

    def _put_planned(self) -> None:
        in_namespace(self._namespace, ["nft", "-f", "-"], FLUSH + render_nftables(self._planned))
        self._announce()

    def _announce(self) -> None:
        if self._publish:
            fresh = self._publish.with_name(f".{self._publish.name}")
            fresh.write_text(self.json(), encoding="utf-8")
            fresh.replace(self._publish)


UNCHANGED = "correct the file; the rules that were there still are"
