"""Differences between two receivers: the same satellites at the same instants, code and phase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt import position
from rabta.pnt.gnsstime import NS, Instants
from rabta.pnt.position.choice import carriers
from rabta.pnt.position.prepare import Geometry
from rabta.pnt.records import Navigation, Observations, SystemObservations
from rabta.pnt.signals import LIGHT_M_S, signal

Array = NDArray[np.float64]
Index = NDArray[np.int64]

EARTH_RAD_S = 7.292115e-5  # BDS-SIS-ICD-B1C-1.0, table 7-1; WGS 84 differs in the tenth digit
# Undifferenced phase a + b / sin(elevation), metres, and how much noisier a code is: the error model of
# RTKLIB's manual 2.4.2, E.6.3, with its defaults.
PHASE_M, PHASE_LOW_M, CODE_RATIO = 0.003, 0.003, 100.0
# Bands of each system, such first as are far apart: near ones tell integers badly, and E5 is E5a and E5b.
APART = {"G": "125", "E": "1576", "C": "26517", "J": "125", "R": "12", "I": "59", "S": "15"}


@dataclass(frozen=True)
class Pairs:
    """Rows of single differences, rover less base, by epoch of the rover.

    Attributes
    ----------
    times : ndarray of int64, shape (epoch,)
        Of the rover.
    start : ndarray of int64, shape (epoch + 1,)
    place_m : ndarray, shape (epoch, 3)
        Approximate positions of the rover, about which the rows are linear.
    unit : ndarray, shape (row, 3)
        Rover to satellite, Earth-fixed.
    code_m, phase_m : ndarray, shape (row,)
        Measured less computed from the approximate position; the phase with its ambiguity.
    wave_m : ndarray, shape (row,)
    group : ndarray of int64, shape (row,)
        Rows of one group share the receivers' clocks and delays: system and band.
    names : tuple of str
        Of the groups, as in ``C2 B1I``.
    geostationary : ndarray of bool, shape (row,)
        BeiDou's; receivers of some makers differ by half a cycle between these and the others (Nadarajah et
        al., Journal of Geodesy 87, 2013).
    sigma_code_m, sigma_phase_m, elevation_deg : ndarray, shape (row,)
    satellite : ndarray of str, shape (row,)
    """

    times: Instants
    start: Index
    place_m: Array
    unit: Array
    code_m: Array
    phase_m: Array
    wave_m: Array
    group: Index
    names: tuple[str, ...]
    geostationary: NDArray[np.bool_]
    sigma_code_m: Array
    sigma_phase_m: Array
    elevation_deg: Array
    satellite: NDArray[np.str_]


def pair(
    rover: Observations, base: Observations, base_m: ArrayLike, nav: Navigation, *,
    systems: str = "GECJ", bands: int = 3, mask_deg: float = 15.0, most_age_s: float = 30.0,
    place_m: ArrayLike | None = None,
) -> Pairs:  # fmt: skip
    """Single differences of codes and phases.

    Parameters
    ----------
    base_m : array_like, shape (3,)
        Antenna of the base.
    bands : int
        Frequencies of each system at most, in the order of `APART`.
    most_age_s : float
        Between a rover's epoch and the nearest of the base.
    place_m : array_like, shape (3,) or (epoch, 3), optional
        Approximate position of the rover; by default its single-point positions.

    Raises
    ------
    RabtaError
        Where the receivers share no epoch, or no satellite with the same band.
    """
    rows, fixed = _sides(rover, base, base_m, nav, systems, mask_deg, place_m)
    at, of = _together(rows, fixed, most_age_s)
    parts = [
        part
        for letter in systems
        if letter in rover.systems and letter in base.systems
        for part in _system(letter, rover.systems[letter], base.systems[letter], rows, fixed, at, of, bands)
    ]
    if not parts:
        raise RabtaError(
            "rover and base share no satellite and band", key="systems", value=systems,
            expected=f"{''.join(sorted(set(rover.systems) & set(base.systems)))} at the same times",
        )  # fmt: skip
    return _joined(rover.times, rows.place_m, parts)


def _sides(
    rover: Observations, base: Observations, base_m: ArrayLike, nav: Navigation, systems: str,
    mask_deg: float, place_m: ArrayLike | None,
) -> tuple[Geometry, Geometry]:  # fmt: skip
    """Prepared rows of both receivers."""
    options = position.Options(systems=systems, mode="single", mask_deg=mask_deg, ionosphere="none")
    fixed = position.geometry(base, nav, replace(options, mask_deg=0.0), place_m=base_m)
    if place_m is not None:
        return position.geometry(rover, nav, options, place_m=place_m), fixed
    found = position.solve(rover, nav, options)
    place = found.position_m.copy()
    if not found.fixed.any():
        raise RabtaError("the rover has no approximate position", key="place_m", expected="X,Y,Z in metres")
    place[~found.fixed] = np.median(place[found.fixed], axis=0)
    return position.geometry(rover, nav, options, place_m=place), fixed


def _together(rows: Geometry, fixed: Geometry, most_age_s: float) -> tuple[Index, Index]:
    """Rows of both sides of the same satellite at the nearest epoch of the base."""
    right = np.clip(np.searchsorted(fixed.times, rows.times), 1, max(fixed.times.size - 1, 1))
    left = right - 1
    right = np.minimum(right, fixed.times.size - 1)
    nearer = np.abs(rows.times - fixed.times[left]) <= np.abs(fixed.times[right] - rows.times)
    epoch = np.where(nearer, left, right)
    fresh = np.abs(fixed.times[epoch] - rows.times) <= most_age_s * NS
    ours = _key(np.where(fresh[rows.epoch], epoch[rows.epoch], -1), rows)
    theirs = _key(fixed.epoch, fixed)
    order = np.argsort(theirs)
    spot = np.minimum(np.searchsorted(theirs[order], ours), max(theirs.size - 1, 0))
    match = theirs[order][spot] == ours if theirs.size else np.zeros(ours.size, bool)
    if not match.any():
        raise RabtaError(
            "rover and base share no epoch", key="base", expected=f"observations within {most_age_s:g} s"
        )
    return np.flatnonzero(match), order[spot][match]


def _key(epoch: Index, rows: Geometry) -> Index:
    letters = rows.system.astype("U1").view(np.int32).astype(np.int64)
    return np.asarray((epoch * 128 + letters) * 1024 + rows.prn)


def _codes(
    letter: str, one: SystemObservations, two: SystemObservations, bands: int
) -> list[tuple[str, str]]:
    """Code of each receiver for the signals that both have, in the order of `APART`.

    One signal a frequency, and where receivers share none of it, whatever each has; but B2I and B2b, which
    share a carrier, come from different satellites, so both may be.
    """
    found: list[tuple[str, str]] = []
    digits = {c[1] for c in one.codes if c[0] == "L"} & {c[1] for c in two.codes if c[0] == "L"}
    for band in sorted(digits & set(APART[letter]), key=APART[letter].index):
        mine, theirs = _signals(letter, one, band), _signals(letter, two, band)
        shared = sorted(
            (mine[k][0] + theirs[k][0], mine[k][1], theirs[k][1]) for k in mine.keys() & theirs.keys()
        )
        if not shared and mine and theirs:
            (a, x), (b, y) = min(mine.values()), min(theirs.values())
            shared = [(a + b, x, y)]
        found += [codes for _, *codes in (shared if letter + band == "C7" else shared[:1])]  # type: ignore[misc]
    return found[:bands]


def _signals(letter: str, observed: SystemObservations, band: str) -> dict[str, tuple[int, str]]:
    """Signals of a band that a receiver observed: less the number of its phases, and its code."""
    found: dict[str, tuple[int, str]] = {}
    for code in (c[1:] for c in observed.codes if c[:2] == "L" + band and "C" + c[1:] in observed.codes):
        count = int(np.isfinite(observed.column("L" + code)).sum())
        name = signal(letter, code).name
        if count:
            found[name] = min(found.get(name, (0, "")), (-count, code))
    return found


def computed_m(satellite_m: Array, receiver_m: Array) -> tuple[Array, Array]:
    """Range with the Earth's turn while the signal travels, and the unit vector to the satellite."""
    turn = EARTH_RAD_S * np.linalg.norm(satellite_m - receiver_m, axis=-1) / LIGHT_M_S
    c, s = np.cos(turn), np.sin(turn)
    x, y = (
        satellite_m[..., 0] * c + satellite_m[..., 1] * s,
        satellite_m[..., 1] * c - satellite_m[..., 0] * s,
    )
    line = np.stack([x, y, satellite_m[..., 2]], axis=-1) - receiver_m
    far = np.linalg.norm(line, axis=-1)
    return far, line / far[..., None]


def _system(
    letter: str, one: SystemObservations, two: SystemObservations, rows: Geometry, fixed: Geometry,
    at: Index, of: Index, bands: int,
) -> list[dict[str, NDArray[np.generic]]]:  # fmt: skip
    """Columns of one system, a part for each band."""
    mine = rows.system[at] == letter
    at, of = at[mine], of[mine]
    if not at.size:
        return []
    far, unit = computed_m(rows.satellite_m[at], rows.place_m[rows.epoch[at]])
    base_far, _ = computed_m(fixed.satellite_m[of], fixed.place_m[fixed.epoch[of]])
    age = (rows.times[rows.epoch[at]] - fixed.times[fixed.epoch[of]]) / NS
    clocks = LIGHT_M_S * rows.clock_rate[at] * age
    model = far - base_far - clocks + rows.troposphere_m[at] - fixed.troposphere_m[of]
    sine = np.sin(np.radians(np.maximum(rows.elevation_deg[at], 5.0)))
    slot = rows.ephemerides["slot"][rows.ephemeris[at]]
    high = np.linalg.norm(rows.satellite_m_s[at], axis=-1) < (400.0 if letter == "C" else 0.0)  # Earth-fixed
    found = []
    for first, second in _codes(letter, one, two, bands):
        title = f"{letter}{first[0]} {signal(letter, first).name}"
        wave = LIGHT_M_S / carriers(letter, first[0], np.nan_to_num(slot))
        code = one.column("C" + first)[rows.source[at]] - two.column("C" + second)[fixed.source[of]]
        cycles = one.column("L" + first)[rows.source[at]] - two.column("L" + second)[fixed.source[of]]
        phase = np.sqrt(2.0 * (PHASE_M**2 + (PHASE_LOW_M / sine) ** 2))
        part = {
            "epoch": rows.epoch[at], "unit": unit, "code_m": code - model, "phase_m": cycles * wave - model,
            "wave_m": wave, "name": np.full(at.size, title, dtype="U24"),
            "geostationary": high, "sigma_phase_m": phase,
            "sigma_code_m": CODE_RATIO * phase, "elevation_deg": rows.elevation_deg[at],
            "satellite": np.array([f"{letter}{p:02d}" for p in rows.prn[at]]),
        }  # fmt: skip
        fine = np.isfinite(part["code_m"]) & np.isfinite(part["phase_m"])
        found.append({name: values[fine] for name, values in part.items()})
    return found


def _joined(times: Instants, place_m: Array, parts: Sequence[dict[str, NDArray[np.generic]]]) -> Pairs:
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if not joined["epoch"].size:
        raise RabtaError(
            "no satellite above the mask was seen by both receivers",
            key="base position",
            expected="the base's antenna, observations of the same hour, a lower mask",
        )
    order = np.argsort(joined["epoch"], kind="stable")
    joined = {name: values[order] for name, values in joined.items()}
    names, group = np.unique(joined.pop("name"), return_inverse=True)
    counts = np.bincount(joined.pop("epoch"), minlength=times.size)
    found = Pairs(
        times=times, start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), place_m=place_m,
        group=group.reshape(-1).astype(np.int64), names=tuple(str(n) for n in names), **joined,
    )  # fmt: skip
    return replace(found, sigma_code_m=found.sigma_phase_m * code_ratio(found)[found.group])


LEAST_ROWS, ARC_S, ARC_M = 60, 120.0, 5.0  # of a group; a gap that ends an arc; a jump of code less phase
QUIET, LOUD = 30.0, 400.0  # of codes against phases: below, an arc hides multipath that lasts as long


def code_ratio(pairs: Pairs) -> Array:
    """How much noisier each group's codes are than its phases, by what the file itself shows, shape (group,).

    Code less phase of a satellite is constant between slips but for the code's noise and multipath; the
    spread about the mean of each arc, over the phase's error model at its elevation, is pooled by group.
    Groups with little to go by keep `CODE_RATIO`.
    """
    epoch = np.repeat(np.arange(pairs.times.size), np.diff(pairs.start))
    order = np.lexsort((epoch, pairs.satellite, pairs.group))
    gap = pairs.code_m - pairs.phase_m
    time, gap, group = pairs.times[epoch[order]], gap[order], pairs.group[order]
    fresh = (np.diff(group) != 0) | (pairs.satellite[order][1:] != pairs.satellite[order][:-1])
    fresh |= (np.diff(time) > ARC_S * NS) | (np.abs(np.diff(gap)) > ARC_M)
    arc = np.concatenate([[0], np.cumsum(fresh)])
    count = np.bincount(arc)
    rest = (gap - (np.bincount(arc, gap) / count)[arc]) / pairs.sigma_phase_m[order]
    squares = np.bincount(group, rest**2, len(pairs.names))
    rows = np.bincount(group, minlength=len(pairs.names))
    free = rows - np.bincount(group[np.concatenate([[True], fresh])], minlength=len(pairs.names))
    found = np.sqrt(squares / np.maximum(free, 1))
    return np.where(free >= LEAST_ROWS, np.clip(found, QUIET, LOUD), CODE_RATIO)
