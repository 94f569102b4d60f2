"""C/N over time along real passes: which satellite serves, from where, through which sky."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.geo import ecef_from_geodetic
from rabta.radio import slantpath
from rabta.radio.adaptation.fades import exceeded_percent
from rabta.radio.downlinks import APERTURE_EFFICIENCY, Downlink
from rabta.radio.itu import check_range
from rabta.radio.slantpath import Climate
from rabta.space.events import handover, windows
from rabta.space.orbits import Orbits, states
from rabta.space.visibility import Ground, look

F8 = NDArray[np.float64]

GEO_KM = 42_164.17
FREQUENT_PERCENT, RAREST_PERCENT = 5.0, 0.001  # P.618-14, section 2.2.1.1


@dataclass(frozen=True)
class Track:
    """Geometry of the serving satellite.

    Attributes
    ----------
    satellite : int32 (time, place)
        Row of the orbits, -1 where none serves.
    elevation_deg, range_km : ndarray, shape (time, place)
        NaN where none serves.
    """

    satellite: NDArray[np.int32]
    elevation_deg: F8
    range_km: F8


def along(
    orbits: Orbits,
    place: Ground,
    start: np.datetime64,
    span_s: float,
    step_s: float,
    min_elevation_deg: float | NDArray[np.float64],
    policy: str = "longest-remaining",
) -> Track:
    """Follow the satellites that serve some places.

    Parameters
    ----------
    orbits : Orbits
        From `rabta.space.orbits.prepare`.
    place : Ground
        From `rabta.space.visibility.ground`.
    step_s : float
        Time between two rows.
    policy : str
        Of `rabta.space.events.handover`; those that need a score take one place, by elevation.

    Raises
    ------
    RabtaError
        A step longer than the span.
    """
    check_range("step_s", step_s, 1e-3, span_s, "a track")
    seen = windows.windows(orbits, place, start, span_s, min_elevation_deg)
    score = handover.elevation(orbits, place, start) if policy in ("highest", "scheduled") else None
    links = handover.serve(seen, policy, score)
    seconds = np.arange(0.0, span_s, step_s)
    shape = (seconds.size, len(place.cell_m))
    satellite = np.full(shape, -1, dtype=np.int32)
    elevation, range_km = np.full(shape, np.nan), np.full(shape, np.nan)
    first, last = (np.searchsorted(seconds, edge) for edge in (links.start_s, links.end_s))
    moments = start.astype("datetime64[ns]") + np.round(seconds * 1e9).astype("timedelta64[ns]")
    for site, row, a, b in zip(links.site, links.satellite, first, last, strict=True):
        if a == b:
            continue
        found, _ = states(orbits[[row]], moments[a:b])
        offset = found[0] - place.cell_m[site][:, None]
        length = np.linalg.norm(offset, axis=0)
        elevation[a:b, site] = np.degrees(np.arcsin(place.axes[site, 2] @ offset / length))
        range_km[a:b, site] = length / 1e3
        satellite[a:b, site] = row
    return Track(satellite, elevation, range_km)


def geostationary(longitude_deg: float, place: Ground, steps: int) -> Track:
    """A geostationary satellite at a longitude, which stands still."""
    here = ecef_from_geodetic(0.0, longitude_deg, 0.0)
    elevation, _, length = look(place, np.atleast_2d(here / np.linalg.norm(here) * GEO_KM * 1e3))
    if (elevation <= 0.0).any():
        raise RabtaError(
            "the satellite is below the horizon", key="longitude_deg", value=longitude_deg,
            expected="a longitude in view of every place",
        )  # fmt: skip
    ones = np.ones((steps, 1))
    none = np.zeros((steps, len(place.cell_m)), dtype=np.int32)
    return Track(none, ones * elevation[:, 0], ones * length[:, 0] / 1e3)


def attenuation_db(
    link: Downlink, climate: Climate, track: Track, gaussian: F8, rain_percent: F8
) -> tuple[F8, F8]:
    """Attenuation of the sky along a track, and its part in clear air, both (time, place).

    Parameters
    ----------
    climate : Climate
        One row a place.
    gaussian : ndarray, shape (time, place)
        From `rabta.radio.adaptation.fades.process`: how rare the rain of the moment is.
    rain_percent : ndarray, shape (place,)
        Share of the year in which it rains.

    Notes
    -----
    While it rains P.618-14's total attenuation that is exceeded as often as the rain of the moment, at the
    elevation of the moment: rain is taken as equally rare in every direction. Else gas and cloud of 5 %.
    """
    percent = exceeded_percent(gaussian)
    wet = percent <= np.minimum(rain_percent, FREQUENT_PERCENT)
    elevation = np.where(np.isnan(track.elevation_deg), 90.0, track.elevation_deg)
    dry = replace(climate, rain_rate_mmh=np.zeros_like(climate.rain_rate_mmh))
    size = {"diameter_m": link.terminal.aperture_m, "efficiency": APERTURE_EFFICIENCY}
    rare = np.clip(percent, RAREST_PERCENT, FREQUENT_PERCENT)
    rain, still = (
        slantpath.attenuation(air, link.frequency_ghz, elevation, p, tilt_deg=link.tilt_deg, **size).total
        for air, p in ((climate, rare), (dry, np.full_like(rare, FREQUENT_PERCENT)))
    )
    air = slantpath.zenith_gas_db(climate, link.frequency_ghz) / np.sin(np.radians(elevation))
    return np.where(wet, np.maximum(rain, still), still), np.broadcast_to(air, rain.shape)


def carrier_db(
    link: Downlink, climate: Climate, track: Track, gaussian: F8, rain_percent: F8
) -> NDArray[np.float32]:
    """C/N of a downlink along a track, (time, place), NaN where no satellite serves.

    Parameters are those of `attenuation_db`. The satellite keeps to its power flux-density at the ground.
    """
    total, clear = attenuation_db(link, climate, track, gaussian, rain_percent)
    near = np.minimum(-20.0 * np.log10(track.range_km), link.flux_limit_db)
    elevation = np.where(np.isnan(track.elevation_deg), 90.0, track.elevation_deg)
    found = link.carrier_db(elevation, total, clear) + near
    return np.asarray(np.where(np.isnan(track.range_km), np.nan, found), dtype=np.float32)
