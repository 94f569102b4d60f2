"""Sheets of totals: the rule of combination from the sheets' own parts, and whole chains from maps.

The sheet of P.618-14 gives totals alone. A site's totals at two frequencies and three percentages are six
numbers of four unknowns: gas at each frequency, cloud liquid, and the rain rate, which the ITU's search
leaves free by 1e-5 of itself. They are solved for; what is left over proves the rule.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rabta.radio import itu, slantpath
from rabta.radio.sky import places, totals
from rabta.radio.sky.maps import Maps
from rabta.verify import Row
from rabta.verify.radio.sky.formulas import flicker_db
from rabta.verify.radio.sky.sheets import (
    OLD_SHEET,
    SHEET,
    Folder,
    Missing,
    Quantity,
    check,
    columns,
    has_itur,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Found = Iterator[Quantity | Missing]

RAIN = "ITURP618-14_A_rain"
OLD_TOTAL, TOTAL = "ITURP618-13_A_total", "ITURP618-14_A_total"
ANCHOR = "itur 0.4.0 on PyPI, measured 22 November 2026"
_SHIFT = 1e-6  # the rate's unknown is in millionths of it


@check("ITURP618-14_A_sci")
def flicker(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.618-14, section 2.4.1."""
    both = with_sites(sheet, folder)
    if both is None:
        yield Missing("scintillation", f"{RAIN}.csv lacks its places, and no maps are at hand")
        return
    yield Quantity("scintillation, dB", flicker_db(both), columns(both, "A_scin")[0])


def with_sites(sheet: pd.DataFrame, folder: Folder) -> pd.DataFrame | None:
    """The sheet with rain rate, rain height and wet refractivity of its places; None where unknown."""
    site = sheet[["lat", "lon"]].drop_duplicates()
    if folder.has(RAIN):
        rain = folder.read(RAIN)
        columns(rain, "lat", "lon", "hs", "el", "Ls", "R001", "N_wet")
        top = rain["hs"] + rain["Ls"] * np.sin(np.radians(rain["el"]))
        known = rain.assign(top=top)[["lat", "lon", "top", "R001", "N_wet"]].drop_duplicates(["lat", "lon"])
        both = site.merge(known, on=["lat", "lon"], how="left")
        if both["R001"].notna().all():
            return sheet.merge(both, on=["lat", "lon"], how="left", validate="m:1")
    if not (folder.maps.has("isotherm") and folder.maps.has("rain_month", "01")):
        return None
    lat, lon = site["lat"].to_numpy(), site["lon"].to_numpy()
    site = site.assign(
        top=places.rain_height_km(lat, lon, folder.maps),
        R001=places.rain_rate_mmh(lat, lon, 0.01, folder.maps),
        N_wet=places.n_wet(lat, lon, maps=folder.maps),
    )
    return sheet.merge(site, on=["lat", "lon"], how="left", validate="m:1")


@check(OLD_TOTAL, OLD_SHEET)
def combined_old(sheet: pd.DataFrame, _: Folder) -> Found:
    """P.618-13, section 2.5, from the sheet's parts: gas and cloud are those of 1 % of the year."""
    air, cloud, rain, twinkle, theirs = columns(sheet, "A_gas_1", "A_clouds_1", "A_rain", "A_scin", "A_total")
    ours = slantpath.combine_db(air, cloud, rain, twinkle)
    yield Quantity("total from its parts, gas and cloud of 1 %, dB", ours, theirs)


@check(TOTAL)
def combined(sheet: pd.DataFrame, folder: Folder) -> Found:
    """P.618-14, section 2.5, from what the totals themselves imply; gas and cloud are those of 5 %."""
    columns(sheet, "lat", "lon", "hs", "f", "el", "D", "eta", "tau", "p", "A_total")
    both = with_sites(sheet, folder)
    if both is None:
        yield Missing("totals", f"{RAIN}.csv lacks its places, and no maps are at hand")
        return
    ours: list[Array] = []
    theirs: list[Array] = []
    found: dict[tuple[Hashable, ...], Implied] = {}
    few = 0
    for place, site in both.groupby(["lat", "lon"]):
        if len(site) <= site["f"].nunique() + 2:
            few += len(site)
            continue
        found[place] = implied(site)
        ours.append(found[place].total)
        theirs.append(site["A_total"].to_numpy())
    if ours:
        name = "total from implied gas, liquid and rain rate, dB"
        yield Quantity(name, np.concatenate(ours), np.concatenate(theirs))
        shift, one = np.array([item.shift for item in found.values()]), np.ones(len(found))
        name = "implied rain rate, share of the rate sheet's"
        yield Quantity(name, 1.0 + shift, one, 1e-5, counted=False)
        yield from _beside_maps(found, folder)
    if few:
        yield Missing(f"{few} totals of sites with too few values", "gas, cloud and rain rate are unknown")
    yield from _same_rate({place: item.shift for place, item in found.items()}, both, folder)


def _beside_maps(found: dict[tuple[Hashable, ...], Implied], folder: Folder) -> Found:
    """What the totals imply beside what the maps give: rain rates of P.837, cloud liquid of P.840-9."""
    lat, lon = np.array([[float(str(v)) for v in place] for place in found]).T
    maps = folder.maps
    if maps.has("rain_month", "01"):
        own = places.rain_rate_mmh(lat, lon, 0.01, maps)
        rate = np.array([item.rate for item in found.values()])
        name = "implied rain rate, beside ours of P.837-7, share"
        yield Quantity(name, own / rate, np.ones(len(found)), counted=False)
    if maps.has("liquid", "5"):
        liquid = np.array([item.liquid for item in found.values()])
        name = "implied cloud liquid, beside ours of P.840-9, kg/m2"
        yield Quantity(name, places.liquid_kg_m2(lat, lon, 5.0, maps), liquid, counted=False)


class Implied(NamedTuple):
    """A site's totals as its best gas, liquid and rain rate give them, and these."""

    total: Array
    liquid: float
    rate: float
    shift: float


def implied(site: pd.DataFrame) -> Implied:
    """Gas, liquid and rain rate of one site by least squares of its totals."""
    from scipy.optimize import least_squares

    lat, hs, top, rate = columns(site, "lat", "hs", "top", "R001")
    f, el, tau, p, theirs = columns(site, "f", "el", "tau", "p", "A_total")
    twinkle, sine = flicker_db(site), np.sin(np.radians(el))
    ghz, at = np.unique(f, return_inverse=True)
    absorbed = itu.liquid_absorption(ghz)[at] / sine

    def model(x: Array) -> Array:
        moved = rate * (1.0 + _SHIFT * x[-1])
        worst = slantpath.rain_001_db(lat, hs, top, moved, f, el, tau)
        rain = slantpath.rain_at_percent(worst, p, lat, el)
        return slantpath.combine_db(x[at], x[-2] * absorbed, rain, twinkle)

    start = np.r_[np.full(ghz.size, 0.3), 0.2, 0.0]
    scale = np.r_[np.full(ghz.size, 0.1), 0.1, 10.0]
    found = least_squares(
        lambda x: model(x) - theirs, start, x_scale=scale, xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    shift = float(_SHIFT * found.x[-1])
    return Implied(model(found.x), float(found.x[-2]), float(rate[0] * (1.0 + shift)), shift)


def _same_rate(shifts: dict[tuple[Hashable, ...], float], both: pd.DataFrame, folder: Folder) -> Found:
    """The rate that the newer totals imply beside the one in the rain of the older sheet's totals."""
    from scipy.optimize import brentq

    if not folder.has(OLD_TOTAL):
        return
    old = folder.read(OLD_TOTAL)
    columns(old, "lat", "lon", "hs", "f", "el", "tau", "p", "A_rain")
    ours, theirs = [], []
    for place, shift in shifts.items():
        here = old[(old["lat"] == place[0]) & (old["lon"] == place[1])]
        site = both[(both["lat"] == place[0]) & (both["lon"] == place[1])].iloc[0]
        if here.empty:
            continue
        row = here.iloc[0]

        def off(rate: float, row: pd.Series = row, top: float = float(site["top"])) -> float:
            worst = slantpath.rain_001_db(row.lat, row.hs, top, rate, row.f, row.el, row.tau)
            return float(slantpath.rain_at_percent(worst, row.p, row.lat, row.el) - row.A_rain)

        near = float(site["R001"])
        theirs.append(brentq(off, 0.99 * near, 1.01 * near, xtol=1e-13) / near)
        ours.append(1.0 + shift)
    if ours:
        yield Quantity("implied rain rate, beside that of P.618-13's totals", ours, theirs, counted=False)


def chains(path: Path) -> list[Row]:
    """Whole chains from maps against the 48 totals: ours, and the package's own."""
    folder = Folder(path)
    if not folder.has(TOTAL) or not folder.maps.has("isotherm"):
        return []
    sheet = folder.read(TOTAL)
    out = _chain(sheet, folder.maps, "our chain from the maps at hand")
    if has_itur():
        if folder.maps.folder is not None:
            out += _chain(sheet, Maps(), "our chain from the maps of itur 0.4.0 alone")
        theirs = np.abs(_anchor(sheet) - sheet["A_total"].to_numpy())
        name = "the anchor's defect, gas and cloud frozen at 1 %:"
        out.append(
            Row(
                f"{name} largest error of itur 0.4.0, dB",
                float(theirs.max()),
                1.445,
                1e-3,
                ANCHOR,
                gate=False,
            )
        )
        out.append(
            Row(f"{name} mean error of itur 0.4.0, dB", float(theirs.mean()), 0.770, 1e-3, ANCHOR, gate=False)
        )
        out += _frozen(sheet, folder.maps)
    return out


def _chain(sheet: pd.DataFrame, maps: Maps, name: str) -> list[Row]:
    total, given = _totals(sheet, maps)
    off = np.abs(total - sheet["A_total"].to_numpy())
    mean = {totals.OLD_CLOUD_DB: 0.30, totals.OLD_GAS_DB: 0.04}.get(given.bound_db, given.bound_db)
    source = f"{SHEET}; cloud {given.editions['cloud']}, gas {given.editions['gas']}"
    known = float(sheet["f"].max()) <= 20.0  # where the bounds were found
    name = f"P.618-14 total, {name}"
    return [
        Row(f"{name}: largest error of {off.size}, dB", float(off.max()), 0.0, given.bound_db, source, known),
        Row(f"{name}: mean error of {off.size}, dB", float(off.mean()), 0.0, mean, source, known),
    ]


def _totals(sheet: pd.DataFrame, maps: Maps, percent: float = 5.0) -> tuple[Array, totals.Inputs]:
    """Totals of the sheet's rows from maps, and the inputs of the last frequency's places."""
    out = np.empty(len(sheet))
    for f in np.unique(sheet["f"]):
        rows = (sheet["f"] == f).to_numpy()
        lat, lon, hs, el, p, tau = columns(sheet[rows], "lat", "lon", "hs", "el", "p", "tau")
        given = totals.inputs(lat, lon, hs, maps, percent)
        diameter, efficiency = (float(sheet[name].iloc[0]) for name in ("D", "eta"))
        out[rows] = totals.attenuation(
            given, float(f), el, p, diameter_m=diameter, efficiency=efficiency, tilt_deg=tau
        ).total
    return out, given


def _frozen(sheet: pd.DataFrame, maps: Maps) -> list[Row]:
    """Our chain with P.618-13's freeze at 1 %: what ITU-Rpy's head and itu-rs do under the newer name."""
    if not maps.has("liquid", "1"):
        return []
    off = np.abs(_totals(sheet, maps, 1.0)[0] - sheet["A_total"].to_numpy())
    source = (
        "ITU-Rpy at 6d7f35c and itu-rs 1.2.1, measured 22 November 2026; the former's own test of them "
        "passes because its report catches AssertionError"
    )
    name = "the anchors' defect, P.840-9 but frozen at 1 %: largest error, ours made so, dB"
    return [Row(name, float(off.max()), 0.367, 0.01, source, gate=False)]


def _anchor(sheet: pd.DataFrame) -> Array:
    """Totals by the package itur itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import itur as package

        wanted = columns(sheet, "lat", "lon", "f", "el", "p", "D", "hs", "eta", "tau")
        return np.array(
            [
                package.atmospheric_attenuation_slant_path(
                    lat, lon, f, el, p, d, hs=hs, eta=eta, tau=tau
                ).value
                for lat, lon, f, el, p, d, hs, eta, tau in zip(*(v.tolist() for v in wanted), strict=True)
            ],
            dtype=np.float64,
        ).reshape(-1)
