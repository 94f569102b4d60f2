"""The compiled kernels of the terrain package against their NumPy reference."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.radio.terrain import p452, p1812, profile, reference
from rabta.radio.terrain.profile import COAST, INLAND, SEA, Profiles


def ground(rng: np.random.Generator, count: int) -> Profiles:
    """Plains, hills, coasts and seas, 4 km to 900 km, in irregular steps."""
    distance, height, clutter, zone = [], [], [], []
    for _ in range(count):
        n = int(rng.integers(6, 120))
        step = rng.exponential(rng.choice([0.05, 1.0, 8.0]), n - 1) + 0.06
        d = np.r_[0.0, np.cumsum(step)]
        h = np.abs(np.cumsum(rng.normal(0.0, rng.choice([0.0, 2.0, 60.0]), n))) + rng.uniform(0.0, 300.0)
        wet = (d / d[-1] > rng.uniform(-0.5, 1.0)) & (d / d[-1] < rng.uniform(0.0, 1.6))
        z = np.where(wet, SEA, rng.choice([COAST, INLAND]))
        z = np.where(~wet & (rng.random(n) < 0.05), INLAND, z)
        distance.append(d)
        height.append(np.where(wet, 0.0, h))
        clutter.append(np.where(wet, 0.0, rng.choice([0.0, 10.0, 20.0], n) * rng.integers(0, 2)))
        zone.append(z)
    return profile.profiles(
        distance, height, clutter_m=clutter, zone=zone, latitude_deg=rng.uniform(-79.0, 79.0, count),
        delta_n=rng.uniform(25.0, 90.0, count), n0=rng.uniform(250.0, 400.0, count),
    )  # fmt: skip


def queries(rng: np.random.Generator, count: int, *, highest_ghz: float) -> dict[str, np.ndarray]:
    coast = np.where(rng.random(count) < 0.3, rng.uniform(0.0, 8.0, count), np.nan)
    return {
        "frequency_ghz": np.exp(rng.uniform(np.log(0.1), np.log(highest_ghz), count)),
        "time_percent": rng.choice([1.0, 3.7, 10.0, 30.0, 50.0], count),
        "location_percent": rng.uniform(1.0, 99.0, count),
        "tx_height_m": np.exp(rng.uniform(0.0, np.log(3000.0), count)),
        "rx_height_m": np.exp(rng.uniform(0.0, np.log(300.0), count)),
        "vertical": rng.integers(0, 2, count).astype(np.float64),
        "tx_coast_km": coast,
        "rx_coast_km": coast[::-1],
        "gains_dbi": rng.uniform(0.0, 60.0, count),
        "pressure_hpa": rng.uniform(600.0, 1020.0, count),
        "temperature_k": rng.uniform(250.0, 315.0, count),
        "worst_month": rng.integers(0, 2, count).astype(np.float64),
        "resolution_m": rng.uniform(20.0, 500.0, count),
        "entry_db": rng.uniform(0.0, 30.0, count),
        "entry_sigma_db": rng.uniform(0.0, 8.0, count),
        "closed": rng.integers(0, 2, count).astype(np.float64),
    }


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("recommendation", ["P.1812-7", "P.452-18"])
def test_every_part(recommendation: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    paths, own = ground(rng, 250), recommendation == "P.452-18"
    query = queries(rng, 250, highest_ghz=50.0 if own else 6.0)
    if not own:
        query["worst_month"][:] = 0.0
    found = (p452 if own else p1812).parts(paths, query)
    assert 0.2 < found["line_of_sight"].mean() < 0.8
    for row in range(len(paths)):
        single = {name: float(value[row]) for name, value in query.items()}
        expected = reference.parts(paths, row, single, p452=own)
        for name, value in expected.items():
            if name == "roughness_m" and value == -1e300:
                continue
            assert found[name][row] == pytest.approx(value, rel=1e-9, abs=1e-8), (row, name)
