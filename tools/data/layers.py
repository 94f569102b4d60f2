"""The layers in the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from tools.data import aerodromes, census, climate, flood, grid, horizon, networks, people, placement, sheet, terrain, towns
from tools.data.inputs import Array, Inputs, Raster

Say = Callable[[str], None]


def build(inputs: Inputs, say: Say) -> dict[str, pd.DataFrame]:
    """Every shipped table by name."""
    say("census units")
    units, polygons, country = census.units(inputs), inputs.polygons(), inputs.country()
    walk = grid.crosswalk(polygons, units)
    tehsils = sheet.tehsils(units, walk)
    say(f"{len(units)} units on {len(polygons)} polygons, {walk['area'].nunique()} areas; cells")
    cells = grid.cells(country)
    dem = inputs.terrain()
    points = terrain.points(dem, cells["cell"].to_numpy(), polygons, country)
    say(f"{len(cells)} cells, {len(points)} points; people on the ground")
    listed = towns.listed(inputs, points, walk, units, polygons["district"].to_numpy())
    where = people.pairs(points, walk)
    rural, urban = _placed(inputs, units, walk, points, listed, where, say)
    row = points["row"].to_numpy()
    shares = people.apportion(where, row, rural + urban, tehsils["people"].to_numpy())
    owner = people.owners(shares, where, row)
    cells = sheet.cells(cells, points, where, rural, urban, shares).assign(tehsil_row=owner)
    say("flood of 2022")
    cells["flooded_2022_share"] = flood.share(grid.outlines(cells["cell"].to_numpy()), inputs).round(3)
    say("today's networks")
    cells, backbone = networks.of(sheet.named(cells, tehsils, shares), tehsils, points, say)
    say("climate by tehsil")
    place = cells["lat_deg"].to_numpy(), cells["lon_deg"].to_numpy()
    values = climate.of_cells(*place, cells["elevation_m"].to_numpy())
    say("terrain horizon")
    return {
        "cells": sheet.shipped(cells),
        "tehsils": tehsils.drop(columns=["urban"]),
        "apportionment": shares,
        "climate": climate.by_tehsil(values, shares, tehsils),
        "places": sheet.places(listed, tehsils, owner),
        "backbone": backbone,
        "horizon": _horizon(dem, *place),
        "aerodromes": aerodromes.table(inputs, cells),
        "census": census.published(inputs),
    }


def _placed(
    inputs: Inputs,
    units: pd.DataFrame,
    walk: pd.DataFrame,
    points: pd.DataFrame,
    listed: pd.DataFrame,
    where: people.Pairs,
    say: Say,
) -> tuple[Array, Array]:
    """Expected rural and urban people of each pair of a point and a unit."""
    kind = placement.classes(points, inputs.land_cover(), terrain.above_valley_m(inputs.terrain()))
    good = people.suitability(kind, units, walk, points, listed["point"].to_numpy(), say)
    density = placement.town_density(points, listed, kind.built)
    pull = people.town_pull(where, density, listed, walk, kind.built)
    everyone, in_towns = (units[name].to_numpy(dtype=np.float64) for name in ("people", "urban"))
    rural, urban = people.weights(where, good, pull, in_towns)
    return (
        placement.spread(rural, where.unit, everyone - in_towns),
        placement.spread(urban, where.unit, in_towns),
    )


def _horizon(dem: Raster, lat: Array, lon: Array) -> pd.DataFrame:
    """Quarter degrees, one column an azimuth."""
    degrees = horizon.degrees(dem, lat, lon)
    quarters = np.clip(np.round(degrees * 4.0), 0, 255).astype(np.uint8)
    names = [f"az_{10 * k:03d}" for k in range(terrain.AZIMUTHS)]
    return pd.DataFrame(quarters, columns=names)
