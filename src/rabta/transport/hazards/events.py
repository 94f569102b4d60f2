"""Draws of joint years: what happens, when, where and how strong.

Inside a hazard districts fail together (a field over the land, or the same event); the hazards themselves
are independent of each other. Days are days of the year from 0; an event that outlasts its year is counted
whole in the year in which it begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.transport.hazards import fields, streams
from rabta.transport.hazards.exposure import Exposure, scales, under_water
from rabta.transport.hazards.sources import Cables, Flood, Quake

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
YEAR_DAYS = 365.0
MOST = 8  # heat waves or blackouts of a year that are given days of their own


@dataclass(frozen=True)
class Floods:
    """Years with a flood.

    Attributes
    ----------
    at : ndarray of int64, shape (flood,)
        Position of its year among the draws.
    area_km2, day : ndarray, shape (flood,)
    sites, people : ndarray, shape (flood, district)
        Sites and people on flooded land.
    """

    at: I8
    area_km2: F8
    day: F8
    sites: F8
    people: F8


@dataclass(frozen=True)
class Incidents:
    """Events of one kind, one row each.

    Attributes
    ----------
    at : ndarray of int64, shape (event,)
        Position of its year among the draws.
    element : ndarray of int64, shape (event,)
        Row of the element that fails.
    day, days : ndarray, shape (event,)
        When it begins and how long it lasts.
    """

    at: I8
    element: I8
    day: F8
    days: F8


def floods(of: Exposure, flood: Flood, seed: int, draws: I8) -> Floods:
    """Floods of the drawn years: at most one a year, of a lognormal size, shaped by a field over the land."""
    at = np.flatnonzero(streams.one(seed, "flood", "year", draws) < flood.rate)
    years = draws[at]
    mean, spread = flood.area
    area = np.exp(mean + spread * _normal(streams.one(seed, "flood", "area", years)))
    pattern: dict[str, Any] = flood.entry["pattern"]
    grid = fields.lattice(seed, "flood", of.lat_deg, of.lon_deg, float(pattern["reach_km"]))
    sigma = float(pattern["sigma"])
    local = np.exp(sigma * fields.field(grid, years) - sigma**2 / 2.0)
    scale = scales(of.wet_km2, local, area)[:, None] * local
    day = _season(flood.entry["season"], streams.one(seed, "flood", "day", years))
    return Floods(at, area, day, under_water(of.wet_sites, scale), under_water(of.wet_people, scale))


def shakings(of: Exposure, quake: Quake, seed: int, draws: I8) -> tuple[F8, F8]:
    """Strongest shaking in g of each year and district, shape (draw, district); its day, shape (draw,)."""
    from scipy.special import ndtr

    reach = float(quake.entry["shaking"]["reach_km"])
    grid = fields.lattice(seed, "earthquake", of.lat_deg, of.lon_deg, reach)
    quantile = np.clip(ndtr(fields.field(grid, draws)), 1e-12, 1.0 - 1e-12)
    zone = quake.zone_g(of.provinces, of.districts)
    return quake.shaking_g(zone, quantile), YEAR_DAYS * streams.one(seed, "earthquake", "day", draws)


@dataclass(frozen=True)
class Heat:
    """Heat waves: how many a year, their first days, which districts shed load in all of them."""

    count: I8
    day: F8
    struck: NDArray[np.bool_]


def heat(of: Exposure, entry: dict[str, Any], seed: int, draws: I8) -> Heat:
    """Heat waves of the drawn years."""
    count = streams.counts(float(entry["waves_a_year"]), streams.one(seed, "heat", "count", draws))
    wave = streams.keys(seed, "heat", [f"day {i}" for i in range(MOST)])
    day = _season(entry["season"], streams.uniforms(wave, draws))
    grid = fields.lattice(seed, "heat", of.lat_deg, of.lon_deg, float(entry["reach_km"]))
    edge = float(_normal(np.array([1.0 - float(entry["districts_share"])]))[0])
    return Heat(np.minimum(count, MOST), day, fields.field(grid, draws) > edge)


@dataclass(frozen=True)
class Blackouts:
    """Failures of the grid: how many a year, and of each its day, hours and whether it is national.

    Attributes
    ----------
    count : ndarray of int64, shape (draw,)
    day, hours : ndarray, shape (draw, event)
        Events past the count are void.
    national : ndarray of bool, shape (draw, event)
    """

    count: I8
    day: F8
    hours: F8
    national: NDArray[np.bool_]


def blackouts(entry: dict[str, Any], seed: int, draws: I8) -> Blackouts:
    """Failures of the grid in the drawn years."""
    national, partial = float(entry["national"]), float(entry["partial"])
    rate = (national + partial) / (float(entry["last_year"]) - float(entry["first_year"]) + 1.0)
    count = streams.counts(rate, streams.one(seed, "blackout", "count", draws))

    def numbers(what: str) -> F8:
        return streams.uniforms(streams.keys(seed, "blackout", [f"{what} {i}" for i in range(MOST)]), draws)

    short, long = float(entry["shortest_hours"]), float(entry["longest_hours"])
    return Blackouts(
        np.minimum(count, MOST),
        YEAR_DAYS * numbers("day"),
        short + (long - short) * numbers("hours"),
        numbers("extent") < national / (national + partial),
    )


def cable_faults(names: list[str], km: F8, of: Cables, seed: int, draws: I8) -> Incidents:
    """Faults of submarine cables: each alone by its length, and those of the Red Sea together."""
    single = _incidents("cables", names, of.rate_km * km, seed, draws)
    sea = of.entry["red_sea"]
    count = streams.counts(of.shared_rate, streams.one(seed, "red sea", "count", draws))
    through, chance = list(sea["cables"]), float(sea["chance"])
    most = int(count.max(initial=0))
    shared = [_red_sea(names, through, chance, seed, draws, count > event, event) for event in range(most)]
    parts = [single, *shared]
    at, element, day = (np.concatenate([getattr(p, f) for p in parts]) for f in ("at", "element", "day"))
    luck = np.concatenate([p.days for p in parts])  # still a chance: the repair is drawn once for all
    sigma = float(of.entry["repair_sigma"])
    mean = np.log(float(of.entry["repair_days"])) - sigma**2 / 2.0
    return Incidents(at, element, day, np.exp(mean + sigma * _normal(luck)))


def _red_sea(
    names: list[str],
    through: list[str],
    chance: float,
    seed: int,
    draws: I8,
    struck: NDArray[np.bool_],
    event: int,
) -> Incidents:
    """Cables that one event of the Red Sea cuts, each by chance; they share the day, not the repair."""
    held = [i for i, name in enumerate(names) if name in through]
    of = streams.keys(seed, f"red sea {event}", [names[i] for i in held])
    repair = streams.keys(seed, f"red sea {event} repair", [names[i] for i in held])
    at, which = np.nonzero((streams.uniforms(of, draws) < chance) & struck[:, None])
    day = YEAR_DAYS * streams.one(seed, "red sea", f"day {event}", draws)[at]
    days = streams.uniforms(repair, draws)[at, which] if held else np.zeros(0)
    return Incidents(at.astype(np.int64), np.array(held, np.int64)[which], day, days)


def fibre_cuts(names: list[str], km: F8, entry: dict[str, Any], seed: int, draws: I8) -> Incidents:
    """Cuts of fibre on land, each repaired in an exponential time."""
    rate = float(entry["cuts_per_1000_km_year"]) * km / 1000.0
    found = _incidents("fibre", names, rate, seed, draws)
    return Incidents(
        found.at, found.element, found.day, -np.log(found.days) * float(entry["repair_hours"]) / 24.0
    )


def _incidents(hazard: str, names: list[str], rate: F8, seed: int, draws: I8) -> Incidents:
    """Poisson events of every element; in place of days, the chance that a repair is drawn from."""
    count = streams.counts(rate[None, :], streams.uniforms(streams.keys(seed, hazard, names), draws))
    at, element, day, days = [], [], [], []
    for event in range(int(count.max(initial=0))):
        rows, columns = np.nonzero(count > event)
        when = streams.keys(seed, f"{hazard} day {event}", names)[columns]
        repair = streams.keys(seed, f"{hazard} repair {event}", names)[columns]
        at.append(rows.astype(np.int64))
        element.append(columns.astype(np.int64))
        day.append(YEAR_DAYS * _paired(when, draws[rows]))
        days.append(_paired(repair, draws[rows]))
    empty, none = np.zeros(0), np.zeros(0, np.int64)
    return Incidents(
        np.concatenate([none, *at]),
        np.concatenate([none, *element]),
        np.concatenate([empty, *day]),
        np.concatenate([empty, *days]),
    )


def _paired(of: NDArray[np.uint64], draws: I8) -> F8:
    """One number for each pair of a key and a draw."""
    with np.errstate(over="ignore"):
        bits = streams.mixed(of + (draws.astype(np.uint64) + np.uint64(1)) * streams.INCREMENT)
    return np.asarray(((bits >> np.uint64(11)).astype(np.float64) + 0.5) * streams.UNIT)


def _season(entry: dict[str, Any], chance: F8) -> F8:
    first, last = float(entry["first_day"]), float(entry["last_day"])
    return np.asarray(first + (last - first) * chance)


def _normal(chance: F8) -> F8:
    from scipy.special import ndtri

    return np.asarray(ndtri(chance))
