"""The satellites over the run: in view of the cities, load of the nation, round trips."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from rabta.report import series, text
from rabta.report.folder import RunFolder
from rabta.report.payload import Context
from rabta.report.pictures import charts
from rabta.report.text import esc

Floats = NDArray[np.float64]

CLOCK_STEPS_H = (0.05, 0.25, 0.5, 1, 2, 3, 6, 12, 24)
LATENCY_WIDTHS = (1, 2, 4, 8, 20)


def sky(c: Context) -> str:
    """Satellites in view of the cities, satellite load of the nation, latency."""
    return _cities(c) + _load(c) + _latency(c)


def _hours(run: RunFolder, points: int) -> Floats:
    span = float(run.setting("time", "hours", 24.0))
    return np.asarray((np.arange(points) + 0.5) * span / points)


def _clock(run: RunFolder) -> tuple[list[tuple[float, str]], str]:
    span = float(run.setting("time", "hours", 24.0))
    offset = float(run.depiction.get("utc_offset_hours", 0.0))
    step = next((s for s in CLOCK_STEPS_H if span / s <= 9), span / 8)
    ticks = []
    for index in range(int(span / step + 1e-9) + 1):
        moment = run.start + timedelta(hours=index * step + offset)
        ticks.append((index * step, f"{moment:%H:%M}" if step < 24 else f"{moment:%d %b}"))
    return ticks, f"clock time, {run.depiction.get('clock', 'UTC')}"


def block(title: str, words: str, picture: str, keys: list[tuple[str, str]], link: str) -> str:
    """Chart under its heading, with words and the keys of its lines."""
    items = "".join(
        f'<li><svg viewBox="0 0 22 10" aria-hidden="true"><path class="line {style}" d="M0 5H22"/></svg>'
        f"{esc(word)}</li>"
        for style, word in keys
    )
    legend = f'<ul class="legend">{items}</ul>' if keys else ""
    return f'<figure class="plot"><h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{legend}{picture}</figure>'


def cities(run: RunFolder, most: int = 6) -> list[tuple[str, int]]:
    """Name and cell row of the cities to show: the depiction's, else the largest of each province."""
    if not run.has("places"):
        return []
    frame = run.table("places").sort_values("people", ascending=False).drop_duplicates("name")
    wanted = [str(name) for name in run.depiction.get("cities", [])]
    found = frame[frame["name"].isin(wanted)]
    if found.empty:
        found = frame.drop_duplicates("province").head(most)
    rank = {name: index for index, name in enumerate(wanted)}
    pairs = [(str(n), int(r)) for n, r in zip(found["name"], found["cell_row"], strict=True)]
    return sorted(pairs, key=lambda pair: rank.get(pair[0], 0))


def _cities(c: Context) -> str:
    shown = cities(c.shown)
    if not (shown and c.run.has("visible_count")):
        return ""
    rows = np.array([row for _, row in shown], dtype=np.int64)
    counts = series.at_cells(c.shown, "visible_count", rows)
    lines = [charts.Line(name, counts[:, i], f"c{i % 8}") for i, (name, _) in enumerate(shown)]
    ticks, axis = _clock(c.run)
    title = "Satellites in view over the day"
    picture = charts.line_chart(_hours(c.run, len(counts)), lines, ticks, (title, "satellites", axis))
    low, mean = c.series.visible_min[rows], c.series.visible_mean[rows]
    words = "; ".join(
        f"{name} {text.number(float(a))} and {text.number(float(b))}"
        for (name, _), a, b in zip(shown, low, mean, strict=True)
    )
    words = f"Moving satellites above the lowest elevation and the terrain. Fewest and mean: {words}."
    link = c.origins.link("sky-view", title, "series", "visible_count")
    return block(title, words, picture, [(line.style, line.name) for line in lines], link)


LOADS = (
    ("offered_mbps", "offered", "c3"),
    ("carried_bound_mbps", "upper bound", "c1"),
    ("carried_mbps", "carried", "c0"),
)


def _load(c: Context) -> str:
    known = [load for load in LOADS if c.run.has(load[0])]
    if not known:
        return ""
    values = {name: c.run.values(name).astype(np.float64) / 1e3 for name, _, _ in known}
    points = min(144, len(values[known[0][0]]))
    lines = [
        charts.Line(word, series.part_means(values[name], points), style, dashed=word == "upper bound")
        for name, word, style in known
    ]
    ticks, axis = _clock(c.run)
    title = "If satellites had to serve everyone"
    picture = charts.line_chart(_hours(c.run, points), lines, ticks, (title, "Gbit/s", axis))
    keys = [(f"{line.style}{' dashed' if line.dashed else ''}", line.name) for line in lines]
    link = c.origins.link("sky-load", title, "series", *(name for name, _, _ in known))
    return block(title, _load_words(c), picture, keys, link)


def _load_words(c: Context) -> str:
    words = (
        "The load of everyone without broadband, offered to the satellites and their gateways as if nothing "
        "else were built."
    )
    if np.isfinite(c.head.carried):
        words += f" They carry {text.percent(c.head.carried, 3)} of a proven upper bound on any sharing"
        words += " of the same satellites."
    if c.run.has("satellites_used"):
        used = float(c.run.values("satellites_used").mean())
        words += f" On average {text.count(used)} satellites carry traffic at once."
    return words


def _latency(c: Context) -> str:
    histogram = c.series.latency_histogram
    if histogram.sum() <= 0:
        return ""
    reached = int(np.flatnonzero(np.cumsum(histogram) >= 0.999 * histogram.sum())[0]) + 1
    width = next((w for w in LATENCY_WIDTHS if reached / w <= 40), LATENCY_WIDTHS[-1])
    bars = 100.0 * histogram.reshape(-1, width).sum(axis=1) / histogram.sum()
    count = min(len(bars), reached // width + 2)
    edges = np.arange(count + 1, dtype=np.float64) * width * series.LATENCY_BIN_MS
    middle, late = (series.quantile_of(histogram, q) for q in (0.5, 0.95))
    marks = [(middle, f"median {text.number(middle)} ms"), (late, f"95 % within {text.number(late)} ms")]
    title = "Round-trip time over the satellites"
    titles = (title, "% of unserved household-hours", "ms from the cell to the national exchange and back")
    floor = text.number(float(c.run.setting("plan", "floor_latency_ms", np.nan)))
    words = (
        "Over the best satellite and the landing gateway to the national exchange, weighted by the "
        f"households without broadband. The plan accepts up to {floor} ms."
    )
    link = c.origins.link("sky-latency", title, "series", "latency_ms", "plan.households_unserved_today")
    return block(title, words, charts.bar_chart(edges, bars[:count], marks, titles), [], link)
