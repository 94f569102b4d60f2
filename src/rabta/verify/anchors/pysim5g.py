"""pysim5g: spectral efficiency by channel quality, cost of a square kilometre, sharing, and four defects.

Source: Oughton, Katsaros, Entezami and others, "An Open-Source Techno-Economic Assessment Framework for 5G
Deployment", IEEE Access 7, 2019 (10.1109/ACCESS.2019.2949460), and the tests of its open repository (MIT)
at eb99ea6. The efficiency of a channel quality index is bits a symbol times code rate (TS 38.214, tables
5.2.2.1-2 and 5.2.2.1-3); its "8x8" table is stated without a formula and is not recomputed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.plan.finance import annuity
from rabta.verify import Row, suite
from rabta.verify.anchors import printed

Array = NDArray[np.float64]

SOURCE = "IEEE Access 7 (2019), 10.1109/ACCESS.2019.2949460; tests of the repository at eb99ea6"
QPSK, QAM16, QAM64, QAM256 = 2, 4, 6, 8
# SINR in dB at which each index holds
SINR_DB = (-6.7, -4.7, -2.3, 0.2, 2.4, 4.3, 5.9, 8.1, 10.3, 11.7, 14.1, 16.3, 18.7, 21.0, 22.7)
# bits a symbol, code rate x 1024, printed efficiency
TABLE = {
    "4G": (
        *((QPSK, 78, "0.1523"), (QPSK, 120, "0.2344"), (QPSK, 193, "0.377"), (QPSK, 308, "0.6016")),
        *((QPSK, 449, "0.877"), (QPSK, 602, "1.1758"), (QAM16, 378, "1.4766"), (QAM16, 490, "1.9141")),
        *((QAM16, 616, "2.4063"), (QAM64, 466, "2.7305"), (QAM64, 567, "3.3223"), (QAM64, 666, "3.9023")),
        *((QAM64, 772, "4.5234"), (QAM64, 873, "5.1152"), (QAM64, 948, "5.5547")),
    ),
    "5G": (
        *((QPSK, 78, "0.1523"), (QPSK, 193, "0.377"), (QPSK, 449, "0.877"), (QAM16, 378, "1.4766")),
        *((QAM16, 490, "1.9141"), (QAM16, 616, "2.4063"), (QAM64, 466, "2.7305"), (QAM64, 567, "3.3223")),
        *((QAM64, 666, "3.9023"), (QAM64, 772, "4.5234"), (QAM64, 873, "5.1152"), (QAM256, 711, "5.5547")),
        *((QAM256, 797, "6.2266"), (QAM256, 885, "6.9141"), (QAM256, 948, "7.4063")),
    ),
}

RADIUS_KM, SECTORS, NETWORKS = 0.25, 3, 2
RATE, YEARS, OPEX_SHARE = 0.035, 10, 0.10
SITE, BACKHAUL, ACTIVE = "passive site", "passive backhaul", "MORAN"


@dataclass(frozen=True)
class Item:
    """One item of a site.

    Attributes
    ----------
    usd : float
        Price of one.
    kind : str
        "kit" is bought and run, "works" is bought, "rent" is paid every year.
    shared : tuple of str
        Strategies that share it, besides MORAN, which shares all.
    printed : str
        US$ by square kilometre without sharing.
    halved : str
        The same shared between two networks.
    """

    usd: float
    kind: str
    printed: str
    halved: str
    shared: tuple[str, ...] = ()
    count: int = 1


ITEMS = {
    "antennas": Item(1500.0, "kit", "38675", "19338", count=SECTORS),
    "remote radio units": Item(4000.0, "kit", "103134", "51567", count=SECTORS),
    "baseband unit": Item(10_000.0, "kit", "85945", "42973"),
    "tower": Item(10_000.0, "works", "46188", "23094", (SITE,)),
    "civil works": Item(5000.0, "works", "23094", "11547", (SITE,)),
    "transport": Item(10_000.0, "works", "46188", "23094", (SITE,)),
    "installation": Item(5000.0, "works", "23094", "11547", (SITE,)),
    "site rental": Item(9600.0, "rent", "381669", "190835", (SITE, BACKHAUL)),
    "power system": Item(5000.0, "kit", "42973", "21486", (SITE,)),
    "backhaul": Item(15_000.0, "kit", "128918", "64459", (BACKHAUL,)),
    "router": Item(2000.0, "kit", "17189", "8595", (BACKHAUL,)),
}


def sites_km2(radius_km: float) -> float:
    """Sites of a hexagonal grid whose neighbours are two radii apart."""
    return 2.0 / (math.sqrt(3.0) * (2.0 * radius_km) ** 2)


def present_usd(item: Item) -> float:
    """Present value of one item over ten years; running costs fall at the beginning of each year."""
    years = annuity(RATE, YEARS, first_year=0)
    return item.usd * {"kit": 1.0 + OPEX_SHARE * years, "works": 1.0, "rent": years}[item.kind]


def cost_km2(item: Item, strategy: str = "") -> float:
    """US$ by square kilometre and network under a strategy of sharing."""
    shared = strategy == ACTIVE or strategy in item.shared
    return present_usd(item) * item.count * sites_km2(RADIUS_KM) / (NETWORKS if shared else 1)


def efficiency(generation: str, sinr_db: float) -> float:
    """Bits a second and hertz at a SINR: bits a symbol times code rate; none below the first index."""
    index = int(np.searchsorted(SINR_DB, sinr_db, side="right")) - 1
    if index < 0:
        return 0.0
    bits, rate, _ = TABLE[generation][index]
    return bits * rate / 1024.0


@suite("pysim5g", "pysim5g: spectral efficiency, cost of a square kilometre, sharing")
def pysim5g(_files: Path | None) -> list[Row]:
    """Efficiencies at their SINR, costs under four strategies, defects."""
    return [*_efficiency_rows(), *_cost_rows(), *_defect_rows()]


def _efficiency_rows() -> list[Row]:
    source = "TS 38.214, tables 5.2.2.1-2 and 5.2.2.1-3, as in the repository's look-up table"
    return [
        printed(f"{generation}, at {sinr:g} dB: bit/s/Hz", efficiency(generation, sinr), text, source)
        for generation, table in TABLE.items()
        for sinr, (_, _, text) in zip(SINR_DB, table, strict=True)
    ]


def _cost_rows() -> list[Row]:
    kit = present_usd(Item(1500.0, "kit", "", ""))
    rows = [
        printed("present value of an antenna, US$", kit, "2791", SOURCE),
        printed("factor of kit that costs a tenth a year to run", kit / 1500.0, "1.8608", SOURCE),
    ]
    for strategy in ("", SITE, BACKHAUL, ACTIVE):
        for name, item in ITEMS.items():
            shared = strategy == ACTIVE or strategy in item.shared
            text = item.halved if shared else item.printed
            what = f"{strategy or 'no'} sharing, {name}: US$/km2"
            rows.append(printed(what, cost_km2(item, strategy), text, SOURCE))
    return rows


def _defect_rows() -> list[Row]:
    """What its code does, beside what it should."""
    equal = float(10.0 * np.log10(10.0**-6.2 + 10.0**-6.2) - np.log10(10.0**-62.0 + 10.0**-62.0))
    code = "its code: system_simulator.py at eb99ea6"
    return [
        printed(
            "defect, two equal interferers: missed because 10^dB stands for 10^(dB/10), dB",
            equal,
            "2.71",
            f"{code}, estimate_sinr",
        ),
        printed(
            "defect, 4G at -3 dB: bit/s/Hz; the code gives 0, comparing dB with an efficiency",
            efficiency("4G", -3.0),
            "0.2344",
            f"{code}, estimate_spectral_efficiency",
        ),
        printed(
            "defect, 4G at 23 dB: bit/s/Hz; the code gives 7.4063, the last row being 5G's",
            efficiency("4G", 23.0),
            "5.5547",
            f"{code}, estimate_spectral_efficiency",
        ),
        printed(
            "defect, 4G index 14: code rate x 1024 of 5.1152 bit/s/Hz; run.py has 973",
            float(TABLE["4G"][13][2]) / QAM64 * 1024.0,
            "873",
            "scripts/run.py at eb99ea6",
        ),
    ]
