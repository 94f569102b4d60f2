"""The Open Fibre Data Standard 0.3: networks of nodes and spans (open-fibre-data-standard.readthedocs.io).

A span joins two nodes and may have a route; both have a status and may belong to a phase. The schema gives
``fibreLength`` in kilometres, while the example published with it has metres, so lengths are held against the
route before they are believed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError

SPAN_STATUS = ("operational", "underConstruction", "planned", "proposed", "inactive", "decommissioned")
TYPES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")


def features(
    whole: dict[str, Any], path: Path
) -> tuple[list[dict[str, Any]], NDArray[np.object_], list[str]]:
    """Rows (kind, id, name, status, phase, fibre_km, straight), geometries and notes of a network package."""
    networks = whole.get("networks", [whole])
    if not isinstance(networks, list) or not all(isinstance(network, dict) for network in networks):
        raise RabtaError("not a network package", file=path, key="networks", expected="a list of networks")
    rows: list[dict[str, Any]] = []
    shapes: list[Any] = []
    notes: list[str] = []
    for network in networks:
        nodes = _listed(network, "nodes", path)
        places = {str(node.get("id")): geometry(node.get("location")) for node in nodes}
        for node in nodes:
            rows.append(_row("node", node))
            shapes.append(places[str(node.get("id"))])
        for span in _listed(network, "spans", path):
            route, straight = _route(span, places)
            rows.append({**_row("span", span), "straight": straight})
            shapes.append(route)
        if not network.get("spans") and network.get("links"):
            notes.append("the package links to spans in other files: import those files themselves")
    if not rows:
        raise RabtaError(
            "no nodes and no spans",
            file=path,
            key="networks",
            expected="nodes and spans; " + "; ".join(notes),
        )
    made = np.full(len(shapes), None, dtype=object)
    made[:] = shapes
    return rows, made, notes


def _listed(network: dict[str, Any], key: str, path: Path) -> list[dict[str, Any]]:
    found = network.get(key) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise RabtaError("not a list", file=path, key=key, expected=f"a list of {key} with their ids")
    return found


def _row(kind: str, item: dict[str, Any]) -> dict[str, Any]:
    phase = item.get("phase")
    phase = phase if isinstance(phase, dict) else {}
    length = item.get("fibreLength")
    return {
        "kind": kind,
        "id": str(item.get("id")),
        "name": str(item.get("name") or ""),
        "status": item.get("status") if isinstance(item.get("status"), str) else None,
        "phase": str(phase.get("name") or phase.get("id") or ""),
        "fibre_km": float(length) if isinstance(length, int | float) else np.nan,
        "straight": False,
    }


def _route(span: dict[str, Any], places: dict[str, Any]) -> tuple[Any, bool]:
    """Route of a span; where it has none, the straight line between its nodes."""
    import shapely

    route = geometry(span.get("route"))
    if route is not None:
        return route, False
    ends = [places.get(str(span.get(key))) for key in ("start", "end")]
    if any(end is None or end.geom_type != "Point" for end in ends):
        return None, False
    return shapely.LineString([end.coords[0][:2] for end in ends if end is not None]), True


def geometry(value: object) -> Any:
    """Shapely geometry of a GeoJSON one; None where there is none or it is broken."""
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    if not isinstance(value, dict) or value.get("type") not in TYPES:
        return None
    try:
        return shape(value)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, ShapelyError):
        return None
