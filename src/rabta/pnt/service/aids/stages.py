"""Stages of what helps navigation: reference stations, and broadband satellites as a fall-back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.pnt.service import sky
from rabta.pnt.service.accuracy import radius95
from rabta.pnt.service.aids import leo, messages, stations
from rabta.pnt.service.stages import blocks, patches, users_of
from rabta.space import propagate as orbits
from rabta.stage import stage
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

SHARE, MOST = 0.9, 120  # of the people, and stations at most
# One sigma of a range rate, with the orbits of the operator's own ephemerides and a receiver's noise of 2 Hz
# at 12 GHz; a kilometre along the track, as of day-old public elements, makes 13 m/s at 550 km.
RANGE_RATE_M_S = 0.5  # modelled
RUNS = ("broadband", "direct_to_device", "mobile_satellite")


@stage(
    "Navigation: where reference stations serve most people",
    reads=("cells", "places", "aerodromes"),
    writes=("nav_stations",),
)
def reference(twin: Twin) -> dict[str, Any]:
    """Towns for stations of real-time kinematic corrections, aerodromes for GBAS, as they would be built."""
    import pandas as pd

    cells, towns, fields = (twin.table(name) for name in ("cells", "places", "aerodromes"))
    people = cells["people"].to_numpy(np.float64)
    parts = [_sites("cors", towns, cells, people, stations.CORS_KM)]
    if len(fields):
        parts.append(_sites("gbas", fields, fields, np.ones(len(fields)), stations.GBAS_KM))
    return {"nav_stations": pd.concat(parts, ignore_index=True)}


def _degrees(table: pd.DataFrame) -> tuple[Array, Array]:
    return table["lat_deg"].to_numpy(np.float64), table["lon_deg"].to_numpy(np.float64)


def _sites(kind: str, at: pd.DataFrame, of: pd.DataFrame, weight: Array, reach_km: float) -> pd.DataFrame:
    """Stations of one kind."""
    import pandas as pd

    heads = ["kind", "rank", "name", "lat_deg", "lon_deg", "reach_km", "covered", "bound"]
    if not len(at) or not weight.sum() > 0.0:
        return pd.DataFrame({head: [] for head in heads})
    reach = stations.within(*_degrees(at), *_degrees(of), reach_km)
    found = stations.site(reach, weight, share=SHARE, most=MOST)
    lat, lon = _degrees(at)
    return pd.DataFrame(
        {
            "kind": kind,
            "rank": np.arange(1, len(found.rows) + 1),
            "name": at["name"].to_numpy(str)[found.rows],
            "lat_deg": lat[found.rows],
            "lon_deg": lon[found.rows],
            "reach_km": reach_km,
            "covered": found.covered,
            "bound": found.bound,
        }
    )


@stage(
    "Navigation: the places that satellites of low orbit could help",
    reads=("cells", "horizon_deg"),
    writes=("nav_places",),
)
def places(twin: Twin) -> dict[str, Any]:
    """Most peopled cell of each patch of the country."""
    import pandas as pd

    rows, people = patches(twin)
    cells = twin.table("cells")
    names = ("cell", "lat_deg", "lon_deg", "elevation_m", "province")
    return {"nav_places": pd.DataFrame({n: cells[n].to_numpy()[rows] for n in names} | {"people": people})}


@stage(
    "Navigation: Doppler of broadband satellites",
    reads=("nav_places", "satellites", "systems", "satellite_position_m"),
    writes=("nav_leo_count", "nav_leo_horizontal_m"),
    chunked=True,
)
def opportunity(twin: Twin) -> dict[str, Any]:
    """Satellites of low orbit in view, and the position that their Doppler gives within one instant."""
    from rabta.pnt.service import geometry

    table, satellites, systems = (twin.table(name) for name in ("nav_places", "satellites", "systems"))
    moving = orbits.moving(satellites)
    kinds = systems["kind"].to_numpy(str)[moving["system"].to_numpy(np.int64)]
    low = (moving["orbit"].to_numpy(str) == "leo") & np.isin(kinds, RUNS)
    position = np.ascontiguousarray(twin.values("satellite_position_m")[:, low], dtype=np.float32)
    velocity = leo.velocity(position, twin.scenario.time.step_s)
    who = geometry.users(*_degrees(table), table["elevation_m"].to_numpy(np.float64))
    least = moving["min_elevation_deg"].to_numpy(np.float64)[low]
    found = leo.covariance(who, position, velocity, least, RANGE_RATE_M_S)
    east, cross, north, _ = np.moveaxis(found.covariance.astype(np.float64), -1, 0)
    error = np.where(east < leo.NOWHERE, radius95(east, cross, north), np.nan)
    return {"nav_leo_count": found.count.T, "nav_leo_horizontal_m": error.T}


LEAST_DEG = 10.0  # elevation at which PPP-B2b is used, as in the design's own counts over Pakistan
B2B_AREA = (75.0, 135.0, 10.0, 55.0)  # degrees east, degrees north: BDS-SIS-ICD-PPP-B2b-1.0, section 3


@stage(
    "Navigation: corrections and messages by BeiDou's own satellites",
    params=("pnt",),
    reads=("cells", "horizon_deg"),
    writes=("nav_b2b_seen", "nav_messages_seen", "nav_aids", "nav_holdover"),
    catalog=("ephemerides", "shortmessages", "oscillators"),
    files=lambda scenario: sky.files(scenario.pnt.ephemerides),
)
def corrections(twin: Twin) -> dict[str, Any]:
    """Who sees the satellites of PPP-B2b and of the short messages, and who is in their areas."""
    import pandas as pd

    from rabta.pnt.integrity import holdover

    day = sky.load(twin.scenario.pnt.ephemerides, twin.scenario.pnt.step_min)
    of, cells = day.satellites, twin.table("cells")
    newer = (of.system == "C") & (of.generation == 3)
    high = _in_view(twin, day, newer & (of.orbit == "geo"))
    low = _in_view(twin, day, newer & (of.orbit == "meo"))
    data = catalog.entry("shortmessages", "beidou-3").data["global"]
    chance = 1.0 - (1.0 - data["carrying"] / data["of"]) ** low
    found = {"nav_b2b_seen": (high > 0).mean(axis=1), "nav_messages_seen": chance.mean(axis=1)}
    people = cells["people"].to_numpy(np.float64)
    inside = messages.inside(B2B_AREA, *_degrees(cells))
    lines = [
        ("People inside PPP-B2b's and the regional messages' stated area", _share(inside, people)),
        (
            "People and day with a satellite of PPP-B2b above 10 degrees",
            _share(found["nav_b2b_seen"], people),
        ),
        ("People and day with two of them or more", _share((high > 1).mean(axis=1), people)),
        (
            "People and day with a satellite of the global messages",
            _share(found["nav_messages_seen"], people),
        ),
    ]
    return found | {
        "nav_aids": pd.DataFrame(lines, columns=["what", "share"]),
        "nav_holdover": pd.DataFrame(holdover.table()),
    }


SOURCES = ("all", "beidou", "western-lost")  # the order of the arrays' axis nav_source
HOURS = 24


@stage(
    "Navigation: protection levels over the day",
    params=("pnt",),
    reads=("nav_places",),
    writes=("nav_hpl_m", "nav_vpl_m"),
    catalog=("ephemerides", "skycases", "rangeerrors", "ism"),
    files=lambda scenario: sky.files(scenario.pnt.ephemerides),
)
def protected(twin: Twin) -> dict[str, Any]:
    """What airspace and platforms may count on, place by place and hour by hour of UTC; no terrain: aloft."""
    from rabta.pnt.service import geometry, sites

    table, rules = twin.table("nav_places"), twin.scenario.pnt
    who = geometry.users(*_degrees(table), table["elevation_m"].to_numpy(np.float64))
    judge = sky.judge(rules.model_copy(update={"step_min": 60.0}))
    levels = np.full((2, len(table), len(SOURCES), HOURS), np.inf)
    for k, name in enumerate(SOURCES):
        if name in judge.book.names and len(table):
            levels[:, :, k] = sites.over_day(who, judge, judge.book.names.index(name))
    return {"nav_hpl_m": levels[0], "nav_vpl_m": levels[1]}


def _share(values: NDArray[Any], people: Array) -> float:
    return float((values * people).sum() / people.sum()) if people.sum() > 0.0 else np.nan


def _in_view(twin: Twin, day: sky.Day, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Satellites above the terrain and the least elevation, shape (cell, time)."""
    from rabta.pnt.service import geometry

    keep = wanted[None]
    weights = geometry.Weights(np.zeros(1, np.int64), np.ones((1, wanted.size, 91)))
    grouped = geometry.groups(day.satellites.number, keep)
    parts = [
        geometry.figures(who, day.sky, grouped, weights, LEAST_DEG).count[:, 0]
        for who in blocks(users_of(twin))
    ]
    return np.concatenate(parts).astype(np.int64)
