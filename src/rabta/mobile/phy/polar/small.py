"""Control information up: block codes up to 11 bits (TS 38.212, clause 5.3.3), else polar codes.

One and two bits leave places for the scrambler in a symbol of many bits, so that its outermost points alone
are sent: `PLACE` becomes a one after scrambling and `AGAIN` what the place before became (TS 38.211,
clause 6.3.1.1). `scrambled` puts them in.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.polar import coding, control

Bits = NDArray[np.uint8]
Values = NDArray[np.float32]
Good = NDArray[np.bool_]

AGAIN, PLACE = 2, 3
MOST = 11
ORDERS = (1, 2, 4, 6, 8)
ROWS = (
    "11000000001 11100000011 10010010111 10110000101 11110001001 11001011101 10101010111 10011001101"
    " 11011001011 10111010011 10100111011 11100110101 10010101111 11010101011 10001101001 11001111011"
    " 11101110010 10011100100 11011111000 10000110000 10100010001 11010000011 10001001101 11101000111"
    " 11111011110 11000111001 10110100110 11110101110 10101110100 10111111100 11111111111 10000000000"
)
"""Basis of the (32, K) code, a row for each bit sent: TS 38.212, table 5.3.3.3-1."""


@cache
def basis() -> Bits:
    """Basis of the (32, K) code, shape (32, 11)."""
    return np.array([[int(bit) for bit in row] for row in ROWS.split()], dtype=np.uint8)


def _pattern(bits: int, order: int) -> NDArray[np.int64]:
    """Which bit goes where before repetition: 2 is the sum of two, below zero are places."""
    if order not in ORDERS:
        raise RabtaError("no such order of modulation", key="order", value=order, expected="1, 2, 4, 6 or 8")
    if bits == 1:
        return np.array([0, -AGAIN, *[-PLACE] * (order - 2)][:order])
    if order == 1:
        return np.arange(3)
    pairs = ((0, 1), (2, 0), (1, 2))
    return np.array([at for pair in pairs for at in (*pair, *[-PLACE] * (order - 2))])


def _words(bits: int, sent: int, order: int) -> Bits:
    """Every codeword, shape (2^bits, sent), places included: TS 38.212, clauses 5.3.3 and 5.4.3."""
    if not 1 <= bits <= MOST:
        raise RabtaError("block codes have 1 to 11 bits", key="bits", value=bits, expected=f"1 to {MOST}")
    if sent < bits:
        raise RabtaError("too few bits are sent", key="sent", value=sent, expected=f"{bits} or more")
    words = (np.arange(2**bits)[:, None] >> np.arange(bits) & 1).astype(np.uint8)
    if bits > 2:
        coded = words @ basis()[:, :bits].T % 2
    else:
        with_sum = np.concatenate([words, words.sum(axis=1, keepdims=True) % 2], axis=1)
        at = _pattern(bits, order)
        coded = np.where(at >= 0, with_sum[:, np.maximum(at, 0)], -at)
    return np.asarray(coded[:, np.arange(sent) % coded.shape[1]], dtype=np.uint8)


def _rows(bits: ArrayLike) -> Bits:
    rows = np.atleast_2d(np.asarray(bits))
    if rows.size and not np.isin(rows, (0, 1)).all():
        raise RabtaError("bits that are neither 0 nor 1", key="bits", expected="0 and 1")
    return rows.astype(np.uint8)


def encode(bits: ArrayLike, sent: int, order: int = 2) -> Bits:
    """Coded block of 1 to 11 bits, shape (block, bits) to (block, sent); `AGAIN` and `PLACE` among them.

    Examples
    --------
    >>> encode([1, 0], 6).tolist()
    [[1, 0, 1, 1, 0, 1]]
    >>> encode([1], 4, order=4).tolist()
    [[1, 2, 3, 3]]
    """
    rows = _rows(bits)
    return _words(rows.shape[1], sent, order)[rows @ (1 << np.arange(rows.shape[1]))]


def scrambled(coded: ArrayLike, sequence: ArrayLike) -> Bits:
    """Coded bits with a pseudo-random sequence added and places filled: TS 38.211, clause 6.3.1.1.

    Parameters
    ----------
    coded : shape (..., sent)
    sequence : shape (sent,)
        Such as `waveform.scrambling.sequence`.
    """
    words = np.asarray(coded, dtype=np.uint8)
    mask = np.asarray(sequence, dtype=np.uint8)
    out = np.where(words == PLACE, 1, words ^ mask)
    before = np.concatenate([out[..., :1], out[..., :-1]], axis=-1)
    return np.asarray(np.where(words == AGAIN, before, out), dtype=np.uint8)


def decode(
    ratios: ArrayLike, bits: int, order: int = 2, sequence: ArrayLike | None = None
) -> tuple[Bits, Values]:
    """Most likely block of 1 to 11 bits among all, from ratios as heard, shape (block, sent).

    Parameters
    ----------
    sequence : array_like, shape (sent,), optional
        What scrambled them; none if left out.

    Returns
    -------
    found : ndarray of uint8, shape (block, bits)
    margin : ndarray, shape (block,)
        How much more likely than the next one, as a log-likelihood ratio: there is no check.
    """
    rows = np.atleast_2d(np.asarray(ratios, dtype=np.float32))
    sent = rows.shape[1]
    mask = np.zeros(sent, dtype=np.uint8) if sequence is None else np.asarray(sequence, dtype=np.uint8)
    if mask.shape != (sent,):
        raise RabtaError("wrong length of sequence", key="sequence", value=mask.shape, expected=str((sent,)))
    words = scrambled(_words(bits, sent, order), mask)
    score = rows @ (0.5 - words.astype(np.float32)).T
    best = score.argmax(axis=1)
    ordered = np.sort(score, axis=1)
    found = (best[:, None] >> np.arange(bits) & 1).astype(np.uint8)
    return found, np.asarray(ordered[:, -1] - ordered[:, -2], dtype=np.float32)


def encode_uci(bits: ArrayLike, sent: int, order: int = 2) -> Bits:
    """Coded control information up of 1 to 1706 bits, shape (block, bits) to (block, sent).

    Up to 11 bits `encode`, with places where there are one or two bits; from 12 `control.encode_up`.
    """
    rows = _rows(bits)
    return encode(rows, sent, order) if rows.shape[1] <= MOST else control.encode_up(rows, sent)


def decode_uci(
    ratios: ArrayLike,
    bits: int,
    order: int = 2,
    sequence: ArrayLike | None = None,
    most: int = coding.LIST,
) -> tuple[Bits, Good]:
    """Control information up from ratios as heard, shape (block, sent), and whether its check holds.

    Blocks of up to 11 bits have no check: theirs "holds" unless two words are equally likely.
    """
    if bits <= MOST:
        found, margin = decode(ratios, bits, order, sequence)
        return found, margin > 0.0
    rows = np.atleast_2d(np.asarray(ratios, dtype=np.float32))
    if sequence is not None:
        rows = rows * (1.0 - 2.0 * np.asarray(sequence, dtype=np.float32))
    return control.decode_up(rows, bits, most)
