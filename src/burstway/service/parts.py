"""What the API is made of, handed to its routes by the wiring."""

from collections.abc import Mapping
from dataclasses import dataclass

from burstway.clock import Clock
from burstway.contracts import Offer, Store
from burstway.probes.board import Board
from burstway.service.access import Access
from burstway.service.changes import Changes
from burstway.service.enrolment import Enrolment
from burstway.service.fleet import Fleet
from burstway.service.probing import Probing
from burstway.service.requests import Requests
from burstway.service.site_view import SiteView
from burstway.service.templates import Templates
from burstway.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    store: Store
    clock: Clock
    access: Access
    enrolment: Enrolment
    fleet: Fleet
    requests: Requests
    changes: Changes
    offers: Mapping[str, Offer]
    slurm_version: tuple[int, int]
    board: Board
    probing: Probing
    view: SiteView
    templates: Templates
