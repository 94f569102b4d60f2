"""Tests of single satellites: ranges against the others, codes against phases, strengths against the past."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.position import Solution
from rabta.pnt.position.prepare import names
from rabta.pnt.position.weights import code_m
from rabta.pnt.records import Observations
from rabta.pnt.signals import LIGHT_M_S
from rabta.pnt.spoofing.references import constant

Array = NDArray[np.float64]

STRENGTH_DB, COMMON_DB = 2.0, 2.0
"""Standard deviations of a satellite's C/N0 about its past, and of what satellites share."""
STRENGTH_S, PHASE_S = 300.0, 600.0
SLIP_M = 80.0
"""Step of one satellite that its neighbours do not share: another arc."""
MOST = 4
"""Satellites that must agree before codes against phases are a lie: fewer are slips or echoes."""


def _table(found: Solution, value: Array) -> tuple[Array, list[str]]:
    """Values of rows as (epoch, satellite), NaN where absent."""
    own = np.array(names(found.rows))
    known, column = np.unique(own, return_inverse=True)
    out = np.full((found.times.size, known.size), np.nan)
    out[found.rows.epoch, column] = value
    return out, [str(name) for name in known]


def ranges(found: Solution, seconds: Array) -> dict[str, Array]:
    """Residuals of each satellite, in or out of the fix, against the budget and their own past."""
    residual, known = _table(found, np.where(np.isfinite(found.residual_m), found.residual_m, np.nan))
    sigma, _ = _table(found, found.rows.sigma_m)
    # a satellite that rises has no past: its first residual is against zero
    z = constant(residual, sigma, seconds)
    with np.errstate(invalid="ignore"):
        fresh = np.abs(np.nan_to_num(residual / sigma)) / np.sqrt(2.0)
    both = np.minimum(np.abs(z), fresh * np.sqrt(2.0))
    return {name: both[:, k] for k, name in enumerate(known)}


def phases(obs: Observations, found: Solution, seconds: Array) -> dict[str, Array]:
    """Codes less phases against their past: the `MOST`-th largest of an epoch's satellites.

    Slips change single satellites and start them anew; steps that all share are the receiver's clock.
    """
    rows = found.rows
    phase = np.full(rows.epoch.size, np.nan)
    slip = np.zeros(rows.epoch.size)
    for letter in obs.systems:
        mine = np.flatnonzero(rows.system == letter)
        for code in np.unique(rows.codes[mine, 0]).tolist():
            part = mine[rows.codes[mine, 0] == code]
            wave = LIGHT_M_S / rows.frequencies_hz[part, 0]
            observed, source = obs.systems[letter], rows.source[part]
            phase[part] = observed.column("L" + code)[source] * wave
            if "L" + code in observed.codes:
                slip[part] = observed.lock[source, observed.codes.index("L" + code)] & 1
    if not np.isfinite(phase).any():
        return {}
    apart, _ = _table(found, rows.ranges_m[:, 0] - phase)
    cut, _ = _table(found, slip)
    noise, _ = _table(found, np.hypot(code_m(np.nan_to_num(rows.elevation_deg, nan=90.0), rows.cn0), 0.5))
    change = np.diff(apart, axis=0, prepend=np.nan)
    common = np.zeros(seconds.size)
    some = np.isfinite(change).sum(axis=1) > 0
    common[some] = np.nanmedian(change[some], axis=1)
    change = (
        change - np.where(np.abs(common) > 1000.0, common, 0.0)[:, None]
    )  # a step of codes, not of phases
    own = change - np.where(np.abs(common) > 1000.0, 0.0, common)[:, None]
    broken = ~np.isfinite(change) | (np.nan_to_num(cut) > 0) | (np.abs(own) > SLIP_M)
    arc = np.cumsum(broken.astype(np.int64), axis=0)
    level = np.nancumsum(np.where(broken, 0.0, change), axis=0)
    z = _arcs(np.where(np.isfinite(apart), level, np.nan), arc, noise, seconds)
    ranked = -np.sort(-np.abs(z), axis=1)
    return {f"{MOST} satellites": ranked[:, MOST - 1]} if ranked.shape[1] >= MOST else {}


def _arcs(level: Array, arc: NDArray[np.int64], noise: Array, seconds: Array) -> Array:
    """Normalised differences from the past of the same arc, shape (epoch, satellite)."""
    z = np.zeros(level.shape)
    for s in range(level.shape[1]):
        edges = np.flatnonzero(np.diff(arc[:, s])) + 1
        for part in np.split(np.arange(seconds.size), edges):
            if part.size > 2:
                z[part, s] = constant(level[part, s : s + 1], noise[part, s : s + 1], seconds[part], PHASE_S)[
                    :, 0
                ]
    return z


def strength(found: Solution, seconds: Array, agc_db: Array | None) -> Array:
    """Common change of C/N0 against the satellites' past, normalised, shape (epoch,); negative: weaker.

    Where the automatic gain is known and has not moved by a decibel, a change is the antenna's sky, not a
    sender: it counts half.
    """
    cn0, _ = _table(found, np.where(found.rows.cn0 > 10.0, found.rows.cn0, np.nan))
    sigma = np.where(np.isfinite(cn0), STRENGTH_DB, np.nan)
    z = constant(cn0, sigma, seconds, STRENGTH_S)
    seen = np.isfinite(cn0) & (z != 0.0)
    count = seen.sum(axis=1)
    out = np.zeros(seconds.size)
    for k in np.flatnonzero(count >= 4).tolist():
        middle = float(np.median(z[k, seen[k]])) * STRENGTH_DB
        # the median's variance is pi / 2 of the mean's
        out[k] = middle / np.hypot(COMMON_DB, STRENGTH_DB * np.sqrt(0.5 * np.pi / count[k]))
    if agc_db is not None:
        change = constant(np.asarray(agc_db, dtype=float)[:, None], np.ones((seconds.size, 1)), seconds)[:, 0]
        out = np.where(np.abs(change) < 1.0, 0.5 * out, out)
    return out
