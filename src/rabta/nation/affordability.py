"""Affordability: household income of each cell, and the share of households that can pay a tariff.

Income inside a cell is lognormal (Aitchison and Brown, *The Lognormal Distribution*, 1957). Survey means by
province, the ratio of towns to the country, and the Gini coefficients of both come from the catalog
(``incomes/<nation>.toml``), tariffs and the part of income that they may take from
``tariffs/<nation>.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.nation.growth import section

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Incomes:
    """One entry of the incomes catalog.

    Attributes
    ----------
    mean_usd : float
        Mean income of a household and month.
    urban_over_rural : float
        Mean income in towns over that in the country.
    sigma_urban, sigma_rural : float
        Standard deviation of the logarithm of income.
    levels : dict of str to float
        Mean income by province, in any one unit: only ratios count.
    surveyed_with : dict of str to str
        Provinces whose incomes follow another's.
    """

    mean_usd: float
    urban_over_rural: float
    sigma_urban: float
    sigma_rural: float
    levels: dict[str, float]
    surveyed_with: dict[str, str]


def sigma_of_gini(gini: ArrayLike) -> Array:
    """Standard deviation of the logarithm of a lognormal income from its Gini coefficient.

    G = 2 Phi(sigma / sqrt 2) - 1 (Aitchison and Brown 1957, equation 11.4).

    Examples
    --------
    >>> round(float(sigma_of_gini(0.327)), 3)
    0.597
    """
    from scipy.special import ndtri

    return np.asarray(np.sqrt(2.0) * ndtri((np.asarray(gini, dtype=np.float64) + 1.0) / 2.0))


def incomes(nation: str) -> Incomes:
    """Incomes of a nation, checked."""
    entry = catalog.entry("incomes", nation)
    names = ("household_month", "local_per_usd", "urban_over_rural", "gini_urban", "gini_rural")
    levels = section(entry, "province_month")
    month, rate, ratio, urban, rural = (_positive(entry, entry.data, name) for name in names)
    if max(urban, rural) >= 1:
        raise RabtaError("wrong Gini coefficient", file=entry.path, key="gini_urban", expected="0 to 1")
    return Incomes(
        month / rate,
        ratio,
        float(sigma_of_gini(urban)),
        float(sigma_of_gini(rural)),
        {name: _positive(entry, levels, name) for name in levels},
        section(entry, "surveyed_with"),
    )


def tariff_usd(nation: str, offer: str) -> tuple[float, float]:
    """Price of an offer a month in US dollars, and the share of a household's income that it may take."""
    entry = catalog.entry("tariffs", nation)
    offers = section(entry, "offers")
    if offer not in offers:
        raise RabtaError(
            "no such tariff",
            file=entry.path,
            key="demand.tariff",
            value=offer,
            expected=nearest(offer, offers),
        )
    price = _positive(entry, section(entry, "offers", offer), "local_month") / _positive(
        entry, entry.data, "local_per_usd"
    )
    return price, _positive(entry, entry.data, "income_percent") / 100.0


def _positive(entry: catalog.Entry, table: Mapping[str, object], key: str) -> float:
    value = table.get(key)
    if not isinstance(value, int | float) or not 0 < value < np.inf:
        raise RabtaError("unusable number", file=entry.path, key=key, value=value, expected="more than 0")
    return float(value)


def household_income(
    book: Incomes, province: NDArray[np.object_], households: Array, urban_share: Array
) -> tuple[Array, Array]:
    """Mean income and the spread of its logarithm in each cell.

    The household-weighted mean of each province stands to the others as surveyed, that of all surveyed
    provinces is the survey's, and a household in town earns ``urban_over_rural`` times one outside. A
    province without a survey has the nation's incomes of town and country.

    Parameters
    ----------
    province : ndarray of str, shape (cell,)
    households, urban_share : ndarray, shape (cell,)

    Returns
    -------
    mean_usd : ndarray, shape (cell,)
        Mean income of a household and month.
    sigma : ndarray, shape (cell,)
        Of the lognormal distribution with the mean and variance of the mixture of both groups.
    """
    names, code = np.unique(np.asarray(province, dtype=str), return_inverse=True)
    areas = [book.surveyed_with.get(str(name), str(name)) for name in names]
    relative = 1.0 + (book.urban_over_rural - 1.0) * urban_share
    weight = np.bincount(code, households).astype(np.float64)
    earned = np.bincount(code, households * relative).astype(np.float64)
    mean = _rural_income(book, areas, weight, earned)[code] * relative
    return mean, _mixture_sigma(book, urban_share, relative)


def _rural_income(book: Incomes, areas: list[str], weight: Array, earned: Array) -> Array:
    """Mean income outside towns of each province; ``earned`` is income over it, summed over households."""
    rural = np.full(len(areas), np.nan)
    for area in set(areas) & set(book.levels):
        mine = np.array(areas) == area
        if earned[mine].sum() > 0:
            rural[mine] = book.levels[area] * weight[mine].sum() / earned[mine].sum()
    known = np.isfinite(rural)
    if not known.any():
        return np.full(len(areas), book.mean_usd * float(weight.sum()) / max(float(earned.sum()), 1e-12))
    total = book.mean_usd * float(weight[known].sum())
    scaled = rural * (total / float((rural * earned)[known].sum()))
    return np.where(known, scaled, total / float(earned[known].sum()))


def _mixture_sigma(book: Incomes, urban_share: Array, relative: Array) -> Array:
    """Spread of one lognormal with the second moment of the mixture (Fenton, 1960: matched moments)."""
    town = urban_share * book.urban_over_rural**2 * np.exp(book.sigma_urban**2)
    country = (1.0 - urban_share) * np.exp(book.sigma_rural**2)
    return np.asarray(np.sqrt(np.log((town + country) / relative**2)))


def affordable_share(mean: ArrayLike, sigma: ArrayLike, tariff: ArrayLike, part: float) -> Array:
    """Share of households for which a tariff is at most a part of their income.

    Parameters
    ----------
    mean, sigma : array_like
        Lognormal income: its mean, and the standard deviation of its logarithm.
    tariff : array_like
        Price a month, in the unit of ``mean``.
    part : float
        Largest part of income that it may take, 0.02 for two per cent.

    Examples
    --------
    Half of the households earn less than the median:

    >>> round(float(affordable_share(100.0, 0.5, 2.0 * np.exp(-0.125), 0.02)), 6)
    0.5
    """
    from scipy.special import ndtr

    spread = np.asarray(sigma, dtype=np.float64)
    least = np.log(np.asarray(tariff, dtype=np.float64) / part)
    return np.asarray(ndtr((np.log(mean) - spread**2 / 2.0 - least) / spread))


def tariff_for(share: float, mean: Array, sigma: Array, households: Array, part: float) -> float:
    """Tariff that the given share of all households can pay, by bisection to one part in a million."""
    if not 0 < share < 1 or not households.sum() > 0:
        raise RabtaError("no tariff for that share", key="share", value=share, expected="between 0 and 1")
    low, high = np.log(part * mean.min()) - 10.0, np.log(part * mean.max()) + 10.0
    while high - low > 1e-6:
        middle = (low + high) / 2.0
        able = np.average(affordable_share(mean, sigma, np.exp(middle), part), weights=households)
        low, high = (middle, high) if able >= share else (low, middle)
    return float(np.exp(low))
