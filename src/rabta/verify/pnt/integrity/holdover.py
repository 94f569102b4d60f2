"""Suite ``holdover``: time at a known place and clocks without satellites, beside published numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rabta import catalog
from rabta.pnt.integrity import holdover, timing
from rabta.verify import Row, suite

GUIDE = "SecureSync user reference guide, revision 18: typical error in holdover"
TEKRON = "Tekron support, Oscillator Types and Holdover Specifications: drift in 24 hours at 25 degrees"
GRID = "IEEE C37.118.1a-2014, 4.3: 1 % of total vector error"
ALLAN = "Data sheet of the 5071A, high-performance tube: Allan deviation"
CLOSED = "closed form: x = D t^2 / 2; mean of N clocks"


@suite("holdover", "Time: clocks at a known place, holdover of oscillators, limits of services")
def rows(_files: Path | None) -> list[Row]:
    """Recompute published errors in holdover."""
    return [*_guide(), *_others(), *_cesium(), *_limits(), *_closed()]


def _guide() -> list[Row]:
    made = []
    for name in ("tcxo", "ocxo", "ocxo-high", "rubidium"):
        data, clock = catalog.entry("oscillators", name).data, holdover.load(name)
        for hours, key in ((4.0, "published_4h_us"), (24.0, "published_24h_us")):
            ours = float(holdover.error_ns(clock, hours)) / 1e3
            made.append(Row(f"{name}, {hours:.0f} h, us", ours, data[key], 0.25 * data[key], GUIDE))
    return made


def _others() -> list[Row]:
    """Another maker's, which the catalog does not use."""
    table = (("tcxo", 600.0), ("ocxo-high", 10.0), ("rubidium", 1.0))
    return [
        Row(
            f"{name}, 24 h, another maker, us", float(holdover.error_ns(holdover.load(name), 24.0)) / 1e3,
            value, 0.3 * value, TEKRON, gate=False,
        )
        for name, value in table
    ]  # fmt: skip


def _cesium() -> list[Row]:
    """Allan deviation of the model's white frequency noise at the sheet's averaging times."""
    clock = holdover.load("cesium")
    sheet = ((100.0, 8.5e-13), (1000.0, 2.7e-13), (10_000.0, 8.5e-14))
    return [
        Row(
            f"cesium, Allan deviation at {tau:,.0f} s, 1e-14", 1e14 * float(clock.white_fm_1s / np.sqrt(tau)),
            1e14 * value, 3e12 * value, ALLAN,
        )
        for tau, value in sheet
    ]  # fmt: skip


def _limits() -> list[Row]:
    """Phase errors that the standard's note gives for its limits of time."""
    made = []
    for hertz, printed in ((50.0, 31.0), (60.0, 26.0)):
        angle = 0.01 / (2.0 * np.pi * hertz) * 1e6
        made.append(Row(f"1 % of total vector error at {hertz:.0f} Hz, us", angle, printed, 1.0, GRID))
    for hertz, printed in ((50.0, 0.018), (60.0, 0.022)):
        made.append(Row(f"1 us at {hertz:.0f} Hz, degrees", 360.0 * hertz * 1e-6, printed, 5e-4, GRID))
    return made


def _closed() -> list[Row]:
    aging = holdover.Oscillator(0.0, 1e-10, 0.0, 0.0, 0.0)
    return [
        Row(
            "Aging of 1e-10 a day, after a day, us",
            float(holdover.error_ns(aging, 24.0)) / 1e3,
            4.32,
            1e-6,
            CLOSED,
        ),
        Row("Hours of that aging until 4.32 us", holdover.hours_until(aging, 4320.0), 24.0, 1e-3, CLOSED),
        Row("One satellite of 3 m, ns", float(timing.sigma_ns([3.0])), 10.007, 1e-3, CLOSED),
        Row("Nine satellites of 3 m, ns", float(timing.sigma_ns([3.0] * 9)), 3.336, 1e-3, CLOSED),
    ]
