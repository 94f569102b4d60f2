"""Growth of demand: people, households, traffic and adoption in a later year, by case.

Cases are data (``catalog/growth/<nation>.toml``): yearly rates of change, and where adoption ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest

BASE_YEAR = 2026


@dataclass(frozen=True)
class Factors:
    """What a year is to the base year.

    Attributes
    ----------
    people, households, traffic : float
        Over the base year: people, households, and traffic of one user.
    adoption_rate : float
        Growth rate of the logistic curve of adoption, per year.
    ceiling : float
        Share at which adoption ends.
    years : int
        Years after the base year.
    """

    people: float = 1.0
    households: float = 1.0
    traffic: float = 1.0
    adoption_rate: float = 0.0
    ceiling: float = 1.0
    years: int = 0

    def adoption(self, share: ArrayLike) -> NDArray[np.float64]:
        """Share of units that take a service in the year, from the share of the base year.

        A logistic curve through the base year's share: K / (1 + (K / share - 1) exp(-r t)), after
        Griliches, Econometrica 25 (1957) 501. A share above the ceiling stays.
        """
        now = np.asarray(share, dtype=np.float64)
        if self.years == 0:
            return now
        gap = self.ceiling / np.maximum(now, 1e-12) - 1.0
        return np.where(gap > 0, self.ceiling / (1.0 + gap * np.exp(-self.adoption_rate * self.years)), now)


def factors(nation: str, case: str, year: int) -> Factors:
    """Factors of a year; the base year changes nothing and needs no catalog entry."""
    if year == BASE_YEAR:
        return Factors()
    entry = catalog.entry("growth", nation)
    cases = section(entry, "cases")
    if case not in cases:
        raise RabtaError(
            "no such case of growth",
            file=entry.path,
            key="demand.growth",
            value=case,
            expected=nearest(case, cases),
        )
    rates, years = section(entry, "cases", case), year - BASE_YEAR
    people, size, traffic = (
        1.0 + _number(entry, rates, f"{name}_percent") / 100.0
        for name in ("people", "household_size", "traffic")
    )
    ceiling = _number(entry, rates, "adoption_ceiling")
    return Factors(
        people**years,
        (people / size) ** years,
        traffic**years,
        _adoption_rate(entry, ceiling),
        ceiling,
        years,
    )


def _adoption_rate(entry: catalog.Entry, ceiling: float) -> float:
    """Rate of the logistic curve with that ceiling through the two surveyed shares."""
    seen = section(entry, "adoption")
    first, last, years = (_number(entry, seen, key) for key in ("first_share", "last_share", "years"))
    if not 0 < first <= last < ceiling <= 1 or years <= 0:
        raise RabtaError(
            "adoption does not grow to its ceiling",
            file=entry.path,
            key="adoption",
            value=(first, last, ceiling),
            expected="0 < first_share <= last_share < adoption_ceiling <= 1",
        )
    return float(np.log(last / (ceiling - last)) - np.log(first / (ceiling - first))) / years


def section(entry: catalog.Entry, *path: str) -> dict[str, Any]:
    """Table of an entry by its path; empty where there is none, an error where something else is there."""
    found: dict[str, Any] = entry.data
    for key in path:
        found = found.get(key, {})
        if not isinstance(found, dict):
            raise RabtaError(
                "not a table", file=entry.path, key=".".join(path), value=found, expected="a TOML table"
            )
    return found


def _number(entry: catalog.Entry, table: dict[str, object], key: str) -> float:
    value = table.get(key)
    if not isinstance(value, int | float) or not -50 < value < 100:
        raise RabtaError(
            "growth without a usable number", file=entry.path, key=key, value=value, expected="-50 to 100"
        )
    return float(value)
