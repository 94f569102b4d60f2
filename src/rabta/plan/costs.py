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
    title : str
        The item in plain words; its key in words where a book states none.
    terminal : str
        Entry of the terminals catalog whose price this is; empty where it is not a terminal's.
    falls : bool
        The plan gets cheaper as the item rises: capacities, lives, shares that are reused.
    weight : bool
        A weight or a policy of the planner, not a price: it keeps its base in every case and draw.
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
    falls: bool = False
    weight: bool = False
    title: str = ""

    def at(self, case: str) -> float:
        """Value in a case: ``low`` is the cheap end of the range, ``high`` the dear one."""
        if case == "base" or self.weight:
            return self.base
        return self.low if (case == "low") != self.falls else self.high


@dataclass(frozen=True)
class Range:
    """What a parameter may be: low, in use, high."""

    low: float
    base: float
    high: float
    title: str
    unit: str
    source: str


def read_book(name: str) -> dict[str, CostItem]:
    """Items of a cost book of the catalog; an item without a range or a source is refused."""
    entry = catalog.entry("costs", name)
    items: Mapping[str, Mapping[str, Any]] = entry.data.get("items", {})
    marked = {key: set(entry.data.get(key, ())) for key in ("modelled", "falls", "weight")}
    for key, names in marked.items():
        for unknown in sorted(names - set(items)):
            raise RabtaError(
                "no such cost item",
                file=entry.path,
                key=f"{key}.{unknown}",
                expected=nearest(unknown, items),
            )
    return {
        name: _item(name, fields, {key: name in names for key, names in marked.items()}, entry.path)
        for name, fields in items.items()
    }


def _item(name: str, fields: Mapping[str, Any], marks: Mapping[str, bool], file: object) -> CostItem:
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
    unit, source, date = (str(fields[key]) for key in ("unit", "source", "date"))
    terminal = str(fields.get("terminal", ""))
    title = str(fields.get("title") or name.replace("_", " "))
    return CostItem(name, low, base, high, unit, source, date, terminal=terminal, title=title, **marks)


def prices(
    name: str,
    overrides: Mapping[str, float] | None = None,
    terminals: Mapping[str, Sequence[str]] | None = None,
    case: str = "base",
) -> dict[str, float]:
    """Values of a cost book with the terminals' own prices and the scenario's overrides.

    Parameters
    ----------
    name : str
        Entry of the ``costs`` catalog.
    overrides : mapping of str to float
        ``scenario.plan.costs``; an unknown item is refused with the nearest known one.
    terminals : mapping of str to sequence of str
        Terminals (catalog entries) that an item stands for; it costs as much as the dearest of them.
    case : str
        ``scenario.plan.costs_case``: the cheap end of every range, the base, or the dear end.
    """
    book = read_book(name)
    values = {key: item.at(case) for key, item in book.items()}
    for key, wanted in (terminals or {}).items():
        values[key] = max(
            (_terminal_usd(book[key], each, values[key]) for each in wanted), default=values[key]
        )
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


def _terminal_usd(item: CostItem, terminal: str, booked_usd: float) -> float:
    """Price of a terminal: the book's where the item describes it, otherwise that of its catalog entry."""
    if terminal == item.terminal:
        return booked_usd
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


def ranges(name: str, values: Mapping[str, float], fixed: Mapping[str, float]) -> dict[str, Range]:
    """Ranges of the items that are open, around the values in use.

    Parameters
    ----------
    values : mapping of str to float
        What `prices` gave. Where a terminal's own price replaced the book's, its range moves in proportion.
    fixed : mapping of str to float
        The scenario's overrides: what the user states is not open.
    """
    found = {}
    for key, item in read_book(name).items():
        value = values[key]
        if key in fixed or item.high <= item.low:
            continue
        scale = value / item.base if not item.low <= value <= item.high and item.base > 0.0 else 1.0
        ends = scale * item.low, value, scale * item.high
        found[key] = Range(*ends, item.title, item.unit, item.source)
    return found


def assumptions(name: str) -> dict[str, Range]:
    """Ranges of the scenario's own main assumptions, by dotted key; ``base`` is the middle of the range."""
    entry = catalog.entry("costs", name)
    found = {}
    for key, fields in entry.data.get("assumptions", {}).items():
        try:
            low, high = float(fields["low"]), float(fields["high"])
            words = [str(fields[part]) for part in ("title", "unit", "source")]
        except (KeyError, TypeError, ValueError) as error:
            raise RabtaError(
                "assumption is not complete",
                file=entry.path,
                key=f"assumptions.{key}",
                expected="low, high, title, unit, source",
            ) from error
        found[key] = Range(low, 0.5 * (low + high), high, *words)
    return found
