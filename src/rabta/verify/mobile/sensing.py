"""Suite ``sensing``: echoes, their detection and reach against published numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from rabta.mobile.sensing import detection, radar
from rabta.verify import Row, suite

TRIAL = "arXiv 2605.23561: commercial 5G hardware found a small aircraft beyond 500 m"
FIELD = "BSense on a 5G-Advanced site at 4.9 GHz: serves 1,000 m (helpnetsecurity.com, 2026)"
LONG = "arXiv 2603.14351: a 5G-Advanced site tracked weak, slow targets beyond 11 km"


@suite("sensing", "Sensing by radio sites: radar equation, detection, reach")
def rows(_files: Path | None) -> list[Row]:
    """Recompute published examples, and show our reach beside field trials."""
    return [*_echo(), *_detection(), *_reach()]


def _echo() -> list[Row]:
    panel = replace(
        radar.sensor("nr-3500-panel"), frequency_ghz=5.65, power_dbm=60.0, transmit_gain_dbi=36.0,
        receive_gain_dbi=36.0, losses_db=0.0,
    )  # fmt: skip
    ours = float(radar.echo_dbm(panel, 75.0 * 1852.0, 0.0))
    source = "Worked example 7-2: 1 kW, 36 dB, 5.65 GHz, 1 m2 at 75 nautical miles, 6.0e-17 W (gizmo.ai)"
    return [Row("Echo of a business jet, dBm", ours, 10.0 * np.log10(6.0e-17) + 30.0, 0.05, source)]


def _detection() -> list[Row]:
    closed = "Swerling (1954): ln P_fa / ln P_d - 1"
    found = []
    for wanted, false in ((0.5, 1e-6), (0.9, 1e-6), (0.9, 1e-8)):
        theirs = 10.0 * np.log10(np.log(false) / np.log(wanted) - 1.0)
        name = f"SNR for {wanted:g} at {false:g}, fluctuating, dB"
        found.append(Row(name, detection.required_snr_db(wanted, false, 1), float(theirs), 1e-6, closed))
        steady = detection.required_snr_db(wanted, false, 0)
        formula = "Albersheim, Proc. IEEE 69 (1981) 839, 0.2 dB for a linear detector"
        name = f"SNR for {wanted:g} at {false:g}, steady, dB"
        found.append(Row(name, steady, detection.albersheim_db(wanted, false), 0.25, formula))
    return found


def _reach() -> list[Row]:
    need = detection.required_snr_db(0.9)
    small = radar.TARGETS_DBSM["small-uav"]
    middle, high = (
        radar.reach_m(radar.sensor(name), need, small) for name in ("nr-3500-panel", "nr-26-panel")
    )
    return [
        Row("Reach for a small aircraft at 26 GHz, m", high, 500.0, 250.0, TRIAL, gate=False),
        Row("Reach at 3.5 GHz beside a service, m", middle, 1000.0, float("nan"), FIELD, gate=False),
        Row("Reach at 3.5 GHz beside a record, m", middle, 11_000.0, float("nan"), LONG, gate=False),
    ]
