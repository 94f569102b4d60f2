"""What rain leaves of a gateway's feeder: the uplink's modcods over all satellites in its view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta import catalog, geo
from rabta.catalog import Entry
from rabta.errors import RabtaError
from rabta.radio import downlinks, modcods
from rabta.radio.linkbudget import BOLTZMANN_DBW_K_HZ, EARTH_KM, free_space_db, slant_range_km
from rabta.radio.modcods import Waveform
from rabta.radio.slantpath import Climate

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

PERCENTS = np.geomspace(0.001, 5.0, 186)  # steps of 4.7 %: finer than the steps of the modcods
STRIP_DEG = 2.5


@dataclass(frozen=True)
class Uplink:
    """Uplink of a gateway antenna to satellites of one system.

    Attributes
    ----------
    eirp_dbw, channel_mhz, g_over_t_db_k : float
        Highest EIRP of a carrier, its bandwidth, and the satellite's figure of merit.
    cap_bps_hz : float
        Efficiency of clear sky; more is not used.
    altitude_km, min_elevation_deg : float
        Of the satellites.
    """

    eirp_dbw: float
    channel_mhz: float
    g_over_t_db_k: float
    cap_bps_hz: float
    tilt_deg: float
    aperture_m: float
    waveform: Waveform
    frequency_ghz: float
    altitude_km: float
    min_elevation_deg: float

    def strips(self) -> tuple[F8, F8]:
        """Elevations of strips of the view, and the share of the satellites in each.

        Satellites are as thick everywhere: a strip has its part of the area of the spherical cap in view.
        """
        low = max(self.min_elevation_deg, 5.0)
        edges = np.linspace(low, 90.0, max(2, round((90.0 - low) / STRIP_DEG) + 1))
        away = np.arccos(EARTH_KM / (EARTH_KM + self.altitude_km) * np.cos(np.radians(edges)))
        area = np.diff(np.cos(away - np.radians(edges)))
        return (edges[1:] + edges[:-1]) / 2.0, area / area.sum()

    def factors(self, climate: Climate) -> F8:
        """Part of the clear-sky capacity left, (place, percentage of `PERCENTS`, then without rain)."""
        elevation, weight = self.strips()
        worst, _ = downlinks.attenuation_table(
            climate,
            self.frequency_ghz,
            elevation,
            PERCENTS,
            diameter_m=self.aperture_m,
            tilt_deg=self.tilt_deg,
        )
        none = Climate(**{**vars(climate), "rain_rate_mmh": np.zeros_like(climate.rain_rate_mmh)})
        clear, _ = downlinks.attenuation_table(
            none, self.frequency_ghz, elevation, 5.0, diameter_m=self.aperture_m, tilt_deg=self.tilt_deg
        )
        loss = np.concatenate([worst, clear], axis=2)
        range_km = slant_range_km(elevation, self.altitude_km)
        fixed = (
            self.eirp_dbw + self.g_over_t_db_k - BOLTZMANN_DBW_K_HZ - 60.0 - 10.0 * np.log10(self.channel_mhz)
        )
        carrier = (fixed - free_space_db(range_km, self.frequency_ghz))[:, None] - loss
        bits = np.minimum(self.waveform.efficiency(carrier), self.cap_bps_hz)
        left = np.einsum("e,pen->pn", weight, bits)
        return np.asarray(left / np.where(left[:, -1:] > 0.0, left[:, -1:], 1.0))


def uplink(system: str, min_elevation_deg: float, implementation_loss_db: float) -> Uplink:
    """Uplink to one system of the constellations catalog, with the antenna of the feeders catalog."""
    entry = catalog.entry("feeders", "ka-gateway")
    orbit = catalog.entry("constellations", system)
    shells = orbit.data.get("shells", [])
    altitudes = [float(s["altitude_km"]) for s in shells if "altitude_km" in s]
    if not altitudes or "up_ghz" not in orbit.data.get("feeder", {}):
        raise RabtaError(
            "constellation without feeder or altitude",
            file=orbit.path,
            key="feeder.up_ghz, shells.altitude_km",
            expected="numbers",
        )
    return Uplink(
        eirp_dbw=_number(entry, "eirp_dbw"),
        channel_mhz=_number(entry, "channel_mhz"),
        g_over_t_db_k=_number(entry, "g_over_t_db_k"),
        cap_bps_hz=_number(entry, "cap_bps_hz"),
        tilt_deg=_number(entry, "tilt_deg"),
        aperture_m=_number(entry, "aperture_m"),
        waveform=modcods.load(str(entry.data["waveform"]), implementation_loss_db),
        frequency_ghz=float(orbit.data["feeder"]["up_ghz"]),
        altitude_km=float(np.mean(altitudes)),
        min_elevation_deg=min_elevation_deg,
    )


def _number(entry: Entry, key: str) -> float:
    value = entry.data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RabtaError("feeder without this number", file=entry.path, key=key, expected="a number")
    return float(value)


def share_left(table: F8, percent: F4) -> F4:
    """Part of the capacity left at moments: the table of a place read at a share of the year.

    Parameters
    ----------
    table : ndarray, shape (place, percentage)
        From `Uplink.factors`.
    percent : ndarray, shape (moment, place)

    Returns
    -------
    ndarray of float32, shape (moment, place)
    """
    nodes = PERCENTS.size
    # the deeper neighbour: what is left is never overstated
    step = np.clip(np.searchsorted(PERCENTS, percent, side="right") - 1, 0, nodes - 1)
    row = np.where(percent > 99.0, nodes, step)
    return np.asarray(table[np.arange(table.shape[0]), row], dtype=np.float32)


def nearest_cells(lat_deg: F8, lon_deg: F8, cell_lat: F8, cell_lon: F8) -> tuple[NDArray[np.int64], F8]:
    """Row and distance (km) of the cell nearest to each place: it lends its climate."""
    rows, distances = [], []
    for lat, lon in zip(lat_deg, lon_deg, strict=True):
        away = geo.great_circle_m(cell_lat, cell_lon, lat, lon)
        rows.append(int(np.argmin(away)))
        distances.append(float(away[rows[-1]]) / 1e3)
    return np.array(rows, np.int64), np.array(distances)


def climate_at(cells: Climate, row: NDArray[np.int64], height_km: F8) -> Climate:
    """Climate of some cells at other heights."""
    values = {name: value[row] for name, value in vars(cells).items()}
    return Climate(**{**values, "height_km": np.asarray(height_km, dtype=np.float64)})
