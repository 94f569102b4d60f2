"""Picture of a block error curve with its confidence; SVG that stands alone."""

from __future__ import annotations

import math
from html import escape
from typing import Any

WIDE, TALL, LEFT, RIGHT, TOP, BOTTOM = 720, 480, 70, 20, 52, 56
OURS, TABLE, LATER = "#1f5fa8", "#5a6b7a", "#b3541e"
LOWEST = 1e-5


def draw(found: dict[str, Any]) -> str:
    """SVG of a curve; the error rate runs logarithmically."""
    points = found["points"]
    ratios = [p["snr_db"] for p in points]
    low, high = math.floor(min(ratios)), math.ceil(max(ratios))
    high = max(high, low + 1)
    positive = [p[key] for p in points for key in ("low", "bler", "residual") if p[key] > 0.0]
    floor = max(math.floor(math.log10(max(min(positive, default=0.1), LOWEST))), -5)
    frame = (float(low), float(high), float(min(floor, -1)))
    parts = _axes(frame)
    parts += [_bar(p, frame) for p in points]
    curves = [("bler", OURS, False), ("table", TABLE, True)]
    if found["transmissions"] > 1:
        curves.append(("residual", LATER, False))
    for key, colour, dashed in curves:
        parts.append(_line([(p["snr_db"], p[key]) for p in points if p[key]], frame, colour, dashed=dashed))
    title = f"MCS {found['mcs']} of table {found['table']}, {found['bits']:,} bits, {found['channel']}"
    note = f"channel known: {found['receiver']}; bars: 95 % confidence; dashed: the shipped table"
    parts += [_text(LEFT, 22, title, 15, "start"), _text(LEFT, 40, note, 11, "start")]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {TALL}" role="img" '
        'aria-label="block error rate" font-family="sans-serif">'
        f'<rect width="{WIDE}" height="{TALL}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


Frame = tuple[float, float, float]


def _place(ratio: float, rate: float, frame: Frame) -> tuple[float, float]:
    low, high, floor = frame
    x = LEFT + (ratio - low) / (high - low) * (WIDE - LEFT - RIGHT)
    share = (math.log10(max(rate, 10.0**floor)) - floor) / -floor
    return x, TALL - BOTTOM - share * (TALL - TOP - BOTTOM)


def _text(x: float, y: float, words: str, size: int, anchor: str) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {where} fill="#222">{escape(words)}</text>'


def _bar(point: dict[str, Any], frame: Frame) -> str:
    x, top = _place(point["snr_db"], point["high"], frame)
    _, bottom = _place(point["snr_db"], point["low"], frame)
    _, middle = _place(point["snr_db"], point["bler"], frame)
    line = f'<path d="M{x:.1f} {top:.1f}V{bottom:.1f}" stroke="{OURS}"/>'
    return line + (f'<circle cx="{x:.1f}" cy="{middle:.1f}" r="3" fill="{OURS}"/>' if point["bler"] else "")


def _line(points: list[tuple[float, float]], frame: Frame, colour: str, *, dashed: bool) -> str:
    places = [_place(ratio, rate, frame) for ratio, rate in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'


def _axes(frame: Frame) -> list[str]:
    low, high, floor = frame
    out = []
    for exponent in range(int(floor), 1):
        _, y = _place(low, 10.0**exponent, frame)
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDE - RIGHT}" stroke="#ddd"/>')
        out.append(_text(LEFT - 6, y + 4, f"{10.0**exponent:g}", 11, "end"))
    step = next(s for s in (0.2, 0.5, 1, 2, 5, 10) if (high - low) / s <= 16 or s == 10)
    for i in range(int((high - low) / step + 1e-9) + 1):
        x, _ = _place(low + i * step, 1.0, frame)
        out.append(f'<path d="M{x:.1f} {TOP}V{TALL - BOTTOM}" stroke="#eee"/>')
        out.append(_text(x, TALL - BOTTOM + 18, f"{low + i * step:g}", 11, "middle"))
    out.append(_text((LEFT + WIDE) / 2, TALL - 14, "Es/N0 of a receiving antenna, dB", 12, "middle"))
    return out
