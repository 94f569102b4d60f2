"""Doppler, timing advance and K offset of a real pass, slot by slot, and what system information must tell.

A terminal that knows its place and the satellite's ephemeris (SIB19) advances its uplink and shifts its
carrier by itself; what the ephemeris says wrongly stays as error at the base station (TS 38.211, 4.3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range
from rabta.radio.linkbudget import EARTH_KM
from rabta.radio.ntn import motion
from rabta.units import SPEED_OF_LIGHT_M_S

if TYPE_CHECKING:
    from rabta.space.orbits import Orbits

Array = NDArray[np.float64]


class Moving(Protocol):
    """A satellite by its orbit."""

    @property
    def orbit(self) -> Orbits:
        """Of one row."""


class Standing(Protocol):
    """Places on the Earth."""

    @property
    def cell_m(self) -> Array:
        """Earth-fixed positions, shape (place, 3)."""


class Pass(Protocol):
    """What `rabta.mobile.modem.passes.find` gives: light times of a pass over a place."""

    @property
    def satellite(self) -> Moving:
        """Who passes."""

    @property
    def place(self) -> Standing:
        """Over whom."""

    @property
    def start(self) -> np.datetime64:
        """Time nought, UTC."""

    @property
    def span_s(self) -> float:
        """How long."""

    @property
    def times_s(self) -> Array:
        """Known times."""

    def at(self, times_s: ArrayLike) -> tuple[Array, Array, Array]:
        """Elevation (deg), azimuth (deg) and way of the light (m)."""


POSITION_STEP_M = 1.3  # TS 38.331, EphemerisInfo: PositionStateVector-r17
VELOCITY_STEP_M_S = 0.06  # VelocityStateVector-r17
POSITION_LIMIT, VELOCITY_LIMIT = 33_554_431, 131_071
TA_COMMON_STEP_US, TA_COMMON_MOST = 4.072e-3, 66_485_757  # TA-Info-r17
TA_DRIFT_STEP_US_S, TA_DRIFT_MOST = 0.2e-3, 257_303
TA_VARIANT_STEP_US_S2, TA_VARIANT_MOST = 0.2e-4, 28_949
K_OFFSET_MOST, K_MAC_MOST = 1023, 512
VALIDITY_S = (5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 120, 180, 240, 900)
"""Values of ntn-UlSyncValidityDuration-r17."""
PREFIX_US = {15.0: 4.69, 30.0: 2.34, 60.0: 1.17, 120.0: 0.59}
"""Normal cyclic prefix, TS 38.211, 5.3.1: 144 kappa 2^-mu T_c."""
ERROR_TC = {15.0: 29.0, 30.0: 24.0, 60.0: 10.0, 120.0: 10.0}
"""Greatest error of the uplink's timing in units of 64 T_c, TS 38.133, table 7.1C.2-1 (NTN, FR1)."""
FREQUENCY_PPM = 0.1
"""Greatest error of the terminal's carrier, TS 38.101-5, 6.4.1."""
EARTH_MU, EARTH_J2, EARTH_A = motion.GRAVITATION_M3_S2, 1.082626684e-3, 6_378_137.0
EARTH_RATE = 7.292115146706979e-5


@dataclass(frozen=True)
class Budget:
    """A pass slot by slot; arrays over time.

    Attributes
    ----------
    times_s, elevation_deg, range_m : of the service link.
    doppler_hz, doppler_rate_hz_s : at the terminal, downlink.
    residual_hz : what stays after the satellite has compensated at the beam's centre.
    service_us, common_us : round trips: terminal's own advance, and what the network announces.
    drift_us_s, variant_us_s2 : rate of the common advance, and its rate.
    k_offset, k_mac : slots.
    """

    times_s: Array
    elevation_deg: Array
    range_m: Array
    doppler_hz: Array
    doppler_rate_hz_s: Array
    residual_hz: Array
    service_us: Array
    common_us: Array
    drift_us_s: Array
    variant_us_s2: Array
    k_offset: NDArray[np.int64]
    k_mac: NDArray[np.int64]


def over(
    service: Pass,
    frequency_ghz: float,
    *,
    feeder: Pass | None = None,
    centre: Pass | None = None,
    spacing_khz: float = 15.0,
    step_s: float = 1.0,
    split: bool = True,
) -> Budget:
    """Timing of a pass.

    Parameters
    ----------
    service : Pass
        Terminal and satellite, see `rabta.mobile.modem.passes.find`.
    feeder : Pass, optional
        Gateway and satellite over the same time; none for a base station on board.
    centre : Pass, optional
        Of the beam's centre, whose Doppler shift the satellite compensates.
    step_s : float
        Between rows; a slot lasts 15 / spacing ms, a row holds for all slots of its step.
    split : bool
        Uplink and downlink frames are aligned at the satellite's side of the feeder link (K_mac covers it);
        False: at the gateway, K_mac is nought (TS 38.300, 16.14.2.1).

    Notes
    -----
    TS 38.213, 4.2 and TS 38.211, 4.3.1: K_offset covers service and common advance, K_mac what lies between
    the point of alignment and the base station. Values beyond what the fields hold are refused.
    """
    check_range("frequency_ghz", frequency_ghz, 0.1, 100.0, "TR 38.811")
    if spacing_khz not in PREFIX_US:
        raise RabtaError(
            "no such subcarrier spacing", key="spacing_khz", value=spacing_khz,
            expected=nearest(f"{spacing_khz:g}", [f"{s:g}" for s in PREFIX_US]),
        )  # fmt: skip
    check_range("step_s", step_s, 15e-3 / spacing_khz, 60.0, "a pass")
    times = np.arange(0.0, service.span_s, step_s)
    elevation, _, length = service.at(times)
    shift, slope = _doppler(service, times, frequency_ghz)
    middle = shift * 0.0 if centre is None else _doppler(centre, times, frequency_ghz)[0]
    own = 2e6 * length / SPEED_OF_LIGHT_M_S
    behind = np.zeros_like(own) if feeder is None else 2e6 * feeder.at(times)[2] / SPEED_OF_LIGHT_M_S
    common = np.zeros_like(own) if split else behind
    drift, variant = (
        _rates(feeder, times) if feeder is not None and not split else (common * 0.0, common * 0.0)
    )
    slot_us = 1e3 * 15.0 / spacing_khz
    offset = np.ceil((own + common) / slot_us - 1e-9).astype(np.int64)
    mac = np.ceil((behind - common) / slot_us - 1e-9).astype(np.int64)
    check_range("k_offset, slots", offset / (spacing_khz / 15.0), 0, K_OFFSET_MOST, "TS 38.331, K_offset")
    check_range("k_mac, slots", mac / (spacing_khz / 15.0), 0, K_MAC_MOST, "TS 38.331, kmac")
    return Budget(
        times, elevation, length, shift, slope, shift - middle, own, common, drift, variant, offset, mac
    )


def _rates(of: Pass, times: Array) -> tuple[Array, Array]:
    """First and second derivative of a round trip, us/s and us/s^2."""
    h = 0.5
    inside = np.clip(times, of.times_s[0] + h, of.times_s[-1] - h)
    low, mid, high = (2e6 * of.at(inside + d)[2] / SPEED_OF_LIGHT_M_S for d in (-h, 0.0, h))
    return (high - low) / (2 * h), (high - 2 * mid + low) / h**2


def _doppler(of: Pass, times: Array, frequency_ghz: float) -> tuple[Array, Array]:
    first, second = _rates(of, times)
    hertz = frequency_ghz * 1e9 * 0.5e-6
    return -first * hertz, -second * hertz


@dataclass(frozen=True)
class Broadcast:
    """What SIB19 says of a satellite at its epoch: Earth-fixed, in the steps of TS 38.331."""

    position_m: Array
    velocity_m_s: Array


def broadcast(position_m: ArrayLike, velocity_m_s: ArrayLike) -> Broadcast:
    """Quantise a state as SIB19 does.

    Examples
    --------
    >>> broadcast([7e6, 0.0, 1.0], [0.0, 7500.04, 0.0]).position_m.round(1).tolist()
    [6999999.5, 0.0, 1.3]
    """
    p, v = (np.asarray(x, dtype=np.float64) for x in (position_m, velocity_m_s))
    check_range(
        "position_m", np.abs(p), 0.0, POSITION_LIMIT * POSITION_STEP_M, "TS 38.331, PositionStateVector"
    )
    check_range(
        "velocity_m_s", np.abs(v), 0.0, VELOCITY_LIMIT * VELOCITY_STEP_M_S, "TS 38.331, VelocityStateVector"
    )
    return Broadcast(
        np.round(p / POSITION_STEP_M) * POSITION_STEP_M, np.round(v / VELOCITY_STEP_M_S) * VELOCITY_STEP_M_S
    )


def forecast(state: Broadcast, ages_s: ArrayLike, *, oblate: bool = True) -> Array:
    """Where a terminal believes the satellite after some time, Earth-fixed, shape (age, 3).

    Two bodies, or with the Earth's oblateness (J2) too, in steps of a second of Runge and Kutta's fourth order;
    the frame turns.

    Parameters
    ----------
    oblate : bool
        False: Kepler's orbit, as a simple terminal has it.
    """  # noqa: E501
    ages = np.atleast_1d(np.asarray(ages_s, dtype=np.float64))
    check_range("ages_s", ages, 0.0, VALIDITY_S[-1] + 1.0, "TS 38.331, ntn-UlSyncValidityDuration")
    spin = np.array([0.0, 0.0, EARTH_RATE])
    y = np.concatenate([state.position_m, state.velocity_m_s + np.cross(spin, state.position_m)])
    out, now = np.empty((len(ages), 3)), 0.0
    for i in np.argsort(ages):
        while now < ages[i] - 1e-12:
            h = min(1.0, float(ages[i]) - now)
            y, now = _runge(y, h, oblate), now + h
        a = EARTH_RATE * now
        turn = np.array([[np.cos(a), np.sin(a), 0.0], [-np.sin(a), np.cos(a), 0.0], [0.0, 0.0, 1.0]])
        out[i] = turn @ y[:3]
    return out


def _runge(y: Array, h: float, oblate: bool) -> Array:
    a = _pull(y, oblate)
    b = _pull(y + 0.5 * h * a, oblate)
    c = _pull(y + 0.5 * h * b, oblate)
    d = _pull(y + h * c, oblate)
    return np.asarray(y + h / 6.0 * (a + 2.0 * b + 2.0 * c + d))


def _pull(y: Array, oblate: bool) -> Array:
    r = float(np.linalg.norm(y[:3]))
    pull = -EARTH_MU * y[:3] / r**3
    if oblate:
        factor = 1.5 * EARTH_J2 * EARTH_MU * EARTH_A**2 / r**5
        z = 5.0 * (y[2] / r) ** 2
        pull = pull + factor * y[:3] * np.array([z - 1.0, z - 1.0, z - 3.0])
    return np.concatenate([y[3:], pull])


@dataclass(frozen=True)
class Validity:
    """Errors of a broadcast ephemeris by its age; the place is the pass's.

    Attributes
    ----------
    age_s : (age,) array
    position_m : distance of belief and truth.
    round_trip_us, doppler_hz : errors of what the terminal precompensates, there and back, one way.
    longest_s : int
        Greatest validity duration within the timing limit at the subcarrier spacing; 0 for none.
    """

    age_s: Array
    position_m: Array
    round_trip_us: Array
    doppler_hz: Array
    longest_s: int


def validity(
    of: Pass, frequency_ghz: float, *, at_s: float = 0.0, spacing_khz: float = 15.0, oblate: bool = True
) -> Validity:
    """How fast SIB19's ephemeris grows old during a pass, beside SGP4 as truth.

    Parameters
    ----------
    at_s : float
        Epoch of the broadcast, seconds into the pass.
    """
    from rabta.space.orbits import states

    check_range("at_s", at_s, 0.0, of.span_s, "this pass")
    ages = np.unique(np.concatenate([np.arange(0.0, 61.0, 1.0), np.array(VALIDITY_S, dtype=np.float64)]))
    when = of.start + np.round((at_s + ages)[:, None] * 1e9 + [[-5e8, 0.0, 5e8]]).astype("timedelta64[ns]")
    true = states(of.satellite.orbit, when.ravel())[0][0].T.reshape(len(ages), 3, 3)
    told = broadcast(true[0, 1], true[0, 2] - true[0, 0])
    thought = forecast(told, np.concatenate([ages, ages + 0.5]), oblate=oblate).reshape(2, len(ages), 3)
    place = of.place.cell_m[0]
    off, later = (
        np.linalg.norm(thought[i] - place, axis=1) - np.linalg.norm(true[:, 1 + i] - place, axis=1)
        for i in (0, 1)
    )
    rate = (later - off) / 0.5
    trip = 2e6 * np.abs(off) / SPEED_OF_LIGHT_M_S
    limit = ERROR_TC[spacing_khz] * motion.KAPPA * motion.TIME_UNIT_S * 1e6
    fine = [v for v in VALIDITY_S if (trip[ages <= v] <= limit).all()]
    return Validity(
        ages, np.linalg.norm(thought[0] - true[:, 1], axis=1), trip,
        np.abs(rate) * frequency_ghz * 1e9 / SPEED_OF_LIGHT_M_S, max(fine, default=0),
    )  # fmt: skip


def common_fields(budget: Budget, row: int) -> dict[str, int]:
    """TACommon, its drift and variation as SIB19's integers; beyond their ranges refused."""
    common = round(float(budget.common_us[row]) / TA_COMMON_STEP_US)
    drift = round(float(budget.drift_us_s[row]) / TA_DRIFT_STEP_US_S)
    variant = round(float(budget.variant_us_s2[row]) / TA_VARIANT_STEP_US_S2)
    check_range("ta-Common", common, 0, TA_COMMON_MOST, "TS 38.331, TA-Info-r17")
    check_range("ta-CommonDrift", abs(drift), 0, TA_DRIFT_MOST, "TS 38.331, TA-Info-r17")
    return {
        "ta-Common": common,
        "ta-CommonDrift": drift,
        "ta-CommonDriftVariant": min(abs(variant), TA_VARIANT_MOST),
    }


def differential_delay_ms(altitude_km: float, beam_km: float, edge_deg: float = 10.0) -> float:
    """Difference of one-way delays across a beam whose far edge is seen under an elevation.

    TR 38.821, table 4.2-2: beams of up to 1,000 km from low orbits, 3,500 km from the geostationary one.

    Examples
    --------
    >>> round(differential_delay_ms(600.0, 1000.0), 2), round(differential_delay_ms(35786.0, 3500.0), 1)
    (3.12, 10.3)
    """
    check_range("edge_deg", edge_deg, 0.0, 90.0, "TR 38.821")
    orbit, edge = EARTH_KM + altitude_km, np.radians(edge_deg)
    far = np.arccos(EARTH_KM / orbit * np.cos(edge)) - edge
    check_range("beam_km", beam_km, 0.0, EARTH_KM * far, "a beam between nadir and its edge")
    angles = np.array([far, far - beam_km / EARTH_KM])
    paths = np.sqrt(EARTH_KM**2 + orbit**2 - 2.0 * EARTH_KM * orbit * np.cos(angles))
    return float((paths[0] - paths[1]) * 1e6 / SPEED_OF_LIGHT_M_S)


def overhead_rate_ppm_s(altitude_km: float) -> float:
    """Greatest rate of the Doppler shift, straight below a circular orbit over an Earth that stands still.

    Examples
    --------
    >>> round(overhead_rate_ppm_s(600.0), 3)
    -0.291
    """
    radius = (EARTH_KM + altitude_km) * 1e3
    turn = float(motion.orbital_speed_m_s(altitude_km)) / radius
    return -EARTH_KM * 1e3 * radius * turn**2 / (altitude_km * 1e3) / SPEED_OF_LIGHT_M_S * 1e6
