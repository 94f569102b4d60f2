"""The shipped nation against the census, and against towns whose people were withheld."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rabta import catalog
from rabta.nation import aggregate, layers
from rabta.scenario import Nation
from rabta.verify import Row, suite

CENSUS = "Pakistan Bureau of Statistics, 7th Population and Housing Census (2023)"
UNITS = f"{CENSUS}, Table 1: each tehsil's people in the apportionment of cells"
DISTRICTS = f"{CENSUS}, Table 1"
OTHER_TABLE = (
    f"{CENSUS}, by district; differs from Table 1 in eight districts, pair by pair: Jhang and Toba "
    "Tek Singh 12,081 people, Karachi East and Malir 28,289, Kalat and Surab 946, Kachhi and Nasirabad 62"
)
CENSUS_2017 = "Pakistan Bureau of Statistics, 6th Population and Housing Census (2017), census blocks"
AREA = "Pakistan Bureau of Statistics, 2023 census, Table 1: 796,096 km2; boundaries here are OCHA's"
HELD_OUT = (
    "2023 census, Table 2, against what the rule for towns gives without the counts of their districts; it "
    "was chosen on these folds (another gave 25.8 %)"
)
SURFACE = (
    "2023 census, Table 2, against the surface of people alone, within the radius of a town of that size"
)
PUBLISHED = {
    "Punjab": 127_688_922,
    "Sindh": 55_696_147,
    "Khyber Pakhtunkhwa": 40_856_097,
    "Balochistan": 14_894_402,
    "Islamabad": 2_363_863,
}
TERRITORIES = {"Azad Jammu and Kashmir": 4_045_367, "Gilgit-Baltistan": 1_492_924}
SCHOOLS = "Pakistan Institute of Education, Pakistan Education Statistics 2021-22; places modelled"
LIGHT = f"{CENSUS}, Table 22: households lit by the grid and by solar panels"
LITERACY = f"{CENSUS}, Table 12: children aged 5 to 16 out of school"
AERODROMES = "airportsdata 20260905: aerodromes of Pakistan with an ICAO or local code"
AIM_PERCENT = 25.0


@suite("nation", "Pakistan's people and places: census, towns held out", needs="a folder of layers")
def nation(files: Path | None) -> list[Row]:
    """Sums of the cells beside what was published, at the finest resolution and at the default one."""
    where = Nation(data=str(files)) if files else Nation()
    found = layers.load(where)
    coarse = aggregate.aggregate(found, Nation().resolution)
    rows = _census(found, "") + _census(coarse, f", resolution {Nation().resolution}")[:1]
    rows += _units(found) + _districts(found) + _services(found)
    return rows + _held_out(layers.folder(where) / "heldout.parquet")


def _census(found: layers.Layers, note: str) -> list[Row]:
    """People of the nation and of each province, and the land."""
    units = found.units
    parts = aggregate.pieces(found.cells, units.tehsils, units.apportionment)
    by_province = parts.groupby("province")["people"].sum()
    counted = float(by_province.reindex(list(PUBLISHED)).sum())
    rows = [Row(f"people, 2023{note}", counted, 241_499_431.0, 0.0, CENSUS)]
    for names, source in ((PUBLISHED, CENSUS), (TERRITORIES, CENSUS_2017)):
        rows += [
            Row(f"people, {name}{note}", float(by_province.get(name, 0)), float(people), 0.0, source)
            for name, people in names.items()
        ]
    area = float(found.cells.loc[found.cells["province"].isin(list(PUBLISHED)), "area_km2"].sum())
    return [*rows, Row(f"land counted in 2023, km2{note}", area, 796_096.0, 0.01 * 796_096, AREA)]


def _units(found: layers.Layers) -> list[Row]:
    """Census units whose people in the apportionment equal the count, and cells whose people equal theirs."""
    tehsils, parts = found.units.tehsils, found.units.apportionment
    placed = np.bincount(parts["tehsil_row"], parts["people"], minlength=len(tehsils))
    equal = placed == tehsils["people"].to_numpy()
    new = tehsils["census_year"].eq(2023).to_numpy()
    in_cells = np.bincount(parts["cell_row"], parts["people"], minlength=len(found.cells))
    same = float((in_cells == found.cells["people"].to_numpy()).sum())
    return [
        Row("tehsil units equal to the person, 2023", float(equal[new].sum()), 591.0, 0.0, UNITS),
        Row("sub-divisions equal to the person, 2017", float(equal[~new].sum()), 44.0, 0.0, CENSUS_2017),
        Row(
            "cells equal to their tehsils' parts", same, float(len(found.cells)), 0.0, "the layers themselves"
        ),
    ]


def _districts(found: layers.Layers) -> list[Row]:
    """How many districts have exactly the published people."""
    import pandas as pd

    published = pd.read_parquet(catalog.entry("nations", "pakistan").path.with_suffix("") / "census.parquet")
    units = found.units
    parts = aggregate.pieces(found.cells, units.tehsils, units.apportionment)
    ours = parts.groupby(["province", "district"])["people"].sum()
    placed = ours.reindex(pd.MultiIndex.from_frame(published[["province", "district"]])).to_numpy()
    new = published["census_year"].eq(2023).to_numpy()
    equal = placed == published["people"].to_numpy()
    other = placed == published["people_by_district"].to_numpy()
    return [
        Row("districts equal to the person, 2023", float(equal[new].sum()), 136.0, 0.0, DISTRICTS),
        Row("districts equal to the other table", float(other[new].sum()), 136.0, 8.0, OTHER_TABLE),
        Row("districts equal to the person, 2017", float(equal[~new].sum()), 20.0, 0.0, CENSUS_2017),
    ]


def _services(found: layers.Layers) -> list[Row]:
    """Schools over all cells; light and children out of school over the five provinces counted in 2023."""
    cells, tehsils = found.cells, found.units.tehsils
    new = tehsils[tehsils["census_year"] == 2023]
    light = new["households"].to_numpy(dtype=np.float64)
    grid, sun = (100.0 * float(new[name] @ light) / light.sum() for name in ("grid_share", "solar_share"))
    out_of_school = float(new["out_of_school"].sum())
    return [
        Row("schools", float(cells["schools"].sum()), 313_418.0, 0.0, SCHOOLS),
        Row("households on the grid, %", grid, 100.0 * 32_179_042 / 38_292_556, 0.05, LIGHT),
        Row("households lit by solar panels, %", sun, 100.0 * 2_962_152 / 38_292_556, 0.05, LIGHT),
        Row("children out of school", out_of_school, 25_373_350.0, 0.5, LITERACY),
        Row("aerodromes", float(len(found.aerodromes)), 102.0, 0.0, AERODROMES),
    ]


def _held_out(path: Path) -> list[Row]:
    """Median error of the towns whose count was withheld: with their place known, and without."""
    import pandas as pd

    if not path.is_file():
        return []
    towns = pd.read_parquet(path)
    known, unknown = (
        100.0 * float((towns[name] / towns["census"] - 1.0).abs().median())
        for name in ("predicted", "predicted_unplaced")
    )
    count = len(towns)
    return [
        Row(f"{count} towns held out, place known, median error, %", known, 0.0, AIM_PERCENT, HELD_OUT),
        Row(f"{count} towns held out, place unknown, %", unknown, 0.0, AIM_PERCENT, SURFACE, gate=False),
    ]
