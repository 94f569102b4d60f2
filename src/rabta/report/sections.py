"""The parts of the page after the map: money, sky, districts and limits."""

from __future__ import annotations

import base64
import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.report import payload, series, text
from rabta.report.figures import Group, Headline
from rabta.report.folder import RunFolder
from rabta.report.payload import Context
from rabta.report.pictures import charts
from rabta.report.text import esc

Floats = NDArray[np.float64]

if TYPE_CHECKING:
    import pandas as pd

SHOWN_PRICES = 15
LATENCY_SHOWN_MS = 4.0  # width of a bar


def cost(c: Context) -> str:
    """Cost by technology and by province."""
    titles, h = c.run.technologies, c.head
    order = {name: index for index, name in enumerate(titles)}
    technologies = [
        (f"t{order.get(g.name, 7) % 8}", titles.get(g.name, g.name), g) for g in h.by_technology()
    ]
    provinces = [("grey3", g.name, g) for g in h.by_province()]
    return (
        f"<h3>By technology</h3>{_cost_table('Technology', technologies, h)}"
        f"<h3>By province or territory</h3>{_cost_table('Province', provinces, h)}"
    )


def _cost_table(first: str, groups: list[tuple[str, str, Group]], h: Headline) -> str:
    top = max((g.households for _, _, g in groups), default=1.0) or 1.0
    heads = (
        "Households served",
        "",
        "People",
        "Investment",
        "Yearly cost",
        "Net present cost",
        "Per household",
    )
    head = "".join(f'<th scope="col"{"" if t else " aria-hidden=true"}>{t}</th>' for t in heads)
    rows = []
    for style, title, g in groups:
        bar = f'<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="{style}" width="{100 * g.households / top:.1f}" height="10"/></svg>'
        cells = [
            text.number(g.households),
            bar,
            text.number(g.people),
            *(text.dollars(v) for v in (g.capex_usd, g.opex_usd_year, g.npc_usd, g.npc_per_household_usd)),
        ]
        rows.append(
            f'<tr><th scope="row">{esc(title)}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        )
    total = [text.number(h.served), "", text.number(h.served_people)]
    npc = h.plan_sum("npc_usd")
    sums = [h.plan_sum("capex_usd"), h.plan_sum("opex_usd_year"), npc, npc / h.served if h.served else None]
    total += [f"{text.dollars(v)}<small>{text.rupees(v, h.per_dollar)}</small>" for v in sums]
    foot = "".join(f"<td>{cell}</td>" for cell in total)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{esc(first)}"><table class="sums"><thead><tr>'
        f'<th scope="col">{esc(first)}</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        f'<tfoot><tr><th scope="row">Nation</th>{foot}</tr></tfoot></table></div>'
    )


def sky(c: Context) -> str:
    """Satellites in view of the cities, satellite load of the nation, latency."""
    parts = [_cities(c), _load(c), _latency(c)]
    return "".join(parts)


def _hours(run: RunFolder, points: int) -> Floats:
    span = float(run.setting("time", "hours", 24.0))
    return (np.arange(points) + 0.5) * span / points


def _clock(run: RunFolder) -> tuple[list[tuple[float, str]], str]:
    span = float(run.setting("time", "hours", 24.0))
    offset = float(run.depiction.get("utc_offset_hours", 0.0))
    name = str(run.depiction.get("clock", "UTC"))
    step = next((s for s in (0.05, 0.25, 0.5, 1, 2, 3, 6, 12, 24) if span / s <= 9), span / 8)
    ticks = []
    for index in range(int(span / step + 1e-9) + 1):
        moment = run.start + timedelta(hours=index * step + offset)
        ticks.append((index * step, f"{moment:%H:%M}" if step < 24 else f"{moment:%d %b}"))
    return ticks, f"clock time, {name}"


def _chart_block(title: str, words: str, picture: str, keys: list[tuple[str, str]]) -> str:
    legend = "".join(
        f'<li><svg viewBox="0 0 22 10" aria-hidden="true"><path class="line {style}" d="M0 5H22"/></svg>{esc(word)}</li>'
        for style, word in keys
    )
    legend = f'<ul class="legend">{legend}</ul>' if keys else ""
    return f'<figure class="plot"><h3>{esc(title)}</h3><p>{esc(words)}</p>{legend}{picture}</figure>'


def cities(run: RunFolder, most: int = 6) -> list[tuple[str, int]]:
    """Name and cell row of the cities to show: those the depiction names, else the largest of each province."""
    if not run.has("places"):
        return []
    frame = run.table("places").sort_values("people", ascending=False)
    wanted = [str(name) for name in run.depiction.get("cities", [])]
    largest = frame.drop_duplicates("name")
    found = largest[largest["name"].isin(wanted)]
    if found.empty:
        found = largest.drop_duplicates("province").head(most)
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
    words = "Moving satellites above the lowest elevation and the terrain. Fewest and mean: " + "; ".join(
        f"{name} {text.number(float(a))} and {text.number(float(b))}"
        for (name, _), a, b in zip(shown, low, mean, strict=True)
    )
    return _chart_block(title, f"{words}.", picture, [(line.style, line.name) for line in lines])


def _load(c: Context) -> str:
    wanted = [
        ("offered_mbps", "offered", "c3"),
        ("carried_bound_mbps", "upper bound", "c1"),
        ("carried_mbps", "carried", "c0"),
    ]
    known = [(name, word, style) for name, word, style in wanted if c.run.has(name)]
    if not known:
        return ""
    values = {name: c.run.values(name).astype(np.float64) / 1e3 for name, _, _ in known}
    points = min(144, len(values[known[0][0]]))
    lines = [
        charts.Line(word, series.part_means(values[name], points), style, dashed=word == "upper bound")
        for name, word, style in known
    ]
    ticks, axis = _clock(c.run)
    title = "What the satellites are asked for and what they carry"
    picture = charts.line_chart(_hours(c.run, points), lines, ticks, (title, "Gbit/s", axis))
    return _chart_block(
        title,
        _load_words(c),
        picture,
        [(f"{line.style}{' dashed' if line.dashed else ''}", line.name) for line in lines],
    )


def _load_words(c: Context) -> str:
    words = "National load of the unserved, hour by hour."
    if np.isfinite(c.head.carried):
        words += (
            f" Over the run the sharing carries {text.percent(c.head.carried, 3)} of a proven upper bound"
        )
        words += ", so no other sharing of the same satellites could do much better."
    if c.run.has("satellites_used"):
        used = c.run.values("satellites_used")
        words += f" {text.number(float(used.mean()))} satellites carry traffic on average."
    return words


def _latency(c: Context) -> str:
    histogram = c.series.latency_histogram
    if histogram.sum() <= 0:
        return ""
    width = round(LATENCY_SHOWN_MS / series.LATENCY_BIN_MS)
    bars = 100.0 * histogram.reshape(-1, width).sum(axis=1) / histogram.sum()
    last = min(len(bars), max(10, int(np.flatnonzero(np.cumsum(bars) > 99.9)[0]) + 2))
    edges = np.arange(last + 1) * LATENCY_SHOWN_MS
    middle, late = (series.quantile_of(histogram, q) for q in (0.5, 0.95))
    floor = float(c.run.setting("plan", "floor_latency_ms", np.nan))
    marks = [
        (middle, f"median {text.number(middle)} ms"),
        (late, f"95 %: {text.number(late)} ms"),
        (floor, f"floor {text.number(floor)} ms"),
    ]
    title = "Round-trip time over the satellites"
    titles = (title, "% of unserved household-hours", "ms from the cell to the national exchange")
    words = "Over the best satellite and the landing gateway, weighted by the households without broadband."
    return _chart_block(title, words, charts.bar_chart(edges, bars[:last], marks, titles), [])


DISTRICT_HEADS = {
    "people": ("People", ""),
    "households": ("Households", ""),
    "unserved_today": ("Unserved today", "households"),
    "unserved_share": ("Unserved", "%"),
    "served_by_plan": ("Connected by the plan", "households"),
    "npc_usd": ("Net present cost", "US$"),
    "npc_per_household_usd": ("Per household", "US$"),
    "visible_mean": ("Satellites, mean", ""),
    "visible_min": ("Satellites, fewest", ""),
    "link_rate_mbps": ("Terminal rate", "Mbit/s"),
    "latency_ms": ("Satellite round trip", "ms"),
    "carried_share": ("Satellite share carried", "%"),
}


def districts(c: Context) -> str:
    """Sortable table of all districts, with a file to take away."""
    columns = payload.district_rows(c.run, c.atlas)
    households = np.where(columns["households"] > 0, columns["households"], np.nan)
    columns["unserved_share"] = 100.0 * columns["unserved_today"] / households
    columns["carried_share"] = 100.0 * columns["carried_share"]
    heads = "".join(_head(key, *words) for key, words in DISTRICT_HEADS.items())
    order = np.argsort(-np.nan_to_num(columns["unserved_today"]), kind="stable").tolist()
    names = c.atlas.district_names
    body = "".join(_district(names[i], [float(columns[key][i]) for key in DISTRICT_HEADS]) for i in order)
    link = _download(_csv(c, columns), "districts.csv")
    return (
        '<div class="tools"><label>Filter <input id="filter" type="search" placeholder="district or province" autocomplete="off"></label>'
        f'<span id="filtered" role="status"></span>{link}</div>'
        '<div class="scroll tall" tabindex="0" role="region" aria-label="Districts"><table id="table" class="sortable"><thead><tr>'
        f'<th scope="col" data-key="0">District</th><th scope="col" data-key="1">Province</th>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _head(key: str, title: str, unit: str) -> str:
    index = 2 + list(DISTRICT_HEADS).index(key)
    small = f"<small>{esc(unit)}</small>" if unit else ""
    mark = ' aria-sort="descending"' if key == "unserved_today" else ""
    return f'<th scope="col" data-key="{index}"{mark}>{esc(title)}{small}</th>'


def _district(names: tuple[str, str], values: list[float]) -> str:
    province, name = names
    cells = "".join(f'<td data-v="{v:.6g}">{text.number(v)}</td>' for v in values)
    return f'<tr><th scope="row">{esc(name)}</th><td class="word">{esc(province)}</td>{cells}</tr>'


def _csv(c: Context, columns: dict[str, Floats]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["district", "province", *columns])
    for index, (province, name) in enumerate(c.atlas.district_names):
        writer.writerow(
            [_cell(name), _cell(province), *(payload.clean(float(v[index])) for v in columns.values())]
        )
    return out.getvalue()


def _cell(word: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{word}" if word[:1] in "=+-@\t\r" else word


def _download(content: str, name: str) -> str:
    raw = base64.b64encode(content.encode("utf-8-sig")).decode("ascii")
    return f'<a class="quiet" download="{esc(name)}" href="data:text/csv;charset=utf-8;base64,{raw}">Download CSV</a>'


def limits(c: Context) -> str:
    """Binding constraints with the price of one more unit."""
    if not c.run.has("plan_prices"):
        return ""
    frame = c.run.table("plan_prices").sort_values("price_usd", ascending=False, key=abs)
    binding = frame[frame["price_usd"].abs() > 1e-9]
    words = (
        "A limit binds where the plan would be cheaper with one more unit of it: its price is what that unit "
        "would save over the years of the plan."
    )
    if binding.empty:
        frame = frame.loc[(frame["used"] / frame["limit"]).sort_values(ascending=False).index]
        return f"<p>{words} No shared limit binds in this plan: cost alone decides.</p>{_prices(c, frame.head(SHOWN_PRICES))}"
    more = len(binding) - SHOWN_PRICES
    rest = (
        f"<p class=note>{more} further binding limits are in tables/plan_prices.parquet.</p>"
        if more > 0
        else ""
    )
    count = f"{len(binding)} of {len(frame)} limits bind."
    return f"<p>{words} {count}</p>{_prices(c, binding.head(SHOWN_PRICES))}{rest}"


def _prices(c: Context, frame: pd.DataFrame) -> str:
    if frame.empty:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{esc(_spaced(row.constraint))}</th><td class="word">{esc(_zone(c, row.zone))}</td>'
        f"<td>{text.number(row.limit)} {esc(row.unit)}</td><td>{text.number(row.used)} {esc(row.unit)}</td>"
        f"<td>{text.dollars(row.price_usd)} per {esc(row.unit)}</td></tr>"
        for row in frame.itertuples(index=False)
    )
    heads = "".join(
        f'<th scope="col">{h}</th>' for h in ("Limit", "Where", "Allowed", "Used", "Price of one more")
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Limits"><table class="sums">'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _spaced(name: object) -> str:
    return str(name).replace("_", " ")


def _zone(c: Context, zone: object) -> str:
    """Zones are areas of about 12,000 km2 without a name: name the districts that hold most of their people."""
    cells = c.run.table("cells")
    inside = (cells["zone"].astype(str) == str(zone)).to_numpy()
    if not inside.any() and c.run.has("zones"):  # a region of zones
        zones = c.run.table("zones")
        inside = cells["zone"].isin(zones.loc[zones["region"] == zone, "zone"]).to_numpy()
    if not inside.any():
        return _spaced(zone)
    people = np.bincount(c.atlas.district_of[inside], weights=c.head.people[inside])
    best = [int(i) for i in np.argsort(-people)[:2] if people[i] > 0]
    return "around " + text.listing([c.atlas.district_names[i][1] for i in best]) if best else _spaced(zone)
