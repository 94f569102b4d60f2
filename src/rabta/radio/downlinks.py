"""User downlinks of every cell: tables of the sky, then efficiency and rate of every slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from rabta.radio import _kernels, antennas, gas, itu, modcods, slantpath
from rabta.radio.antennas import Terminal
from rabta.radio.itu import check_range
from rabta.radio.linkbudget import BOLTZMANN_DBW_K_HZ, free_space_db
from rabta.radio.modcods import Waveform
from rabta.radio.slantpath import Climate

Array = NDArray[np.float64]
Table = NDArray[np.float32]

FIRST_DEG, STEP_DEG = 5.0, 2.5
ELEVATION_BINS_DEG = np.arange(FIRST_DEG, 90.0 + STEP_DEG / 2.0, STEP_DEG)
"""Elevations of the attenuation tables: P.618 holds from 5 degrees."""

APERTURE_EFFICIENCY = 0.6
SPREAD_1_KM_DB = float(10.0 * np.log10(4e6 * np.pi))  # 4 pi d^2 in m2 at 1 km


@dataclass(frozen=True)
class Downlink:
    """User downlink of one system: what the satellite sends, what the terminal makes of it.

    Attributes
    ----------
    flux_dbw_m2_mhz : float
        Power flux-density at the ground that the satellite does not exceed: it turns its beam down when it is
        near. Infinite where there is no such limit.
    """

    frequency_ghz: float
    tilt_deg: float
    eirp_density_dbw_mhz: float
    channel_mhz: float
    terminal: Terminal
    flux_dbw_m2_mhz: float = np.inf

    @property
    def flux_limit_db(self) -> float:
        """The same limit as a largest gain over the signal at 1 km without it."""
        return self.flux_dbw_m2_mhz + SPREAD_1_KM_DB - self.eirp_density_dbw_mhz

    def carrier_db(self, elevation_deg: ArrayLike, total_db: ArrayLike, clear_db: ArrayLike) -> Array:
        """C/N at a slant range of 1 km: EIRP density + G/T - k - 1 MHz - free space - attenuation."""
        merit = self.terminal.g_over_t(elevation_deg, total_db, clear_db)
        fixed = self.eirp_density_dbw_mhz - BOLTZMANN_DBW_K_HZ - 60.0 - free_space_db(1.0, self.frequency_ghz)
        return np.asarray(fixed + merit - np.asarray(total_db))


def of_systems(systems: Any) -> list[Downlink]:
    """Downlink of each row of the systems table."""
    return [
        Downlink(
            float(row.frequency_ghz),
            float(row.polarisation_deg),
            float(row.eirp_density_dbw_mhz),
            float(row.channel_mhz),
            antennas.terminal(str(row.terminal)),
            _or_infinite(getattr(row, "pfd_dbw_m2_mhz", np.nan)),
        )
        for row in systems.itertuples()
    ]


def _or_infinite(value: float) -> float:
    return float(value) if np.isfinite(value) else np.inf


def attenuation_table(
    climate: Climate,
    frequency_ghz: float,
    elevation_deg: ArrayLike,
    percent: ArrayLike,
    *,
    diameter_m: float,
    efficiency: float = APERTURE_EFFICIENCY,
    tilt_deg: float = 45.0,
) -> tuple[Array, Array]:
    """Total attenuation of places x elevations x percentages, and the places' zenith gas, compiled.

    Same formulas as `slantpath.attenuation`, which is the reference; a thousand times more paths a second.
    """
    elevation, p = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (elevation_deg, percent))
    check_range("elevation_deg", elevation, slantpath.MIN_ELEVATION_DEG, 90.0, slantpath.RECOMMENDATION)
    check_range("percent", p, 0.001, 5.0, slantpath.RECOMMENDATION)
    check_range("frequency_ghz", frequency_ghz, 1.0, 55.0, slantpath.RECOMMENDATION)
    air = zenith_gas_db(climate, frequency_ghz)
    cloud = climate.zenith_cloud_db(frequency_ghz)
    k, alpha = itu.rain_coefficients(frequency_ghz, elevation, tilt_deg)
    flicker = slantpath.scintillation_factor(frequency_ghz, elevation[:, None], p, diameter_m, efficiency)
    out = np.empty((len(climate.lat_deg), len(elevation), len(p)))
    c = climate
    _kernels.total_attenuation(
        frequency_ghz, c.lat_deg, c.height_km, c.rain_height_km, c.rain_rate_mmh, c.n_wet,
        air, cloud, elevation, k, alpha, p, flicker, out,
    )  # fmt: skip
    return out, air


def zenith_gas_db(climate: Climate, frequency_ghz: float) -> Array:
    """Zenith attenuation by gas, compiled; the reference is `slantpath.zenith_gas_db`."""
    c = climate
    pressure = itu.standard_pressure_hpa(c.height_km)
    check_range("vapour_kg_m2", c.vapour_kg_m2, *gas.VAPOUR_KG_M2, "ITU-R P.676, Annex 2")
    height = gas.oxygen_height_km(frequency_ghz, pressure, c.temperature_k)
    factor, exponent = (float(v) for v in gas.height_factor(max(frequency_ghz, 20.0)))
    out = np.empty_like(c.lat_deg)
    _kernels.zenith_gas(
        *gas.lines(), frequency_ghz, gas.REFERENCE_GHZ, gas.REFERENCE_HPA,
        factor if frequency_ghz >= 20.0 else 0.0, exponent, pressure,
        c.vapour_g_m3, c.temperature_k, c.vapour_kg_m2, c.height_km, height, out,
    )  # fmt: skip
    return out


def sky_tables(climate: Climate, links: Sequence[Downlink], percent: float) -> tuple[Table, Table]:
    """Attenuation, and C/N at a slant range of 1 km, of places x systems x `ELEVATION_BINS_DEG`."""
    shape = (len(climate.lat_deg), len(links), len(ELEVATION_BINS_DEG))
    loss, carrier = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
    sine = np.sin(np.radians(ELEVATION_BINS_DEG))
    for i, link in enumerate(links):
        table, zenith = attenuation_table(
            climate, link.frequency_ghz, ELEVATION_BINS_DEG, percent,
            diameter_m=link.terminal.aperture_m, tilt_deg=link.tilt_deg,
        )  # fmt: skip
        loss[:, i] = table[..., 0]
        carrier[:, i] = link.carrier_db(ELEVATION_BINS_DEG, table[..., 0], zenith[:, None] / sine)
    return loss, carrier


@dataclass(frozen=True)
class Receivers:
    """What the rate of a system's link depends on beside C/N; one row for each system."""

    flux_limit_db: Array
    threshold_db: Array
    bits: Array
    channel_mhz: Array
    cap_mbps: Array

    @classmethod
    def of(cls, links: Sequence[Downlink], implementation_loss_db: float) -> Receivers:
        """Modcods, channel and the terminal's highest rate of each downlink."""
        waves: list[Waveform] = [modcods.load(d.terminal.waveform, implementation_loss_db) for d in links]
        channel = np.array([d.channel_mhz for d in links], dtype=np.float64)
        cap = np.array([d.terminal.max_rate_mbps for d in links], dtype=np.float64)
        flux = np.array([d.flux_limit_db for d in links], dtype=np.float64)
        return cls(flux, *modcods.stack(waves), channel, cap)


def rates(
    satellite: NDArray[Any],
    elevation_deg: NDArray[Any],
    range_m: NDArray[Any],
    system_of: NDArray[Any],
    carrier: Table,
    receivers: Receivers,
) -> tuple[Table, Table]:
    """Efficiency of each slot and best rate of each cell, compiled.

    Parameters
    ----------
    satellite, elevation_deg, range_m : ndarray, shape (time, cell, slot)
        As in the schema's ``slot_*`` arrays.
    system_of : ndarray, shape (satellite,)
        Row of the systems table.
    carrier : ndarray, shape (cell, system, elevation bin)
        From `sky_tables`.

    Returns
    -------
    efficiency : ndarray, shape (time, cell, slot)
        bit/s/Hz.
    rate : ndarray, shape (time, cell)
        Mbit/s.
    """
    efficiency = np.empty(satellite.shape, dtype=np.float32)
    rate = np.empty(satellite.shape[:2], dtype=np.float32)
    r = receivers
    _kernels.links(
        _plain(satellite, np.int16), _plain(elevation_deg, np.float32), _plain(range_m, np.float32),
        _plain(system_of, np.int16), _plain(carrier, np.float32), FIRST_DEG, STEP_DEG,
        r.flux_limit_db, r.threshold_db, r.bits, r.channel_mhz, r.cap_mbps, efficiency, rate,
    )  # fmt: skip
    return efficiency, rate


def _plain(values: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Contiguous and writable, as the compiled signatures ask for."""
    return np.require(values, dtype=dtype, requirements=["C", "W"])


def rates_reference(
    satellite: NDArray[Any],
    elevation_deg: NDArray[Any],
    range_m: NDArray[Any],
    system_of: NDArray[Any],
    carrier: Table,
    receivers: Receivers,
) -> tuple[Array, Array]:
    """`rates` in plain NumPy."""
    place = (np.asarray(elevation_deg, dtype=np.float64) - FIRST_DEG) / STEP_DEG
    good = (satellite >= 0) & (place >= 0.0)
    system = np.where(good, system_of[np.maximum(satellite, 0)], 0)
    low = np.clip(place.astype(np.int64), 0, carrier.shape[2] - 2)
    part = np.clip(place - low, 0.0, 1.0)
    cell = np.arange(satellite.shape[1])[None, :, None]
    table = carrier.astype(np.float64)
    base = table[cell, system, low] * (1.0 - part) + table[cell, system, low + 1] * part
    spread = -20.0 * np.log10(np.where(good, range_m, 1e3) / 1e3)
    found = base + np.minimum(spread, receivers.flux_limit_db[system])
    reached = (found[..., None] >= receivers.threshold_db[system]).sum(axis=-1)
    bits = np.concatenate([np.zeros((len(receivers.bits), 1)), receivers.bits], axis=1)
    efficiency = np.where(good, bits[system, reached], 0.0)
    capped = np.minimum(efficiency * receivers.channel_mhz[system], receivers.cap_mbps[system])
    return efficiency, capped.max(axis=-1)
