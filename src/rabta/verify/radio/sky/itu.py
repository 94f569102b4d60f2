"""Propagation against the ITU's validation sheets."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.radio import gas, slantpath
from rabta.verify import Row, suite
from rabta.verify.radio.sky import combined, formulas, places, sheets
from rabta.verify.radio.sky.sheets import SHEET

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

__all__ = ["itur_climate", "places", "run"]


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
    if files is None:
        return _quoted()
    return [*sheets.rows(files), *combined.chains(files), *_defects(files)]


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


def _defects(folder: Path) -> list[Row]:
    """What is wrong in the sheets as they are passed on, with the wrong and the right number."""
    sheets_ = sheets.Folder(folder)
    rows = []
    if sheets_.has("ITURP618-14_A_rain"):
        sheet = sheets_.read("ITURP618-14_A_rain")
        odd = sheet[sheet["f"] == 29.0]
        if len(odd):
            row = odd.iloc[[0]]
            name = "a defect of the sheet: scintillation in its 29 GHz rows is that of 20 GHz, first row, dB"
            theirs = float(row["A_scin"].iloc[0])
            rows.append(
                Row(name, float(formulas.flicker_db(row.assign(f=20.0))[0]), theirs, 1e-6, SHEET, gate=False)
            )
            rows.append(
                Row(
                    f"{name} (at 29 GHz)",
                    float(formulas.flicker_db(row)[0]),
                    theirs,
                    float("nan"),
                    SHEET,
                    gate=False,
                )
            )
    if sheets_.has("ITURP676-13_A_gas"):
        rows.append(_trap(sheets_.read("ITURP676-13_A_gas")))
    return rows


def _trap(sheet: pd.DataFrame) -> Row:
    """How far the slant path moves when the sheet's dry pressure is read as the total pressure."""
    f, el, rho, p, t = sheets.columns(sheet, "f", "el", "rho", "P", "T")
    e = rho * t / 216.7

    def path(dry: Array) -> Array:
        oxygen = gas.oxygen_specific(f, dry, rho, t) * gas.oxygen_height_km(f, dry + e, t)
        water = gas.water_specific(f, dry, rho, t) * gas.water_height_km(f)
        return np.asarray((oxygen + water) / np.sin(np.radians(el)))

    moved = float(np.abs(path(p - e) - path(p)).max())
    name = "a trap of the sheet: its pressure is of dry air; read as total the path moves by, dB"
    return Row(name, moved, 0.020, 3e-3, "itur and crc-covlib, measured 22 November 2026", gate=False)


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
