"""Laser feeder links between a satellite and the ground under a clear sky, line by line."""

from __future__ import annotations

from collections.abc import Mapping

from rabta.radio.optical import air, beam


def feeder(
    *,
    power_w: float,
    satellite_gain_db: float,
    station_m: float,
    range_km: float,
    elevation_deg: float,
    height_km: float = 0.0,
    wavelength_um: float = 1.55,
    rate_gbps: float,
    photons: float,
    share: float = 0.01,
    up: bool = False,
    station_efficiency: float = 0.5,
    ground_wind_m_s: float = air.GROUND_WIND_M_S,
    losses_db: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Budget of a link through the air, with the scintillation that is exceeded for a share of the time.

    Parameters
    ----------
    power_w : float
        Of whoever sends.
    satellite_gain_db, station_m : float
        Gain of the satellite's telescope; diameter of the one on the ground.
    height_km : float
        Of the station above the sea.
    share : float
        Share of the time with a deeper fade by scintillation than the budget counts.
    up : bool
        From the ground: no aperture averages the fades. The wander of the beam, which an uplink has besides,
        is not in here.

    Returns
    -------
    dict
        As `rabta.radio.optical.beam.budget`, with ``scattering_db`` and ``scintillation_db``. Clouds are
        not in it: see `rabta.radio.optical.clouds.availability`.
    """
    turbulence = air.Turbulence.above(height_km, ground_wind_m_s)
    averaged = 0.0 if up else station_m
    variance = float(turbulence.log_intensity_variance(wavelength_um, elevation_deg, averaged))
    station = float(beam.telescope_gain_db(station_m, wavelength_um, station_efficiency))
    lines = {
        "scattering": float(air.scattering_db(wavelength_um, elevation_deg, height_km)),
        "scintillation": float(air.scintillation_fade_db(variance, share)),
    }
    gains = (station, satellite_gain_db) if up else (satellite_gain_db, station)
    return beam.budget(
        power_w=power_w,
        send_gain_db=gains[0],
        receive_gain_db=gains[1],
        range_km=range_km,
        wavelength_um=wavelength_um,
        rate_gbps=rate_gbps,
        photons=photons,
        losses_db=lines | dict(losses_db or {}),
    )
