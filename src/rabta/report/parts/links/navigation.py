"""Satellite navigation: the service of the nation in each case, and the satellites that matter most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.report import text
from rabta.report.parts import explorer
from rabta.report.parts.links.radio import mean_by_district
from rabta.report.payload import Context
from rabta.report.text import esc

Floats = NDArray[np.float64]
SHOWN = ("beidou", "gps")  # cases whose service in streets is drawn


def navigation(c: Context) -> str:
    """Sections on navigation; empty for runs without it."""
    if not (c.run.has("nav_cases") and c.run.has("nav_street_available")):
        return ""
    return _cases(c) + _maps(c) + _provinces(c) + _critical(c) + _sites(c) + _ways(c) + _time(c) + _aids(c)


def _row(head: str, values: list[str]) -> str:
    return f"<tr><th scope='row'>{esc(head)}</th>{''.join(f'<td>{esc(v)}</td>' for v in values)}</tr>"


def _metres(value: float) -> str:
    return text.number(round(value, 1)) if np.isfinite(value) else "none"


def _cases(c: Context) -> str:
    """What people have in each case."""
    table = c.run.table("nav_cases")
    rows = [
        _row(
            str(row["title"]),
            [
                text.number(int(row["satellites"])),
                text.number(round(float(row["in_view"]), 1)),
                text.percent(float(row["available"]), 4),
                text.percent(float(row["street_available"]), 4),
                _metres(float(row["pdop95"])),
                _metres(float(row["horizontal_m"])),
                _metres(float(row["vertical_m"])),
                text.number(float(row["outage_min"])),
            ],
        )
        for row in table.to_dict("records")
    ]
    title = "Navigation in each case"
    limit, street = c.run.setting("pnt", "pdop_limit", 6.0), c.run.setting("pnt", "street_mask_deg", 30.0)
    words = (
        f"Satellites by their own messages of {c.run.setting('pnt', 'ephemerides', '')}, over the terrain of "
        f"every cell. The service counts where the position dilution (PDOP) is below {limit:g}: in the open, "
        f"and in streets and valleys where nothing below {street:g} degrees is seen. Errors are those of "
        "single positions in the open, without reflections; each case takes its losses out of a healthy day."
    )
    heads = (
        "", "Satellites", "In view", "In the open", "In streets", "PDOP, 95 % of the day",
        "Horizontal error, m, 95 %", "Vertical, m", "Longest outage, min",
    )  # fmt: skip
    link = c.origins.link("nav-cases", title, "value", "nav_cases", "nav_available", "nav_horizontal_m")
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}"


def _maps(c: Context) -> str:
    """Where streets and valleys have a position, in two cases."""
    table, values = c.run.table("nav_cases"), c.run.values("nav_street_available").astype(np.float64)
    names, pictures = table["case"].tolist(), []
    for name in SHOWN:
        if name not in names:
            continue
        row = names.index(name)
        words = (f"Position in streets and valleys: {table['title'][row]}", "% of the day")
        link = c.origins.link(f"nav-{name}", words[0], "value", "nav_street_available")
        shares = 100.0 * mean_by_district(c, values[:, row])
        pictures.append(explorer.choropleth(c, shares, "blue", words, link=link))
    return "".join(pictures)


def _provinces(c: Context) -> str:
    """Service in streets of each province when a system is lost."""
    table = c.run.table("nav_provinces")
    cases = [
        name
        for name in ("all", "beidou", "gps", "gps-lost", "beidou-lost", "l1-jammed")
        if name in set(table["case"])
    ]
    wide = table.pivot_table(index="province", columns="case", values="street_available", sort=True)
    titles = dict(zip(c.run.table("nav_cases")["case"], c.run.table("nav_cases")["title"], strict=True))
    rows = [_row(str(p), [text.percent(float(wide[case][p]), 4) for case in cases]) for p in wide.index]
    title = "In the streets of each province"
    link = c.origins.link("nav-provinces", title, "value", "nav_provinces", "nav_street_available")
    heads = ("", *(str(titles[case]) for case in cases))
    return f"<h3>{esc(title)}{link}</h3>{text.table(title, 'sums', heads, rows)}"


def _critical(c: Context) -> str:
    """Satellites whose loss takes most away."""
    if not c.run.has("nav_critical") or c.run.table("nav_critical").empty:
        return ""
    table = c.run.table("nav_critical")
    titles = dict(zip(c.run.table("nav_cases")["case"], c.run.table("nav_cases")["title"], strict=True))
    rows = [
        _row(
            f"{titles[row['case']]}, above {row['mask_deg']:g} degrees",
            [
                str(row["lost"]).replace("+", " and "),
                text.percent(float(row["base"]), 4),
                text.percent(float(row["unavailable"]), 4),
            ],
        )
        for row in table.to_dict("records")
    ]
    title = "Satellites that matter most"
    words = "Share of people and day without the service before and after one satellite, or two, are lost."
    link = c.origins.link("nav-critical", title, "value", "nav_critical")
    heads = ("", "Lost", "Without service before", "After")
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}"


def _sites(c: Context) -> str:
    """Aerodromes and ports by protection levels."""
    if not c.run.has("nav_sites") or c.run.table("nav_sites").empty:
        return ""
    table = c.run.table("nav_sites")
    titles = dict(zip(c.run.table("nav_cases")["case"], c.run.table("nav_cases")["title"], strict=True))
    rows = []
    for (kind, case), part in table.groupby(["kind", "case"], sort=False):
        worst = part.sort_values("approach").iloc[0]
        values = [
            text.number(len(part)),
            text.percent(float(part["approach"].mean()), 4),
            f"{worst['name']}, {text.percent(float(worst['approach']), 4)}",
            text.percent(float(part["terminal"].mean()), 4),
            _metres(float(np.median(part["hpl_m"]))),
            _metres(float(np.median(part["vpl_m"]))),
        ]
        rows.append(_row(f"{kind}s, {titles[case]}", values))
    title = "Integrity at aerodromes and ports"
    words = (
        "Protection levels by ARAIM that watches for two faults at once, two frequencies; LPV-200 "
        "needs 35 m up and 40 m level. Where one system is alone, its failure as a whole is not counted: "
        "nothing aboard could tell."
    )
    heads = ("", "Places", "LPV-200", "The least", "RNP 0.3", "HPL, m, median", "VPL, m, median")
    link = c.origins.link("nav-sites", title, "value", "nav_sites")
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}"


def _ways(c: Context) -> str:
    """Flights and roads."""
    if not c.run.has("nav_corridors") or c.run.table("nav_corridors").empty:
        return ""
    table = c.run.table("nav_corridors")
    titles = dict(zip(c.run.table("nav_cases")["case"], c.run.table("nav_cases")["title"], strict=True))
    rows = []
    for case in ("all", "beidou", "gps", "gps-lost", "beidou-lost", "western-lost", "scintillation"):
        part = table[table["case"] == case]
        values = []
        for kind in ("flight", "road"):
            mine = part[part["kind"] == kind].sort_values("least")
            if len(mine):
                worst = f"{mine.iloc[0]['name']}, {text.percent(float(mine.iloc[0]['least']), 4)}"
                values += [text.percent(float(mine["available"].mean()), 4), worst]
        if values:
            rows.append(_row(str(titles.get(case, case)), values))
    title = "Along flights and main roads"
    words = (
        "Flights at 9,000 m between the eight largest towns, in the open; main roads as in streets and "
        "cuttings, by province: the fibre backbone's cells, which follow the highways."
    )
    link = c.origins.link("nav-ways", title, "value", "nav_corridors")
    heads = ("", "Flights", "Worst point", "Roads", "Worst cell, in")
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}"


NEEDS = {
    "cells": "TDD cells", "cells-large": "Large TDD cells", "finance": "Finance, fast trading",
    "finance-slow": "Finance, other", "synchrophasors": "Power grid, synchrophasors",
    "synchrophasors-limit": "Power grid, their limit",
}  # fmt: skip


def _time(c: Context) -> str:
    """Hours until each need is no longer met after the satellites are lost."""
    if not c.run.has("nav_holdover") or c.run.table("nav_holdover").empty:
        return ""
    wide = c.run.table("nav_holdover").pivot_table(
        index=["need", "limit_us"], columns="oscillator", values="hours"
    )
    kinds = [name for name in ("tcxo", "ocxo", "ocxo-high", "rubidium", "cesium") if name in wide.columns]
    rows = [
        _row(
            f"{NEEDS.get(str(need), str(need))}, {limit:g} \u00b5s",
            [text.number(round(float(wide.loc[(need, limit), kind]), 1)) for kind in kinds],
        )
        for need, limit in wide.index
    ]
    title = "Hours that clocks hold when the satellites are lost"
    link = c.origins.link("nav-time", title, "value", "nav_holdover")
    return f"<h3>{esc(title)}{link}</h3>{text.table(title, 'sums', ('', *kinds), rows)}"


def _aids(c: Context) -> str:
    """Corrections and messages from BeiDou, Doppler of broadband satellites, reference stations."""
    if not c.run.has("nav_aids"):
        return ""
    rows = [
        _row(str(r["what"]), [text.percent(float(r["share"]), 3)])
        for r in c.run.table("nav_aids").to_dict("records")
    ]
    if c.run.has("nav_leo_horizontal_m"):
        error = c.run.values("nav_leo_horizontal_m").astype(np.float64)
        if np.isfinite(error).any():
            worst = np.nanpercentile(error, 95)
            rows.append(
                _row("Position by the Doppler of broadband satellites, 95 %, m", [text.number(round(worst))])
            )
    if c.run.has("nav_stations"):
        table = c.run.table("nav_stations")
        for kind, words in (
            ("cors", "Reference stations for 90 % of the people"),
            ("gbas", "GBAS for 90 % of the aerodromes"),
        ):
            part = table[table["kind"] == kind]
            if len(part):
                last = part.iloc[-1]
                least = f"{len(part)} (bound: {text.percent(float(last['bound']), 3)} with as many)"
                rows.append(_row(words, [least]))
    title = "What helps, and what is left when all navigation satellites are lost"
    words = (
        "BeiDou's corrections (PPP-B2b) and regional messages are stated for 75 to 135 degrees east; beyond "
        "it their satellites may be seen, but nothing is promised."
    )
    link = c.origins.link("nav-aids", title, "value", "nav_aids", "nav_stations", "nav_leo_horizontal_m")
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', ('', 'Value'), rows)}"
