"""Rates, latencies and quality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from rabta.plan import service


def test_low_rate_high_latency_and_availability() -> None:
    steps = np.arange(101, dtype=np.float32)[:, None]
    sky = service.orbiting(steps, 200.0 - steps, (steps >= 50).astype(np.uint8), np.array([0]), 40.0)
    assert sky.rate_mbps[0] == np.percentile(steps, 5)
    assert sky.latency_ms[0] == np.percentile(200.0 - steps, 95)
    assert sky.availability[0] == pytest.approx(61 / 101)
    assert sky.in_view[0] == pytest.approx(51 / 101)


def test_gaps_cut_availability_but_not_the_latency_of_the_rest() -> None:
    latency = np.full((100, 2), 40.0, dtype=np.float32)
    latency[:20, 0] = np.nan
    latency[:, 1] = np.nan
    rate = np.full((100, 2), 50.0, dtype=np.float32)
    sky = service.orbiting(rate, latency, np.ones((100, 2), dtype=np.uint8), np.array([0, 1]), 10.0)
    assert sky.availability.tolist() == [0.8, 0.0]
    assert sky.latency_ms[0] == 40.0
    assert np.isinf(sky.latency_ms[1])


def test_blocks_do_not_change_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    rate, delay = random.random((30, 50)), random.random((30, 50))
    whole = service.orbiting(rate, delay, np.ones((30, 50), np.uint8), np.arange(50), 0.5)
    monkeypatch.setattr(service, "BLOCK", 7)
    parts = service.orbiting(rate, delay, np.ones((30, 50), np.uint8), np.arange(50), 0.5)
    assert np.array_equal(whole.rate_mbps, parts.rate_mbps)
    assert np.allclose(service.middle(rate), np.median(rate, axis=0))


def test_median_leaves_gaps_out() -> None:
    values = np.array([[1.0, np.nan, 5.0], [2.0, np.nan, np.nan], [9.0, np.nan, 7.0]])
    assert np.array_equal(service.middle(values), [2.0, np.nan, 6.0], equal_nan=True)


def test_geostationary_round_trip_is_the_textbook_one() -> None:
    # slant range 35,786 km straight below, 41,679 km at the edge of view (Maral and Bousquet, 6th ed., 2.1)
    assert service.geo_latency_ms(90.0) == pytest.approx(4 * 35_786.0 / 299.792458, rel=1e-4)
    assert service.geo_latency_ms(0.0) == pytest.approx(4 * 41_679.0 / 299.792458, rel=1e-4)


def test_geo_best_takes_the_satellite_with_the_highest_rate() -> None:
    efficiency = np.array([[1.0, 2.0], [0.0, 0.0], [np.nan, 1.0]])
    rate, latency = service.geo_best(efficiency, np.full((3, 2), 45.0), [72.0, 24.0])
    assert rate.tolist() == [72.0, 0.0, 24.0]
    assert np.isfinite(latency).tolist() == [True, False, True]
    assert service.geo_best(np.empty((3, 0)), np.empty((3, 0)), [])[0].tolist() == [0.0] * 3


def test_quality_is_one_at_the_floor_and_falls_with_each_miss() -> None:
    given = service.Service(
        np.array([[20.0, 10.0, 5.0, 0.0, 20.0, 20.0]]),
        np.array([[50.0, 100.0, 100.0, 10.0, 500.0, np.inf]]),
        np.array([[0.99, 0.95, 0.95, 1.0, 0.475, 1.0]]),
    )
    assert given.quality(10.0, 100.0, 0.95)[0].tolist() == pytest.approx([1.0, 1.0, 0.5, 0.0, 0.1, 0.0])
    assert given.quality(10.0, 100.0, 0.0)[0, 4] == pytest.approx(0.2)


def one(name: str, sky: service.Orbiting) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    book = {"availability_weather": 0.995, "availability_moving": 0.995, "availability_village": 0.98}
    nothing = (np.zeros(2), np.full(2, np.inf))
    access, shared = np.full((2, 1), 0.5), np.full(2, 30.0)
    found = service.combine([name], access, np.zeros(1), sky, nothing, shared, book)
    return found.rate_mbps[:, 0], found.availability[:, 0], found.works[:, 0]


def test_phones_are_served_by_satellites_for_phones_alone() -> None:
    """The first cell sees such a satellite in half of the steps, the second never; both have broadband."""
    fine = np.ones(2)
    sky = service.Orbiting(100.0 * fine, 40.0 * fine, fine, np.array([0.5, 0.0]))
    rate, up, works = one("direct_to_device", sky)
    assert rate.tolist() == [0.5, 0.0]
    assert up.tolist() == [0.5, 0.0]
    assert works.tolist() == [True, False]


def test_enterprise_terminals_feed_villages_but_no_homes() -> None:
    fine = np.ones(2)
    sky = service.Orbiting(100.0 * fine, 140.0 * fine, fine, 0.0 * fine, for_homes=False)
    assert not one("leo_terminal", sky)[2].any()
    assert one("satellite_cell", sky)[2].all()


def test_arrays_on_disk_are_read_in_spans_and_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(4)
    held = {name: random.random((30, 50), dtype=np.float32) for name in ("link_rate_mbps", "latency_ms")}
    held["latency_ms"][random.random((30, 50)) < 0.1] = np.nan
    held["device_count"] = random.integers(0, 2, (30, 50), dtype=np.uint8)
    xr.Dataset({name: (("time", "cell"), values) for name, values in held.items()}).to_zarr(
        tmp_path / "a.zarr", consolidated=False
    )
    rows = np.array([40, 3, 4, 5, 49, 0, 20])
    whole = service.orbiting(*held.values(), rows, 0.5), service.middle(held["latency_ms"])
    monkeypatch.setattr(service, "BLOCK", 4)
    monkeypatch.setattr(service, "SPAN_BYTES", 4 * 30 * 11)  # eleven cells: spans of eight
    disk = xr.open_zarr(tmp_path / "a.zarr", chunks=None, consolidated=False)
    assert [stop - start for start, stop in service._spans(disk["latency_ms"])] == [8] * 6 + [2]
    parts = service.orbiting(*(disk[name] for name in held), rows, 0.5), service.middle(disk["latency_ms"])
    assert np.array_equal(whole[1], parts[1])
    for name in ("rate_mbps", "latency_ms", "availability", "in_view"):
        assert np.array_equal(getattr(whole[0], name), getattr(parts[0], name)), name
