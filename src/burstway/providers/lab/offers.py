"""The lab's price list: invented figures of a plausible size, so that the cost shown is never zero."""

from burstway.contracts import Offer

OFFERS = (
    Offer("lab.c1", 1, 1_024, 0.05, "USD", "invented"),
    Offer("lab.c2", 2, 2_048, 0.10, "USD", "invented"),
)
