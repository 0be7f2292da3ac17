"""How commands find the control plane, and how names are completed."""

import os
from collections.abc import Iterator
from urllib.parse import quote

from burstway.client import SOCKET, Client, Door
from burstway.errors import BurstwayError, InputError

DEFAULT_LAB = "lab"


def door() -> Door:
    """As the environment says; on a host without a control plane but with a lab, that of the lab."""
    if not any(name in os.environ for name in ("BURSTWAY_URL", "BURSTWAY_SOCKET")) and not SOCKET.exists():
        found = _lab_door()
        if found:
            return found
    return Door.of(os.environ)


def _lab_door() -> Door | None:
    if os.geteuid() != 0:
        return None
    from burstway.lab.cloud import LabCloud
    from burstway.lab.enter import door as lab_door
    from burstway.providers.lab.layout import existing_labs, layout

    labs = existing_labs()
    if DEFAULT_LAB not in labs and len(labs) != 1:
        return None
    try:
        with LabCloud(layout(DEFAULT_LAB if DEFAULT_LAB in labs else labs[0])) as cloud:
            return lab_door(cloud)
    except BurstwayError:
        return None


def segment(name: str) -> str:
    """`name` as one segment of a path, whatever a person typed."""
    if name in ("", ".", ".."):
        raise InputError(f"{name!r} is not a name")
    return quote(name, safe="")


def client() -> Client:
    return Client(door())


def complete_cluster(incomplete: str) -> Iterator[str]:
    yield from _names("/v1/clusters", incomplete)


def complete_template(incomplete: str) -> Iterator[str]:
    yield from _names("/v1/templates", incomplete)


def complete_cluster_or_template(incomplete: str) -> Iterator[str]:
    yield from dict.fromkeys((*complete_cluster(incomplete), *complete_template(incomplete)))


def complete_node(incomplete: str) -> Iterator[str]:
    yield from _names("/v1/nodes", incomplete)


def _names(path: str, incomplete: str) -> Iterator[str]:
    """Nothing to complete with is no error."""
    try:
        with client() as asked:
            yield from (row["name"] for row in asked.get(path) if row["name"].startswith(incomplete))
    except BurstwayError:
        return
