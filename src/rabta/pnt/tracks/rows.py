"""From observations to the filter's rows: geometry by `rabta.pnt.position`, phases beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt.orbits.constants import EARTH_ROTATION
from rabta.pnt.position.options import Options
from rabta.pnt.position.prepare import Geometry, geometry
from rabta.pnt.records import Navigation, Observations
from rabta.pnt.signals import LIGHT_M_S
from rabta.pnt.tracks import noise
from rabta.pnt.tracks.kalman import Rows, Track, follow
from rabta.pnt.tracks.motions import Motion

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# pairs of frequencies triple the reflections: in streets one and a model of the ionosphere is better
STREET = Options(systems="GC", mode="single")
LONGEST_S = 60.0  # between two epochs whose phases are compared


def prepare(
    obs: Observations,
    nav: Navigation,
    options: Options | None = None,
    *,
    place_m: ArrayLike | None = None,
) -> tuple[Rows, Array]:
    """Rows for `follow`, and a position to start from.

    Parameters
    ----------
    obs, nav : Observations, Navigation
    options : Options, optional
        Of `rabta.pnt.position`; by default GPS and BeiDou, one frequency.
    place_m : array_like, shape (3,) or (epoch, 3), optional
        Approximate position; by default found from the ranges.
    """
    found = geometry(obs, nav, options or STREET, place_m=place_m)
    return from_geometry(found, obs), start_of(found)


def start_of(found: Geometry) -> Array:
    """Approximate position of the first epoch that has one and four satellites."""
    enough = (np.diff(found.start) >= 4) & np.isfinite(found.place_m[:, 0])
    if not enough.any():
        raise RabtaError(
            "no epoch has four satellites to start from",
            key="systems",
            value=found.groups,
            expected="observations and ephemerides of the same day and systems",
        )
    return np.asarray(found.place_m[int(np.argmax(enough))])


def from_geometry(found: Geometry, obs: Observations) -> Rows:
    """Rows of a prepared geometry and the observations that it was made of."""
    here = np.where(np.isfinite(found.place_m), found.place_m, start_of(found))[found.epoch]
    satellite, velocity = _turned(found.satellite_m, found.satellite_m_s, here)
    wavelength = LIGHT_M_S / found.frequencies_hz[:, 0]
    phase, whole = _phases(found, obs)
    before = _before(found, phase, whole)
    apart = np.where(before >= 0, (found.times[found.epoch] - found.times[found.epoch[before]]) / 1e9, 0.0)
    louder = np.nansum(found.shares**2, axis=1)  # reflections of pairs and triples
    code = noise.code_m2(found.cn0, found.elevation_deg) * louder
    variance = np.stack(
        [
            code,
            noise.rate_m2(found.cn0, wavelength),
            noise.difference_m2(found.cn0, wavelength, apart),
        ],
        axis=-1,
    )
    return Rows(
        times=found.times,
        starts=np.asarray(found.start, dtype=np.int64),
        systems=found.groups,
        system=np.asarray(found.group, dtype=np.int64),
        prn=np.asarray(found.prn, dtype=np.int64),
        satellite_m=satellite,
        velocity_m_s=velocity,
        code_m=np.ascontiguousarray(found.corrected_m),
        rate_m_s=np.ascontiguousarray(found.doppler_m_s + LIGHT_M_S * found.clock_rate),
        phase_m=phase,
        before=before,
        variance=np.ascontiguousarray(variance),
        elevation_deg=found.elevation_deg,
        azimuth_deg=found.azimuth_deg,
    )


def _turned(satellite_m: Array, velocity_m_s: Array, here_m: Array) -> tuple[Array, Array]:
    """Positions and velocities in the frame of reception: the Earth turns while signals travel."""
    angle = EARTH_ROTATION * np.linalg.norm(satellite_m - here_m, axis=1) / LIGHT_M_S
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = [
        np.stack([v[:, 0] * cosine + v[:, 1] * sine, v[:, 1] * cosine - v[:, 0] * sine, v[:, 2]], axis=-1)
        for v in (satellite_m, velocity_m_s)
    ]
    return turned[0], turned[1]


def _phases(found: Geometry, obs: Observations) -> tuple[Array, NDArray[np.bool_]]:
    """Phase of each row's first signal without what changes on the way, metres; whether it is unbroken."""
    cycles, whole = np.full(found.prn.size, np.nan), np.zeros(found.prn.size, dtype=bool)
    for letter in np.unique(found.system).tolist():
        observed = obs.systems[letter]
        for name in np.unique(found.codes[found.system == letter, 0]).tolist():
            rows = np.flatnonzero((found.system == letter) & (found.codes[:, 0] == name))
            if "L" + name not in observed.codes:
                continue
            source = found.source[rows]
            cycles[rows] = observed.column("L" + name)[source]
            whole[rows] = observed.lock[source, observed.codes.index("L" + name)] & 1 == 0
    phase = cycles * LIGHT_M_S / found.frequencies_hz[:, 0] + LIGHT_M_S * found.clock_s
    phase += found.ionosphere_m - found.troposphere_m  # the ionosphere advances what it delays
    return phase, whole & np.isfinite(phase)


def _before(found: Geometry, phase: Array, whole: NDArray[np.bool_]) -> Index:
    """Row of the same satellite, signal and ephemeris one epoch earlier; -1 where the phase has none."""
    name = np.unique(np.stack([found.group, found.prn]), axis=1, return_inverse=True)[1].reshape(-1)
    order = np.lexsort((found.epoch, name))
    before = np.full(name.size, -1, dtype=np.int64)
    later, earlier = order[1:], order[:-1]
    apart = found.times[found.epoch[later]] - found.times[found.epoch[earlier]]
    fits = (name[later] == name[earlier]) & (found.epoch[later] == found.epoch[earlier] + 1)
    fits &= found.ephemeris[later] == found.ephemeris[earlier]
    fits &= whole[later] & np.isfinite(phase[earlier]) & (apart <= LONGEST_S * 1e9)
    before[later[fits]] = earlier[fits]
    return before


def locate(
    obs: Observations,
    nav: Navigation,
    options: Options | None = None,
    *,
    motion: str | Motion = "vehicle",
    smooth: bool = False,
    place_m: ArrayLike | None = None,
) -> Track:
    """Positions of a receiver on the move: `prepare` and `follow` in one.

    Examples
    --------
    >>> from rabta.errors import RabtaError
    >>> try:
    ...     locate(None, None, motion="vehicel")  # doctest: +ELLIPSIS
    ... except RabtaError as error:
    ...     print(error.problem)
    no such motion
    """
    from rabta.pnt.tracks.motions import motion as named

    kind = motion if isinstance(motion, Motion) else named(motion)
    rows, start = prepare(obs, nav, options, place_m=place_m)
    return follow(rows, start, kind, smooth=smooth)
