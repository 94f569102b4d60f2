"""The parts of the page after the map: money, sky, districts and limits."""

from __future__ import annotations

import base64
import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.geo import great_circle_m
from rabta.report import payload, series, text
from rabta.report.figures import Group, Headline
from rabta.report.folder import RunFolder
from rabta.report.payload import Context
from rabta.report.pictures import charts
from rabta.report.text import esc

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

SHOWN_PRICES = 15
CLOCK_STEPS_H = (0.05, 0.25, 0.5, 1, 2, 3, 6, 12, 24)
LATENCY_WIDTHS = (1, 2, 4, 8, 20)


def cost(c: Context) -> str:
    """Cost by technology, by province, and the plan's other figures."""
    titles, h = c.run.technologies, c.head
    order = {name: index for index, name in enumerate(titles)}
    technologies = [
        (f"t{order.get(g.name, 7) % 8}", titles.get(g.name, g.name), g) for g in h.by_technology()
    ]
    provinces = [("grey3", g.name, g) for g in h.by_province()]
    return (
        f"<h3>By technology</h3>{_cost_table('Technology', technologies, h)}"
        f"<h3>By province or territory</h3>{_cost_table('Province', provinces, h)}{_others(c)}"
    )


COST_HEADS = (
    "Households",
    "",
    "People",
    "Investment, US$ million",
    "Yearly, US$ million",
    "Net present, US$ million",
    "Per household, US$",
)


def _cost_table(first: str, groups: list[tuple[str, str, Group]], h: Headline) -> str:
    top = max((g.households for _, _, g in groups), default=1.0) or 1.0
    rows = [_cost_row(style, title, g, g.households / top) for style, title, g in groups]
    npc = h.plan_sum("npc_usd")
    sums = [h.plan_sum("capex_usd"), h.plan_sum("opex_usd_year"), npc]
    cells = [text.number(h.served), "", text.number(h.served_people)]
    cells += [f"{_millions(v)}<small>{text.rupees(v, h.per_dollar)}</small>" for v in sums]
    each = npc / h.served if h.served else None
    cells.append(f"{text.number(each)}<small>{text.rupees(each, h.per_dollar)}</small>")
    foot = '<tr><th scope="row">Nation</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    return text.table(first, "sums", (first, *COST_HEADS), rows, foot)


def _cost_row(style: str, title: str, g: Group, share: float) -> str:
    bar = (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="{style}" width="{100 * share:.1f}" height="10"/></svg>'
    )
    cells = [text.number(g.households), bar, text.number(g.people)]
    cells += [_millions(v) for v in (g.capex_usd, g.opex_usd_year, g.npc_usd)]
    cells.append(text.number(g.npc_per_household_usd))
    return f'<tr><th scope="row">{esc(title)}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _millions(value: float) -> str:
    return text.number(value / 1e6)


def _others(c: Context) -> str:
    """Every figure of the plan's summary with what it is."""
    if not c.run.has("plan_summary"):
        return ""
    frame = c.run.table("plan_summary")
    columns = [frame[name].tolist() for name in ("description", "value", "unit")]
    rows = [
        f'<tr><th scope="row">{esc(words)}</th><td>{text.number(value)}</td>'
        f'<td class="word">{esc("" if unit == "1" else unit)}</td></tr>'
        for words, value, unit in zip(*columns, strict=True)
    ]
    table = text.table("All figures of the plan", "sums", ("Figure", "Value", "Unit"), rows)
    return f"<details><summary>All figures of the plan</summary>{table}</details>"


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


def _block(title: str, words: str, picture: str, keys: list[tuple[str, str]]) -> str:
    items = "".join(
        f'<li><svg viewBox="0 0 22 10" aria-hidden="true"><path class="line {style}" d="M0 5H22"/></svg>'
        f"{esc(word)}</li>"
        for style, word in keys
    )
    legend = f'<ul class="legend">{items}</ul>' if keys else ""
    return f'<figure class="plot"><h3>{esc(title)}</h3><p>{esc(words)}</p>{legend}{picture}</figure>'


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
    shown = cities(c.run)
    if not (shown and c.run.has("visible_count")):
        return ""
    rows = np.array([row for _, row in shown], dtype=np.int64)
    counts = series.at_cells(c.run, "visible_count", rows)
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
    return _block(title, words, picture, [(line.style, line.name) for line in lines])


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
    return _block(title, _load_words(c), picture, keys)


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
    return _block(title, words, charts.bar_chart(edges, bars[:count], marks, titles), [])


DISTRICT_HEADS = {
    "people": ("People", ""),
    "households": ("Households", ""),
    "unserved_today": ("Unserved today", "households"),
    "unserved_share": ("Unserved", "%"),
    "served_by_plan": ("Connected", "households"),
    "npc_usd": ("Net present cost", "US$"),
    "npc_per_household_usd": ("Per household", "US$"),
    "visible_mean": ("Satellites", "mean"),
    "visible_min": ("Satellites", "fewest"),
    "link_rate_mbps": ("Terminal alone", "Mbit/s"),
    "latency_ms": ("Satellite trip", "ms"),
    "carried_share": ("Satellites carry", "% of the need"),
}


def districts(c: Context) -> str:
    """Sortable table of all districts, with a file to take away."""
    columns = payload.district_rows(c.run, c.atlas)
    households = np.where(columns["households"] > 0, columns["households"], np.nan)
    columns["unserved_share"] = 100.0 * columns["unserved_today"] / households
    columns["carried_share"] = 100.0 * columns["carried_share"]
    order = np.argsort(-np.nan_to_num(columns["unserved_today"]), kind="stable").tolist()
    names = c.atlas.district_names
    body = "".join(_district(names[i], [float(columns[key][i]) for key in DISTRICT_HEADS]) for i in order)
    heads = "".join(_head(key, *words) for key, words in DISTRICT_HEADS.items())
    first = '<th scope="col" class="word">District</th><th scope="col" class="word">Province</th>'
    field = '<input id="filter" type="search" placeholder="district or province" autocomplete="off">'
    status = '<span id="filtered" role="status"></span>'
    hint = "Choose a heading to sort by it; the table goes on to the right."
    return (
        f'<p class="note screen-only">{hint}</p>'
        f'<div class="tools"><label>Filter {field}</label>{status}{_download(_csv(c, columns))}</div>'
        '<div class="scroll tall" tabindex="0" role="region" aria-label="Districts"><table id="table" '
        f'class="sortable"><thead><tr>{first}{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _head(key: str, title: str, unit: str) -> str:
    small = f"<small>{esc(unit)}</small>" if unit else ""
    mark = ' aria-sort="descending"' if key == "unserved_today" else ""
    return f'<th scope="col"{mark}>{esc(title)}{small}</th>'


def _district(names: tuple[str, str], values: list[float]) -> str:
    province, name = names
    cells = "".join(f'<td data-v="{v:.6g}">{text.number(v)}</td>' for v in values)
    return f'<tr><th scope="row">{esc(name)}</th><td class="word">{esc(province)}</td>{cells}</tr>'


def _csv(c: Context, columns: dict[str, Floats]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["district", "province", *columns])
    for index, (province, name) in enumerate(c.atlas.district_names):
        values = [payload.clean(float(v[index])) for v in columns.values()]
        writer.writerow([plain_cell(name), plain_cell(province), *values])
    return out.getvalue()


def plain_cell(word: str) -> str:
    """Text that a spreadsheet does not take for a formula.

    Examples
    --------
    >>> plain_cell("=1+1"), plain_cell("Kech")
    ("'=1+1", 'Kech')
    """
    return f"'{word}" if word[:1] in {"=", "+", "-", "@", "\t", "\r"} else word


def _download(content: str) -> str:
    raw = base64.b64encode(content.encode("utf-8-sig")).decode("ascii")
    link = f"data:text/csv;charset=utf-8;base64,{raw}"
    return f'<a class="quiet" download="districts.csv" href="{link}">Download CSV</a>'


def limits(c: Context) -> str:
    """Binding constraints with the price of one more unit; the nearest ones where none binds."""
    if not c.run.has("plan_prices"):
        return ""
    frame = c.run.table("plan_prices")
    frame = frame.assign(use=(frame["used"] / frame["limit"].where(frame["limit"] > 0)).fillna(0.0))
    binding = frame[frame["price_usd"].abs() > 1e-9].sort_values("price_usd", ascending=False)
    words = (
        "A shared limit binds where the plan would be cheaper with one more unit of it. Its price is what "
        "that unit would save, as net present cost over the years of the plan."
    )
    if binding.empty:
        words += f" None of the {len(frame)} shared limits binds here: cost alone decides. The nearest are:"
        return f"<p>{words}</p>{_prices(c, frame.sort_values('use', ascending=False).head(8))}"
    words += f" {len(binding)} of {len(frame)} limits bind."
    more = len(binding) - SHOWN_PRICES
    rest = _prices(c, binding.iloc[SHOWN_PRICES:]) if more > 0 else ""
    folded = f"<details><summary>{more} more limits that bind</summary>{rest}</details>" if rest else ""
    return f"<p>{words}</p>{_prices(c, binding.head(SHOWN_PRICES))}{folded}"


def _prices(c: Context, frame: pd.DataFrame) -> str:
    columns = [frame[name].tolist() for name in ("constraint", "zone", "limit", "use", "price_usd", "unit")]
    rows = [
        f'<tr><th scope="row">{esc(_spaced(name))}</th><td class="word" title="{esc(zone)}">'
        f"{esc(where(c, zone))}</td><td>{text.number(limit)} {esc(unit)}</td><td>{text.percent(use)}</td>"
        f"<td>{text.dollars(price)} per {esc(unit)}</td></tr>"
        for name, zone, limit, use, price, unit in zip(*columns, strict=True)
    ]
    heads = ("Limit", "Where", "Allowed", "Used", "Price of one more")
    return text.table("Limits", "sums second", heads, rows)


def _spaced(name: object) -> str:
    return str(name).replace("_", " ")


def where(c: Context, zone: object) -> str:
    """Words for a zone or region, which have no name: the place near its middle, or its main districts."""
    cells = c.run.table("cells")
    inside = (cells["zone"].astype(str) == str(zone)).to_numpy()
    single = bool(inside.any())
    if not single:
        inside = _descends(cells["zone"].astype(str).tolist(), str(zone))
    if not inside.any():
        return {"nation": "whole nation"}.get(str(zone), _spaced(zone))
    districts = _districts_of(c, inside)
    town = _town(c, inside) if single else ""
    return f"near {town} ({districts})" if town else f"around {districts}"


def _districts_of(c: Context, inside: NDArray[np.bool_]) -> str:
    """The two districts that hold most of the people, and none that holds under a tenth of them."""
    people = np.bincount(c.atlas.district_of[inside], weights=np.maximum(c.head.people[inside], 1e-9))
    best = [int(i) for i in np.argsort(-people, kind="stable")[:2] if people[i] >= 0.1 * people.sum()]
    return text.listing([c.atlas.district_names[i][1] for i in best])


def _town(c: Context, inside: NDArray[np.bool_]) -> str:
    """Largest place inside, or the place nearest to the people inside where they have none."""
    if not c.run.has("places") or c.run.table("places").empty:
        return ""
    places = c.run.table("places")
    places = places[places["cell_row"] >= 0].sort_values("people", ascending=False)
    rows = places["cell_row"].to_numpy(dtype=np.int64)
    if not rows.size:
        return ""
    if inside[rows].any():
        return str(places["name"].iloc[int(np.argmax(inside[rows]))])
    weight = np.where(inside, np.maximum(c.head.people, 1e-9), 0.0)
    middle = [np.average(c.run.column("cells", key), weights=weight) for key in ("lat_deg", "lon_deg")]
    lat, lon = (c.run.column("cells", key)[rows] for key in ("lat_deg", "lon_deg"))
    away = great_circle_m(middle[0], middle[1], lat, lon)
    return str(places["name"].iloc[int(np.argmin(away))])


def _descends(zones: list[str], region: str) -> NDArray[np.bool_]:
    import h3

    if not h3.is_valid_cell(region):
        return np.zeros(len(zones), dtype=np.bool_)
    level = h3.get_resolution(region)
    inside = {z for z in set(zones) if h3.is_valid_cell(z) and _parent(z, level) == region}
    return np.array([z in inside for z in zones], dtype=np.bool_)


def _parent(zone: str, level: int) -> str:
    import h3

    return str(h3.cell_to_parent(zone, level)) if h3.get_resolution(zone) >= level else ""
