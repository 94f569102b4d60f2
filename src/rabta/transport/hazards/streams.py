"""Random numbers that belong to a hazard, an element and a draw, and to nothing else.

A number is a hash of its key and its counter, so that it can be asked for in any order and by any thread
(Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011). The mixing function is the finaliser
of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014), whose
increment also spaces the counters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U8 = NDArray[np.uint64]
INCREMENT = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
UNIT = 2.0**-53
RARE = 30.0  # events a year up to which counts are summed one by one


def mixed(state: U8) -> U8:
    """Finaliser of SplitMix64, element by element.

    Examples
    --------
    The first number of SplitMix64 with seed 0 (published test vector).

    >>> hex(int(mixed(np.array([0x9E3779B97F4A7C15], np.uint64))[0]))
    '0xe220a8397b1dcdaf'
    """
    with np.errstate(over="ignore"):
        state = (state ^ (state >> np.uint64(30))) * FIRST
        state = (state ^ (state >> np.uint64(27))) * SECOND
    return state ^ (state >> np.uint64(31))


def key(seed: int, *names: str) -> np.uint64:
    """Key of a stream from the seed and the names of what it is for.

    Examples
    --------
    >>> len({int(key(1, *names)) for names in (("ab", "c"), ("a", "bc"), ("ab", "c"))})
    2
    """
    text = "\x1f".join((str(seed), *names)).encode()
    return np.uint64(int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little"))


def keys(seed: int, hazard: str, elements: Sequence[str]) -> U8:
    """Keys of one hazard's elements, shape (element,)."""
    return np.array([key(seed, hazard, name) for name in elements], np.uint64)


def uniforms(of: U8, draws: I8) -> F8:
    """Numbers between 0 and 1, both excluded.

    Parameters
    ----------
    of : ndarray of uint64, shape (element,)
        Keys.
    draws : ndarray of int64, shape (draw,)
        Counters.

    Returns
    -------
    ndarray, shape (draw, element)
    """
    with np.errstate(over="ignore"):
        counters = (draws.astype(np.uint64) + np.uint64(1)) * INCREMENT
        bits = mixed(of[None, :] + counters[:, None])
    return np.asarray(((bits >> np.uint64(11)).astype(np.float64) + 0.5) * UNIT)


def one(seed: int, hazard: str, what: str, draws: I8) -> F8:
    """One number for each draw, shape (draw,)."""
    return uniforms(np.array([key(seed, hazard, what)]), draws)[:, 0]


def counts(rate: float | F8, uniform: F8) -> I8:
    """Poisson counts by inversion: a higher rate never takes an event away.

    Parameters
    ----------
    rate : float or ndarray
        Events a year, broadcast against ``uniform``.
    """
    rate, uniform = np.broadcast_arrays(np.asarray(rate, np.float64), uniform)
    rare = rate < RARE
    if np.all(rare):
        return _few(rate, uniform)
    return np.where(
        rare, _few(np.where(rare, rate, 0.0), uniform), _many(np.where(rare, RARE, rate), uniform)
    )


def _few(rate: F8, uniform: F8) -> I8:
    """Sum of the chances of 0, 1, 2 ... until the number is reached."""
    term = np.exp(-rate)
    below, found = term.copy(), np.zeros(rate.shape, np.int64)
    step = 0
    while np.any(more := uniform > below):
        step += 1
        found += more
        term = term * rate / step
        if not np.any(term[more] > 0.0):  # the tail is below the last digit
            break
        below = below + term
    return found


def _many(rate: F8, uniform: F8) -> I8:
    """Through the incomplete gamma function, then one step back where that overshoots."""
    from scipy.special import pdtr, pdtrik

    found = np.ceil(pdtrik(uniform, rate))
    before = np.maximum(found - 1.0, 0.0)
    return np.asarray(np.where(pdtr(before, rate) >= uniform, before, found), np.int64)
