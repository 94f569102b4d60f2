"""Segmentation and rate matching of NR's data channels: 3GPP TS 38.212, clauses 5.2.2 and 5.4.2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy import crc
from rabta.mobile.phy.ldpc import coding
from rabta.mobile.phy.ldpc.graphs import COLUMNS, LARGEST, SYSTEMATIC, Graph, choose, graph, lifting_size

Bits = NDArray[np.uint8]
Values = NDArray[np.float32]

START = {1: (0, 17, 33, 56), 2: (0, 13, 25, 43)}
"""Where each redundancy version starts, in Z: TS 38.212, table 5.4.2.1-2."""
LONG_BLOCK = 3824  # bits above which a transport block has a check of 24 bits, clause 6.2.1


@dataclass(frozen=True)
class Segments:
    """How a transport block is cut: TS 38.212, clauses 6.2.1 and 5.2.2.

    Attributes
    ----------
    bits : int
        Transport block without its check.
    crc : str
        Check of the transport block.
    number, size : int
        Base graph and lifting size.
    blocks, block_bits : int
        Code blocks, and the bits of each with its own check; filler follows up to the graph's columns.
    """

    bits: int
    crc: str
    number: int
    size: int
    blocks: int
    block_bits: int

    @property
    def graph(self) -> Graph:
        """Lifted base graph."""
        return graph(self.number, self.size)

    @property
    def filler(self) -> int:
        """Bits that fill a code block up; never sent."""
        return SYSTEMATIC[self.number] * self.size - self.block_bits

    @property
    def buffer_bits(self) -> int:
        """Length of the circular buffer."""
        return (COLUMNS[self.number] - 2) * self.size


def segments(bits: int, rate: float) -> Segments:
    """Cut a transport block of ``bits`` that is sent at a code rate."""
    if bits < 1 or not 0.0 < rate < 1.0:
        raise RabtaError(
            "no such transport block",
            key="bits, rate",
            value=(bits, rate),
            expected="1 bit or more, rate 0 to 1",
        )
    check = "CRC24A" if bits > LONG_BLOCK else "CRC16"
    number = choose(bits, rate)
    total = bits + crc.length(check)
    blocks = 1
    if total > LARGEST[number]:
        blocks = -(-total // (LARGEST[number] - 24))
        total += blocks * 24
    block_bits = -(-total // blocks)
    whole = bits + crc.length(check)
    return Segments(bits, check, number, lifting_size(number, block_bits, whole), blocks, block_bits)


def code_blocks(transport: ArrayLike, cut: Segments) -> Bits:
    """Code blocks of a transport block with their checks and filler zeros, shape (block, columns x Z)."""
    word = crc.attach(np.asarray(transport, dtype=np.uint8), cut.crc)
    own = cut.block_bits - (24 if cut.blocks > 1 else 0)
    padded = np.zeros(own * cut.blocks, dtype=np.uint8)
    padded[: len(word)] = word
    blocks = padded.reshape(cut.blocks, own)
    if cut.blocks > 1:
        blocks = crc.attach(blocks, "CRC24B")
    return np.pad(blocks, ((0, 0), (0, cut.filler)))


def sent_bits(cut: Segments, total: int, order: int, layers: int = 1) -> NDArray[np.int64]:
    """Bits sent of each code block, of ``total`` in all: TS 38.212, clause 5.4.2.1."""
    unit = order * layers
    if total % unit:
        raise RabtaError(
            "bits do not fill symbols", key="total", value=total, expected=f"a multiple of {unit}"
        )
    symbols = total // unit
    few, more = symbols // cut.blocks, symbols % cut.blocks
    return unit * np.array([few + (i >= cut.blocks - more) for i in range(cut.blocks)], dtype=np.int64)


def positions(cut: Segments, count: int, version: int, buffer_bits: int | None = None) -> NDArray[np.int64]:
    """Places of the codeword that are sent, in order: circular buffer without filler, clause 5.4.2.1.

    Parameters
    ----------
    version : int
        Redundancy version, 0 to 3.
    buffer_bits : int, optional
        Length of a limited buffer; the whole codeword if left out.
    """
    if version not in range(4):
        raise RabtaError("no such redundancy version", key="version", value=version, expected="0 to 3")
    whole = cut.buffer_bits
    n = min(whole, buffer_bits or whole)
    start = START[cut.number][version] * n // whole * cut.size
    first = cut.block_bits - 2 * cut.size
    ring = (start + np.arange(n)) % n
    ring = ring[(ring < first) | (ring >= first + cut.filler)]
    return np.asarray(np.resize(ring, count) + 2 * cut.size)


def interleaver(count: int, order: int) -> NDArray[np.int64]:
    """Order in which bits go to symbols of ``order`` bits: TS 38.212, clause 5.4.2.2."""
    return np.arange(count).reshape(order, count // order).T.ravel()


def encode(
    transport: ArrayLike, cut: Segments, total: int, order: int, version: int = 0, layers: int = 1
) -> Bits:
    """Coded bits of a transport block: TS 38.212, clauses 6.2 and 5.4.2."""
    words = coding.encode(cut.graph, code_blocks(transport, cut))
    out = []
    for word, count in zip(words, sent_bits(cut, total, order, layers), strict=True):
        sent = word[positions(cut, int(count), version)]
        out.append(sent[interleaver(int(count), order)])
    return np.concatenate(out)


def gather(ratios: ArrayLike, cut: Segments, order: int, version: int = 0, layers: int = 1) -> Values:
    """Log-likelihood ratios of the codewords from those of the coded bits, repeats added up.

    Sum the results of several redundancy versions to combine transmissions; filler bits are infinite.
    """
    heard = np.asarray(ratios, dtype=np.float32)
    out = np.zeros((cut.blocks, COLUMNS[cut.number] * cut.size), dtype=np.float32)
    at = 0
    for row, count in enumerate(sent_bits(cut, heard.size, order, layers)):
        part = np.empty(int(count), dtype=np.float32)
        part[interleaver(int(count), order)] = heard[at : at + count]
        np.add.at(out[row], positions(cut, int(count), version), part)
        at += int(count)
    out[:, cut.block_bits : cut.block_bits + cut.filler] = np.inf
    return out


def decode(words: Values, cut: Segments, iterations: int = coding.ITERATIONS) -> tuple[Bits, bool]:
    """Transport block from gathered ratios, and whether its check holds."""
    heard = np.flatnonzero(np.isfinite(words).all(axis=0) & (words != 0.0).any(axis=0))
    last = int(heard[-1]) // cut.size + 1 if heard.size else 0
    columns = min(max(last, SYSTEMATIC[cut.number] + 4), COLUMNS[cut.number])
    bits, _ = coding.decode(cut.graph, words[:, : columns * cut.size], iterations)
    blocks = bits[:, : cut.block_bits]
    if cut.blocks > 1:
        blocks = blocks[:, :-24]
    word = blocks.reshape(-1)[: cut.bits + crc.length(cut.crc)]
    return word[: cut.bits], bool(crc.holds(word, cut.crc))
