"""Stage of the run's events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog, events
from rabta.errors import RabtaError, nearest
from rabta.space import visibility
from rabta.space.constellations import for_phones, limits
from rabta.space.propagate import constants, moving
from rabta.stage import stage
from rabta.transport.events import links, paths
from rabta.transport.events.links import Sites, Sky, Span
from rabta.transport.latency import exchange
from rabta.transport.routes import ends as named
from rabta.transport.routes.joined import Tables
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("broadband", "mobile_satellite")


@stage(
    "Listing events",
    params=(
        "events",
        "transport",
        "time",
        "space.handoffs",
        "space.min_elevation_deg",
        "space.gso_avoidance",
        "space.terrain",
        "nation.name",
    ),
    reads=(
        "cells",
        "places",
        "nodes",
        "spans",
        "cell_node",
        "gateways",
        "satellites",
        "systems",
        "ends",
        "horizon_deg",
        "gateway_factor",
    ),
    writes=("events",),
    catalog=("nations", "constellations"),
)
def listed(twin: Twin) -> dict[str, Any]:
    """Links of named places and ways between named pairs: what happens when, in one table."""
    start = np.datetime64(twin.scenario.time.start_utc.replace(tzinfo=None), "ns")
    span = Span(start, twin.scenario.time.steps * twin.scenario.time.step_s)
    rows: list[dict[str, Any]] = []
    places = _places(twin)
    for number in range(len(twin.table("systems"))):
        sky = _sky(twin, number)
        if sky is not None:
            rows += links.place_events(sky, places, _gateways(twin, sky.system), span)
    for pair in twin.scenario.events.pairs:
        tables = _tables(twin, pair)
        rows += paths.pair_events(tables, span, twin.scenario.transport.platforms, _shut(twin))
    return {"events": events.ordered(events.frame(rows))}


def _places(twin: Twin) -> Sites:
    """The scenario's places at their cells' heights and behind their horizons; else the routes' places."""
    asked, table = twin.scenario.events.places, twin.table("places")
    if asked:
        towns = _towns(table, asked)
        cell = towns["cell_row"].to_numpy(np.int64)
    else:
        towns = twin.table("ends")
        towns = towns[towns["kind"] == "home"]
        cell = towns["cell"].to_numpy(np.int64)
    height = twin.table("cells")["elevation_m"].to_numpy(np.float64)[cell]
    horizon = twin.values("horizon_deg")[cell] if twin.scenario.space.terrain else None
    lat, lon = (towns[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg"))
    return Sites(tuple(towns["name"].astype(str)), visibility.ground(lat, lon, height, horizon))


def _towns(table: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Rows of the places by name: of equal names the most people."""
    folded, rows = table["name"].astype(str).str.casefold(), []
    for name in names:
        match = table[folded == name.strip().casefold()]
        if match.empty:
            known = list(table["name"].astype(str))
            raise RabtaError("no such place", key="events.places", value=name, expected=nearest(name, known))
        rows.append(match["people"].idxmax())
    return table.loc[rows]


def _sky(twin: Twin, number: int) -> Sky | None:
    """Moving satellites of a system that fixed terminals use; None where it has none."""
    systems, given = twin.table("systems"), twin.scenario
    row = systems.iloc[number]
    flying = moving(twin.table("satellites"))
    own = flying[flying["system"] == number]
    if own.empty or row["kind"] not in KINDS or for_phones(systems)[number]:
        return None
    least = own["min_elevation_deg"].to_numpy(np.float64)
    if given.space.min_elevation_deg is not None:
        least = np.full(len(own), given.space.min_elevation_deg)
    keep = limits(systems, "gso_avoidance_deg")[number] if given.space.gso_avoidance else 0.0
    return Sky(
        str(row["system"]),
        tuple(own["name"].astype(str)),
        constants(own),
        least,
        np.full(len(own), float(keep)),
        float(row["gateway_min_elevation_deg"]),
        bool(row["isl"]) and given.transport.use_isl,
    )


def _gateways(twin: Twin, system: str) -> Sites:
    """Gateways at which a system may land and that have capacity."""
    table = twin.table("gateways")
    may = np.array([bool({"*", system} & set(str(text).split())) for text in table["systems"]], dtype=bool)
    rows = np.flatnonzero(may & (table["capacity_gbps"].to_numpy(np.float64) > 0.0))
    chosen = table.iloc[rows]
    lat, lon, height = (chosen[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg", "height_m"))
    at = {int(row): place for place, row in enumerate(rows)}
    shut = [(at[row], begin, end) for row, begin, end in _shut(twin) if row in at]
    return Sites(tuple(chosen["name"].astype(str)), visibility.ground(lat, lon, height), shut)


def _shut(twin: Twin) -> list[tuple[int, float, float]]:
    """Gateways in steps in which rain leaves nothing of them: row, begin and end (s)."""
    step_s = twin.scenario.time.step_s
    steps, rows = np.nonzero(np.asarray(twin.values("gateway_factor")) <= 0.0)
    return [(int(g), float(t * step_s), float((t + 1) * step_s)) for t, g in zip(steps, rows, strict=True)]


def _tables(twin: Twin, pair: tuple[str, str]) -> Tables:
    """What a joined graph is made of, with the two ends of a pair in their order."""
    given, places, nodes = twin.scenario, twin.table("places"), twin.table("nodes")
    far = set(nodes.loc[nodes["kind"] == "abroad", "name"].str.casefold())
    abroad = [name for name in pair if name.strip().casefold() in far]
    home = [name for name in pair if name not in abroad]
    nation = given.nation.name
    table = named.ends(
        places,
        nodes,
        _cell_node(twin),
        home or [str(places["name"].iloc[0])],
        abroad or [str(name) for name in nodes.loc[nodes["kind"] == "abroad", "name"][:1]],
        country=str(catalog.entry("nations", nation).data.get("iso", "")),
        detour=exchange(nation).route_factor,
    )
    folded = table["name"].str.casefold()
    order = [table.index[folded == name.strip().casefold()][0] for name in pair]
    made = Tables(
        twin.table("satellites"),
        twin.table("systems"),
        twin.table("gateways"),
        nodes,
        twin.table("spans"),
        table.loc[order].reset_index(drop=True),
        use_isl=given.transport.use_isl,
        handoffs=given.space.handoffs,
        least_deg=given.space.min_elevation_deg,
        grounded=given.transport.denied,
        gso_avoidance=given.space.gso_avoidance,
    )
    return replace(made, horizon_deg=twin.values("horizon_deg") if given.space.terrain else None)


def _cell_node(twin: Twin) -> NDArray[np.int32]:
    found: NDArray[np.int32] = twin.values("cell_node")
    return found
