"""The twin: tables of things and one dataset of arrays, built by stages and never edited by them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import schema
from rabta.errors import RabtaError, nearest
from rabta.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass
class Twin:
    """Everything a stage may read.

    Attributes
    ----------
    scenario : Scenario
        What is being run.
    times : ndarray of datetime64[ns], shape (time,)
        UTC instants; inside a chunked stage only the chunk's.
    tables : dict of DataFrame
        One table per kind of thing, columns as in ``schema/tables``.
    arrays : dict of DataArray
        Named arrays, dims as in ``schema/arrays.csv``.
    """

    scenario: Scenario
    times: NDArray[np.datetime64]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    arrays: dict[str, xr.DataArray] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """Table by name, or an error that names the nearest one."""
        if name not in self.tables:
            raise RabtaError("no such table in the twin", key=name, expected=nearest(name, self.tables))
        return self.tables[name]

    def values(self, name: str) -> NDArray[Any]:
        """Array by name as NumPy, or an error that names the nearest one."""
        return np.asarray(self.array(name).values)

    def array(self, name: str) -> xr.DataArray:
        """Array by name, still on disk where it is: a part of it can be taken without reading the rest."""
        if name not in self.arrays:
            raise RabtaError("no such array in the twin", key=name, expected=nearest(name, self.arrays))
        return self.arrays[name]

    def dataset(self) -> xr.Dataset:
        """All arrays as one dataset with units and descriptions."""
        import xarray as xr

        return xr.Dataset(self.arrays, coords={"time": self.times})


def wrap(name: str, value: Any) -> xr.DataArray:
    """Give a plain array the dims, dtype, unit and description that the schema declares."""
    import xarray as xr

    spec = schema.arrays()[name]
    array = np.asarray(value, dtype=spec.dtype)
    if array.ndim != len(spec.dims):
        raise RabtaError(
            "array has the wrong number of dimensions",
            key=name,
            value=array.shape,
            expected=" ".join(spec.dims),
        )
    return xr.DataArray(array, dims=spec.dims, name=name, attrs=spec.attributes)
