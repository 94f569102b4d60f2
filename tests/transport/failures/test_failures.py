"""Failures of the country of conftest.py, computed by hand; the loss model; denials; bad input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rabta import catalog, schema
from rabta.errors import RabtaError
from rabta.transport.failures import effects, results
from rabta.transport.failures.denial import gone_together
from rabta.transport.failures.sky import left
from rabta.transport.failures.study import Study, denial_rows, failed, hit_districts

Make = Callable[..., Study]


def rows(study: Study, order: int = 2) -> dict[str, pd.DataFrame]:
    return results.tables(study, order, ())


def one(frame: pd.DataFrame, kind: str, name: str) -> pd.Series:
    found = frame[(frame["kind"] == kind) & (frame["name"] == name)]
    assert len(found) == 1
    return found.iloc[0]


def test_the_whole_network_carries_everything(make: Make) -> None:
    whole = rows(make(), 1)["failures"].iloc[0]
    assert whole["case"] == "whole"
    assert whole["carried_mbps"] == 30.0
    assert whole["rtt_home_ms"] == 4.0  # B goes over A: 2 (1 + 1); A 2
    assert whole["rtt_abroad_ms"] == 4.0 + 1.0 + 60.0


LOSSES = {
    ("cable", "c1"): (10.0, 0.0),  # 15 at home and 5 abroad are left
    ("cable", "c2"): (5.0, 0.0),
    ("landing", "Beach"): (15.0, 0.0),
    ("exchange", "Exchange"): (30.0, 300.0),
    ("span", "Exchange - A"): (12.0, 0.0),  # all over the 18 to B
    ("span", "Exchange - B"): (15.0, 0.0),  # all over the 15 to A
    ("span", "A - B"): (2.0, 0.0),
    ("span", "Exchange - Beach"): (15.0, 0.0),
    ("gateway", "Dish"): (0.0, 0.0),
    ("power", "North"): (12.0, 100.0),  # A's 10, and 2 of B that went over A
    ("owner", "Far Cables"): (15.0, 0.0),  # its landing takes c2 along
    ("owner", "Other"): (5.0, 0.0),
}


@pytest.mark.parametrize("element", LOSSES, ids=str)
def test_losses_by_hand(make: Make, element: tuple[str, str]) -> None:
    row = one(rows(make(), 1)["failures"], *element)
    lost, cut = LOSSES[element]
    assert row["demand_lost_mbps"] == pytest.approx(lost)
    assert row["people_cut"] == cut
    assert row["carried_share"] == pytest.approx((30.0 - lost) / 30.0)


def test_islands_and_congestion_are_told_apart(make: Make) -> None:
    row = one(rows(make(), 1)["failures"], "power", "North")
    assert row["island_mbps"] == 10.0
    assert row["people_congested"] == 200.0
    assert row["districts_hit"] == 2
    assert row["worst_district"] == "North"


def test_person_hours_and_payments_by_hand(make: Make) -> None:
    """A - B takes a tenth of B's 200 people's traffic; a cut on land takes 8 h (hazards catalog)."""
    row = one(rows(make(), 1)["failures"], "span", "A - B")
    hours = catalog.entry("hazards", "land-faults").data["repair_hours"]
    assert row["repair_hours"] == hours
    assert row["person_hours"] == pytest.approx(200 * 0.1 * hours)
    number = 9.1e9 * 0.88  # State Bank of Pakistan, FY2024-25: 9.1 bn transactions, 88 % of them digital
    rate = number / 241_499_431 / 8766.0
    assert row["payments_missed"] == pytest.approx(rate * 200 * 0.1 * hours)
    mean = 612e12 * 0.29 / number / 281.0  # Rs 612 tn, 29 % of the value digital: US$ 79 each
    assert mean == pytest.approx(78.9, abs=0.1)
    assert row["value_at_risk_usd"] == pytest.approx(row["payments_missed"] * mean)


def test_cut_cables_leave_payments_at_home(make: Make) -> None:
    """The landing gone: the half that is had abroad is lost in every hour; payments at home go on."""
    row = one(rows(make(), 1)["failures"], "landing", "Beach")
    assert (row["people_cut_home"], row["people_cut_abroad"]) == (0.0, 300.0)
    assert np.isnan(row["rtt_abroad_ms"])
    assert row["person_hours"] == pytest.approx(300 * 0.5 * 24.0)
    assert row["payments_missed"] == pytest.approx(0.0, abs=1e-6)


def test_content_abroad_is_missed_at_night_as_well(make: Make) -> None:
    """With a demand that halves at night, content out of reach is half of each hour, room is not."""
    where = replace(make().where, profile=np.array([0.5] * 12 + [1.0] * 12))
    share, whole = np.full(where.people.shape[1], 0.5), np.ones(where.people.shape[1])
    assert where.lost_hours(share, whole).tolist() == pytest.approx([0.25] * share.size)
    content = where.lost_hours(share, whole, content=(0.5, 1.0))
    assert content.tolist() == pytest.approx([0.5] * share.size)


def test_no_exchange_no_payment_at_home(make: Make) -> None:
    """An exchange apart from the way abroad fails: traffic abroad goes on, no payment reaches home."""

    def apart(tables: dict[str, pd.DataFrame]) -> None:
        tables["nodes"].loc[0, "kind"] = "fibre"
        swap = tables["nodes"].iloc[[0]].assign(name="Swap", kind="exchange")
        tables["nodes"] = pd.concat([tables["nodes"], swap], ignore_index=True)
        link = tables["spans"].iloc[[0]].assign(name="peer", kind="peering", to_node=6, group="peer")
        tables["spans"] = pd.concat([tables["spans"], link], ignore_index=True)

    study = make(apart)
    row = one(rows(study, 1)["failures"], "exchange", "Swap")
    assert row["people_cut"] == 0.0
    assert row["people_cut_home"] == 300.0
    assert row["payments_missed"] == pytest.approx(
        study.where.payments.a_person_hour * 300 * row["repair_hours"]
    )
    again = failed(study, study.things.find("exchange:Swap"))
    assert again["payments_missed"] == pytest.approx(row["payments_missed"])


PAIRS = {
    ("Exchange - A", "A - B"): (12.0, 100.0),
    ("Exchange - A", "Exchange - B"): (30.0, 300.0),
    ("c1", "c2"): (15.0, 0.0),
    ("c1", "Exchange - B"): (15.0, 0.0),
    ("A - B", "Exchange - B"): (20.0, 200.0),
}


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_pairs_by_hand(make: Make, pair: tuple[str, str]) -> None:
    found = rows(make())["failure_pairs"]
    match = found[[{a, b} == set(pair) for a, b in zip(found["name_a"], found["name_b"], strict=True)]]
    match = match[match["listed"] == "loss"]
    assert len(match) == 1
    lost, cut = PAIRS[pair]
    assert match["demand_lost_mbps"].item() == pytest.approx(lost)
    assert match["people_cut"].item() == cut


def test_what_only_the_pair_loses(make: Make) -> None:
    """Both ways to A alone cost 12 and 2; both together cut A off and cost 12: nothing hidden. Both ways of
    the exchange to the towns cost 12 and 15, together everything: 3 hidden."""
    hidden = rows(make())["failure_pairs"].query("listed == 'hidden'")
    names = [{a, b} for a, b in zip(hidden["name_a"], hidden["name_b"], strict=True)]
    at = names.index({"Exchange - A", "Exchange - B"})
    assert hidden["hidden_mbps"].iloc[at] == pytest.approx(3.0)
    assert {"Exchange - A", "A - B"} not in names


def test_summary_counts_all_pairs(make: Make) -> None:
    found = rows(make())
    summary = found["failure_summary"].set_index("key")["value"]
    assert summary["elements"] == 9  # 2 cables, landing, gateway, exchange, 4 spans
    assert summary["pairs"] == 36
    assert summary["worst_mbps"] == 30.0
    assert summary["worst_people"] == 300.0
    assert summary["pairs_losing"] == len(found["failure_pairs"].query("listed == 'loss'"))


def test_districts(make: Make) -> None:
    found = rows(make(), 1)["failure_districts"].set_index("district")
    # its power, that of the exchange, the exchange, the owner of the exchange
    assert found.loc["North", "single_points"] == 4
    assert found.loc["South", "worst_name"] == "c1"  # a third of the traffic for 20 days
    assert found.loc["South", "worst_person_hours"] == pytest.approx(200 / 3.0 * 480.0)
    rate = 2.130 / 1000.0  # cuts a km and year of buried cable, Bellcore in Alcoa Fujikura 2001
    at_sea = 7.0 / 4.0 / 92_191.0  # faults a km and year as noticed, hazards/submarine-faults
    by_hand = rate * 8.0 * 100 * (100 * 0.4 + 300 * 0.5 + 50 * 0.5)  # A loses 0.4, 0.5 and 0.5
    by_hand += at_sea * 480.0 * 100 * (6000 / 3.0 + 8000 / 6.0)
    assert found.loc["North", "expected_person_hours_year"] == pytest.approx(by_hand)


def test_singles_and_sets_agree(make: Make) -> None:
    """The kernels of single failures and the study of any set give the same row."""
    study = make()
    found = rows(study, 1)["failures"].query("case == 'single' and kind not in ('system', 'plane')")
    for row in found.to_dict("records"):
        again = failed(study, study.things.find(f"{row['kind']}:{row['name']}"))
        for key, value in again.items():
            if key in {"case", "kind", "name", "faults_year"}:
                continue
            if isinstance(value, str):
                assert value == row[key], (row["name"], key)
            else:
                assert value == pytest.approx(row[key], nan_ok=True, rel=1e-6), (row["name"], key)


def test_satellites(make: Make) -> None:
    """12 of the region and 1 + 1 of the geostationary; three of four satellites fly in one plane."""
    study = make()
    assert left(study.sky).capacity_mbps == 14.0
    assert left(study.sky).carried_mbps == 14.0
    assert left(study.sky, ("starlink",)).capacity_mbps == 2.0
    assert left(study.sky, plane="starlink s, plane at 0 deg").capacity_mbps == 3.0 + 2.0
    assert left(study.sky, gateways=("Dish",)).capacity_mbps == 0.0
    table = rows(study, 1)["failures"]
    assert one(table, "gateway", "Dish")["satellite_lost_mbps"] == 14.0
    assert one(table, "exchange", "Exchange")["satellite_lost_mbps"] == 14.0  # its gateway has no way left
    assert one(table, "system", "paksat-mm1")["satellite_lost_mbps"] == 2.0


def test_denials_are_rows_of_every_run(make: Make) -> None:
    found = results.tables(make(), 1, ("c2", "A"))
    names = found["failures"].query("case == 'denied'")["name"].tolist()
    assert names == [
        "Far Space",
        "foreign-space",
        "foreign-operators",
        "all-cables",
        "c1",
        "c2",
        "scenario: c2, A",
    ]
    nation = found["denials"].query("province == 'nation'").set_index("denial")
    island = nation.loc["all-cables"]
    assert (island["people_home"], island["people_abroad"]) == (300.0, 0.0)
    assert island["carried_share"] == pytest.approx(0.5)
    assert island["household_mbps"] == pytest.approx(15.0 / 60.0)
    assert nation.loc["foreign-space", "satellite_household_mbps"] == pytest.approx(2.0 / 60.0)
    assert nation.loc["all-cables", "foreign_space_share"] == pytest.approx(12.0 / 14.0)
    assert nation.loc["foreign-space", "foreign_space_share"] == 0.0
    assert set(found["denials"]["province"]) == {"nation", "Upper", "Lower"}


def test_denying_a_system_that_the_run_is_without_takes_nothing(make: Make) -> None:
    found = results.tables(make(), 1, ("kuiper", "c2"))
    alone = results.tables(make(), 1, ("c2",))
    last, same = (some["failures"].query("case == 'denied'").iloc[-1] for some in (found, alone))
    assert (last["name"], last["carried_mbps"]) == ("scenario: kuiper, c2", same["carried_mbps"])
    nothing = results.tables(make(), 1, ("kuiper",))["failures"]
    assert not nothing["name"].str.startswith("scenario").any()
    with pytest.raises(RabtaError, match="kuipr"):
        results.tables(make(), 1, ("kuipr",))


def test_foreign_operators_lose_what_they_alone_run(make: Make) -> None:
    study = make()
    gone = study.things.find("foreign-operators")
    assert gone.systems == ("starlink",)
    assert [study.tables["nodes"]["name"].iloc[v] for v in gone.nodes] == ["Dish"]


def test_services_keep_their_floors(make: Make) -> None:
    """120 households of 10 Mbit/s, 4 % of them at once and 60 % of them connected, ask for 29 Mbit/s: half of
    the traffic is too little for them, and enough for payments."""

    def more(tables: dict[str, pd.DataFrame]) -> None:
        tables["cells"]["households"] = [40.0, 80.0]

    study = make(more)
    found = denial_rows(study, study.things.find("all-cables"))
    text = found[0]["services"]
    assert "payments 100.0 %" in text
    assert "household 0.0 %" in text


def test_westward_is_behind_the_red_sea(make: Make) -> None:
    def west(tables: dict[str, pd.DataFrame]) -> None:
        more = tables["nodes"].iloc[[4]].assign(name="Marseille", lat_deg=43.3, lon_deg=5.4)
        tables["nodes"] = pd.concat([tables["nodes"], more], ignore_index=True)
        tables["spans"].loc[5, "to_node"] = 6

    assert make().things.find("westward-cables").spans == ()
    assert make(west).things.find("westward-cables").spans == (5,)


def test_the_day_counts_hours_in_which_less_is_asked(make: Make) -> None:
    """With half of the demand at night nothing is shed then: a share of 0.5 costs 1/2 of 12 of 24 hours."""
    where = make().where
    half = effects.Land(
        where.districts,
        where.province,
        where.people,
        where.households,
        np.repeat([0.5, 1.0], 12),
        where.payments,
    )
    share, usual = np.array([0.5, 0.0, 1.0]), np.ones(3)
    assert half.lost_hours(share, usual).tolist() == pytest.approx([0.25, 1.0, 0.0])


def test_order_zero_is_empty_and_says_so(make: Make) -> None:
    found = results.tables(make(), 0, ())
    assert all(found[name].empty for name in results.NAMES if name != "failure_summary")
    assert found["failure_summary"].to_dict("records")[0]["value"] == 0.0
    for name, frame in found.items():
        assert list(frame) == list(schema.tables()[name])


def test_a_network_of_nothing(make: Make) -> None:
    """No spans at all: everybody is cut off before anything fails, and nothing is not a number."""

    def bare(tables: dict[str, pd.DataFrame]) -> None:
        tables["spans"] = tables["spans"].iloc[:0]

    found = rows(make(bare))
    whole = found["failures"].iloc[0]
    assert whole["carried_mbps"] == 0.0
    assert whole["people_cut"] == 300.0
    for name, frame in found.items():
        numbers = frame.select_dtypes("number")
        numbers = numbers.drop(columns=[key for key in numbers if key.startswith("rtt_")])
        assert np.isfinite(numbers.to_numpy()).all(), name


def test_no_nodes_at_all(make: Make) -> None:
    def nothing(tables: dict[str, pd.DataFrame]) -> None:
        tables["nodes"], tables["spans"] = tables["nodes"].iloc[:0], tables["spans"].iloc[:0]
        tables["cells"] = tables["cells"].iloc[:0]

    with pytest.raises(RabtaError, match="cells and their nodes differ in number"):
        make(nothing)


def test_zero_capacity_carries_nothing(make: Make) -> None:
    def dark(tables: dict[str, pd.DataFrame]) -> None:
        tables["spans"].loc[[0, 1], "capacity_mbps"] = 0.0

    whole = rows(make(dark), 1)["failures"].iloc[0]
    assert whole["people_cut"] == 100.0
    assert whole["carried_mbps"] == 18.0


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda t: t["spans"].__setitem__("to_node", 9), "a span ends at no node"),
        (lambda t: t["spans"].__setitem__("capacity_mbps", float("nan")), "not a number of zero or more"),
        (lambda t: t["nodes"].__setitem__("demand_mbps", -1.0), "not a number of zero or more"),
        (lambda t: t["spans"].pop("delay_ms"), "lacks a column"),
    ],
)
def test_broken_tables_are_refused(make: Make, edit: Callable[..., None], words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        rows(make(edit), 1)


def test_unknown_names_are_refused_with_the_nearest(make: Make) -> None:
    with pytest.raises(RabtaError, match="did you mean 'Exchange - B'"):
        make().things.find("Exchange - Bee")


def test_sets_of_names_add_up(make: Make) -> None:
    study = make()
    both = gone_together([study.things.find(name) for name in ("c1", "c2")], "c1 + c2")
    row = failed(study, both)
    assert row["demand_lost_mbps"] == pytest.approx(15.0)
    assert row["repair_hours"] == 480.0  # 20 days: telecomreviewamericas.com (2024), hazards catalog
    worst = hit_districts(study, both)
    assert [d["district"] for d in worst] == ["South", "North"]
    assert worst[0]["person_hours"] == pytest.approx(200 * 0.5 * 480.0)
