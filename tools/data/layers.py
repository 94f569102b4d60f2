"""The layers in the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tools.data import (
    aerodromes,
    census,
    climate,
    ensemble,
    flood,
    grid,
    heldout,
    horizon,
    institutions,
    networks,
    people,
    placement,
    sheet,
    terrain,
    towns,
)
from tools.data.inputs import Array, Inputs, Raster

Say = Callable[[str], None]


def build(inputs: Inputs, say: Say) -> dict[str, pd.DataFrame]:
    """Every shipped table by name."""
    say("census units")
    units, polygons = census.units(inputs), inputs.polygons()
    walk = grid.crosswalk(polygons, units)
    tehsils = sheet.tehsils(units, walk)
    say(f"{len(units)} units on {len(polygons)} polygons, {walk['area'].nunique()} areas; cells")
    cells, points = ground(inputs, polygons)
    listed = towns.listed(inputs, points, walk, units, polygons["district"].to_numpy())
    say(f"{len(cells)} cells, {len(points)} points, {len(listed)} places; people on the ground")
    cells, shares, tested = placed(inputs, units, tehsils, walk, cells, points, listed, say)
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
        "tehsils": tehsils.drop(columns="urban"),
        "apportionment": shares,
        "climate": climate.with_newer(climate.by_tehsil(values, shares, tehsils)),
        "climate_months": climate.by_tehsil(climate.months(*place), shares, tehsils).round(2),
        "places": sheet.places(listed, tehsils, cells["tehsil_row"].to_numpy()),
        "backbone": backbone,
        "horizon": _horizon(inputs.terrain(), *place),
        "aerodromes": aerodromes.table(inputs, cells),
        "census": census.published(inputs),
        "heldout": tested,
    }


def ground(inputs: Inputs, polygons: gpd.GeoDataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells and terrain points of the country."""
    country = inputs.country()
    cells = grid.cells(country)
    return cells, terrain.points(inputs.terrain(), cells["cell"].to_numpy(), polygons, country)


def placed(
    inputs: Inputs,
    units: pd.DataFrame,
    tehsils: pd.DataFrame,
    walk: pd.DataFrame,
    cells: pd.DataFrame,
    points: pd.DataFrame,
    listed: pd.DataFrame,
    say: Say,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Cells with their people and institutions, the apportionment, and the towns foretold.

    ``tehsils`` get their schools.
    """
    land, spread = _land(inputs, units, walk, points, listed, say)
    weight, count = people.weights(land, units, listed), people.counts(units, listed)
    rural, urban = people.expected(land.where, weight, count)
    row = points["row"].to_numpy()
    shares = people.apportion(land.where, row, rural + urban, tehsils["people"].to_numpy())
    cells = sheet.cells(cells, points, land.where, rural, urban, shares)
    cells = cells.assign(tehsil_row=people.owners(shares, land.where, row))
    cells[["schools", "health_units", "offices"]] = institutions.of_cells(units, cells, shares)
    tehsils["schools"] = institutions.by_unit(units, cells, shares)["schools"]
    localities = towns.localities(inputs, units)
    unknown = ensemble.unknowns(inputs, land, units, listed, localities, spread)
    say(f"{ensemble.MEMBERS} other placements")
    drawn = ensemble.members(unknown, cells["cell"].to_numpy())
    cells["people_sigma"] = _rounded(ensemble.sigma(drawn, cells["people"].to_numpy()))
    tested = heldout.table(inputs, units, listed, localities, land)
    for name in ("predicted", "predicted_unplaced"):
        say(f"{len(tested)} towns held out, {name}: median error {heldout.median_error(tested, name):.1%}")
    return cells, shares, tested


def _land(
    inputs: Inputs,
    units: pd.DataFrame,
    walk: pd.DataFrame,
    points: pd.DataFrame,
    listed: pd.DataFrame,
    say: Say,
) -> tuple[people.Land, float]:
    """The ground with its fitted suitability, and how uncertain that is."""
    above_m = terrain.above_valley_m(inputs.terrain())
    kind = placement.classes(points, inputs.land_cover(), above_m, listed)
    land, factors = people.land(kind, units, walk, points, listed)
    say(f"land cover {dict(zip(placement.COVER_NAMES, factors.cover.round(3).tolist(), strict=True))}")
    say(f"relief {factors.relief.round(3).tolist()}, remote {factors.remote.round(3).tolist()}")
    guess, true = ensemble.unseen(kind, units, walk, points, listed["point"].to_numpy())
    spread = ensemble.log_spread(guess, true)
    error = np.median(np.abs(guess / true - 1.0))
    say(f"tehsils unseen by the fit: median error {error:.1%}, spread {spread:.3f}")
    return land, spread


def _rounded(value: Array) -> NDArray[np.float32]:
    """Two significant digits: an error is not known better, and the file is smaller."""
    size = 10.0 ** np.floor(np.log10(np.maximum(value, 0.1)) - 1.0)
    return np.asarray(np.round(value / size) * size, dtype=np.float32)


def _horizon(dem: Raster, lat: Array, lon: Array) -> pd.DataFrame:
    """Quarter degrees, one column an azimuth."""
    degrees = horizon.degrees(dem, lat, lon)
    quarters = np.clip(np.round(degrees * 4.0), 0, 255).astype(np.uint8)
    names = [f"az_{10 * k:03d}" for k in range(terrain.AZIMUTHS)]
    return pd.DataFrame(quarters, columns=names)
