"""The layers in the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable

import h3
import numpy as np
import pandas as pd
from tools.data import census, climate, grid, networks, placement, terrain, towns
from tools.data.inputs import Array, Inputs, Raster

Say = Callable[[str], None]
SHORT = 3  # units named in full in a merged tehsil's name


def build(inputs: Inputs, say: Say) -> dict[str, pd.DataFrame]:
    """Every shipped table by name."""
    say("census units")
    units = census.units(inputs)
    polygons = inputs.polygons()
    walk = grid.crosswalk(polygons, units)
    groups = grid.group(walk)
    say(f"{len(units)} units, {groups.nunique()} tehsils; cells")
    cells = grid.cells(polygons, groups)
    cells["area_km2"] = grid.land_area_km2(cells["cell"], polygons)
    tehsils = tehsils_of(units, walk, groups)
    say(f"{len(cells)} cells; people on the ground")
    dem = inputs.terrain()
    points = terrain.points(dem, cells["cell"])
    cells = cells.merge(tehsils.drop(columns="people"), on="group", how="left", validate="m:1", sort=False)
    listed = towns.listed(inputs, cells, tehsils, grid.RESOLUTION)
    kind = placement.classes(points, inputs.land_cover(), terrain.above_valley_m(dem))
    mountain = placement.mountain_relief(kind, terrain.nearest_point(points, dem, listed))
    cells = _people(cells, tehsils, points, listed, kind, mountain, say)
    say("today's networks")
    cells, backbone = _networks(cells, tehsils, points, say)
    say("climate by tehsil")
    values = climate.of_cells(
        cells["lat_deg"].to_numpy(), cells["lon_deg"].to_numpy(), cells["elevation_m"].to_numpy()
    )
    say("terrain horizon (about two minutes)")
    horizon = _horizon(dem, cells)
    return {
        "cells": cells.drop(columns="group"),
        "climate": climate.by_tehsil(cells, values),
        "tehsils": tehsils.drop(columns="group"),
        "places": _places(listed, cells),
        "backbone": backbone,
        "horizon": horizon,
        "census": census.published(inputs),
    }


def tehsils_of(units: pd.DataFrame, walk: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """One row a group of units and polygons: names, members, sums."""
    pairs = walk.assign(group=groups.reindex(walk["pcode"]).to_numpy())
    of_unit = pairs.drop_duplicates(["district", "unit"])[["district", "unit", "group"]]
    frame = units.merge(of_unit, on=["district", "unit"], how="left", validate="1:1")
    frame["pupils"] = frame["school_age"]
    frame["lit"] = frame["grid_share"] * frame["households"]
    frame = frame.sort_values(["group", "people"], ascending=[True, False], kind="stable")
    out = frame.groupby("group").agg(
        province=("province", "first"),
        district=("district", "first"),
        tehsil=("unit", _joined),
        census_year=("census_year", "first"),
        people=("people", "sum"),
        urban=("urban", "sum"),
        households=("households", "sum"),
        school_age=("pupils", "sum"),
        lit=("lit", "sum"),
        units=("unit", " | ".join),
    )
    out["polygons"] = pairs.groupby("group")["pcode"].agg(lambda p: " ".join(sorted(set(p))))
    out["grid_share"] = (out["lit"] / out["households"]).round(4)
    out["basis"] = pairs.groupby("group")["basis"].agg(lambda b: " | ".join(dict.fromkeys(b)))
    return out.drop(columns="lit").reset_index()


def _joined(names: pd.Series) -> str:
    tidy = [
        name.lstrip("-").title().replace("Hazari", "Athara Hazari") if name == "-HAZARI" else name.title()
        for name in names
    ]
    rest = len(tidy) - SHORT
    return " + ".join(tidy[:SHORT]) + (f" + {rest} more" if rest > 0 else "")


def _people(
    cells: pd.DataFrame,
    tehsils: pd.DataFrame,
    points: pd.DataFrame,
    listed: pd.DataFrame,
    kind: placement.Classes,
    mountain: Array,
    say: Say,
) -> pd.DataFrame:
    """Place the people of each tehsil and give each cell its columns."""
    unit = cells["group"].to_numpy()[points["row"]]
    total = tehsils["people"].to_numpy(dtype=np.float64)
    urban = tehsils["urban"].to_numpy(dtype=np.float64)
    district = tehsils["district"].factorize()[0]
    cover, relief = placement.rural_factors(kind, unit, total - urban, district, mountain)
    say(f"land cover {dict(zip(placement.COVER_NAMES, cover.round(3).tolist(), strict=True))}")
    say(f"relief {relief.round(3).tolist()}")
    good = kind.weight(cover, relief)
    pull = placement.town_weight(points, listed, kind.built)
    # Where the census counts no town, a listed place is one of the villages.
    villages = placement.RURAL_KM2 * good + np.where((urban > 0)[unit], 0.0, pull)
    rural_points = placement.spread(villages, unit, total - urban)
    urban_points = placement.spread(pull + placement.RURAL_KM2 * good**2, unit, urban)
    return _cell_columns(cells, tehsils, points, rural_points, urban_points)


def _cell_columns(
    cells: pd.DataFrame, tehsils: pd.DataFrame, points: pd.DataFrame, rural: Array, urban: Array
) -> pd.DataFrame:
    n, row = len(cells), points["row"].to_numpy()
    everyone = np.bincount(row, rural + urban, minlength=n)
    in_towns = np.bincount(row, urban, minlength=n)
    people = np.zeros(n, dtype=np.int64)
    for group, rows in cells.groupby("group").groups.items():
        people[rows] = census.share_out(everyone[rows], int(tehsils["people"].iloc[int(str(group))]))
    centre = _centres(cells["cell"], points, rural + urban)
    height = points["height_m"].to_numpy(dtype=np.float64)
    count = np.maximum(np.bincount(row, minlength=n), 1)
    mean = np.bincount(row, height, minlength=n) / count
    spread2 = np.bincount(row, height**2, minlength=n) / count - mean**2
    per_person = (
        cells[["households", "school_age"]].to_numpy().T / tehsils["people"].to_numpy()[cells["group"]]
    ).T
    return pd.DataFrame(
        {
            "cell": cells["cell"],
            "group": cells["group"],
            "lat_deg": centre[:, 0].round(5),
            "lon_deg": centre[:, 1].round(5),
            "area_km2": cells["area_km2"].round(4),
            "province": cells["province"],
            "district": cells["district"],
            "tehsil": cells["tehsil"],
            "people": people,
            "census_year": cells["census_year"].astype(np.int16),
            "households": (people * per_person[:, 0]).round(3),
            "urban_share": np.divide(in_towns, everyone, out=np.zeros(n), where=everyone > 0).round(4),
            "school_age": (people * per_person[:, 1]).round(3),
            "elevation_m": centre[:, 2].round(1),
            "rough_m": np.sqrt(np.maximum(spread2, 0.0)).round(1),
            "grid_share": cells["grid_share"],
        }
    )


def _centres(names: pd.Series, points: pd.DataFrame, weight: Array) -> Array:
    """Latitude, longitude and height of the point that stands for the cell's people.

    It is the terrain point that is both near the people's mean position and populous (the largest logarithm
    of people less the square of the distance over 2 km), so that in a valley it is not up on the slope.
    """
    n, row = len(names), points["row"].to_numpy()
    total = np.bincount(row, weight, minlength=n)
    own = np.asarray([h3.cell_to_latlng(c) for c in names])
    place = points[["lat", "lon"]].to_numpy()
    sums = [np.bincount(row, weight * place[:, k], minlength=n) for k in (0, 1)]
    mean = np.where((total < 0.5)[:, None], own, np.stack(sums, axis=1) / np.maximum(total, 1e-9)[:, None])
    north, east = ((place - mean[row]) * 111.195).T
    away = north**2 + (east * np.cos(np.radians(place[:, 0]))) ** 2
    score = np.log(weight + 1e-3) - away / 4.0
    best = pd.Series(score).groupby(row).idxmax()
    out = np.column_stack([own, np.zeros(n)])
    out[best.index] = points.loc[best, ["lat", "lon", "height_m"]].to_numpy()
    return out


def _places(listed: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Listed towns with the row of their cell."""
    row = listed["row"].to_numpy()
    return pd.DataFrame(
        {
            "name": listed["name"],
            "lat_deg": listed["latitude"],
            "lon_deg": listed["longitude"],
            "people": listed["population"].astype(np.int64),
            "province": cells["province"].to_numpy()[row],
            "cell_row": row,
            "counted": listed["counted"].astype(bool),
        }
    )


def _networks(
    cells: pd.DataFrame, tehsils: pd.DataFrame, points: pd.DataFrame, say: Say
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add today's networks to the cells; the backbone's edges by the rows of their cells."""
    floor = networks.floor_m(points, len(cells))
    land, rms = networks.fitted(networks.ground(cells["cell"], floor, cells["rough_m"].to_numpy()))
    say(f"cable detour {land.detour:.3f}, winding {land.winding:.3f} a km of relief, rms error {rms:.1%}")
    edges = networks.backbone(land, networks.seats(cells, tehsils))
    km = networks.edge_km(land, edges)
    say(f"backbone of {km.sum():.0f} km")
    cells = cells.assign(backbone_km=networks.backbone_km(land, edges).round(3))
    cells = cells.assign(
        mobile_today=networks.mobile(cells), fixed_today_share=networks.fixed_share(cells).round(4)
    )
    table = pd.DataFrame({"from_row": edges[:, 0], "to_row": edges[:, 1], "route_km": km.round(3)})
    return cells, table.astype({"from_row": np.int32, "to_row": np.int32})


def _horizon(dem: Raster, cells: pd.DataFrame) -> pd.DataFrame:
    """Quarter degrees, one column an azimuth."""
    degrees = terrain.horizon_deg(dem, cells["lat_deg"].to_numpy(), cells["lon_deg"].to_numpy())
    quarters = np.clip(np.round(degrees * 4.0), 0, 255).astype(np.uint8)
    names = [f"az_{10 * k:03d}" for k in range(terrain.AZIMUTHS)]
    return pd.DataFrame(quarters, columns=names)
