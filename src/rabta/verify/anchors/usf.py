"""Back-test: what our cells would cost under the conditions of the Universal Service Fund's awards.

Subsidy of a broadband lot = investment + running cost over the contract - revenue, discounted at the bidder's
cost of capital, with nothing left at the end (viability gap). A lot's mauzas are not published, so it is
taken as a like part of all settled unserved land of its districts; where that holds fewer people than the
lot, the sparsest served cells are added. Masts stand where the plan would put them: macro sites on
microwave, sized by the access design for the fund's data rate over the settled land of a resolution-6 cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.mobile import access, equipment, pathloss
from rabta.nation import hexes, layers
from rabta.plan import candidates, finance, pricing
from rabta.plan.costs import prices as read_prices
from rabta.scenario import Nation
from rabta.verify import Row, suite

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
TENDER = "usf-2025"
TECHNOLOGY = "microwave_macro"
MAST_LEVEL = 6  # a mast serves settlements of one cell of this resolution
FIBRE_TOLERANCE = 0.3
RANK_TOLERANCE = 0.2
MISSES = (
    "what the lot's list of mauzas, tower sharing and the bidder's customers are is not published; "
    "the design covers all settled land of a cell, the lots their named mauzas"
)
MEANS = ("urban_share", "grid_share", "rough_m", "backbone_km")


@dataclass(frozen=True)
class Bid:
    """Our price of a lot, rupees; sites are of the whole lot."""

    rupees: float
    people: float
    sites: float

    @property
    def rupees_person(self) -> float:
        """Subsidy for each person of the lot."""
        return self.rupees / self.people


@suite(
    "usf", "Awards of Pakistan's Universal Service Fund, priced with our cells", needs="a folder of layers"
)
def usf(files: Path | None) -> list[Row]:
    """Six broadband lots in rupees a person, their ranks, and fibre in rupees a kilometre.

    All but the cables that gave the cost book its price are predictions, which may miss.
    """
    found = layers.load(Nation(data=str(files)) if files else Nation())
    entry = catalog.entry("tenders", TENDER)
    cells = found.cells.assign(parent=hexes.parent(found.index, MAST_LEVEL))
    return [*_broadband(cells, entry), *_fibre(cells, entry)]


def _broadband(cells: pd.DataFrame, entry: catalog.Entry) -> list[Row]:
    source = f"{entry.provenance['source']}; a miss: {MISSES}"
    lots = entry.data["broadband"]
    ours = np.array([bid(cells, lot, entry).rupees_person for lot in lots])
    theirs = np.array([1e6 * lot["rupees_million"] / lot["people"] for lot in lots])
    rows = [
        Row(f"{lot['name']}, Rs a person", x, y, y if x > y else 0.5 * y, source, gate=False)
        for lot, x, y in zip(lots, ours.tolist(), theirs.tolist(), strict=True)
    ]
    name, rank = "six lots, rank correlation (Spearman)", spearman(ours, theirs)
    return [*rows, Row(name, rank, 1.0, RANK_TOLERANCE, source, gate=False)]


def spearman(a: Array, b: Array) -> float:
    """Rank correlation of values without ties: 1 - 6 sum d^2 / n (n^2 - 1) (Spearman 1904).

    Examples
    --------
    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([10.0, 30.0, 20.0]))
    0.5
    """
    d = np.argsort(np.argsort(a)) - np.argsort(np.argsort(b))
    return 1.0 - 6.0 * float((d**2).sum()) / (a.size * (a.size**2 - 1))


def bid(cells: pd.DataFrame, lot: Mapping[str, Any], entry: catalog.Entry) -> Bid:
    """Viability gap of a lot."""
    terms, per_usd = entry.data["terms"], float(entry.data["rupees_per_usd"])
    land = _land(_chosen(cells, lot, float(terms["settled_people"])))
    prices = read_prices("pakistan")
    places = _places(land, terms, prices)
    bill = candidates.BILLS[TECHNOLOGY](places, prices)
    years = finance.annuity(terms["wacc_percent"] / 100.0, int(terms["term_years"]))
    part = float(lot["people"]) / float(land["people"].sum())
    cost = float((bill.civil + bill.active + bill.opex_year * years).sum()) * per_usd * part
    users = float(lot["people"]) * float(terms["users_share"])
    revenue = users * float(terms["arpu_rupees_month"]) * 12.0 * years
    return Bid(cost - revenue, float(lot["people"]), float(places.sites[TECHNOLOGY].sum()) * part)


def _district(cells: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Cells of districts; names are compared without blanks and capitals."""
    plain = cells["district"].str.lower().str.replace(" ", "")
    wanted = [name.lower().replace(" ", "") for name in names]
    for name, key in zip(names, wanted, strict=True):
        if not (plain == key).any():
            raise RabtaError(
                "district of a tender that the nation lacks",
                key="districts",
                value=name,
                expected=nearest(name, [str(known) for known in cells["district"].unique()]),
            )
    return cells[plain.isin(wanted)]


def _chosen(cells: pd.DataFrame, lot: Mapping[str, Any], settled: float) -> pd.DataFrame:
    """Settled cells that a lot stands for, with the people to be covered in column ``people``."""
    import pandas as pd

    here = _district(cells, lot["districts"])
    unserved = here["people"] * here["unserved_today_share"]
    first = here.assign(people=unserved)[unserved >= settled]
    missing = float(lot["people"]) - float(first["people"].sum())
    if missing <= 0.0:
        return first
    rest = here[(unserved < settled) & (here["people"] >= settled)]
    rest = rest.assign(density=rest["people"] / rest["area_km2"]).sort_values("density")
    count = int(np.searchsorted(rest["people"].cumsum(), missing)) + 1
    return pd.concat([first, rest.iloc[:count]])


def _land(chosen: pd.DataFrame) -> pd.DataFrame:
    """Chosen cells by the cell of a mast: sums of people and land, means by people."""
    weighted = chosen[list(MEANS)].mul(chosen["people"], axis=0)
    table = weighted.assign(
        people=chosen["people"],
        area_km2=chosen["area_km2"],
        covered=chosen["mobile_today"] != "none",
        parent=chosen["parent"],
    )
    land = table.groupby("parent").agg(
        {**dict.fromkeys((*MEANS, "people", "area_km2"), "sum"), "covered": "any"}
    )
    land[list(MEANS)] = land[list(MEANS)].div(land["people"], axis=0)
    return land


def _places(land: pd.DataFrame, terms: Mapping[str, Any], prices: candidates.Prices) -> candidates.Places:
    people, area, urban, grid, rough, backbone = (
        land[name].to_numpy(np.float64)
        for name in ("people", "area_km2", "urban_share", "grid_share", "rough_m", "backbone_km")
    )
    users = people * float(terms["users_share"])
    each = float(terms["traffic_mbps_user"]) * float(terms["busy_over_mean"])
    radio = str(catalog.entry("technologies", TECHNOLOGY).data["radio"])
    design = access.terrestrial(
        equipment.site(radio), area, users * each, pathloss.hills_db(rough), float(terms["rate_mbps"])
    )
    made = candidates.Places(
        users,
        np.full(users.size, each),
        urban,
        grid,
        rough,
        backbone,
        {TECHNOLOGY: design.sites},
        np.zeros(users.size),
    )
    return replace(made, sites_today=pricing.sites_today(people, land["covered"].to_numpy(bool), prices))


def _fibre(cells: pd.DataFrame, entry: catalog.Entry) -> list[Row]:
    """Price of a kilometre: the cost book's on level ground, dearer by the terrain of settled cells."""
    prices, per_usd = read_prices("pakistan"), float(entry.data["rupees_per_usd"])
    settled = float(entry.data["terms"]["settled_people"])
    rows = []
    for lot in entry.data["fibre"]:
        here = _district(cells, lot["districts"])
        rough = here.loc[here["people"] >= settled, "rough_m"].to_numpy(np.float64)
        factor = float(candidates.terrain_factor(rough, prices["fibre_mountain_factor"]).mean())
        ours, theirs = prices["fibre_usd_km"] * factor * per_usd / 1e6, lot["rupees_million"] / lot["km"]
        fitted = bool(lot.get("calibrated"))
        note = "calibrated to" if fitted else "not used in the cost book's base"
        source, name = f"{entry.provenance['source']}; {note}", f"fibre {lot['name']}, Rs M/km"
        rows.append(Row(name, ours, theirs, FIBRE_TOLERANCE * theirs, source, gate=fitted))
    return rows
