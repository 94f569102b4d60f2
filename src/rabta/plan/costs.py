"""The cost book: catalog items with a range, a unit and a source, and the scenario's overrides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rabta import catalog
from rabta.errors import RabtaError, nearest

FIELDS = ("low", "base", "high", "unit", "source", "date")
AT_LEAST = {
    "life_civil_years": 1.0,
    "life_active_years": 1.0,
    "life_terminal_years": 1.0,
    "life_haps_years": 1.0,
    "contention": 1.0,
    "microwave_hop_km": 1.0,
    "microwave_capacity_mbps": 1.0,
    "haps_capacity_mbps": 1.0,
    "people_per_site_today": 1.0,
}
AT_MOST = {
    "availability_cellular": 1.0,
    "availability_village": 1.0,
    "availability_haps": 1.0,
    "reuse_existing_sites": 1.0,
}


@dataclass(frozen=True)
class CostItem:
    """One item of a cost book.

    Attributes
    ----------
    terminal : str
        Entry of the terminals catalog whose price this is; empty where it is not a terminal's.
    """

    name: str
    low: float
    base: float
    high: float
    unit: str
    source: str
    date: str
    modelled: bool
    terminal: str = ""


def read_book(name: str) -> dict[str, CostItem]:
    """Items of a cost book of the catalog; an item without a range or a source is refused."""
    entry = catalog.entry("costs", name)
    modelled = set(entry.data.get("modelled", ()))
    items: Mapping[str, Mapping[str, Any]] = entry.data.get("items", {})
    for unknown in sorted(modelled - set(items)):
        raise RabtaError(
            "no such cost item", file=entry.path, key=f"modelled.{unknown}", expected=nearest(unknown, items)
        )
    return {key: _item(key, fields, key in modelled, entry.path) for key, fields in items.items()}


def _item(name: str, fields: Mapping[str, Any], modelled: bool, file: object) -> CostItem:
    for key in FIELDS:
        if key not in fields:
            raise RabtaError(
                "cost item is not complete", file=file, key=f"items.{name}.{key}", expected=", ".join(FIELDS)
            )
    low, base, high = (float(fields[key]) for key in ("low", "base", "high"))
    if not 0.0 <= low <= base <= high < math.inf:
        raise RabtaError(
            "cost range is not in order",
            file=file,
            key=f"items.{name}",
            value=(low, base, high),
            expected="0 <= low <= base <= high",
        )
    text = {key: str(fields[key]) for key in ("unit", "source", "date")}
    return CostItem(
        name, low, base, high, modelled=modelled, terminal=str(fields.get("terminal", "")), **text
    )


def prices(
    name: str,
    overrides: Mapping[str, float] | None = None,
    terminals: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, float]:
    """Base values of a cost book with the terminals' own prices and the scenario's overrides.

    Parameters
    ----------
    name : str
        Entry of the ``costs`` catalog.
    overrides : mapping of str to float
        ``scenario.plan.costs``; an unknown item is refused with the nearest known one.
    terminals : mapping of str to sequence of str
        Terminals (catalog entries) that an item stands for; it costs as much as the dearest of them.
    """
    book = read_book(name)
    values = {key: item.base for key, item in book.items()}
    for key, wanted in (terminals or {}).items():
        values[key] = max((_terminal_usd(book[key], each) for each in wanted), default=values[key])
    for key, value in (overrides or {}).items():
        if key not in values:
            raise RabtaError(
                "no such item in the cost book",
                key=f"plan.costs.{key}",
                value=value,
                expected=nearest(key, values),
            )
        _check_range(key, value)
        values[key] = float(value)
    return values


def _terminal_usd(item: CostItem, terminal: str) -> float:
    """Price of a terminal: the book's where the item describes it, otherwise that of its catalog entry."""
    if terminal == item.terminal:
        return item.base
    entry = catalog.entry("terminals", terminal)
    price = entry.data.get("price_usd")
    if isinstance(price, bool) or not isinstance(price, int | float) or not 0.0 <= price < math.inf:
        raise RabtaError(
            "terminal without a price", file=entry.path, key="price_usd", value=price, expected="0 or more"
        )
    return float(price)


def _check_range(key: str, value: float) -> None:
    low, high = AT_LEAST.get(key, 0.0), AT_MOST.get(key, float("inf"))
    if not (math.isfinite(value) and low <= value <= high):
        raise RabtaError(
            "cost item is outside its range",
            key=f"plan.costs.{key}",
            value=value,
            expected=f"{low:g} to {high:g}",
        )
