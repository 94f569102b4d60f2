"""A small land: a plain with water, hills, a town; two provinces of the catalog's names."""

from __future__ import annotations

import h3
import numpy as np
import pandas as pd
import pytest

from rabta import scenario
from rabta.transport.hazards import losses, stages

DISTRICTS = {  # latitude, longitude, province, roughness in m, share under water in 2022
    "Dadu": (26.7, 67.8, "Sindh", 2.0, 0.6),
    "Larkana": (27.6, 68.2, "Sindh", 2.0, 0.9),
    "Khuzdar": (27.8, 66.6, "Balochistan", 120.0, 0.02),
    "Quetta": (30.2, 67.0, "Balochistan", 90.0, 0.0),
    "Multan": (30.2, 71.5, "Punjab", 2.0, 0.1),
    "Swat": (35.2, 72.4, "Khyber Pakhtunkhwa", 200.0, 0.05),
}


def land(names: tuple[str, ...] = tuple(DISTRICTS)) -> pd.DataFrame:
    """Nineteen cells a district."""
    parts = []
    for name in names:
        lat, lon, province, rough, wet = DISTRICTS[name]
        cells = sorted(h3.grid_disk(h3.latlng_to_cell(lat, lon, 6), 2))
        places = np.array([h3.cell_to_latlng(c) for c in cells])
        ramp = np.linspace(0.0, 1.0, len(cells))
        parts.append(
            pd.DataFrame(
                {
                    "cell": cells,
                    "lat_deg": places[:, 0],
                    "lon_deg": places[:, 1],
                    "area_km2": 38.0,
                    "province": province,
                    "district": name,
                    "people": np.linspace(1000, 50_000, len(cells)).astype(np.int64),
                    "sites": np.linspace(0.0, 40.0, len(cells)),
                    "rough_m": rough,
                    "elevation_m": 60.0 if rough < 10.0 else 1500.0,
                    "flooded_2022_share": np.clip(2.0 * wet * ramp, 0.0, 1.0),
                    "mobile_today": np.where(ramp < 0.1, "none", "4g"),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def backbone(rows: int = 40) -> pd.DataFrame:
    """Spans between neighbouring rows."""
    start = np.arange(rows)
    return pd.DataFrame({"from_row": start, "to_row": start + 1, "route_km": np.linspace(5.0, 400.0, rows)})


@pytest.fixture(scope="session")
def cells() -> pd.DataFrame:
    return land()


@pytest.fixture(scope="session")
def model(cells: pd.DataFrame) -> losses.Model:
    return stages.model(cells, backbone(), scenario.validate({"failures": {"seed": 7}}))
