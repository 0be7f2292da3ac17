"""Which implementation stands behind each seam. The only module that knows them all."""

import datetime
import os
import pwd
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from burstway.agent.user_data import UserData
from burstway.clock import Clock, SystemClock
from burstway.contracts import NetworkPlan, Provider, Scheduler
from burstway.errors import InputError, Problem, SettingsError
from burstway.identity.authority import Authority
from burstway.identity.tokens import JoinTokens
from burstway.lifecycle.decide import Limits
from burstway.lifecycle.reconcile import Reconciler, Timing
from burstway.probes.board import Board
from burstway.providers.fake import FakeCloud
from burstway.providers.lab.provider import LabProvider
from burstway.service.access import Access
from burstway.service.changes import Changes
from burstway.service.diagnosis import Diagnosis, blocked_by
from burstway.service.enrolment import Enrolment, munge_key
from burstway.service.fleet import Fleet
from burstway.service.offers import KnownOffers
from burstway.service.parts import Parts
from burstway.service.probing import Probing
from burstway.service.requests import Requests
from burstway.service.site_network import cloud_rules
from burstway.service.site_view import SiteView
from burstway.service.templates import Templates
from burstway.settings import Settings
from burstway.slurm.scheduler import SlurmScheduler
from burstway.store.sqlite import SqliteStore


@dataclass(frozen=True, slots=True)
class ControlPlane:
    settings: Settings
    store: SqliteStore
    provider: Provider
    authority: Authority
    reconciler: Reconciler
    diagnosis: Diagnosis
    parts: Parts


def build(settings: Settings, wake: Callable[[], None]) -> ControlPlane:
    """Everything that `burstway serve` runs. The store comes first: it is what a second control plane must
    not get. `wake` makes the loop look again soon."""
    clock = SystemClock()
    state = settings.control_plane.state
    store = SqliteStore.open(state / "burstway.db")
    provider = make_provider(settings, clock)
    scheduler: Scheduler | None = SlurmScheduler() if settings.slurm else None
    moment = datetime.datetime.fromtimestamp(clock.now(), datetime.UTC)
    authority = Authority(state / "authority", settings.site.name, moment)
    tokens = JoinTokens.kept_in(state / "join.key")
    changes = Changes()
    offers = KnownOffers(provider)

    def changed() -> None:
        wake()
        changes.announce()

    board = Board(changes.nudge)
    enrolment = Enrolment(
        settings=settings, store=store, clock=clock, authority=authority, tokens=tokens, wake=changed,
        changed=lambda: changes.count, tasks=board.of,
    )  # fmt: skip
    if settings.slurm:
        munge_key(settings.slurm.munge_key)  # unreadable, it is better known now than by every node
    fleet = Fleet(store, clock, scheduler, changed)
    view = SiteView(settings, provider.found, clock)
    probing = Probing(
        settings=settings, fleet=fleet, board=board, clock=clock, announce=changes.nudge,
        expect=view.expected,
    )  # fmt: skip
    diagnosis = Diagnosis(
        settings=settings, store=store, clock=clock, view=view, try_flows=blocked_by(probing),
        changed=changed,
    )  # fmt: skip
    requests = Requests(fleet, settings.control_plane.spool)
    user_data = UserData(f"https://{settings.site.address}:{settings.control_plane.port}", authority.pem)
    reconciler = Reconciler(
        store=store,
        provider=provider,
        scheduler=scheduler,
        clock=clock,
        limits=Limits(settings.limits.boot_timeout_s, settings.limits.orphan_grace_s, provider.listing_lag_s),
        timing=Timing(settings.limits.scheduler_interval_s, settings.limits.token_lifetime_s),
        site=settings.site.name,
        user_data=lambda node: user_data.render(node.name, tokens.token(node.key)),
        changed=changes.announce,
    )
    access = Access(store, enrolment, _uid(settings.slurm.user) if settings.slurm else None)
    version = slurm_version() if settings.slurm else (0, 0)
    parts = Parts(
        settings, store, clock, access, enrolment, fleet, requests, changes, offers, version, board, probing,
        view, Templates(store, offers),
    )  # fmt: skip
    return ControlPlane(settings, store, provider, authority, reconciler, diagnosis, parts)


def make_provider(settings: Settings, clock: Clock) -> Provider:
    if settings.cloud.provider == "lab":
        assert settings.cloud.endpoint is not None
        return LabProvider(settings.cloud.endpoint)
    return FakeCloud(clock, settings.cloud.subnet)


def network_plan(settings: Settings) -> NetworkPlan:
    return NetworkPlan(settings.cloud.network, tuple(cloud_rules(settings)))


def slurm_version() -> tuple[int, int]:
    """The release of the Slurm on this host, as (22, 5). Raises SettingsError when there is none."""
    try:
        said = subprocess.run(
            ["scontrol", "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as refused:
        raise SettingsError(
            [Problem("burstway.toml", 0, 0, f"slurm: scontrol does not run on this host: {refused}")],
            remedy="install Slurm's client commands, or take out the section [slurm]",
        ) from refused
    found = re.search(r"(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _uid(user: str) -> int:
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        raise SettingsError(
            [Problem("burstway.toml", 0, 0, f"slurm.user: this host has no user {user!r}")]
        ) from None


def make_folders(settings: Settings) -> None:
    """The folders that the control plane needs; SlurmUser must be able to write to the spool."""
    plane = settings.control_plane
    for folder, mode in ((plane.state, 0o700), (plane.socket.parent, 0o755), (plane.spool, 0o700)):
        if folder.is_dir():
            continue
        try:
            folder.mkdir(parents=True, mode=mode)
            folder.chmod(mode)
        except OSError as refused:
            raise InputError(
                f"the folder cannot be made: {refused.strerror}", where=str(folder),
                remedy="the control plane runs as root; [control_plane] in burstway.toml names its folders",
            ) from refused  # fmt: skip
    if settings.slurm:
        os.chown(plane.spool, _uid(settings.slurm.user), -1)
