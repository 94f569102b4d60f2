"""Suite ``demand``: traffic, income and households online against the regulator and the household survey."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rabta.nation import affordability as money
from rabta.nation import demand, growth, stages
from rabta.scenario import Nation, Scenario
from rabta.twin import Twin, wrap
from rabta.verify import Row, suite

SECONDS_A_YEAR = 365.0 * 86_400.0
TRAFFIC_PB, SUBSCRIPTIONS, RATE = 27_727.0, 150e6, 281.0
PTA = "Pakistan Telecommunication Authority, Annual Report 2024-25: 27,727 PB, 150 million subscriptions"
HIES = "Household Integrated Economic Survey 2024-25, Pakistan Bureau of Statistics"
WPP = "UN World Population Prospects 2024, medium variant; ours grows from the counts of 2023 and 2017"

Array = NDArray[np.float64]


@suite("demand", "Traffic, income, households online: PTA, HIES, UN", needs="a folder of layers")
def rows(files: Path | None) -> list[Row]:
    """Recompute the published numbers with the default scenario; nothing is fitted to them."""
    scenario = Scenario(nation=Nation(data=str(files)) if files else Nation())
    twin = Twin(scenario, np.array([], dtype="datetime64[ns]"))
    twin.tables["cells"] = stages.load(twin)["cells"]
    twin.arrays["unserved_share"] = wrap("unserved_share", stages.unserved(twin)["unserved_share"])
    found = stages.demand(twin)
    cells = twin.table("cells")
    return [*_traffic(cells, found), *_households(), *_online(cells), _people(cells)]


def _traffic(cells: pd.DataFrame, found: dict[str, Array]) -> list[Row]:
    served = 1.0 - cells["unserved_today_share"].to_numpy(np.float64)
    everyone, today = (float((found["demand_mbps"].sum(axis=1) * part).sum()) / 24e6 for part in (1, served))
    published = TRAFFIC_PB * 8e15 / SECONDS_A_YEAR / 1e12
    gb = today * 1e12 / 8e9 * SECONDS_A_YEAR / 12.0 / SUBSCRIPTIONS
    why = (
        f"{PTA}; a household's load comes from this total (70 % of households online), so ours is less by "
        "the households counted: 60 % of those with broadband today, and schools and offices on top"
    )
    return [
        Row("Mean traffic of those served today, Tbit/s", today, published, 0.3 * published, why),
        Row(
            "Mean traffic of all who would join, Tbit/s",
            everyone,
            published,
            0.15 * published,
            f"{PTA}; ours is the default scenario, 60 % of all households, and institutions",
        ),
        Row("Traffic a subscription and month, GB", gb, 15.4, 0.3 * 15.4, why),
    ]


def _households() -> list[Row]:
    household = demand.services(["household"])[0]
    mean_mbps = household.load_mbps * float(household.profile.mean())
    gb = mean_mbps * 1e6 / 8e9 * SECONDS_A_YEAR / 12.0
    connected = 38_340_566 * 0.70
    return [
        Row(
            "Traffic a connected household and month, GB",
            gb,
            TRAFFIC_PB * 1e6 / 12.0 / connected,
            1.0,
            f"{PTA}; {HIES}: 70 % of 38,340,566 households online; the input of the household service",
        ),
        Row(
            "Contention of a household, 1 in",
            1.0 / household.concurrency,
            20.0,
            6.0,
            "overbooking of 20, Osoro and Oughton, IEEE Access 2021; ours follows from traffic",
        ),
    ]


def _online(cells: pd.DataFrame) -> list[Row]:
    """Income, and the households that can pay a mobile data package, in town and outside."""
    book = money.incomes("pakistan")
    weight, urban = (cells[name].to_numpy(np.float64) for name in ("households", "urban_share"))
    mean, spread = money.household_income(book, cells["province"].to_numpy(object), weight, urban)
    price, part = money.tariff_usd("pakistan", "mobile_data")
    rural = mean / (1.0 + (book.urban_over_rural - 1.0) * urban)
    able = {
        "": (money.affordable_share(mean, spread, price, part), weight, 70.0),
        ", urban": (
            money.affordable_share(rural * book.urban_over_rural, book.sigma_urban, price, part),
            weight * urban,
            81.0,
        ),
        ", rural": (money.affordable_share(rural, book.sigma_rural, price, part), weight * (1 - urban), 62.0),
    }
    why = f"{HIES}: households with internet; ours can pay Rs 1,000 a month with 2 % of income"
    online = [
        Row(f"Households online{where}, %", 100.0 * float(np.average(share, weights=w)), theirs, 3.0, why)
        for where, (share, w, theirs) in able.items()
    ]
    covered = cells["province"].isin([*book.levels, *book.surveyed_with]).to_numpy()
    ours = float(np.average(mean[covered], weights=weight[covered])) * RATE
    return [Row("Income of a household and month, Rs", ours, 82_179.0, 1.0, HIES), *online]


def _people(cells: pd.DataFrame) -> Row:
    later = growth.factors("pakistan", "base", 2035).people
    return Row("People in 2035, million", float(cells["people"].sum()) * later / 1e6, 303.058, 20.0, WPP)
