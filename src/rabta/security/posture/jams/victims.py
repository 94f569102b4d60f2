"""What jammers are meant for: user links, their signal in each cell, and the J/S that they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.mobile.pathloss import rma_nlos_db
from rabta.radio.interference import jammers
from rabta.radio.linkbudget import free_space_db
from rabta.radio.patterns.earth import S465
from rabta.units import SPEED_OF_LIGHT_M_S

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
BOLTZMANN_DB = -228.599  # dB(W/K/Hz)
TRACKING_DBHZ = 28.0  # C/N0 below which receivers lose a signal: Kaplan and Hegarty, section 6.2
B1C_DBW = -159.0  # least power on the ground, BDS-SIS-ICD-B1C-1.0, section 4.4
LOWEST_LTE_DB = -6.7  # SNR of CQI 1: link tables of 3GPP TS 38.214 users, as in the suite pysim5g
LOWEST_DVB_DB = -2.35  # QPSK 1/4: ETSI EN 302 307-1, table 13
C2_DB = 3.0  # as the airlinks entry c2-cband has it
GEO_KM = 37_500.0
FARTHEST_M, NEAREST_M = 5_000.0, 100.0  # of a phone from its mast: the range of RMa
OPERATORS = 3.0


@dataclass(frozen=True)
class Victim:
    """A user link.

    Attributes
    ----------
    signal_dbw : ndarray, shape (cell,)
        Wanted power at the receiver, antenna gain included; NaN where there is no service.
    gain_dbi : ndarray, shape (cell,)
        Antenna gain towards the horizon, where the jammer stands.
    limit_db : float
        J/S from which the link fails.
    cluttered : bool
        Whether the receiver stands among houses and trees, as its wanted signal does.
    """

    name: str
    frequency_ghz: float
    height_m: float
    bandwidth_mhz: float
    signal_dbw: F8
    gain_dbi: F8
    limit_db: float
    cluttered: bool = False


def victims(
    cells: pd.DataFrame, systems: pd.DataFrame, geo_elevation_deg: F8, c2_margin_db: F8
) -> Mapping[str, Victim]:
    """Every victim of a run by name; a satellite link only where a system of its band is in the run.

    Parameters
    ----------
    geo_elevation_deg : ndarray, shape (cell, geo)
    c2_margin_db : ndarray, shape (cell,)
        Margin of the control link 120 m above the ground.
    """
    count = len(cells)
    found = [*_navigation(count), _mobile(cells), _control(c2_margin_db)]
    for row in systems[systems["kind"] == "broadband"].to_dict("records"):
        if row["orbit"] == "leo" and 10.0 < row["frequency_ghz"] < 13.0:
            found.append(_ku(row, count))
        if row["orbit"] == "geo" and row["frequency_ghz"] > 17.0 and geo_elevation_deg.shape[1]:
            found.append(_ka(row, geo_elevation_deg.max(axis=1)))
    return {victim.name: victim for victim in reversed(found)}  # the first of a kind stays


def _navigation(count: int) -> list[Victim]:
    receiver = catalog.entry("terminals", "gnss-receiver").data
    noise = BOLTZMANN_DB - float(receiver["g_over_t_db_k"])
    out = []
    for name, power in (("gnss-l1", jammers.GPS_L1_DBW), ("gnss-b1c", B1C_DBW)):
        limit = float(jammers.tolerable_j_s_db(power - noise, TRACKING_DBHZ))
        gain = np.zeros(count)
        out.append(Victim(name, jammers.GPS_L1_GHZ, 1.5, 2.046, np.full(count, power), gain, limit))
    return out


def _mobile(cells: pd.DataFrame) -> Victim:
    """Phones halfway out in their operator's area, on 1800 MHz."""
    carrier = next(
        row
        for row in catalog.entry("rollouts", "pakistan-today").data["carriers"]
        if row["band"] == "1800-mhz"
    )
    sites = cells["sites_4g"].to_numpy(np.float64) / OPERATORS
    area = cells["area_km2"].to_numpy(np.float64) * 1e6
    radius = np.sqrt(area / (np.pi * np.maximum(sites, 1e-9)))
    away = np.clip(radius / np.sqrt(2.0), NEAREST_M, FARTHEST_M)
    frequency, width = 1.8425, 10.0
    sent = float(carrier["power_dbm_mhz"]) + float(carrier["gain_dbi"]) - 30.0 + 10.0 * np.log10(width)
    signal = np.where(sites > 0.0, sent - rma_nlos_db(away, frequency), np.nan)
    return Victim("mobile-1800", frequency, 1.5, width, signal, np.zeros(len(cells)), -LOWEST_LTE_DB, True)


def _control(margin_db: F8) -> Victim:
    """Aircraft 120 m above the ground that hear the best aerodrome."""
    link = catalog.entry("airlinks", "c2-cband").data
    noise = -173.975 - 30.0 + 10.0 * np.log10(float(link["bandwidth_khz"]) * 1e3)
    least = noise + float(link["noise_figure_db"]) + float(link["threshold_db"]) + float(link["safety_db"])
    signal = np.where(margin_db >= 0.0, least + margin_db, np.nan)
    gain = np.full(len(margin_db), float(link["aircraft_gain_dbi"]))
    width = float(link["bandwidth_khz"]) / 1e3
    return Victim(
        "uav-c2", float(link["frequency_ghz"]), 120.0, width, signal, gain, -float(link["threshold_db"])
    )


def side_dbi(terminal: Mapping[str, Any], off_axis_deg: F8) -> F8:
    """Gain of a terminal off its axis: the envelope of ITU-R S.465-6 for its aperture."""
    pattern = S465(
        float(terminal["aperture_m"]), float(terminal["frequency_ghz"]), float(terminal["gain_dbi"])
    )
    return pattern.gain_dbi(off_axis_deg)


def _ku(system: Mapping[Any, Any], count: int) -> Victim:
    """Terminals that look at a satellite at the least elevation, towards the jammer: the worst case."""
    terminal = catalog.entry("terminals", str(system["terminal"])).data
    frequency, width = float(system["frequency_ghz"]), float(system["channel_mhz"])
    wavelength = SPEED_OF_LIGHT_M_S / (frequency * 1e9)
    field = float(system["pfd_dbw_m2_mhz"]) + 10.0 * np.log10(wavelength**2 / (4.0 * np.pi))
    signal = field + float(terminal["gain_dbi"]) + 10.0 * np.log10(width)
    least = float(
        catalog.entry("constellations", str(system["system"])).data["shells"][0]["min_elevation_deg"]
    )
    limit = _limit(signal, _noise_dbw(terminal, width))
    side = side_dbi(terminal, np.full(count, least))
    return Victim("ku-terminal", frequency, 3.0, width, np.full(count, signal), side, limit)


def _ka(system: Mapping[Any, Any], elevation_deg: F8) -> Victim:
    """Dishes that look at the geostationary satellite at its elevation."""
    terminal = catalog.entry("terminals", str(system["terminal"])).data
    frequency, width = float(system["frequency_ghz"]), float(system["channel_mhz"])
    sent = float(system["eirp_density_dbw_mhz"]) + 10.0 * np.log10(width)
    power = sent - float(free_space_db(GEO_KM, frequency)) + float(terminal["gain_dbi"])
    signal = np.where(elevation_deg > 0.0, power, np.nan)
    limit = _limit(power, _noise_dbw(terminal, width))
    return Victim("ka-terminal", frequency, 3.0, width, signal, side_dbi(terminal, elevation_deg), limit)


def _noise_dbw(terminal: Mapping[str, Any], width_mhz: float) -> float:
    warm = 10.0 ** ((float(terminal["gain_dbi"]) - float(terminal["g_over_t_db_k"])) / 10.0)
    return float(BOLTZMANN_DB + 10.0 * np.log10(warm) + 10.0 * np.log10(width_mhz * 1e6))


def _limit(signal_dbw: float, noise_dbw: float) -> float:
    """J/S at which carrier over noise and jammer is the least that any modulation works with."""
    allowed = 10.0 ** (-LOWEST_DVB_DB / 10.0) - 10.0 ** ((noise_dbw - signal_dbw) / 10.0)
    return float(10.0 * np.log10(max(allowed, 1e-9)))
