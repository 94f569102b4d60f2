"""Contact plan as a picture: one row a pair, one bar a contact, darker what is booked."""

from __future__ import annotations

import math
from collections import defaultdict
from html import escape

from rabta.security.bundles.contacts.plan import Plan

WIDTH, ROW, LEFT, TOP, MOST_ROWS = 1000, 20, 270, 40, 60


def svg(plan: Plan, title: str = "Contact plan") -> str:
    """Scalable picture; pairs beyond the first 60 are counted below."""
    start, end = plan.span
    named = _rows(plan)
    names = sorted(set(named.values()))
    place = {name: TOP + ROW * at for at, name in enumerate(names[:MOST_ROWS])}
    height = TOP + ROW * len(place) + 44
    scale = (WIDTH - LEFT - 20) / max(end - start, 1e-9)
    out = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
            f' aria-label="{escape(title)}" font-family="sans-serif" font-size="11">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="8" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for name, y in place.items():
        out.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(_short(name))}</text>')
    for number, item in enumerate(plan.contacts):
        name = named[item.sender, item.receiver]
        if name in place:
            out.append(_bar(plan, number, LEFT + (item.start - start) * scale, place[name], scale))
    out += _axis(start, end, scale, TOP + ROW * len(place))
    if len(names) > MOST_ROWS:
        out.append(f'<text x="4" y="{height - 6}">and {len(names) - MOST_ROWS} more pairs</text>')
    return "\n".join([*out, "</svg>", ""])


def _rows(plan: Plan) -> dict[tuple[str, str], str]:
    """Row of each pair; one row for both directions where they have the same contacts."""
    times: dict[tuple[str, str], set[tuple[float, float]]] = defaultdict(set)
    for item in plan.contacts:
        times[item.sender, item.receiver].add((item.start, item.end))
    out = {}
    for (a, b), spans in times.items():
        both = times.get((b, a)) == spans
        out[a, b] = " ↔ ".join(sorted((a, b))) if both else f"{a} → {b}"
    return out


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _bar(plan: Plan, number: int, x: float, y: int, scale: float) -> str:
    item = plan.contacts[number]
    width = max((item.end - item.start) * scale, 1.0)
    used = plan.used(number) * width
    colour = "#c0392b" if number in plan.failed else "#9ecae1"
    told = f"{item.start:g} to {item.end:g} s, {item.rate_bps:g} bit/s, {1e3 * item.delay_s:.3g} ms"
    bar = f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="{ROW - 6}" fill="{colour}">'
    done = f'<rect x="{x:.1f}" y="{y + 3}" width="{used:.1f}" height="{ROW - 6}" fill="#2171b5"/>'
    return f"{bar}<title>{escape(told)}</title></rect>" + (done if used else "")


def _axis(start: float, end: float, scale: float, y: int) -> list[str]:
    out = []
    ticks = [10.0**power * step for power in range(-3, 9) for step in (1, 2, 5)]
    step = next((tick for tick in ticks if (end - start) / tick <= 7), ticks[-1])
    for count in range(math.ceil(start / step), math.floor(end / step) + 1):
        x = LEFT + (count * step - start) * scale
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{y}" stroke="#ddd"/>')
        out.append(f'<text x="{x:.1f}" y="{y + 16}" text-anchor="middle">{count * step:,.6g} s</text>')
    return out
