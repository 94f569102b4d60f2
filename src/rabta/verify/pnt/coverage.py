"""Suite ``coverage``: satellites in view and dilution of precision over a country, beside a table."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.pnt import gnsstime
from rabta.pnt.service import geometry, sky
from rabta.verify import Row, suite

Array = NDArray[np.float64]

SOURCE = (
    "Whole design matrices in NumPy, 270 places at 1 degree around Pakistan, 288 instants of 9 March 2026, "
    "the same broadcast ephemerides (own prototype of the design, as BRD400 has them)"
)
CASES = (
    "gps",
    "beidou",
    "beidou-3",
    "beidou-3-meo",
    "galileo",
    "beidou-lost",
    "gps-lost",
    "gps-beidou",
    "all",
)
# Mean satellites, PDOP of 95 %, share with PDOP below 6 in %; NaN where the table has none.
TABLE: dict[float, tuple[tuple[float, float, float], ...]] = {
    5.0: (
        *(
            (10.0, 2.05, 100.0),
            (21.3, 1.47, 100.0),
            (11.4, 1.97, 100.0),
            (7.6, 2.93, 99.997),
            (8.3, 2.46, 100.0),
        ),
        *((18.3, 1.33, 100.0), (29.6, 1.09, 100.0), (31.3, 1.04, 100.0), (39.6, 0.87, 100.0)),
    ),
    15.0: (
        *(
            (7.8, 3.66, 98.92),
            (17.6, 2.26, 100.0),
            (8.9, 2.95, 99.64),
            (6.0, 6.36, 93.56),
            (6.5, 3.57, 98.44),
        ),
        *((14.3, 2.04, 100.0), (24.1, 1.62, 100.0), (25.4, 1.52, 100.0), (31.9, 1.26, 100.0)),
    ),
    30.0: (
        *((5.2, 32.6, 68.3), (13.5, 4.57, 99.37), (6.2, 10.4, 70.2), (4.0, np.nan, 25.1), (4.3, 477.0, 30.9)),
        *((9.5, 5.61, 96.1), (17.7, 3.25, 100.0), (18.7, 2.88, 100.0), (22.9, 2.45, 100.0)),
    ),
}
# Accepted: the table's rounding; it also counts C22 in the hour for which its message says "do not use".
ROUNDED = (0.08, 0.01, 0.1)


@suite("coverage", "Navigation over a country: satellites in view, dilution, availability")
def rows(_files: Path | None) -> list[Row]:
    """Every number of the table."""
    found = []
    for mask, lines in TABLE.items():
        for case, theirs, ours in zip(CASES, lines, figures(mask), strict=True):
            for name, a, b, limit in zip(
                ("satellites", "PDOP 95 %", "PDOP < 6, %"), ours, theirs, ROUNDED, strict=True
            ):
                if np.isfinite(b):
                    found.append(_row(f"{case}, above {mask:g} deg: {name}", a, b, limit))
    return found


def _row(name: str, ours: float, theirs: float, limit: float) -> Row:
    """A row; a dilution of hundreds is known to its third digit, because nearly singular."""
    loose = max(limit, 0.003 * theirs) if theirs > 10.0 else limit
    return Row(name, ours, theirs, loose * 1.01, SOURCE)


@cache
def day() -> sky.Day:
    """The prototype's satellites: healthy in the older messages only."""
    times = gnsstime.from_calendar("2026-03-09") + np.arange(288) * 300 * gnsstime.NS
    kinds = {"C": ("D1", "D2"), "E": ("INAV",), "G": ("LNAV",)}
    return sky.over(sky.messages("2026-03-09"), times, kinds)


def figures(mask_deg: float) -> list[tuple[float, float, float]]:
    """Mean satellites, dilution of 95 % of places and instants, and share below 6, of each case."""
    found, of = day(), day().satellites
    chinese, newer = of.system == "C", of.generation == 3
    american, european = of.system == "G", of.system == "E"
    middle = newer & (of.orbit == "meo")
    keep = [american, chinese, newer, middle, european, american | european, chinese | european]
    keep += [american | chinese, american | chinese | european]
    grouped = geometry.groups(of.number, np.array(keep))
    lat, lon = np.meshgrid(np.arange(23.5, 38.0), np.arange(60.5, 78.0), indexing="ij")
    plain = geometry.Weights(np.zeros(len(keep), np.int64), np.ones((1, of.prn.size, 91)))
    all_ = geometry.figures(geometry.users(lat.ravel(), lon.ravel()), found.sky, grouped, plain, mask_deg)
    pdop = np.minimum(all_["pdop"].astype(np.float64), 1e9)
    high = np.percentile(pdop, 95, axis=(0, 2))
    share = 100.0 * (pdop < 6.0).mean(axis=(0, 2))
    return list(zip(all_.count.mean(axis=(0, 2)).tolist(), high.tolist(), share.tolist(), strict=True))
