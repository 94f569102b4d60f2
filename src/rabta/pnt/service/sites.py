"""Integrity where it is asked for: protection levels at aerodromes and ports, in each case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.integrity import araim, ism
from rabta.pnt.service.geometry import Sky, Users
from rabta.pnt.service.sky import Judge

Array = NDArray[np.float64]

LEAST_DEG = 5.0  # elevation at which airborne receivers begin: RTCA DO-316


@dataclass(frozen=True)
class Levels:
    """A day of protection at places, shape (user,).

    Attributes
    ----------
    approach, terminal : ndarray
        Share of the instants with LPV-200 (35 m up, 40 m level), and with RNP 0.3.
    hpl_m, vpl_m : ndarray
        Levels that half of the instants do not exceed, for LPV-200's budgets; infinite without any.
    """

    approach: Array
    terminal: Array
    hpl_m: Array
    vpl_m: Array


def sight(who: Users, sky: Sky, keep: NDArray[np.bool_], mask_deg: float = LEAST_DEG) -> Array:
    """Unit vectors to satellites in view, east, north, up: (user, time, satellite, 3); NaN elsewhere."""
    line = sky.position_m[None] - who.position_m[:, None, None]
    line = line / np.linalg.norm(line, axis=-1, keepdims=True)
    unit = np.einsum("utsk,ujk->utsj", line, who.axes)
    seen = (unit[..., 2] > np.sin(np.radians(mask_deg))) & (sky.heard & keep)[None]
    return np.where(seen[..., None], unit, np.nan)


def given(who: Users, judge: Judge, case: int, every: int = 1) -> tuple[araim.Geometry, bool]:
    """Geometry of two-frequency ranges for ARAIM, and whether several systems are in it.

    Satellites with one frequency left do not count.

    Parameters
    ----------
    every : int
        Of the sky's instants, every how many-th counts.
    """
    of = judge.satellites
    pairs = [found if len(found) > 1 else () for found in judge.book.cases[case].left_hz(of)]
    keep = judge.keep[case] & np.array([len(pair) > 1 for pair in pairs])
    sky = Sky(judge.sky.hours[::every], judge.sky.position_m[::every], judge.sky.heard[::every])
    unit = sight(who, sky, keep)
    sigma = np.full(unit.shape[:-1], np.nan)
    elevation = ism.elevation_deg(unit)
    for s in np.flatnonzero(keep).tolist():
        sigma[..., s] = ism.local_m(elevation[..., s], (pairs[s][0], pairs[s][-1]))
    several = np.unique(of.system[keep]).size > 1
    return araim.Geometry(unit=unit, kind=ism.kinds(of.system, of.prn), sigma_m=sigma), several


def levels(who: Users, judge: Judge, case: int, *, every: int = 1, order: int = 2) -> Levels:
    """Protection by ARAIM that watches for ``order`` faults at once.

    Where one system is alone its fault as a whole is taken not to happen: nothing could tell, and counting it
    would leave no protection at all.
    """
    geometry, several = given(who, judge, case, every)
    approach = araim.protection(geometry, order=order, constellation_faults=several)
    terminal = araim.protection(geometry, order=order, allocation=araim.RNP_03, constellation_faults=several)
    return Levels(
        approach.available.mean(axis=-1), terminal.available.mean(axis=-1),
        np.median(approach.hpl_m, axis=-1), np.median(approach.vpl_m, axis=-1),
    )  # fmt: skip


def over_day(who: Users, judge: Judge, case: int, *, every: int = 1, order: int = 2) -> tuple[Array, Array]:
    """Protection levels of a fix at each instant, level and up, shape (user, time); infinite without."""
    geometry, several = given(who, judge, case, every)
    found = araim.protection(geometry, order=order, allocation=araim.FIX, constellation_faults=several)
    return found.hpl_m, found.vpl_m
