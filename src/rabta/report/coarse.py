"""A run seen through larger cells, for maps: a page of 160,000 cells would open too slowly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import schema
from rabta.report.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd

MOST_CELLS = 40_000  # what a page draws without delay on two cores
SUMS = {
    *("area_km2", "people", "households", "school_age", "out_of_school", "pupils", "schools"),
    *("health_units", "offices", "sites", "sites_4g", "households_served", "households_unserved_today"),
    *("capex_usd", "opex_usd_year", "npc_usd"),
}


def shown(run: RunFolder, most: int = MOST_CELLS) -> RunFolder:
    """The run itself, or the run on the finest parent cells of which there are not too many."""
    import h3

    cells = run.table("cells")["cell"].tolist()
    level = h3.get_resolution(cells[0])
    if len(cells) <= most:
        return run
    parents = cells
    while len(set(parents)) > most and level > 0:
        level -= 1
        parents = [h3.cell_to_parent(cell, level) for cell in cells]
    return Coarse(run.path, fine=run, parents=tuple(parents))


def row_shown(view: RunFolder, row: int) -> int:
    """Row of what is shown that holds a row of the run itself."""
    return int(view.code[row]) if isinstance(view, Coarse) else row


@dataclass
class Coarse(RunFolder):
    """A run folder whose cells are the parents of the real ones.

    Counts and money are added, words and series are those of the child with most people, everything else is
    a mean weighted by people (by connected households for what the plan gives).
    """

    fine: RunFolder | None = None
    parents: tuple[str, ...] = ()

    @cached_property
    def _names(self) -> NDArray[np.str_]:
        return np.unique(np.array(self.parents))

    @cached_property
    def code(self) -> NDArray[np.int64]:
        """Row of the parent of each cell of the run."""
        return np.searchsorted(self._names, np.array(self.parents)).astype(np.int64)

    @cached_property
    def _first(self) -> NDArray[np.int64]:
        """Row of the child with most people of each parent."""
        people = RunFolder.column(self._real, "cells", "people")
        order = np.lexsort((-people, self.code))
        return order[np.searchsorted(self.code[order], np.arange(len(self._names)))]

    @property
    def _real(self) -> RunFolder:
        assert self.fine is not None
        return self.fine

    def table(self, name: str) -> pd.DataFrame:
        """One table; cells and plan by parent, places with the parent's row."""
        if name not in self._tables:
            frame = self._real.table(name)
            if name in {"cells", "plan"}:
                frame = self._joined(name, frame)
            elif name == "places":
                row = frame["cell_row"].to_numpy()
                frame = frame.assign(cell_row=np.where(row >= 0, self.code[np.maximum(row, 0)], -1))
            self._tables[name] = frame
        return self._tables[name]

    def _joined(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        out = frame.iloc[self._first].reset_index(drop=True).assign(cell=self._names)
        key = ("plan", "households_served") if name == "plan" else ("cells", "people")
        weight = np.nan_to_num(RunFolder.column(self._real, *key))
        for column in frame.columns:
            if column != "census_year" and frame[column].dtype.kind in "fiu":
                values = frame[column].to_numpy(dtype=np.float64, na_value=np.nan)
                out[column] = self._reduced(column, values, weight)
        if name == "plan":
            served = out["households_served"].where(out["households_served"] > 0)
            out["npc_per_household_usd"] = out["npc_usd"] / served
        return out

    def _reduced(
        self, column: str, values: NDArray[np.float64], weight: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        size = len(self._names)
        if column in SUMS:
            return np.bincount(self.code, np.nan_to_num(values), size).astype(np.float64)
        if column == "people_sigma":  # errors of different cells taken as independent
            return np.sqrt(np.bincount(self.code, np.nan_to_num(values) ** 2, size)).astype(np.float64)
        heavy = np.where(np.isfinite(values), weight, 0.0)
        total = np.bincount(self.code, heavy, size)
        mean = np.bincount(self.code, np.nan_to_num(values) * heavy, size).astype(np.float64)
        out: NDArray[np.float64] = values[self._first].copy()
        np.divide(mean, total, out=out, where=total > 0)
        return out

    def blocks(self, name: str) -> Iterator[tuple[int, NDArray[Any]]]:
        """Blocks of an array over time, each parent taking the series of its largest child."""
        by_cell = schema.arrays()[name].dims[1:] == ("cell",)
        for first, block in self._real.blocks(name):
            yield first, block[:, self._first] if by_cell else block

    def values(self, name: str) -> NDArray[Any]:
        """One whole array, by parent where it is by cell."""
        found = self._real.values(name)
        return found[self._first] if schema.arrays()[name].dims == ("cell",) else found
