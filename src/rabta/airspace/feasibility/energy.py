"""Energy of a multirotor's flight with wind: momentum theory of the rotors, drag of the body.

Glauert's induced velocity in forward flight, as J. K. Stolaroff et al., "Energy use and life cycle greenhouse
gas emissions of drones for commercial package delivery", Nature Communications 9 (2018) 409, methods, use it;
W. Johnson, Helicopter Theory, section 4-1. Everything between the battery and the air is one efficiency.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.itu import check_range

Array = NDArray[np.float64]

GRAVITY = 9.80665
AIR_KG_M3 = 1.225  # ISO 2533, sea level
MODEL = "momentum theory (Glauert), drag of the body"


@dataclass(frozen=True)
class Aircraft:
    """A multirotor.

    Attributes
    ----------
    mass_kg : float
        With battery and payload.
    rotors, rotor_m : int, float
        Number and diameter.
    drag_m2 : float
        Drag coefficient times area (modelled).
    efficiency : float
        Power of momentum theory over that from the battery: 0.45 reproduces the hovering times that DJI gives
        for its Matrice 100 within 5 %.
    battery_wh, reserve : float
        Energy of the battery, and its share that must be left.
    dimension_m, speed_m_s : float
        Largest dimension, and greatest speed; of the ground risk.
    airspeed_m_s : float
        That it can hold against wind.
    """

    mass_kg: float = 3.4
    rotors: int = 4
    rotor_m: float = 0.33
    drag_m2: float = 0.08
    efficiency: float = 0.45
    battery_wh: float = 260.0
    reserve: float = 0.3
    dimension_m: float = 1.0
    speed_m_s: float = 17.0
    airspeed_m_s: float = 22.0
    climb_m_s: float = 3.0

    def __post_init__(self) -> None:
        for key, low, high in (("mass_kg", 0.05, 600.0), ("rotor_m", 0.02, 10.0), ("efficiency", 0.05, 1.0),
                               ("drag_m2", 0.0, 50.0), ("battery_wh", 0.1, 1e6), ("reserve", 0.0, 0.95),
                               ("speed_m_s", 0.5, 200.0), ("dimension_m", 0.05, 40.0),
                               ("airspeed_m_s", 0.5, 200.0), ("climb_m_s", 0.1, 30.0)):  # fmt: skip
            check_range(key, getattr(self, key), low, high, "a multirotor")

    @property
    def disk_m2(self) -> float:
        """Area that the rotors sweep."""
        return float(self.rotors * np.pi * (self.rotor_m / 2.0) ** 2)

    @property
    def usable_wh(self) -> float:
        """Energy that a plan may use."""
        return self.battery_wh * (1.0 - self.reserve)


def induced_m_s(thrust_n: ArrayLike, along_m_s: ArrayLike, through_m_s: ArrayLike, disk_m2: float) -> Array:
    """Velocity that rotors induce: v = T / (2 rho A sqrt(V_along^2 + (V_through + v)^2)), by bisection.

    Parameters
    ----------
    along_m_s, through_m_s : array_like
        Parts of the air's velocity in the plane of the rotors and through it, downwards positive.
    """
    thrust, along, through = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in (thrust_n, along_m_s, through_m_s)))  # fmt: skip
    low, high = np.zeros(thrust.shape), np.sqrt(thrust / (2.0 * AIR_KG_M3 * disk_m2)) + np.abs(through) + 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        more = thrust / (2.0 * AIR_KG_M3 * disk_m2) > middle * np.hypot(along, through + middle)
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return np.asarray(0.5 * (low + high))


def power_w(aircraft: Aircraft, airspeed_m_s: ArrayLike, climb_m_s: ArrayLike = 0.0) -> Array:
    """Power from the battery at an airspeed (level) and a climb.

    Examples
    --------
    >>> power_w(Aircraft(), [0.0, 10.0, 17.0]).round().tolist()
    [467.0, 380.0, 728.0]
    """
    v, up = np.asarray(airspeed_m_s, dtype=np.float64), np.asarray(climb_m_s, dtype=np.float64)
    weight, drag = aircraft.mass_kg * GRAVITY, 0.5 * AIR_KG_M3 * aircraft.drag_m2 * v**2
    thrust = np.hypot(weight, drag)
    sine, cosine = drag / thrust, weight / thrust
    through = v * sine + up * cosine
    induced = induced_m_s(thrust, v * cosine, np.maximum(through, 0.0), aircraft.disk_m2)
    work = thrust * induced + drag * v + weight * np.maximum(up, 0.0)  # descent gives nothing back
    return np.asarray(work / aircraft.efficiency)


def airspeed_m_s(
    track_deg: ArrayLike, ground_m_s: ArrayLike, wind_m_s: ArrayLike, from_deg: ArrayLike
) -> Array:
    """Airspeed that holds a track and a speed over the ground in a wind."""
    off = np.radians(np.asarray(from_deg, float) - np.asarray(track_deg, float))
    ahead = np.asarray(ground_m_s, float) + np.asarray(wind_m_s, float) * np.cos(off)
    return np.asarray(np.hypot(ahead, np.asarray(wind_m_s, float) * np.sin(off)))


def use_wh(aircraft: Aircraft, seconds: ArrayLike, airspeed: ArrayLike, climb_m_s: ArrayLike = 0.0) -> Array:
    """Energy of a part of a flight."""
    return np.asarray(power_w(aircraft, airspeed, climb_m_s) * np.asarray(seconds, float) / 3600.0)
