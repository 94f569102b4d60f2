"""Suite ``interference``: sums, borders, coexistence, jammers, two constellations.

TR 38.863's tables of results were not to be had: these rows hold relations that documents state, and compiled
sums beside brute force.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.radio.interference import _kernels, aggregate, article21, borders, coexistence, inline, jammers
from rabta.radio.patterns import earth
from rabta.verify import Row, suite

Array = NDArray[np.float64]

S1432 = "ITU-R S.1432-1: 6 % and 1 % of the noise, as I/N"
P1812 = "ITU-R P.1812: field of 1 kW ERP, 199.36 + 20 log10(f GHz) - L"
EXACT = "closed form"
BRUTE = "brute force in NumPy"
TARGETS = "NAWCWD TP 8347, section 4-4, gain factors of targets, as a public test quotes them"
ECHO = "NAWCWD TP 8347, section 4-4, 10 kW, 45 - 5 dB, 9 m2 at 31 km, 5 GHz, as a public test quotes it"
CURVE = "3GPP TR 36.942, annex A, table A.1: ThrMAX at its SNIRMAX"
TRIP = "the formula and its inverse meet"
SPECTRUM = "square of the code's spectrum, integrated: 1 / (Rc times the integral of G(f) squared)"
FCC = "47 CFR 25.208 (a), (b)(1), (b)(2), as of October 2016: the rows of RR Table 21-4"
SIZE = "Radio Regulations, No. 21.16.6: both formulas at N = 288"
ACIR = "1 / (1/ACLR + 1/ACS), 3GPP TR 36.942, clause 5.1.1.4"


@suite("interference", "Interference: sums, borders, coexistence, jammers")
def rows(_files: Path | None) -> list[Row]:
    """All parts."""
    parts = (_sums, _borders, _article21, _coexistence, _jammers, _radar, _constellations)
    return [row for part in parts for row in part()]


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


def _article21() -> list[Row]:
    quoted = {
        "c-gso": (-152.0, -147.0, -142.0),
        "ku-gso": (-150.0, -145.0, -140.0),
        "ku-ngso": (-126.0, -121.0, -116.0),
    }
    found = [
        Row(f"limit {name} at {angle:g} deg, dB(W/m2)", float(ours), theirs, 1e-9, FCC)
        for name, values in quoted.items()
        for angle, ours, theirs in zip(
            (5.0, 15.0, 25.0),
            article21.limit_dbw_m2(article21.limit(name), [5.0, 15.0, 25.0]),
            values,
            strict=True,
        )
    ]
    above = float(article21.size_db(288.0 + 1e-9))
    return [*found, Row("X of 288 satellites, from above, dB", above, 10.0, 1e-6, SIZE)]


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
    down = float(coexistence.throughput_bps_hz(22.0))
    up = float(coexistence.throughput_bps_hz(15.0, "up"))
    found += [
        Row("throughput down at 22 dB, bit/s/Hz", down, 4.4, 0.05, CURVE),
        Row("throughput up at 15 dB, bit/s/Hz", up, 2.0, 0.05, CURVE),
    ]
    return [*found, Row("throughput at its cap, bit/s/Hz", top, 0.6 * float(np.log2(1001.0)), 1e-12, EXACT)]


def _jammers() -> list[Row]:
    tolerable = jammers.tolerable_j_s_db(44.0, 28.0)
    back = float(jammers.effective_cn0_dbhz(44.0, tolerable))
    limit = jammers.radar_burn_through_km(10.0, 80.0, 9.0)
    reach = float(jammers.gnss_jammer_range_km(-20.0, 40.0))
    power = float(jammers.received_dbw(-20.0, reach, jammers.GPS_L1_GHZ)) - jammers.GPS_L1_DBW
    screened = float(jammers.radar_j_s_db(10.0, 80.0, 9.0, limit))
    f = np.linspace(-500.0, 500.0, 2_000_001)  # in chip rates
    matched = 1.0 / float((np.sinc(f) ** 4).sum() * (f[1] - f[0]))
    spread = float(jammers.processing_gain_db(1.023e6, 50.0))
    return [
        Row("GPS C/A at its J/S: C/N0, dB-Hz", back, 28.0, 1e-9, TRIP),
        Row("Q of a jammer with the code's spectrum", jammers.QUALITY["matched"], matched, 1e-6, SPECTRUM),
        Row("radar at its burn-through: J/S, dB", screened, 0.0, 1e-9, TRIP),
        Row("J/S at the range of a 10 mW jammer, dB", power, 40.0, 1e-9, TRIP),
        Row("processing gain of GPS C/A at 50 bit/s, dB", spread, 43.1, 0.05,
            EXACT),
    ]  # fmt: skip


def _radar() -> list[Row]:
    """Gains of targets, the handbook's echo, and J/S beside jammer and echo one by one."""
    table = ((0.5, 9.0, 24.98), (1.0, 9.0, 31.00), (5.0, 9.0, 44.98), (7.0, 9.0, 47.90), (10.0, 9.0, 51.00),
             (20.0, 9.0, 57.02), (40.0, 9.0, 63.04), (0.5, 100.0, 35.44), (1.0, 100.0, 41.46),
             (5.0, 100.0, 55.44), (7.0, 100.0, 58.36), (10.0, 100.0, 61.46), (20.0, 100.0, 67.48),
             (40.0, 100.0, 73.50))  # fmt: skip
    found = [
        Row(f"gain of {area:g} m2 at {ghz:g} GHz, dB",
            float(jammers.target_gain_db(area, ghz)), gain, 0.0051, TARGETS)
        for ghz, area, gain in table
    ]  # fmt: skip
    echo = float(jammers.radar_echo_dbw(80.0, 40.0, 9.0, 31.0, 5.0))
    jam = float(jammers.received_dbw(10.0, 31.0, 5.0)) + 40.0
    ratio = float(jammers.radar_j_s_db(10.0, 80.0, 9.0, 31.0))
    return [
        *found,
        Row("echo of the handbook's radar, dBm", echo + 30.0, -77.53, 0.01, ECHO),
        Row("J/S of 10 dBW against it: jammer less echo, dB", ratio, jam - echo, 1e-9, EXACT),
    ]


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
