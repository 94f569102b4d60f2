"""The census units: 591 tehsils of 2023 and the 2017 sub-divisions of Azad Kashmir and Gilgit-Baltistan."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tools.data.inputs import Inputs, districts

HERE = Path(__file__).parent
TERRITORIES = {"AZAD JAMMU AND KASHMIR": "Azad Jammu and Kashmir", "GILGIT BALTISTAN": "Gilgit-Baltistan"}
LACKING_DISTRICT = "TANDO MUHAMMAD KHAN"  # its unit of the same name is not in Table 1
TERRITORY_DISTRICTS = {"Hattian Bala": "Jhelum Valley", "Baltistan": "Skardu"}
# The territories were not counted in 2023: their grid share is that of the counted districts beside them.
NEIGHBOURS = {
    "Azad Jammu and Kashmir": ["Mansehra", "Abbottabad", "Rawalpindi", "Jhelum", "Gujrat", "Sialkot"],
    "Gilgit-Baltistan": ["Upper Kohistan", "Lower Kohistan", "Mansehra", "Upper Chitral"],
}
LIGHTING = {
    "HOUSEHOLDS": "lighting_households",
    "LIGHT_ELECT": "grid_households",
    "LIGHT_SOLAR": "solar_households",
}
ENROLMENT = {
    "Enrolment Primary": "pupils_primary",
    "Enrolment Middle": "pupils_middle",
    "Enrolment Matric": "pupils_matric",
    "Enrolment Intermidiate": "pupils_intermediate",
    "Enrolment Graduation above": "pupils_degree",
}
EDUCATION = {
    "Population >=10": "people_10",
    "Literate >=10": "literate",
    "Out of School Children (5-16)": "out_of_school",
    **ENROLMENT,
}
RURAL_CLASSES = {  # classes of Table 3, largest first, with their smallest size
    "5,000 AND ABOVE": ("rural_5000_up", 5_000),
    "2,000 -- 4,999": ("rural_2000_4999", 2_000),
    "1,000 -- 1,999": ("rural_1000_1999", 1_000),
    "500 -- 999": ("rural_500_999", 500),
    "200 -- 499": ("rural_200_499", 200),
    "LESS THAN 200": ("rural_under_200", 1),
    "UN-INHABITED": ("rural_empty", 0),
}
RURAL = [name for name, _ in RURAL_CLASSES.values()]
KEYS = ["province", "district", "unit", "census_year"]
SHARES = ["grid_share", "solar_share", "literate_share"]
COUNTS = [*LIGHTING.values(), *EDUCATION.values(), "pupils"]
COLUMNS = [*KEYS, "people", "urban", "households", "school_age", *SHARES, *COUNTS, *RURAL, "modelled"]


def units(inputs: Inputs) -> pd.DataFrame:
    """Every counted unit: people, households, light, schooling and rural localities by size.

    Returns
    -------
    DataFrame, one row a unit
        Counts of Tables 3, 12 and 22 are as published (their sums are the published ones); people
        are those of Table 1, households those of Table 22 scaled to the district table. ``grid_share`` and
        ``solar_share`` are of ``lighting_households``, ``literate_share`` of ``people_10`` (aged 10 and
        more), ``pupils`` are enrolled at any level. ``school_age`` is as counted (Table 13B), for
        Islamabad, which that table lacks, from the ages of the district. ``rural_*`` are numbers of rural
        localities. ``modelled`` is True where light and schooling were not counted: they are then at the
        rates of the counted districts in ``NEIGHBOURS``.
    """
    counted = _counted_2023(inputs)
    both = pd.concat([counted, _counted_2017(inputs, counted)], ignore_index=True)
    both = both.merge(rural_classes(inputs), on=["district", "unit"], how="left", validate="1:1")
    both[RURAL] = both[RURAL].fillna(0).astype(np.int64)
    return both[COLUMNS]


def _counted_2023(inputs: Inputs) -> pd.DataFrame:
    control = districts(inputs)
    frame = _table_1(inputs).merge(_table_22(inputs), on=["key", "unit"], how="outer", validate="1:1")
    frame = frame.merge(_ages(inputs), on=["key", "unit"], how="left", validate="1:1")
    frame = frame.merge(_table_12(inputs), on=["key", "unit"], how="outer", validate="1:1")
    frame = frame.merge(_table_13(inputs), on=["key", "unit"], how="left", validate="1:1")
    control = control.assign(key=control["district"].map(district_key))
    frame = frame.merge(control, on="key", how="left", validate="m:1", suffixes=("_unit", ""))
    frame = _recover_missing(frame)
    frame["people"] = frame["people_unit"].astype(np.int64)
    frame["urban"] = np.minimum(frame["urban_unit"].round(), frame["people"]).astype(np.int64)
    scale = frame["households"] / frame.groupby("district")["households_unit"].transform("sum")
    frame["households"] = frame["households_unit"] * scale
    by_district = _district_ages(inputs).reindex(frame["key"]).reset_index(drop=True)
    aged = (frame["age_5_14"] * by_district["to_16"]).fillna(by_district["share"])
    age = frame["age_5_16"].fillna(frame["people"] * aged)
    return with_shares(frame.assign(census_year=2023, school_age=age, modelled=False))


def with_shares(frame: pd.DataFrame) -> pd.DataFrame:
    """The shares of households and people, from their counts."""
    return frame.assign(
        grid_share=frame["grid_households"] / frame["lighting_households"],
        solar_share=frame["solar_households"] / frame["lighting_households"],
        literate_share=frame["literate"] / frame["people_10"],
    )


def district_key(name: str) -> str:
    """District name in the spelling that all tables share."""
    aliases = {
        "ISLAMABAD": "ISLAMABAD",
        "MALAKAND PROTECTED AREA": "MALAKAND",
        "TANDO AHYAR": "TANDO ALLAHYAR",
    }
    upper = re.sub(r"\s+", " ", str(name).upper().strip())
    return aliases.get(upper, upper)


def _table_1(inputs: Inputs) -> pd.DataFrame:
    """Table 1 with the names repaired; one row a unit."""
    raw = inputs.table("census2023/TABLE_01")
    raw = raw[["DISTRICT", "TEHSIL", "REGION", "ALL_SEXES"]].reset_index(drop=True)
    block = (raw["REGION"].eq("OVERALL") & raw["ALL_SEXES"].notna()).cumsum()
    raw = raw.dropna(subset=["ALL_SEXES"]).assign(block=block)
    wide = raw.pivot_table(index="block", columns="REGION", values="ALL_SEXES", aggfunc="first")
    head = raw[raw["REGION"].eq("OVERALL")].set_index("block")
    frame = pd.DataFrame(
        {
            "DISTRICT": head["DISTRICT"],
            "TEHSIL": head["TEHSIL"],
            "people": wide["OVERALL"].astype(np.int64),
            "urban_unit": wide["URBAN"].fillna(0.0),
        }
    )
    return _repair(frame)


def _repair(frame: pd.DataFrame) -> pd.DataFrame:
    aliases = pd.read_csv(HERE / "unit_aliases.csv", keep_default_na=False)
    table = {
        (r.table_1_district, r.table_1_tehsil, r.people): (r.district, r.unit) for r in aliases.itertuples()
    }
    named = [
        table.get((d, t, p), (district_key(d), t))
        for d, t, p in zip(frame["DISTRICT"], frame["TEHSIL"], frame["people"], strict=True)
    ]
    out = pd.DataFrame(named, columns=["key", "unit"], index=frame.index)
    return out.assign(people=frame["people"], urban_unit=frame["urban_unit"]).reset_index(drop=True)


def _unit_names(raw: pd.DataFrame) -> pd.DataFrame:
    """District key and unit name of the household and age tables, as Table 1 has them after repair."""
    excluded = raw["ADMIN_UNIT"].eq("DE-EXCLUDED_AREA") & raw["TEHSIL"].eq("RAJANPUR")
    unit = raw["TEHSIL"].where(~excluded, "RAJANPUR DE-EXCLUDED AREA")
    unit = unit.replace({"SUB-DIVISION SADDAR": "SADDAR TEHSIL"})
    return pd.DataFrame({"key": raw["DISTRICT"].map(district_key), "unit": unit})


def _table_22(inputs: Inputs) -> pd.DataFrame:
    raw = inputs.table("census2023/TABLE_22")
    raw = raw[raw["REGION"].eq("OVERALL")].reset_index(drop=True)
    counts = raw[list(LIGHTING)].rename(columns=LIGHTING).fillna(0.0).astype(np.int64)
    return _unit_names(raw).assign(households=raw["HOUSEHOLDS"]).join(counts)


def _table_12(inputs: Inputs) -> pd.DataFrame:
    """Literacy, enrolment and children out of school (Table 12); a level that nobody attends is blank."""
    raw = inputs.table("census2023/TABLE_12").reset_index(drop=True)
    raw = _unit_names(raw).join(raw[["VARS", "ALL_SEXES_OVERALL"]])
    raw = raw[raw["VARS"].isin(EDUCATION)]
    if raw.duplicated(["key", "unit", "VARS"]).any():
        raise ValueError("two units of one name in Table 12: add them to unit_aliases.csv")
    wide = raw.pivot_table(
        index=["key", "unit"], columns="VARS", values="ALL_SEXES_OVERALL", aggfunc="sum", fill_value=0.0
    )
    wide = wide.rename(columns=EDUCATION).astype(np.int64)
    return wide.assign(pupils=wide[list(ENROLMENT.values())].sum(axis=1)).reset_index()


def _table_13(inputs: Inputs) -> pd.DataFrame:
    """People aged 5 to 16 (Table 13B; 13A is the same, but blank for Lahore City)."""
    raw = inputs.table("census2023/TABLE_13B").reset_index(drop=True)
    rows = raw["VARS"].eq("Population") & raw["AGE_BRACKET"].eq("5 - 16")
    return _unit_names(raw)[rows].assign(age_5_16=raw.loc[rows, "ALL_SEXES_OVERALL"])


def rural_classes(inputs: Inputs) -> pd.DataFrame:
    """Rural localities by size class in each unit (Table 3; the 2017 villages where 2023 did not count).

    Returns
    -------
    DataFrame, one row a unit that has rural localities
        ``district``, ``unit``, numbers of localities ``rural_*`` and their people ``rural_*_people``; the
        people are before the scaling of ``units`` to the district table.
    """
    return pd.concat([_table_3(inputs), _villages(inputs)], ignore_index=True)


def _table_3(inputs: Inputs) -> pd.DataFrame:
    """Table 3 without its rows for divisions, which repeat those of their tehsils."""
    raw = inputs.table("census2023/TABLE_03").reset_index(drop=True)
    named = _rural_names(raw)
    size = raw["RURAL_LOCALITIES_BY_POP_SIZE"].map({k: v[0] for k, v in RURAL_CLASSES.items()})
    counts = raw[["NUMBER_OF_RURAL_LOCALITIES", "ALL_SEXES"]].fillna(0.0)
    counts.columns = ["localities", "people"]
    raw = named.join(counts).assign(size=size)
    raw = raw[raw["size"].notna() & named["key"].notna()]
    if raw.duplicated(["key", "unit", "size"]).any():
        raise ValueError("two units of one name in Table 3: add them to unit_aliases.csv")
    names = districts_by_key(inputs)
    return _by_size(raw.assign(district=raw["key"].map(names)), "localities", "people")


def _by_size(raw: pd.DataFrame, localities: str, people: str) -> pd.DataFrame:
    """One row a unit from one row a unit and size."""
    wide = {
        name: raw.pivot_table(
            index=["district", "unit"], columns="size", values=name, aggfunc="sum", fill_value=0
        )
        for name in (localities, people)
    }
    whole = {name: part.reindex(columns=RURAL, fill_value=0).astype(np.int64) for name, part in wide.items()}
    joined = whole[localities].join(whole[people].add_suffix("_people"))
    return joined.rename_axis(columns=None).reset_index()


def districts_by_key(inputs: Inputs) -> dict[str, str]:
    """Name of the district behind each key."""
    return {district_key(name): name for name in districts(inputs)["district"]}


def _rural_names(raw: pd.DataFrame) -> pd.DataFrame:
    """District key and unit of each row of Table 3; both empty on the rows for divisions.

    The names are repaired by ``rural_aliases.csv``: a block is told by its district, tehsil, kind of unit and
    whether its first row is missing, which is so once (Gidder follows Dasht E Goran under its name).
    """
    listed = pd.read_csv(HERE / "rural_aliases.csv", keep_default_na=False)
    table = {
        (r.district, r.tehsil, r.admin_unit, r.block): (r.key, r.unit) for r in listed.itertuples(index=False)
    }
    place = raw["DISTRICT"] + "/" + raw["TEHSIL"] + "/" + raw["ADMIN_UNIT"]
    largest = raw["RURAL_LOCALITIES_BY_POP_SIZE"].eq("5,000 AND ABOVE")
    block = largest.groupby(place).cumsum().fillna(1).clip(lower=1).astype(int)
    plain = _unit_names(raw)
    found = [
        table.get((d, t, a, b), (k, u))
        for d, t, a, b, k, u in zip(
            raw["DISTRICT"],
            raw["TEHSIL"],
            raw["ADMIN_UNIT"],
            block,
            plain["key"],
            plain["unit"],
            strict=True,
        )
    ]
    out = pd.DataFrame(found, columns=["key", "unit"], index=raw.index)
    return out.mask(raw["ADMIN_UNIT"].eq("DIVISION"))


def _ages(inputs: Inputs) -> pd.DataFrame:
    """Share of the people aged 5 to 14 and living in towns, by unit (Table 5)."""
    raw = inputs.table("census2023/TABLE_05").reset_index(drop=True)
    raw = _unit_names(raw).join(raw[["SEX_AGE_GROUP_IN_YEARS", "ALL_SEXES_OVERALL", "ALL_SEXES_URBAN"]])
    wide = raw.pivot_table(
        index=["key", "unit"], columns="SEX_AGE_GROUP_IN_YEARS", values="ALL_SEXES_OVERALL", aggfunc="first"
    )
    everyone = raw[raw["SEX_AGE_GROUP_IN_YEARS"].eq("ALL AGES")].set_index(["key", "unit"])
    share = (wide["UNDER 15"] - wide["UNDER 5"]) / wide["ALL AGES"]
    urban = everyone["ALL_SEXES_URBAN"].fillna(0.0) / everyone["ALL_SEXES_OVERALL"]
    return pd.DataFrame({"age_5_14": share, "urban_share": urban}).reset_index()


def _district_ages(inputs: Inputs) -> pd.DataFrame:
    """Share aged 5 to 16, and its ratio to the share aged 5 to 14, by district (Table 4)."""
    raw = inputs.table("census2023/TABLE_04")
    raw = raw.assign(key=raw["DISTRICT"].map(district_key))
    wide = raw.pivot_table(
        index="key", columns="SEX_AGE_GROUP_IN_YEARS", values="ALL_SEXES_OVERALL", aggfunc="first"
    )
    to_14 = wide[[f"{age:02d}" for age in range(5, 15)]].sum(axis=1)
    to_16 = to_14 + wide["15"] + wide["16"]
    return pd.DataFrame({"share": to_16 / wide["ALL AGES"], "to_16": to_16 / to_14})


def _recover_missing(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the one unit that Table 1 lacks what is left of its district."""
    missing = frame["people_unit"].isna()
    if int(missing.sum()) != 1:
        raise ValueError(f"one unit lacks its count, found {frame.loc[missing, 'unit'].tolist()}")
    row = frame.index[missing][0]
    counted = frame.loc[frame["district"].eq(frame.loc[row, "district"]), "people_unit"].sum()
    left = frame.loc[row, "people"] - counted
    frame.loc[row, "people_unit"] = left
    frame.loc[row, "urban_unit"] = round(left * frame.loc[row, "urban_share"])
    return frame


def share_out(weights: NDArray[Any], total: int) -> NDArray[np.int64]:
    """Whole numbers in proportion to weights that sum exactly to a total (largest remainder)."""
    weights = np.asarray(weights, dtype=np.float64)
    exact = weights / weights.sum() * total
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return np.asarray(whole)


def _villages_2017(inputs: Inputs) -> pd.DataFrame:
    """Villages and wards of the two territories that were not counted in 2023."""
    raw = inputs.table("villages2017")
    raw = raw[raw["Province"].isin(TERRITORIES)]
    name = raw["District"].str.replace(" DISTRICT", "", regex=False).str.title()
    return pd.DataFrame(
        {
            "province": raw["Province"].map(TERRITORIES),
            "district": name.map(lambda n: TERRITORY_DISTRICTS.get(n, n)),
            "unit": raw["Tehsil"].str.replace(r" (TEHSIL|SUB-DIVISION)$", "", regex=True),
            "people": raw["p"].astype(np.int64),
            "households": raw["h"].astype(np.float64),
            "urban": raw["p"].where(raw["PatwarCircle"].str.startswith("CHARGE"), 0).astype(np.int64),
            "rural": ~raw["PatwarCircle"].str.startswith("CHARGE"),
        }
    )


def _villages(inputs: Inputs) -> pd.DataFrame:
    raw = _villages_2017(inputs)
    raw = raw[raw["rural"]]
    names, sizes = RURAL[::-1], [size for _, size in RURAL_CLASSES.values()][::-1]
    raw = raw.assign(size=np.asarray(names)[np.searchsorted(sizes, raw["people"], side="right") - 1])
    return _by_size(raw.assign(localities=1), "localities", "people")


def _counted_2017(inputs: Inputs, counted: pd.DataFrame) -> pd.DataFrame:
    """Sub-divisions of the two territories that were not counted in 2023.

    Ages are at the nation's mean. Light and schooling are modelled: the rates of the counted districts beside
    each territory, over its own households, people and children.
    """
    keys = ["province", "district", "unit"]
    frame = _villages_2017(inputs).groupby(keys)[["people", "urban", "households"]].sum().reset_index()
    frame["school_age"] = frame["people"] * (counted["school_age"].sum() / counted["people"].sum())
    base = {**dict.fromkeys(LIGHTING.values(), "households"), "out_of_school": "school_age"}
    for name in COUNTS:
        of = base.get(name, "people")
        rate = {place: _rate(counted, beside, name, of) for place, beside in NEIGHBOURS.items()}
        frame[name] = (frame[of] * frame["province"].map(rate)).round().astype(np.int64)
    return with_shares(frame.assign(census_year=2017, modelled=True))


def _rate(counted: pd.DataFrame, names: list[str], count: str, of: str) -> float:
    rows = counted[counted["district"].isin(names)]
    return float(rows[count].sum() / rows[of].sum())


def published(inputs: Inputs) -> pd.DataFrame:
    """District totals as published; what the cells are checked against.

    ``people`` is the sum of the district's units in Table 1. The table of districts, ``people_by_district``,
    differs from it in eight districts, which are four pairs that exchange people.
    """
    raw = inputs.table("census2017_blocks")
    raw = raw[raw["Province"].isin(TERRITORIES)]
    old = raw.groupby(["Province", "District"])[["Pop2017", "HH2017"]].sum().reset_index()
    name = old["District"].str.replace(" DISTRICT", "", regex=False).str.title()
    territories = pd.DataFrame(
        {
            "province": old["Province"].map(TERRITORIES),
            "district": name.map(lambda n: TERRITORY_DISTRICTS.get(n, n)),
            "people": old["Pop2017"].astype(np.int64),
            "people_by_district": old["Pop2017"].astype(np.int64),
            "households": old["HH2017"].astype(np.float64),
            "census_year": 2017,
        }
    )
    both = pd.concat([_districts_2023(inputs), territories], ignore_index=True)
    return both.sort_values(
        ["census_year", "province", "district"], ascending=[False, True, True], ignore_index=True
    )


def _districts_2023(inputs: Inputs) -> pd.DataFrame:
    """Both published counts of each district; the one unit that Table 1 lacks is what is left of its own."""
    table = districts(inputs).rename(columns={"people": "people_by_district"}).assign(census_year=2023)
    table["key"] = table["district"].map(district_key)
    units = _table_1(inputs)
    left = table["people_by_district"].sum() - units["people"].sum()
    lacking = table["key"].eq(LACKING_DISTRICT)
    sums = table["key"].map(units.groupby("key")["people"].sum()) + np.where(lacking, left, 0)
    return table.assign(people=sums.astype(np.int64)).drop(columns="key")
