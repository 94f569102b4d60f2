"""Tornado chart: how far each assumption moves an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rabta.report import text

ROW = 30
LABEL = 13  # height of a line of text


@dataclass(frozen=True)
class Swing:
    """Answer at the low and the high value of one assumption."""

    title: str
    low: float
    high: float
    low_words: str
    high_words: str


def tornado(swings: Sequence[Swing], base: float, label: str, axis: str) -> str:
    """Bars around the base answer, widest first; drawn for wide pages and for phones."""
    return _drawn(swings, base, label, axis, 760, "wide") + _drawn(swings, base, label, axis, 360, "narrow")


def _drawn(swings: Sequence[Swing], base: float, label: str, axis: str, width: int, name: str) -> str:
    wide = name == "wide"
    left, right = (300 if wide else 8), (70 if wide else 52)
    step = ROW if wide else ROW + 20
    ends = [value for swing in swings for value in (swing.low, swing.high)]
    low, high = min([base, *ends]), max([base, *ends])
    span = (high - low) or 1.0
    inner = left + (70 if wide else 52)
    scale = (width - right - inner) / span
    height = 22 + step * len(swings) + 24
    parts = [
        _bar(swing, 22 + step * index, wide=wide, x=(inner, low, scale, base))
        for index, swing in enumerate(swings)
    ]
    middle = inner + (base - low) * scale
    parts.append(f'<path class="mark" d="M{middle:.1f} 14V{height - 22}"/>')
    parts.append(_words("tick strong", middle, 10, "middle", f"plan {text.number(base)}"))
    parts.append(_words("axis", width - 4, height - 5, "end", axis))
    return (
        f'<svg class="chart {name}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{text.esc(label)}">{"".join(parts)}</svg>'
    )


def _bar(swing: Swing, top: float, *, wide: bool, x: tuple[float, float, float, float]) -> str:
    """Bar of one assumption: one shade for its low value, one for its high value."""
    inner, low, scale, base = x
    ends = sorted([(swing.low, "low", swing.low_words), (swing.high, "high", swing.high_words)])
    at = [inner + (value - low) * scale for value, _, _ in ends]
    down = 0.0 if wide else LABEL + 6.0
    anchor, x_title, y_title = ("end", inner - 78, top + 17) if wide else ("start", 0.0, top + 12)
    title = _words("tick", x_title, y_title, anchor, swing.title)
    y = top + down + 5
    middle = min(max(inner + (base - low) * scale, at[0]), at[1])
    parts = [title]
    for (_, which, _), start, end in zip(ends, (at[0], middle), (middle, at[1]), strict=True):
        style = "warm3" if which == "high" else "blue3"
        place = f'x="{start:.1f}" y="{y:.1f}" width="{max(end - start, 1.0):.1f}"'
        parts.append(f'<rect class="{style}" {place} height="16"/>')
    tips = f"{swing.title}: {swing.low_words} gives {text.number(swing.low)}, {swing.high_words} gives "
    parts.append(_words("tick", at[0] - 5, y + 12, "end", text.number(ends[0][0])))
    parts.append(_words("tick", at[1] + 5, y + 12, "start", text.number(ends[1][0])))
    return f"<g><title>{text.esc(tips + text.number(swing.high))}</title>{''.join(parts)}</g>"


def _words(style: str, x: float, y: float, anchor: str, words: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {place}>{text.esc(words)}</text>'
