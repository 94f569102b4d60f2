"""Worlds to hand over in: a town's sectors, beams of a low satellite that sweep by, cells that it keeps lit.

Each gives powers of all cells at all users, chunk of time by chunk, with distances to the cells' reference
places and the times that a network would announce.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.mobility.procedures import Link
from rabta.mobile.system import layouts, received, satellites
from rabta.radio import linkbudget
from rabta.radio.air import uav
from rabta.radio.itu import check_range
from rabta.radio.ntn import motion, studies
from rabta.radio.ntn.field import keys, normal

Array = NDArray[np.float64]
F4 = NDArray[np.float32]

CHUNK_S = 4.0
GONE = np.float32(-np.inf)
TOWN_ALIKE_M = 50.0  # TR 38.901, table 7.5-6: shadowing of UMa without line of sight
PENETRATION_DB = 20.0  # TR 36.839, table 5.2.1.2-1
TOWN_DBM, TOWN_GHZ, TOWN_MHZ = 46.0, 2.0, 10.0
TERMINAL_NOISE_DB = 7.0  # TR 38.821, table 6.1.1.1-3, a handheld


@dataclass(frozen=True)
class World:
    """What a study runs in.

    Attributes
    ----------
    chunks : list of (power_dbm, away_m)
        Arrays of (user, step, cell).
    window_s : (user, cell, 2) array
        Between which a cell may be entered by time.
    leave_m, enter_m : float
        Thresholds of handover by place.
    """

    title: str
    link: Link
    step_s: float
    channel: NDArray[np.int64]
    chunks: list[tuple[F4, F4]]
    window_s: Array
    leave_m: float
    enter_m: float

    @property
    def users(self) -> int:
        """Users."""
        return len(self.window_s)

    @property
    def cells(self) -> int:
        """Cells."""
        return len(self.channel)


def dwell_s(cell_km: float, speed_km_s: float) -> float:
    """Longest time that a place stays in a cell that passes over it.

    TR 38.821, table 7.3.2.1.2-1, has a cell of 50 km at 7.56 km/s.

    Examples
    --------
    >>> round(dwell_s(50.0, 7.56), 2)
    6.61
    """
    check_range("cell_km", cell_km, 0.1, 5000.0, "TR 38.821")
    check_range("speed_km_s", speed_km_s, 0.001, 10.0, "TR 38.821")
    return cell_km / speed_km_s


def ground_speed_km_s(altitude_km: float) -> float:
    """Speed of the place below a satellite, over an Earth that stands still.

    Examples
    --------
    >>> round(ground_speed_km_s(600.0), 2)
    6.91
    """
    return (
        float(motion.orbital_speed_m_s(altitude_km))
        / 1e3
        * linkbudget.EARTH_KM
        / (linkbudget.EARTH_KM + altitude_km)
    )


def town(
    *, users: int = 200, seconds: float = 40.0, kmh: float = 120.0, isd_m: float = 500.0, step_s: float = 0.02,  # noqa: E501
    seed: int = 1,
) -> World:  # fmt: skip
    """Sites of three sectors in a town, users who drive straight on; TR 38.901 UMa, TR 36.839's assumptions."""  # noqa: E501
    check_range("kmh", kmh, 0.0, 500.0, "a town")
    layout = layouts.hexagonal(isd_m, rings=2)
    who = np.arange(users)
    draw = keys(seed, 7, who)
    start = layouts.drop(layout, -(-users // 19), indoor=0.0, seed=seed).position_m[:users]
    turn = 2.0 * np.pi * (np.arange(users) + 0.5) / users
    speed = kmh / 3.6 * np.column_stack([np.cos(turn), np.sin(turn), np.zeros(users)])
    coarse = max(step_s, 0.1)
    times = np.arange(0.0, seconds + coarse, coarse)
    shadow = _shadow(draw, len(times), len(layout.position_m), kmh / 3.6 * coarse)
    power = np.empty((users, len(times), layout.sectors), np.float32)
    for i, at in enumerate(times):
        geometry = layouts.paths(layout, _inside(start + at * speed, layout))
        loss = uav.path_loss_db(
            "UMa-AV", np.clip(geometry.distance_m, 10.0, 4000.0), 1.5, TOWN_GHZ, False
        )  # fmt: skip
        loss = loss + 6.0 * shadow[i] + PENETRATION_DB
        power[:, i] = received.powers_dbm(layout, geometry, loss, TOWN_DBM, received.panel())
    fine = np.arange(0.0, seconds - 1e-9, step_s)
    chunks = []
    for piece in np.array_split(fine, max(int(seconds / CHUNK_S), 1)):
        part = _between(power, times, piece)
        chunks.append((part, np.zeros_like(part)))
    noise = received.noise_dbm(TOWN_MHZ)
    return World(
        f"town, {isd_m:g} m between sites, {kmh:g} km/h", Link(noise_dbm=noise), step_s,
        np.zeros(layout.sectors, np.int64), chunks, np.zeros((users, layout.sectors, 2)), 0.0, 1e9,
    )  # fmt: skip


def _inside(place: Array, layout: layouts.Layout) -> Array:
    """Places brought back into the wrapped cluster: two rounds reach any drive of a study."""
    out = place.copy()
    for _ in range(12):
        step = out[:, None, :2] - layout.images_m[None]
        nearest = (step**2).sum(axis=-1).argmin(axis=1)
        out[:, :2] = step[np.arange(len(out)), nearest]
        if not nearest.any():
            break
    return out


def _shadow(draw: NDArray[np.uint64], steps: int, sites: int, moved_m: float) -> Array:
    """Shadowing along ways, half of it common to all sites, shape (step, user, site)."""
    alike = np.exp(-moved_m / TOWN_ALIKE_M)
    out = np.empty((steps, len(draw), sites + 1))
    numbers = np.arange(sites + 1)
    for i in range(steps):
        fresh = normal(draw[:, None], i * (sites + 1) + numbers)
        out[i] = fresh if i == 0 else alike * out[i - 1] + np.sqrt(1.0 - alike**2) * fresh
    return np.asarray(np.sqrt(0.5) * (out[..., :sites] + out[..., sites:]))


def _between(power: F4, times: Array, fine: Array) -> F4:
    """Powers between coarse times, shape (user, fine, cell)."""
    place = np.clip(fine / (times[1] - times[0]), 0.0, len(times) - 1.000001)
    low = place.astype(np.int64)
    part = (place - low)[None, :, None].astype(np.float32)
    return np.ascontiguousarray((1.0 - part) * power[:, low] + part * power[:, low + 1], dtype=np.float32)


def leo_case() -> tuple[int, studies.Case]:
    """The report's case of 600 km, S band, one frequency for all beams, Set 1."""
    for number, case in studies.cases().items():
        if case.band == "S" and case.altitude_km == 600.0 and case.reuse == 1:
            return number, case
    raise AssertionError("TR 38.821 has this case")


def centres_m(satellite: satellites.Satellite) -> Array:
    """Where the beams of a satellite overhead meet the plane, shape (beam, 2): reference places of its cells.

    The antenna's first axis points to the plane's south and its second one to the east.
    """
    uv = satellite.beams.uv
    away = satellite.altitude_km * 1e3 / np.sqrt(1.0 - (uv**2).sum(axis=1, keepdims=True))
    return np.asarray(away * np.column_stack([uv[:, 1], -uv[:, 0]]))


def moving(
    *, users: int = 150, seconds: float = 40.0, step_s: float = 0.02, tiers: int = 5, transparent: bool = True,  # noqa: E501
    seed: int = 1,
) -> World:  # fmt: skip
    """Beams of a satellite at 600 km that sweep over users who stand: TR 38.821's S-band case, line of sight.

    All beams share one path, hence its shadowing: it moves no border between them.
    """
    number, case = leo_case()
    satellite = satellites.of_case(number, tiers=tiers)
    uv, centres = satellite.beams.uv, centres_m(satellite)
    pitch = float(np.sort(np.hypot(*(centres - centres[0]).T))[1])
    speed = ground_speed_km_s(case.altitude_km) * 1e3
    rng = keys(seed, 8, np.arange(users))
    begin = np.column_stack(
        [0.5 * speed * seconds + pitch * (_even(rng, 0) - 0.5), 3.0 * pitch * (_even(rng, 1) - 0.5)]
    )
    fine = np.arange(0.0, seconds - 1e-9, step_s)
    chunks, nearest = [], []
    for piece in np.array_split(fine, max(int(seconds / CHUNK_S), 1)):
        place = begin[:, None, :] - np.array([speed, 0.0]) * piece[None, :, None]
        flat = np.concatenate([place.reshape(-1, 2), np.full((users * len(piece), 1), 1.5)], axis=1)
        power = satellites.powers_dbm_mhz(satellite, flat, clear=True).reshape(users, len(piece), -1)
        away = np.sqrt(((place[:, :, None, :] - centres) ** 2).sum(axis=-1)).astype(np.float32)
        chunks.append((np.ascontiguousarray(power, dtype=np.float32), away))
        nearest.append(away.argmin(axis=2))
    return World(
        f"600 km, beams {pitch / 1e3:.0f} km apart that move", _link(case.altitude_km, transparent), step_s,
        np.zeros(len(uv), np.int64), chunks, _windows(np.concatenate(nearest, axis=1), len(uv), step_s),
        0.5 * pitch, 0.5 * pitch,
    )  # fmt: skip


def _even(draw: NDArray[np.uint64], number: int) -> Array:
    from rabta.radio.ntn.field import uniform

    return uniform(draw, number)


def _windows(nearest: NDArray[np.int64], cells: int, step_s: float) -> Array:
    """For each user: from when to when a cell is the nearest; never where it never is."""
    out = np.full((len(nearest), cells, 2), np.inf)
    for c in range(cells):
        mine = nearest == c
        ever = mine.any(axis=1)
        out[ever, c, 0] = mine[ever].argmax(axis=1) * step_s
        out[ever, c, 1] = (mine.shape[1] - mine[ever, ::-1].argmax(axis=1)) * step_s
    return out


def _link(altitude_km: float, transparent: bool) -> Link:
    """Round trip overhead, to a gateway that sees the satellite under 45 degrees if it is transparent."""
    trip = float(motion.round_trip_ms(altitude_km, 90.0, 45.0, transparent=transparent)) / 1e3
    return Link(round_trip_s=trip, noise_dbm=received.noise_dbm(1.0, TERMINAL_NOISE_DB))


def fixed(
    *, users: int = 150, seconds: float = 40.0, step_s: float = 0.02, overlap_s: float = 10.0,
    transparent: bool = True, seed: int = 1,
) -> World:  # fmt: skip
    """Cells that stay on the ground while one satellite at 600 km hands them over to the next, in its orbit.

    Both see the cells under the same elevation when service changes (t-Service), in the middle of the time; the
    next one sends on another channel from ``overlap_s`` before, the first is silent from then on.
    """  # noqa: E501
    check_range("overlap_s", overlap_s, 0.1, seconds / 2.0, "the time of the study")
    number, case = leo_case()
    satellite = satellites.of_case(number, tiers=2)
    uv, centres = satellite.beams.uv, centres_m(satellite)
    pitch = float(np.sort(np.hypot(*(centres - centres[0]).T))[1])
    rng = keys(seed, 9, np.arange(users))
    way, turn = 1.3 * pitch * np.sqrt(_even(rng, 0)), 2.0 * np.pi * _even(rng, 1)
    place = np.column_stack([way * np.cos(turn), way * np.sin(turn), np.full(users, 1.5)])
    still = satellites.powers_dbm_mhz(satellite, place, clear=True)
    away = np.sqrt(((place[:, None, :2] - centres) ** 2).sum(axis=-1))
    handed = 0.5 * seconds
    fine = np.arange(0.0, seconds - 1e-9, step_s)
    chunks = []
    for piece in np.array_split(fine, max(int(seconds / CHUNK_S), 1)):
        leaving, coming = (_from_overhead(case.altitude_km, sign * (piece - handed)) for sign in (1.0, -1.0))
        old = still[:, None, :] - leaving[None, :, None]
        new = still[:, None, :] - coming[None, :, None]
        old = np.where((piece < handed)[None, :, None], old, GONE)
        new = np.where((piece >= handed - overlap_s)[None, :, None], new, GONE)
        power = np.concatenate([old, new], axis=2).astype(np.float32)
        far = np.broadcast_to(np.concatenate([away, away], axis=1)[:, None, :], power.shape)
        chunks.append((power, far.astype(np.float32)))
    cells = len(uv)
    window = np.full((users, 2 * cells, 2), np.inf)
    spread = handed - overlap_s * (0.9 - 0.7 * _even(rng, 2))  # the network spreads its users
    window[np.arange(users), cells + away.argmin(axis=1)] = np.column_stack([spread, np.full(users, handed)])
    return World(
        "600 km, cells that stay, one change of satellite", _link(case.altitude_km, transparent), step_s,
        np.repeat([0, 1], cells), chunks, window, 0.0, 0.6 * pitch,
    )  # fmt: skip


def _from_overhead(altitude_km: float, since_s: Array, middle_deg: float = 60.0) -> Array:
    """Loss beyond that overhead, of a satellite that is seen under an elevation at time nought and leaves."""
    earth, orbit = linkbudget.EARTH_KM, linkbudget.EARTH_KM + altitude_km
    edge = np.radians(middle_deg)
    angle = np.arccos(earth / orbit * np.cos(edge)) - edge + ground_speed_km_s(altitude_km) * since_s / earth
    far = np.sqrt(earth**2 + orbit**2 - 2.0 * earth * orbit * np.cos(angle))
    return np.asarray(20.0 * np.log10(far / altitude_km))
