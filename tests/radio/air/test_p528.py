"""P.528-5 against the values of the Recommendation's tables and of NTIA's reference software."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio.air import p528
from rabta.verify.radio import p528 as suite

# NTIA/p528 (public domain) at 74870ab, README.md: km, m, m, MHz, polarisation, %, dB
NTIA = (
    (15.0, 10.0, 1000.0, 500.0, "horizontal", 50.0, 110.0),
    (100.0, 100.0, 15000.0, 3600.0, "horizontal", 90.0, 151.6),
    (1500.0, 15.0, 10000.0, 5700.0, "horizontal", 10.0, 293.4),
    (30.0, 8.0, 20000.0, 22000.0, "vertical", 50.0, 151.1),
)


@pytest.mark.parametrize("row", NTIA)
def test_ntia_readme(row: tuple[float, float, float, float, str, float, float]) -> None:
    d, low, high, mhz, polarisation, percent, theirs = row
    ours = p528.loss_db(d, low, high, mhz / 1e3, percent, polarisation)
    assert abs(float(ours) - theirs) <= 0.05001


def test_terminals_in_any_order() -> None:
    there = p528.loss_db([5.0, 300.0], 20.0, 9000.0, 1.2, [50.0, 95.0])
    back = p528.loss_db([5.0, 300.0], 9000.0, 20.0, 1.2, [50.0, 95.0])
    np.testing.assert_array_equal(there, back)


def test_same_place_has_no_loss() -> None:
    found = p528.transmission_loss(0.0, 1000.0, 1000.0, 1.2)
    assert float(found.total_db) == 0.0
    assert p528.MODES[int(found.mode)] == "same place"


def test_batch_is_the_same_as_single_calls() -> None:
    rng = np.random.default_rng(7)
    d, h1, h2 = rng.uniform(0, 900, 40), rng.uniform(1.5, 100, 40), rng.uniform(100, 20000, 40)
    f, p = rng.uniform(0.1, 30, 40), rng.uniform(1, 99, 40)
    batch = p528.loss_db(d, h1, h2, f, p)
    single = [float(p528.loss_db(*row)) for row in zip(d, h1, h2, f, p, strict=True)]
    np.testing.assert_array_equal(batch, single)


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"frequency_ghz": 0.05}, "frequency_ghz"),
        ({"frequency_ghz": 31.0}, "frequency_ghz"),
        ({"height_1_m": 1.0}, "height_1_m"),
        ({"height_2_m": 20001.0}, "height_2_m"),
        ({"time_percent": 0.5}, "time_percent"),
        ({"time_percent": float("nan")}, "time_percent"),
        ({"distance_km": -1.0}, "distance_km"),
        ({"polarisation": "horisontal"}, "polarisation"),
    ],
)
def test_refuses_what_is_outside(changed: dict[str, object], key: str) -> None:
    arguments: dict[str, object] = {
        "distance_km": 10.0,
        "height_1_m": 10.0,
        "height_2_m": 1000.0,
        "frequency_ghz": 1.0,
        **changed,
    }
    with pytest.raises(RabtaError) as caught:
        p528.loss_db(**arguments)  # type: ignore[arg-type]
    assert caught.value.key == key


@pytest.mark.shared
def test_every_given_table(shared: Path) -> None:
    rows = suite.rows(shared / "validation" / "p528")
    assert len(rows) > 400
    assert [row.name for row in rows if row.status not in ("ok", "shown")] == []


def test_quoted_values() -> None:
    rows = suite.rows(None)
    assert len(rows) > 40
    assert [row.name for row in rows if row.status not in ("ok", "shown")] == []
