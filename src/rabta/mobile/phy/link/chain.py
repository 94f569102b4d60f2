"""From transport blocks to scrambled coded bits and back, many blocks at once; retransmissions combined.

TS 38.212, clauses 6.2 and 7.2: check, segmentation, LDPC, rate matching; TS 38.211, clause 7.3.1.1 or
6.3.1.1: scrambling. Ratios are log P(0)/P(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy import crc
from rabta.mobile.phy.ldpc import coding, matching
from rabta.mobile.phy.ldpc.graphs import COLUMNS, SYSTEMATIC
from rabta.mobile.phy.link.transport import Coded
from rabta.mobile.phy.waveform import scrambling

Bits = NDArray[np.uint8]
Floats = NDArray[np.float32]

VERSIONS = (0, 2, 3, 1)
"""Usual order of redundancy versions."""
C_INIT = scrambling.downlink(1, 1)


@dataclass(frozen=True)
class Received:
    """What a receiver knows after a transmission.

    Attributes
    ----------
    bits : ndarray of uint8, shape (block, bits)
        Transport blocks as decided.
    good : ndarray of bool, shape (block,)
        Whether each one's check holds.
    buffer : ndarray of float32, shape (block, code block, codeword)
        Ratios of the codewords, for the next transmission; filler bits are infinite.
    """

    bits: Bits
    good: NDArray[np.bool_]
    buffer: Floats


@lru_cache(maxsize=64)
def _places(form: Coded, version: int) -> tuple[NDArray[np.int64], ...]:
    """Of each code block, where in its codeword the bits are, in the order sent."""
    cut, found = form.segments, []
    for count in matching.sent_bits(cut, form.coded_bits, form.order, form.layers):
        places = matching.positions(cut, int(count), version)
        found.append(places[matching.interleaver(int(count), form.order)])
    return tuple(found)


def _scrambler(form: Coded, c_init: int) -> Bits:
    return scrambling.sequence(c_init, form.coded_bits)


def code_blocks(bits: ArrayLike, form: Coded) -> Bits:
    """Code blocks with checks and filler zeros, shape (block, code block, systematic columns x Z)."""
    cut = form.segments
    words = crc.attach(_blocks(bits, form), cut.crc)
    own = cut.block_bits - (24 if cut.blocks > 1 else 0)
    padded = np.zeros((len(words), own * cut.blocks), dtype=np.uint8)
    padded[:, : words.shape[1]] = words
    parts = padded.reshape(len(words), cut.blocks, own)
    if cut.blocks > 1:
        parts = crc.attach(parts, "CRC24B")
    return np.pad(parts, ((0, 0), (0, 0), (0, cut.filler)))


def _blocks(bits: ArrayLike, form: Coded) -> Bits:
    words = np.atleast_2d(np.asarray(bits, dtype=np.uint8))
    if words.ndim != 2 or words.shape[1] != form.bits:
        raise RabtaError(
            "wrong length of transport blocks", key="bits", value=words.shape, expected=f"(..., {form.bits})"
        )
    return words


def encode(bits: ArrayLike, form: Coded) -> Bits:
    """Whole codewords of transport blocks, shape (block, code block, columns x Z)."""
    parts = code_blocks(bits, form)
    graph = form.segments.graph
    words = coding.encode(graph, parts.reshape(-1, parts.shape[2]))
    return words.reshape(*parts.shape[:2], -1)


def select(words: Bits, form: Coded, version: int = 0, c_init: int = C_INIT) -> Bits:
    """Bits of codewords that a redundancy version sends, scrambled, shape (block, coded bits)."""
    parts = [words[:, i, places] for i, places in enumerate(_places(form, version))]
    return np.asarray(np.concatenate(parts, axis=1) ^ _scrambler(form, c_init))


def send(bits: ArrayLike, form: Coded, *, version: int = 0, c_init: int = C_INIT) -> Bits:
    """Scrambled coded bits of transport blocks.

    Parameters
    ----------
    bits : array_like of 0 and 1, shape (bits,) or (block, bits)
    form : Format or Plain
    version : int
        Redundancy version, 0 to 3.
    c_init : int
        Start of the scrambling: `rabta.mobile.phy.waveform.scrambling.downlink` or `uplink`.

    Returns
    -------
    ndarray of uint8, shape (coded bits,) or (block, coded bits)

    Raises
    ------
    RabtaError
        Blocks of another length, or no such version.

    Examples
    --------
    >>> from rabta.mobile.phy.link.transport import Format
    >>> form = Format(1, 7, blocks=6)
    >>> send(np.zeros(form.bits), form).shape
    (1728,)
    """
    sent = select(encode(bits, form), form, version, c_init)
    return np.asarray(sent[0] if np.ndim(bits) == 1 else sent)


def gather(ratios: ArrayLike, form: Coded, version: int = 0, c_init: int = C_INIT) -> Floats:
    """Ratios of the codewords from those of the coded bits, shape (block, code block, columns x Z).

    Bits sent more than once are added up. Filler bits, which are known, are infinite.
    """
    heard = np.atleast_2d(np.asarray(ratios, dtype=np.float32))
    if heard.ndim != 2 or heard.shape[1] != form.coded_bits:
        raise RabtaError(
            "wrong length of coded bits",
            key="ratios",
            value=heard.shape,
            expected=f"(..., {form.coded_bits})",
        )
    heard = heard * (np.float32(1.0) - np.float32(2.0) * _scrambler(form, c_init))
    cut = form.segments
    out = np.zeros((len(heard), cut.blocks, COLUMNS[cut.number] * cut.size), dtype=np.float32)
    at = 0
    for i, places in enumerate(_places(form, version)):
        _add(out[:, i], heard[:, at : at + len(places)], places, form.order)
        at += len(places)
    out[..., cut.block_bits : cut.block_bits + cut.filler] = np.inf
    return out


def _add(out: Floats, heard: Floats, places: NDArray[np.int64], order: int) -> None:
    """Add ratios to their places; none comes twice within a turn of the circular buffer."""
    turn = int(np.unique(places).size)
    if turn == len(places):
        out[:, places] = heard
        return
    back = matching.interleaver(len(places), order)
    part, ring = np.empty_like(heard), np.empty_like(places)
    part[:, back], ring[back] = heard, places
    for first in range(0, len(ring), turn):
        out[:, ring[first : first + turn]] += part[:, first : first + turn]


def receive(
    ratios: ArrayLike,
    form: Coded,
    *,
    version: int = 0,
    c_init: int = C_INIT,
    buffer: Floats | None = None,
    iterations: int = coding.ITERATIONS,
) -> Received:
    """Transport blocks from the ratios of their coded bits.

    Parameters
    ----------
    ratios : array_like, shape (coded bits,) or (block, coded bits)
    buffer : ndarray, optional
        What earlier transmissions of the same blocks left; combined with these ratios.
    iterations : int
        Most iterations of the decoder.

    Returns
    -------
    Received
        Of one block or more; always with a leading axis.
    """
    words = gather(ratios, form, version, c_init)
    if buffer is not None:
        if buffer.shape != words.shape:
            raise RabtaError(
                "the buffer is of other blocks", key="buffer", value=buffer.shape, expected=str(words.shape)
            )
        words += buffer
    bits, good = decode(words, form, iterations)
    return Received(bits, good, words)


def decode(words: Floats, form: Coded, iterations: int = coding.ITERATIONS) -> tuple[Bits, NDArray[np.bool_]]:
    """Transport blocks of codewords' ratios, shape (block, code block, columns x Z), and their checks.

    A word of zeros passes every check, and is what a decoder that heard no information bit leaves: it counts
    only where codewords were found.
    """
    cut = form.segments
    columns = _columns(words, form)
    flat = words[..., : columns * cut.size].reshape(-1, columns * cut.size)
    found, used = coding.decode(cut.graph, flat, iterations)
    whole_words = (used <= iterations).reshape(len(words), cut.blocks).all(axis=1)
    parts = found.reshape(len(words), cut.blocks, -1)[..., : cut.block_bits]
    if cut.blocks > 1:
        parts = parts[..., :-24]
    whole = parts.reshape(len(words), -1)[:, : cut.bits + crc.length(cut.crc)]
    return whole[:, : cut.bits], crc.holds(whole, cut.crc) & (whole_words | whole.any(axis=1))


def _columns(words: Floats, form: Coded) -> int:
    """Columns up to the last one that was sent: the rows behind them say nothing."""
    cut = form.segments
    heard = np.flatnonzero((words[0] != 0.0).any(axis=0))
    last = int(heard[-1]) // cut.size + 1 if heard.size else 0
    return min(max(last, SYSTEMATIC[cut.number] + 4), COLUMNS[cut.number])
