"""Compiled kernels of the atmosphere; `tests/contract/test_atmosphere_kernels.py` holds them to NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel
from rabta.pnt.atmosphere._scalars import bdgim_delay

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel(
    "void(float64[:,::1], float64[:,::1], float64[:,::1], int64[::1], "
    "float64[::1], float64[::1], float64[::1])"
)
def bdgim(
    coefficients: Array,
    receiver: Array,
    satellite: Array,
    slot: Ints,
    day: Array,
    frequency: Array,
    out: Array,
) -> None:
    """`rabta.pnt.atmosphere.bdgim.delay_m` of many rays."""
    for i in range(out.size):
        r, s = receiver[i], satellite[i]
        out[i] = bdgim_delay(coefficients[slot[i]], r[0], r[1], r[2], s[0], s[1], s[2], day[i], frequency[i])
