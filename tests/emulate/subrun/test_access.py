"""What the plan gives a host, by numbers done by hand from the tables of the fixture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rabta.emulate.subrun import access
from rabta.emulate.subrun.access import Span, given
from rabta.emulate.subrun.lost import Lost, losses
from rabta.emulate.subrun.named import spot
from rabta.emulate.subrun.source import Source
from rabta.errors import RabtaError

EVENING = Span(np.datetime64("2026-01-13T16:10:00", "ns"), 600.0)  # 21 h local time: the busy half of the day
NIGHT = Span(np.datetime64("2026-01-13T16:10:00", "ns"), 1200.0)


def mbps(found: access.Given) -> list[list[float]]:
    return [[t, rate / 1e6] for t, rate in found.access.down_bps.tolist()]


def test_fibre_shares_its_sites(source: Source) -> None:
    found = given(source, spot(source, "Dalbandin"), EVENING)
    assert (found.technology, found.over, found.radio_ms) == ("fibre_fwa", access.GROUND, 8.0)
    assert mbps(found) == [[0.0, 40.0]]
    # three of four slots down (catalog, radios/fwa-3500-2600): a third as much up
    assert found.access.up_bps[0, 1] == pytest.approx(40e6 / 3.0)


def test_fewer_share_at_night(source: Source) -> None:
    at_four = replace(EVENING, start=np.datetime64("2026-01-13T23:50:00", "ns"))
    day = source.scenario.model_copy(update={"time": source.scenario.time.model_copy(update={"hours": 24.0})})
    found = given(replace(source, scenario=day), spot(source, "Dalbandin"), at_four)
    assert mbps(found) == [[0.0, 80.0]]  # half of the load: twice the rate


def test_no_more_than_the_radio_gives(source: Source) -> None:
    fast = dict(source.arrays) | {
        "access_rate_mbps": np.full((4, 2), 290.0),
        "busy_demand_mbps": np.full(4, 400.0),
    }
    assert mbps(given(replace(source, arrays=fast), spot(source, "Dalbandin"), EVENING)) == [[0.0, 300.0]]


def test_terminals_are_sure_of_their_rate(source: Source) -> None:
    village = spot(source, "Yasin")
    assert mbps(given(source, village, EVENING)) == [[0.0, 10.0]]
    # 1,500 of 2,000 Mbit/s in use by the nation: those in use could have 10 / 0.75
    shared = mbps(given(source, village, EVENING, spare=True))[0][1]
    assert shared == pytest.approx(10.0 / 0.75)


def test_geostationary_terminals_have_capacity_of_their_own(source: Source) -> None:
    village = spot(source, "Yasin")
    zone = str(source.tables["cells"]["zone"].iloc[village.cell])
    prices = source.tables["plan_prices"]
    own = prices.iloc[:1].assign(constraint="geo_capacity", zone=zone, limit=40.0, used=30.0)
    full = replace(source, tables=dict(source.tables) | {"plan_prices": pd.concat([prices, own])})
    gone = losses(full, ("gateway:A",), 600.0) if "A" in set(source.tables["gateways"]["name"]) else ()
    assert access.tier_use(full, village, gone, access.FIXED) == 0.75
    assert access.tier_use(source, village, (), access.FIXED) == 0.0, "nobody has such a terminal there"
    assert access.tier_use(full, village) == access.tier_use(source, village)


def test_a_slow_link_limits(source: Source) -> None:
    slow = source.arrays["link_rate_mbps"].copy()
    slow[12] = 3.0  # 16:12 to 16:13
    slow[15] = 0.0
    found = given(
        replace(source, arrays={**source.arrays, "link_rate_mbps": slow}), spot(source, "Yasin"), EVENING
    )
    assert mbps(found) == [[0.0, 10.0], [120.0, 3.0], [180.0, 10.0]]
    assert found.outages == ((300.0, 360.0),)


def test_a_gateway_lost_leaves_less_for_all(source: Source) -> None:
    gone = losses(source, ["gateway:South gateway@60"], 600.0)
    found = mbps(given(source, spot(source, "Yasin"), EVENING, gone))
    # 1,500 Mbit/s asked for, 1,000 left
    assert found == [[0.0, 10.0], [60.0, pytest.approx(10.0 / 1.5)]]
    all_ = [Lost("both", gateways=("West gateway", "South gateway"), begin_s=60.0, end_s=90.0)]
    assert given(source, spot(source, "Yasin"), EVENING, all_).outages == ((60.0, 90.0),)


def test_where_nobody_is_served(source: Source) -> None:
    with pytest.raises(RabtaError, match="connects nobody"):
        given(source, spot(source, "Karachi"), EVENING)


@pytest.mark.parametrize("rate", [0.0, np.nan])
def test_no_rate_is_not_a_rate_without_limit(source: Source, rate: float) -> None:
    none = dict(source.arrays) | {"access_rate_mbps": np.full((4, 2), rate)}
    with pytest.raises(RabtaError, match="no rate"):
        given(replace(source, arrays=none), spot(source, "Dalbandin"), EVENING)


def test_times_outside_the_run(source: Source) -> None:
    late = Span(np.datetime64("2026-01-13T16:55:00", "ns"), 600.0)
    with pytest.raises(RabtaError, match=r"within 2026-01-13T16:00:00 to 2026-01-13T17:00:00"):
        given(source, spot(source, "Yasin"), late)


def test_what_is_assumed_is_said(source: Source) -> None:
    found = given(source, spot(source, "Yasin"), EVENING)
    assert {one.what for one in found.figures if one.assumed} == {"up over down", "queue"}
    assert {one.what: one.value for one in found.figures}["sure rate"] == 10.0
