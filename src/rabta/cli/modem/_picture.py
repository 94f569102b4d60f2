"""Picture of a pass: Es/N0 and what was heard, Doppler, throughput; SVG that stands alone."""

from __future__ import annotations

from html import escape
from typing import Any

WIDE, LEFT, RIGHT, TALL, GAP, TOP = 860, 64, 20, 150, 34, 54
PANELS = (
    ("Es/N0, dB (line), as heard (dots; red where frames were lost)", "es_n0_db"),
    ("Doppler shift, kHz", "khz"),
    ("Throughput while sending, Mbit/s", "mbps"),
)


def draw(told: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """SVG of the bursts over time."""
    for row in rows:
        row["khz"], row["mbps"] = row["doppler_hz"] / 1e3, row["bits"] / row["seconds"] / 1e6
    title = f"{told['satellite']} over {told['over']}, {told['pass_start'][:19]}Z, {told['framing']}"
    parts = [_text(LEFT, 22, title, 15, "start")]
    words = f"{told['decoded']:,} of {told['frames']:,} frames decoded, {told['wrong']} with wrong bytes"
    parts.append(_text(LEFT, 40, words, 11, "start"))
    span = max(row["second"] for row in rows) or 1.0
    for number, (name, key) in enumerate(PANELS):
        parts += _panel(rows, name, key, TOP + number * (TALL + GAP), span)
    tall = TOP + len(PANELS) * (TALL + GAP) + 14
    parts.append(
        _text((LEFT + WIDE - RIGHT) / 2, tall - 8, "seconds from the beginning of the pass", 12, "middle")
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {tall}" role="img" '
        'aria-label="Modem over a pass" font-family="sans-serif">'
        f'<rect width="{WIDE}" height="{tall}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _panel(rows: list[dict[str, Any]], name: str, key: str, top: float, span: float) -> list[str]:
    values = [row[key] for row in rows]
    low, high = min(0.0, *values, 0.0), max(*values, 1e-3)
    room = 0.08 * (high - low)
    low, high = low - (room if low < 0.0 else 0.0), high + room

    def at(row: dict[str, Any], value: float) -> tuple[float, float]:
        x = LEFT + row["second"] / span * (WIDE - LEFT - RIGHT)
        return x, top + TALL - (value - low) / (high - low) * (TALL - 18)

    out = [f'<path d="M{LEFT} {top + 18}V{top + TALL}H{WIDE - RIGHT}" fill="none" stroke="#999"/>']
    out.append(_text(LEFT, top + 10, name, 11, "start"))
    out += [_text(LEFT - 6, at(rows[0], v)[1] + 4, f"{v:.3g}", 10, "end") for v in (min(values), max(values))]
    path = " ".join("{:.1f},{:.1f}".format(*at(row, row[key])) for row in rows)
    out.append(f'<polyline points="{path}" fill="none" stroke="#1f5fa8" stroke-width="2"/>')
    if key == "es_n0_db":
        for row in rows:
            level = row["heard_db"] if row["heard_db"] == row["heard_db"] else row["es_n0_db"]
            x, y = at(row, min(max(level, low), high))
            colour = "#2e7d4f" if row["good"] == row["frames"] else "#b3281e"
            out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = LEFT + share * (WIDE - LEFT - RIGHT)
        out.append(_text(x, top + TALL + 14, f"{share * span:.0f}", 10, "middle"))
    return out


def _text(x: float, y: float, words: str, size: int, anchor: str) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {where} fill="#222">{escape(words)}</text>'
