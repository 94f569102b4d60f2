"""The tables as they are shipped: tehsils, cells and places."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tools.data.inputs import Array
from tools.data.people import Pairs

from rabta import schema

LISTED = {"-HAZARI": "Athara Hazari"}  # units whose transcribed name is broken


def tehsils(units: pd.DataFrame, walk: pd.DataFrame) -> pd.DataFrame:
    """One row a census unit, in the order of ``units``; ``urban`` is kept beside ``urban_people``."""
    basis = walk.groupby("row")["basis"].agg(lambda b: "; ".join(dict.fromkeys(b)))
    out = units.assign(
        tehsil=[LISTED.get(name, name.title()) for name in units["unit"]],
        urban_people=units["urban"],
        basis=basis.reindex(range(len(units))).to_numpy(),
    )
    twice = out.duplicated(["province", "district", "tehsil"])
    if twice.any():
        raise ValueError(f"two units of one name: {out.loc[twice, 'tehsil'].tolist()}")
    wanted = [name for name in schema.tables()["tehsils"] if name in out]
    shares = {name: 4 for name in wanted if name.endswith("_share")}
    return out[[*wanted, "urban"]].round(shares)


def cells(
    frame: pd.DataFrame, points: pd.DataFrame, where: Pairs, rural: Array, urban: Array, shares: pd.DataFrame
) -> pd.DataFrame:
    """Cells with their place, land and people.

    Parameters
    ----------
    rural, urban : ndarray, shape (pair,)
        Expected people.
    """
    n, row = len(frame), points["row"].to_numpy()
    at = row[where.point]
    everyone, in_towns = (np.bincount(at, v, minlength=n) for v in (rural + urban, urban))
    here = np.bincount(where.point, rural + urban, minlength=len(points)).astype(np.float64)
    centre = _centres(frame["cell"], points, here)
    height = points["height_m"].to_numpy(dtype=np.float64)
    count = np.bincount(row, minlength=n)
    mean = np.bincount(row, height, minlength=n) / count
    spread2 = np.bincount(row, height**2, minlength=n) / count - mean**2
    share = np.divide(in_towns, everyone, out=np.zeros(n), where=everyone > 0)
    return frame.assign(
        lat_deg=centre[:, 0].round(4),
        lon_deg=centre[:, 1].round(4),
        area_km2=frame["area_km2"].round(3),
        people=np.bincount(shares["cell_row"], shares["people"], minlength=n).astype(np.int32),
        urban_share=share.round(3),
        elevation_m=centre[:, 2].round(0),
        rough_m=np.sqrt(np.maximum(spread2, 0.0)).round(0),
    )


def _centres(names: pd.Series, points: pd.DataFrame, weight: Array) -> Array:
    """Latitude, longitude and height of the point that stands for the cell's people.

    It is the terrain point that is both near the people's mean position and populous (the largest logarithm
    of people less the square of the distance over 2 km), so that in a valley it is not up on the slope.
    """
    n, row = len(names), points["row"].to_numpy()
    total = np.bincount(row, weight, minlength=n)
    own = np.asarray([h3.cell_to_latlng(c) for c in names.tolist()])
    place = points[["lat", "lon"]].to_numpy()
    sums = [np.bincount(row, weight * place[:, k], minlength=n) for k in (0, 1)]
    mean = np.where((total < 0.5)[:, None], own, np.stack(sums, axis=1) / np.maximum(total, 1e-9)[:, None])
    north, east = ((place - mean[row]) * 111.195).T
    away = north**2 + (east * np.cos(np.radians(place[:, 0]))) ** 2
    score = np.log(weight + 1e-3) - away / 4.0
    best = pd.Series(score).groupby(row).idxmax()
    return np.asarray(points[["lat", "lon", "height_m"]].to_numpy(dtype=np.float64)[best.to_numpy()])


def named(frame: pd.DataFrame, units: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Cells with the names of their tehsil, and with the households of their people."""
    per_person = (units["households"] / units["people"]).to_numpy()[shares["tehsil_row"]]
    homes = np.bincount(shares["cell_row"], shares["people"] * per_person, minlength=len(frame))
    keys = ["province", "district", "tehsil", "census_year"]
    names = units[keys].iloc[frame["tehsil_row"]].reset_index(drop=True)
    return pd.concat([frame.reset_index(drop=True), names], axis=1).assign(households=homes)


def shipped(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that the file holds; the others follow from the tehsils and the apportionment."""
    left_out = {"province", "district", "tehsil", "census_year", "households", "zone"}
    names = [n for n in schema.tables()["cells"] if n in frame and n not in left_out]
    out = frame[[names[0], "tehsil_row", *names[1:]]].astype({"tehsil_row": np.uint16})
    small = [n for n in out.select_dtypes("float64") if n not in ("lat_deg", "lon_deg")]
    return out.astype(dict.fromkeys(small, np.float32))


def places(listed: pd.DataFrame, units: pd.DataFrame, owner: NDArray[np.int64]) -> pd.DataFrame:
    """Listed towns with the row of their cell."""
    row = listed["row"].to_numpy()
    return pd.DataFrame(
        {
            "name": listed["name"],
            "lat_deg": listed["latitude"],
            "lon_deg": listed["longitude"],
            "people": listed["population"].astype(np.int64),
            "province": units["province"].to_numpy()[owner[row]],
            "cell_row": row,
            "counted": listed["counted"].astype(bool),
        }
    )
