"""The back-test on the Universal Service Fund's awards: the published figures, and how our price is made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rabta import catalog, verify
from rabta.errors import RabtaError
from rabta.plan.candidates import BILLS
from rabta.plan.costs import prices
from rabta.plan.finance import annuity
from rabta.verify.anchors import usf

ENTRY = catalog.entry("tenders", usf.TENDER)


def test_lots_add_up_to_what_the_board_published() -> None:
    """Board 101: six lots, 1.267 M people in 753 mauzas; three cables, 1,428 km; Rs 13.05 bn in all."""
    lots, fibre = ENTRY.data["broadband"], ENTRY.data["fibre"][:3]
    assert sum(lot["people"] for lot in lots) == pytest.approx(1.267e6, abs=500)
    assert sum(lot["mauzas"] for lot in lots) == 753
    assert sum(lot["km"] for lot in fibre) == 1428
    assert sum(lot["rupees_million"] for lot in [*lots, *fibre]) == pytest.approx(
        13_050, rel=3e-3
    )  # each rounded
    each = sorted(1e6 * lot["rupees_million"] / lot["people"] for lot in lots)
    assert (round(each[0]), round(each[-1])) == (3006, 38870)


def test_rank_correlation_is_scipy_s() -> None:
    random = np.random.default_rng(2)
    for _ in range(5):
        a, b = random.random((2, 9))
        assert usf.spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)


def cells(**changes: object) -> pd.DataFrame:
    plain = {
        "district": ["Thar Test", "Thar Test", "Thar Test", "Elsewhere"],
        "people": [1000.0, 3000.0, 50.0, 1000.0],
        "unserved_today_share": [1.0, 1.0, 1.0, 1.0],
        "area_km2": 5.0,
        "urban_share": 0.0,
        "grid_share": 1.0,
        "rough_m": 0.0,
        "backbone_km": 30.0,
        "mobile_today": "none",
        "parent": [1, 1, 1, 2],
    }
    return pd.DataFrame(plain | changes)


LOT = {"name": "t", "districts": ["TharTest"], "people": 2000, "rupees_million": 1.0}


def test_one_mast_by_hand() -> None:
    """Two settlements of 4,000 people on 10 km2 take one mast; the lot is half of them."""
    terms, book = ENTRY.data["terms"], prices("pakistan")
    years = annuity(0.15, 5)
    active = book["radio_4g_usd_site"] + book["router_usd_site"] + book["power_grid_usd_site"]
    active += book["microwave_usd_hop"]
    opex = book["energy_grid_usd_year"] + book["rent_rural_usd_year"] + book["upkeep_share_year"] * active
    cost = 281.0 * (book["site_civil_usd"] + active + opex * years)
    revenue = 2000 * terms["users_share"] * 302.0 * 12.0 * years
    found = usf.bid(cells(), LOT, ENTRY)
    assert found.sites == 0.5
    assert found.rupees == pytest.approx(0.5 * cost - revenue)
    assert usf.TECHNOLOGY in BILLS


def test_a_lot_larger_than_the_unserved_takes_the_sparsest_of_the_others() -> None:
    served = cells(unserved_today_share=[1.0, 0.0, 0.0, 1.0], area_km2=[5.0, 5.0, 5.0, 5.0])
    chosen = usf._chosen(served, LOT, 100.0)
    assert chosen["people"].tolist() == [1000.0, 3000.0]
    assert usf._chosen(cells(), LOT, 100.0)["people"].tolist() == [1000.0, 3000.0]


def test_a_district_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(RabtaError, match="Thar Test"):
        usf.bid(cells(), {**LOT, "districts": ["Tharr Test"]}, ENTRY)


def test_suite_ranks_the_lots_and_shows_what_it_misses() -> None:
    rows = {row.name: row for row in verify.run("usf")}
    lots = [row for name, row in rows.items() if name.endswith("Rs a person")]
    assert len(lots) == 6
    assert max(lots, key=lambda row: row.ours).name.startswith("Khuzdar")
    assert rows["six lots, rank correlation (Spearman)"].ours >= 0.8
    assert sum(row.passed for row in lots) >= 4
    for row in lots:  # a factor of two, upwards and downwards
        assert row.passed == (0.5 <= row.ours / row.theirs <= 2.0)
    awarded = [row for name, row in rows.items() if name.startswith("fibre")]
    assert {row.name.split(",")[0] for row in awarded if row.gate} == {"fibre Sialkot", "fibre Narowal"}
    assert not any(row.gate for row in lots)
    assert all(row.passed for row in awarded if row.gate)
