"""The page: the answer first, then the maps, the money, the limits and where every number comes from."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray

from rabta.report import payload, sections, series, sources, text
from rabta.report.figures import Headline
from rabta.report.folder import RunFolder
from rabta.report.payload import Context
from rabta.report.pictures import maps
from rabta.report.text import esc

Floats = NDArray[np.float64]

ASSETS = Path(__file__).parent / "assets"
STYLES = ("report.css", "print.css")
SCRIPTS = ("data.js", "map.js", "place.js", "page.js")


def page(run: RunFolder) -> str:
    """Whole page of a run."""
    head = Headline(run)
    c = Context(run, head, maps.atlas(run), series.reduce_cells(run, np.nan_to_num(head.unserved_cells)))
    sections = [(key, title, body) for key, title, make in SECTIONS if (body := make(c))]
    script = "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    script = f"(function(){{'use strict';\n{script}\n}})();"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return Template((ASSETS / "page.html").read_text(encoding="utf-8")).substitute(
        title=esc(run.title),
        subtitle=_subtitle(run),
        style="\n".join((ASSETS / name).read_text(encoding="utf-8") for name in STYLES),
        definitions=maps.definitions(c.atlas),
        contents="".join(f'<a href="#{key}">{esc(title)}</a>' for key, title, _ in sections),
        sections="\n".join(_section(*section) for section in sections),
        footer=sources.footer(run),
        data=payload.dump(payload.build(c)),
        script=script,
        script_hash=digest,
    )


def _section(key: str, title: str, body: str) -> str:
    return f'<section id="{key}" aria-labelledby="{key}-title"><h2 id="{key}-title">{esc(title)}</h2>{body}</section>'


def _subtitle(run: RunFolder) -> str:
    systems = ", ".join(str(s) for s in run.setting("space", "constellations", []))
    span = f"{run.start:%d %B %Y %H:%M} to {run.end:%d %B %Y %H:%M} UTC"
    cells = text.count(len(run.table("cells")))
    return esc(f"{cells} cells · {span} · {systems}")


def answer(c: Context) -> str:
    """Headline in plain words, the figures and two pictures."""
    cards = "".join(_card(*card) for card in _cards(c.head))
    return (
        f'<p class="lead">{_lead(c)}</p><dl class="cards">{cards}</dl>'
        f'<div class="pair">{_today_map(c)}{_plan_map(c)}</div>{_map_note(c)}'
    )


def _lead(c: Context) -> str:
    h, years = c.head, int(c.run.setting("plan", "years", 10))
    unserved = f"<strong>{text.number(h.unserved_people)} people</strong>"
    homes = (
        f"{text.number(h.unserved)} households, {text.percent(h.unserved / float(h.households.sum()))} of all"
    )
    reach = text.percent(h.served / h.unserved) if h.unserved else text.MISSING
    groups = [g for g in h.by_technology() if g.households > 0.005 * h.served]
    titles = c.run.technologies
    mix = text.listing(
        [
            f"{_lower(esc(titles.get(g.name, g.name)))} for {text.percent(g.households / h.served)}"
            for g in groups
        ]
    )
    npc = h.plan_sum("npc_usd")
    cost = f"<strong>{text.money(h.plan_sum('capex_usd'), h.per_dollar)}</strong> to build"
    run_cost = f"{text.money(h.plan_sum('opex_usd_year'), h.per_dollar)} a year to run"
    each = text.dollars(npc / h.served) if h.served else text.MISSING
    return (
        f"Today {unserved} live without broadband ({homes}). This plan connects "
        f"<strong>{text.number(h.served)} households</strong>, {reach} of them: {mix}. "
        f"It takes {cost} and {run_cost}: {each} for each household over {years} years. {_proof(h)}"
    )


def _lower(title: str) -> str:
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def _proof(h: Headline) -> str:
    parts = []
    if np.isfinite(h.gap):
        parts.append(f"No plan under the same assumptions can be more than {text.percent(h.gap)} cheaper.")
    if np.isfinite(h.carried):
        parts.append(f"The satellites carry {text.percent(h.carried, 3)} of what the upper bound allows.")
    return " ".join(parts)


def _cards(h: Headline) -> list[tuple[str, str, str]]:
    run = h.run
    return [
        (
            "Unserved today",
            f"{text.number(h.unserved_people)} people",
            f"{text.number(h.unserved)} households, {text.percent(h.unserved / float(h.households.sum()))}",
        ),
        (
            "Connected by the plan",
            f"{text.number(h.served)} households",
            f"{text.number(h.served_people)} people",
        ),
        (
            "Investment",
            text.dollars(h.plan_sum("capex_usd")),
            text.rupees(h.plan_sum("capex_usd"), h.per_dollar),
        ),
        (
            f"Net present cost, {int(run.setting('plan', 'years', 10))} years",
            text.dollars(h.plan_sum("npc_usd")),
            f"{text.dollars(h.plan_sum('npc_usd') / h.served if h.served else None)} a household",
        ),
        ("Busy-hour rate", f"{text.number(h.plan_median('rate_mbps'))} Mbit/s", _floor(h, "rate_mbps")),
        ("Round trip", f"{text.number(h.plan_median('latency_ms'))} ms", _floor(h, "latency_ms")),
        ("Availability", text.percent(h.plan_median("availability"), 4), _floor(h, "availability")),
        (
            "All three floors met",
            text.percent(h.floors_met()),
            "of the served households",
        ),
    ]


def _floor(h: Headline, column: str) -> str:
    run = h.run
    if column == "rate_mbps":
        floor = float(run.setting("plan", "floor_mbps", 0.0))
        return f"median; {text.percent(h.meeting(column, floor))} get {text.number(floor)} or more"
    if column == "latency_ms":
        floor = float(run.setting("plan", "floor_latency_ms", np.inf))
        share = h.meeting(column, floor, at_most=True)
        return f"median; {text.percent(share)} stay within {text.number(floor)} ms"
    floor = float(run.setting("plan", "floor_availability", 0.0))
    return f"median; {text.percent(h.meeting(column, floor))} have {text.percent(floor)} or more"


def _card(label: str, value: str, note: str) -> str:
    return f"<div><dt>{esc(label)}</dt><dd>{esc(value)}<small>{esc(note)}</small></dd></div>"


def _today_map(c: Context) -> str:
    rows = payload.district_rows(c.run, c.atlas)
    share = 100.0 * rows["unserved_today"] / np.where(rows["households"] > 0, rows["households"], np.nan)
    return _choropleth(
        c, share, "warm", "Households without broadband today", "% of the district's households"
    )


def _choropleth(c: Context, values: Floats, ramp: str, title: str, unit: str) -> str:
    made = maps.classes(values)
    shade = [f"{ramp}{i}" if i >= 0 else "nodata" for i in made.of(values).tolist()]
    words = [
        f"{name}, {province}: {text.number(float(v))} {unit}"
        for (province, name), v in zip(c.atlas.district_names, values, strict=True)
    ]
    picture = maps.district_map(c.atlas, shade, words, f"Map: {title}")
    keys = [(f"{ramp}{i}", label) for i, label in enumerate(made.labels)]
    return _figure(picture, title, unit, keys)


def _figure(picture: str, title: str, unit: str, keys: list[tuple[str, str]]) -> str:
    legend = "".join(
        f'<li><svg viewBox="0 0 16 12" aria-hidden="true"><rect width="16" height="12" class="{esc(style)}"/></svg>'
        f"{esc(label)}</li>"
        for style, label in keys
    )
    return (
        f"<figure>{picture}<figcaption><b>{esc(title)}</b> <span>{esc(unit)}</span>"
        f'<ul class="legend">{legend}</ul></figcaption></figure>'
    )


def _plan_map(c: Context) -> str:
    names = list(c.run.technologies)
    code = {name: index for index, name in enumerate(names)}
    plan = c.run.table("plan")
    group = np.array([code.get(str(t), -1) for t in plan["technology"]], dtype=np.int64)
    group[~(np.nan_to_num(c.head.served_cells) > 0)] = -1
    styles = [f"t{i % 8}" for i in range(len(names))]
    picture = maps.cell_map(
        c.atlas, group, styles, "Map: technology that serves most households of each cell"
    )
    used = [i for i in range(len(names)) if np.any(group == i)]
    keys = [(styles[i], c.run.technologies[names[i]]) for i in used]
    return _figure(picture, "Technology of the plan", "by cell", [*keys, ("ground", "nothing to add")])


def _map_note(c: Context) -> str:
    notes = []
    if c.atlas.old_census.size:
        year = int(c.run.table("cells")["census_year"].min())
        notes.append(f"Hatched: not counted in the latest census, people are of {year}.")
    notes.append("District outlines follow the cells and are no survey boundaries.")
    if c.run.depiction.get("note"):
        notes.append(str(c.run.depiction["note"]))
    return f'<p class="note">{esc(" ".join(notes))}</p>'


def explorer(c: Context) -> str:
    """Interactive map, search and place card; four static maps stand in on paper."""
    return (ASSETS / "explorer.html").read_text(encoding="utf-8") + _static_maps(c)


def _static_maps(c: Context) -> str:
    rows = payload.district_rows(c.run, c.atlas)
    maps = [
        ("npc_per_household_usd", "violet", "Cost per added household", "US$ net present cost"),
        ("visible_min", "blue", "Satellites in view, fewest", "people-weighted 5th percentile"),
        ("link_rate_mbps", "green", "Rate of a satellite terminal", "Mbit/s, median"),
        ("latency_ms", "warm", "Satellite round trip", "ms, median"),
    ]
    drawn = [_choropleth(c, rows[key], *rest) for key, *rest in maps if np.isfinite(rows[key]).any()]
    return f'<details class="paper"><summary>The same by district, as still maps</summary><div class="pair">{"".join(drawn)}</div></details>'


SECTIONS = (
    ("answer", "The answer", answer),
    ("map", "The map", explorer),
    ("cost", "What it costs", sections.cost),
    ("sky", "The satellites over the day", sections.sky),
    ("districts", "Every district", sections.districts),
    ("limits", "What holds the plan back", sections.limits),
    ("assumptions", "Assumptions and sources", sources.assumptions),
    ("making", "How this was made", sources.making),
)
