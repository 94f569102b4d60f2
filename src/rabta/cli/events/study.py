"""Events of one place, or between two, as plain data."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rabta.errors import EXIT_USAGE, RabtaError, nearest

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LIGHT_M_MS = 299_792.458


def refuse(problem: str, key: str, value: object, expected: str) -> None:
    """Refuse an option of the command."""
    raise RabtaError(problem, key=key, value=value, expected=expected, exit_code=EXIT_USAGE)


def study(scenario: Any, from_: str, to: str | None, policy: str) -> dict[str, Any]:
    """Events between places as plain data: the question, a summary, and one record an event."""
    import numpy as np

    from rabta.space.events import handover
    from rabta.space.events.windows import windows
    from rabta.space.propagate import constants

    if policy not in handover.POLICIES:
        refuse("no such policy", "--policy", policy, nearest(policy, handover.POLICIES))
    if to is not None and policy == "least-loaded":
        refuse("least-loaded counts users of one place each", "--policy", policy, "another policy with --to")
    places, chosen = _places(scenario, [from_] if to is None else [from_, to])
    rows = [*chosen, *np.setdiff1d(np.arange(len(places)), chosen)] if policy == "least-loaded" else chosen
    ground = _ground(scenario, places.iloc[rows])
    satellites = _satellites(scenario)
    orbits = constants(satellites)
    begin = np.datetime64(scenario.time.start_utc.replace(tzinfo=None), "ns")
    span = scenario.time.hours * 3600.0
    seen = windows(orbits, ground, begin, span, satellites["min_elevation_deg"].to_numpy(dtype=np.float64))
    seen = handover.shared(seen) if to is not None else seen
    score = (handover.elevation if to is None else handover.nearness)(orbits, ground, begin)
    load = places["people"].to_numpy(dtype=np.float64)[rows]
    links = handover.serve(seen, policy, score, load)
    mine = links.site == 0
    listed = _records(satellites, score, links, np.flatnonzero(mine), begin, span, to is not None)
    return {
        "from": str(places["name"].iloc[chosen[0]]),
        "to": None if to is None else str(places["name"].iloc[chosen[1]]),
        "policy": policy,
        "start": _stamp(begin, 0.0),
        "hours": scenario.time.hours,
        "satellites": len(satellites),
        "windows": int((seen.site == 0).sum()),
        "summary": asdict(handover.summary(links, 0, span)),
        "events": listed,
    }


def _places(scenario: Any, names: list[str]) -> tuple[pd.DataFrame, list[int]]:
    """The nation's places, and the rows of the named ones: of equal names the most people."""
    from rabta.nation import layers

    places = layers.table(layers.folder(scenario.nation), "places").reset_index(drop=True)
    folded = places["name"].str.casefold()
    rows = []
    for key, name in zip(("--from", "--to"), names, strict=False):
        match = places[folded == name.strip().casefold()]
        if match.empty:
            refuse("no such place", key, name, nearest(name, list(places["name"])))
        rows.append(int(match.index.to_numpy()[match["people"].to_numpy().argmax()]))
    if len(set(rows)) < len(rows):
        refuse("both ends are the same place", "--to", names[1], "another place")
    return places, rows


def _ground(scenario: Any, places: pd.DataFrame) -> Any:
    """Places at their cells' heights, behind their cells' horizons where the scenario has terrain."""
    from rabta.nation import layers
    from rabta.space import visibility

    where = layers.folder(scenario.nation)
    path, horizon = layers.find(where, "cells"), layers.find(where, "horizon")
    if path is None:
        raise RabtaError("no table of cells", file=where, expected="cells.parquet or cells.csv")
    cell = places["cell_row"].to_numpy()
    heights = layers.read(path)["elevation_m"].to_numpy()
    if not ((cell >= 0) & (cell < len(heights))).all():
        raise RabtaError("place outside the cells", file=path, key="cell_row", value=int(cell.max()))
    terrain = None
    if horizon is not None and scenario.space.terrain:
        terrain = layers.read(horizon).to_numpy(dtype="float32")[cell] / 4.0
    return visibility.ground(places["lat_deg"], places["lon_deg"], heights[cell], terrain)


def _satellites(scenario: Any) -> pd.DataFrame:
    from rabta import catalog
    from rabta.space import constellations, elements
    from rabta.space.propagate import moving

    space = scenario.space
    entries = [catalog.entry("constellations", name) for name in space.constellations]
    listed = elements.read(space.catalogue) if space.catalogue else None
    table = moving(constellations.satellites(entries, scenario.time.start_utc, listed))
    if table.empty:
        refuse(
            "none of the satellites moves", "space.constellations", space.constellations, "one in low orbit"
        )
    if space.min_elevation_deg is not None:
        table = table.assign(min_elevation_deg=space.min_elevation_deg)
    return table


def _records(
    satellites: pd.DataFrame,
    score: Any,
    links: Any,
    rows: Any,
    begin: np.datetime64,
    span: float,
    pair: bool,
) -> list[dict[str, Any]]:
    """One record an event, in the order of time."""
    import numpy as np

    names = satellites["name"].to_numpy()
    out: list[dict[str, Any]] = []
    for at, row in enumerate(rows):
        start, end, satellite = float(links.start_s[row]), float(links.end_s[row]), int(links.satellite[row])
        value = float(score.at(np.array([satellite]), np.array([start]))[0, 0])
        measure = ("rtt_ms", -2.0 * value / LIGHT_M_MS) if pair else ("elevation_deg", np.degrees(value))
        before = float(links.end_s[rows[at - 1]]) if at else -1.0
        kind = "up" if start - before > 1e-6 else "path change" if pair else "handover"
        out.append(
            _event(begin, start, kind, str(names[satellite])) | {measure[0]: round(float(measure[1]), 4)}
        )
        after = float(links.start_s[rows[at + 1]]) if at + 1 < len(rows) else np.inf
        if after - end > 1e-6 and end < span:
            out.append(_event(begin, end, "down", str(names[satellite])))
    return out


def _event(begin: np.datetime64, at: float, kind: str, name: str) -> dict[str, Any]:
    return {"time": _stamp(begin, at), "seconds": round(at, 4), "event": kind, "satellite": name}


def _stamp(begin: np.datetime64, seconds: float) -> str:
    """Instant to the nearest millisecond, UTC."""
    import numpy as np

    return f"{begin.astype('datetime64[ms]') + np.timedelta64(round(seconds * 1e3), 'ms')}Z"
