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
STYLES = ("theme.css", "report.css", "print.css")
SCRIPTS = ("data.js", "map.js", "place.js", "page.js")


def page(run: RunFolder) -> str:
    """Whole page of a run."""
    head = Headline(run)
    c = Context(run, head, maps.atlas(run), series.reduce_cells(run, np.nan_to_num(head.unserved_cells)))
    shown = [(key, title, body) for key, title, make in SECTIONS if (body := make(c))]
    script = f"(function () {{\n'use strict';\n{_assets(SCRIPTS)}\n}})();"
    digest = hashlib.sha256(script.encode()).digest()
    return Template(_assets(["page.html"])).substitute(
        title=esc(run.title),
        subtitle=esc(_subtitle(run)),
        style=_assets(STYLES),
        definitions=maps.definitions(c.atlas),
        contents="".join(f'<a href="#{key}">{esc(title)}</a>' for key, title, _ in shown),
        sections="\n".join(_section(*section) for section in shown),
        footer=sources.footer(run),
        data=text.script_json(payload.build(c)),
        script=script,
        script_hash=base64.b64encode(digest).decode("ascii"),
    )


def _assets(names: tuple[str, ...] | list[str]) -> str:
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in names)


def _section(key: str, title: str, body: str) -> str:
    head = f'<h2 id="{key}-title">{esc(title)}</h2>'
    return f'<section id="{key}" aria-labelledby="{key}-title">{head}{body}</section>'


def _subtitle(run: RunFolder) -> str:
    systems = ", ".join(str(s) for s in run.setting("space", "constellations", []))
    span = f"{run.start:%d %B %Y %H:%M} to {run.end:%d %B %Y %H:%M} UTC"
    return f"{text.count(len(run.table('cells')))} cells · {span} · {systems}"


def answer(c: Context) -> str:
    """Headline in plain words, the figures and two pictures."""
    cards = "".join(_card(*card) for card in _cards(c.head))
    return (
        f'<p class="lead">{_lead(c)}</p><dl class="cards">{cards}</dl>'
        f'<div class="pair">{_today_map(c)}{_plan_map(c)}</div>{_map_note(c)}'
    )


def _lead(c: Context) -> str:
    h, years = c.head, int(c.run.setting("plan", "years", 10))
    share = text.percent(h.unserved / float(h.households.sum()))
    homes = f"{text.number(h.unserved)} households, {share} of all"
    today = (
        f"Today <strong>{text.number(h.unserved_people)} people</strong> live without broadband ({homes})."
    )
    if not h.served:
        return f"{today} This plan connects nobody."
    each = text.dollars(h.plan_sum("npc_usd") / h.served)
    run_cost = f"{text.money(h.plan_sum('opex_usd_year'), h.per_dollar)} a year to run"
    build = f"<strong>{text.money(h.plan_sum('capex_usd'), h.per_dollar)}</strong> to build"
    connected = f"<strong>{text.number(h.served)} households</strong>, {h.reach_words()}"
    return _kept(
        f"{today} This plan connects {connected}: {esc(_mix(h))}. It takes {build} and {run_cost}: "
        f"{each} for each household over {years} years, discounted. {_proof(h)}"
    )


def _kept(words: str) -> str:
    """Keep amounts on one line with their units."""
    for pair in ("US$ ", "Rs ", " trillion", " billion", " million", " %"):
        words = words.replace(pair, pair.replace(" ", "\u00a0"))
    return words


def _mix(h: Headline) -> str:
    titles = h.run.technologies
    groups = [g for g in h.by_technology() if g.households > 0.002 * h.served]
    words = [
        f"{text.percent(g.households / h.served)} by {_lower(titles.get(g.name, g.name))}" for g in groups
    ]
    return text.listing(words)


def _lower(title: str) -> str:
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def _proof(h: Headline) -> str:
    parts = []
    if np.isfinite(h.gap):
        gap = text.percent(max(h.gap, 1e-4))
        parts.append(f"Under the same assumptions no plan can be more than {gap} cheaper: that is certified.")
    if np.isfinite(h.carried):
        missed = text.percent(max(1.0 - h.carried, 1e-4))
        parts.append(f"Satellite capacity is shared out to within {missed} of a proven upper bound.")
    return " ".join(parts)


def _cards(h: Headline) -> list[tuple[str, str, str]]:
    share = text.percent(h.unserved / float(h.households.sum()))
    homes = f"{text.number(h.unserved)} households, {share} of all"
    capex, npc = h.plan_sum("capex_usd"), h.plan_sum("npc_usd")
    each = text.dollars(npc / h.served if h.served else None)
    years = int(h.run.setting("plan", "years", 10))
    return [
        ("People unserved today", text.number(h.unserved_people), homes),
        ("Households connected", text.number(h.served), f"{text.number(h.served_people)} people"),
        ("Investment", text.dollars(capex), text.rupees(capex, h.per_dollar)),
        (f"Net present cost, {years} years", text.dollars(npc), f"{each} a household"),
        ("Busy-hour rate", f"{text.number(h.plan_median('rate_mbps'))} Mbit/s", _floor(h, "rate_mbps")),
        ("Round trip", f"{text.number(h.plan_median('latency_ms'))} ms", _floor(h, "latency_ms")),
        ("Availability", text.percent(h.plan_median("availability"), 4), _floor(h, "availability")),
        ("All three floors met", text.percent(h.floors_met()), "of the connected households"),
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
    words = ("Households without broadband today", "% of the district's households, modelled")
    return _choropleth(c, share, "warm", words, maps.Classes((5.0, 20.0, 40.0, 60.0, 80.0)))


def _choropleth(
    c: Context, values: Floats, ramp: str, words: tuple[str, str], made: maps.Classes | None = None
) -> str:
    made = made or maps.classes(values)
    shade = [f"{ramp}{i}" if i >= 0 else "nodata" for i in made.of(values).tolist()]
    titles = [
        f"{name}, {province}: {text.number(float(v))} {words[1]}"
        for (province, name), v in zip(c.atlas.district_names, values, strict=True)
    ]
    picture = maps.district_map(c.atlas, shade, titles, f"Map: {words[0]}")
    keys = [(f"{ramp}{i}", label) for i, label in enumerate(made.labels)]
    return _figure(picture, words, keys)


def _figure(picture: str, words: tuple[str, str], keys: list[tuple[str, str]]) -> str:
    legend = "".join(
        f'<li><svg viewBox="0 0 16 12" aria-hidden="true"><rect width="16" height="12" class="{esc(style)}"/>'
        f"</svg>{esc(label)}</li>"
        for style, label in keys
    )
    return (
        f"<figure>{picture}<figcaption><b>{esc(words[0])}</b> <span>{esc(words[1])}</span>"
        f'<ul class="legend">{legend}</ul></figcaption></figure>'
    )


def _plan_map(c: Context) -> str:
    titles = c.run.technologies
    code = {name: index for index, name in enumerate(titles)}
    group = np.array([code.get(str(t), -1) for t in c.run.table("plan")["technology"]], dtype=np.int64)
    group[~(np.nan_to_num(c.head.served_cells) > 0)] = -1
    styles = [f"t{i % 8}" for i in range(len(titles))]
    label = "Map: technology that serves most households of each cell"
    keys = [(styles[i], title) for i, title in enumerate(titles.values()) if np.any(group == i)]
    words = ("Technology of the plan", "which serves most of each cell")
    return _figure(maps.cell_map(c.atlas, group, styles, label), words, [*keys, ("ground", "nothing to add")])


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
    """Interactive map, search and place card; still maps stand in on paper."""
    return _assets(["explorer.html"]) + _still_maps(c)


STILL_MAPS = (
    ("npc_per_household_usd", "violet", "Cost per added household", "US$, net present cost"),
    ("visible_mean", "blue", "Satellites in view", "mean over the run"),
    ("visible_min", "blue", "Satellites in view, fewest", "people-weighted 5th percentile"),
    ("link_rate_mbps", "green", "Rate of a satellite terminal alone", "Mbit/s, median"),
    ("latency_ms", "warm", "Satellite round trip", "ms, median"),
)


def _still_maps(c: Context) -> str:
    rows = payload.district_rows(c.run, c.atlas)
    drawn = [
        _choropleth(c, rows[key], ramp, (title, unit))
        for key, ramp, title, unit in STILL_MAPS
        if np.unique(rows[key][np.isfinite(rows[key])]).size > 1
    ]
    inside = f'<div class="pair">{"".join(drawn)}</div>'
    title = "<summary>Cost and satellites by district, as still maps</summary>"
    return f'<details class="paper">{title}{inside}</details>'


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
