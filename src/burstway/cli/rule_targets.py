"""Whose rules `burstway network rules` makes, and in which notations."""

from enum import StrEnum


class Target(StrEnum):
    """Whose rules."""

    AZURE = "azure"
    NFTABLES = "nftables"
    FIREWALLD = "firewalld"
    TEAM = "team"


FORMS: dict[Target, tuple[str, ...]] = {
    Target.AZURE: ("arm", "bicep", "terraform"),
    Target.NFTABLES: ("site", "border"),
    Target.FIREWALLD: ("files",),
    Target.TEAM: ("markdown", "csv", "html"),
}
"""The first is meant when none is named. Known without what makes them, which takes long to import."""

FORMATS = (
    "azure: arm (default), bicep, terraform. nftables: site (default; other traffic passes), "
    "border (all else is dropped). team: markdown (default), csv, html."
)
