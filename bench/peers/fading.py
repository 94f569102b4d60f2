"""Sionna's channels measured, by its own interpreter: slots and samples a CPU second on one thread.

Usage: PYTHON bench/peers/fading.py SLOTS, where PYTHON has sionna-no-rt and torch; prints JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import sionna
import torch
from sionna.phy.channel import (
    ApplyTimeChannel,
    cir_to_ofdm_channel,
    cir_to_time_channel,
    subcarrier_frequencies,
    time_lag_discrete_time_channel,
)
from sionna.phy.channel.tr38901 import CDL, TDL, PanelArray

CARRIER_HZ, SPREAD_S, SPEED = 3.5e9, 100e-9, 10.0
RATE_HZ, SAMPLES = 30.72e6, 30_720


def least(job: Callable[[], Any], times: int = 3) -> float:
    """Least CPU seconds of several runs."""
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        job()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def slots(count: int) -> dict[str, float]:
    """Slots of 14 symbols a CPU second: coefficients, and coefficients on 624 subcarriers."""
    hertz = subcarrier_frequencies(624, 15e3)
    out = {}
    for name in ("A", "C"):
        model = TDL(name, SPREAD_S, CARRIER_HZ, min_speed=SPEED, max_speed=SPEED)
        out[f"TDL-{name}"] = count / least(lambda model=model: model(count, 14, 14e3))
        out[f"TDL-{name} on the grid"] = count / least(
            lambda model=model: cir_to_ofdm_channel(hertz, *model(count, 14, 14e3))
        )
    base = PanelArray(num_rows_per_panel=2, num_cols_per_panel=4, polarization="dual",
                      polarization_type="cross", antenna_pattern="38.901",
                      carrier_frequency=CARRIER_HZ)  # fmt: skip
    hand = PanelArray(num_rows_per_panel=1, num_cols_per_panel=1, polarization="dual", polarization_type="VH",
                      antenna_pattern="omni", carrier_frequency=CARRIER_HZ)  # fmt: skip
    panels = CDL("C", SPREAD_S, CARRIER_HZ, hand, base, "downlink", min_speed=SPEED, max_speed=SPEED)
    out["CDL-C, 16 to 2 antennas"] = 100 / least(lambda: panels(100, 14, 14e3))
    return out


def samples() -> float:
    """Samples through TDL-A a CPU second, coefficients of every sample included as it needs them."""
    model = TDL("A", SPREAD_S, CARRIER_HZ, min_speed=SPEED, max_speed=SPEED)
    low, high = time_lag_discrete_time_channel(RATE_HZ)
    through = ApplyTimeChannel(SAMPLES, high - low + 1)
    sent = torch.randn(1, 1, 1, SAMPLES, dtype=torch.complex64)

    def job() -> None:
        a, tau = model(1, SAMPLES + high - low, RATE_HZ)
        through(sent, cir_to_time_channel(RATE_HZ, a, tau, low, high))

    return SAMPLES / least(job)


def main() -> None:
    """Print the measurement."""
    torch.set_num_threads(1)
    count = int(sys.argv[1])
    out = {"sionna": sionna.__version__, "torch": torch.__version__, **slots(count), "samples": samples()}
    print(json.dumps(out))


if __name__ == "__main__":
    main()
