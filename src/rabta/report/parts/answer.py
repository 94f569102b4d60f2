"""The answer first: in a paragraph, in figures with their ranges, in two maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rabta.report import areas, payload, text
from rabta.report.figures import SUMMARY_KEYS, Headline
from rabta.report.parts import explorer
from rabta.report.payload import Context
from rabta.report.pictures import maps
from rabta.report.text import esc


@dataclass(frozen=True)
class Card:
    """One headline figure as it is shown."""

    key: str
    label: str
    value: str
    note: str


def answer(c: Context) -> str:
    """Headline in plain words, the figures and two pictures."""
    cards = "".join(_card(c, card) for card in _cards(c))
    return (
        f'<p class="lead">{_lead(c)}</p><dl class="cards">{cards}</dl>{_range_note(c.head)}'
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
        words = f"Were satellites to serve all, they would carry all but {missed} of a proven upper bound."
        parts.append(words)
    return " ".join(parts)


def _cards(c: Context) -> list[Card]:
    h = c.head
    share = text.percent(h.unserved / float(h.households.sum()))
    homes = f"{text.number(h.unserved)} households, {share} of all"
    capex, npc = h.plan_sum("capex_usd"), h.plan_sum("npc_usd")
    household = f"{text.dollars(npc / h.served if h.served else None)} a household{_each_span(h)}"
    years = int(h.run.setting("plan", "years", 10))
    rate = f"{text.number(h.plan_median('rate_mbps'))} Mbit/s"
    trip = f"{text.number(h.plan_median('latency_ms'))} ms"
    up = text.percent(h.plan_median("availability"), 4)
    return [
        Card("unserved_people", "People unserved today", text.number(h.unserved_people), homes),
        Card("served_households", "Households connected", text.number(h.served), _joined(h)),
        Card("capex_usd", "Investment", text.dollars(capex), text.rupees(capex, h.per_dollar)),
        Card("npc_usd", f"Net present cost, {years} years", text.dollars(npc), household),
        Card("rate_mbps", "Busy-hour rate", rate, _floor(h, "rate_mbps")),
        Card("latency_ms", "Round trip", trip, _floor(h, "latency_ms")),
        Card("availability", "Availability", up, _floor(h, "availability")),
        Card(
            "floors_met", "All three floors met", text.percent(h.floors_met()), "of the connected households"
        ),
        *_services(c),
    ]


def _joined(h: Headline) -> str:
    return f"{text.number(h.served_people)} people"


def _services(c: Context) -> list[Card]:
    """Pupils and payments within target; nothing where the run does not plan for the service."""
    found = []
    for key, label in (("schooling", "Pupils within target"), ("payments", "Payments within target")):
        today, after = (float(c.nation[f"{key}_{when}"].iloc[0]) for when in ("today", "after"))
        if np.isfinite(after):
            found.append(Card(key, label, text.percent(after), f"{text.percent(today)} today"))
    return found


ORIGINS = {
    "unserved_people": ("sum_people", "plan.households_unserved_today", "cells.people", "cells.households"),
    "served_households": ("sum", "plan.households_served"),
    "capex_usd": ("sum", "plan.capex_usd"),
    "npc_usd": ("sum", "plan.npc_usd"),
    "rate_mbps": ("median", "plan.rate_mbps"),
    "latency_ms": ("median", "plan.latency_ms"),
    "availability": ("median", "plan.availability"),
    "floors_met": ("meeting", "plan.rate_mbps", "plan.latency_ms", "plan.availability"),
    "schooling": ("target", "plan.rate_mbps", "plan.latency_ms", "cells.pupils"),
    "payments": ("target", "plan.latency_ms", "cells.people"),
}


def _card(c: Context, card: Card) -> str:
    how, *names = ORIGINS[card.key]
    named = [f"cells.{areas.pupil_column(c.run)}" if name == "cells.pupils" else name for name in names]
    link = c.origins.link(f"card-{card.key}", card.label, how, *named)
    return (
        f"<div><dt>{esc(card.label)}{link}</dt><dd>{esc(card.value)}{_span(c.head, card.key)}"
        f"<small>{esc(card.note)}</small></dd></div>"
    )


def _range_note(h: Headline) -> str:
    """What the ranges beside the figures are, in the words of the plan's summary."""
    if h.range("npc_usd") is None:
        return ""
    words, middle = h.summary_text("npc_usd_middle", "description"), h.summary("npc_usd_middle")
    said = f" {words}: {text.dollars(middle)}." if words else ""
    start = "In blue, low to high: money as all prices move, people as sources of coverage differ."
    return f'<p class="note">{start}{esc(said)}</p>'


def _span(h: Headline, key: str) -> str:
    """Low and high of a headline, where the run tells them."""
    known = h.range(key)
    if known is None:
        return ""
    unit = h.summary_text(SUMMARY_KEYS.get(key, key), "unit")
    low, high = (text.percent(v, 3) if key == "availability" else text.number(v) for v in known)
    if low == high:
        return ""
    words = f"{'US$ ' if unit.startswith('USD') else ''}{_between(low, high)}"
    return f'<small class="span">{esc(words)}</small>'


def _between(low: str, high: str) -> str:
    """Range in words, the scale said once where both share it.

    Examples
    --------
    >>> _between("2.46 billion", "3.57 billion"), _between("900 million", "1 billion")
    ('2.46 to 3.57 billion', '900 million to 1 billion')
    """
    number, _, scale = low.partition(" ")
    same = bool(scale) and high.endswith(f" {scale}")
    return f"{number if same else low} to {high}"


def _each_span(h: Headline) -> str:
    """Low and high of the cost of a household, where the run tells them."""
    known = h.range("npc_per_household_usd")
    return f" ({_between(*(text.number(v) for v in known))})" if known else ""


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


def _today_map(c: Context) -> str:
    rows = payload.district_rows(c.run, c.atlas.district_names)
    share = 100.0 * rows["unserved_today"] / np.where(rows["households"] > 0, rows["households"], np.nan)
    words = ("Households without broadband today", "% of the district's households, modelled")
    link = c.origins.link("map-today", words[0], "ratio", "districts.unserved_today", "districts.households")
    made = maps.Classes((5.0, 20.0, 40.0, 60.0, 80.0))
    return explorer.choropleth(c, share, "warm", words, link=link, made=made)


def _plan_map(c: Context) -> str:
    titles = c.run.technologies
    code = {name: index for index, name in enumerate(titles)}
    group = np.array([code.get(str(t), -1) for t in c.shown.table("plan")["technology"]], dtype=np.int64)
    group[~(np.nan_to_num(c.shown.column("plan", "households_served")) > 0)] = -1
    styles = [f"t{i % 8}" for i in range(len(titles))]
    label = "Map: technology that serves most households of each cell"
    keys = [(styles[i], title) for i, title in enumerate(titles.values()) if np.any(group == i)]
    words = ("Technology of the plan", "which serves most of each cell")
    link = c.origins.link("map-plan", words[0], "value", "plan.technology")
    picture = maps.cell_map(c.atlas, group, styles, label)
    return explorer.figure(picture, words, [*keys, ("ground", "nothing to add")], link)


def _map_note(c: Context) -> str:
    notes = []
    if c.atlas.old_census.size:
        year = int(c.run.table("cells")["census_year"].min())
        notes.append(f"Hatched: not counted in the latest census, people are of {year}.")
    notes.append("District outlines follow the cells and are no survey boundaries.")
    if c.run.depiction.get("note"):
        notes.append(str(c.run.depiction["note"]))
    return f'<p class="note">{esc(" ".join(notes))}</p>'
