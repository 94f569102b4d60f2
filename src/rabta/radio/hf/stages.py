"""Stage of the HF package: an emergency net by near-vertical incidence over the nation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rabta import catalog
from rabta.nation import layers
from rabta.radio.hf import noise, nvis
from rabta.radio.hf.ionosphere import coefficients
from rabta.radio.hf.muf import When
from rabta.scenario import Scenario
from rabta.stage import stage
from rabta.twin import Twin

HOURS = 24
_NET, _SPOTS, _GROUNDS = "emergency-100w", "silso-2026", "p368"


def _files(scenario: Scenario) -> list[Path]:
    path = layers.folder(scenario.nation) / coefficients.FILE
    return [path] if path.is_file() else []


@stage(
    "Emergency net by HF",
    params=("radio.sunspot_number", "nation", "time.start"),
    reads=("cells", "places"),
    writes=("nvis_frequency_mhz", "nvis_reliability"),
    catalog=("nations", "hfnets", "sunspots", "grounds"),
    files=_files,
)
def emergency_net(twin: Twin) -> dict[str, Any]:
    """Best frequency and reliability of every cell to the nearest of the largest towns of the provinces."""
    scenario, cells = twin.scenario, twin.table("cells")
    found = _files(scenario)
    if not found:
        empty = np.full((len(cells), HOURS), np.nan, dtype=np.float32)
        return {"nvis_frequency_mhz": empty, "nvis_reliability": empty.copy()}
    place = tuple(cells[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg"))
    towns = twin.table("places")
    seats = towns.loc[towns.groupby("province")["people"].idxmax()]
    control = tuple(seats[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg"))
    net = nvis.Net.of(catalog.entry("hfnets", _NET).data, catalog.entry("grounds", _GROUNDS).data["kinds"])
    frequency, share = nvis.national(
        coefficients.shipped(found[0]),
        noise.shipped(found[0]),
        net,
        (place[0], place[1]),
        (control[0], control[1]),
        _when(scenario),
    )
    return {"nvis_frequency_mhz": frequency, "nvis_reliability": share}


def _when(scenario: Scenario) -> When:
    """The hours of the nation's local day, in universal time, in the month of the scenario."""
    start = scenario.time.start_utc
    offset = float(catalog.entry("nations", scenario.nation.name).data.get("utc_offset_hours", 0.0))
    spots = scenario.radio.sunspot_number
    if spots is None:
        spots = nvis.sunspots(catalog.entry("sunspots", _SPOTS).data, start.year, start.month)
    return When(start.month, np.mod(np.arange(HOURS) - offset, 24.0), spots)
