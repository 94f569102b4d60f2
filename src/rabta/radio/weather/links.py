"""User links behind drawn rain: tables of C/N over percentages of the year, then efficiency and rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from rabta.radio import downlinks
from rabta.radio.downlinks import ELEVATION_BINS_DEG, FIRST_DEG, STEP_DEG, Downlink, Receivers
from rabta.radio.slantpath import Climate
from rabta.radio.weather import _kernels

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

NODES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Percentages of the year of the tables; between them C/N is taken as linear in p^-0.3.

The power was chosen among -0.6 to 0 for the least error against P.618 itself: below 0.1 dB from 0.01 % of the
year and 25 degrees up at 20 GHz in Lahore.
"""

DRY = 100.0
RATE_SIGMA = 1.26  # P.837-7, Annex 1, equation (5)


def rain_level(rain_percent: F8) -> F4:
    """Level of the first field above which it rains at a place."""
    return np.asarray(-ndtri(np.asarray(rain_percent, dtype=np.float64) / 100.0), dtype=np.float32)


def exceeded_percent(rain: F4, depth: F4, rain_percent: F8) -> F4:
    """Share of the year with at least the rain of this moment; 100 where it is dry.

    Parameters
    ----------
    rain, depth : float32 (time, place)
        The two Gaussian fields.
    rain_percent : float64 (place,)
        Share of the year in which it rains.
    """
    out = np.full(rain.shape, DRY, np.float32)
    time, place = np.nonzero(rain > rain_level(rain_percent))
    out[time, place] = rain_percent[place] * ndtr(-depth[time, place].astype(np.float64))
    return out


def rain_rate_mmh(percent: F8, rain_percent: F8, rate_001_mmh: F8) -> F8:
    """Rain rate at a share of the year: lognormal while it rains, through R0.01.

    ITU-R P.837-7, equation (5), has a lognormal with this standard deviation for each month; here one stands
    for the year, so that rates other than R0.01 differ by some per cent from the Recommendation's.
    """
    wet = np.asarray(percent) < rain_percent
    ratio = np.where(wet, percent, rain_percent / 2.0) / rain_percent
    gain = RATE_SIGMA * (-ndtri(ratio) + ndtri(np.minimum(0.01 / np.asarray(rain_percent), 0.5)))
    return np.asarray(np.where(wet, rate_001_mmh * np.exp(gain), 0.0))


def carrier_tables(climate: Climate, links: Sequence[Downlink]) -> F4:
    """C/N at a slant range of 1 km, (cell, system, elevation bin, percentage); the last is without rain.

    Total attenuation of each percentage as P.618-14 has it (section 2.5), so that over a long time a link's
    attenuation is exceeded as often as there. Without rain: gas and cloud of 5 % of the year as always.
    """
    shape = (len(climate.lat_deg), len(links), len(ELEVATION_BINS_DEG), len(NODES) + 1)
    out = np.empty(shape, dtype=np.float32)
    dry = replace(climate, rain_rate_mmh=np.zeros_like(climate.rain_rate_mmh))
    elevation = ELEVATION_BINS_DEG[:, None]
    for i, link in enumerate(links):
        for air, percents, part in ((climate, NODES, slice(0, -1)), (dry, (5.0,), slice(-1, None))):
            loss, zenith = downlinks.attenuation_table(
                air, link.frequency_ghz, ELEVATION_BINS_DEG, percents,
                diameter_m=link.terminal.aperture_m, tilt_deg=link.tilt_deg,
            )  # fmt: skip
            clear = zenith[:, None, None] / np.sin(np.radians(elevation))
            out[:, i, :, part] = link.carrier_db(elevation, loss, clear)
    return out


def rates(
    slots: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    system_of: NDArray[Any],
    carrier: F4,
    percent: F4,
    receivers: Receivers,
) -> tuple[F4, F4]:
    """Efficiency of each slot and best rate of each cell in drawn rain, compiled.

    Parameters
    ----------
    slots : tuple of ndarray, shape (time, cell, slot)
        Satellite, elevation (degrees) and slant range (m), as in the schema's ``slot_*`` arrays.
    system_of : ndarray, shape (satellite,)
    carrier : ndarray
        From `carrier_tables`.
    percent : ndarray, shape (time, cell)
        From `exceeded_percent`.

    Returns
    -------
    efficiency : float32 (time, cell, slot), rate : float32 (time, cell)
        bit/s/Hz, Mbit/s.
    """
    satellite, elevation, range_m = slots
    efficiency = np.empty(satellite.shape, dtype=np.float32)
    rate = np.empty(satellite.shape[:2], dtype=np.float32)
    r = receivers
    _kernels.links(
        _plain(satellite, np.int16), _plain(elevation, np.float32), _plain(range_m, np.float32),
        _plain(system_of, np.int16), _plain(carrier[..., -1], np.float32), _plain(carrier, np.float32),
        _plain(percent, np.float32),
        np.array(NODES), FIRST_DEG, STEP_DEG,
        r.flux_limit_db, r.threshold_db, r.bits, r.channel_mhz, r.cap_mbps, efficiency, rate,
    )  # fmt: skip
    return efficiency, rate


def _plain(values: NDArray[Any], dtype: Any) -> NDArray[Any]:
    return np.require(values, dtype=dtype, requirements=["C", "W"])


def rates_reference(
    slots: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    system_of: NDArray[Any],
    carrier: F4,
    percent: F4,
    receivers: Receivers,
) -> tuple[F8, F8]:
    """`rates` in plain NumPy: a table of C/N for every moment, handed to `downlinks.rates_reference`."""
    nodes = np.array(NODES)
    p = np.clip(percent.astype(np.float64), nodes[0], None)
    low = np.clip(np.searchsorted(nodes, p, side="right") - 1, 0, len(nodes) - 2)
    at = nodes**-0.3
    share = np.clip((at[low] - p**-0.3) / (at[low] - at[low + 1]), 0.0, 1.0)
    cell = np.arange(percent.shape[1])
    steps = []
    for t in range(percent.shape[0]):
        part = share[t][:, None, None]
        wet = carrier[cell, :, :, low[t]] * (1.0 - part) + carrier[cell, :, :, low[t] + 1] * part
        table = np.where((percent[t] > DRY - 1.0)[:, None, None], carrier[..., -1], wet)
        satellite, elevation, range_m = (values[t : t + 1] for values in slots)
        steps.append(downlinks.rates_reference(satellite, elevation, range_m, system_of, table, receivers))
    return np.concatenate([s[0] for s in steps]), np.concatenate([s[1] for s in steps])
