"""Static maps of districts and cells, as SVG coloured by the page's style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rabta.report import text
from rabta.report.folder import RunFolder
from rabta.report.pictures import geometry

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIZE = 1000  # units along the longer side of a static map
SHADES = 6


@dataclass(frozen=True)
class Classes:
    """Thresholds between the shades of a map; shade i holds values from ``cuts[i-1]`` up to ``cuts[i]``."""

    cuts: tuple[float, ...]

    def of(self, values: Floats) -> Ints:
        """Shade of each value; -1 where it is not a number."""
        found = np.searchsorted(np.asarray(self.cuts), values, side="right")
        return np.where(np.isfinite(values), found, -1).astype(np.int64)

    @property
    def labels(self) -> list[str]:
        """Words of the shades."""
        show = [text.number(cut) for cut in self.cuts]
        if not show:
            return ["all"]
        middle = [f"{a} – {b}" for a, b in pairwise(show)]
        return [f"under {show[0]}", *middle, f"{show[-1]} and more"]


def classes(values: Floats, weights: Floats | None = None, shades: int = SHADES) -> Classes:
    """Round thresholds near the quantiles of the values."""
    good = np.isfinite(values) & ((weights > 0) if weights is not None else True)
    if not good.any():
        return Classes(())
    levels = np.quantile(values[good], np.arange(1, shades) / shades)
    digits = 1 if levels[-1] > 8 * max(abs(levels[0]), 1e-12) else 2
    cuts = sorted({_nice(float(level), digits) for level in levels})
    low = float(values[good].min())
    return Classes(tuple(cut for cut in cuts if cut > low))


def _nice(value: float, digits: int) -> float:
    return value if value == 0 else round(value, digits - 1 - math.floor(math.log10(abs(value))))


@dataclass
class Atlas:
    """Everything that maps of one nation share."""

    mesh: geometry.Mesh
    scale: float
    width: int
    height: int
    district_names: list[tuple[str, str]]
    district_of: Ints
    paths: list[str]
    province_border: str
    outer_border: str
    line: str
    line_name: str
    old_census: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def atlas(run: RunFolder) -> Atlas:
    """Project the cells and chain the outlines of districts, provinces and the nation."""
    cells = run.table("cells")
    mesh = geometry.mesh(cells["cell"].tolist())
    pairs = list(zip(cells["province"].astype(str), cells["district"].astype(str), strict=True))
    names = sorted(set(pairs))
    code = {pair: index for index, pair in enumerate(names)}
    district = np.array([code[pair] for pair in pairs], dtype=np.int64)
    provinces = sorted({province for province, _ in names})
    province = np.array([provinces.index(p) for p, _ in pairs], dtype=np.int64)
    scale = SIZE / geometry.WORLD
    edges = geometry.borders(mesh, district)
    points = geometry.smoothed(mesh, edges)
    rings = geometry.outlines(edges, len(names))
    paths = [geometry.path(points, ring, scale) for ring in rings]
    border = geometry.borders(mesh, province)
    inner = border.group < border.other
    line, line_name = _line(run, border, np.array(provinces)[province])
    year = cells["census_year"].to_numpy() if "census_year" in cells else np.zeros(len(cells))
    old = np.flatnonzero(year < year.max())
    return Atlas(
        mesh,
        scale,
        math.ceil(mesh.width * scale),
        math.ceil(mesh.height * scale),
        names,
        district,
        paths,
        _lines(points, border.start[inner], border.end[inner], scale),
        _lines(points, border.start[border.outer], border.end[border.outer], scale),
        _lines(points, border.start[line], border.end[line], scale) if line_name else "",
        line_name,
        old,
    )


def _lines(points: Floats, start: Ints, end: Ints, scale: float) -> str:
    return geometry.path(points, geometry.chains(start, end), scale, closed=False)


def _line(
    run: RunFolder, border: geometry.Edges, province: NDArray[np.str_]
) -> tuple[NDArray[np.bool_], str]:
    rule = run.depiction.get("line", {})
    held = np.isin(province[border.cell], rule.get("provinces", [])) & border.outer
    if not held.any():
        return held, ""
    lat = run.column("cells", "lat_deg")[border.cell]
    held &= lat < float(rule.get("south_of_deg", 90.0))
    return held, str(rule.get("name", "")) if held.any() else ""


def definitions(a: Atlas) -> str:
    """District outlines, drawn once and used by every static map of the page."""
    paths = "".join(f'<path id="d{i}" d="{d}"/>' for i, d in enumerate(a.paths))
    over = f'<path class="prov" d="{a.province_border}"/><path class="nat" d="{a.outer_border}"/>'
    line = f'<path class="loc" d="{a.line}"/>' if a.line else ""
    hatch = (
        '<pattern id="hatch" width="9" height="9" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path d="M0 0V9" class="hatchline"/></pattern>'
    )
    inside = f'<defs>{hatch}{paths}<g id="over">{over}{line}</g></defs>'
    return f'<svg class="defs" width="0" height="0" aria-hidden="true">{inside}</svg>'


def district_map(a: Atlas, shade: Sequence[str], titles: Sequence[str], label: str) -> str:
    """Choropleth of the districts; ``shade`` holds a style class and ``titles`` the words of each."""
    shapes = "".join(
        f'<use href="#d{i}" class="{text.esc(s)}"><title>{text.esc(t)}</title></use>'
        for i, (s, t) in enumerate(zip(shade, titles, strict=True))
    )
    return framed(a, f'<g class="districts">{shapes}</g>{_hatched(a)}', label)


def cell_map(a: Atlas, group: Ints, names: Sequence[str], label: str) -> str:
    """Map of the cells filled by group; groups below 0 show the ground."""
    edges = geometry.borders(a.mesh, group)
    rings = geometry.outlines(edges, len(names))
    points = a.mesh.points.astype(np.float64)
    ground = geometry.outlines(geometry.borders(a.mesh, np.zeros(len(group), dtype=np.int64)), 1)[0]
    fills = [f'<path class="ground" d="{geometry.path(points, ground, a.scale)}"/>']
    for name, ring in zip(names, rings, strict=True):
        if ring:
            fills.append(f'<path class="{text.esc(name)}" d="{geometry.path(points, ring, a.scale)}"/>')
    return framed(a, "".join(fills), label)


def _hatched(a: Atlas) -> str:
    old = np.unique(a.district_of[a.old_census])
    return "".join(f'<use href="#d{i}" class="hatched"/>' for i in old.tolist())


def framed(a: Atlas, inside: str, label: str) -> str:
    """A map's drawing in its frame, with the borders over it."""
    return (
        f'<svg class="map" viewBox="-4 -4 {a.width + 8} {a.height + 8}" role="img" '
        f'aria-label="{text.esc(label)}">{inside}<use href="#over"/></svg>'
    )


def dot_map(a: Atlas, spots: Floats, shade: Sequence[str], titles: Sequence[str], label: str) -> str:
    """Dots on the nation's outline; ``spots`` (dot, 2) are in drawing units."""
    land = "".join(f'<use href="#d{i}" class="nodata"/>' for i in range(len(a.paths)))
    dots = "".join(
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="7" class="{text.esc(s)}"><title>{text.esc(t)}</title></circle>'
        for (x, y), s, t in zip((spots * a.scale).tolist(), shade, titles, strict=True)
    )
    return framed(a, f'<g class="districts">{land}</g><g class="dots">{dots}</g>', label)
