"""Stages of the space engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError
from rabta.scenario import Scenario
from rabta.space import constellations, elements, frames
from rabta.space import propagate as orbits
from rabta.space import visibility as views
from rabta.stage import stage
from rabta.times import julian_date
from rabta.twin import Twin

MOST_SATELLITES = int(np.iinfo(np.int16).max)  # rows that slot_satellite can name


def _element_files(scenario: Scenario) -> Sequence[Path]:
    if not scenario.space.catalogue:
        return ()
    if elements.is_address(scenario.space.catalogue):
        return (elements.fetch(scenario.space.catalogue),)
    source = Path(scenario.space.catalogue)
    if source.is_dir():
        return sorted(path for path in source.iterdir() if path.suffix.lower() in elements.SUFFIXES)
    return (source,) if source.is_file() else ()


@stage(
    "Placing satellites",
    params=("space.constellations", "space.catalogue", "time.start", "transport.denied"),
    writes=("satellites", "systems"),
    catalog=("constellations", "terminals"),
    files=_element_files,
)
def constellation(twin: Twin) -> dict[str, Any]:
    """Satellites of the scenario's constellations, and one row for each system."""
    space = twin.scenario.space
    chosen = [catalog.entry("constellations", name) for name in space.constellations]
    day, part = julian_date(np.datetime64(twin.scenario.time.start_utc.replace(tzinfo=None)))
    listed = elements.read(space.catalogue, epoch_jd=float(day + part)) if space.catalogue else None
    satellites = constellations.satellites(chosen, twin.scenario.time.start_utc, listed)
    gone = constellations.denied(chosen, twin.scenario.transport.denied)
    satellites = satellites[~gone[satellites["system"].to_numpy(np.int64)]].reset_index(drop=True)
    if len(satellites) > MOST_SATELLITES:
        raise RabtaError(
            "too many satellites", key="space", value=len(satellites), expected=f"at most {MOST_SATELLITES}"
        )
    return {
        "satellites": satellites,
        "systems": constellations.systems(chosen),
    }


@stage(
    "Propagating satellites",
    reads=("satellites",),
    writes=("satellite_position_m",),
    chunked=True,
)
def propagate(twin: Twin) -> dict[str, Any]:
    """Earth-fixed positions of the moving satellites."""
    return {"satellite_position_m": orbits.positions(twin.table("satellites"), twin.times)}


@stage(
    "Finding the best satellites of every cell",
    params=("space.slots", "space.min_elevation_deg", "space.terrain", "space.gso_avoidance"),
    reads=("cells", "horizon_deg", "satellites", "systems", "satellite_position_m"),
    writes=(
        "visible_count",
        "device_count",
        "slot_satellite",
        "slot_elevation_deg",
        "slot_range_m",
        "best_elevation_deg",
    ),
    chunked=True,
)
def visibility(twin: Twin) -> dict[str, Any]:
    """Best satellites by elevation over the ellipsoid and the terrain, and those over phones."""
    satellites, systems = orbits.moving(twin.table("satellites")), twin.table("systems")
    system = satellites["system"].to_numpy(dtype=np.int64)
    least = _least_elevation(twin, satellites["min_elevation_deg"].to_numpy(dtype=np.float64))
    position, place, slots = twin.values("satellite_position_m"), _ground(twin), twin.scenario.space.slots
    broadband, phones = constellations.serving(systems)[system], constellations.for_phones(systems)[system]
    keep = constellations.limits(systems, "gso_avoidance_deg")[system]
    arc = keep if twin.scenario.space.gso_avoidance else np.zeros_like(keep)
    found = views.visible(place, _only(position, broadband), least, slots, gso_avoidance_deg=arc)
    device = np.zeros_like(found.visible_count)
    if phones.any():
        device = views.visible(place, _only(position, phones), least, 1).visible_count
    return vars(found) | {"device_count": device}


def _only(position_m: views.F4, chosen: NDArray[np.bool_]) -> views.F4:
    """Positions with the satellites that are not chosen at NaN, where nobody sees them; rows keep."""
    return position_m if chosen.all() else np.where(chosen[None, :, None], position_m, np.float32(np.nan))


@stage(
    "Looking at geostationary satellites",
    params=("space",),
    reads=("cells", "horizon_deg", "satellites"),
    writes=("geo_elevation_deg", "geo_clear"),
)
def geo(twin: Twin) -> dict[str, Any]:
    """Elevation of geostationary satellites, and whether the terrain leaves them clear."""
    place = _ground(twin)
    fixed = orbits.geostationary_rows(twin.table("satellites"))
    where = frames.geostationary(fixed["longitude_deg"].to_numpy(dtype=np.float64))
    elevation, azimuth, _ = views.look(place, where)
    least = _least_elevation(twin, fixed["min_elevation_deg"].to_numpy(dtype=np.float64))
    above = np.maximum(views.horizon_at(place.horizon_deg, azimuth), least)
    return {"geo_elevation_deg": elevation, "geo_clear": elevation >= above}


def _ground(twin: Twin) -> views.Ground:
    cells = twin.table("cells")
    horizon = twin.values("horizon_deg") if twin.scenario.space.terrain else None
    lat, lon, height = (cells[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg", "elevation_m"))
    return views.ground(lat, lon, height, horizon)


def _least_elevation(twin: Twin, own: NDArray[np.float64]) -> NDArray[np.float64]:
    wanted = twin.scenario.space.min_elevation_deg
    return own if wanted is None else np.full_like(own, wanted)
