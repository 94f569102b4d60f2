"""Which positions of a polar code carry information, and which of its bits are sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError

Indices = NDArray[np.int64]

SHORTEST_LOG, LONGEST_LOG = 5, 10
LEAST_RATE = 1 / 8
SUB_BLOCKS = np.fromstring(
    "0 1 2 4 3 5 6 7 8 16 9 17 10 18 11 19 12 20 13 21 14 22 15 23 24 25 26 28 27 29 30 31",
    dtype=np.int64, sep=" ",
)  # fmt: skip
"""Order of the 32 sub-blocks: TS 38.212, table 5.4.1.1-1."""


@dataclass(frozen=True)
class Code:
    """A polar code with its rate matching.

    Attributes
    ----------
    bits, sent, length : int
        Bits that go in (their check counted), bits that are sent, and the length of the mother code.
    information : ndarray of int, ascending
        Positions of information and parity check bits.
    parity : ndarray of int
        Positions of parity check bits among them.
    mode : str
        "repeat", "puncture" or "shorten".
    interleaved : bool
        Whether sent bits pass the channel interleaver.
    """

    bits: int
    sent: int
    length: int
    information: Indices
    parity: Indices
    mode: str
    interleaved: bool

    @cached_property
    def positions(self) -> Indices:
        """Position in the codeword of each bit sent, in order: clauses 5.4.1.1 to 5.4.1.3."""
        order = sub_block_order(self.length)
        first = self.length - self.sent if self.mode == "puncture" else 0
        out = order[(first + np.arange(self.sent)) % self.length]
        return out[channel_order(self.sent)] if self.interleaved else out

    @cached_property
    def known(self) -> Indices:
        """Positions of the codeword that are zero and not sent."""
        none = np.zeros(0, dtype=np.int64)
        return sub_block_order(self.length)[self.sent :] if self.mode == "shorten" else none


@cache
def reliability() -> Indices:
    """Positions 0 to 1023 from the least to the most reliable: TS 38.212, table 5.3.1.2-1."""
    text = (files("rabta.mobile.phy.polar") / "reliability.csv").read_text(encoding="utf-8")
    return np.array([int(line) for line in text.splitlines()[1:]], dtype=np.int64)


@cache
def sub_block_order(length: int) -> Indices:
    """Order in which sub-block interleaving reads a codeword: TS 38.212, clause 5.4.1.1."""
    part = length // 32
    return (SUB_BLOCKS[:, None] * part + np.arange(part)).ravel()


@cache
def channel_order(count: int) -> Indices:
    """Order in which the triangular interleaver reads: TS 38.212, clause 5.4.1.3.

    Examples
    --------
    >>> channel_order(8).tolist()
    [0, 4, 7, 1, 5, 2, 6, 3]
    """
    side = next(t for t in range(count + 1) if t * (t + 1) // 2 >= count)
    row, column = np.mgrid[:side, :side]
    number = row * side - row * (row - 1) // 2 + column
    held = (row + column < side) & (number < count)
    return np.asarray(number.T[held.T], dtype=np.int64)


def mother_length(bits: int, sent: int, longest_log: int = LONGEST_LOG) -> int:
    """Length of the mother code: TS 38.212, clause 5.3.1.

    Examples
    --------
    >>> mother_length(56, 864, 9), mother_length(64, 128)
    (512, 128)
    """
    up = ceil(log2(sent))
    if 8 * sent <= 9 * 2 ** (up - 1) and 16 * bits < 9 * sent:
        up -= 1
    return int(2 ** max(SHORTEST_LOG, min(up, ceil(log2(bits / LEAST_RATE)), longest_log)))


def _frozen_first(bits: int, sent: int, length: int) -> Indices:
    """Positions that rate matching freezes: TS 38.212, clause 5.4.1.1."""
    order = sub_block_order(length)
    if sent >= length:
        return order[:0]
    if 16 * bits > 7 * sent:
        return order[sent:]
    near = 4 * sent >= 3 * length
    more = ceil(3 * length / 4 - sent / 2) if near else ceil(9 * length / 16 - sent / 4)
    return np.concatenate([order[: length - sent], np.arange(more)])


def _parity(ranked: Indices, count: int, light: int) -> Indices:
    """Positions of parity check bits: TS 38.212, clause 5.3.1.2; ``ranked`` from least to most reliable.

    ``light`` of them go to rows of the least weight, the most reliable among these.
    """
    plain = ranked[: count - light]
    rest = ranked[count:]
    weight = np.array([int(place).bit_count() for place in rest])
    lightest = rest[weight == weight.min()][::-1][:light] if light else rest[:0]
    return np.concatenate([plain, lightest])


@cache
def code(
    bits: int,
    sent: int,
    *,
    longest_log: int = LONGEST_LOG,
    parity: int = 0,
    light: int = 0,
    interleaved: bool = False,
) -> Code:
    """Code for so many bits (their check counted) in so many sent bits.

    Parameters
    ----------
    longest_log : int
        9 for control information and broadcast down, 10 up.
    parity, light : int
        Parity check bits, and how many of them sit at rows of the least weight.
    interleaved : bool
        Triangular interleaving of what is sent, as up.

    Raises
    ------
    RabtaError
        Where the bits do not fit into what is sent.
    """
    if not 1 <= bits + parity <= sent:
        raise RabtaError(
            "polar code cannot hold its bits", key="bits, sent", value=(bits, sent),
            expected=f"1 to {sent - parity} bits, checks counted",
        )  # fmt: skip
    length = mother_length(bits, sent, longest_log)
    ranked = reliability()
    ranked = ranked[ranked < length]
    ranked = ranked[~np.isin(ranked, _frozen_first(bits, sent, length))]
    if len(ranked) < bits + parity:
        raise RabtaError(
            "polar code cannot hold its bits", key="bits, sent", value=(bits, sent),
            expected=f"at most {len(ranked) - parity} bits, checks counted",
        )  # fmt: skip
    best = ranked[len(ranked) - bits - parity :]
    mode = "repeat" if sent >= length else "puncture" if 16 * bits <= 7 * sent else "shorten"
    checks = _parity(best, parity, light) if parity else best[:0]
    return Code(bits, sent, length, np.sort(best), np.sort(checks), mode, interleaved)
