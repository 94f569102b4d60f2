"""What was asked, brought to runs; what they found as plain data."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rabta import catalog
from rabta.errors import EXIT_USAGE, RabtaError, nearest
from rabta.radio.interference.epfd import dishes, geometry, limits, masks, orbits, runs, steps, worst
from rabta.radio.itu import check_range
from rabta.space import constellations

_PAIR = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*$")
_NUMBER = re.compile(r"^-?\d+(?:\.\d+)?$")
DIRECTIONS = ("down", "up", "between")
MOST_STEPS = 100_000_000
CELL_KM = 100.0  # between stations of the same frequency, EPFD up: no filing states it


@dataclass(frozen=True)
class Question:
    """Options of the command, as given."""

    constellation: str
    ghz: float
    at: str
    gso: str
    dish: float | None
    avoid: float | None
    mask: str | None
    drop: float
    together: int
    apart: float
    strategy: str
    direction: str
    region: int
    service: str | None
    steps: int


@dataclass(frozen=True)
class Spot:
    """Where the protected link is; without latitude, at the worst place."""

    name: str
    lat_deg: float | None
    lon_deg: float
    gso_lon_deg: float


def _refuse(problem: str, key: str, value: object, expected: str) -> RabtaError:
    return RabtaError(problem, key=key, value=value, expected=expected, exit_code=EXIT_USAGE)


def study(asked: Question, *, quiet: bool = False) -> dict[str, Any]:
    """All runs of a question as plain data."""
    _check(asked)
    made = constellations.load(catalog.entry("constellations", asked.constellation))
    avoid = made.gso_avoidance_deg or 0.0 if asked.avoid is None else asked.avoid
    check_range("--avoid", avoid, 0.0, 90.0, "ITU-R S.1503-4")
    which, told = _masks(asked, avoid)
    down = which.get("down") or masks.held(-999.0, 0.0, 0.0)
    assert isinstance(down, masks.PfdMask)
    system = runs.System(
        orbits.of_catalog(asked.constellation), down, avoid, asked.together, asked.apart, asked.strategy
    )
    system.rules()
    rows = limits.find(asked.ghz, asked.direction, region=asked.region, service=asked.service)
    if asked.dish is not None and asked.direction == "down":
        rows = _of_dish(rows, asked.dish)
    spot = place(asked.at, asked.gso)
    found = [_run(asked, system, which, row, spot, quiet) for row in rows]
    return {
        "constellation": asked.constellation,
        "title": made.title,
        "satellites": system.orbits.satellites,
        "ghz": asked.ghz,
        "direction": asked.direction,
        "avoidance_deg": avoid,
        "mask": told,
        "together": asked.together,
        "strategy": asked.strategy,
        "passed": all(run["passed"] for run in found),
        "runs": found,
    }


def _check(asked: Question) -> None:
    if asked.direction not in DIRECTIONS:
        raise _refuse(
            "no such direction", "--direction", asked.direction, nearest(asked.direction, DIRECTIONS)
        )
    if asked.region not in (1, 2, 3):
        raise _refuse("no such region", "--region", asked.region, "1, 2 or 3")
    if asked.service not in (None, "fixed", "broadcasting"):
        raise _refuse("no such service", "--service", asked.service, "fixed or broadcasting")
    if not 0 <= asked.steps <= MOST_STEPS:
        raise _refuse("cannot run so many steps", "--steps", asked.steps, f"0 to {MOST_STEPS:,}")
    if asked.drop < 0.0 or not math.isfinite(asked.drop):
        raise _refuse("side lobes above the beam", "--drop", asked.drop, "0 dB or more")
    if asked.direction != "down" and asked.mask is None:
        known = ", ".join(catalog.names("masks"))
        raise _refuse("this direction needs a mask", "--mask", None, f"an XML file, or one of: {known}")
    if asked.direction != "down" and asked.at == "worst":
        raise _refuse("the worst place is searched for down only", "--at", asked.at, "where the beam points")


def _masks(asked: Question, avoid: float) -> tuple[dict[str, masks.Mask], str]:
    if asked.mask is None:
        _in_band(asked)
        made = masks.of_constellation(asked.constellation, asked.drop, avoid)
        told = f"modelled from the catalog, side lobes {asked.drop:g} dB down; not the filed one"
        return {"down": made}, told + ("" if avoid else "; no angle to the arc is stated, --avoid gives one")
    path = Path(asked.mask)
    if path.suffix.lower() == ".xml" or path.is_file():
        listed = masks.read_xml(path)
        down = [m for m in listed if isinstance(m, masks.PfdMask)]
        other = [m for m in listed if isinstance(m, masks.EirpMask)]
        which: dict[str, masks.Mask] = {"down": down[0]} if down else {}
        which |= {asked.direction: other[0]} if other and asked.direction != "down" else {}
        told = str(path)
    else:
        which, told = dict(masks.of_catalog(asked.mask)), catalog.entry("masks", asked.mask).title
    if asked.direction not in which:
        raise _refuse(
            "no mask for this direction", "--mask", asked.mask, f"one with a mask for {asked.direction}"
        )
    return which, told


def _in_band(asked: Question) -> None:
    """Refuse to model a mask where the constellation does not send to its users."""
    link = constellations.load(catalog.entry("constellations", asked.constellation)).downlink
    band = catalog.entry("bands", link.band).data
    low, high = float(band["low_mhz"]) / 1e3, float(band["high_mhz"]) / 1e3
    if not low <= asked.ghz <= high:
        raise _refuse(
            f"{asked.constellation} has no user downlink there to model a mask of", "--ghz", asked.ghz,
            f"{low:g} to {high:g} GHz, or --mask",
        )  # fmt: skip


def _of_dish(rows: list[limits.Limit], diameter_m: float) -> list[limits.Limit]:
    chosen = [row for row in rows if abs(row.diameter_m - diameter_m) < 1e-6]
    if not chosen:
        known = ", ".join(f"{d:g}" for d in sorted({row.diameter_m for row in rows}))
        raise _refuse("no limit for that dish", "--dish", diameter_m, f"m: {known}")
    return chosen


def place(at: str, gso: str) -> Spot:
    """Where the protected link is."""
    name, lat, lon = at, None, 0.0
    if at != "worst":
        name, lat, lon = _station(at)
    if _NUMBER.match(gso.strip()):
        return Spot(name, lat, lon, _longitude(float(gso)))
    if gso == "above":
        return Spot(name, lat, lon, lon)
    made = constellations.load(catalog.entry("constellations", gso))
    slots = [value for shell in made.shells if shell.orbit == "geo" for value in shell.longitude_deg]
    if not slots:
        raise _refuse(
            "no geostationary system", "--gso", gso, "degrees east, above, or a geostationary entry"
        )
    return Spot(name, lat, lon, min(slots, key=lambda value: abs((value - lon + 180.0) % 360.0 - 180.0)))


def _longitude(value: float) -> float:
    check_range("--gso", value, -180.0, 360.0, "longitudes")
    return value


def _station(text: str) -> tuple[str, float, float]:
    if pair := _PAIR.match(text):
        lat, lon = float(pair[1]), float(pair[2])
        check_range("latitude_deg", lat, -runs.MOST_LATITUDE, runs.MOST_LATITUDE, "ITU-R S.1503-4")
        return f"{lat:g},{lon:g}", lat, lon
    from rabta.nation import layers
    from rabta.scenario import Nation

    known: dict[str, tuple[str, float, float]] = {}
    towns = layers.towns(Nation()).sort_values("people")
    for name, lat, lon in zip(towns["name"], towns["lat_deg"], towns["lon_deg"], strict=True):
        known[str(name).casefold()] = (str(name), float(lat), float(lon))
    for entry in catalog.entries("gateways"):
        for row in entry.data["gateways"]:
            known.setdefault(
                row["name"].casefold(), (row["name"], float(row["lat_deg"]), float(row["lon_deg"]))
            )
    if text.strip().casefold() not in known:
        hint = nearest(text.strip(), [name for name, _, _ in known.values()])
        raise _refuse("no such place", "--at", text, f"{hint}; LAT,LON or worst")
    return known[text.strip().casefold()]


def _run(
    asked: Question,
    system: runs.System,
    which: dict[str, masks.Mask],
    row: limits.Limit,
    spot: Spot,
    quiet: bool,
) -> dict[str, Any]:
    work = {"down": _down, "up": _up, "between": _between}[asked.direction]
    label = f"{row.diameter_m:g} m" if row.diameter_m else f"beam of {row.beamwidth_deg:g} deg"
    plan, where, start = work(asked, system, which, row, spot)
    count = asked.steps or plan.steps
    if count > MOST_STEPS:
        raise _refuse("S.1503-4 asks more steps than this runs", "--steps", count, f"at most {MOST_STEPS:,}")
    with _Bar(f"{row.table}, {label}", count, quiet) as told:
        found = start(count, told)
    verdict = limits.compare(found.levels_db, found.percent, row, where["lat_deg"])
    rarest = row.least_percent or 100.0
    return {
        "table": row.table,
        "service": row.service,
        "antenna": f"{label}, {row.pattern}",
        "bandwidth_khz": row.bandwidth_khz,
        "place": where,
        "steps": found.steps,
        "step_s": plan.step_s,
        "coarse": plan.coarse,
        "asked_steps": plan.steps,
        "needed": steps.least_steps(row.least_percent),
        "rarest_percent": rarest,
        "highest_db": _finite(found.highest_db),
        "margin_db": _finite(verdict.margin_db),
        "passed": bool(verdict.passed),
        "points": [[level, allowed, seen, bool(ok)] for level, allowed, seen, ok in verdict.points],
        "limit": {"levels_db": row.levels_db.tolist(), "percent": row.percent.tolist()},
        "levels_db": found.levels_db.tolist(),
        "percent": found.percent.tolist(),
        "digest": found.digest,
    }


def _finite(value: float) -> float:
    """Infinities are no numbers of JSON."""
    return float(np.clip(value, -999.0, 999.0))


def _down(
    asked: Question, system: runs.System, which: dict[str, masks.Mask], row: limits.Limit, spot: Spot
) -> tuple[steps.Plan, dict[str, Any], Any]:
    del which
    antenna = dishes.earth_station(row.diameter_m, asked.ghz, row.pattern)
    extra: dict[str, Any] = {}
    if spot.lat_deg is None:
        found = worst.search(system, antenna, row, asked.ghz)
        victim = found.victim(spot.gso_lon_deg, antenna, row.bandwidth_khz)
        extra = {
            "alpha_deg": found.alpha_deg,
            "elevation_deg": found.elevation_deg,
            "single_db": found.epfd_db,
        }
    else:
        victim = runs.Victim(spot.lat_deg, spot.lon_deg, spot.gso_lon_deg, antenna, row.bandwidth_khz)
    plan = steps.plan(system.orbits, antenna.beamwidth_deg, row.least_percent)
    where = {"name": spot.name, "lat_deg": victim.lat_deg, "lon_deg": victim.lon_deg,
             "gso_lon_deg": victim.gso_lon_deg, **extra}  # fmt: skip
    return plan, where, lambda count, told: runs.down(system, victim, count, plan=plan, told=told)


def _beam(row: limits.Limit, spot: Spot) -> tuple[runs.Beam, dict[str, Any]]:
    antenna = dishes.satellite(row.beamwidth_deg, row.near_lobe_db)
    lat = 0.0 if spot.lat_deg is None else spot.lat_deg
    beam = runs.Beam(spot.gso_lon_deg, lat, spot.lon_deg, antenna, row.bandwidth_khz)
    return beam, {"name": spot.name, "lat_deg": lat, "lon_deg": spot.lon_deg, "gso_lon_deg": spot.gso_lon_deg}


def _up(
    asked: Question, system: runs.System, which: dict[str, masks.Mask], row: limits.Limit, spot: Spot
) -> tuple[steps.Plan, dict[str, Any], Any]:
    mask = which["up"]
    assert isinstance(mask, masks.EirpMask)
    stations, (beam, where) = runs.Stations(mask, CELL_KM), _beam(row, spot)
    plan = steps.plan(system.orbits, stations.beamwidth_deg)
    inputs = (asked, mask.values, geometry.EARTH_M)

    def start(count: int, told: runs.Told) -> runs.Distribution:
        def levels(t: Any) -> Any:
            return runs.up_at(system, stations, beam, t, plan.artificial_deg_s)

        return runs.over_time(levels, plan, count, inputs, told)

    return plan, where, start


def _between(
    asked: Question, system: runs.System, which: dict[str, masks.Mask], row: limits.Limit, spot: Spot
) -> tuple[steps.Plan, dict[str, Any], Any]:
    mask, (beam, where) = which["between"], _beam(row, spot)
    assert isinstance(mask, masks.EirpMask)
    plan = steps.plan(system.orbits, row.beamwidth_deg, between=True)

    def start(count: int, told: runs.Told) -> runs.Distribution:
        def levels(t: Any) -> Any:
            return runs.between_at(system, mask, beam, t, plan.artificial_deg_s)

        return runs.over_time(levels, plan, count, (asked, mask.values), told)

    return plan, where, start


class _Bar:
    """Bar of progress on a terminal's error stream, or nothing."""

    def __init__(self, title: str, total: int, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import Progress

        console = Console(stderr=True)
        self._bar = Progress(console=console, transient=True, disable=quiet or not console.is_terminal)
        self._task = self._bar.add_task(title, total=total)

    def __enter__(self) -> runs.Told:
        self._bar.start()
        return lambda count: self._bar.advance(self._task, count)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
