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
TERRITORY_DISTRICTS = {"Hattian Bala": "Jhelum Valley", "Baltistan": "Skardu"}
# The territories were not counted in 2023: their grid share is that of the counted districts beside them.
NEIGHBOURS = {
    "Azad Jammu and Kashmir": ["Mansehra", "Abbottabad", "Rawalpindi", "Jhelum", "Gujrat", "Sialkot"],
    "Gilgit-Baltistan": ["Upper Kohistan", "Lower Kohistan", "Mansehra", "Upper Chitral"],
}
COLUMNS = [
    "province",
    "district",
    "unit",
    "census_year",
    "people",
    "urban",
    "households",
    "school_age",
    "grid_share",
]


def units(inputs: Inputs) -> pd.DataFrame:
    """Every counted unit with people, urban people, households, school age and grid share."""
    counted = _counted_2023(inputs)
    return pd.concat([counted, _counted_2017(inputs, counted)], ignore_index=True)[COLUMNS]


def _counted_2023(inputs: Inputs) -> pd.DataFrame:
    control = districts(inputs)
    frame = _table_1(inputs).merge(_table_22(inputs), on=["key", "unit"], how="outer", validate="1:1")
    frame = frame.merge(_ages(inputs), on=["key", "unit"], how="left", validate="1:1")
    control = control.assign(key=control["district"].map(district_key))
    frame = frame.merge(control, on="key", how="left", validate="m:1", suffixes=("_unit", ""))
    frame = _recover_missing(frame)
    frame["counted"] = frame["people_unit"]
    frame["people"] = _control(frame["people_unit"], frame["people"], frame["district"])
    share = frame["people"] / frame["counted"]
    frame["urban"] = np.minimum((frame["urban_unit"] * share).round(), frame["people"]).astype(np.int64)
    scale = frame["households"] / frame.groupby("district")["households_unit"].transform("sum")
    frame["households"] = frame["households_unit"] * scale
    by_district = _district_ages(inputs).reindex(frame["key"]).reset_index(drop=True)
    aged = (frame["age_5_14"] * by_district["to_16"]).fillna(by_district["share"])
    return frame.assign(census_year=2023, school_age=frame["people"] * aged)


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
    return _unit_names(raw).assign(
        households=raw["HOUSEHOLDS"], grid_share=raw["LIGHT_ELECT"].fillna(0.0) / raw["HOUSEHOLDS"]
    )


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


def _control(counted: pd.Series, total: pd.Series, group: pd.Series) -> pd.Series:
    """Scale units to their district's total; four pairs of districts differ between the tables."""
    out = counted.astype(np.int64).copy()
    for rows in group.groupby(group).groups.values():
        out[rows] = share_out(counted[rows].to_numpy(), int(total[rows[0]]))
    return out


def share_out(weights: NDArray[Any], total: int) -> NDArray[np.int64]:
    """Whole numbers in proportion to weights that sum exactly to a total (largest remainder)."""
    weights = np.asarray(weights, dtype=np.float64)
    exact = weights / weights.sum() * total
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return np.asarray(whole)


def _counted_2017(inputs: Inputs, counted: pd.DataFrame) -> pd.DataFrame:
    """Sub-divisions of the two territories that were not counted in 2023; ages from the nation's mean."""
    raw = inputs.table("villages2017")
    raw = raw[raw["Province"].isin(TERRITORIES)]
    raw = raw.assign(urban=raw["p"].where(raw["PatwarCircle"].str.startswith("CHARGE"), 0))
    grouped = raw.groupby(["Province", "District", "Tehsil"])[["p", "h", "urban"]].sum().reset_index()
    name = grouped["District"].str.replace(" DISTRICT", "", regex=False).str.title()
    province = grouped["Province"].map(TERRITORIES)
    return pd.DataFrame(
        {
            "province": province,
            "district": name.map(lambda n: TERRITORY_DISTRICTS.get(n, n)),
            "unit": grouped["Tehsil"].str.replace(r" (TEHSIL|SUB-DIVISION)$", "", regex=True),
            "census_year": 2017,
            "people": grouped["p"].astype(np.int64),
            "urban": grouped["urban"].astype(np.int64),
            "households": grouped["h"].astype(np.float64),
            "school_age": grouped["p"] * (counted["school_age"].sum() / counted["people"].sum()),
            "grid_share": province.map({name: _lit(counted, beside) for name, beside in NEIGHBOURS.items()}),
        }
    )


def _lit(counted: pd.DataFrame, names: list[str]) -> float:
    rows = counted[counted["district"].isin(names)]
    return float((rows["grid_share"] * rows["households"]).sum() / rows["households"].sum())


def published(inputs: Inputs) -> pd.DataFrame:
    """District totals as published, straight from the district tables; what the cells are checked against."""
    raw = inputs.table("census2017_blocks")
    raw = raw[raw["Province"].isin(TERRITORIES)]
    old = raw.groupby(["Province", "District"])[["Pop2017", "HH2017"]].sum().reset_index()
    name = old["District"].str.replace(" DISTRICT", "", regex=False).str.title()
    territories = pd.DataFrame(
        {
            "province": old["Province"].map(TERRITORIES),
            "district": name.map(lambda n: TERRITORY_DISTRICTS.get(n, n)),
            "people": old["Pop2017"].astype(np.int64),
            "households": old["HH2017"].astype(np.float64),
            "census_year": 2017,
        }
    )
    both = pd.concat([districts(inputs).assign(census_year=2023), territories], ignore_index=True)
    return both.sort_values(
        ["census_year", "province", "district"], ascending=[False, True, True], ignore_index=True
    )
