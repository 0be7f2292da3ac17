"""The lab's price list: invented figures of a plausible size, so that the cost shown is never zero.

Besides its own sizes the lab rents whatever is named as Azure names its sizes, with as many cores as Azure's
has, so that a template that was written for Azure can be tried as it is. They are nominal: all machines share
the host's cores and memory.
"""

import re
from collections.abc import Collection

from burstway.contracts import Offer

OFFERS = (
    Offer("lab.c1", 1, 1_024, 0.05, "USD", "invented"),
    Offer("lab.c2", 2, 2_048, 0.10, "USD", "invented"),
)

PRICE_PER_CORE_HOUR = 0.05
MEMORY_MIB_PER_CORE = 4_096
MOST_CORES = 1_024

_SIZE = re.compile(
    r"(?:Standard|Basic)_([A-Za-z]{1,6})([0-9]{1,4})(?:-([0-9]{1,4}))?([A-Za-z0-9_]{0,40})", re.IGNORECASE
)
"""Family, vCPUs, constrained vCPUs, features and version: learn.microsoft.com, "Azure VM sizes naming"."""

_BY_LETTER = {
    "A": (1, 1, 2, 4, 8, 2, 4, 8, 8, 16, 8, 16),
    "D": (0, 1, 2, 4, 8, 16, 0, 0, 0, 0, 0, 2, 4, 8, 16, 20),
    "G": (0, 2, 4, 8, 16, 32),
}
"""The cores of the oldest families, whose names count sizes instead of cores, by that number."""

_OLDEST = {"A": ("", "_promo"), "D": ("", "_v2", "i_v2", "_promo", "_v2_promo"), "G": ("",)}
"""The endings that a name of such a family has; Standard_A8_v2 and Standard_D4_v3 count cores again."""


def offers_of(names: Collection[str]) -> list[Offer]:
    """What the lab has under these names; those that it does not know are left out."""
    listed = {offer.name: offer for offer in OFFERS}
    found = []
    for name in names:
        if name in listed:
            found.append(listed[name])
        elif cores := azure_cores(name):
            price = round(cores * PRICE_PER_CORE_HOUR, 2)
            found.append(Offer(name, cores, cores * MEMORY_MIB_PER_CORE, price, "USD", "invented"))
    return found


def azure_cores(name: str) -> int | None:
    """The vCPUs of the size that Azure calls so; None when this is no name of a size."""
    match = _SIZE.fullmatch(name)
    if match is None:
        return None
    letter, number, ending = match[1].upper().removesuffix("S"), int(match[2]), match[4].lower()
    cores = number
    if letter in _BY_LETTER and ending in _OLDEST[letter]:
        sizes = _BY_LETTER[letter]
        cores = sizes[number] if number < len(sizes) else 0
    left = int(match[3] or cores)
    return left if 0 < left <= min(cores, MOST_CORES) else None
