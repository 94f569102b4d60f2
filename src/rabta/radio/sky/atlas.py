"""Atlas of a nation's sky: total attenuation of every place, month, band, availability and orbital slot.

What a month is: P.837-7 gives the rain rate exceeded for a share of each month. P.618-14 gives attenuation
for shares of the year. They are joined at equal rain: the attenuation exceeded for a share of a month is
P.618's at the share of the year for which the month's rain rate is exceeded. So the months' times with more
than some attenuation add up to the year's own. Rain height, gas, cloud and scintillation are those of the
year, for which alone the maps at hand have values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.nation import hexes, layers
from rabta.nation.layers import Layers
from rabta.radio import downlinks, itu, slantpath
from rabta.radio.itu import check_range
from rabta.radio.sky import _kernels, places, totals
from rabta.radio.sky.maps import Maps
from rabta.radio.slantpath import Climate
from rabta.scenario import Nation

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

Array = NDArray[np.float64]

BANDS_GHZ = (4.0, 8.0, 12.0, 20.0, 30.0, 40.0)
AVAILABILITIES = (95.0, 98.0, 99.0, 99.5, 99.9, 99.95, 99.98)
SLOTS_DEG = (38.0, 66.0, 101.4)
"""PakSat-1R, the middle of the arc over Pakistan, Tiantong 1-01."""
RANGES = {"frequency_ghz": (1.0, 55.0), "availability": (95.0, 99.987), "step_deg": (0.005, 1.0)}
PERIODS = ("year", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
GEO_RADIUS_KM, EARTH_KM = 42_164.2, 6_378.137
LEAST_PERCENT, MOST_PERCENT = 0.001, 5.0  # of the year: range of P.618-14's rain
UNKNOWN = -1


@dataclass(frozen=True)
class Plan:
    """What the atlas is for.

    Attributes
    ----------
    availabilities : tuple of float
        Per cent of the year, and of each month, with less attenuation: 95 to 99.987.
    slots_deg : tuple of float
        Longitudes of geostationary satellites.
    """

    bands_ghz: tuple[float, ...] = BANDS_GHZ
    availabilities: tuple[float, ...] = AVAILABILITIES
    slots_deg: tuple[float, ...] = SLOTS_DEG
    diameter_m: float = 0.6
    efficiency: float = 0.6
    tilt_deg: float = 45.0

    def __post_init__(self) -> None:
        check_range("bands", self.bands_ghz, *RANGES["frequency_ghz"], slantpath.RECOMMENDATION)
        check_range("availability", self.availabilities, *RANGES["availability"], slantpath.RECOMMENDATION)
        check_range("slots", self.slots_deg, -180.0, 360.0, "the geostationary arc")
        check_range("diameter_m", self.diameter_m, 0.05, 40.0, "the atlas")

    @property
    def percents(self) -> Array:
        """Shares of the time with more attenuation."""
        return 100.0 - np.array(self.availabilities)


@dataclass(frozen=True)
class Places:
    """Points of the atlas: their climate, and rain rate parameter and probability of each month.

    Attributes
    ----------
    lon_deg : ndarray, shape (place,)
    rate, share : ndarray, shape (place, 12)
        From `rabta.radio.sky.places.rain_months`.
    source : str
        Where the climate comes from.
    """

    climate: Climate
    lon_deg: Array
    rate: Array
    share: Array
    source: str
    liquid_kg_m2: Array | None = None


def grid(loaded: Layers, step_deg: float) -> tuple[Array, Array, NDArray[np.int64], NDArray[np.int64]]:
    """Points of a grid that lie in the nation's cells.

    Returns
    -------
    lat, lon : ndarray
        Axes of the grid, whole multiples of the step.
    inside : ndarray of int
        Flat index of each point inside.
    row : ndarray of int
        Its cell.
    """
    check_range("step_deg", step_deg, *RANGES["step_deg"], "the atlas")
    lat_, lon_ = loaded.cells["lat_deg"].to_numpy(), loaded.cells["lon_deg"].to_numpy()
    lat, lon = (_axis(v, step_deg) for v in (lat_, lon_))
    points = np.meshgrid(lat, lon, indexing="ij")
    row = _rows(points[0].ravel(), points[1].ravel(), loaded.index)
    inside = np.flatnonzero(row >= 0)
    return lat, lon, inside, row[inside]


def _rows(lat: Array, lon: Array, index: hexes.Index) -> NDArray[np.int64]:
    """Row of the cell that holds each point; -1 outside all cells."""
    import h3.api.basic_int as h3

    level = int(hexes.resolution(index[:1])[0])
    cells = np.array([h3.latlng_to_cell(a, b, level) for a, b in zip(lat, lon, strict=True)], dtype=np.uint64)
    order = np.argsort(index)
    at = order[np.minimum(np.searchsorted(index, cells, sorter=order), len(index) - 1)]
    return np.where(index[at] == cells, at, -1)


def _axis(values: Array, step: float) -> Array:
    return np.round(np.arange(np.floor(values.min() / step), np.ceil(values.max() / step) + 1.0) * step, 6)


def of_nation(nation: Nation, loaded: Layers, row: NDArray[np.int64], lat: Array, lon: Array) -> Places:
    """Places by the nation's shipped climate: that of the cell around each point.

    Raises
    ------
    RabtaError
        Where the nation's layers have no climate of the months.
    """
    cells = loaded.cells
    climate = Climate.of_cells(cells.iloc[row].assign(lat_deg=lat))
    rate, share = _months(nation, cells)
    source = f"climate shipped with {nation.name}, one value a tehsil, from the maps of the ITU-R"
    return Places(climate, lon, rate[row], share[row], source)


def _months(nation: Nation, cells: pd.DataFrame) -> tuple[Array, Array]:
    """Rate and share of each cell's months by its tehsil."""
    where = layers.folder(nation)
    path = layers.find(where, "climate_months")
    if path is None:
        raise RabtaError(
            "the nation has no climate of the months", file=where, value="climate_months",
            expected="climate_months.parquet, or the maps of the package itur (--maps)",
        )  # fmt: skip
    keys = list(layers.KEYS)
    table = cells[keys].merge(layers.read(path), on=keys, how="left", validate="m:1")
    names = [[f"{name}_{m:02d}" for m in range(1, 13)] for name in ("rain_mm", "temperature_k")]
    total, warm = (table[n].to_numpy(dtype=np.float64) for n in names)
    if not np.isfinite(total).all():
        raise RabtaError("a tehsil has no climate of the months", file=path, expected="one row a tehsil")
    return places.months_of(total, warm)


def of_maps(lat: Array, lon: Array, height_km: Array, maps: Maps) -> Places:
    """Places by the ITU's maps themselves."""
    given = totals.inputs(lat, lon, height_km, maps)
    source = f"maps of the ITU-R: {', '.join(f'{k} {v}' for k, v in given.editions.items())}"
    rate, share = places.rain_months(lat, lon, maps)
    return Places(given.climate, lon, rate, share, source, given.liquid_kg_m2)


def elevation_deg(lat_deg: ArrayLike, lon_deg: ArrayLike, slot_deg: ArrayLike) -> Array:
    """Elevation of a geostationary satellite over a spherical Earth; negative below the horizon.

    Examples
    --------
    >>> round(float(elevation_deg(33.7, 73.0, 38.0)), 1)  # PakSat-1R from Islamabad
    35.9
    """
    lat, east = np.radians(lat_deg), np.radians(np.subtract(lon_deg, slot_deg))
    central = np.cos(lat) * np.cos(east)
    slant = np.sqrt(1.0 - central**2)
    return np.asarray(np.degrees(np.arctan2(central - EARTH_KM / GEO_RADIUS_KM, slant)))


def equivalent_percent(rate: Array, share: Array, percents: Array) -> Array:
    """Share of the year with as much rain as each month has for ``percents`` of itself.

    Returns
    -------
    ndarray, shape (12, percent, place)
        0 where the month does not rain for so long.
    """
    out = np.zeros((12, len(percents), len(rate)))
    for month in range(12):
        for q, percent in enumerate(percents):
            rain = places.month_rate(rate[:, month], share[:, month], percent)
            wet = rain > 0.0
            out[month, q, wet] = places.year_percent(rate[wet], share[wet], rain[wet])
    return np.where(out > 0.0, np.clip(out, LEAST_PERCENT, MOST_PERCENT), 0.0)


def _percent(at: Places, plan: Plan) -> Array:
    """Share of the year that each period's rain is taken at, shape (period, availability, place)."""
    year = np.broadcast_to(plan.percents[:, None], (len(plan.percents), len(at.lon_deg)))
    return np.concatenate([year[None], equivalent_percent(at.rate, at.share, plan.percents)])


@dataclass(frozen=True)
class _Paths:
    """What the totals are made of, by band and slot; shapes as the kernel's."""

    gas: Array
    cloud: Array
    elevation: Array
    k: Array
    alpha: Array
    flicker: Array
    percent: Array

    @classmethod
    def of(cls, at: Places, plan: Plan) -> _Paths:
        """Of places, for a plan."""
        c, bands = at.climate, np.array(plan.bands_ghz)
        el = np.stack([elevation_deg(c.lat_deg, at.lon_deg, slot) for slot in plan.slots_deg])
        seen = np.maximum(el, slantpath.MIN_ELEVATION_DEG)
        gas = np.stack([downlinks.zenith_gas_db(c, float(f)) for f in bands])
        if at.liquid_kg_m2 is None:
            cloud = itu.reduced_liquid_absorption(bands)[:, None] * c.cloud_kg_m2
        else:
            cloud = itu.liquid_absorption(bands)[:, None] * at.liquid_kg_m2
        k, alpha = itu.rain_coefficients(bands[:, None, None], seen, plan.tilt_deg)
        flicker = slantpath.scintillation_factor(
            bands[:, None, None, None],
            seen[:, None],
            plan.percents[:, None],
            plan.diameter_m,
            plan.efficiency,
        )
        return cls(gas, cloud, el, k, alpha, flicker, _percent(at, plan))


def compute(at: Places, plan: Plan) -> NDArray[np.int16]:
    """Total attenuation in hundredths of a dB, shape (place, slot, band, period, availability), compiled.

    Periods are the year and its months (`PERIODS`); `UNKNOWN` where a slot is lower than 5 degrees.
    """
    c, paths = at.climate, _Paths.of(at, plan)
    shape = (
        len(at.lon_deg),
        len(plan.slots_deg),
        len(plan.bands_ghz),
        len(PERIODS),
        len(plan.availabilities),
    )
    out = np.empty(shape, dtype=np.int16)
    parts = (paths.gas, paths.cloud, paths.elevation, paths.k, paths.alpha, paths.flicker, paths.percent)
    _kernels.atlas(
        np.array(plan.bands_ghz), c.lat_deg, c.height_km, c.rain_height_km, c.rain_rate_mmh, c.n_wet,
        *[np.ascontiguousarray(part) for part in parts], out,  # type: ignore[arg-type, call-arg]
    )  # fmt: skip
    return out


def totals_reference(at: Places, plan: Plan) -> Array:
    """`compute` in plain NumPy and dB, by `rabta.radio.slantpath`; NaN where a slot is too low."""
    c, paths = at.climate, _Paths.of(at, plan)
    shape = (
        len(at.lon_deg),
        len(plan.slots_deg),
        len(plan.bands_ghz),
        len(PERIODS),
        len(plan.availabilities),
    )
    out = np.full(shape, np.nan)
    for s, b in np.ndindex(shape[1:3]):
        seen = paths.elevation[s] >= slantpath.MIN_ELEVATION_DEG
        el, f = np.maximum(paths.elevation[s], slantpath.MIN_ELEVATION_DEG), plan.bands_ghz[b]
        worst = slantpath.rain_001_db(
            c.lat_deg, c.height_km, c.rain_height_km, c.rain_rate_mmh, f, el, plan.tilt_deg
        )
        sine = np.sin(np.radians(el))
        for m, q in np.ndindex(shape[3:]):
            p = paths.percent[m, q]
            rain = np.where(
                p > 0.0, slantpath.rain_at_percent(worst, np.maximum(p, 0.001), c.lat_deg, el), 0.0
            )
            twinkle = (3.6e-3 + 1e-4 * c.n_wet) * paths.flicker[b, s, q]
            total = slantpath.combine_db(paths.gas[b] / sine, paths.cloud[b] / sine, rain, twinkle)
            out[:, s, b, m, q] = np.where(seen, total, np.nan)
    return out


def dataset(
    axes: tuple[Array, Array], inside: NDArray[np.int64], values: NDArray[np.int16], plan: Plan, source: str
) -> xr.Dataset:
    """The atlas on its grid, in hundredths of a dB with the scale said (CF)."""
    import xarray as xr

    lat, lon = axes
    full = np.full((lat.size * lon.size, *values.shape[1:]), UNKNOWN, dtype=np.int16)
    full[inside] = values
    cube = np.moveaxis(full.reshape(lat.size, lon.size, *values.shape[1:]), (0, 1), (-2, -1))
    dims = ("slot", "band", "period", "availability", "lat", "lon")
    attributes = {
        "long_name": "total attenuation not exceeded for the availability", "units": "dB",
        "scale_factor": 0.01, "_FillValue": np.int16(UNKNOWN),
    }  # fmt: skip
    coordinates = {
        "slot": ("slot", np.array(plan.slots_deg), {"units": "degrees_east", "long_name": "orbital slot"}),
        "band": ("band", np.array(plan.bands_ghz), {"units": "GHz"}),
        "period": ("period", np.arange(len(PERIODS)), {"long_name": "0 the year, 1 to 12 its months"}),
        "availability": ("availability", np.array(plan.availabilities), {"units": "percent of the period"}),
        "lat": ("lat", lat, {"units": "degrees_north", "standard_name": "latitude"}),
        "lon": ("lon", lon, {"units": "degrees_east", "standard_name": "longitude"}),
    }
    about = {
        "title": "Atlas of attenuation of Earth-space paths", "Conventions": "CF-1.10", "source": source,
        "method": "ITU-R P.618-14; months by P.837-7 at equal rain; the rest is of the year",
        "antenna": f"{plan.diameter_m:g} m, efficiency {plan.efficiency:g}, tilt {plan.tilt_deg:g} degrees",
    }  # fmt: skip
    return xr.Dataset({"attenuation": (dims, cube, attributes)}, coordinates, about)
