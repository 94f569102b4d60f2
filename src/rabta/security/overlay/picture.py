"""A picture of a path's delay with its handovers, outages and key epochs, as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from rabta.security.overlay.paths import Change, Delay

Scale = Callable[[float], float]
WIDTH, HEIGHT = 900, 340
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 50, 60
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.axis{stroke:#999}.delay{fill:none;stroke:#1565a7;"
    "stroke-width:1.6}.change{stroke:#d9822b;stroke-width:.8}.key{fill:#2e7d32}.gap{fill:#f3d6d6}"
)


def draw(delay: Delay, changes: Sequence[Change], epochs: Sequence[float], title: str) -> str:
    """SVG of one path.

    Parameters
    ----------
    epochs : sequence of float
        Instants (s) at which a node changed its keys.
    """
    end = delay.time_s[-1]
    top = max((value for value in delay.delay_s if not math.isnan(value)), default=1.0) * 1.15 or 1.0

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * at / end

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    foot = HEIGHT - BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<text x="{LEFT}" y="24">{escape(title)}</text>',
    ]
    parts += [
        f'<rect class="gap" x="{x(a):.1f}" y="{TOP}" width="{x(b) - x(a):.1f}" height="{foot - TOP}"/>'
        for a, b in outages(delay)
    ]
    parts += [
        f'<line class="change" x1="{x(c.at_s):.1f}" y1="{TOP}" x2="{x(c.at_s):.1f}" y2="{foot}"/>'
        for c in changes
    ]
    for line in lines(delay):
        points = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in line)
        parts.append(f'<polyline class="delay" points="{points}"/>')
    parts += [f'<circle class="key" cx="{x(at):.1f}" cy="{foot + 6}" r="2.5"/>' for at in epochs if at <= end]
    parts += _axes(end, top, x, y)
    return "\n".join([*parts, "</svg>\n"])


def lines(delay: Delay) -> list[list[tuple[float, float]]]:
    """Stretches of the delay without a jump or an outage.

    Examples
    --------
    >>> lines(Delay((0.0, 1.0, 1.0, 2.0), (0.1, 0.2, 0.4, 0.4)))
    [[(0.0, 0.1), (1.0, 0.2)], [(1.0, 0.4), (2.0, 0.4)]]
    """
    out: list[list[tuple[float, float]]] = [[]]
    for at, value in zip(delay.time_s, delay.delay_s, strict=True):
        if math.isnan(value) or (out[-1] and out[-1][-1][0] == at):
            out.append([])
        if not math.isnan(value):
            out[-1].append((at, value))
    return [line for line in out if len(line) > 1]


def outages(delay: Delay) -> list[tuple[float, float]]:
    """Begins and ends of times without a way."""
    out, begin = [], math.nan
    for at, value in zip(delay.time_s, delay.delay_s, strict=True):
        if math.isnan(value) and math.isnan(begin):
            begin = at
        elif not math.isnan(value) and not math.isnan(begin):
            out.append((begin, at))
            begin = math.nan
    return out if math.isnan(begin) else [*out, (begin, delay.time_s[-1])]


def _axes(end: float, top: float, x: Scale, y: Scale) -> list[str]:
    foot = HEIGHT - BOTTOM
    parts = [
        f'<line class="axis" x1="{LEFT}" y1="{foot}" x2="{WIDTH - RIGHT}" y2="{foot}"/>',
        f'<line class="axis" x1="{LEFT}" y1="{TOP}" x2="{LEFT}" y2="{foot}"/>',
        f'<text x="8" y="{TOP - 8}">one-way delay, ms</text>',
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 26}" text-anchor="end">minutes</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 8}">orange: handover; green: new keys; red: no way</text>',
    ]
    for part in range(5):
        value, at = top * part / 4, end * part / 4
        parts.append(
            f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value * 1e3:.3g}</text>'
        )
        parts.append(f'<text x="{x(at):.1f}" y="{foot + 24}" text-anchor="middle">{at / 60.0:.3g}</text>')
    return parts
