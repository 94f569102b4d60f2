"""The shipped nation against the census, the regulator's coverage and a cable that was built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rabta import catalog
from rabta.errors import RabtaError
from rabta.geo import great_circle_m
from rabta.nation import layers
from rabta.scenario import Nation
from rabta.verify import Row, suite

if TYPE_CHECKING:
    import pandas as pd

CENSUS = "Pakistan Bureau of Statistics, 7th Population and Housing Census (2023), population by district"
CENSUS_2017 = "Pakistan Bureau of Statistics, 6th Population and Housing Census (2017), census blocks"
AREA = "Pakistan Bureau of Statistics, 2023 census, Table 1: 796,096 km2; boundaries here are OCHA's"
COVERAGE = (
    "Pakistan Telecommunication Authority, reports of 2023-24 (91 %, 81 %) and 2024-25 (92 %); calibrated to"
)
CABLE = (
    "Special Communications Organization: Rawalpindi - Khunjerab optical fibre, 820 km; not used in the fit, "
    "whose own error on 12 highways is 13.5 % (rms)"
)
PUBLISHED = {
    "Punjab": 127_688_922,
    "Sindh": 55_696_147,
    "Khyber Pakhtunkhwa": 40_856_097,
    "Balochistan": 14_894_402,
    "Islamabad": 2_363_863,
}
TERRITORIES = {"Azad Jammu and Kashmir": 4_045_367, "Gilgit-Baltistan": 1_492_924}
RAWALPINDI, KHUNJERAB = (33.600, 73.050), (36.850, 75.428)


@suite("nation", "Pakistan's cells: census, coverage, backbone", needs="a folder of layers")
def nation(files: Path | None) -> list[Row]:
    """Sums of the cells beside what was published."""
    entry = Nation(data=str(files)) if files else Nation()
    cells = layers.load(entry).cells
    rows = _census(cells)
    rows += _coverage(cells)
    backbone = layers.folder(entry) / "backbone.parquet"
    return rows + _cable(cells, backbone) if backbone.is_file() else rows


def _census(cells: pd.DataFrame) -> list[Row]:
    by_province = cells.groupby("province")["people"].sum()
    counted = cells[cells["province"].isin(list(PUBLISHED))]
    rows = [Row("people, 2023", float(counted["people"].sum()), 241_499_431.0, 0.0, CENSUS)]
    for names, source in ((PUBLISHED, CENSUS), (TERRITORIES, CENSUS_2017)):
        rows += [
            Row(f"people, {name}", float(by_province.get(name, 0)), float(people), 0.0, source)
            for name, people in names.items()
        ]
    rows += _districts(cells)
    area = float(counted["area_km2"].sum())
    return [*rows, Row("land counted in 2023, km2", area, 796_096.0, 0.01 * 796_096, AREA)]


def _districts(cells: pd.DataFrame) -> list[Row]:
    """How many districts have exactly the published people."""
    import pandas as pd

    path = catalog.entry("nations", "pakistan").path.with_suffix("") / "census.parquet"
    published = pd.read_parquet(path)
    ours = cells.groupby(["province", "district"])["people"].sum().to_dict()
    equal = np.array(
        [
            ours.get((p, d), -1) == n
            for p, d, n in published[["province", "district", "people"]].itertuples(index=False)
        ]
    )
    new = published["census_year"].eq(2023).to_numpy()
    return [
        Row("districts equal to the person, 2023", float(equal[new].sum()), 136.0, 0.0, CENSUS),
        Row("districts equal to the person, 2017", float(equal[~new].sum()), 20.0, 0.0, CENSUS_2017),
    ]


def _coverage(cells: pd.DataFrame) -> list[Row]:
    people, best = cells["people"], cells["mobile_today"]
    cellular = 100.0 * float(people[best.ne("none")].sum()) / float(people.sum())
    broadband = 100.0 * float(people[best.isin(["3g", "4g"])].sum()) / float(people.sum())
    return [
        Row("people with cellular coverage, %", cellular, 91.5, 0.5, COVERAGE),
        Row("people with 3G or 4G coverage, %", broadband, 81.0, 0.5, COVERAGE),
    ]


def _cable(cells: pd.DataFrame, path: Path) -> list[Row]:
    """Length of the modelled backbone between two places."""
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
    km = float(csgraph.dijkstra(graph, directed=False, indices=start)[end])
    return [Row("cable Rawalpindi - Khunjerab, km", km, 820.0, 0.135 * 820.0, CABLE)]


def _nearest(cells: pd.DataFrame, rows: np.ndarray, place: tuple[float, float]) -> int:
    there = cells.iloc[rows]
    return int(rows[np.argmin(great_circle_m(there["lat_deg"], there["lon_deg"], *place))])
