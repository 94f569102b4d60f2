"""Sheets that give the inputs of a formula with its value: no map is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.radio import gas, itu, slantpath
from rabta.radio.sky import surface_gas, xpd
from rabta.radio.sky.surface_gas import Air
from rabta.radio.weather import fading
from rabta.verify.radio.sky.sheets import OLD_SHEET, SHEET, Folder, Missing, Quantity, check, columns

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Found = Iterator[Quantity | Missing]


@check("ITURP838-3_rain_specific_attenuation")
def rain_specific(sheet: pd.DataFrame, _: Folder) -> Found:
    """P.838-3."""
    f, el, tau, rate, *theirs = columns(sheet, "f", "el", "tau", "R", "k", "alpha", "gamma_r")
    k, alpha = itu.rain_coefficients(f, el, tau)
    yield Quantity("k", k, theirs[0])
    yield Quantity("alpha", alpha, theirs[1])
    yield Quantity("attenuation, dB/km", itu.rain_specific_attenuation(rate, f, el, tau), theirs[2])


@check("ITURP676-13_gamma")
@check("ITURP676-12_gamma", OLD_SHEET)
def air_specific(sheet: pd.DataFrame, _: Folder) -> Found:
    """P.676, Annex 1, section 1; the sheet's pressure is that of dry air."""
    f, p, rho, t, *theirs = columns(sheet, "f", "P", "rho", "T", "gamma0", "gammaw", "gamma")
    dry, wet = gas.oxygen_specific(f, p, rho, t), gas.water_specific(f, p, rho, t)
    for name, ours, value in zip(("dry air", "vapour", "both"), (dry, wet, dry + wet), theirs, strict=True):
        yield Quantity(f"{name}, dB/km", ours, value)


@check("ITURP676-12_zenith_attenuation", OLD_SHEET)
def zenith_water(sheet: pd.DataFrame, _: Folder) -> Found:
    """P.676-12, Annex 2, section 2.3."""
    f, column, height, theirs = columns(sheet, "f", "V_t", "h", "Aw")
    yield Quantity("vapour, dB", gas.zenith_water_db(f, column, height), theirs)


@check("ITURP676-12_A_gas", OLD_SHEET)
def slant_gas_old(sheet: pd.DataFrame, _: Folder) -> Found:
    """P.676-12, Annex 2; the sheet's pressure is that of dry air."""
    el, f, rho, t, p, column, height, theirs = columns(sheet, "el", "f", "rho", "T", "P", "V_t", "h", "A_gas")
    wet, sine = gas.zenith_water_db(f, column, height), np.sin(np.radians(el))
    yield Quantity(
        "slant path, dB", (gas.zenith_oxygen_db(f, p + rho * t / 216.7, rho, t) + wet) / sine, theirs
    )


@check("ITURP676-13_A_gas")
def slant_gas(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.676-13, Annex 2, sections 1.1 and 2.1; the sheet's pressure is that of dry air."""
    f, el, rho, p, t, theirs = columns(sheet, "f", "el", "rho", "P", "T", "A_gas")
    air, sine = Air(p + rho * t / 216.7, t, rho), np.sin(np.radians(el))
    water = surface_gas.zenith_water_db(f, air)
    table = surface_gas.coefficients(folder.maps, "oxygen")
    if table is not None:
        ours = (surface_gas.zenith_oxygen_db(table, f, air) + water) / sine
        yield Quantity("slant path with the ITU's coefficients, dB", ours, theirs)
        return
    gamma = gas.oxygen_specific(f, p, rho, t)
    ours, count = _linear_heights(f, air, (theirs * sine - water) / gamma)
    if count:
        fitted = (gamma[:count] * ours + water[:count]) / sine[:count]
        yield Quantity(
            "slant path, heights linear in the air's state, dB", fitted, theirs[:count], 1e-6,
            f"{SHEET}; four coefficients a frequency by least squares: their file is not in the folder",
        )  # fmt: skip
    closed = (gamma * gas.oxygen_height_km(f, air.pressure_hpa, t) + water) / sine
    note = f"{SHEET}; the closed-form oxygen height of edition 12 stands in for edition 13's data file"
    yield Quantity("slant path near 40 GHz, dB", closed, theirs, 0.008, note, counted=False)


def _linear_heights(f: Array, air: Air, height: Array) -> tuple[Array, int]:
    """Heights of the first frequency's rows as edition 13's linear form fits them; it must have over four."""
    same = f == f[0]
    count = int(same.sum()) if same[: int(same.sum())].all() else 0
    if count < 5:
        return np.zeros(0), 0
    state = np.stack([np.ones(f.size), air.temperature_k, air.pressure_hpa, air.vapour_g_m3], axis=1)[:count]
    return state @ np.linalg.lstsq(state, height[:count], rcond=None)[0], count


@check("ITURP618-14_A_rain")
@check("ITURP618-13_A_rain", OLD_SHEET)
def rain(sheet: pd.DataFrame, _: Folder) -> Found:
    """P.618, sections 2.2.1.1 and 2.2.1.2."""
    ours = rain_db(sheet, sheet)
    yield Quantity("attenuation, dB", ours, columns(sheet, "A_rain")[0])
    share, slant, el, theirs = columns(sheet, "P0", "Ls", "el", "P_rain")
    yield Quantity("rain along the path, %", xpd.rain_percent_on_path(100.0 * share, slant, el), theirs)


def rain_db(sheet: pd.DataFrame, site: pd.DataFrame) -> Array:
    """Rain attenuation of each row of a sheet, with rain height and rate of the rows of ``site``."""
    hs, slant, el, rate = columns(site, "hs", "Ls", "el", "R001")
    lat, f, tau, p, elevation = columns(sheet, "lat", "f", "tau", "p", "el")
    top = hs + slant * np.sin(np.radians(el))
    worst = slantpath.rain_001_db(lat, hs, top, rate, f, elevation, tau)
    return slantpath.rain_at_percent(worst, p, lat, elevation)


@check("ITURP618-13_A_sci", OLD_SHEET)
def flicker_old(sheet: pd.DataFrame, _: Folder) -> Found:
    """P.618-13, section 2.4.1."""
    yield Quantity("scintillation, dB", flicker_db(sheet), columns(sheet, "A_scin")[0])


def flicker_db(sheet: pd.DataFrame) -> Array:
    """Scintillation of each row of a sheet that has the wet refractivity."""
    return slantpath.scintillation_db(*columns(sheet, "f", "el", "p", "N_wet", "D", "eta"))


@check("ITURP618-14_A_xpd")
@check("ITURP618-13_A_xpd", OLD_SHEET)
def polarisation(sheet: pd.DataFrame, _: Folder) -> Found:
    """P.618, section 4.1; the sheet goes beyond the 60 degrees of the text."""
    p, f, el, tau, loss, theirs = columns(sheet, "p", "f", "el", "tau", "Ap", "XPD")
    yield Quantity("XPD, dB", xpd.discrimination_db(loss, f, el, tau, p, steep=True), theirs)


@check("ITURP1623-1_number_of_fades")
@check("ITURP1623-1_fade_duration_params")
def fades(sheet: pd.DataFrame, _: Folder) -> Found:
    """P.1623-1, Annex 1, section 2.2; the largest values have ten digits."""
    duration, depth, el, f, fade_s, theirs = columns(sheet, "D", "A", "el", "f", "T_tot", "N")
    found = [fading.fades(*v) for v in zip(duration, depth, el, f, fade_s, strict=True)]
    yield Quantity("number a year", [float(n) for n, _ in found], theirs)
    if "F" in sheet:
        share, time = columns(sheet, "F", "T")
        ours = np.array([float(part) for _, part in found])
        yield Quantity("share of the fading time", ours, share)
        yield Quantity("time in fades, s", ours * fade_s, time)
