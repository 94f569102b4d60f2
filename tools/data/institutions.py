"""Schools, health units and public offices: national counts as published, their places modelled.

Each count is divided first over the census units, then inside each unit over its parts of cells, in whole
numbers that sum exactly (largest remainder). Places of service are laid over people by the scaling that is
observed for facilities: their density goes with the density of people to the power 2/3 where they are public
and 1 where they are commercial (Um, Son, Lee, Jeong and Kim, "Scaling laws between population and facility
densities", PNAS 106 (34), 2009). So a public school in thin country is small, and one in a city is large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tools.data.census import share_out
from tools.data.inputs import Array

PUBLIC_POWER, PRIVATE_POWER = 2.0 / 3.0, 1.0
SMALLEST_KM2 = 1.0  # slivers of cells at the border hold no towns

# Pakistan Institute of Education, Pakistan Education Statistics 2021-22, highlights: 313,418 institutions of
# every kind, 56.2 % of them public, with 54,870,964 students.
INSTITUTIONS, PUBLIC_SHARE, STUDENTS = 313_418, 0.562, 54_870_964

# Hospitals and basic health units: Pakistan Economic Survey 2024-25, chapter 11 (2024, provisional). The
# others: Ministry of Health, health services delivery 2006-07, the last found. Tuberculosis centres and first
# aid points are left out.
HOSPITALS, BASIC_HEALTH_UNITS = 1_696, 5_434
RURAL_HEALTH_CENTRES, DISPENSARIES, MOTHER_AND_CHILD_CENTRES = 595, 4_916, 1_138

# Pakistan Post, June 2020: 13,419 post offices. NADRA: 557 registration centres in May 2017 and 88 opened by
# March 2022; by the Interior Minister in January 2025 every tehsil is to have one. Local councils below the
# district: Commonwealth Local Government Forum, country profile 2018: 619 urban and 1,925 rural councils in
# three provinces, 3,339 tehsil, village and neighbourhood councils in Khyber Pakhtunkhwa. No count of
# police stations or courts was found that a ministry stands behind; they are left out.
POST_OFFICES, REGISTRATION_CENTRES = 13_419, 557 + 88
COUNCILS = {
    ("Punjab", "Sindh", "Balochistan"): 619 + 1_925,
    ("Khyber Pakhtunkhwa",): 3_339,
}
NAMES = ["schools", "health_units", "offices"]


@dataclass(frozen=True)
class _Parts:
    """The part of each unit in each cell.

    Attributes
    ----------
    cell, unit : ndarray of int, shape (part,)
    people, rural, urban, pupils : ndarray, shape (part,)
    density : ndarray, shape (part,)
        People of the whole cell to a square kilometre.
    """

    cell: NDArray[np.int64]
    unit: NDArray[np.int64]
    people: Array
    rural: Array
    pupils: Array
    density: Array

    @property
    def urban(self) -> Array:
        return np.asarray(self.people - self.rural)


def of_cells(units: pd.DataFrame, cells: pd.DataFrame, apportionment: pd.DataFrame) -> pd.DataFrame:
    """Institutions in each cell (modelled places, published totals).

    Parameters
    ----------
    units : DataFrame
        ``province``, ``district``, ``pupils``; in the order of ``tehsil_row``.
    cells : DataFrame
        ``area_km2``, ``urban_share``; in the order of ``cell_row``.
    apportionment : DataFrame
        ``cell_row``, ``tehsil_row``, ``people``, as the schema has it.

    Returns
    -------
    DataFrame of int64, one row a cell
        ``schools``, ``health_units``, ``offices``.
    """
    parts = _parts(units, cells, apportionment)
    return _summed(placed(units, parts), parts.cell, len(cells))


def by_unit(units: pd.DataFrame, cells: pd.DataFrame, apportionment: pd.DataFrame) -> pd.DataFrame:
    """Institutions in each census unit; the same that ``of_cells`` places."""
    parts = _parts(units, cells, apportionment)
    return _summed(placed(units, parts), parts.unit, len(units))


def _parts(units: pd.DataFrame, cells: pd.DataFrame, apportionment: pd.DataFrame) -> _Parts:
    cell, unit = (apportionment[name].to_numpy(dtype=np.int64) for name in ("cell_row", "tehsil_row"))
    people = apportionment["people"].to_numpy(dtype=np.float64)
    area = np.maximum(cells["area_km2"].to_numpy(dtype=np.float64), SMALLEST_KM2)
    whole = np.bincount(unit, people, minlength=len(units))
    pupils = units["pupils"].to_numpy(dtype=np.float64)[unit] * people / whole[unit]
    density = (np.bincount(cell, people, minlength=len(cells)) / area)[cell]
    rural = people * (1.0 - cells["urban_share"].to_numpy(dtype=np.float64)[cell])
    return _Parts(cell, unit, people, rural, pupils, density)


def placed(units: pd.DataFrame, parts: _Parts) -> dict[str, NDArray[np.int64]]:
    """Number of each kind of institution in each part."""
    counts = (_schools(parts), _health_units(parts), _offices(units, parts))
    return dict(zip(NAMES, counts, strict=True))


def _summed(counts: dict[str, NDArray[np.int64]], into: NDArray[np.int64], size: int) -> pd.DataFrame:
    sums = {name: np.bincount(into, n, minlength=size) for name, n in counts.items()}
    return pd.DataFrame({name: np.rint(n).astype(np.int64) for name, n in sums.items()})


def _schools(parts: _Parts) -> NDArray[np.int64]:
    """Every institution over the pupils enrolled: the public ones small where people are few."""
    public = _scaled(parts.pupils, parts.density, PUBLIC_POWER)
    private = _scaled(parts.pupils, parts.density, PRIVATE_POWER)
    return _divide(PUBLIC_SHARE * public + (1.0 - PUBLIC_SHARE) * private, parts.unit, INSTITUTIONS)


def _health_units(parts: _Parts) -> NDArray[np.int64]:
    """A hospital at each seat, the rest in towns; rural health units and centres over rural people."""
    rural = _scaled(parts.rural, parts.density, PUBLIC_POWER)
    everyone = _scaled(parts.people, parts.density, PUBLIC_POWER)
    return (
        _seats_first(parts, HOSPITALS)
        + _divide(rural, parts.unit, RURAL_HEALTH_CENTRES)
        + _divide(rural, parts.unit, BASIC_HEALTH_UNITS)
        + _divide(everyone, parts.unit, DISPENSARIES)
        + _divide(everyone, parts.unit, MOTHER_AND_CHILD_CENTRES)
    )


def _offices(units: pd.DataFrame, parts: _Parts) -> NDArray[np.int64]:
    """Seats of units and districts, councils, post offices, and a registration centre at each seat."""
    everyone = _scaled(parts.people, parts.density, PUBLIC_POWER)
    out = _at(parts, _seats(parts.people, parts.unit))
    named = units["province"] + "/" + units["district"]
    district = np.asarray(named.factorize()[0], dtype=np.int64)[parts.unit]
    out += _at(parts, _seats(parts.people, district))
    province = units["province"].to_numpy()[parts.unit]
    for names, count in COUNCILS.items():
        out += _divide(np.where(np.isin(province, names), everyone, 0.0), parts.unit, count)
    return out + _divide(everyone, parts.unit, POST_OFFICES) + _seats_first(parts, REGISTRATION_CENTRES)


def _scaled(served: Array, density: Array, power: float) -> Array:
    """Share of the facilities in each part: those served, by the density of people to ``power - 1``."""
    weight = served * np.where(density > 0, density, 1.0) ** (power - 1.0)
    return np.asarray(weight / (float(weight.sum()) or 1.0))


def _seats(people: Array, group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Part with the most people of each group that has any, the most populous seat first."""
    order = np.lexsort((-people, group))
    first = order[np.flatnonzero(np.diff(group[order], prepend=-1))]
    return np.asarray(first[np.argsort(-people[first], kind="stable")])


def _at(parts: _Parts, where: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(np.bincount(where, minlength=len(parts.people)))


def _seats_first(parts: _Parts, count: int) -> NDArray[np.int64]:
    """One at the seat of each unit while they last, the rest in proportion to people in towns."""
    seats = _seats(parts.people, parts.unit)[:count]
    return _at(parts, seats) + _divide(parts.urban, parts.unit, count - len(seats))


def _divide(weight: Array, unit: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Whole numbers by weight, over units and then over the parts of each (largest remainder twice)."""
    sums = np.bincount(unit, weight)
    if count == 0 or sums.sum() <= 0.0:
        return np.zeros(len(weight), dtype=np.int64)
    own: NDArray[Any] = share_out(sums, count)
    exact = weight / np.where(sums > 0.0, sums, 1.0)[unit] * own[unit]
    whole = np.floor(exact).astype(np.int64)
    left = own - np.bincount(unit, whole, minlength=len(own)).astype(np.int64)
    order = np.lexsort((whole - exact, unit))
    start = np.searchsorted(unit[order], np.arange(len(own)))
    rank = np.arange(len(order)) - start[unit[order]]
    whole[order] += rank < left[unit[order]]
    return np.asarray(whole, dtype=np.int64)
