"""`rabta verify weather`: drawn rain against P.618, P.837, P.1853 and P.1623."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rabta import geo
from rabta.radio.slantpath import Climate
from rabta.radio.weather import diversity, fading, field, links
from rabta.radio.weather.diversity import Path as Site
from rabta.verify import Row, suite
from rabta.verify.weather import measured
from rabta.verify.weather.measured import Measured

P618 = "ITU-R P.618-14, section 2.2.4.1"
P1853 = "ITU-R P.1853-1, Annex 1, section 2: beta = 2e-4 / s"
P1623 = "ITU-R CG-3M3J-13-ValEx Rev 8.3.0, sheet of P.1623-1 (number of fades)"
P837 = "ITU-R CG-3M3J-13-ValEx Rev 8.3.0, sheet of P.837-7 (rainfall rate)"
PEER = "itur 0.4.0, its method called directly (the public function mixes up arguments), 22 November 2026"
RUST = "itu-rs, tests/reference values for Ottawa, made with ITU-Rpy"
ERRORS = 4.0  # standard errors that a measured value may be off
GHZ, ELEVATION = 28.75, 45.0
CENTRE = (30.0, 70.0)

# duration s, dB, elevation, GHz, per cent of the year, fades a year
_FADES = (
    (30.0, 12.51, 20.33, 30.0, 1.0, 810.1909872),
    (10.0, 7.64, 20.33, 14.5, 0.1, 187.7390061),
    (600.0, 11.59, 37.63, 39.6, 0.5, 52.72921842),
    (3600.0, 11.59, 37.63, 39.6, 0.5, 4.425826576),
)
# name, lat, lon, km above the sea, rain height km, R0.01 mm/h, rain % of the year: the maps of itur 0.4.0
_PLACES = {
    "Karachi": (24.99, 67.16, 0.05, 4.80376773, 34.0592512, 0.34224284),
    "Gwadar": (25.13, 62.33, 0.01, 4.22261738, 21.0544848, 0.29927429),
    "Lahore": (31.72, 74.27, 0.21, 4.94597093, 64.159632, 1.2188268),
    "Islamabad": (33.6, 73.1, 0.52, 4.65050667, 65.26584, 3.63369578),
    "Peshawar": (34.0, 71.5, 0.35, 4.5, 36.609, 2.19081021),
    "Ottawa": (45.4215, -75.6972, 0.4, 3.57012207, 31.65584842, 7.73848893),
    "north-east of Ottawa": (45.6215, -75.3972, 0.4, 3.53950642, 32.29265584, 8.34328363),
}
# two places, km, GHz, elevation, dB at both, per cent of the year, source
_PAIRS = (
    ("Ottawa", "north-east of Ottawa", 32.302655195, 12.0, 30.0, 5.0, 0.00016589167493, RUST),
    ("Karachi", "Gwadar", 487.572478470, 28.75, 45.0, 10.0, 0.00116995208505, PEER),
    ("Lahore", "Islamabad", 235.609697007, 28.75, 45.0, 15.0, 0.00238503982974, PEER),
    ("Islamabad", "Peshawar", 154.659498649, 20.0, 40.0, 10.0, 0.00029476863562, PEER),
)
# place, rain % of the year, then R at 0.01, 0.1 and 0.3 %
_RATES = (
    ("New Delhi", 1.07089363, 63.61888808, 16.53857378, 6.21600589),
    ("Kuala Lumpur", 4.53654368, 99.15117186, 34.64798123, 18.26254364),
)


@suite(
    "weather", "Drawn rain: marginals, correlation, fades, two sites", needs="ITURP1623-1_number_of_fades.csv"
)
def run(files: Path | None) -> list[Row]:
    """Formulas against published numbers, then the field against the formulas."""
    return [
        *two_sites(),
        *_fades(_sheet(files) if files else _FADES),
        *_rates(),
        *_marginals(),
        *_correlations(),
        *_over_time(),
        *_durations(),
    ]


def site(name: str, ghz: float = GHZ, elevation: float = ELEVATION) -> Site:
    """A path at a named place."""
    lat, _, height, rain, rate, percent = _PLACES[name]
    none = np.zeros(1)
    place = [np.array([v]) for v in (lat, height, rate, rain)]
    air = Climate(place[0], place[1], place[2], place[3], none, none, none, none, none)
    return Site(air, percent, ghz, elevation)


def two_sites() -> list[Row]:
    """Joint exceedance as P.618 has it; the same with the field's marginals is shown."""
    rows = []
    for a, b, km, ghz, elevation, level, published, source in _PAIRS:
        pair = (site(a, ghz, elevation), site(b, ghz, elevation))
        ours = diversity.joint_percent(*pair, km, (level, level))
        name = f"{a} and {b}: both above {level:g} dB at {ghz:g} GHz, % of the year"
        rows.append(Row(name, ours, published, 1e-5 * published, f"{P618}; {source}"))
        own = diversity.joint_percent(*pair, km, (level, level), fitted=False)
        rows.append(
            Row(f"{name}, P.618's curve in place of its fit", own, published, np.nan, P618, gate=False)
        )
    mean, sigma = site("Ottawa", 12.0, 30.0).fit(10.0)
    rows.append(Row("Ottawa: mean of ln A of the fit for 10 %", mean, -2.32980755, 1e-7, RUST))
    rows.append(Row("Ottawa: deviation of ln A of the fit for 10 %", sigma, 1.30698123, 1e-7, RUST))
    return rows


def _sheet(files: Path) -> tuple[tuple[float, ...], ...]:
    from rabta.verify.radio.sky.sheets import Folder

    sheet = Folder(files).read("ITURP1623-1_number_of_fades")
    return tuple(tuple(float(v) for v in row) for row in sheet[["D", "A", "el", "f", "p", "N"]].to_numpy())


def _fades(table: tuple[tuple[float, ...], ...]) -> list[Row]:
    rows = []
    for d, a, elevation, ghz, percent, published in table:
        number, _ = fading.fades(d, a, elevation, ghz, percent / 100.0 * fading.YEAR_S)
        name = f"fades above {a:g} dB longer than {d:g} s at {ghz:g} GHz, a year"
        rows.append(Row(name, float(number), published, 2e-6 * published + 1e-6, P1623))
    return rows


def _rates() -> list[Row]:
    rows = []
    for name, percent, r001, *published in _RATES:
        for p, rate in zip((0.1, 0.3), published, strict=True):
            ours = float(links.rain_rate_mmh(np.array(p), np.array(percent), np.array(r001)))
            rows.append(
                Row(f"{name}: rain rate of {p:g} % of the year, mm/h", ours, rate, np.nan, P837, gate=False)
            )
    return rows


def _row(name: str, found: Measured, wanted: float, source: str) -> Row:
    return Row(
        f"{name} (standard error {found.error:.2g})", found.value, wanted, ERRORS * found.error, source
    )


def _marginals() -> list[Row]:
    """How often a drawn path has more attenuation than P.618 says is exceeded in a share of the year."""
    rows = []
    for name, chance in (("Karachi", _PLACES["Karachi"][-1]), ("Gilgit", 0.8847)):
        percents = (0.2, 0.1, 0.01)
        found = measured.exceedance(chance, percents)
        for percent, one in zip(percents, found, strict=True):
            rows.append(_row(f"{name}: exceeded in {percent:g} % of the year, drawn, %", one, percent, P618))
    return rows


def _correlations() -> list[Row]:
    rows = []
    steps = (1, 5, 10, 20, 50, 100)
    for kind, (word, law) in enumerate(
        (("rain", field.rain_correlation), ("intensity", field.depth_correlation))
    ):
        for n, one in zip(steps, measured.spatial(kind, steps), strict=True):
            km = measured.node_km(n)
            rows.append(_row(f"correlation of {word} over {km:g} km", one, float(law(km)), P618))
    names = (("Lahore", "Islamabad"), ("Islamabad", "Peshawar"), ("Karachi", "Gwadar"))
    lat, lon = (np.array([[_PLACES[n][i] for n in both] for both in names]) for i in (0, 1))
    away = geo.great_circle_m(lat[:, 0], lon[:, 0], lat[:, 1], lon[:, 1]) / 1e3
    for (a, b), km, one in zip(names, away, measured.pairs(lat, lon, CENTRE), strict=True):
        rows.append(_row(f"correlation of rain, {a} and {b}", one, float(field.rain_correlation(km)), P618))
    return rows


def _over_time() -> list[Row]:
    lags = (1, 5, 30, 60, 120)
    rows = []
    for kind, word in enumerate(("rain", "intensity")):
        for lag, one in zip(lags, measured.temporal(kind, lags), strict=True):
            law = float(np.exp(-field.BETA_S * 60.0 * lag))
            rows.append(_row(f"correlation of {word} after {lag} min", one, law, P1853))
    return rows


def _durations() -> list[Row]:
    """Fades of the drawn field beside P.1623, from which it is not made: shown."""
    rows = []
    percent, chance = 0.2, _PLACES["Lahore"][-1]
    path = site("Lahore")
    depth = float(path.attenuation_db(np.array([percent]))[0])
    durations, years, seen = measured.fade_durations(chance, percent)
    time_s = percent / 100.0 * fading.YEAR_S
    for seconds in (60.0, 300.0, 600.0, 1800.0):
        number, share = fading.fades(seconds, depth, ELEVATION, GHZ, time_s)
        longer = durations[durations >= seconds]
        name = f"Lahore: fades above {depth:.1f} dB of at least {seconds / 60:g} min"
        scale = percent / seen / years  # the sample's share of fading time differs from the year's
        rows.append(Row(f"{name}, a year", longer.size * scale, float(number), np.nan, P1623, gate=False))
        part = float(longer.sum() / durations.sum())
        rows.append(Row(f"{name}, share of the fading time", part, float(share), np.nan, P1623, gate=False))
    return rows
