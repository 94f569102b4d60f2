"""Polar codes in plain NumPy: what the kernels are held to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.phy.polar.codes import Code

Bits = NDArray[np.uint8]
Values = NDArray[np.float64]


def transform(words: Bits) -> Bits:
    """Words times the Kronecker power of [[1, 0], [1, 1]]: TS 38.212, clause 5.3.1.2."""
    kernel = np.array([[1, 0], [1, 1]])
    matrix = np.ones((1, 1), dtype=int)
    while len(matrix) < words.shape[1]:
        matrix = np.kron(matrix, kernel)
    return np.asarray(words.astype(int) @ matrix % 2, dtype=np.uint8)


def placed(code: Code, words: Bits) -> Bits:
    """Bits at their positions before the transform, parity checks filled in: clause 5.3.1.2."""
    out = np.zeros((len(words), code.length), dtype=np.uint8)
    register, parity, taken = np.zeros((len(words), 5), dtype=np.uint8), set(code.parity.tolist()), 0
    for place in code.information.tolist():
        at = place % 5
        if place in parity:
            out[:, place] = register[:, at]
        else:
            out[:, place] = words[:, taken]
            register[:, at] ^= words[:, taken]
            taken += 1
    return out


def likelihood(values: Values, bits: list[int]) -> float:
    """Ratio of the bit that follows ``bits``: Arikan's recursion with the lesser magnitude."""
    if len(values) == 1:
        return float(values[0])
    half = len(values) // 2
    a, b = values[:half], values[half:]
    if len(bits) < half:
        least = np.minimum(np.abs(a), np.abs(b))
        return likelihood(np.where((a < 0.0) != (b < 0.0), -least, least), bits)
    known = transform(np.array([bits[:half]], dtype=np.uint8))[0]
    return likelihood(np.where(known, b - a, b + a), bits[half:])


def decode(code: Code, values: Values, most: int) -> list[tuple[float, list[int]]]:
    """Paths of a list decoder, metric and bits before the transform, the best first.

    Tal and Vardy, IEEE Transactions on Information Theory 61 (2015) 2213; the metric is that of
    Balatsoukas-Stimming, Bastani Parizi and Burg, IEEE Transactions on Signal Processing 63 (2015) 5165.
    """
    paths: list[tuple[float, list[int]]] = [(0.0, [])]
    information, parity = set(code.information.tolist()), set(code.parity.tolist())
    for place in range(code.length):
        grown = []
        for metric, bits in paths:
            ratio = likelihood(values, bits)
            if place in parity:
                same = [b for at, b in enumerate(bits) if at in information - parity and at % 5 == place % 5]
                options = [sum(same) % 2]
            else:
                options = [0, 1] if place in information else [0]
            grown += [
                (metric + (abs(ratio) if (ratio < 0.0) != bit else 0.0), [*bits, bit]) for bit in options
            ]
        paths = sorted(grown, key=lambda path: path[0])[:most]
    return paths
