"""How what carries the receiver can move, and what its clock does."""

from __future__ import annotations

from dataclasses import dataclass

from rabta.errors import RabtaError, nearest

# Quartz with temperature compensation, h0 = 2e-19 and h-2 = 2e-20 (Brown and Hwang, "Introduction to random
# signals", table 9.3), times the speed of light squared: densities of phase, h0 c^2 / 2 in m^2/s, and of
# frequency, 2 pi^2 h-2 c^2 in (m/s)^2/s.
CLOCK_PHASE, CLOCK_FREQUENCY = 0.009, 0.036
CLOCK_OFFSETS = 1e-4  # m^2/s: systems' receiver delays wander by a metre in three hours


@dataclass(frozen=True)
class Motion:
    """White acceleration, the speeds that may be met, and how long errors of the code last.

    Attributes
    ----------
    horizontal, vertical : float
        Root of the acceleration's spectral density, m/s^2 per root Hz: change of speed in a second.
    speed_m_s : float
        Standard deviation of the velocity at the start.
    correlation_s : float
        Time over which reflections and detours of the signal stay the same (modelled). It widens the
        reported covariance, not the filter's own.
    """

    name: str
    horizontal: float
    vertical: float
    speed_m_s: float
    correlation_s: float


MOTIONS = {
    # a car brakes and turns at 1 to 3 m/s^2 and follows the slope of the road; a facade lasts seconds
    "vehicle": Motion("vehicle", 1.0, 0.3, 20.0, 10.0),
    # a standard turn at 120 m/s is 6 m/s^2; climbs begin within seconds; the air's errors last
    "aircraft": Motion("aircraft", 5.0, 2.0, 150.0, 60.0),
    "static": Motion("static", 0.0, 0.0, 0.0, 300.0),
}


def motion(name: str) -> Motion:
    """Motion of a name; an unknown one is refused with the nearest known."""
    if name not in MOTIONS:
        raise RabtaError("no such motion", key="motion", value=name, expected=nearest(name, MOTIONS))
    return MOTIONS[name]
