"""Sums of many beams at many places, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel, prange


@kernel(
    "void(f8[:,::1], i8[::1], f8[:,::1], i8[::1], f8[::1], f8[:,::1], f8[::1], f8, f8[::1], f8[::1])",
    parallel=True,
)
def beam_sums(
    user: Any, serving: Any, beam: Any, colour: Any, power: Any, coupling: Any, table: Any, step: float,
    carrier: Any, interference: Any,
) -> None:  # fmt: skip
    """Power of the serving beam and of all others, relative to one beam's axis.

    Parameters
    ----------
    user, beam : (n, 3) and (m, 3)
        Unit vectors from the satellite.
    serving : (n,)
        Beam of each user.
    colour, power : (m,)
        Colour and relative power of each beam.
    coupling : (c, c)
        Part of a beam's power that another colour hears.
    table, step
        Pattern as power by the length of the chord between unit vectors (2 sin(angle / 2)).
    carrier, interference : (n,)
        Written.
    """
    last = table.shape[0] - 1
    for i in prange(user.shape[0]):
        mine = serving[i]
        total, wanted = 0.0, 0.0
        for j in range(beam.shape[0]):
            share = coupling[colour[mine], colour[j]] * power[j]
            if share == 0.0:
                continue
            dx, dy, dz = user[i, 0] - beam[j, 0], user[i, 1] - beam[j, 1], user[i, 2] - beam[j, 2]
            at = (dx * dx + dy * dy + dz * dz) ** 0.5 / step
            k = int(at)
            gain = table[last] if k >= last else table[k] + (at - k) * (table[k + 1] - table[k])
            if j == mine:
                wanted = share * gain
            else:
                total += share * gain
        carrier[i] = wanted
        interference[i] = total


def beam_sums_reference(
    user: NDArray[np.float64],
    serving: NDArray[np.int64],
    beam: NDArray[np.float64],
    colour: NDArray[np.int64],
    power: NDArray[np.float64],
    coupling: NDArray[np.float64],
    table: NDArray[np.float64],
    step: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`beam_sums` in NumPy."""
    chord = np.linalg.norm(user[:, None, :] - beam[None, :, :], axis=2)
    gain = np.interp(chord / step, np.arange(len(table)), table)
    heard = gain * coupling[colour[serving]][:, colour] * power
    wanted = heard[np.arange(len(user)), serving]
    return wanted, heard.sum(axis=1) - wanted
