"""Charts as SVG, drawn twice: once for wide pages and paper, once for phones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.report import text

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """One line of a chart; ``style`` is a style class."""

    name: str
    y: Floats
    style: str
    dashed: bool = False


@dataclass(frozen=True)
class Frame:
    """Plot area and scales of a chart."""

    width: int
    height: int
    x_range: tuple[float, float]
    y_max: float
    left: int = 58
    right: int = 24
    top: int = 26
    bottom: int = 40

    def x(self, value: Floats) -> Floats:
        """Horizontal position."""
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (self.width - self.left - self.right)

    def y(self, value: Floats) -> Floats:
        """Vertical position."""
        return self.height - self.bottom - value / self.y_max * (self.height - self.top - self.bottom)


def ticks(top: float, count: int = 5) -> list[float]:
    """Round steps from zero to at least the top.

    Examples
    --------
    >>> ticks(23.0)
    [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]
    """
    if not (math.isfinite(top) and top > 0):
        return [0.0, 1.0]
    raw = top / count
    base = 10.0 ** math.floor(math.log10(raw))
    step = next(base * m for m in (1, 2, 2.5, 5, 10) if base * m >= raw * 0.999)
    return [round(step * i, 10) for i in range(math.ceil(top / step - 1e-9) + 1)]


def line_chart(
    x: Floats,
    lines: Sequence[Line],
    x_ticks: Sequence[tuple[float, str]],
    titles: tuple[str, str, str],
) -> str:
    """Lines over a common axis; ``titles`` are the label for readers, of the y axis and of the x axis."""
    top = max((float(np.nanmax(line.y)) for line in lines if np.isfinite(line.y).any()), default=1.0)
    levels = ticks(top)
    return "".join(
        _chart(
            Frame(width, height, (float(x[0]), float(x[-1])), levels[-1]),
            levels,
            x_ticks[::every],
            titles,
            _polylines(x, lines),
            name,
        )
        for width, height, every, name in ((760, 300, 1, "wide"), (360, 270, 2, "narrow"))
    )


def _polylines(x: Floats, lines: Sequence[Line]) -> list[tuple[Line, Floats]]:
    return [(line, x) for line in lines]


def _chart(
    frame: Frame,
    levels: Sequence[float],
    x_ticks: Sequence[tuple[float, str]],
    titles: tuple[str, str, str],
    lines: Sequence[tuple[Line, Floats]],
    name: str,
) -> str:
    drawn = "".join(_polyline(frame, line, x) for line, x in lines)
    low, high = frame.x_range
    scale = f' data-x="{low:g} {high:g} {frame.left} {frame.width - frame.right}"'
    return _svg(frame, name, titles[0], _axes(frame, levels, x_ticks, titles) + drawn, scale)


def _svg(frame: Frame, name: str, label: str, inside: str, more: str = "") -> str:
    return (
        f'<svg class="chart {name}" viewBox="0 0 {frame.width} {frame.height}" role="img" '
        f'aria-label="{text.esc(label)}"{more}>{inside}</svg>'
    )


def _polyline(frame: Frame, line: Line, x: Floats) -> str:
    good = np.isfinite(line.y)
    px, py = frame.x(x), frame.y(np.where(good, line.y, 0.0))
    parts, pen = [], False
    for keep, a, b in zip(good.tolist(), px.tolist(), py.tolist(), strict=True):
        if keep:
            parts.append(f"{'L' if pen else 'M'}{a:.1f} {b:.1f}")
        pen = keep
    dash = " dashed" if line.dashed else ""
    title = f"<title>{text.esc(line.name)}</title>"
    values = " ".join(f"{v:.4g}" for v in line.y.tolist())
    return f'<path class="line {line.style}{dash}" d="{"".join(parts)}" data-v="{values}">{title}</path>'


def _axes(
    frame: Frame, levels: Sequence[float], x_ticks: Sequence[tuple[float, str]], titles: tuple[str, str, str]
) -> str:
    right, floor = frame.width - frame.right, frame.height - frame.bottom
    parts = [f'<text class="axis" x="0" y="12">{text.esc(titles[1])}</text>']
    for level in levels:
        y = float(frame.y(np.asarray(level)))
        parts.append(f'<path class="grid" d="M{frame.left} {y:.1f}H{right}"/>')
        parts.append(_label("tick", frame.left - 6, y + 4, "end", text.number(level)))
    for value, word in x_ticks:
        x = float(frame.x(np.asarray(value)))
        parts.append(f'<path class="grid faint" d="M{x:.1f} {floor}v4"/>')
        parts.append(_label("tick", x, floor + 17, "middle", word))
    parts.append(_label("axis", right, frame.height - 4, "end", titles[2]))
    return "".join(parts)


def _label(style: str, x: float, y: float, anchor: str, words: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {place}>{text.esc(words)}</text>'


def bar_chart(
    edges: Floats,
    heights: Floats,
    marks: Sequence[tuple[float, str]],
    titles: tuple[str, str, str],
) -> str:
    """Histogram with marked values; heights are shares in percent."""
    levels = ticks(float(heights.max()) if heights.size else 1.0, 4)
    out = []
    for width, height, name in ((760, 260, "wide"), (360, 240, "narrow")):
        frame = Frame(width, height, (float(edges[0]), float(edges[-1])), levels[-1], top=40)
        marks_x = ticks(float(edges[-1]), 8 if name == "wide" else 4)
        x_ticks = [(t, text.number(t)) for t in marks_x if t <= edges[-1]]
        inside = _axes(frame, levels, x_ticks, titles) + _bars(frame, edges, heights) + _marks(frame, marks)
        out.append(_svg(frame, name, titles[0], inside))
    return "".join(out)


def _bars(frame: Frame, edges: Floats, heights: Floats) -> str:
    x, y = frame.x(edges), frame.y(heights)
    floor = frame.height - frame.bottom
    rects = [
        f'<rect x="{a:.1f}" y="{t:.1f}" width="{max(b - a - 0.6, 0.6):.1f}" height="{floor - t:.1f}">'
        f"<title>{text.number(low)} to {text.number(high)}: {text.number(share)} %</title></rect>"
        for a, b, t, low, high, share in zip(
            x[:-1].tolist(),
            x[1:].tolist(),
            y.tolist(),
            edges[:-1].tolist(),
            edges[1:].tolist(),
            heights.tolist(),
            strict=True,
        )
        if floor - t > 0.05
    ]
    return f'<g class="bars">{"".join(rects)}</g>'


def _marks(frame: Frame, marks: Sequence[tuple[float, str]]) -> str:
    parts = []
    for order, (value, word) in enumerate(marks):
        if not (math.isfinite(value) and frame.x_range[0] <= value <= frame.x_range[1]):
            continue
        x, y = float(frame.x(np.asarray(value))), frame.top - 2 + 14 * (order % 2)
        anchor = "end" if x > frame.width * 0.6 else "start"
        shift = -5 if anchor == "end" else 5
        parts.append(f'<path class="mark" d="M{x:.1f} {y - 9}V{frame.height - frame.bottom}"/>')
        parts.append(_label("tick strong", x + shift, y, anchor, word))
    return "".join(parts)
