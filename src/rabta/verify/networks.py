"""Today's modelled networks, cables and spectrum against what the regulator and others have published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError
from rabta.geo import great_circle_m
from rabta.nation import layers
from rabta.scenario import Nation
from rabta.verify import Row, suite

if TYPE_CHECKING:
    import pandas as pd

COVERAGE = (
    "Pakistan Telecommunication Authority, reports of 2023-24 (91 %, 81 %) and 2024-25 (92 %); the number of "
    "coverage sites is fitted to the first, the margin for shadowing to the second within its bounds"
)
SITES = "Pakistan Telecommunication Authority, December 2024"
ADDITIONS = (
    "PTA (techjuice.pk, 23 August 2025): new sites a year that licences ask for, 245, 105, 65 and 30 of 445; "
    "Islamabad is with Punjab"
)
CABLE = (
    "Special Communications Organization: Rawalpindi - Khunjerab optical fibre, 820 km; laid here on its "
    "published route (Mansehra, Naran, Babusar, Chilas, Gilgit); not used in the fit to 12 highways"
)
CABLE_PARTS = (
    "The same cable, urdupoint.com, 5 September 2016, and propakistani.pk, 13 July 2020 (280 and 288)"
)
AUCTION = "Dawn, 10 March 2026: US$ 507 million; recomputed from the lots and their prices"
JAZZ = "arynews.tv, 13 March 2026: US$ 239.38 million"
RAWALPINDI, KHUNJERAB = (33.600, 73.050), (36.850, 75.428)
FIT_ERROR = 0.102
PLAUSIBLE = 0.3  # part by which shares of sites that stand may differ from those of sites to be added


@suite("networks", "Pakistan's sites, coverage, fibre, cables, spectrum", needs="a folder of layers")
def networks(files: Path | None) -> list[Row]:
    """Sums and lengths beside what was published."""
    entry = Nation(data=str(files)) if files else Nation()
    cells = layers.load(entry).cells
    backbone = layers.folder(entry) / "backbone.parquet"
    rows = coverage(cells) + sites(cells)
    rows += cable(cells, backbone) if backbone.is_file() else []
    return rows + international() + spectrum()


def coverage(cells: pd.DataFrame) -> list[Row]:
    """Shares of the people by the best service of their cell."""
    people, best = cells["people"], cells["mobile_today"]
    cellular = 100.0 * float(people[best.ne("none")].sum()) / float(people.sum())
    broadband = 100.0 * float(people[best.isin(["3g", "4g"])].sum()) / float(people.sum())
    return [
        Row("people with cellular coverage, % (calibrated)", cellular, 91.5, 0.5, COVERAGE),
        Row("people with 3G or 4G coverage, % (calibrated)", broadband, 81.0, 1.0, COVERAGE),
    ]


def sites(cells: pd.DataFrame) -> list[Row]:
    """Cell sites: the total, those with 4G, and the provinces' shares of the four provinces' sites."""
    published = catalog.entry("nations", "pakistan").data["sites"]
    total, with_4g = float(cells["sites"].sum()), float(cells["sites_4g"].sum())
    additions: dict[str, int] = published["additions"]
    ours = cells["sites"].groupby(cells["province"].replace({"Islamabad": "Punjab"})).sum()
    ours = 100.0 * ours[list(additions)] / ours[list(additions)].sum()
    whole = sum(additions.values())
    return [
        Row("cell sites (set)", total, float(published["total"]), 0.5, SITES),
        Row("cell sites with 4G, % (set)", 100.0 * with_4g / max(total, 1.0), 96.2, 0.05, SITES),
        *(
            Row(
                f"sites, {name}, %",
                float(ours[name]),
                100.0 * count / whole,
                PLAUSIBLE * 100.0 * count / whole,
                ADDITIONS,
                gate=False,
            )
            for name, count in additions.items()
        ),
    ]


def cable(cells: pd.DataFrame, path: Path) -> list[Row]:
    """Length of the modelled backbone between two places, and of its parts by province."""
    import pandas as pd
    from scipy import sparse
    from scipy.sparse import csgraph

    edges = pd.read_parquet(path)
    ends = edges[["from_row", "to_row"]].to_numpy()
    if ends.max() >= len(cells):
        raise RabtaError("backbone names a cell that is not there", file=path, value=int(ends.max()))
    graph = sparse.csr_array(
        (edges["route_km"].to_numpy(), (ends[:, 0], ends[:, 1])), (len(cells), len(cells))
    )
    start, end = (_nearest(cells, np.unique(ends), place) for place in (RAWALPINDI, KHUNJERAB))
    far, before = csgraph.dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    parts = _by_province(cells, far, before, end)
    return [
        Row("cable Rawalpindi - Khunjerab, km", float(far[end]), 820.0, FIT_ERROR * 820.0, CABLE),
        Row("in Gilgit-Baltistan, km", parts.get("Gilgit-Baltistan", 0.0), 466.0, 0.15 * 466.0, CABLE_PARTS),
        Row(
            "in Khyber Pakhtunkhwa, km",
            parts.get("Khyber Pakhtunkhwa", 0.0),
            284.0,
            0.15 * 284.0,
            CABLE_PARTS,
        ),
    ]


def _by_province(cells: pd.DataFrame, far: Any, before: Any, end: int) -> dict[str, float]:
    """Length of the route back from the end, by the province of each step's far cell."""
    province = cells["province"].to_numpy()
    out: dict[str, float] = {}
    row = end
    while before[row] >= 0:
        name = str(province[row])
        out[name] = out.get(name, 0.0) + float(far[row] - far[before[row]])
        row = int(before[row])
    return out


def _nearest(cells: pd.DataFrame, rows: NDArray[np.int64], place: tuple[float, float]) -> int:
    there = cells.iloc[rows]
    return int(rows[np.argmin(great_circle_m(there["lat_deg"], there["lon_deg"], *place))])


def international() -> list[Row]:
    """Capacity of the cables that the regulator itemises, beside its totals; an older statement of it too."""
    total = catalog.entry("nations", "pakistan").data["international"]
    data = [catalog.entry("cables", name).data for name in total["cables"]]
    under_sea = sum(item["lit_tbps"] for item in data if item["kind"] == "submarine")
    old = total["earlier"][0]
    told = [
        one for item in data for one in item["capacity"] if one["source"].startswith("PTA to a committee")
    ]
    return [
        *(
            Row(f"international, {key[:-5]}, Tbit/s", _sum(data, key), total[key], 0.005, total["source"])
            for key in ("installed_tbps", "lit_tbps")
        ),
        Row("lit on six submarine cables, Tbit/s", under_sea, 13.0, 0.5, total["source"]),
        *(
            Row(f"earlier, {key[:-5]}, Tbit/s", _sum(told, key), old[key], 0.11, old["source"])
            for key in ("installed_tbps", "lit_tbps")
        ),
    ]


def _sum(data: list[dict[str, Any]], key: str) -> float:
    return float(sum(item[key] for item in data))


def spectrum() -> list[Row]:
    """Holdings before and after the auction of 2026, and what it raised from its lots and prices."""
    entry = catalog.entry("spectrum", "pakistan").data
    auction = entry["auction"]
    won = [row for row in entry["holdings"] if row["since"] == 2026]
    paid = {row["operator"]: 0.0 for row in won}
    for row in won:
        paid[row["operator"]] += row["mhz"] / auction["lot_mhz"] * auction["price_musd"][row["band"]]
    after, sold = _sum(entry["holdings"], "mhz"), _sum(won, "mhz")
    source = entry["source"]
    return [
        Row("mobile spectrum before March 2026, MHz", after - sold, entry["before_mhz"], 0.5, source),
        Row("mobile spectrum after, MHz", after, entry["after_mhz"], 0.5, source),
        Row("sold by auction, MHz", sold, auction["sold_mhz"], 0.0, source),
        Row("raised by auction, US$ million", sum(paid.values()), auction["raised_musd"], 0.5, AUCTION),
        Row("of this Jazz, US$ million", paid["Jazz"], 239.38, 0.05, JAZZ),
    ]
