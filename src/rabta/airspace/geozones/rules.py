"""A nation's rules for unmanned aircraft, as data: the zones they make, and what they say of a flight."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rabta import catalog
from rabta.airspace.geozones.conflicts import at
from rabta.airspace.geozones.heights import Ground, Height, Reference
from rabta.airspace.geozones.model import Area, Collection, Kind, Layer, Zone
from rabta.airspace.volumes import Circle, Polygon
from rabta.airspace.volumes.volume import METRES_A_DEGREE
from rabta.errors import RabtaError

if TYPE_CHECKING:
    import pandas as pd
    from shapely.geometry.base import BaseGeometry

    from rabta.radio.terrain.raster import Terrain
    from rabta.scenario import Nation

KIND = "airrules"
SURFACE = Height(0, Reference.AGL)
LANGUAGE = "en"
LEAST_CELLS = 50  # neighbours beyond the edge that a land border has: 120 km at resolution 7
ALLOWED, ASK, PROHIBITED = "allowed", "authorisation required", "prohibited"
VERDICTS = {Kind.PROHIBITED: PROHIBITED, Kind.AUTHORIZATION: ASK, Kind.CONDITIONAL: ASK, Kind.USPACE: ASK,
            Kind.FREE: ALLOWED}  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """Rules of a nation, from the catalog's kind ``airrules``.

    Attributes
    ----------
    data : mapping
        The entry: ``aerodromes``, ``border``, ``categories``, each with source, date and status.
    """

    data: Mapping[str, Any]

    def category(self, mass_kg: float) -> Mapping[str, Any]:
        """Category of a greatest take-off mass.

        Examples
        --------
        >>> rules("pakistan").category(0.25)["name"], rules("pakistan").category(1.2)["name"]
        ('I', 'II')
        """
        for one in self.data["categories"]:
            if one["over_kg"] < mass_kg <= one["upto_kg"]:
                return one  # type: ignore[no-any-return]
        raise RabtaError("no category holds this mass", key="mass", value=mass_kg, expected="more than 0 kg")


def rules(nation: str) -> Rules:
    """Rules of a nation; refused with the known ones where there are none."""
    return Rules(catalog.entry(KIND, nation).data)


def zones(found: Rules, nation: Nation) -> Collection:
    """Zones that the rules make of the nation's aerodromes and border."""
    from rabta.nation import layers
    from rabta.radio.terrain import raster

    held = layers.load(nation)
    terrain = raster.load(nation) if raster.path_of(nation) else None
    made = [*aerodrome_zones(found, held.aerodromes), *border_zones(found, held.cells, terrain)]
    text = f"{found.data['title']} ({found.data['status']}, {found.data['date']}). {found.data['note']}"
    metadata = {"issued": f"{found.data['retrieved']}T00:00:00Z",
                "description": [{"text": part, "lang": LANGUAGE} for part in _parts(text)]}  # fmt: skip
    return Collection(tuple(made), metadata, {"name": str(found.data["title"])[:200]})


def _parts(text: str, most: int = 200) -> list[str]:
    """Text in pieces that the standard's short texts hold."""
    return [text[k : k + most] for k in range(0, len(text), most)]


def aerodrome_zones(found: Rules, aerodromes: pd.DataFrame) -> list[Zone]:
    """A circle around each aerodrome."""
    rule = found.data["aerodromes"]
    radius = 1_000.0 * rule["radius_km"]
    made = []
    for k, row in enumerate(aerodromes.to_dict("records")):
        name = f"{row['name']} ({row['icao']})" if row["icao"] else str(row["name"])
        area = Area(Circle(float(row["lat_deg"]), float(row["lon_deg"]), radius))
        made.append(_zone(found, f"AD{k + 1:04d}", name, rule, (Layer((area,), SURFACE),), "AIR_TRAFFIC"))
    return made


def border_zones(found: Rules, cells: pd.DataFrame, terrain: Terrain | None) -> list[Zone]:
    """A strip inside the land border, in pieces of the cells' zones.

    The border is the edge of the nation's cells (a cell belongs where its centre lies, so it is good to
    half a cell: 1.3 km at resolution 7). Where the terrain says sea, the edge is a coast and no border.
    """
    rule = found.data["border"]
    made = []
    for k, (name, shape) in enumerate(sorted(strips(cells, terrain, 1_000.0 * rule["width_km"]).items())):
        areas = tuple(_areas(shape))
        if areas:
            layer = Layer(areas, SURFACE, many=len(areas) > 1)
            made.append(_zone(found, f"BD{k + 1:04d}", f"Border, {name}", rule, (layer,), "SENSITIVE"))
    return made


def _zone(
    found: Rules, identifier: str, name: str, rule: Mapping[str, Any], layers: tuple[Layer, ...], reason: str
) -> Zone:
    authority = {"name": [{"text": found.data["authority"]["name"], "lang": LANGUAGE}],
                 "siteURL": found.data["authority"]["url"], "purpose": "AUTHORIZATION"}  # fmt: skip
    told = {
        "name": [{"text": name[:200], "lang": LANGUAGE}],
        "reason": [reason],
        "message": [{"text": f"{rule['rule']} ({rule['status']}, {rule['date']})"[:200], "lang": LANGUAGE}],
        "extendedProperties": {"rule": rule["rule"], "status": rule["status"], "date": rule["date"],
                               "source": rule["source"]},
    }  # fmt: skip
    return Zone(
        identifier, found.data["country"], Kind(rule["kind"]), "COMMON", layers, (), (authority,), told
    )


def strips(cells: pd.DataFrame, terrain: Terrain | None, width_m: float) -> dict[str, BaseGeometry]:
    """Land within a width of the land border, by zone of the cells, in longitude and latitude."""
    import h3
    import shapely
    from shapely.geometry import shape

    inside = set(cells["cell"])
    beyond = {cell: set(h3.grid_disk(cell, 1)) - inside for cell in inside if _on_edge(cell, inside)}
    land = _long(_land({one for held in beyond.values() for one in held}, terrain))
    by_zone: dict[str, list[str]] = {}
    names = dict(zip(cells["cell"], cells["zone"], strict=True))
    for cell in sorted(beyond):
        if beyond[cell] & land:
            by_zone.setdefault(names[cell], []).append(cell)
    rings = math.ceil(width_m / _spacing_m(next(iter(inside)))) + 1
    found = {}
    for name, edge in by_zone.items():
        outer = sorted({one for cell in edge for one in beyond[cell] & land})
        near = {one for cell in edge for one in h3.grid_disk(cell, rings)} & inside
        grown = _buffered(shape(h3.cells_to_geo(outer)), width_m)
        found[name] = shapely.intersection(grown, shape(h3.cells_to_geo(sorted(near))))
    return found


def _on_edge(cell: str, inside: set[str]) -> bool:
    import h3

    return any(one not in inside for one in h3.grid_disk(cell, 1))


def _spacing_m(cell: str) -> float:
    """Distance between centres of neighbours."""
    import h3

    return float(math.sqrt(3.0) * h3.average_hexagon_edge_length(h3.get_resolution(cell), unit="m"))


def _land(cells: set[str], terrain: Terrain | None) -> set[str]:
    """Those whose centre is no sea; all where there is no terrain."""
    import h3

    from rabta.radio.terrain.profile import SEA

    if terrain is None:
        return cells
    north, west, step = terrain.grid
    found = set()
    for cell in cells:
        lat, lon = h3.cell_to_latlng(cell)
        row, column = round((north - lat) / step), round((lon - west) / step)
        known = 0 <= row < terrain.zone.shape[0] and 0 <= column < terrain.zone.shape[1]
        if not known or terrain.zone[row, column] != SEA:
            found.add(cell)
    return found


def _long(cells: set[str]) -> set[str]:
    """Cells that lie in rows of at least `LEAST_CELLS`: shorter ones are flats and islets of a coast."""
    import h3

    left, found = set(cells), set()
    while left:
        part, open_ = set(), [left.pop()]
        while open_:
            one = open_.pop()
            part.add(one)
            near = set(h3.grid_disk(one, 1)) & left
            left -= near
            open_ += near
        if len(part) >= LEAST_CELLS:
            found |= part
    return found


def _buffered(shape: BaseGeometry, width_m: float) -> BaseGeometry:
    """Shape grown by a distance: degrees of longitude shrunk to those of latitude at its middle."""
    from shapely import affinity

    middle = shape.centroid
    scale = math.cos(math.radians(middle.y))
    flat = affinity.scale(shape, xfact=scale, yfact=1.0, origin=(middle.x, middle.y))
    grown = flat.buffer(width_m / METRES_A_DEGREE, quad_segs=4)
    return affinity.scale(grown, xfact=1.0 / scale, yfact=1.0, origin=(middle.x, middle.y))


def _areas(shape: BaseGeometry) -> list[Area]:
    """Areas of a shape, coordinates to 0.1 m; slivers without area are dropped."""
    import shapely

    fine = shapely.set_precision(shape, 1e-6)
    parts = [one for one in shapely.get_parts(fine) if one.geom_type == "Polygon" and one.area > 1e-8]
    return [Area(_ring(one.exterior), tuple(_ring(hole) for hole in one.interiors)) for one in parts]


def _ring(ring: Any) -> Polygon:
    points = np.round(np.asarray(ring.coords)[:-1], 6)
    return Polygon(tuple((float(lat), float(lon)) for lon, lat in points))


@dataclass(frozen=True)
class Answer:
    """What the rules say of a flight.

    Attributes
    ----------
    verdict : str
        ``allowed``, ``authorisation required`` or ``prohibited``.
    reasons : tuple of mapping
        Zones and rules with their sources; the strictest first.
    needs : tuple of str
        What the category of mass asks in any case.
    category : str
    """

    verdict: str
    reasons: tuple[Mapping[str, Any], ...]
    needs: tuple[str, ...]
    category: str


def answer(
    found: Rules,
    held: Iterable[Zone],
    place: tuple[float, float],
    height: Height,
    at_s: float,
    mass_kg: float,
    ground: Ground,
) -> Answer:
    """What the rules and the zones say of a place, a height and an instant for a mass."""
    category = found.category(mass_kg)
    hits = at(held, *place, height, at_s, ground)
    order = list(Kind)
    hits.sort(key=lambda one: order.index(one[0].kind))
    reasons = [_reason(zone, sure=sure) for zone, sure in hits]
    own = {"category": category["name"], "verdict": category["verdict"], "source": category["source"],
           "status": category["status"]}  # fmt: skip
    verdicts = [one["verdict"] for one in reasons] + [category["verdict"]]
    worst = max(verdicts, key=[ALLOWED, ASK, PROHIBITED].index)
    return Answer(worst, (*reasons, own), tuple(category["needs"]), str(category["name"]))


def _reason(zone: Zone, *, sure: bool) -> dict[str, Any]:
    more = zone.told.get("extendedProperties") or {}
    messages = zone.told.get("message") or [{}]
    return {"zone": zone.identifier, "name": zone.name, "kind": zone.kind.value,
            "verdict": VERDICTS[zone.kind], "rule": more.get("rule", messages[0].get("text", "")),
            "source": more.get("source", ""),
            "status": more.get("status", ""), "sure": sure}  # fmt: skip
