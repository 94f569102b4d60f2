"""Where aircraft hear a ground station: P.528 between stations and aircraft over cells, the best station.

P.528 knows a smooth Earth. Here it lies at the height of the lower of both ends' terrain, so that a station
or an aircraft over high ground sees farther; ridges between the ends block nothing, which is optimistic
in mountains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.geo import ecef_from_geodetic, great_circle_m
from rabta.radio.air import p528
from rabta.units import to_db

Array = NDArray[np.float64]

HEIGHTS_M = (120.0, 300.0, 1000.0, 3000.0, 10000.0)  # coordinate flight_height: above the ground of the cell
NEAREST = 6  # stations that are tried for each cell
FARTHEST_KM = 1000.0  # longer paths are taken for this long, which only makes them better
LOW_M, HIGH_M = np.geomspace(5.0, 20000.0, 30), np.geomspace(100.0, 20000.0, 30)  # heights of the table
RATIOS = np.concatenate([np.linspace(0.0, 1.2, 145), np.linspace(1.25, 6.0, 40)])  # its distances by horizon


@dataclass(frozen=True)
class Link:
    """A kind of air-ground link: the loss that it stands, and how P.528 is asked.

    Attributes
    ----------
    budget_db : float
        Highest basic transmission loss at which the aircraft still gets what it needs.
    """

    frequency_ghz: float
    polarisation: str
    time_percent: float
    height_m: float
    budget_db: float


def link(data: dict[str, Any]) -> Link:
    """Link of a catalog entry: by the field strength that it asks for, else by noise and threshold.

    Examples
    --------
    >>> from rabta import catalog
    >>> round(link(catalog.entry("airlinks", "vhf-voice").data).budget_db, 1)
    128.8
    """
    sent = data["power_dbm"] + data["gain_dbi"] - data["losses_db"]
    if "field_uv_m" in data:
        needed = isotropic_dbm(data["field_uv_m"], data["frequency_ghz"])
    else:
        noise = -173.975 + float(to_db(data["bandwidth_khz"] * 1e3)) + data["noise_figure_db"]
        needed = noise + data["threshold_db"] + data["safety_db"] - data["aircraft_gain_dbi"]
    asked = (data["frequency_ghz"], data["polarisation"], data["time_percent"], data["height_m"])
    return Link(*asked, sent - needed)


def isotropic_dbm(field_uv_m: float, frequency_ghz: float) -> float:
    """Power that an isotropic antenna takes from a field.

    Examples
    --------
    >>> round(isotropic_dbm(75.0, 0.127), 1)
    -81.8
    """
    wave_m = 0.299792458 / frequency_ghz
    watts = (field_uv_m * 1e-6) ** 2 / (120.0 * np.pi) * wave_m**2 / (4.0 * np.pi)
    return float(to_db(watts)) + 30.0


@dataclass(frozen=True)
class Table:
    """Loss above free space along the chord, over logarithms of both heights and distance by horizon.

    Attributes
    ----------
    excess_db : ndarray
        Shape (low heights, high heights, distances).
    """

    low: Array
    high: Array
    ratio: Array
    excess_db: Array
    frequency_ghz: float

    @classmethod
    def of(cls, wanted: Link) -> Table:
        """Tabulate P.528 once, so that a nation's cells are interpolated."""
        h1, h2, r = np.meshgrid(LOW_M, HIGH_M, RATIOS, indexing="ij")
        d = np.minimum(r * horizon_km(h1, h2), p528.RANGES["distance_km"][1])
        loss = p528.loss_db(d, h1, h2, wanted.frequency_ghz, wanted.time_percent, wanted.polarisation)
        free = _free_space_db(d, h1, h2, wanted.frequency_ghz)
        excess = np.where((d == 0.0) & (h1 == h2), 0.0, loss - free)
        return cls(np.log(LOW_M), np.log(HIGH_M), RATIOS, excess, wanted.frequency_ghz)

    def loss_db(self, distance_km: Array, height_1_m: Array, height_2_m: Array) -> Array:
        """Loss by interpolation; heights within the table, distance by horizon held at its end."""
        from scipy.interpolate import RegularGridInterpolator

        h1, h2 = np.minimum(height_1_m, height_2_m), np.maximum(height_1_m, height_2_m)
        ratio = np.minimum(distance_km / horizon_km(h1, h2), self.ratio[-1])
        where = np.stack([np.log(h1), np.log(h2), ratio], axis=-1)
        at = RegularGridInterpolator((self.low, self.high, self.ratio), self.excess_db)
        return np.asarray(at(where) + _free_space_db(distance_km, h1, h2, self.frequency_ghz))


def horizon_km(height_1_m: Array, height_2_m: Array) -> Array:
    """Distance at which two terminals lose sight of each other, on an Earth of 9,257 km."""
    return np.asarray(np.sqrt(2.0 * 9.257) * (np.sqrt(height_1_m) + np.sqrt(height_2_m)))


def _free_space_db(d: Array, h1: Array, h2: Array, ghz: float) -> Array:
    slant = np.maximum(np.hypot(d, (h2 - h1) / 1e3), 1e-3)
    return np.asarray(20.0 * np.log10(slant * ghz * 1e3) + 32.45)


def best_margin_db(
    wanted: Link, cells: tuple[Array, Array, Array], stations: tuple[Array, Array, Array]
) -> Array:
    """Margin in dB of the best station at every flight height over every cell.

    Parameters
    ----------
    cells, stations : tuple of ndarray
        Latitude and longitude in degrees, height of the terrain in m.

    Returns
    -------
    ndarray
        Shape (cells, flight heights); NaN without stations.
    """
    from scipy.spatial import cKDTree

    heights = np.array(HEIGHTS_M)
    if not len(stations[0]):
        return np.full((len(cells[0]), len(heights)), np.nan)
    tree = cKDTree(ecef_from_geodetic(stations[0], stations[1]))
    _, near = tree.query(
        ecef_from_geodetic(cells[0], cells[1]), k=range(1, min(NEAREST, len(stations[0])) + 1)
    )
    lat, lon, ground = (x[near] for x in stations)
    d = great_circle_m(cells[0][:, None], cells[1][:, None], lat, lon) / 1e3
    base = np.minimum(ground, cells[2][:, None])
    antenna = np.clip(wanted.height_m + ground - base, LOW_M[0], LOW_M[-1])
    flying = heights[:, None, None] + (cells[2][:, None] - base)
    flying = np.clip(flying, HIGH_M[0], HIGH_M[-1])
    lower, upper = np.minimum(antenna, flying), np.maximum(antenna, flying)
    loss = Table.of(wanted).loss_db(np.minimum(d, FARTHEST_KM), lower, np.maximum(upper, HIGH_M[0]))
    return np.asarray((wanted.budget_db - loss.min(axis=-1)).T)
