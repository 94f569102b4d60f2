"""Stages of the weather: the draw, rain over cells and gateways, C/N in rain, gateways over the year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.radio import downlinks
from rabta.radio.slantpath import Climate
from rabta.radio.weather import diversity, feeders, links
from rabta.radio.weather.field import LEVELS, TICK_S, Field, centre_of
from rabta.stage import stage
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

CANDIDATES = 400
MOMENTS = 300_000
GOAL = 0.999
FULL = 1.0 - 1e-6
SAME_SITE_KM = 10.0


@stage("Drawing the weather", params=("weather", "time"), reads=("cells",), writes=("weather_draw",))
def draw(twin: Twin) -> dict[str, Any]:
    """Which moment of the field the run sees: its own, or one with as much rain as was asked for."""
    import pandas as pd

    weather, cells = twin.scenario.weather, twin.table("cells")
    drawn = weather.rain == "drawn"
    chance = _rain_percent(cells) if drawn else cells["rain_percent"].to_numpy(np.float64)
    area = _area(cells)
    middle = _middle_tick(twin)
    offset, share = 0, 0.0
    if drawn:
        field = Field.at_places(weather.seed, *_places(cells), centre_of(*_places(cells)))
        if weather.exceeded_percent < 100.0:
            offset = _wet_anchor(field, chance, area, weather.exceeded_percent) - middle
        rain, depth = field.at_ticks(np.array([middle + offset]))
        share = float(_share(links.exceeded_percent(rain, depth, chance) < links.DRY, area)[0])
    row = {
        "rain": weather.rain,
        "seed": weather.seed,
        "offset_s": offset * TICK_S,
        "exceeded_percent": weather.exceeded_percent,
        "raining_share": share,
        "usual_share": float(chance @ area) / 100.0,
    }
    return {"weather_draw": pd.DataFrame([row])}


@stage(
    "Rain over cells and gateways",
    params=("weather", "radio.implementation_loss_db"),
    reads=("cells", "gateways", "systems", "weather_draw"),
    writes=("rain_exceeded_percent", "raining_share", "gateway_factor"),
    catalog=("feeders", "constellations", "waveforms", "absorption"),
    chunked=True,
)
def rain(twin: Twin) -> dict[str, Any]:
    """Rain of every cell and what it leaves of every gateway, step by step."""
    cells, gateways = twin.table("cells"), twin.table("gateways")
    steps = len(twin.times)
    if twin.scenario.weather.rain == "average":
        return {
            "rain_exceeded_percent": np.full((steps, len(cells)), links.DRY, np.float32),
            "raining_share": np.zeros(steps, np.float32),
            "gateway_factor": np.ones((steps, len(gateways)), np.float32),
        }
    site = _Sites(twin)
    chance = _rain_percent(cells)
    lat, lon = (np.concatenate(pair) for pair in zip(_places(cells), _places(gateways), strict=True))
    field = Field.at_places(twin.scenario.weather.seed, lat, lon, centre_of(*_places(cells)))
    wet, depth = field.at_times(twin.times, int(twin.table("weather_draw")["offset_s"].iloc[0]))
    percent = links.exceeded_percent(wet, depth, np.concatenate([chance, chance[site.row]]))
    over_cells, over_sites = percent[:, : len(cells)], percent[:, len(cells) :]
    return {
        "rain_exceeded_percent": over_cells,
        "raining_share": _share(over_cells < links.DRY, _area(cells)),
        "gateway_factor": site.left(over_sites),
    }


@stage(
    "Attenuation of the sky in rain",
    params=("weather.rain",),
    reads=("cells", "systems"),
    writes=("rain_carrier_db",),
    catalog=("terminals", "waveforms", "absorption"),
)
def sky_in_rain(twin: Twin) -> dict[str, Any]:
    """C/N at 1 km for every cell, system, elevation and percentage of the year."""
    cells, systems = twin.table("cells"), twin.table("systems")
    if twin.scenario.weather.rain == "average":
        empty = (len(cells), len(systems), downlinks.ELEVATION_BINS_DEG.size, 0)
        return {"rain_carrier_db": np.empty(empty, np.float32)}
    made = links.carrier_tables(Climate.of_cells(cells), downlinks.of_systems(systems))
    return {"rain_carrier_db": made}


@stage(
    "Gateways in rain",
    params=("radio.implementation_loss_db",),
    reads=("cells", "gateways", "systems", "gateway_factor"),
    writes=("weather_gateways", "weather_diversity"),
    catalog=("feeders", "constellations", "waveforms", "absorption"),
)
def gateways(twin: Twin) -> dict[str, Any]:
    """How often rain weakens each gateway and its neighbour, and what ever larger sets hold."""
    site = _Sites(twin)
    keep = np.flatnonzero(site.served)
    frame = twin.table("gateways").iloc[keep]
    lat, lon = _places(frame)
    distance = geo.great_circle_m(lat[:, None], lon[:, None], lat, lon) / 1e3
    chance = twin.table("cells")["rain_percent"].to_numpy(np.float64)[site.row[keep]]
    percent = diversity.moments(distance, chance, MOMENTS)
    factor = feeders.share_left(site.table[keep], percent)
    in_run = twin.values("gateway_factor")[:, keep]
    weight = frame["capacity_gbps"].to_numpy(np.float64)
    names = [str(name) for name in frame["name"]]
    each = _each(names, distance, factor, in_run)
    each.insert(1, "climate_km", site.away_km[keep])
    each.insert(2, "rain_percent", chance)
    return {"weather_gateways": each, "weather_diversity": _sets(names, factor, weight)}


class _Sites:
    """Gateways with the climate of the nearest cell and their tables of what rain leaves."""

    def __init__(self, twin: Twin) -> None:
        cells, frame, systems = (twin.table(name) for name in ("cells", "gateways", "systems"))
        self.row, self.away_km = feeders.nearest_cells(*_places(frame), *_places(cells))
        height = frame["height_m"].to_numpy(np.float64) / 1e3
        climate = feeders.climate_at(Climate.of_cells(cells), self.row, height)
        moving = systems[systems["orbit"] != "geo"]
        lists = [str(text).split() for text in frame["systems"]]
        loss = twin.scenario.radio.implementation_loss_db
        total = np.zeros((len(frame), feeders.PERCENTS.size + 1))
        count = np.zeros(len(frame))
        for name, lowest in zip(moving["system"], moving["gateway_min_elevation_deg"], strict=True):
            may = np.array([name in some or "*" in some for some in lists], dtype=np.float64)
            if may.any():
                total += may[:, None] * feeders.uplink(str(name), float(lowest), loss).factors(climate)
                count += may
        self.served = count > 0.0
        self.table = np.where(self.served[:, None], total / np.maximum(count, 1.0)[:, None], 1.0)

    def left(self, percent: F4) -> F4:
        """Share of each gateway's capacity that is left, (moment, gateway)."""
        return feeders.share_left(self.table, percent)


def _places(frame: pd.DataFrame) -> tuple[F8, F8]:
    return frame["lat_deg"].to_numpy(np.float64), frame["lon_deg"].to_numpy(np.float64)


def _area(cells: pd.DataFrame) -> F8:
    area = cells["area_km2"].to_numpy(np.float64)
    return np.asarray(area / area.sum())


def _share(where: NDArray[np.bool_], area: F8) -> F8:
    """Share of the area of each row, summed in an order that does not depend on the rows beside it."""
    return np.array([area[row].sum() for row in where])


def _rain_percent(cells: pd.DataFrame) -> F8:
    found = cells["rain_percent"].to_numpy(np.float64)
    if not found.any():
        raise RabtaError(
            "rain is to be drawn, but the nation does not say how often it rains",
            key="cells.rain_percent",
            value=0.0,
            expected='shares of the year in per cent, nation.climate = "itur", or weather.rain = "average"',
        )
    return np.asarray(found)


def _middle_tick(twin: Twin) -> int:
    time = twin.scenario.time
    start = np.datetime64(time.start_utc.replace(tzinfo=None), "s").astype(np.int64)
    return round((int(start) + time.step_s * time.steps / 2.0) / TICK_S)


def _wet_anchor(field: Field, chance: F8, area: F8, exceeded_percent: float) -> int:
    """Tick of the anchor with as much rain as is exceeded in a share of the candidates."""
    level = links.rain_level(chance)
    share = _share(field.anchors(CANDIDATES) > level, area)
    order = np.argsort(-share, kind="stable")
    return int(order[min(int(CANDIDATES * exceeded_percent / 100.0), CANDIDATES - 1)]) << LEVELS


def _each(names: list[str], distance: F8, factor: F4, in_run: F4) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for g, name in enumerate(names):
        mine = factor[:, g]
        far = np.where(distance[g] > SAME_SITE_KM, distance[g], np.inf)
        other = int(np.argmin(far)) if np.isfinite(far).any() else -1
        both = [(mine < FULL) & (factor[:, other] < FULL), (mine <= 0.0) & (factor[:, other] <= 0.0)]
        rows.append(
            {
                "gateway": name,
                "faded_percent": 100.0 * float(np.mean(mine < FULL)),
                "outage_percent": 100.0 * float(np.mean(mine <= 0.0)),
                "mean_factor": float(mine.mean(dtype=np.float64)),
                "lost_999_share": 1.0 - float(np.quantile(mine, 1.0 - GOAL, method="lower")),
                "nearest": names[other] if other >= 0 else "",
                "nearest_km": float(distance[g, other]) if other >= 0 else 0.0,
                "joint_faded_percent": 100.0 * float(np.mean(both[0])) if other >= 0 else 0.0,
                "joint_outage_percent": 100.0 * float(np.mean(both[1])) if other >= 0 else 0.0,
                "run_mean_factor": float(in_run[:, g].mean(dtype=np.float64)),
                "run_faded_share": float(np.mean(in_run[:, g] < FULL)),
            }
        )
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else _EACH)


_EACH = [
    "gateway", "faded_percent", "outage_percent", "mean_factor", "lost_999_share", "nearest", "nearest_km",
    "joint_faded_percent", "joint_outage_percent", "run_mean_factor", "run_faded_share",
]  # fmt: skip


def _sets(names: list[str], factor: F4, weight: F8) -> pd.DataFrame:
    import pandas as pd

    order = diversity.nested_sets(factor, weight, GOAL)
    rows = []
    for count in range(1, len(order) + 1):
        chosen = order[:count]
        some = factor[:, chosen].astype(np.float64)
        held = some @ weight[chosen]
        row = {"gateways": count, "added": names[chosen[-1]], "capacity_gbps": float(weight[chosen].sum())}
        for goal, name in ((0.99, "99"), (0.999, "999"), (0.9999, "9999")):
            row[f"held_{name}_gbps"] = float(np.quantile(held, 1.0 - goal, method="lower"))
        row["mean_gbps"] = float(held.mean())
        row["all_out_percent"] = 100.0 * float(np.mean((some <= 0.0).all(axis=1)))
        row["any_faded_percent"] = 100.0 * float(np.mean((some < FULL).any(axis=1)))
        rows.append(row)
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else _SETS)


_SETS = [
    "gateways", "added", "capacity_gbps", "held_99_gbps", "held_999_gbps", "held_9999_gbps", "mean_gbps",
    "all_out_percent", "any_faded_percent",
]  # fmt: skip
