"""Stages of what helps navigation: reference stations, and broadband satellites as a fall-back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.service.accuracy import radius95
from rabta.pnt.service.aids import leo, stations
from rabta.pnt.service.stages import patches
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
