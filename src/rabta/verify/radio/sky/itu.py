"""Propagation against the ITU's validation sheets."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.radio import gas, itu, slantpath
from rabta.verify import Row, suite

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

SHEET = "ITU-R CG-3M3J-13-ValEx Rev 8.3.0"
OLD_SHEET = "ITU-R CG-3M3J-13-ValEx, sheet of the edition before"
ANCHOR = "itur 0.4.0 on PyPI, measured 22 November 2026"

# Rows (quantity, published) of the sheets, for a run without the files.
_GAMMA = ((1.0, 0.00543956), (12.0, 0.0182337), (20.0, 0.108931), (30.0, 0.0938245), (60.0, 14.7783),
          (118.0, 1.74079), (183.0, 27.6777), (350.0, 10.1595))  # fmt: skip
# lat, station km, rain height km, R0.01, GHz, elevation, tilt, attenuation at 1, 0.1, 0.01 and 0.001 %.
_RAIN = (
    (51.5, 0.0314, 2.45273, 26.48052, 14.25, 31.07699124, 0.0, 0.495317, 2.185847, 6.798072, 14.899822),
    (22.9, 0.0, 4.15877867, 50.639304, 29.0, 22.27833468, 0.0, 6.813368, 29.318968, 59.625764, 83.599639),
    (28.717, 0.2094, 5.258204, 63.618888, 14.25, 48.24117054, 90.0, 1.274464, 5.486347, 14.872137, 28.236031),
    (28.717, 0.2094, 5.258204, 63.618888, 29.0, 48.24117054, 90.0, 5.887822, 22.226229, 52.833721, 87.962337),
)  # fmt: skip
# GHz, elevation, median wet refractivity, fade at 1, 0.1 and 0.01 % (D = 1 m, efficiency 0.65).
_FLICKER = (
    (20.0, 31.07699124, 50.38926222, 0.316526, 0.510979, 0.759241),
    (14.25, 48.24117054, 75.66013547, 0.215641, 0.348117, 0.517252),
    (20.0, 48.24117054, 75.66013547, 0.259933, 0.419618, 0.623492),
)
_PERCENT = (1.0, 0.1, 0.01, 0.001)


@suite("itu", "ITU-R propagation", needs="the ITU validation sheets as ITURP*.csv")
def run(files: Path | None) -> list[Row]:
    """Every sheet value there is; without files the values that are quoted here."""
    return _sheets(files) if files else _quoted()


def _quoted() -> list[Row]:
    rows = [_gamma_row(ghz, published) for ghz, published in _GAMMA]
    for lat, height, top, rate, ghz, el, tilt, *published in _RAIN:
        worst = slantpath.rain_001_db(lat, height, top, rate, ghz, el, tilt)
        for p, theirs in zip(_PERCENT, published, strict=True):
            ours = float(slantpath.rain_at_percent(worst, p, lat, el))
            name = f"P.618-14 rain, latitude {lat:g}, {ghz:g} GHz, {p:g} %, dB"
            rows.append(Row(name, ours, theirs, 2e-4, SHEET))  # heights are quoted to 0.1 m
    for ghz, el, wet, *published in _FLICKER:
        for p, theirs in zip(_PERCENT, published, strict=False):
            ours = float(slantpath.scintillation_db(ghz, el, p, wet, 1.0, 0.65))
            rows.append(Row(f"P.618-14 scintillation, {ghz:g} GHz, {p:g} %, dB", ours, theirs, 1e-6, SHEET))
    return rows


def _gamma_row(ghz: float, published: float) -> Row:
    air = (ghz, 1013.25, 7.5, 288.15)
    ours = float(gas.oxygen_specific(*air) + gas.water_specific(*air))
    return Row(
        f"P.676-13 specific attenuation at {ghz:g} GHz, dB/km", ours, published, 1e-5 * published, SHEET
    )


def read_sheet(folder: Path, name: str) -> pd.DataFrame:
    """One sheet; the second line holds units."""
    import pandas as pd

    path = folder / f"{name}.csv"
    try:
        frame: pd.DataFrame = pd.read_csv(path, skiprows=[1], encoding="latin-1")
    except (OSError, ValueError) as error:
        raise RabtaError("cannot read a validation sheet", file=path, expected="the ITU's CSV") from error
    return frame


def _sheets(folder: Path) -> list[Row]:
    read = partial(read_sheet, folder)
    rows = [*_specific(read("ITURP838-3_rain_specific_attenuation"), read("ITURP676-13_gamma"))]
    rows += _gas(read("ITURP676-12_zenith_attenuation"), read("ITURP676-12_A_gas"), read("ITURP676-13_A_gas"))
    new = read("ITURP840-9_cloud_attenuation"), read("ITURP840-9_columnar_content_reduced_liquid")
    old = read("ITURP840-8_cloud_attenuation"), read("ITURP840-8_columnar_content_reduced_liquid")
    rows += _cloud(new, old)
    rain = read("ITURP618-14_A_rain")
    rows += _fades(rain, read("ITURP618-14_A_sci"))
    return rows + _totals(rain, read("ITURP618-14_A_total"))


def _worst(name: str, ours: object, theirs: object, tolerance: float, source: str) -> Row:
    off = np.abs(np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64))
    return Row(f"{name}: largest difference of {off.size}", float(off.max()), 0.0, tolerance, source)


def _specific(rain: pd.DataFrame, air: pd.DataFrame) -> Iterator[Row]:
    k, alpha = itu.rain_coefficients(rain["f"], rain["el"], rain["tau"])
    yield _worst("P.838-3 k", k, rain["k"], 1e-8, SHEET)
    yield _worst("P.838-3 alpha", alpha, rain["alpha"], 1e-8, SHEET)
    gamma = itu.rain_specific_attenuation(rain["R"], rain["f"], rain["el"], rain["tau"])
    yield _worst("P.838-3 specific attenuation, dB/km", gamma, rain["gamma_r"], 1e-8, SHEET)
    state = (air["f"], air["P"], air["rho"], air["T"])
    dry, wet = gas.oxygen_specific(*state), gas.water_specific(*state)
    yield _worst("P.676-13 oxygen, dB/km", dry, air["gamma0"], 1e-12, SHEET)
    yield _worst("P.676-13 water vapour, dB/km", wet, air["gammaw"], 1e-12, SHEET)
    yield _worst("P.676-13 total, dB/km", dry + wet, air["gamma"], 1e-12, SHEET)


def _gas(zenith: pd.DataFrame, path: pd.DataFrame, new: pd.DataFrame) -> Iterator[Row]:
    ours = gas.zenith_water_db(zenith["f"], zenith["V_t"], zenith["h"])
    yield _worst("P.676-12 zenith water vapour, dB", ours, zenith["Aw"], 1e-8, OLD_SHEET)
    total = path["P"] + path["rho"] * path["T"] / 216.7  # the sheet's column is the dry pressure
    dry = gas.zenith_oxygen_db(path["f"], total, path["rho"], path["T"])
    wet = gas.zenith_water_db(path["f"], path["V_t"], path["h"])
    ours = (dry + wet) / np.sin(np.radians(path["el"]))
    yield _worst("P.676-12 slant path, dB", ours, path["A_gas"], 1e-8, OLD_SHEET)
    total = new["P"] + new["rho"] * new["T"] / 216.7
    dry = gas.zenith_oxygen_db(new["f"], total, new["rho"], new["T"])
    wet = gas.water_specific(new["f"], new["P"], new["rho"], new["T"]) * gas.water_height_km(new["f"])
    ours = (dry + wet) / np.sin(np.radians(new["el"]))
    note = f"{SHEET}; the closed-form oxygen height of edition 12 stands in for edition 13's data file"
    yield _worst("P.676-13 slant path near 40 GHz, dB", ours, new["A_gas"], 0.008, note)


def _cloud(new: tuple[pd.DataFrame, pd.DataFrame], old: tuple[pd.DataFrame, pd.DataFrame]) -> Iterator[Row]:
    for edition, (cloud, water), absorption in (
        ("P.840-9", new, itu.liquid_absorption),
        ("P.840-8", old, itu.reduced_liquid_absorption),
    ):
        both = cloud.merge(water, on=["lat", "lon", "p"])
        ours = absorption(both["f"]) * both["Lred"] / np.sin(np.radians(both["el"]))
        source = SHEET if edition == "P.840-9" else OLD_SHEET
        yield _worst(f"{edition} cloud attenuation, dB", ours, both["Ac"], 1e-7, source)


def _rain(sheet: pd.DataFrame, site: pd.DataFrame) -> Array:
    """Rain attenuation of each row of a sheet, with rain height and rate of the rows of ``site``."""
    top = site["hs"] + site["Ls"] * np.sin(np.radians(site["el"]))
    place = (sheet["lat"], site["hs"], top, site["R001"])
    worst = slantpath.rain_001_db(*place, sheet["f"], sheet["el"], sheet["tau"])
    return slantpath.rain_at_percent(worst, sheet["p"], sheet["lat"], sheet["el"])


def _fades(rain: pd.DataFrame, flicker: pd.DataFrame) -> Iterator[Row]:
    yield _worst("P.618-14 rain, dB", _rain(rain, rain), rain["A_rain"], 1e-7, SHEET)
    wet = flicker.merge(rain[["lat", "lon", "N_wet"]].drop_duplicates(), on=["lat", "lon"], how="left")
    yield _worst("P.618-14 scintillation, dB", _flicker(wet), wet["A_scin"], 1e-7, SHEET)


def _flicker(sheet: pd.DataFrame) -> Array:
    return slantpath.scintillation_db(*(sheet[name] for name in ("f", "el", "p", "N_wet", "D", "eta")))


def _totals(rain: pd.DataFrame, total: pd.DataFrame) -> list[Row]:
    sites = rain.drop_duplicates(["lat", "lon"])[["lat", "lon", "R001", "Ls", "N_wet"]]
    both = total.merge(sites, on=["lat", "lon"], how="left", validate="m:1")
    wet = _rain(both, both)
    rows = [_combination(both.assign(rain=wet, flicker=_flicker(both)))]
    return rows + (_with_maps(both) if importlib.util.find_spec("itur") else [])


def _combination(both: pd.DataFrame) -> Row:
    """Gas and cloud are two unknowns of a path; its totals at 1 and 0.01 % give them, 0.1 % is the check."""
    off = []
    for _, path in both.sort_values("p", ascending=False).groupby(["lat", "lon", "f"]):
        top, middle, deep = (path[["A_total", "rain", "flicker"]].to_numpy()[i] for i in range(3))
        air, cloud = implied_gas_and_cloud(top, deep)
        off.append(float(slantpath.combine_db(air, cloud, middle[1], middle[2])) - middle[0])
    name = "P.618-14 total, combination formula (0.1 % from 1 and 0.01 %), dB"
    return _worst(name, off, np.zeros(len(off)), 1e-4, SHEET)


def implied_gas_and_cloud(first: Array, second: Array) -> tuple[float, float]:
    """Gas and cloud attenuation that two rows (total, rain, scintillation) of one path imply."""
    from scipy.optimize import brentq

    def gas_of(row: Array, cloud: float) -> float:
        return float(row[0] - np.hypot(row[1] + cloud, row[2]))

    cloud = brentq(lambda c: gas_of(first, c) - gas_of(second, c), 0.0, 5.0, xtol=1e-14)
    return gas_of(first, cloud), float(cloud)


def _with_maps(both: pd.DataFrame) -> list[Row]:
    """Whole chains from the maps that the itur package carries: ours, and the package's own."""
    ours, anchor = np.array([_chains(row) for row in both[list(_COLUMNS)].to_numpy(dtype=np.float64)]).T
    off, theirs = np.abs(ours - both["A_total"]), np.abs(anchor - both["A_total"])
    maps = (
        f"{SHEET}; maps of itur 0.4.0 (P.840-7 cloud liquid and P.836-6 vapour instead of P.840-9 and P.2145)"
    )
    return [
        Row(
            "P.618-14 total, our chain from older maps: largest error of 48, dB",
            float(off.max()),
            0.0,
            0.9,
            maps,
        ),
        Row(
            "P.618-14 total, our chain from older maps: mean error of 48, dB",
            float(off.mean()),
            0.0,
            0.3,
            maps,
        ),
        Row("the anchor's defect: largest error of itur 0.4.0, dB", float(theirs.max()), 1.445, 1e-3, ANCHOR),
        Row("the anchor's defect: mean error of itur 0.4.0, dB", float(theirs.mean()), 0.770, 1e-3, ANCHOR),
    ]


_COLUMNS = ("lat", "lon", "hs", "f", "el", "p", "D", "eta", "tau")


def _chains(row: Array) -> tuple[float, float]:
    lat, lon, hs, f, el, p, d, eta, tau = (float(value) for value in row)
    climate = itur_climate(lat, lon, 5.0, hs)
    ours = slantpath.attenuation(climate, f, el, p, diameter_m=d, efficiency=eta, tilt_deg=tau).total[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import itur as package

        theirs = package.atmospheric_attenuation_slant_path(lat, lon, f, el, p, d, hs=hs, eta=eta, tau=tau)
    return float(ours), float(theirs.value)


def itur_climate(lat: float, lon: float, percent: float, height_km: float | None = None) -> slantpath.Climate:
    """Climate of a place from the maps of the ``itur`` package, vapour and cloud exceeded ``percent``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from itur.models import itu453, itu836, itu837, itu839, itu840, itu1510, itu1511

        def number(quantity: Any) -> float:
            return float(np.squeeze(getattr(quantity, "value", quantity)))

        height = number(itu1511.topographic_altitude(lat, lon)) if height_km is None else height_km
        values = (
            itu837.rainfall_rate(lat, lon, 0.01),
            itu839.rain_height(lat, lon),
            itu1510.surface_mean_temperature(lat, lon),
            itu836.surface_water_vapour_density(lat, lon, percent, height),
            itu836.total_water_vapour_content(lat, lon, percent, height),
            itu840.columnar_content_reduced_liquid(lat, lon, percent),
            itu453.map_wet_term_radio_refractivity(lat, lon, 50),
        )
        return slantpath.Climate(*(np.array([v]) for v in (lat, height, *map(number, values))))
