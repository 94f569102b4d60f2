"""Compiled kernel: a correlated normal field at places, from white noise on a fixed lattice.

The NumPy reference is `rabta.transport.hazards.fields.field_reference`. A draw is summed by one thread in the
order of the lattice, so neither threads nor chunks change a bit.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel, prange

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U8 = NDArray[np.uint64]


@inline
def _uniform(key: np.uint64, draw: int) -> float:
    """`rabta.transport.hazards.streams.uniforms` of one key and draw."""
    x = key + (np.uint64(draw) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x = x ^ (x >> np.uint64(31))
    return (float(x >> np.uint64(11)) + 0.5) * 2.0**-53


@inline
def _normal(u: float) -> float:
    """Normal quantile of ``u``: Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        a = 2.5090809287301226727e3 * r + 3.3430575583588128105e4
        a = (a * r + 6.7265770927008700853e4) * r + 4.5921953931549871457e4
        a = (a * r + 1.3731693765509461125e4) * r + 1.9715909503065514427e3
        a = (a * r + 1.3314166789178437745e2) * r + 3.3871328727963666080e0
        b = 5.2264952788528545610e3 * r + 2.8729085735721942674e4
        b = (b * r + 3.9307895800092710610e4) * r + 2.1213794301586595867e4
        b = (b * r + 5.3941960214247511077e3) * r + 6.8718700749205790830e2
        b = (b * r + 4.2313330701600911252e1) * r + 1.0
        return q * a / b
    r = math.sqrt(-math.log(u if q < 0.0 else 1.0 - u))
    if r <= 5.0:
        r -= 1.6
        a = 7.7454501427834140764e-4 * r + 2.27238449892691845833e-2
        a = (a * r + 2.41780725177450611770e-1) * r + 1.27045825245236838258e0
        a = (a * r + 3.64784832476320460504e0) * r + 5.76949722146069140550e0
        a = (a * r + 4.63033784615654529590e0) * r + 1.42343711074968357734e0
        b = 1.05075007164441684324e-9 * r + 5.47593808499534494600e-4
        b = (b * r + 1.51986665636164571966e-2) * r + 1.48103976427480074590e-1
        b = (b * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940e0
        b = (b * r + 2.05319162663775882187e0) * r + 1.0
    else:
        r -= 5.0
        a = 2.01033439929228813265e-7 * r + 2.71155556874348757815e-5
        a = (a * r + 1.24266094738807843860e-3) * r + 2.65321895265761230930e-2
        a = (a * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580e0
        a = (a * r + 5.46378491116411436990e0) * r + 6.65790464350110377720e0
        b = 2.04426310338993978564e-15 * r + 1.42151175831644588870e-7
        b = (b * r + 1.84631831751005468180e-5) * r + 7.86869131145613259100e-4
        b = (b * r + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1
        b = (b * r + 5.99832206555887937690e-1) * r + 1.0
    return -a / b if q < 0.0 else a / b


@kernel("void(u8[::1], i8[::1], i8[::1], i8[::1], f8[::1], f8[:,::1])", parallel=True)
def field(nodes: U8, draws: I8, first: I8, node: I8, weight: F8, out: F8) -> None:
    """Field at every place and draw; place ``p`` sums ``weight`` over its nodes ``first[p]:first[p + 1]``."""
    for d in prange(draws.size):
        noise = np.empty(nodes.size)
        for k in range(nodes.size):
            noise[k] = _normal(_uniform(nodes[k], draws[d]))
        for p in range(out.shape[1]):
            total = 0.0
            for i in range(first[p], first[p + 1]):
                total += weight[i] * noise[node[i]]
            out[d, p] = total
