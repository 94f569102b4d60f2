"""The shipped nation against the census."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rabta import catalog
from rabta.nation import layers
from rabta.scenario import Nation
from rabta.verify import Row, suite

if TYPE_CHECKING:
    import pandas as pd

CENSUS = "Pakistan Bureau of Statistics, 7th Population and Housing Census (2023), population by district"
CENSUS_2017 = "Pakistan Bureau of Statistics, 6th Population and Housing Census (2017), census blocks"
AREA = "Pakistan Bureau of Statistics, 2023 census, Table 1: 796,096 km2; boundaries here are OCHA's"
PUBLISHED = {
    "Punjab": 127_688_922,
    "Sindh": 55_696_147,
    "Khyber Pakhtunkhwa": 40_856_097,
    "Balochistan": 14_894_402,
    "Islamabad": 2_363_863,
}
TERRITORIES = {"Azad Jammu and Kashmir": 4_045_367, "Gilgit-Baltistan": 1_492_924}


@suite("nation", "Pakistan's cells: people and land of the census", needs="a folder of layers")
def nation(files: Path | None) -> list[Row]:
    """Sums of the cells beside what was published."""
    entry = Nation(data=str(files)) if files else Nation()
    return _census(layers.load(entry).cells)


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
