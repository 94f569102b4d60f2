"""Stage of the air: which ground stations aircraft hear over each cell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.radio.air import coverage
from rabta.stage import stage
from rabta.twin import Twin

Array = NDArray[np.float64]


@stage(
    "Coverage of the air",
    reads=("cells", "aerodromes"),
    writes=("air_voice_margin_db", "air_c2_margin_db"),
    catalog=("airlinks", "absorption"),
)
def air(twin: Twin) -> dict[str, Any]:
    """Margin of voice and of unmanned aircraft's control from the nation's aerodromes, by flight height."""
    cells, stations = _places(twin, "cells"), _places(twin, "aerodromes")
    out = {}
    for array, entry in (("air_voice_margin_db", "vhf-voice"), ("air_c2_margin_db", "c2-cband")):
        wanted = coverage.link(catalog.entry("airlinks", entry).data)
        out[array] = coverage.best_margin_db(wanted, cells, stations)
    return out


def _places(twin: Twin, table: str) -> tuple[Array, Array, Array]:
    rows = twin.table(table)
    lat, lon, height = (rows[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg", "elevation_m"))
    return lat, lon, height
