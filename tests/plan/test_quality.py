"""What households get is a result of the cell: its way to the exchange, and what satellites carry there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rabta import geo
from rabta.plan import service, stages
from rabta.transport import latency
from rabta.twin import Twin, wrap

Make = Callable[..., Twin]
CHEAP = {"leo_terminal_usd": 0.0, "leo_service_usd_month": 1.0}
SPACE = ("leo_terminal",)


def asked_of(twin: Twin) -> tuple[stages.Asked, pd.DataFrame]:
    asked = stages.national_problem(twin)
    names = list(asked.problem.technologies)
    return asked, pd.DataFrame(asked.service.latency_ms, columns=names)


def test_no_cell_is_nearer_than_light_in_glass(make_twin: Make) -> None:
    twin = make_twin()
    asked, delay = asked_of(twin)
    cells = twin.table("cells").iloc[asked.rows]
    karachi = geo.great_circle_m(cells["lat_deg"], cells["lon_deg"], 24.86, 67.01)
    light_ms = 2e3 * karachi * 1.468 / 299_792_458.0
    for name in ("fibre_fwa", "microwave_macro", "haps"):
        assert (delay[name] > light_ms).all(), name
        assert delay[name].std() == pytest.approx(1.2 * light_ms.std(ddof=1), rel=1e-6)
    assert delay["leo_terminal"].std() > 0.1


def test_a_village_cell_adds_its_radio_to_the_satellite(make_twin: Make) -> None:
    _, delay = asked_of(make_twin())
    assert (delay["satellite_cell"] - delay["leo_terminal"]).to_numpy() == pytest.approx(25.0)


def test_geostationary_traffic_goes_on_from_the_nearest_teleport_of_its_system(make_twin: Make) -> None:
    """100 km of cable from ``home``; ``far`` serves everybody, and a satellite without a teleport nobody."""
    twin = make_twin()
    _, near = asked_of(twin)
    slant = float(service.geo_latency_ms(50.0))
    assert near["geo_terminal"].to_numpy() == pytest.approx(slant + 2e3 * float(latency.fibre_s(100.0)))
    twin.tables["gateways"] = twin.table("gateways")[1:]
    assert asked_of(twin)[1]["geo_terminal"].to_numpy() == pytest.approx(
        slant + 2e3 * float(latency.fibre_s(1500.0))
    )
    twin.tables["gateways"] = twin.table("gateways")[:0]
    assert np.isinf(asked_of(twin)[1]["geo_terminal"]).all()


def test_a_load_is_carried_where_all_tiers_have_room() -> None:
    """Zone 0 lacks room of its own in the second step, zone 1 of its region in the third."""
    room = np.full((4, 3, 2), 10.0)
    room[1, 0, 0] = room[2, 1, 1] = 4.0
    load = np.full((3, 2), 5.0)
    assert service.carried_share(room, load).tolist() == [0.75, 0.75]
    assert service.carried_share(room, load - 1.0).tolist() == [1.0, 1.0]
    room[3] = 0.0
    assert service.carried_share(room, 0.0 * load).tolist() == [0.75, 0.75]
    assert service.carried_share(room[:0], load).tolist() == [0.0, 0.0]


def scarce(twin: Twin, part: float) -> Twin:
    """The same nation, satellites with a part of their room in three of its ten sampled steps."""
    lean = np.isin(np.arange(len(twin.times)), (4, 16, 28))[:, None]
    for name in ("zone_capacity_mbps", "pool_capacity_mbps"):
        values = twin.values(name)
        twin.arrays[name] = wrap(name, np.where(lean, part * values, values))
    return twin


def satellite_availability(found: dict[str, Any]) -> float:
    summary = found["plan_summary"].set_index("key")["value"]
    return float(summary["availability_median_leo_terminal"])


def test_availability_of_satellites_falls_where_capacity_is_scarce(make_twin: Make) -> None:
    settings = {"technologies": SPACE, "costs": CHEAP, "floor_availability": 0.5}
    full = stages.plan(make_twin(**settings))
    lean = stages.plan(scarce(make_twin(**settings), 0.02))
    assert 0.9 < satellite_availability(full) <= 0.995
    assert satellite_availability(lean) == pytest.approx(0.7 * satellite_availability(full))
    column = (lean["plan"]["availability"] / full["plan"]["availability"]).dropna()
    assert column.to_numpy() == pytest.approx(0.7)


def test_a_plan_below_the_limits_is_up_as_often_as_it_counted_on_or_more(make_twin: Make) -> None:
    twin = scarce(make_twin(costs=CHEAP, floor_availability=0.5), 0.9)
    asked = stages.national_problem(twin)
    column = asked.problem.technologies.index("leo_terminal")
    sure = pd.Series(asked.service.availability[:, column], twin.table("cells")["cell"].iloc[asked.rows])
    plan = stages.plan(twin)["plan"].set_index("cell").loc[sure.index]
    alone = plan["technology"].eq("leo_terminal") & plan["technology_share"].gt(1 - 1e-9)
    assert alone.sum() > 10
    assert (plan["availability"] >= sure - 1e-12)[alone].all()
    assert (sure < 0.995).all()


def test_summary_tells_both_loads_and_medians_of_the_cells(make_twin: Make) -> None:
    twin = make_twin(technologies=("fibre_fwa",), floor_mbps=60.0)
    found = stages.plan(twin)
    summary = found["plan_summary"].set_index("key")["value"]
    assert 0 < summary["load_mbps_household"] < summary["provisioned_mbps_household"]
    assert summary["provisioned_mbps_household"] == pytest.approx(60.0 / 20.0)
    plan = found["plan"]
    need = plan["households_unserved_today"] > 0
    joining = 0.6 * plan.loc[need, "households_unserved_today"]
    offered = twin.values("unserved_demand_mbps")[need.to_numpy()]
    assert summary["load_mbps_household"] == pytest.approx(offered.sum() / joining.sum())
    served = plan[plan["households_served"] > 0].sort_values("latency_ms")
    half = served["households_served"].cumsum() >= 0.5 * served["households_served"].sum()
    assert summary["latency_ms_median"] == served.loc[half, "latency_ms"].iloc[0]
    assert summary["latency_ms_median_fibre_fwa"] == summary["latency_ms_median"]
