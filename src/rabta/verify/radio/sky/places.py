"""Sheets of places: what the digital maps say there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.radio import itu
from rabta.radio.sky import places
from rabta.radio.sky.maps import Maps
from rabta.verify.radio.sky.sheets import OLD_SHEET, Folder, Missing, Quantity, check, columns

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Found = Iterator[Quantity | Missing]
NO_MAPS = "neither the package itur nor a folder has the maps"


def by_percent(percent: Array, value: Callable[[float, NDArray[np.bool_]], Array]) -> Array:
    """Values of rows, made together for each percentage."""
    out = np.empty(percent.size)
    for p in np.unique(percent):
        rows = percent == p
        out[rows] = value(float(p), rows)
    return out


def _need(maps: Maps, *wanted: str) -> bool:
    return all(maps.has(*item.split(":")) for item in wanted)


@check("ITURP1510-1_temperature")
def temperature(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.1510-1."""
    lat, lon, theirs = columns(sheet, "lat", "lon", "T")
    if not _need(folder.maps, "temperature"):
        yield Missing("temperature", NO_MAPS)
        return
    yield Quantity("annual mean, K", places.temperature_k(lat, lon, maps=folder.maps), theirs)


@check("ITURP1511-1_topographic_altitude", OLD_SHEET)
def height_old(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.1511-1."""
    yield from _height(sheet, folder, old=True)


@check("ITURP1511-2_topographic_altitude")
def height(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.1511-2."""
    yield from _height(sheet, folder, old=False)


def _height(sheet: pd.DataFrame, folder: Folder, *, old: bool) -> Found:
    lat, lon, theirs = columns(sheet, "lat", "lon", "hs")
    if not _need(folder.maps, "height_old" if old else "height"):
        yield Missing("height", NO_MAPS)
        return
    yield Quantity("height, km", places.height_km(lat, lon, folder.maps, old=old), theirs)


@check("ITURP839-4_rain_height")
def rain_height(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.839-4."""
    lat, lon, isotherm, theirs = columns(sheet, "lat", "lon", "h0", "hr")
    if not _need(folder.maps, "isotherm"):
        yield Missing("rain height", NO_MAPS)
        return
    ours = places.rain_height_km(lat, lon, folder.maps)
    yield Quantity("0 degrees, km", ours - 0.36, isotherm)
    yield Quantity("rain height, km", ours, theirs)


@check("ITURP453-14_Nwet")
def wet(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.453-14, Annex 1, section 2.2."""
    lat, lon, percent, theirs = columns(sheet, "lat", "lon", "p", "Nwet")
    if not _need(folder.maps, "wet:50"):
        yield Missing("refractivity", NO_MAPS)
        return
    ours = by_percent(percent, lambda p, r: places.n_wet(lat[r], lon[r], p, folder.maps))
    yield Quantity("wet term", ours, theirs)


@check("ITURP837-7_rainfall_rate_R001")
def rate_map(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.837-7, Annex 2."""
    lat, lon, theirs = columns(sheet, "lat", "lon", "Rp")
    if not _need(folder.maps, "rain_rate"):
        yield Missing("rain rate", NO_MAPS)
        return
    yield Quantity("0.01 % of the year, mm/h", places.rain_rate_001_mmh(lat, lon, folder.maps), theirs)


@check("ITURP837-7_rainfall_rate_probability")
def rain_share(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.837-7, Annex 1, step 7."""
    lat, lon, theirs = columns(sheet, "lat", "lon", "p")
    if not _need(folder.maps, "rain_month:01", "temperature_month:01"):
        yield Missing("probability of rain", NO_MAPS)
        return
    yield Quantity("probability of rain, %", places.rain_percent(lat, lon, folder.maps), theirs)


@check("ITURP837-7_rainfall_rate")
def rate(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.837-7, Annex 1, step 8: the sheet stops its search at 0.001 % of the percentage, as the text asks."""
    lat, lon, percent, theirs = columns(sheet, "lat", "lon", "p", "Rp")
    if not _need(folder.maps, "rain_month:01", "temperature_month:01"):
        yield Missing("rain rate", NO_MAPS)
        return
    parameter, share = places.rain_months(lat, lon, folder.maps)
    rainy = theirs > 0.0
    found = places.year_percent(parameter[rainy], share[rainy], theirs[rainy])
    name = "percentage that the sheet's rate is exceeded, % of it"
    yield Quantity(name, 100.0 * found / percent[rainy], np.full(found.size, 100.0), 1e-3)
    ours = by_percent(percent, lambda p, r: places.solve_rate(parameter[r], share[r], p))
    yield Quantity("rates where it does not rain, mm/h", ours[~rainy], theirs[~rainy])
    # As far as the stop of the search lets the rate move: about 1e-5 of it.
    yield Quantity(
        "rate, share of itself", ours[rainy] / theirs[rainy], np.ones(found.size), 1e-5, counted=False
    )


@check("ITURP836-6_surface_water_vapour_density_annual")
def vapour(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.836-6."""
    lat, lon, alt, percent, theirs = columns(sheet, "lat", "lon", "alt", "p", "rho")
    if not _need(folder.maps, "vapour_density:5"):
        yield Missing("vapour density", NO_MAPS)
        return
    ours = by_percent(percent, lambda p, r: places.vapour_g_m3(lat[r], lon[r], p, alt[r], folder.maps))
    yield Quantity("density, g/m3", ours, theirs)


@check("ITURP836-6_total_water_vapour_content_annual")
def vapour_column(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.836-6."""
    lat, lon, alt, percent, theirs = columns(sheet, "lat", "lon", "alt", "p", "V")
    if not _need(folder.maps, "vapour_content:5"):
        yield Missing("vapour content", NO_MAPS)
        return
    ours = by_percent(percent, lambda p, r: places.vapour_kg_m2(lat[r], lon[r], p, alt[r], folder.maps))
    yield Quantity("content, kg/m2", ours, theirs)


@check("ITURP840-8_columnar_content_reduced_liquid", OLD_SHEET)
def liquid_old(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.840-8, Annex 1, section 3.1."""
    lat, lon, percent, theirs = columns(sheet, "lat", "lon", "p", "Lred")
    if not _need(folder.maps, "reduced_liquid:5"):
        yield Missing("reduced liquid", NO_MAPS)
        return
    ours = by_percent(percent, lambda p, r: places.reduced_liquid_kg_m2(lat[r], lon[r], p, folder.maps))
    yield Quantity("reduced liquid, kg/m2", ours, theirs)


@check("ITURP840-8_cloud_attenuation", OLD_SHEET)
def cloud_old(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.840-8, Annex 1, section 3.1."""
    lat, lon, f, el, percent, theirs = columns(sheet, "lat", "lon", "f", "el", "p", "Ac")
    if not _need(folder.maps, "reduced_liquid:5"):
        yield Missing("cloud", NO_MAPS)
        return
    water = by_percent(percent, lambda p, r: places.reduced_liquid_kg_m2(lat[r], lon[r], p, folder.maps))
    yield Quantity("cloud, dB", itu.reduced_liquid_absorption(f) * water / np.sin(np.radians(el)), theirs)


@check("ITURP840-9_columnar_content_reduced_liquid")
def liquid(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.840-9, Annex 1, section 4.2.1."""
    lat, lon, percent, theirs = columns(sheet, "lat", "lon", "p", "Lred")
    if not _need(folder.maps, "liquid:5"):
        yield Missing("liquid", "no folder has the maps of P.840-9")
        return
    ours = by_percent(percent, lambda p, r: places.liquid_kg_m2(lat[r], lon[r], p, folder.maps))
    yield Quantity("liquid, kg/m2", ours, theirs)


@check("ITURP840-9_cloud_attenuation")
def cloud(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.840-9, Annex 1, section 3.2; without maps the liquid of the sheet beside it."""
    lat, lon, f, el, percent, theirs = columns(sheet, "lat", "lon", "f", "el", "p", "Ac")
    if _need(folder.maps, "liquid:5"):
        water = by_percent(percent, lambda p, r: places.liquid_kg_m2(lat[r], lon[r], p, folder.maps))
        yield Quantity("cloud from maps, dB", _cloud_db(f, el, water), theirs)
        return
    name = "ITURP840-9_columnar_content_reduced_liquid"
    if not folder.has(name):
        yield Missing("cloud", f"no folder has the maps of P.840-9, and {name}.csv is absent")
        return
    both = sheet.merge(folder.read(name), on=["lat", "lon", "p"])
    if len(both):
        f, el, water, theirs = columns(both, "f", "el", "Lred", "Ac")
        yield Quantity("cloud from the liquid sheet, dB", _cloud_db(f, el, water), theirs)
    yield Missing(f"cloud of {len(sheet) - len(both)} rows", "no folder has the maps of P.840-9")


@check("ITURP840-9_cloud_attenuation_lognormal")
def cloud_lognormal(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.840-9, Annex 1, section 3.3."""
    lat, lon, f, el, percent, theirs = columns(sheet, "lat", "lon", "f", "el", "p", "Ac")
    if not _need(folder.maps, "liquid_mean"):
        yield Missing("cloud", "no folder has the maps of P.840-9")
        return
    water = places.liquid_lognormal_kg_m2(lat, lon, percent, folder.maps)
    yield Quantity("cloud of the lognormal, dB", _cloud_db(f, el, water), theirs)


def _cloud_db(f: Array, el: Array, water: Array) -> Array:
    return np.asarray(itu.liquid_absorption(f) * water / np.sin(np.radians(el)))
