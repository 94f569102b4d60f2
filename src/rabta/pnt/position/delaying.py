"""Delays of the ionosphere and troposphere on prepared rows, by what satellites broadcast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt.atmosphere import bdgim, klobuchar, ntcm, troposphere
from rabta.pnt.gnsstime import Instants
from rabta.pnt.records import IonosphereMessage, Navigation

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# BDGIM, then Galileo's coefficients (both leave less than Klobuchar's: Yuan et al., J. Geod. 93 (2019);
# NTCM-G Ionospheric Model Description 1.0, section 5), then Klobuchar's.
ORDER = ("bdgim", "ntcm", "klobuchar", "klobuchar-beidou")
# Solar flux of no sunspots in Galileo's ionosphere document (issue 1.2, equation 19). NTCM takes the level
# that is broadcast for a flux, and was fitted to real ones: with less it falls to half of the Sun's minimum.
LEAST_LEVEL = 63.7
_WANTED = {
    "bdgim": ("bdgim", "C"),
    "ntcm": ("nequick-g", "E"),
    "klobuchar": ("klobuchar", "GJ"),
    "klobuchar-beidou": ("klobuchar", "C"),
}


def messages(nav: Navigation, name: str) -> list[IonosphereMessage]:
    """Messages of a model of `ORDER`, by the time they were sent; those without coefficients left out."""
    model, systems = _WANTED[name]
    found = [
        m
        for m in nav.ionosphere
        if m.model == model and m.system in systems and m.area != "JAPN" and any(m.coefficients)
    ]
    letters = [letter for letter in systems if any(m.system == letter for m in found)]
    return sorted((m for m in found if m.system in letters[:1]), key=lambda m: m.sent)


def model(nav: Navigation, wanted: str) -> str:
    """Name of the model to use; ``none`` where it was wanted, or nothing was broadcast.

    Raises
    ------
    RabtaError
        Where one model was wanted whose coefficients were not broadcast.
    """
    found = [name for name in ORDER if messages(nav, name)]
    if wanted == "none" or wanted in found:
        return wanted
    if wanted != "auto":
        raise RabtaError(
            "the navigation files have no coefficients of that model",
            key="ionosphere",
            value=wanted,
            expected=", ".join(["auto", *found, "none"]),
        )
    if found[:1] == ["ntcm"] and len(found) > 1 and _quiet(nav):
        found = found[1:]
    return found[0] if found else "none"


def _quiet(nav: Navigation) -> bool:
    """Whether Galileo's level is below any real flux of the Sun."""
    levels = [ntcm.ionisation(m.coefficients) for m in messages(nav, "ntcm")]
    return float(np.median(levels)) < LEAST_LEVEL


def _in_force(found: Sequence[IonosphereMessage], times: Instants) -> tuple[list[tuple[float, ...]], Index]:
    """Coefficients, and which of them hold at each time: the last ones sent, before the first the first.

    Header lines have no time: of several the commonest counts.
    """
    timed = [m for m in found if m.sent]
    if not timed:
        return [Counter(m.coefficients for m in found).most_common(1)[0][0]], np.zeros(times.size, np.int64)
    sent = np.array([m.sent for m in timed], dtype=np.int64)
    which = np.maximum(np.searchsorted(sent, times, side="right") - 1, 0)
    return [m.coefficients for m in timed], which


def ionosphere_m(
    nav: Navigation,
    name: str,
    times: Instants,
    epoch: Index,
    place_m: Array,
    satellite_m: Array,
    azimuth_deg: Array,
    elevation_deg: Array,
    frequency_hz: Array,
) -> Array:
    """Delay of each row by a broadcast model; zero for ``none``; `place_m` and `times` are epochs'."""
    if name == "none" or not epoch.size:
        return np.zeros(epoch.size)
    sets, which = _in_force(messages(nav, name), times)
    out = np.zeros(epoch.size)
    which = which[epoch]
    for k in np.unique(which).tolist():
        rows = np.flatnonzero(which == k) if len(sets) > 1 else slice(None)
        c, when, here = sets[k], times[epoch[rows]], place_m[epoch[rows]]
        if name == "bdgim":
            out[rows] = bdgim.delay_m(c, here, satellite_m[rows], when, frequency_hz[rows])
        elif name == "ntcm":
            out[rows] = ntcm.delay_m(c, here, satellite_m[rows], when, frequency_hz[rows])
        else:
            angles = azimuth_deg[rows], elevation_deg[rows]
            out[rows] = _klobuchar(name, c, times, place_m, epoch[rows], *angles, frequency_hz[rows])
    return out


def _klobuchar(
    name: str,
    coefficients: tuple[float, ...],
    times: Instants,
    place_m: Array,
    epoch: Index,
    azimuth_deg: Array,
    elevation_deg: Array,
    frequency_hz: Array,
) -> Array:
    """As `rabta.pnt.atmosphere.klobuchar.delay_m`, with each epoch's place and time worked out once."""
    from rabta.pnt.position import _kernels

    form = "beidou" if name == "klobuchar-beidou" else "gps"
    lat, lon, _ = geo.geodetic_from_ecef(place_m)
    seconds = klobuchar.seconds_of_day(times, form)
    place = np.stack([np.radians(lat), np.radians(lon), seconds], axis=-1)
    scale = (klobuchar.REFERENCE_HZ[form] / frequency_hz) ** 2
    out = np.empty(epoch.size)
    _kernels.klobuchar(
        np.array(coefficients, dtype=np.float64), form == "beidou", place, np.ascontiguousarray(epoch),
        np.ascontiguousarray(azimuth_deg), np.ascontiguousarray(elevation_deg), scale, out,
    )  # fmt: skip
    return out


def troposphere_m(name: str, times: Instants, epoch: Index, place_m: Array, elevation_deg: Array) -> Array:
    """Delay of each row by a model of the air; heights are held within the models' range."""
    if name == "none" or not epoch.size:
        return np.zeros(epoch.size)
    lat, _, height = geo.geodetic_from_ecef(place_m)
    height = np.clip(np.nan_to_num(height), -900.0, 19_000.0)
    up = np.clip(elevation_deg, 3.0, 90.0)
    if name == "seasonal":
        return troposphere.seasonal_m(lat[epoch], height[epoch], up, times[epoch])
    zenith = troposphere.saastamoinen_m(lat, height, np.full(lat.size, 90.0))
    return np.asarray(zenith[epoch] * troposphere.simple_mapping(up))
