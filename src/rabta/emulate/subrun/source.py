"""What a sub-run reads of a run: tables whole, arrays a cell at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError

if TYPE_CHECKING:
    import pandas as pd

    from rabta.scenario import Scenario

F8 = NDArray[np.float64]
TABLES = (
    "cells", "places", "plan", "plan_prices", "technologies", "gateways", "satellites", "systems", "nodes",
    "spans",
)  # fmt: skip
ARRAYS = (
    "cell_node", "horizon_deg", "gateway_factor", "access_rate_mbps", "link_rate_mbps", "latency_ms",
    "demand_mbps", "busy_demand_mbps",
)  # fmt: skip
LEAST_S = 1e-3


@dataclass(frozen=True)
class Source:
    """A run's scenario, tables and arrays.

    Attributes
    ----------
    name : str
        How people know it.
    scenario : Scenario
    tables : mapping of str to DataFrame
        `TABLES`.
    arrays : mapping of str to array
        `ARRAYS`; what is on disk is read when it is asked for.
    """

    name: str
    scenario: Scenario
    tables: Mapping[str, pd.DataFrame]
    arrays: Mapping[str, Any]

    def whole(self, name: str) -> NDArray[Any]:
        """An array in memory."""
        return np.asarray(getattr(self.arrays[name], "values", self.arrays[name]))

    def over_time(self, name: str, cell: int) -> F8:
        """Values of one cell over the run's steps, shape (time,)."""
        part = self.arrays[name][:, cell]
        return np.asarray(getattr(part, "values", part), dtype=np.float64)

    def of_cell(self, name: str, cell: int) -> F8:
        """What an array holds for one cell."""
        part = self.arrays[name][cell]
        return np.asarray(getattr(part, "values", part), dtype=np.float64)

    @cached_property
    def begin(self) -> np.datetime64:
        """First step, UTC."""
        return np.datetime64(self.scenario.time.start_utc.replace(tzinfo=None), "ns")

    def steps(self, start: np.datetime64, length_s: float) -> list[tuple[int, float, float]]:
        """Steps of the run inside a span: row, begin and end in seconds of the span.

        Raises
        ------
        RabtaError
            Where the run says nothing about a part of the span.
        """
        step_s, many = self.scenario.time.step_s, self.scenario.time.steps
        first = float((start - self.begin) / np.timedelta64(1, "s"))
        if first < -LEAST_S or first + length_s > many * step_s + LEAST_S:
            last = self.begin + np.timedelta64(round(many * step_s * 1e9), "ns")
            raise RabtaError(
                "a time of which the run says nothing", key="--start", value=f"{start} for {length_s:g} s",
                expected=f"within {self.begin.astype('datetime64[s]')} to {last.astype('datetime64[s]')}",
            )  # fmt: skip
        rows = range(int(first // step_s), min(int(np.ceil((first + length_s) / step_s)), many))
        return [(k, max(k * step_s - first, 0.0), min((k + 1) * step_s - first, length_s)) for k in rows]
