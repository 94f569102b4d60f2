"""The echo of a small aircraft at a radio site that senses with its own downlink."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError
from rabta.units import BOLTZMANN_J_K, SPEED_OF_LIGHT_M_S, from_db, to_db

Array = NDArray[np.float64]

ROOM_K = 290.0
TARGETS_DBSM = {"small-uav": -12.81}
"""Mean echo areas of 3GPP's sensing channel, TR 38.901 release 19: a multirotor of 0.3 x 0.4 x 0.2 m."""
SPREAD_DB = {"small-uav": 3.74}
PREFIX_SHARE = 144.0 / 2048.0  # normal cyclic prefix over the symbol, TS 38.211, 5.3.1


@dataclass(frozen=True)
class Sensor:
    """A panel that sends and hears its own echoes.

    Attributes
    ----------
    power_dbm : float
        Of one panel over the whole bandwidth.
    losses_db : float
        Beam shape, straddling, window, processing.
    share : float
        Part of the time and frequency that senses.
    scan_s : float
        Time in which the beams pass over the whole field of view once.
    azimuth_deg, elevation_low_deg, elevation_high_deg : float
        Field of view of one panel; `sectors` of them stand around a mast.
    """

    frequency_ghz: float
    bandwidth_mhz: float
    spacing_khz: float
    power_dbm: float
    transmit_gain_dbi: float
    receive_gain_dbi: float
    noise_figure_db: float
    losses_db: float
    share: float
    scan_s: float
    azimuth_deg: float
    elevation_low_deg: float
    elevation_high_deg: float
    sectors: float

    @cached_property
    def wavelength_m(self) -> float:
        """Wavelength."""
        return SPEED_OF_LIGHT_M_S / (self.frequency_ghz * 1e9)

    @cached_property
    def beams(self) -> float:
        """Beams of the transmit gain that fill a panel's field of view: solid angle over 4 pi / gain."""
        low, high = np.radians([self.elevation_low_deg, self.elevation_high_deg])
        solid = np.radians(self.azimuth_deg) * (np.sin(high) - np.sin(low))
        return float(max(1.0, solid * from_db(self.transmit_gain_dbi) / (4.0 * np.pi)))

    @cached_property
    def dwell_s(self) -> float:
        """Time on one direction in each scan."""
        return self.scan_s / self.beams

    @cached_property
    def resolution_m(self) -> float:
        """Distance at which two echoes part: c / 2B."""
        return SPEED_OF_LIGHT_M_S / (2e6 * self.bandwidth_mhz)

    @cached_property
    def speed_resolution_m_s(self) -> float:
        """Radial speed at which two echoes part, and below which a target hides in still clutter."""
        return self.wavelength_m / (2.0 * self.dwell_s)

    @cached_property
    def clear_range_m(self) -> float:
        """Distance to which the echo is inside the cyclic prefix."""
        return 0.5 * SPEED_OF_LIGHT_M_S * PREFIX_SHARE / (self.spacing_khz * 1e3)


def sensor(name: str) -> Sensor:
    """Sensor of the catalog; a value that is not a number, or not possible, is refused by name."""
    entry = catalog.entry("sensors", name)
    values = {}
    for field in fields(Sensor):
        value = entry.data.get(field.name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise RabtaError(
                "sensor without a usable number", file=entry.path, key=field.name, value=value,
                expected="a number",
            )  # fmt: skip
        values[field.name] = float(value)
    for name_ in (
        "frequency_ghz",
        "bandwidth_mhz",
        "spacing_khz",
        "share",
        "scan_s",
        "azimuth_deg",
        "sectors",
    ):
        if values[name_] <= 0.0:
            raise RabtaError(
                "sensor with an impossible number", file=entry.path, key=name_, value=values[name_],
                expected="more than 0",
            )  # fmt: skip
    return Sensor(**values)


def echo_dbm(panel: Sensor, range_m: ArrayLike, area_dbsm: ArrayLike) -> Array:
    """Power of an echo from a target on the axis: the radar equation, one site sends and receives.

    P G_t G_r lambda^2 sigma / ((4 pi)^3 R^4 L): Skolnik, Introduction to Radar Systems, equation 1.7.
    """
    distance = np.asarray(range_m, np.float64)
    gains = panel.transmit_gain_dbi + panel.receive_gain_dbi + 20.0 * np.log10(panel.wavelength_m)
    spread = 30.0 * np.log10(4.0 * np.pi) + 40.0 * np.log10(distance)
    return np.asarray(panel.power_dbm + gains + np.asarray(area_dbsm, np.float64) - spread - panel.losses_db)


def late_db(panel: Sensor, range_m: ArrayLike) -> Array:
    """Loss of an echo that comes later than the cyclic prefix: only part of it meets its own symbol."""
    symbol = 1.0 / (panel.spacing_khz * 1e3)
    late = 2.0 * np.asarray(range_m, np.float64) / SPEED_OF_LIGHT_M_S - PREFIX_SHARE * symbol
    kept = np.clip(1.0 - np.maximum(late, 0.0) / symbol, 1e-6, 1.0)
    return np.asarray(-20.0 * np.log10(kept))


def snr_db(panel: Sensor, range_m: ArrayLike, area_dbsm: ArrayLike) -> Array:
    """Signal to noise of one scan after coherent processing: echo energy over k T F.

    The energy is the echo's power for the sensing share of the dwell; the bandwidth cancels.
    """
    noise_dbm_hz = to_db(BOLTZMANN_J_K * ROOM_K * 1e3) + panel.noise_figure_db
    energy = echo_dbm(panel, range_m, area_dbsm) + to_db(panel.dwell_s * panel.share)
    return np.asarray(energy - noise_dbm_hz - late_db(panel, range_m))


def reach_m(panel: Sensor, snr_needed_db: float, area_dbsm: float) -> float:
    """Distance at which the SNR falls to what is needed; 0 where it never reaches it."""
    distance = np.geomspace(10.0, 1e5, 20_001)
    enough = snr_db(panel, distance, area_dbsm) >= snr_needed_db
    return float(distance[np.flatnonzero(enough)[-1]]) if enough.any() else 0.0


def range_error_m(panel: Sensor, ratio_db: ArrayLike) -> Array:
    """Least standard deviation of a measured distance (Cramer and Rao): c / (4 pi beta sqrt(2 SNR)).

    beta is the root mean square bandwidth of a flat spectrum, B / sqrt(12).
    """
    beta = panel.bandwidth_mhz * 1e6 / np.sqrt(12.0)
    ratio = from_db(np.asarray(ratio_db, np.float64))
    return np.asarray(SPEED_OF_LIGHT_M_S / (4.0 * np.pi * beta * np.sqrt(2.0 * ratio)))
