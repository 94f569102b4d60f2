"""What users under a multi-beam satellite get: coupling loss, carrier to interference, noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio import linkbudget
from rabta.radio.itu import check_range
from rabta.radio.patterns.beams import layouts
from rabta.radio.patterns.beams.layouts import Layout
from rabta.radio.patterns.shapes import Aperture, Pattern

Array = NDArray[np.float64]

RECOMMENDATION = "3GPP TR 38.821, clause 6.1.1"
PERCENTILES = (5.0, 50.0, 95.0)
STEPS_A_BEAM = 400  # of the pattern's table, over one half-power beamwidth


def pattern_table(pattern: Pattern, half_power_deg: float) -> tuple[Array, float]:
    """Power of a round pattern by chord, relative to its axis, and the chord's step."""
    step = 2.0 * np.sin(np.radians(half_power_deg) / 2.0) / STEPS_A_BEAM
    chord = np.arange(0.0, 2.0 + step, step)
    angle = np.degrees(2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0)))
    return np.asarray(10.0 ** ((pattern.gain_dbi(angle) - pattern.peak_dbi) / 10.0)), float(step)


def sums(
    layout: Layout,
    user_uv: ArrayLike,
    serving: ArrayLike,
    pattern: Pattern,
    half_power_deg: float,
    *,
    power: ArrayLike = 1.0,
    cross_polar_db: float = 30.0,
) -> tuple[Array, Array]:
    """Power of each user's beam and of all other beams, relative to one beam on its axis.

    Parameters
    ----------
    user_uv : (n, 2) array_like
        Directions of users.
    serving : (n,) array_like of int
        Beam of each user.
    power : (beams,) array_like
        Relative power density of each beam, 0 where it is off.

    Returns
    -------
    carrier, interference : (n,) arrays
    """
    from rabta.radio.patterns.beams import _kernels

    table, step = pattern_table(pattern, half_power_deg)
    user = np.ascontiguousarray(layouts.unit(np.asarray(user_uv, dtype=np.float64)))
    carrier, interference = np.empty(len(user)), np.empty(len(user))
    _kernels.beam_sums(
        user,
        np.ascontiguousarray(serving, dtype=np.int64),
        np.ascontiguousarray(layouts.unit(layout.uv)),
        np.ascontiguousarray(layout.colour, dtype=np.int64),
        np.array(np.broadcast_to(np.asarray(power, dtype=np.float64), len(layout))),
        layout.coupling(cross_polar_db),
        table,
        step,
        carrier,
        interference,
    )
    return carrier, interference


@dataclass(frozen=True)
class Downlink:
    """Users of the inner beams, one value each.

    Attributes
    ----------
    coupling_loss_db : (n,) array
        Free space less both antenna gains.
    sir_db, sinr_db : (n,) arrays
        Carrier to the other beams' interference, without and with noise.
    """

    coupling_loss_db: Array
    sir_db: Array
    sinr_db: Array

    def percentiles(self, points: Sequence[float] = PERCENTILES) -> dict[str, Array]:
        """Percentiles by quantity."""
        named = {"coupling_loss": self.coupling_loss_db, "sir": self.sir_db, "sinr": self.sinr_db}
        return {name: np.percentile(values, points) for name, values in named.items()}


def slant_km(off_nadir_deg: ArrayLike, altitude_km: float) -> Array:
    """Distance to the spherical ground along a direction; NaN where it passes by."""
    off = np.radians(np.asarray(off_nadir_deg, dtype=np.float64))
    radius = linkbudget.EARTH_KM + altitude_km
    under = linkbudget.EARTH_KM**2 - (radius * np.sin(off)) ** 2
    root = np.sqrt(np.where(under >= 0.0, under, np.nan))
    return np.asarray(radius * np.cos(off) - root)


def single_satellite(
    *,
    altitude_km: float,
    elevation_deg: float,
    frequency_ghz: float,
    aperture_m: float,
    half_power_deg: float,
    satellite_dbi: float,
    eirp_density_dbw_mhz: float,
    user_dbi: float,
    user_g_over_t_db_k: float,
    reuse: int = 1,
    serving_tiers: int = 2,
    outer_tiers: int | None = None,
    users_a_beam: int = 400,
    seed: int = 1,
) -> Downlink:
    """Re-simulation of TR 38.821's system-level layout: one satellite, line of sight, no fading.

    Parameters
    ----------
    elevation_deg : float
        Under which the middle beam's ground sees the satellite: 45 (GEO) or 90 (LEO).
    reuse : int
        1, 3, or 4 with two polarisations.
    serving_tiers, outer_tiers : int
        Rings whose users count, and further rings that only interfere: 2 and 2 (61 beams), 4 if reused.

    Notes
    -----
    Users are spread evenly over the hexagons in UV, each served by its own beam; the density of EIRP is the
    same in all. TR 38.821, tables 6.1.1.1-1 to -9.
    """
    check_range("elevation_deg", elevation_deg, 10.0, 90.0, RECOMMENDATION)
    outer = (2 if reuse == 1 else 4) if outer_tiers is None else outer_tiers
    layout = layouts.hexagonal(
        half_power_deg, tiers=serving_tiers + outer, reuse=reuse, polarisations=2 if reuse == 4 else 1
    )
    inner = layouts.hexagonal(half_power_deg, tiers=serving_tiers, reuse=reuse)
    users, beam = layouts.cell_points(inner, users_a_beam, seed)
    dish = Aperture(aperture_m, frequency_ghz, satellite_dbi)
    carrier, interference = sums(layout, users, beam, dish, half_power_deg)
    loss = _free_space(users, altitude_km, elevation_deg, frequency_ghz)
    rolloff = 10.0 * np.log10(carrier)
    noise = -linkbudget.BOLTZMANN_DBW_K_HZ - 60.0  # dBW/MHz/K, turned over
    cnr = eirp_density_dbw_mhz + user_g_over_t_db_k + noise - loss + rolloff
    sir = 10.0 * np.log10(carrier / interference)
    sinr = -10.0 * np.log10(10.0 ** (-sir / 10.0) + 10.0 ** (-cnr / 10.0))
    return Downlink(loss - satellite_dbi - user_dbi - rolloff, sir, sinr)


def _free_space(users: Array, altitude_km: float, elevation_deg: float, frequency_ghz: float) -> Array:
    radius = linkbudget.EARTH_KM + altitude_km
    axis = np.arcsin(linkbudget.EARTH_KM / radius * np.cos(np.radians(elevation_deg)))
    ray = layouts.unit(users)
    down = ray[:, 2] * np.cos(axis) - ray[:, 1] * np.sin(
        axis
    )  # part along the nadir; v points to the far side
    off = np.degrees(np.arccos(np.clip(down, -1.0, 1.0)))
    return linkbudget.free_space_db(slant_km(off, altitude_km), frequency_ghz)
