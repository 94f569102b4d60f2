"""The radio: how far the sky, the ground and the air let links reach, and how years differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.radio.sky import risk
from rabta.report import text
from rabta.report.parts import explorer
from rabta.report.payload import Context
from rabta.report.pictures import maps
from rabta.report.text import esc

Floats = NDArray[np.float64]

PROMISES = (1.0, 1.2, 1.4, 1.6, 2.0)
"""Time without a link that is promised at most, as a multiple of that which links are designed for."""


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
    cells = c.run.table("cells")
    if not (c.run.has("worst_year_availability") and "climatic_ratio" in cells):
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
        made=_classes(wanted),
    )  # fmt: skip
    return f"<h3>{esc(title)}</h3><p>{esc(words)}</p>{picture}{_promises(c, wanted, chance)}"


def _classes(wanted: float) -> maps.Classes:
    """Shades that end where the promises of the table do."""
    lost = 100.0 - wanted
    return maps.Classes(tuple(round(100.0 - factor * lost, 4) for factor in reversed(PROMISES[1:])))


def _promises(c: Context, wanted: float, chance: float) -> str:
    """Risk that a year has less than a promise, by how strict it is."""
    cells, share = c.run.table("cells"), 1.0 - wanted / 100.0
    ratio, people = (cells[name].to_numpy(np.float64) for name in ("climatic_ratio", "people"))
    known = ratio > 0.0
    low, high = (bound / 100.0 for bound in risk.RANGES["percent"])
    if not (known.any() and low <= share <= high):
        return ""
    design = share if chance >= 50.0 else risk.design_share(share, ratio[known], chance / 100.0)
    rows = []
    for factor in PROMISES:
        found = 100.0 * risk.risk(design, factor * share, ratio[known])
        mean = float(np.average(found, weights=np.maximum(people[known], 1e-9)))
        spread = f"{text.number(float(found.min()))} to {text.number(float(found.max()))} %"
        rows.append(
            f"<tr><th scope='row'>{100.0 * (1.0 - factor * share):.2f} %</th>"
            f"<td>{text.number(mean)} %</td><td>{spread}</td></tr>"
        )
    heads = ("Promise: links hold for", "Risk of a year with less, mean over people", "over places")
    return text.table("Risk of missing a promise in a given year", "sums", heads, rows)
