"""The published fields as services ask them: at places, heights and instants; NaN is unknown."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError

Array = NDArray[np.float64]
HIGHEST_M, LOWEST_M = 150.0, 25.0
"""Heights that the layers stand for; what flies elsewhere is unknown."""


@dataclass(frozen=True)
class At:
    """Fields along places, shape (n,) each; not a number where unknown.

    Attributes
    ----------
    outage : ndarray
        Probability that no cell commands the aircraft.
    satellite : ndarray
        Share of the time with a satellite that could.
    hpl_m, wind_m_s, people_km2 : ndarray
    """

    outage: Array
    satellite: Array
    hpl_m: Array
    wind_m_s: Array
    people_km2: Array

    def lost(self, *, satellites: bool) -> Array:
        """Probability of no command link, with a satellite terminal or without one."""
        return self.outage * (1.0 - self.satellite) if satellites else self.outage


@dataclass(frozen=True)
class Fields:
    """4-D fields of some areas.

    Attributes
    ----------
    cells : list of str
        H3 indices of one resolution.
    layers_m : ndarray, shape (layer,)
    outage : ndarray, shape (cell, layer, 24)
        By hour of UTC.
    hpl_m : ndarray, shape (cell, 24)
    wind_m_s : ndarray, shape (cell, layer)
    people_km2, satellite : ndarray, shape (cell,)
    wind_from_deg : float
    version, made : str
        Name of the pinned run, and the instant that it was made at (RFC 3339).
    """

    cells: list[str]
    layers_m: Array
    outage: Array
    hpl_m: Array
    wind_m_s: Array
    people_km2: Array
    satellite: Array
    wind_from_deg: float = np.nan
    version: str = ""
    made: str = ""
    notes: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.cells)}

    @cached_property
    def resolution(self) -> int:
        """Of the cells; -1 where there are none."""
        import h3

        return int(h3.get_resolution(self.cells[0])) if self.cells else -1

    def rows(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.int64]:
        """Row of the cell that holds each place, -1 for none."""
        import h3

        lat, lon = (np.atleast_1d(a) for a in np.broadcast_arrays(np.asarray(lat_deg, float), lon_deg))
        if not self.cells:
            return np.full(len(lat), -1)
        names = (
            h3.latlng_to_cell(a, b, self.resolution) for a, b in zip(lat.tolist(), lon.tolist(), strict=True)
        )
        return np.array([self._rows.get(name, -1) for name in names], dtype=np.int64)

    def at(self, lat_deg: ArrayLike, lon_deg: ArrayLike, height_m: ArrayLike, at_s: ArrayLike) -> At:
        """Fields at places, heights above ground (m) and instants (s since 1970).

        Between layers by interpolation, beyond them as at the outermost, from 25 to 150 m.
        """
        row = self.rows(lat_deg, lon_deg)
        height, at = np.broadcast_to(height_m, row.shape), np.broadcast_to(at_s, row.shape)
        known = (row >= 0) & (height >= LOWEST_M) & (height <= HIGHEST_M)
        safe = np.where(known, row, 0)
        number = np.interp(height, self.layers_m, np.arange(len(self.layers_m)))
        below = np.minimum(number.astype(np.int64), max(len(self.layers_m) - 2, 0))
        part = number - below
        hour = ((np.asarray(at) // 3600.0) % 24).astype(np.int64)

        def of(values: Array, *index: Any) -> Array:
            if not self.cells:
                return np.full(row.shape, np.nan)
            return np.where(known, values[(safe, *index)], np.nan)

        def between(values: Array, *index: Any) -> Array:
            above = np.minimum(below + 1, len(self.layers_m) - 1)
            return np.asarray((1.0 - part) * of(values, below, *index) + part * of(values, above, *index))

        return At(between(self.outage, hour), of(self.satellite), of(self.hpl_m, hour),
                  between(self.wind_m_s), of(self.people_km2))  # fmt: skip

    def told(self, now_s: float) -> dict[str, Any]:
        """What the fields are: version, age, layers, and which of them are modelled."""
        from rabta.airspace.volumes.messages import seconds

        age = None if not self.made else round((now_s - seconds(self.made, "made")) / 3600.0, 2)
        return {"version": self.version or None, "made": self.made or None, "age_hours": age,
                "cells": len(self), "layers_m": self.layers_m.tolist(), **self.notes}  # fmt: skip


NOTES = {
    "outage_is": "modelled: TR 36.777 over the run's sites, loads of its traffic; terrain is not in it",
    "hpl_is": "computed: ARAIM with the run's broadcast ephemerides, open sky",
    "wind_is": "modelled: the scenario's value at 10 m, a seventh-power law aloft",
    "people_is": "census, in the nation's finest cells",
}


def read(folder: Path) -> Fields:
    """Fields of a pinned run.

    Raises
    ------
    RabtaError
        Where the folder is no run, or its run published none.
    """
    import pandas as pd
    import xarray as xr

    provenance = folder / "provenance.json"
    table = folder / "tables" / "air_places.parquet"
    if not provenance.is_file() or not table.is_file():
        raise RabtaError("no run with fields of the low airspace", file=folder, key="airspace.areas",
                         expected="a run folder, of a scenario with [airspace] areas")  # fmt: skip
    from rabta.scenario import load

    places = pd.read_parquet(table)
    rules = load(folder / "scenario.toml").airspace
    with xr.open_zarr(folder / "arrays.zarr", chunks=None, consolidated=False) as held:
        one = {
            n: np.asarray(held[n].values, np.float64) for n in ("air_c2_outage", "air_hpl_m", "air_wind_m_s")
        }
    from rabta.airspace.feasibility.stages import LAYERS_M

    made = str(json.loads(provenance.read_text(encoding="utf-8")).get("created", ""))
    return Fields(
        places["cell"].astype(str).tolist(), np.array(LAYERS_M), one["air_c2_outage"], one["air_hpl_m"],
        one["air_wind_m_s"], places["people_km2"].to_numpy(float), places["satellite_available"].to_numpy(float),  # noqa: E501
        np.nan if rules.wind_from_deg is None else rules.wind_from_deg, folder.name, made, NOTES,
    )  # fmt: skip


def none() -> Fields:
    """Fields that know nothing."""
    empty = np.zeros(0)
    return Fields(
        [], np.array([30.0]), np.zeros((0, 1, 24)), np.zeros((0, 24)), np.zeros((0, 1)), empty, empty
    )
