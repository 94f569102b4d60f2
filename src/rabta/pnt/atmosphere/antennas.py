"""Where signals really leave and arrive: phase centres of receivers' and satellites' antennas.

The corrections are added to the geometric range between the antenna's reference point (receivers) or the
centre of mass (satellites) and the other end: ANTEX 1.4 (Rothacher and Schmid 2010), section 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.pnt.products.antex import Antenna, Pattern

Array = NDArray[np.float64]


def pattern(antenna: Antenna, signal: str, substitute: str | None = None) -> Pattern:
    """Pattern of a system and band, as in ``C2``.

    A band that the file lacks is refused, or taken from ``substitute`` where the caller names one (files of
    older receivers' antennas have GPS only).
    """
    for name in (signal, substitute):
        if name is not None and name in antenna.patterns:
            return antenna.patterns[name]
    raise RabtaError(
        "the antenna has no pattern of this signal",
        key="signal",
        value=f"{antenna.type} {signal}",
        expected=nearest(signal, antenna.patterns),
    )


def variation_m(
    antenna: Antenna, part: Pattern, angle_deg: ArrayLike, azimuth_deg: ArrayLike | None
) -> Array:
    """Phase variation at zenith (satellites: nadir) angles, linear between those of the file.

    Beyond the last angle it is held: receivers' tables end at 80 or 90 degrees, satellites' at 14 or 17.
    """
    angles, angle = antenna.angles_deg, np.asarray(angle_deg, dtype=np.float64)
    if part.azimuth_m is None or azimuth_deg is None:
        return np.asarray(np.interp(angle, angles, part.zenith_m))
    azimuth = np.asarray(azimuth_deg, dtype=np.float64) % 360.0
    angle, azimuth = np.broadcast_arrays(angle, azimuth)
    step = antenna.azimuths_deg[1] - antenna.azimuths_deg[0]
    row = np.minimum((azimuth / step).astype(np.int64), antenna.azimuths_deg.size - 2)
    place = np.clip((angle - angles[0]) / (angles[1] - angles[0]), 0.0, angles.size - 1.0)
    low = np.minimum(place.astype(np.int64), angles.size - 2)
    turn, up = azimuth / step - row, place - low
    table = part.azimuth_m
    near = table[row, low] * (1.0 - up) + table[row, low + 1] * up
    far = table[row + 1, low] * (1.0 - up) + table[row + 1, low + 1] * up
    return np.asarray(near * (1.0 - turn) + far * turn)


def correction_m(
    antenna: Antenna,
    signal: str,
    azimuth_deg: ArrayLike,
    elevation_deg: ArrayLike,
    *,
    substitute: str | None = None,
) -> Array:
    """What a receiver's antenna adds to the range from its reference point, in metres.

    Parameters
    ----------
    antenna : Antenna
        From `rabta.pnt.products.antex`.
    signal : str
        System and band, as in ``C2``; ``substitute`` where the file lacks it.
    azimuth_deg, elevation_deg : array_like
        Of the rays, broadcast against each other.
    """
    part = pattern(antenna, signal, substitute)
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    north, east, up = part.offset_m
    flat = np.cos(elevation)
    offset = flat * (north * np.cos(azimuth) + east * np.sin(azimuth)) + up * np.sin(elevation)
    return np.asarray(variation_m(antenna, part, 90.0 - np.asarray(elevation_deg), azimuth_deg) - offset)


def satellite_m(
    antenna: Antenna,
    signal: str,
    satellite_m: ArrayLike,
    satellite_axes: ArrayLike,
    receiver_m: ArrayLike,
    *,
    substitute: str | None = None,
) -> Array:
    """What a satellite's antenna adds to the range from its centre of mass, in metres.

    Parameters
    ----------
    satellite_m, receiver_m : array_like, shape (..., 3)
        Earth-fixed positions at transmission.
    satellite_axes : array_like, shape (..., 3, 3)
        From `rabta.pnt.atmosphere.attitude.axes`.
    """
    part = pattern(antenna, signal, substitute)
    way = np.asarray(receiver_m, dtype=np.float64) - np.asarray(satellite_m, dtype=np.float64)
    way = way / np.linalg.norm(way, axis=-1, keepdims=True)
    body = np.einsum("...ij,...j->...i", np.asarray(satellite_axes, dtype=np.float64), way)
    nadir = np.degrees(np.arccos(np.clip(body[..., 2], -1.0, 1.0)))
    azimuth = np.degrees(np.arctan2(body[..., 0], body[..., 1]))  # from Y toward X: ANTEX 1.4, section 2
    return np.asarray(variation_m(antenna, part, nadir, azimuth) - body @ part.offset_m)
