"""The radio: how far the sky, the ground and the air let links reach, and how years differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.report import text
from rabta.report.parts import explorer
from rabta.report.payload import Context
from rabta.report.pictures import maps
from rabta.report.text import esc

Floats = NDArray[np.float64]


def radio(c: Context) -> str:
    """Sections on the links themselves; empty for runs without them."""
    return _years(c)


def _mean_by_district(c: Context, values: Floats) -> Floats:
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
        + "Rain differs from year to year, least in the north, most in the deserts and on the coast "
        "(ITU-R P.678): the map shows for how much of the time links hold in the worst of ten years."
    )
    link = c.origins.link("radio-years", title, "value", "worst_year_availability", "cells.climatic_ratio")
    shares = 100.0 * _mean_by_district(c, worst)
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
