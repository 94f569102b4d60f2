"""What the plan costs, what the answer hangs on, and what people can pay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.report import series, text
from rabta.report.figures import Group, Headline
from rabta.report.payload import Context
from rabta.report.pictures import charts, tornado
from rabta.report.text import esc

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


def cost(c: Context) -> str:
    """Cost by technology, by province, and the plan's other figures."""
    titles, h = c.run.technologies, c.head
    order = {name: index for index, name in enumerate(titles)}
    technologies = [
        (f"t{order.get(g.name, 7) % 8}", titles.get(g.name, g.name), g) for g in h.by_technology()
    ]
    order_by = c.provinces.sort_values("connected", ascending=False).to_dict("records")
    provinces = [("grey3", str(row["province"]), _group(row)) for row in order_by]
    return (
        f"<h3>By technology{_of_costs(c, 'mix', 'plan_mix')}</h3>{_cost_table('Technology', technologies, h)}"
        f"<h3>By province or territory{_of_costs(c, 'province', 'plan')}</h3>"
        f"{_cost_table('Province', provinces, h)}{_swings(c)}{_tariff(c)}{_others(c)}"
    )


def _group(row: dict[Any, Any]) -> Group:
    names = ("connected", "people_connected", "unserved", "capex_usd", "opex_usd_year", "npc_usd")
    return Group(str(row["province"]), *(float(row[name]) for name in names))


def _of_costs(c: Context, key: str, table: str) -> str:
    names = [f"{table}.{name}" for name in ("capex_usd", "opex_usd_year", "npc_usd")]
    return c.origins.link(f"cost-{key}", "Investment, yearly and net present cost", "sum", *names)


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


SHOWN_SWINGS = 12


def _swings(c: Context) -> str:
    """What moves the answer most, from the sensitivity table; nothing where the run has none."""
    if not c.run.has("sensitivity") or c.run.table("sensitivity").empty:
        return ""
    frame = c.run.table("sensitivity")
    figures = list(dict.fromkeys(frame["figure"].astype(str)))
    figures.sort(key=lambda name: name != "npc_usd")
    return "".join(_swing(c, name) for name in figures)


def _swing(c: Context, figure: str) -> str:
    frame = c.run.table("sensitivity")
    frame = frame[frame["figure"].astype(str) == figure].dropna(subset=["figure_low", "figure_high"])
    reach = frame[["figure_low", "figure_high", "figure_base"]].max(axis=1) - frame[
        ["figure_low", "figure_high", "figure_base"]
    ].min(axis=1)
    frame = frame.assign(reach=reach).sort_values("reach", ascending=False).head(SHOWN_SWINGS)
    if frame.empty:
        return ""
    base = float(frame["figure_base"].iloc[0])
    scale, unit = _scale(c, figure, base)
    swings = [_one(row, scale) for row in frame.to_dict("records")]
    title = f"What moves the answer most: {_figure_words(c, figure)}"
    picture = tornado.tornado(swings, base / scale, title, unit)
    keys = [("blue3", "low value of the assumption"), ("warm3", "high value")]
    legend = "".join(
        f'<li><svg viewBox="0 0 16 12" aria-hidden="true"><rect width="16" height="12" class="{style}"/>'
        f"</svg>{word}</li>"
        for style, word in keys
    )
    link = c.origins.link(
        f"swing-{figure}", title, "value", "sensitivity.figure_low", "sensitivity.figure_high"
    )
    return (
        f'<figure class="plot"><h3>{esc(title)}{link}</h3><p>Each bar moves one assumption '
        f'alone, from its low to its high value, and plans again.</p><ul class="legend">{legend}</ul>'
        f"{picture}</figure>"
        f"{_ranges(frame, scale, unit)}"
    )


def _scale(c: Context, figure: str, base: float) -> tuple[float, str]:
    unit = c.head.summary_text(figure, "unit")
    for factor, word in ((1e9, "billion"), (1e6, "million")):
        if abs(base) >= factor:
            return factor, f"{word} {_unit(unit)}".strip()
    return 1.0, _unit(unit)


def _unit(unit: str) -> str:
    return {"USD": "US$", "USD/year": "US$ a year", "1": ""}.get(unit, unit)


def _figure_words(c: Context, figure: str) -> str:
    if figure == "npc_per_household_usd":
        return "net present cost of a connected household"
    return c.head.summary_text(figure, "description") or figure.replace("_", " ")


def _one(row: dict[Any, Any], scale: float) -> tornado.Swing:
    unit = "" if str(row["unit"]) in {"1", "nan", "None"} else f" {row['unit']}"
    low, high = (f"{text.number(float(row[key]))}{unit}" for key in ("low", "high"))
    return tornado.Swing(
        str(row["title"]), float(row["figure_low"]) / scale, float(row["figure_high"]) / scale, low, high
    )


def _ranges(frame: pd.DataFrame, scale: float, unit: str) -> str:
    rows = []
    for row in frame.to_dict("records"):
        values = " – ".join(text.number(float(row[key])) for key in ("low", "base", "high"))
        own = "" if str(row["unit"]) == "1" else f" {row['unit']}"
        answers = " – ".join(text.number(float(row[key]) / scale) for key in ("figure_low", "figure_high"))
        rows.append(
            f'<tr><th scope="row">{esc(row["title"])}</th><td>{esc(values + own)}</td><td>{esc(answers)}</td>'
            f'<td class="word">{esc(row["source"])}</td></tr>'
        )
    heads = ("Assumption", "Low – plan – high", f"Answer at low – high, {unit}", "Source of the range")
    table = text.table("Ranges of the assumptions", "sums ranges", heads, rows)
    return f"<details><summary>The ranges and their sources</summary>{table}</details>"


TENTHS = 10


def _tariff(c: Context) -> str:
    """Tariff against income, by tenth of the connected households; nothing where the run lacks either."""
    need = ("income_usd_month", "adoption_share")
    tariff = c.run.column("plan", "tariff_usd_month")
    if not all(c.run.has(name) for name in need) or not np.isfinite(tariff).any():
        return ""
    income, adoption = (c.run.values(name).astype(np.float64) for name in need)
    served = np.nan_to_num(c.head.served_cells)
    good = np.isfinite(income) & (income > 0) & np.isfinite(tariff) & (served > 0)
    if good.sum() < TENTHS:
        return ""
    weights = served[good]
    groups = _tenths(income[good], weights)
    measures = {
        "tariff, % of the household's income": 100.0 * tariff[good] / income[good],
        "households that take the service, %": 100.0 * adoption[good],
    }
    means = {name: _by_tenth(values, weights, groups) for name, values in measures.items()}
    return _tariff_figure(c, means, series.weighted_median(tariff[good], weights))


def _by_tenth(values: Floats, weights: Floats, groups: NDArray[np.int64]) -> Floats:
    parts = [(values[groups == i], weights[groups == i]) for i in range(TENTHS)]
    return np.array([np.average(v, weights=w) if v.size else np.nan for v, w in parts])


def _tenths(values: Floats, weights: Floats) -> NDArray[np.int64]:
    """Tenth of the weight in which each value lies, lowest first."""
    order = np.argsort(values, kind="stable")
    share = np.empty(values.size)
    share[order] = (np.cumsum(weights[order]) - weights[order] / 2.0) / weights.sum()
    return np.minimum((share * TENTHS).astype(np.int64), TENTHS - 1)


def _tariff_figure(c: Context, means: dict[str, Floats], tariff: float) -> str:
    """A chart for each measure that differs between the tenths; one that does not is said in words."""
    x = np.arange(1.0, TENTHS + 1.0)
    ticks = [(float(i), {1: "poorest", TENTHS: "richest"}.get(i, str(i))) for i in range(1, TENTHS + 1)]
    title = "What households can pay"
    words = (
        f"The tariff that pays for the plan has a median of {text.money(tariff, c.head.per_dollar)} a month."
    )
    charted = ""
    for style, (name, values) in zip(("c1", "c0"), means.items(), strict=True):
        if np.nanmax(values) - np.nanmin(values) < 0.5 and charted:
            words += f" In every tenth: {name[:-3]}, {text.number(float(np.nanmean(values)))} %."
            continue
        axis = "tenth of connected households, by income"
        charted += charts.line_chart(x, [charts.Line(name, values, style)], ticks, (name, name, axis))
    names = ("plan.tariff_usd_month", "income_usd_month", "adoption_share")
    link = c.origins.link("tariff", title, "ratio", *names)
    return f'<figure class="plot"><h3>{title}{link}</h3><p>{esc(words)}</p>{charted}</figure>'


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
    link = c.origins.link("summary", "All figures of the plan", "value", "plan_summary")
    return f"<details><summary>All figures of the plan{link}</summary>{table}</details>"
