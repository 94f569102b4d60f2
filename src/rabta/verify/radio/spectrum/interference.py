"""Suite ``interference``: sums, borders, coexistence, jammers, two constellations.

TR 38.863's tables of results were not to be had: these rows hold relations that documents state, and compiled
sums beside brute force.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.radio.interference import _kernels, aggregate, borders, coexistence, inline, jammers
from rabta.radio.patterns import earth
from rabta.verify import Row, suite

Array = NDArray[np.float64]

S1432 = "ITU-R S.1432-1: 6 % and 1 % of the noise, as I/N"
P1812 = "ITU-R P.1812: field of 1 kW ERP, 199.36 + 20 log10(f GHz) - L"
EXACT = "closed form"
BRUTE = "brute force in NumPy"
ACIR = "1 / (1/ACLR + 1/ACS), 3GPP TR 36.942, clause 5.1.1.4"


@suite("interference", "Interference: sums, borders, coexistence, jammers")
def rows(_files: Path | None) -> list[Row]:
    """All parts."""
    return [*_sums(), *_borders(), *_coexistence(), *_jammers(), *_constellations()]


def _sums() -> list[Row]:
    share = aggregate.i_n_of_noise_share_db([6.0, 1.0])
    rise = aggregate.noise_rise_db([-10.0, -6.0])
    return [
        Row("I/N of 6 % of the noise, dB", float(share[0]), -12.2, 0.05, S1432),
        Row("I/N of 1 % of the noise, dB", float(share[1]), -20.0, 1e-9, S1432),
        Row("noise rise at I/N -10 dB", float(rise[0]), 0.414, 5e-4, EXACT),
        Row("noise rise at I/N -6 dB", float(rise[1]), 0.973, 5e-4, EXACT),
        Row(
            "k T B at 290 K in 1 Hz, dBm",
            float(aggregate.noise_dbw(290.0, 1e-6)) + 30.0,
            -173.98,
            0.005,
            EXACT,
        ),
    ]


def _borders() -> list[Row]:
    erp = 30.0 + 2.15  # 1 kW, dBi
    found = [
        Row(
            f"field of 1 kW ERP behind 150 dB at {ghz:g} GHz, dBuV/m",
            float(borders.field_dbuv_m(erp, 150.0, ghz * 1e3)),
            49.36 + 20.0 * float(np.log10(ghz)), 0.02, P1812,
        )
        for ghz in (0.6, 2.6)
    ]  # fmt: skip
    flux = float(borders.pfd_dbw_m2(0.0, 20.0 * np.log10(4e3 * np.pi / 0.0856549880), 3500.0))
    near = Row(
        "flux of 1 W at 1 km in free space, dBW/m2", flux, -10.0 * float(np.log10(4e6 * np.pi)), 1e-6, EXACT
    )
    return [*found, near]


def _coexistence() -> list[Row]:
    pairs = (
        ("tn-bs", "tn-ue", 32.7),
        ("san-leo", "tn-ue", 23.5),
        ("san-geo", "tn-ue", 13.9),
        ("ntn-ue", "tn-bs", 29.9),
    )
    found = [
        Row(f"ACIR from {a} to {b}, dB", coexistence.acir_between(a, b), value, 0.06, ACIR)
        for a, b, value in pairs
    ]
    top = float(coexistence.throughput_bps_hz(40.0))
    return [*found, Row("throughput at its cap, bit/s/Hz", top, 0.6 * float(np.log2(1001.0)), 1e-12, EXACT)]


def _jammers() -> list[Row]:
    tolerable = jammers.tolerable_j_s_db(44.0, 28.0)
    back = float(jammers.effective_cn0_dbhz(44.0, tolerable))
    limit = jammers.radar_burn_through_km(10.0, 80.0, 9.0)
    reach = float(jammers.gnss_jammer_range_km(-20.0, 40.0))
    power = float(jammers.received_dbw(-20.0, reach, jammers.GPS_L1_GHZ)) - jammers.GPS_L1_DBW
    screened = float(jammers.radar_j_s_db(10.0, 80.0, 9.0, limit))
    spread = float(jammers.processing_gain_db(1.023e6, 50.0))
    return [
        Row("GPS C/A at its J/S: C/N0, dB-Hz", back, 28.0, 1e-9, "Kaplan, equation (6.7), inverted"),
        Row("radar at its burn-through: J/S, dB", screened, 0.0, 1e-9, EXACT),
        Row("J/S at the range of a 10 mW jammer, dB", power, 40.0, 1e-9, EXACT),
        Row("processing gain of GPS C/A at 50 bit/s, dB", spread, 43.1, 0.05,
            EXACT),
    ]  # fmt: skip


def _constellations() -> list[Row]:
    rng = np.random.default_rng(5)
    place, up = np.array([6.378e6, 0.0, 0.0]), np.array([1.0, 0.0, 0.0])
    wanted, other = (np.ascontiguousarray(_shell(rng, 40, n, h)) for n, h in ((60, 550e3), (80, 1200e3)))
    table, step = inline._table(earth.S1428(0.6, 12.0))
    found = np.empty(40, dtype=np.int64), np.empty(40), np.empty(40), np.empty(40)
    _kernels.over_place(
        place, up, wanted, other, 0.4, 0.2, table, step, found[0], found[1], found[2], found[3]
    )
    theirs = _kernels.over_place_reference(place, up, wanted, other, 0.4, 0.2, table, step)
    seen = theirs[0] >= 0
    worst = float(np.abs(found[3][seen] / np.maximum(theirs[3][seen], 1e-300) - 1.0).max())
    same = float((found[0] == theirs[0]).mean())
    return [
        Row("two constellations: steps with the same serving satellite", same, 1.0, 0.0, BRUTE),
        Row("two constellations: largest relative error of a sum", worst, 0.0, 1e-9, BRUTE),
    ]


def _shell(rng: np.random.Generator, steps: int, count: int, height: float) -> Array:
    """Random places of a shell, most of them over the place."""
    raw = rng.normal(size=(steps, count, 3)) * 0.25 + np.array([1.0, 0.0, 0.0])
    return np.asarray((6.378e6 + height) * raw / np.linalg.norm(raw, axis=2, keepdims=True))
