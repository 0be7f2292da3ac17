"""Where probe runs are asked for: each is planned, carried out in a thread of its own, and reported.

What is kept is in memory: a control plane that ends forgets its runs, and agents drop their listeners by
themselves.
"""

import math
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from burstway.agent.node.listeners import Listeners
from burstway.clock import Clock
from burstway.errors import BurstwayError, ConflictError, ControlPlaneError, InputError, UnknownError
from burstway.flows.rules import Place, Tag
from burstway.flows.table import Flow, Role
from burstway.model.names import expand_hostlist
from burstway.probes.board import Board
from burstway.probes.plan import LeftOut, Probe, left_out, plan
from burstway.probes.report import Expected, Result, join
from burstway.probes.run import PATIENCE, Patience, lasting_s, run
from burstway.service.fleet import Fleet
from burstway.service.probe_machines import machines, with_partner
from burstway.service.site_network import site_flows, site_places
from burstway.settings import Settings

MOST_PROBES = 20_000
MOST_RUN_S = 60.0
"""A run whose listeners might have to stay for longer is refused: on the head they are in others' place."""

MOST_RUNNING = 4
MOST_KEPT = 20
NO_NODES = "no node is up"

Expect = Callable[[Probe], Expected | None]

_log = structlog.get_logger("probing")


@dataclass(slots=True)
class ProbeRun:
    """One run as it stands. `results` are there when it is `finished`; `failed` says why there are none."""

    probes: Sequence[Probe]
    left_out: Sequence[LeftOut]
    timeout_s: float
    cause: str
    started_at: float
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    done: int = 0
    finished: bool = False
    failed: str = ""
    results: Sequence[Result] = ()


class Probing:
    """Safe from any thread."""

    def __init__(
        self,
        *,
        settings: Settings,
        fleet: Fleet,
        board: Board,
        clock: Clock,
        announce: Callable[[], None],
        expect: Expect = lambda _: None,
        patience: Patience = PATIENCE,
    ) -> None:
        """`announce` tells those who wait for a run; `expect` is what the static proof says of a probe."""
        self._settings = settings
        self._fleet = fleet
        self._board = board
        self._clock = clock
        self._announce = announce
        self._expect = expect
        self._patience = patience
        self._listeners = Listeners()
        self._runs: dict[str, ProbeRun] = {}
        self._lock = threading.Lock()

    # --- asked for by people ---

    def start(
        self,
        nodes: str | None = None,
        flows: Sequence[str] = (),
        timeout_s: float | None = None,
        cause: str = "",
    ) -> ProbeRun:
        """Begins a run about these nodes, or all that are up, of these flows, or all that the site has."""
        names = expand_hostlist(nodes) if nodes else None
        begun = self._planned(names, flows, timeout_s, cause)
        with self._lock:
            running = [each for each in self._runs.values() if not each.finished]
            if len(running) >= MOST_RUNNING:
                raise ConflictError(
                    f"{len(running)} probe runs are under way", remedy="wait until one of them has ended"
                )
            while len(self._runs) >= MOST_KEPT:
                del self._runs[next(each.id for each in self._runs.values() if each.finished)]
            self._runs[begun.id] = begun
        threading.Thread(
            target=self._carry_out, args=(begun,), name=f"probes {begun.id}", daemon=True
        ).start()
        return begun

    def find(self, run_id: str) -> ProbeRun:
        with self._lock:
            found = self._runs.get(run_id)
        if found is None:
            raise UnknownError(
                f"there is no probe run {run_id!r}", remedy="it may be too old; begin a new one"
            )
        return found

    # --- asked for by the control plane itself ---

    def run_for(self, names: Sequence[str], timeout_s: float | None = None) -> list[Result]:
        """All flows that concern these nodes, tried now; in the plan's order. It takes some seconds, never
        more than MOST_RUN_S, and is for a thread that has the time. Raises ControlPlaneError when the run
        failed by a defect: nothing is known then, and that is not nothing blocked."""
        begun = self._planned(names, (), timeout_s, "control plane")
        self._carry_out(begun)
        if begun.failed:
            raise ControlPlaneError(f"the probes gave no result: {begun.failed}")
        return list(begun.results)

    # --- a run ---

    def _planned(
        self, names: Sequence[str] | None, flows: Sequence[str], timeout_s: float | None, cause: str
    ) -> ProbeRun:
        rows = self._flows(flows)
        live = self._fleet.nodes()
        named = [self._fleet.node(name) for name in names] if names is not None else None
        nodes = with_partner(named, live) if named is not None else [node for node in live if node.address]
        found = machines(self._settings, nodes)
        about = {node.name for node in named} if named is not None else set()
        probes = plan(rows, found, about=about)
        if len(probes) > MOST_PROBES:
            raise InputError(
                f"that would be {len(probes):,} probes, and {MOST_PROBES:,} are the most",
                remedy="name fewer nodes, or flows with --flow",
            )
        missing = left_out(rows, found, absent=self._absent())
        begun = ProbeRun(probes, missing, timeout_s or self._patience.probe_s, cause, self._clock.now())
        needed_s = lasting_s(probes, self._patience_of(begun))
        if needed_s > MOST_RUN_S:
            raise InputError(
                f"that could take {math.ceil(needed_s)} s, and {MOST_RUN_S:.0f} s are the most for one run",
                remedy="name fewer nodes, or flows with --flow, or a shorter --timeout",
            )
        return begun

    def _patience_of(self, begun: ProbeRun) -> Patience:
        return replace(self._patience, probe_s=begun.timeout_s)

    def _flows(self, names: Sequence[str]) -> list[Flow]:
        rows = site_flows(self._settings)
        known = [row.name for row in rows]
        for name in names:
            if name not in known:
                raise UnknownError(f"this site has no flow {name!r}", remedy=f"it has: {', '.join(known)}")
        return [row for row in rows if not names or row.name in names]

    def _absent(self) -> dict[Role, str]:
        """Why a role has no machine here to try."""
        why = {role: _no_address(role, where) for role, where in site_places(self._settings).items()}
        return {**why, Role.NODE: NO_NODES}

    def _carry_out(self, begun: ProbeRun) -> None:
        def progress(done: int) -> None:
            begun.done = done
            self._announce()

        try:
            patience = self._patience_of(begun)
            outcomes = run(begun.probes, self._board, self._listeners, patience, progress)
            begun.results = join(begun.probes, outcomes, [self._proved(probe) for probe in begun.probes])
        except Exception:  # noqa: BLE001  a thread's boundary: whoever waits for the run must be told
            _log.exception("a probe run failed by a defect of Burstway", cause=begun.cause)
            begun.failed = "it failed by a defect of Burstway; see the control plane's log"
        begun.finished = True
        self._announce()

    def _proved(self, probe: Probe) -> Expected | None:
        """A network that cannot be read is no reason to keep what was tried from people."""
        try:
            return self._expect(probe)
        except BurstwayError as refused:
            _log.warning("a probe has no proof beside it", probe=str(probe), error=str(refused))
            return None


def _no_address(role: Role, where: Sequence[Place]) -> str:
    if not where:
        return f"the settings place {role} nowhere"
    shown = ", ".join(str(place) for place in where)
    kind = "a service tag" if any(isinstance(place, Tag) for place in where) else "a range"
    return f"{role} is {shown}: {kind}, and not an address to try"
