"""Discounting: annuities, renewals, salvage and net present cost.

Money is in constant dollars; year 0 is the year of investment, running costs fall at the end of the
years 1 to n unless ``first_year`` says otherwise. Rates are shares (0.08 is 8 %).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError

Array = NDArray[np.float64]


def annuity(rate: float, years: int, *, first_year: int = 1) -> float:
    """Present value of one dollar a year.

    Sum over t = first_year .. first_year + years - 1 of (1 + rate)^-t, in closed form
    (1 - v^n) / (1 - v) v^first with v = 1 / (1 + rate).
    Source: Brealey, Myers and Allen, Principles of Corporate Finance, 10th edition, section 2.3.

    Examples
    --------
    >>> round(1.0 + 0.1 * annuity(0.035, 10, first_year=0), 4)  # published factor of pysim5g
    1.8608
    """
    if rate < 0 or years < 0:
        raise RabtaError("discount rate and years must not be negative", value=(rate, years))
    if rate == 0:
        return float(years)
    v = 1.0 / (1.0 + rate)
    return (1.0 - v**years) / (1.0 - v) * v**first_year


def capital_recovery(rate: float, years: int) -> float:
    """Yearly payment that pays back one dollar (the inverse of the annuity)."""
    if years <= 0:
        raise RabtaError("a loan needs at least one year", value=years)
    return 1.0 / annuity(rate, years)


def npv(flows: ArrayLike, rate: float) -> float:
    """Present value of cash flows at the end of the years 0, 1, 2, ..."""
    values = np.asarray(flows, dtype=np.float64)
    return float(values @ (1.0 + rate) ** -np.arange(values.size))


def capital_factor(rate: float, years: int, life_years: float) -> float:
    """Net present cost of one dollar of equipment kept in service for the whole plan.

    Bought in year 0, renewed at the same price whenever its life ends within the plan, and credited
    at the end with the straight-line rest value of the last purchase.

    Examples
    --------
    >>> capital_factor(0.0, 10, 5.0)  # bought twice
    2.0
    >>> capital_factor(0.0, 10, 20.0)  # half of its life is left
    0.5
    """
    if life_years <= 0:
        raise RabtaError("equipment life must be positive", value=life_years)
    bought = np.arange(0.0, years, life_years)
    rest = (bought[-1] + life_years - years) / life_years
    return float(np.sum((1.0 + rate) ** -bought) - rest * (1.0 + rate) ** -years)


def net_present_cost(
    capex: ArrayLike, opex_year: ArrayLike, rate: float, years: int, life_years: float
) -> Array:
    """Capital with renewals and salvage, plus running costs, all discounted."""
    capital = np.asarray(capex, dtype=np.float64) * capital_factor(rate, years, life_years)
    return np.asarray(capital + np.asarray(opex_year, dtype=np.float64) * annuity(rate, years))
