"""Block error rates of every MCS in white noise, and the ratio that each needs: computed, not assumed.

``awgn.csv`` holds the counts of our own chain (first transmission, 20 iterations, exact ratios) at error
rates from about 0.8 to 0.01, ``fits.csv`` a line through each; ``python tools/phy/tables.py`` makes both
again, and the first row of each file says when and how.
"""

from __future__ import annotations

import csv
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.ldpc import matching
from rabta.mobile.phy.link import transport
from rabta.mobile.phy.link.lines import Line
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

BITS = 8424
"""Transport block of thresholds where nothing else is asked for: the largest of one code block."""
LARGEST = 1_277_992
"""Bits of the largest transport block: 273 resource blocks, four layers of 256QAM at the highest rate."""
LOWEST_BLER = 1e-3  # what the lines were held to beyond the counts they were fitted to


def bler(table: int, mcs: int, snr_db: ArrayLike, bits: float = BITS) -> Array:
    """Block error rate of a first transmission in white noise.

    Parameters
    ----------
    table, mcs : int
        MCS table 1 to 6, and index: `rabta.mobile.phy.link.transport`.
    snr_db : array_like
        Es/N0 of a symbol, or the effective ratio of unequal elements: `effective.sinr_db`.
    bits : float
        Transport block, up to 1,277,992. The least is 24, or more where the code rate with the check would be
        above 0.67 (base graph 2, to 292 bits) or 0.95. One of several code blocks fails if any of them does.

    Returns
    -------
    ndarray
        Below 0.01 the line goes on straight; it was checked to 1e-3.

    Raises
    ------
    RabtaError
        No such MCS, or bits outside the range.

    Examples
    --------
    >>> bler(1, 7, [0.0, 1.5, 3.0], bits=1000).round(2).tolist()
    [1.0, 0.1, 0.0]
    """
    order, rate = transport.mcs_row(table, mcs)
    return failures(order, rate, snr_db, bits)


def failures(order: int, rate: float, snr_db: ArrayLike, bits: float = BITS) -> Array:
    """Block error rate of a modulation and code rate that any of the MCS tables holds."""
    line, blocks = _parts(order, rate, bits)
    return np.asarray(-np.expm1(blocks * np.log1p(-np.minimum(line.bler(snr_db), 1.0 - 1e-15))))


def threshold_db(table: int, mcs: int, bler: float = 0.1, bits: float = BITS) -> float:
    """Es/N0 in dB at which the error rate of a first transmission is as given, 0.001 to 0.99.

    Examples
    --------
    >>> round(threshold_db(1, 7, bits=1000), 1)
    1.5
    """
    order, rate = transport.mcs_row(table, mcs)
    return needed_db(order, rate, bler, bits)


def needed_db(order: int, rate: float, bler: float = 0.1, bits: float = BITS) -> float:
    """`threshold_db` of a modulation and code rate that any of the MCS tables holds."""
    check_range("bler", bler, LOWEST_BLER, 0.99, "the tables of mobile.phy.link")
    line, blocks = _parts(order, rate, bits)
    return line.snr_db(-float(np.expm1(np.log1p(-bler) / blocks)))


@lru_cache(maxsize=4096)
def _parts(order: int, rate: float, bits: float) -> tuple[Line, int]:
    """Line of one code block, and how many code blocks there are."""
    known = lines()
    key = (order, round(rate * 1024.0, 1))
    if key not in known:
        near = min(known, key=lambda row: (abs(row[0] - order), abs(row[1] - rate * 1024.0)))
        raise RabtaError(
            "no error table of this modulation and code rate", key="order, rate",
            value=(order, rate), expected=f"{near[0]}, {near[1]:g}/1024",
        )  # fmt: skip
    sizes, middle, width = known[key]
    check_range("bits", bits, sizes[0], LARGEST, f"the error tables at rate {rate:.3f}")
    blocks = matching.segments(int(bits), rate).blocks
    at = 1.0 / np.sqrt(min(bits / blocks, sizes[-1]))
    place = 1.0 / np.sqrt(sizes[::-1])
    return Line(float(np.interp(at, place, middle[::-1])), float(np.interp(at, place, width[::-1]))), blocks


@cache
def lines() -> dict[tuple[int, float], tuple[Array, Array, Array]]:
    """Sizes in bits, middles and widths in dB, by bits a symbol and code rate x 1024.

    Between sizes both are straight in one over the square root of the size, as the normal approximation of
    finite blocks has it (Polyanskiy, Poor and Verdu, IEEE Trans. Inf. Theory 56, 2010, equation 1).
    """
    found: dict[tuple[int, float], list[tuple[float, float, float]]] = {}
    for row in rows("fits"):
        found.setdefault((int(row["order"]), float(row["rate_1024"])), []).append(
            (float(row["bits"]), float(row["middle_db"]), float(row["width_db"]))
        )
    out = {}
    for key, group in found.items():
        sizes, middle, width = np.array(sorted(group)).T
        out[key] = (sizes, middle, width)
    return out


def rows(name: str) -> list[dict[str, str]]:
    """Rows of ``awgn`` (counts) or ``fits``."""
    return list(csv.DictReader(_text(name).splitlines()[1:]))


def provenance(name: str = "fits") -> str:
    """When and how a table was made: its first row."""
    return _text(name).splitlines()[0].lstrip("# ")


def _text(name: str) -> str:
    return (files("rabta.mobile.phy.link") / f"{name}.csv").read_text(encoding="utf-8")
