"""Whose rules `burstway network rules` makes, and in which notations."""

from enum import StrEnum


class Target(StrEnum):
    """Whose rules."""

    AZURE = "azure"
    NFTABLES = "nftables"
    FIREWALLD = "firewalld"
    TEAM = "team"


FORMATS = (
    "azure: arm (default), bicep, terraform. nftables: site (default; other traffic passes), "
    "border (all else is dropped). team: markdown (default), csv, html."
)
