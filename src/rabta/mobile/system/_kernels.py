"""Sums over transmitters at many users, and the slots of a scheduler, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from rabta.jit import kernel, prange

LN10_10 = float(np.log(10.0) / 10.0)


@kernel("void(f4[:,::1], i8[::1], f8[::1], i8[::1], f8[:,::1], f8, f4[::1])", parallel=True)
def sinr(received: Any, serving: Any, load: Any, channel: Any, overlap: Any, noise: Any, out: Any) -> None:
    """Wanted power over that of all other transmitters and noise, in dB.

    Parameters
    ----------
    received : (row, transmitter)
        dBm; -inf for nothing.
    serving : (row,)
        Transmitter of each row, -1 for none.
    load : (transmitter,)
        Part of the time or band in which each sends.
    channel : (transmitter,)
        Share of the spectrum that each has.
    overlap : (channel, channel)
        Part of a transmitter's power that a receiver on another channel hears.
    noise : mW
    out : (row,)
        Written; -inf without a serving transmitter.
    """
    for i in prange(received.shape[0]):
        mine = serving[i]
        if mine < 0:
            out[i] = -np.inf
            continue
        total, wanted = noise, 0.0
        for j in range(received.shape[1]):
            if j == mine:
                wanted = np.exp(received[i, j] * LN10_10)
                continue
            share = load[j] * overlap[channel[mine], channel[j]]
            if share > 0.0:
                total += share * np.exp(received[i, j] * LN10_10)
        out[i] = 10.0 * np.log10(wanted / total) if wanted > 0.0 else -np.inf
