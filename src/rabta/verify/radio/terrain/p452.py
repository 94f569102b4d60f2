"""Suite ``p452``: basic transmission loss of ITU-R P.452-18 beside the validation examples.

The files are those of study group 3 as its reference code ships them (eeveetza/Py452 and the tests of
crc-covlib at bc72be0, MIT): profiles, and results with every intermediate value by the MATLAB code that
working party 3M approved. Losses are held one by one, the intermediate values of a file by their largest
difference.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.radio.terrain import p452, profile
from rabta.verify import Row, suite
from rabta.verify.radio.terrain import reading
from rabta.verify.radio.terrain.reading import Profile

Array = NDArray[np.float64]

TOLERANCE_DB = 1e-5
INNER_DB = 1e-4  # diffraction over 1,000 km is 1,100 dB, and the files round delta N to six decimals
SOURCE = "validation examples of ITU-R P.452-18, by the MATLAB code of working party 3M"
INNER = {
    "Lbfsg": "free_space_db", "Lb0p": "line_of_sight_p_db", "Lb0b": "line_of_sight_b0_db",
    "Ldsph": "spherical_50_db", "Ld50": "diffraction_50_db", "Ldp": "diffraction_p_db",
    "Lbs": "troposcatter_db", "Lba": "ducting_db",
}  # fmt: skip
# flat land, 100 km, 10 m antennas, 20 and 5 dBi, vertical: GHz, %, dB
FLAT = (
    *((2.0, 50.0, 194.24974628), (0.1, 50.0, 156.83714224), (0.5, 50.0, 177.92007951)),
    *((10.0, 50.0, 210.86331887), (20.0, 50.0, 221.08704158), (50.0, 50.0, 255.13468001)),
    *((2.0, 0.01, 132.5310499), (2.0, 0.1, 138.24075848), (2.0, 1.0, 152.49711116)),
    *((2.0, 10.0, 185.1227268), (2.0, 30.0, 190.7295876)),
)
FLAT_PLACE = (0.0, 51.8, 0.0, 50.9007)
FLAT_AIR = (42.496465, 326.521892)


@suite(
    "p452",
    "Interference over terrain of ITU-R P.452-18",
    needs="profiles/test_profile_*.csv and results/test_result_*.csv of study group 3",
)
def rows(files: Path | None) -> list[Row]:
    """Every loss of every file; without files one example that is quoted here."""
    found = []
    for path, ground, columns in reading.results(files) if files else [_flat()]:
        with reading.errors_of(path if files else None):
            found += _rows(path.stem.replace("test_result_", ""), ground, columns)
    return found


def _flat() -> tuple[Path, Profile, dict[str, Array]]:
    distance = np.arange(101.0)
    ground = Profile(distance, 0.0 * distance, 0.0 * distance, np.full(101, 4, dtype=np.uint8))
    ghz, percent, loss = np.array(FLAT).T
    fixed = (10.0, 10.0, *FLAT_PLACE, 20.0, 5.0, 2.0, 500.0, 500.0, 1013.0, 15.0, *FLAT_AIR)
    columns = dict(zip(reading.RESULT, (ghz, percent, *(np.full(len(ghz), v) for v in fixed)), strict=False))
    return Path("flat_land_100km"), ground, {**columns, "Lb": loss}


def _rows(name: str, ground: Profile, columns: dict[str, Array]) -> list[Row]:
    parts = _parts(ground, columns)
    losses = zip(columns["f (GHz)"], columns["p (%)"], parts["loss_db"], columns["Lb"], strict=True)
    rows = [
        Row(f"{name}, {f:g} GHz, {p:g} %, dB", float(a), float(b), TOLERANCE_DB, SOURCE)
        for f, p, a, b in losses
    ]
    for column, own in INNER.items():
        if column in columns:
            worst = int(np.argmax(np.abs(parts[own] - columns[column])))
            pair = float(parts[own][worst]), float(columns[column][worst])
            rows.append(Row(f"{name}, {column}, worst of {len(columns['Lb'])}, dB", *pair, INNER_DB, SOURCE))
    return rows


def _parts(ground: Profile, columns: dict[str, Array]) -> dict[str, Array]:
    lat1, lon1 = columns["phit_n (deg)"], columns["phit_e (deg)"]
    lat2, lon2 = columns["phir_n (deg)"], columns["phir_e (deg)"]
    count = len(columns["Lb"])
    path = profile.profiles(
        np.broadcast_to(ground.distance_km, (count, len(ground.distance_km))),
        np.broadcast_to(ground.ground_m, (count, len(ground.ground_m))),
        clutter_m=ground.clutter_m, zone=ground.zone,
        latitude_deg=profile.along(lat1, lon1, lat2, lon2, 0.5 * ground.distance_km[-1])[0],
        delta_n=columns["DN"], n0=columns["N0"],
    )  # fmt: skip
    query = {
        "frequency_ghz": columns["f (GHz)"], "time_percent": columns["p (%)"],
        "tx_height_m": columns["htg (m)"], "rx_height_m": columns["hrg (m)"],
        "vertical": (columns["pol (1-h/2-v)"] == 2.0).astype(np.float64),
        "gains_dbi": columns["Gt (dBi)"] + columns["Gr (dBi)"],
        "tx_coast_km": columns["dct (km)"], "rx_coast_km": columns["dcr (km)"],
        "pressure_hpa": columns["press (hPa)"], "temperature_k": columns["temp (deg C)"] + 273.15,
    }  # fmt: skip
    return p452.parts(path, query)
