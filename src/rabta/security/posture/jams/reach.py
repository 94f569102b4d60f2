"""How far jammers reach: J/S over the map, from a place or from anywhere along the border, over terrain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.geo import great_circle_m
from rabta.radio.interference.jammers import j_s_db, radio_horizon_km
from rabta.radio.linkbudget import free_space_db
from rabta.radio.local.clutter import terrestrial_db
from rabta.radio.terrain import p452, p1812, raster
from rabta.security.posture.jams.victims import Victim

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
BELOW_DB = 6.0  # cells whose free-space J/S is this far under the limit are left out
FARTHEST_KM = 400.0
AWAY_KM = 80.0  # the shipped terrain reaches 100 km beyond the border
NEAR_KM = 1.0  # nearer than this, free space over the middle distance in the cell
P1812_GHZ = 6.0


@dataclass(frozen=True)
class Jammer:
    """A jammer; without a place it stands anywhere along the border."""

    name: str
    eirp_dbw: float
    bandwidth_mhz: float
    height_m: float
    victims: tuple[str, ...]
    place: tuple[float, float] | None = None

    @property
    def where(self) -> str:
        """The place in words."""
        return "border" if self.place is None else f"{self.place[0]:g} {self.place[1]:g}"


@dataclass(frozen=True)
class Ground:
    """Cells and the terrain under them; without terrain, free space up to the radio horizon."""

    lat: F8
    lon: F8
    area_km2: F8
    terrain: raster.Terrain | None


@dataclass(frozen=True)
class Reach:
    """Largest J/S of each cell, and where from it is farthest.

    Attributes
    ----------
    one : ndarray of bool, shape (place, cell)
        Cells at the limit or above from each place.
    """

    js_db: F8
    one: NDArray[np.bool_]
    farthest_km: float


def of_catalog(name: str, **given: Any) -> Jammer:
    """A jammer of the catalog; power, height and place may be given."""
    known = catalog.names("jammers")
    if name not in known:
        raise RabtaError(
            "no such jammer in the catalog", key="jammers", value=name, expected=nearest(name, known)
        )
    data = catalog.entry("jammers", name).data
    chosen = {key: data[key] if given.get(key) is None else given[key] for key in ("eirp_dbw", "height_m")}
    return Jammer(
        name, float(chosen["eirp_dbw"]), float(data["bandwidth_mhz"]), float(chosen["height_m"]),
        tuple(data["victims"]), given.get("place"),
    )  # fmt: skip


def power_dbw(jammer: Jammer, victim: Victim) -> float:
    """Effective radiated power in the victim's bandwidth."""
    return float(jammer.eirp_dbw - 10.0 * np.log10(max(jammer.bandwidth_mhz / victim.bandwidth_mhz, 1.0)))


def free_space_km(jammer: Jammer, victim: Victim) -> float:
    """Distance at which free space gives the limit at the median cell, cut at the radio horizon."""
    known = np.isfinite(victim.signal_dbw)
    if not known.any():
        return float("nan")
    need = victim.limit_db + np.median((victim.signal_dbw - victim.gain_dbi)[known])
    loss = power_dbw(jammer, victim) - need - float(free_space_db(1.0, victim.frequency_ghz))
    horizon = float(radio_horizon_km(jammer.height_m, victim.height_m))
    return min(float(10.0 ** (loss / 20.0)), horizon)


def border(cells: Sequence[str]) -> I8:
    """Rows of the cells at the edge of the nation, coast included: a neighbour is not in it."""
    import h3

    inside = set(cells)
    edge = [i for i, cell in enumerate(cells) if any(n not in inside for n in h3.grid_ring(cell, 1))]
    return np.array(edge, dtype=np.int64)


def thinned(lat: F8, lon: F8, step_km: float) -> I8:
    """Rows of which every other is within a step, chosen in order."""
    left, out = np.ones(len(lat), dtype=bool), []
    for row in range(len(lat)):
        if left[row]:
            out.append(row)
            left &= great_circle_m(lat[row], lon[row], lat, lon) > step_km * 1e3
    return np.array(out, dtype=np.int64)


Known = dict[tuple[float, ...], tuple[F8, NDArray[np.bool_]]]


def reach(
    jammer: Jammer, victim: Victim, ground: Ground, lat: F8, lon: F8, known: Known | None = None
) -> Reach:
    """J/S of every cell from some places of the jammer.

    Parameters
    ----------
    lat, lon : ndarray, shape (place,)
    known : dict, optional
        Losses of this jammer that other victims of the same band and height needed; more are put into it.
    """
    known = {} if known is None else known
    power, worst = power_dbw(jammer, victim), np.full(len(ground.lat), np.nan)
    one = np.zeros((len(lat), len(ground.lat)), dtype=bool)
    farthest = 0.0
    for p, here in enumerate(zip(lat.tolist(), lon.tolist(), strict=True)):
        km = great_circle_m(here[0], here[1], ground.lat, ground.lon) / 1e3
        km = np.where(km < NEAR_KM, 0.5 * np.sqrt(ground.area_km2 / np.pi), km)
        bare = j_s_db(power, victim.signal_dbw, free_space_db(km, victim.frequency_ghz), 0.0,
                      gain_to_jammer_db=victim.gain_dbi)  # fmt: skip
        rows = np.flatnonzero((bare > victim.limit_db - BELOW_DB) & (km < FARTHEST_KM))
        more = _kept(known, jammer, victim, ground, here, rows, km)
        found = bare[rows] - more
        worst[rows] = np.fmax(worst[rows], found)
        one[p, rows] = found >= victim.limit_db
        farthest = max(farthest, float(km[one[p]].max(initial=0.0)))
    return Reach(worst, one, farthest)


def _kept(
    known: Known, jammer: Jammer, victim: Victim, ground: Ground, here: tuple[float, float], rows: I8, km: F8
) -> F8:
    """Loss beyond free space to some cells, computed where it is not known yet."""
    key = (*here, victim.frequency_ghz, victim.height_m, float(victim.cluttered))
    loss, done = known.setdefault(key, (np.zeros(len(km)), np.zeros(len(km), dtype=bool)))
    missing = rows[~done[rows]]
    loss[missing] = _beyond_db(jammer, victim, ground, here, missing, km[missing])
    done[missing] = True
    return loss[rows]


def _beyond_db(
    jammer: Jammer, victim: Victim, ground: Ground, here: tuple[float, float], rows: I8, km: F8
) -> F8:
    """Loss beyond free space to some cells: terrain, and clutter around the receiver."""
    if not rows.size:
        return np.zeros(0)
    clutter = np.zeros(len(rows))
    if victim.cluttered:
        clutter = terrestrial_db(victim.frequency_ghz, np.maximum(km, NEAR_KM))
    if ground.terrain is None:
        hidden = km > radio_horizon_km(jammer.height_m, victim.height_m)
        return np.where(hidden, np.inf, clutter)
    model = p1812 if victim.frequency_ghz <= P1812_GHZ else p452
    loss = raster.coverage_db(
        ground.terrain, here, (ground.lat[rows], ground.lon[rows]), victim.frequency_ghz, jammer.height_m,
        victim.height_m, recommendation=model.RECOMMENDATION,
    )  # fmt: skip
    more = loss - free_space_db(km, victim.frequency_ghz)
    return np.where(km >= NEAR_KM, more, 0.0) + clutter  # NaN where the path leaves the terrain


def row(jammer: Jammer, victim: Victim, found: Reach, people: F8, area_km2: F8) -> dict[str, Any]:
    """Row of the table ``posture_jamming``."""
    hit = found.one.any(axis=0)
    return {
        "case": f"{jammer.name} {jammer.where}: {victim.name}",
        "jammer": jammer.name,
        "victim": victim.name,
        "place": jammer.where,
        "eirp_dbw": jammer.eirp_dbw,
        "height_m": jammer.height_m,
        "limit_db": victim.limit_db,
        "free_space_km": free_space_km(jammer, victim),
        "people": float(people[hit].sum()),
        "people_one": float((found.one @ people).max(initial=0.0)),
        "area_km2": float(area_km2[hit].sum()),
        "farthest_km": found.farthest_km,
    }


def study(
    chosen: Sequence[Jammer],
    known: Mapping[str, Victim],
    ground: Ground,
    people: F8,
    edge: I8,
    step_km: float,
) -> tuple[list[dict[str, Any]], F8]:
    """Rows of the table and J/S of each cell, shape (cell, case), of every jammer and victim of the run."""
    rows, columns = [], []
    for jammer in chosen:
        losses: Known = {}
        for victim in (known[name] for name in jammer.victims if name in known):
            lat, lon = _places(jammer, victim, ground, edge, step_km)
            found = reach(jammer, victim, ground, lat, lon, losses)
            rows.append(row(jammer, victim, found, people, ground.area_km2))
            columns.append(found.js_db)
    return rows, np.stack(columns, axis=1) if columns else np.empty((len(people), 0))


def _places(jammer: Jammer, victim: Victim, ground: Ground, edge: I8, step_km: float) -> tuple[F8, F8]:
    """The jammer's place, or places along the border: no denser than a quarter of its reach asks for."""
    if jammer.place is not None:
        away = great_circle_m(*jammer.place, ground.lat, ground.lon).min() / 1e3
        if away > AWAY_KM:
            where = f"{jammer.place[0]:g} {jammer.place[1]:g}"
            raise RabtaError(
                "a jammer far from the nation, where its terrain ends",
                key="security.jammers",
                value=where,
                expected=f"at most {AWAY_KM:g} km from a cell",
            )
        return np.array([jammer.place[0]]), np.array([jammer.place[1]])
    away = free_space_km(jammer, victim)
    step = max(step_km, 0.25 * min(away, FARTHEST_KM)) if np.isfinite(away) else step_km
    chosen = edge[thinned(ground.lat[edge], ground.lon[edge], step)]
    return ground.lat[chosen], ground.lon[chosen]
