"""Suite ``p1812``: basic transmission loss of ITU-R P.1812-7 beside the validation profiles.

The files are those of study group 3 as its reference code ships them (eeveetza/Py1812 and the tests of
crc-covlib at bc72be0, MIT); the losses are of the MATLAB code that working party 3K approved. A file has no
distances to the coast: the losses were made with 500 km.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rabta.radio.terrain import p1812, profile
from rabta.verify import Row, suite
from rabta.verify.radio.terrain import reading
from rabta.verify.radio.terrain.reading import Profile, Sheet

TOLERANCE_DB = 1e-5
SOURCE = "validation profiles of ITU-R study group 3, by the MATLAB code of working party 3K"
INLAND_COAST_KM = 500.0
# b2iseac_rural_land_1km: 95.3 MHz horizontal, 60 m to 7 m; 1, 10 and 50 % of the time
QUOTED = Sheet(
    "b2iseac_rural_land_1km",
    (53.1833333333, -6.3333333333, 53.1876885850, -6.3202462429),
    45.0,
    326.079979,
    Profile(
        np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        np.array([754.4, 754.4, 729.9, 685.3, 634.3, 610.3]),
        np.full(6, 10.0),
        np.full(6, 4, dtype=np.uint8),
    ),
    np.array(
        [[95.3, 60.0, 7.0, 1.0, 1.0, 87.0385433], [95.3, 60.0, 7.0, 1.0, 10.0, 87.30268122],
         [95.3, 60.0, 7.0, 1.0, 50.0, 87.48987104]]
    ),
)  # fmt: skip


@suite("p1812", "Loss over terrain of ITU-R P.1812-7", needs="any CSV profile of study group 3 with losses")
def rows(files: Path | None) -> list[Row]:
    """Every loss of every file; without files one profile that is quoted here."""
    sheets = reading.sheets(files) if files else [QUOTED]
    found = []
    for sheet in sheets:
        with reading.errors_of(sheet.file):
            found += _rows(sheet)
    return found


def _rows(sheet: Sheet) -> list[Row]:
    mhz, tx, rx, kind, percent, theirs = sheet.losses.T
    ground = sheet.profile
    middle = profile.along(*sheet.ends, 0.5 * ground.distance_km[-1])[0]
    path = profile.profiles(
        ground.distance_km, ground.ground_m, clutter_m=ground.clutter_m, zone=ground.zone,
        latitude_deg=middle, delta_n=sheet.delta_n, n0=sheet.n0,
    )  # fmt: skip
    ours = p1812.loss_db(
        path, mhz / 1e3, tx, rx, time_percent=percent,
        polarisation=["vertical" if k == 2.0 else "horizontal" for k in kind],
        tx_coast_km=INLAND_COAST_KM, rx_coast_km=INLAND_COAST_KM,
    )  # fmt: skip
    return [
        Row(f"{sheet.name}, {f:g} MHz, {p:g} %, dB", float(a), float(b), TOLERANCE_DB, SOURCE)
        for f, p, a, b in zip(mhz, percent, ours, theirs, strict=True)
    ]
