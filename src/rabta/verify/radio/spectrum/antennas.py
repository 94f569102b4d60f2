"""Suite ``antennas``: reference patterns, arrays, apertures and beam layouts beside values of other programs.

Sources: examples in the Recommendations, test values of open simulators (numbers only), and the table of an
independent re-simulation of TR 38.821's layout, labelled so: the report's own tables were not to be had.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rabta.radio.patterns import arrays, earth, fixed, satellites, sectors, shapes
from rabta.radio.patterns.beams import downlink
from rabta.verify import Row, suite

SHARC = "test values of SHARC 1.0.1 (Anatel)"
PYCRAF = "test values of pycraf 2.1"
LIBRARY = "test values of an implementation of the ITU's antenna pattern library (Springbok)"
S1528 = "ITU-R S.1528-0, annex 2, example for recommends 1.4"
ENVELOPE = "32 - 25 log10(phi) of S.465-6 and 29 - 25 log10(phi) of S.580-6, evaluated by hand"
BEAMWIDTH = "3GPP TR 38.821, tables 6.1.1.1-1 and -2"
LAYOUT = "independent re-simulation of 3GPP TR 38.821, clause 6.1.1, 60 users a beam; not the report's table"
NAN = float("nan")

APERTURES = (
    (22.0, 2.0, 0.4011),
    (5.0, 20.0, 0.1765),
    (2.0, 2.0, 4.4127),
    (0.5, 20.0, 1.7647),
    (1.0, 2.0, 8.832),
)
# altitude km, elevation, GHz, aperture m, half power deg, gain dBi, EIRP dBW/MHz, user dBi, user G/T dB/K
_GEO_KA = (35786.0, 45.0, 20.0, 5.0, 0.1765, 58.5, 40.0, 39.7, 15.9)
_GEO_S = (35786.0, 45.0, 2.0, 22.0, 0.4011, 51.0, 59.0, 0.0, -31.6)
_LEO_KA = (600.0, 90.0, 20.0, 0.5, 1.7647, 38.5, 4.0, 39.7, 15.9)
_LEO_S = (600.0, 90.0, 2.0, 2.0, 4.4127, 30.0, 34.0, 0.0, -31.6)
_LEO12_S = (1200.0, 90.0, 2.0, 2.0, 4.4127, 30.0, 40.0, 0.0, -31.6)
_LEO_S2 = (600.0, 90.0, 2.0, 1.0, 8.832, 24.0, 28.0, 0.0, -31.6)
# case: satellite, reuse, then 5, 50 and 95 % of coupling loss, SIR and SINR
CASES: dict[int, tuple[tuple[float, ...], int, tuple[float, ...]]] = {
    1: (_GEO_KA, 1, (111.8, 112.9, 114.1, -3.0, -1.1, 1.0, -3.2, -1.3, 0.8)),
    2: (_GEO_KA, 3, (111.8, 112.9, 114.1, 8.3, 9.0, 9.1, 6.8, 7.7, 7.9)),
    4: (_GEO_S, 1, (139.1, 140.1, 141.3, -3.0, -1.1, 1.0, -3.8, -2.1, -0.2)),
    5: (_GEO_S, 3, (139.0, 140.1, 141.3, 8.2, 9.0, 9.1, 2.3, 3.5, 4.2)),
    6: (_LEO_KA, 1, (95.9, 97.0, 98.2, -3.0, -1.0, 1.0, -3.2, -1.2, 0.8)),
    7: (_LEO_KA, 3, (96.0, 97.0, 98.2, 8.3, 9.0, 9.1, 6.8, 7.7, 7.8)),
    9: (_LEO_S, 1, (124.2, 125.3, 126.4, -3.0, -1.1, 1.0, -3.0, -1.2, 0.9)),
    10: (_LEO_S, 3, (124.2, 125.3, 126.5, 8.2, 9.0, 9.1, 7.3, 8.2, 8.4)),
    14: (_LEO12_S, 1, (130.2, 131.3, 132.5, -3.1, -1.1, 1.0, -3.1, -1.1, 0.9)),
    15: (_LEO12_S, 3, (130.2, 131.4, 132.5, 8.2, 9.0, 9.1, 7.3, 8.2, 8.3)),
    25: (_LEO_S2, 3, (130.4, 131.5, 132.7, 8.3, 8.9, 9.2, 5.3, 6.2, 6.7)),
}


@suite("antennas", "Antenna patterns, arrays and beam layouts")
def rows(_files: Path | None) -> list[Row]:
    """Envelopes, satellites, sectors, arrays, apertures, layouts, and errors of others."""
    parts = (_earth, _satellites, _taylor, _fixed, _sectors, _arrays, _apertures, _layouts, _defects)
    return [row for part in parts for row in part()]


def _many(
    name: str, angles: list[float], ours: object, theirs: list[float], tolerance: float, source: str
) -> list[Row]:
    found = np.ravel(np.asarray(ours, dtype=np.float64))
    return [
        Row(f"{name} at {angle:g}", float(a), b, tolerance, source)
        for angle, a, b in zip(angles, found, theirs, strict=True)
    ]


def _earth() -> list[Row]:
    at = [1.0, 2.0, 5.0, 10.0, 20.0, 60.0]
    s465 = earth.S465(6.0, 12.0, 56.0).gain_dbi(at)
    found = _many("S.465-6, dBi", at, s465, [32.0, 24.47, 14.53, 7.0, -0.53, -10.0], 0.005, ENVELOPE)
    near = [2.0, 5.0, 10.0]
    found += _many(
        "S.580-6, dBi", near, earth.S580(56.0).gain_dbi(near), [21.47, 11.53, 4.0], 0.005, ENVELOPE
    )
    wide = [0.2, 0.7, 5.0, 22.0, 150.0]
    large = [50.413404110801082, 32.872548999643577, 11.525749891599531, -3.5, -10.0]
    small = [43.636418133691890, 39.546122137725618, 11.525749891599531, -3.5, -10.0]
    for peak, theirs in ((54.4, large), (44.0, small)):
        found += _many(
            f"APEREC015V01, {peak} dBi", wide, earth.S580(peak).gain_dbi(wide), theirs, 1e-9, LIBRARY
        )
    return found


def _satellites() -> list[Row]:
    at = [0.0, 1.0, 2.0, 3.0, 6.0, 7.0, 8.0, 9.0, 10.0, 80.0, 100.0]
    far = {
        -20.0: [0, -3, -8.48, -20, -20, -21.10, -22.55, -23.83, -24.98, -39, -34.25],
        -30.0: [0, -3, -8.48, -30, -30, -31.10, -32.55, -33.83, -34.98, -39, -39],
    }
    found: list[Row] = []
    for near, theirs in far.items():
        gain = satellites.S1528(39.0, 2.0, near).gain_dbi(at) - 39.0
        found += _many(f"S.1528, Ls {near:g}, dB", at, gain, theirs, 0.01, SHARC)
    at = [1.0, 2.0, 3.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    arc = {
        -20.0: [-3, -12, -20, -20, -21.12, -22.57, -23.85, -25.0],
        -30.0: [-3, -12, -27, -30, -31.12, -32.57, -33.85, -35.0],
    }
    for near, theirs in arc.items():
        gain = satellites.S672(50.0, 2.0, near).gain_dbi(at) - 50.0
        found += _many(f"S.672-4, Ls {near:g}, dB", at, gain, theirs, 0.01, SHARC)
    return found


def _taylor() -> list[Row]:
    taylor = satellites.S1528Taylor(0.0, 12.0, 0.35, 0.35)
    found = [
        Row(f"S.1528 Taylor, mu {i}", float(root), value, 1e-3, S1528)
        for i, (root, value) in enumerate(zip(taylor.roots, (1.219, 2.233, 3.238), strict=True), 1)
    ]
    return [
        *found,
        Row("S.1528 Taylor, A", taylor.spread, 0.95277, 1e-5, S1528),
        Row("S.1528 Taylor, sigma", taylor.dilation, 1.1692, 1e-4, S1528),
    ]


def _fixed() -> list[Row]:
    wave = 0.299792458
    at = np.logspace(0.0, 2.0, 10)
    ours = fixed.F699(20.0, 1.0, wave / 0.21).gain_dbi(at)
    theirs = [19.94331066, 19.84225854, 19.56107501, 18.77866514, 16.60156321, NAN, 11.88885961, 6.33330406]
    found = [
        Row(f"F.699-8, D/wavelength 4.76 at {a:.3g}", float(g), t, 1e-7, PYCRAF)
        for a, g, t in zip(at, ours, theirs, strict=False)
        if np.isfinite(t)
    ]
    for ghz, diameter in ((12.0, 1.0), (80.0, 0.6)):
        dish = fixed.F1245(earth.dish_peak_dbi(diameter, ghz), diameter, ghz)
        last = dish.last_deg
        step = float(dish.gain_dbi(last - 1e-9) - dish.gain_dbi(last))
        found.append(
            Row(f"F.1245-3 at {ghz:g} GHz: step at {last:g} degrees, dB", step, 0.0, 0.1, "continuity")
        )
    return found


def _sectors() -> list[Row]:
    sector = sectors.Sector(18.0, 2.6)
    found = [
        Row("F.1336-5 sector: elevation width, deg", sector.theta_3, 7.55, 0.01, SHARC),
        Row("F.1336-5 sector: G180, dB", sector.floor_db, -24.45, 0.01, SHARC),
    ]
    pairs = ((0.0, 0.0, 18.0), (30.0, -45.0, -1.48), (150.0, -90.0, -6.45))
    found += [
        Row(f"F.1336-5 sector, peaks, at {a:g}, {e:g}", float(sector.gain_dbi(a, e)), v, 0.01, SHARC)
        for a, e, v in pairs
    ]
    az, el = np.arange(-180.0, 180.0, 0.5)[50:-50:150], np.arange(-90.0, 90.0, 0.5)[30:-30:70]
    average = sectors.Sector(18.0, 2.6, average=True)
    turned: dict[str, tuple[shapes.Pattern, list[float]]] = {
        "level": (average, [-8.73264105, -6.23545959, 1.55191039, -5.11617053, -8.16416531]),
        "40 deg down": (
            shapes.Tilted(average, mechanical_deg=40.0),
            [-4.21643061, -2.88936373, 3.69272869, -7.09347806, -9.45692316],
        ),
        "40 deg electrical": (
            shapes.Tilted(average, electrical_deg=40.0),
            [-8.04001291, 4.15502284, -4.88763097, -6.99775686, -8.60848865],
        ),
    }
    for name, (antenna, theirs) in turned.items():
        gain = antenna.gain_dbi(az[1], el)
        found += _many(f"F.1336-5 sector, averages, {name}", list(el), gain, theirs, 1e-6, PYCRAF)
    return found


def _arrays() -> list[Row]:
    element = arrays.Element(peak_dbi=5.0)
    az, el = np.linspace(-170.0, 170.0, 7), np.linspace(-65.0, 65.0, 4)
    steered = arrays.Planar(element=element, steer_azimuth_deg=-30.0, steer_elevation_deg=-15.0)
    theirs = [-38.41604646, -26.08025568, -19.27646106, -34.21285545, -33.92118696, -41.83896228, -43.4381214]
    found = _many("M.2101, 8 x 8 to -30, -15", list(az), steered.gain_dbi(az, el[0]), theirs, 1e-4, PYCRAF)
    sub = arrays.Planar(
        rows=4, row_spacing=1.5, sub_rows=4, sub_spacing=0.5, sub_tilt_deg=-10.0, element=element
    )
    theirs = [-27.81233515, -39.89825308, -30.50917819, -8.56348970, -30.50917819, -39.89825308, -27.81233515]
    found += _many("M.2101 with sub-arrays", list(az), sub.gain_dbi(az, el[3]), theirs, 1e-4, PYCRAF)
    half = arrays.Planar(element=element, steer_azimuth_deg=-30.0, steer_elevation_deg=-15.0, correlation=0.5)
    theirs = [-24.33945495, -23.73752951, -6.17816113, 0.86163716, -8.42762686, -26.15860178, -25.79662730]
    found += _many("M.2101, correlation 0.5", list(az), half.gain_dbi(az, el[1]), theirs, 1e-4, PYCRAF)
    small = arrays.Element(10.0, 75.0, 65.0, 25.0, 35.0)
    beam = arrays.Planar(2, 2, 0.5, 0.5, small, 45.0, -90.0)
    found.append(
        Row("M.2101, 2 x 2, nadir beam at 0, 30", float(beam.gain_dbi(0.0, 30.0)), 10.454087, 1e-4, SHARC)
    )
    panel = arrays.Element()
    return [
        *found,
        Row(
            "TR 38.901 element at 32.5, 0",
            float(panel.gain_dbi(32.5, 0.0)),
            5.0,
            1e-9,
            "8 dBi less 3 dB at half of 65",
        ),
        Row(
            "8 x 8 panel, peak, dBi",
            arrays.Planar().peak_dbi,
            8.0 + 10.0 * float(np.log10(64.0)),
            1e-9,
            "closed form",
        ),
    ]


def _apertures() -> list[Row]:
    found = [
        Row(
            f"aperture of {d:g} m at {f:g} GHz: width, deg",
            shapes.beamwidth_deg(shapes.Aperture(d, f, 0.0)), w, max(0.005 * w, 2e-3), BEAMWIDTH,
        )
        for d, f, w in APERTURES
    ]  # fmt: skip
    far = shapes.Aperture(1.0, 20.0, 0.0).gain_dbi(np.linspace(1.1, 2.2, 5000))
    lobe = Row(
        "aperture: first side lobe, dB", float(far.max()), -17.57, 0.01, "Balanis, 4th edition, table 12.2"
    )
    cosine = shapes.radiated_db(shapes.Cosine(1.3, back_db=100.0))
    return [*found, lobe, Row("cosine element: mean gain, dB", cosine, 0.0, 0.01, "energy is kept")]


def layout(case: int) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Percentiles of one study case."""
    values, reuse, _ = CASES[case]
    names = (
        *("altitude_km", "elevation_deg", "frequency_ghz", "aperture_m", "half_power_deg", "satellite_dbi"),
        *("eirp_density_dbw_mhz", "user_dbi", "user_g_over_t_db_k"),
    )
    return downlink.single_satellite(**dict(zip(names, values, strict=True)), reuse=reuse).percentiles()  # type: ignore[arg-type]


def _layouts() -> list[Row]:
    found = []
    for case, (_, reuse, theirs) in CASES.items():
        ours = np.concatenate(list(layout(case).values()))
        labels = [f"{what} {p} %" for what in ("coupling loss", "SIR", "SINR") for p in (5, 50, 95)]
        found += [
            Row(f"case {case}, reuse {reuse}: {label}, dB", float(a), b, 0.5, LAYOUT)
            for label, a, b in zip(labels, ours, theirs, strict=True)
        ]
    return found


def _defects() -> list[Row]:
    """Errors of other programs: theirs is what they print."""
    dish = fixed.F699(20.0, 1.0, 0.299792458 / 0.21)
    steered = arrays.Planar(element=arrays.Element(peak_dbi=5.0), steer_azimuth_deg=15.0)
    sector = sectors.Sector(18.0, 2.6)
    behind = float(satellites.S672(50.0, 2.0, -20.0).gain_dbi(100.0))
    ahead = float(steered.gain_dbi(15.0, 0.0))
    return [
        Row("F.699-8 at 100 degrees: pycraf has -10 where 10 belongs", float(dish.gain_dbi(100.0)),
            -16.77780705, NAN, PYCRAF, gate=False),
        Row("F.1336-5 peaks at -80, -75: pycraf leaves kv out of C", float(sector.gain_dbi(-80.0, -75.0)),
            -3.90234884, NAN, PYCRAF, gate=False),
        Row("S.672-4 behind: SHARC has no back lobe", behind,
            0.0, NAN, SHARC, gate=False),
        Row("S.580-6 at 25 degrees: SHARC goes to -10 dBi at 20", float(earth.S580(56.0).gain_dbi(25.0)),
            -10.0, NAN, "its class AntennaS580", gate=False),
        Row("M.2101 at 15 degrees, steered there: crc-covlib mirrors the scan", ahead,
            -6.020863, NAN, "crc-covlib 4.6.2, itur_m2101", gate=False),
    ]  # fmt: skip
