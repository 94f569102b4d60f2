"""Cluster lines with antenna panels: CDL of TR 38.901, clause 7.7.1; NTN-CDL of TR 38.811, clause 6.9.1."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.mobile.phy.fading import channel
from rabta.mobile.phy.fading.panels import Panel, direction
from rabta.mobile.phy.fading.profiles import ANGLES, Clusters, Profile, names, profile, with_k
from rabta.radio.itu import check_range
from rabta.radio.ntn import field
from rabta.radio.ntn.fading import OFFSETS

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Coefficients = NDArray[np.complex64]

RECOMMENDATION = "3GPP TR 38.901, clause 7.7.1"
STREAM = 23
RAYS = OFFSETS.size
BLOCK = 256  # links at once
CLUSTER_SPREAD = {"aod": "asd", "aoa": "asa", "zod": "zsd", "zoa": "zsa"}


def response(
    taps: str | Profile,
    times_s: ArrayLike,
    *,
    delay_spread_s: float | None = None,
    doppler_hz: float = 0.0,
    heading_deg: tuple[float, float] = (0.0, 90.0),
    shift_hz: float = 0.0,
    k_db: float | None = None,
    receive: Panel | None = None,
    transmit: Panel | None = None,
    spreads_deg: Mapping[str, float] | None = None,
    means_deg: Mapping[str, float] | None = None,
    links: int | ArrayLike = 1,
    seed: int = 0,
) -> tuple[Array, Coefficients]:
    """Delays, shape (tap,), and coefficients, shape (link, time, tap, receive, transmit), of a cluster line.

    Parameters
    ----------
    doppler_hz : float
        Speed of the receiver over the wavelength.
    heading_deg : tuple of float
        Azimuth and zenith of its motion, in the axes of the tables' angles.
    receive, transmit : Panel, optional
        One vertical isotropic antenna where nothing is given.
    spreads_deg, means_deg : mapping, optional
        Wanted spread and mean of ``aod``, ``aoa``, ``zod``, ``zoa`` (clause 7.7.5.1).

    Notes
    -----
    Rays of departure and arrival, in azimuth and zenith, are coupled at random link by link; the direct ray
    of a link has a random phase. Other parameters are those of `channel.response`.
    """
    given = profile(taps) if isinstance(taps, str) else taps
    if given.clusters is None:
        lines = [name for name in names() if "CDL" in name]
        raise RabtaError("profile without directions", key="profile", value=given.name,
                         expected=nearest(given.name, lines))  # fmt: skip
    given = given if k_db is None else with_k(given, k_db)
    times, which = channel._times(times_s), channel.link_numbers(links)
    check_range("doppler_hz", doppler_hz, *channel.DOPPLER_HZ, RECOMMENDATION)
    check_range("shift_hz", shift_hz, -1e8, 1e8, RECOMMENDATION)
    got, sent = receive or Panel(), transmit or Panel()
    angles = rays(given, spreads_deg or {}, means_deg or {})
    hertz = doppler_hz * direction(*heading_deg)
    shape = (which.size, times.size, given.power.size, got.antennas, sent.antennas)
    out = np.empty(shape, dtype=np.complex64)
    for first in range(0, which.size, BLOCK):
        part = slice(first, first + BLOCK)
        for tap in range(given.power.size):
            single = given.direct and tap == 0
            at = {name: values[tap, : 1 if single else RAYS] for name, values in angles.items()}
            out[part, :, tap] = _cluster(given, tap, at, hertz, times, which[part], seed, got, sent)
    if shift_hz != 0.0:
        turned = np.exp(2j * np.pi * np.mod(shift_hz * times, 1.0)).astype(np.complex64)
        out *= turned[:, None, None, None]
    return given.delays_s(delay_spread_s), out


def _cluster(
    given: Profile, tap: int, at: dict[str, Array], hertz: Array, times: Array, which: NDArray[np.int64],
    seed: int, got: Panel, sent: Panel,
) -> Coefficients:  # fmt: skip
    """One cluster of links, shape (link, time, receive, transmit); equations 7.5-28 and 7.5-29."""
    assert given.clusters is not None
    key = field.keys(seed, STREAM, which, tap)[:, None]
    count = at["aoa"].size
    order = {name: _order(key, place, count) for place, name in enumerate(at)}
    come, leave = (order["aoa"], order["zoa"]), (order["aod"], order["zod"])
    arriving = _fields(got, at["aoa"], at["zoa"])[come]
    leaving = _fields(sent, at["aod"], at["zod"])[leave]
    ray = _between(arriving, _polarised(key, count, given.clusters.xpr_db), leaving)
    shift = (direction(at["aoa"][:, None], at["zoa"]) @ hertz)[come]
    turns = np.mod(shift[:, None, :] * times[:, None], 1.0)
    wave = np.exp(2j * np.pi * turns) * np.sqrt(given.power[tap] / count)
    found = wave.astype(np.complex64) @ ray.reshape(which.size, count, -1)
    return np.asarray(found.reshape(which.size, times.size, got.antennas, sent.antennas))


def _fields(panel: Panel, azimuth_deg: Array, zenith_deg: Array) -> Coefficients:
    """Fields of every pair of a cluster's azimuths and zeniths, shape (azimuth, zenith, antenna, 2)."""
    return panel.antenna_fields(azimuth_deg[:, None], zenith_deg).astype(np.complex64)


def _between(arriving: Coefficients, mixed: Complex, leaving: Coefficients) -> Coefficients:
    """Rays between antennas, shape (link, ray, receive, transmit)."""
    turned = mixed.astype(np.complex64)[:, :, None]
    total = np.zeros((*arriving.shape[:3], leaving.shape[2]), dtype=np.complex64)
    for i in range(2):
        field_there = turned[..., i, 0] * leaving[..., 0] + turned[..., i, 1] * leaving[..., 1]
        total += arriving[..., i, None] * field_there[:, :, None, :]
    return total


def _order(key: NDArray[np.uint64], place: int, count: int) -> NDArray[np.int64]:
    """Random order of a cluster's rays, shape (link, ray)."""
    if count == 1:
        return np.zeros((key.shape[0], 1), dtype=np.int64)
    return np.argsort(field.uniform(key, 1000 + RAYS * place + np.arange(RAYS)), axis=1)


def _polarised(key: NDArray[np.uint64], count: int, xpr_db: float) -> Complex:
    """Between the polarisations, shape (link, ray, 2, 2): random phases, the direct ray's but one."""
    phase = np.exp(2j * np.pi * field.uniform(key, np.arange(4 * count))).reshape(-1, count, 2, 2)
    if count == 1:
        return np.asarray(phase[:, :, :1, :1] * np.diag([1.0, -1.0]))
    cross = 10.0 ** (-xpr_db / 20.0)
    return np.asarray(phase * np.array([[1.0, cross], [cross, 1.0]]))


def rays(
    given: Profile, spreads_deg: Mapping[str, float], means_deg: Mapping[str, float]
) -> dict[str, Array]:
    """Angles of rays in degrees, each of shape (tap, ray), scaled to spreads and means (clause 7.7.5.1).

    The direct ray's row has its direction in all entries. Zenith angles that leave 0 to 180 degrees are
    folded back.
    """
    for name in {*spreads_deg, *means_deg}:
        if name not in ANGLES:
            raise RabtaError("no such angle", key="spreads_deg", value=name, expected=nearest(name, ANGLES))
    assert given.clusters is not None
    found = {}
    for name in ANGLES:
        angles = _offset(given, given.clusters, name)
        wanted, mean = spreads_deg.get(name), means_deg.get(name)
        if wanted is not None or mean is not None:
            angles = _scaled(given, angles, wanted, mean)
        found[name] = np.abs((angles + 180.0) % 360.0 - 180.0) if name.startswith("z") else angles
    return found


def _offset(given: Profile, clusters: Clusters, name: str) -> Array:
    """Cluster angles with the rays' offsets; equation 7.7-0a and table 7.5-3."""
    spread = getattr(clusters, f"cluster_{CLUSTER_SPREAD[name]}")
    angles = getattr(clusters, name)[:, None] + spread * OFFSETS
    if given.direct:
        angles[0] = getattr(clusters, name)[0]
    return np.asarray(angles)


def angular_spread(power: Array, angles_deg: Array) -> tuple[float, float]:
    """Spread and mean in degrees of angles with powers; TR 38.901, annex A, equations A-1 and A-2."""
    total = complex((power * np.exp(1j * np.radians(angles_deg))).sum() / power.sum())
    spread = np.sqrt(max(-2.0 * np.log(min(abs(total), 1.0)), 0.0))
    return float(np.degrees(spread)), float(np.degrees(np.angle(total)))


def _scaled(given: Profile, angles: Array, wanted: float | None, mean: float | None) -> Array:
    power = np.repeat(given.power[:, None] / RAYS, RAYS, axis=1)
    spread, centre = angular_spread(power, angles)
    if wanted is not None:
        check_range("spreads_deg", wanted, 0.0, 360.0, RECOMMENDATION)
        if spread == 0.0:
            raise RabtaError("angles without a spread cannot be scaled", key="profile", value=given.name,
                             expected="angles at the other end")  # fmt: skip
    if mean is not None:
        check_range("means_deg", mean, -360.0, 360.0, RECOMMENDATION)
    ratio = 1.0 if wanted is None else wanted / spread
    around = (angles - centre + 180.0) % 360.0 - 180.0
    return np.asarray(around * ratio + (centre if mean is None else mean))
