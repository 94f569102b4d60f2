"""What holds the plan back: shared limits, with the price of one more unit of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.geo import great_circle_m
from rabta.report import text
from rabta.report.payload import Context
from rabta.report.text import esc

if TYPE_CHECKING:
    import pandas as pd

SHOWN_PRICES = 15


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
    words += c.origins.link("limits", "Price of one more unit", "value", "plan_prices.price_usd")
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
        f'<tr><th scope="row">{esc(_named(name))}</th><td class="word" title="{esc(zone)}">'
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
    cells = c.shown.table("cells")
    inside = (cells["zone"].astype(str) == str(zone)).to_numpy()
    single = bool(inside.any())
    if not single:
        inside = _descends(cells["zone"].astype(str).tolist(), str(zone))
    if not inside.any():
        return {"nation": "whole nation"}.get(str(zone), _spaced(zone))
    districts = _districts_of(c, inside)
    town = _town(c, inside) if single else ""
    return f"near {town} ({districts})" if town else f"around {districts}"


def _named(constraint: object) -> str:
    """Limit in words, the level that it counts on after a comma.

    Examples
    --------
    >>> _named("satellite_capacity_region"), _named("licence")
    ('Satellite capacity, region', 'Licence')
    """
    words = _spaced(constraint).capitalize()
    for level in ("region", "nation"):
        words = words.replace(f" {level}", f", {level}")
    return words


def _people(c: Context) -> NDArray[np.float64]:
    return c.shown.column("cells", "people")


def _districts_of(c: Context, inside: NDArray[np.bool_]) -> str:
    """The two districts that hold most of the people, and none that holds under a tenth of them."""
    people = np.bincount(c.atlas.district_of[inside], weights=np.maximum(_people(c)[inside], 1e-9))
    best = [int(i) for i in np.argsort(-people, kind="stable")[:2] if people[i] >= 0.1 * people.sum()]
    return text.listing([c.atlas.district_names[i][1] for i in best])


def _town(c: Context, inside: NDArray[np.bool_]) -> str:
    """Largest place inside, or the place nearest to the people inside where they have none."""
    if not c.shown.has("places") or c.shown.table("places").empty:
        return ""
    places = c.shown.table("places")
    places = places[places["cell_row"] >= 0].sort_values("people", ascending=False)
    rows = places["cell_row"].to_numpy(dtype=np.int64)
    if not rows.size:
        return ""
    if inside[rows].any():
        return str(places["name"].iloc[int(np.argmax(inside[rows]))])
    weight = np.where(inside, np.maximum(_people(c), 1e-9), 0.0)
    middle = [np.average(c.shown.column("cells", key), weights=weight) for key in ("lat_deg", "lon_deg")]
    lat, lon = (c.shown.column("cells", key)[rows] for key in ("lat_deg", "lon_deg"))
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
