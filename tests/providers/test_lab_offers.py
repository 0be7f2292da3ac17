"""Sizes that the lab rents because Azure has them under that name."""

import csv
import os
from pathlib import Path

import pytest

from burstway.providers.lab.offers import OFFERS, azure_cores, offers_of

PRICES = Path(os.environ.get("BURSTWAY_TEST_DATA", "../shared/data")) / "prices" / "azure_vm_prices.csv"

SIZES = {
    "Standard_D2_v5": 2,
    "standard_d2_V5": 2,
    "Standard_F2s_v2": 2,
    "Standard_HB120rs_v3": 120,
    "Standard_HB120-64rs_v3": 64,
    "Standard_ND96asr_v4": 96,
    "Standard_NDmr40s_v2": 40,
    "Standard_H16r_Promo": 16,
    "Standard_A0": 1,
    "Standard_A8_v2": 8,
    "Standard_A9": 16,
    "Standard_D12_v2": 4,
    "Standard_D4": 8,
    "Standard_D15i_v2": 20,
    "Standard_DS14_v2_Promo": 16,
    "Standard_DS4_v2": 8,
    "Standard_D4s_v3": 4,
    "Standard_G5": 32,
    "Standard_GS5-16": 16,
    "Standard_D7": None,
    "Standard_D0_v2": None,
    "Standard_D99999s_v5": None,
    "Standard_D2000s_v5": None,
    "Standard_HB64-120rs_v3": None,
    "Standard_": None,
    "D2_v5": None,
    "lab.c1": None,
    "": None,
}


@pytest.mark.parametrize(("name", "cores"), SIZES.items())
def test_cores_by_name(name: str, cores: int | None) -> None:
    """A size's name says its cores, but for the oldest families, whose names count the sizes."""
    assert azure_cores(name) == cores


@pytest.mark.skipif(not PRICES.exists(), reason="Azure's price list is not at hand")
def test_cores_are_azures() -> None:
    """Of all sizes in Azure's price list that say their vCPUs, the name gives the same."""
    with PRICES.open() as lines:
        said = {row["vm_size"]: int(row["vcpus"]) for row in csv.DictReader(lines) if row["vcpus"]}
    wrong = {name: (azure_cores(name), cores) for name, cores in said.items() if azure_cores(name) != cores}
    # The list counts all 64 here; the name, as those of its sisters, says that 32 are left.
    assert wrong == {"Standard_M64-32bds_1_v3": (32, 64)}


def test_offers_by_name() -> None:
    """The lab's own sizes and Azure's, in the order asked for; the price grows with the cores."""
    small, own, large = offers_of(["Standard_F2s_v2", "lab.c1", "Standard_F72s_v2", "nothing"])
    assert own in OFFERS
    assert (small.cores, large.cores) == (2, 72)
    assert large.price_per_hour == pytest.approx(36 * small.price_per_hour)
