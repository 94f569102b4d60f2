"""The radio: how far the sky, the ground and the air let links reach, and how years differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.radio.terrain import relief
from rabta.report import series, text
from rabta.report.parts import explorer
from rabta.report.payload import Context
from rabta.report.pictures import maps
from rabta.report.text import esc

Floats = NDArray[np.float64]

SHOWN_REACH = (0, 4)  # 2 and 10 km
RELIABLE = 0.9  # of a net that people depend on
FLIGHT_M = ("120", "300", "1,000", "3,000", "10,000")


def radio(c: Context) -> str:
    """Sections on the links themselves; empty for runs without them."""
    return _years(c) + _terrain(c) + _air(c) + _emergency(c)


def mean_by_district(c: Context, values: Floats) -> Floats:
    """Mean of a value of cells over each district's people, in the order of the map's districts."""
    cells = c.run.table("cells")
    people = np.where(np.isfinite(values), cells["people"].to_numpy(np.float64), 0.0)
    keys = list(zip(cells["province"].astype(str), cells["district"].astype(str), strict=True))
    row = {key: index for index, key in enumerate(c.atlas.district_names)}
    at = np.array([row.get(key, len(row)) for key in keys])
    total = np.bincount(at, people * np.nan_to_num(values), len(row) + 1)[: len(row)]
    weight = np.bincount(at, people, len(row) + 1)[: len(row)]
    return np.asarray(np.divide(total, weight, out=np.full(len(row), np.nan), where=weight > 0))


def _years(c: Context) -> str:
    """The share of time that links hold in bad years, and the risk of missing a promise."""
    if not (c.run.has("worst_year_availability") and c.run.has("year_risk")):
        return ""
    worst = c.run.values("worst_year_availability").astype(np.float64)
    if not np.isfinite(worst).any():
        return ""
    wanted = float(c.run.setting("radio", "availability_percent", 99.5))
    chance = float(c.run.setting("radio", "year_risk_percent", 50.0))
    title = "How years differ"
    words = (
        f"Satellite links are designed to hold for {text.number(wanted)} % of the "
        + ("average year. " if chance >= 50.0 else f"year, but for {text.number(chance)} % of the years. ")
        + "Rain differs from year to year, in some places more than in others (ITU-R P.678): the map shows "
        "for how much of the time links hold in the worst of ten years."
    )
    link = c.origins.link("radio-years", title, "value", "worst_year_availability", "cells.climatic_ratio")
    shares = 100.0 * mean_by_district(c, worst)
    picture = explorer.choropleth(
        c, shares, "green", (title, "% of the time that links hold in the worst of ten years"), link=link,
        made=_classes(c),
    )  # fmt: skip
    return f"<h3>{esc(title)}</h3><p>{esc(words)}</p>{picture}{_promises(c)}"


def _classes(c: Context) -> maps.Classes:
    """Shades that end where the promises of the table do."""
    promised = sorted(c.run.table("year_risk")["promised_percent"])
    return maps.Classes(tuple(round(float(percent), 4) for percent in promised[:-1]))


def _promises(c: Context) -> str:
    """Risk that a year has less than a promise, by how strict it is."""
    rows = [
        f"<tr><th scope='row'>{row['promised_percent']:.2f} %</th>"
        f"<td>{text.number(row['risk_percent'])} %</td>"
        f"<td>{text.number(row['lowest_percent'])} to {text.number(row['highest_percent'])} %</td></tr>"
        for row in c.run.table("year_risk").to_dict("records")
    ]
    heads = ("Promise: links hold for", "Risk of a year with less, mean over people", "over places")
    return text.table("Risk of missing a promise in a given year", "sums", heads, rows) if rows else ""


def _terrain(c: Context) -> str:
    """What terrain adds around masts, by province, beside Okumura's correction."""
    if not (c.run.has("terrain_loss_db") and c.run.has("hills_loss_db")):
        return ""
    new, old = (c.run.values(name).astype(np.float64) for name in ("terrain_loss_db", "hills_loss_db"))
    if not np.isfinite(new).any():
        return ""
    cells = c.run.table("cells")
    new = new[..., list(SHOWN_REACH)].reshape(len(new), -1)
    weight = np.nan_to_num(c.run.column("plan", "households_unserved_today"))
    groups = [("Nation", np.ones(len(cells), dtype=np.bool_))]
    provinces = cells["province"].astype(str).to_numpy()
    groups += [(name, provinces == name) for name in sorted(set(provinces))]
    rows = []
    for name, inside in groups:
        values = [series.weighted_median(v[inside], weight[inside]) for v in (old, *new.T)]
        shown = "".join(f"<td>{text.number(round(v, 1))}</td>" for v in values)
        rows.append(f"<tr><th scope='row'>{esc(name)}</th>{shown}</tr>")
    title = "Terrain around masts"
    words = (
        "Loss in dB that hills add to level ground around a mast, median over the households without "
        "broadband. The plan takes ITU-R P.1812 over the terrain itself, by distance and band; "
        "beside it Okumura's correction for rolling hills from the relief of the cell, the same at every "
        "distance (radio.terrain = okumura takes that instead)."
    )
    link = c.origins.link("radio-terrain", title, "value", "terrain_loss_db", "hills_loss_db")
    heads = ("", "Okumura", *_columns(new.shape[1]))
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}"


def _columns(count: int) -> list[str]:
    """Headings of P.1812's columns, in the order of the array: each carrier at each shown distance."""
    radii = [f"{relief.RADII_KM[i]:g} km" for i in SHOWN_REACH]
    found = [f"P.1812, {band:g} GHz, {radius}" for band in relief.bands_ghz() for radius in radii]
    return found if len(found) == count else [f"P.1812, {i + 1}" for i in range(count)]


def _air(c: Context) -> str:
    """Share of the land over which aircraft hear a station, by flight height."""
    wanted = (
        ("air_voice_margin_db", "VHF voice"),
        ("air_c2_margin_db", "Control of unmanned aircraft, 5 GHz"),
    )
    found = [(name, words) for name, words in wanted if c.run.has(name)]
    if not found:
        return ""
    area = c.run.table("cells")["area_km2"].to_numpy(np.float64)
    rows = []
    for name, words in found:
        margin = c.run.values(name).astype(np.float64)
        shares = (np.where(margin >= 0.0, 1.0, 0.0) * area[:, None]).sum(axis=0) / area.sum()
        cells = "".join(f"<td>{text.percent(float(share), 3)}</td>" for share in shares)
        rows.append(f"<tr><th scope='row'>{esc(words)}</th>{cells}</tr>")
    title = "Coverage of the air"
    words = (
        "Share of the land over which an aircraft hears the best of the nation's aerodromes for 95 % of the "
        "time (ITU-R P.528, over a smooth Earth: ridges that hide valleys are not seen, so low flight in the "
        "mountains reaches less). Every aerodrome is taken to have a ground station; that is modelled."
    )
    link = c.origins.link("radio-air", title, "value", *(name for name, _ in found))
    heads = ("", *(f"{height} m" for height in FLIGHT_M))
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}"


def _emergency(c: Context) -> str:
    """HF net over the day: best frequency and reliability, by hour, of the people."""
    if not (c.run.has("nvis_frequency_mhz") and c.run.has("nvis_reliability")):
        return ""
    frequency, share = (
        c.run.values(name).astype(np.float64) for name in ("nvis_frequency_mhz", "nvis_reliability")
    )
    if not np.isfinite(share).any():
        return ""
    people = c.run.table("cells")["people"].to_numpy(np.float64)
    hours = range(0, frequency.shape[1], 3)
    found = [series.weighted_median(frequency[:, h], people) for h in hours]
    sure = [float(np.average(np.nan_to_num(share[:, h]), weights=people)) for h in hours]
    poor = [float(people @ (np.nan_to_num(share[:, h]) < RELIABLE)) / people.sum() for h in hours]
    rows = [
        _row("Best frequency, MHz", [text.number(v) for v in found]),
        _row("Reliability", [text.percent(v) for v in sure]),
        _row(f"People below {text.percent(RELIABLE)}", [text.percent(v) for v in poor]),
    ]
    title = "An emergency net by short wave"
    words = (
        "What still works when fibre, masts and satellites do not: a 100 W voice net with low dipoles, from "
        "each place to the largest town of the nearest province, straight up and down by the ionosphere "
        "(ITU-R P.533, P.372). By the local hour, in the month of the run; medians over people. The sets and "
        "antennas are modelled."
    )
    link = c.origins.link("radio-nvis", title, "value", "nvis_frequency_mhz", "nvis_reliability")
    heads = ("", *(f"{h:02d} h" for h in hours))
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}"


def _row(head: str, values: list[str]) -> str:
    return f"<tr><th scope='row'>{esc(head)}</th>{''.join(f'<td>{esc(v)}</td>' for v in values)}</tr>"
