"""BeiDou's 64-ary LDPC codes: encoder and belief propagation decoder.

Matrices: ``ldpc.csv`` beside this file, from the interface documents. Six bits are an element of GF(64), so
that a word of B-CNAV1's subframe 2 has 200 of them, the first 100 the message.

The decoder is the sum-product algorithm over GF(64): checks are convolutions over the additive group, so
products of Walsh-Hadamard transforms (D. Declercq and M. Fossorier, IEEE Trans. Commun. 55, 2007, section
III).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.jit import gpu
from rabta.pnt.baseband import _kernels

Bits = NDArray[np.uint8]

NAMES = ("CNV1-2", "CNV1-3", "CNV2", "CNV3")
ORDER, WIDTH = 64, 6
ITERATIONS = 50
DEVICES = ("cpu", "cuda")
MANY = 256
"""Words from which a GPU is worth the way there and back."""


@cache
def powers() -> NDArray[np.int64]:
    """Powers of the primitive element, 1 + x + x^6 = 0; shape (63,)."""
    out, value = np.empty(ORDER - 1, dtype=np.int64), 1
    for k in range(ORDER - 1):
        out[k] = value
        value <<= 1
        value = value ^ 0b1000011 if value & ORDER else value
    return out


@cache
def products() -> NDArray[np.uint8]:
    """Multiplication table of GF(64)."""
    exponent = np.zeros(ORDER, dtype=np.int64)
    exponent[powers()] = np.arange(ORDER - 1)
    out = powers()[(exponent[:, None] + exponent[None, :]) % (ORDER - 1)]
    out[0, :] = out[:, 0] = 0
    return np.asarray(out, dtype=np.uint8)


@dataclass(frozen=True)
class Code:
    """A code's parity checks and how to make words.

    Attributes
    ----------
    columns, elements : ndarray of uint8, shape (check, 4)
    edges : ndarray of int64, shape (element, degree)
        Which of the 4 x check places hold an element of the word; -1 where it is in fewer.
    parity : ndarray of uint8, shape (check, message)
        Parity elements are its product with the message.
    """

    name: str
    columns: NDArray[np.uint8]
    elements: NDArray[np.uint8]
    edges: NDArray[np.int64]
    parity: NDArray[np.uint8]

    @property
    def checks(self) -> int:
        """Parity elements, as many as message elements."""
        return len(self.columns)

    @property
    def message_bits(self) -> int:
        """Bits of a message; a word has twice as many."""
        return self.checks * WIDTH


@cache
def code(name: str) -> Code:
    """One of the codes `NAMES`: B-CNAV1's subframes 2 and 3, B-CNAV2, B-CNAV3."""
    if name not in NAMES:
        raise RabtaError("no such LDPC code", key="code", value=name, expected=nearest(name, NAMES))
    text = files(__package__).joinpath("ldpc.csv").read_text(encoding="utf-8")
    table = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    rows = [row for row in table if row["code"] == name]
    columns = np.array([[int(row[f"c{k}"]) for k in range(1, 5)] for row in rows], dtype=np.uint8)
    elements = np.array([[int(row[f"e{k}"]) for k in range(1, 5)] for row in rows], dtype=np.uint8)
    count = 2 * len(rows)
    where = [np.flatnonzero(columns.reshape(-1) == c) for c in range(count)]
    edges = np.full((count, max(len(w) for w in where)), -1, dtype=np.int64)
    for c, w in enumerate(where):
        edges[c, : len(w)] = w
    return Code(name, columns, elements, edges, _parity(columns, elements))


def _parity(columns: NDArray[np.uint8], elements: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Matrix from message to parity: the inverse of the checks' right half times their left half."""
    size, times = len(columns), products()
    whole = np.zeros((size, 2 * size), dtype=np.uint8)
    np.put_along_axis(whole, columns.astype(np.int64), elements, axis=1)
    work = np.concatenate([whole[:, size:], whole[:, :size]], axis=1)
    inverse = np.argmax(times == 1, axis=1)
    for k in range(size):
        pivot = k + int(np.flatnonzero(work[k:, k])[0])
        work[[k, pivot]] = work[[pivot, k]]
        work[k] = times[inverse[work[k, k]], work[k]]
        others = np.arange(size) != k
        work[others] ^= times[work[others, k][:, None], work[k][None, :]]
    return work[:, size:]


def _elements(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Elements of bits, shape (..., 6 n) to (..., n)."""
    parts = bits.reshape(*bits.shape[:-1], -1, WIDTH)
    return np.asarray(parts @ (1 << np.arange(WIDTH - 1, -1, -1)), dtype=np.uint8)


def _bits(elements: NDArray[np.uint8]) -> Bits:
    """Bits of elements."""
    out = (elements[..., None] >> np.arange(WIDTH - 1, -1, -1)) & 1
    return np.asarray(out.reshape(*elements.shape[:-1], -1), dtype=np.uint8)


def encode(name: str, bits: ArrayLike) -> Bits:
    """Words of messages, message first.

    Parameters
    ----------
    bits : array_like of 0 and 1, shape (..., message bits)

    Returns
    -------
    ndarray of uint8, shape (..., 2 x message bits)
    """
    which, message = code(name), np.asarray(bits, dtype=np.uint8)
    if message.shape[-1] != which.message_bits:
        raise RabtaError(
            "wrong message length", key="bits", value=message.shape[-1], expected=str(which.message_bits)
        )
    elements = _elements(message)
    terms = products()[which.parity, elements[..., None, :]]
    parity = np.bitwise_xor.reduce(terms, axis=-1)
    return np.concatenate([message, _bits(parity)], axis=-1)


def holds(name: str, words: ArrayLike) -> NDArray[np.bool_]:
    """Whether words pass every check, shape (..., bits) to (...)."""
    which, elements = code(name), _elements(np.asarray(words, dtype=np.uint8))
    terms = products()[which.elements, elements[..., which.columns]]
    return np.asarray((np.bitwise_xor.reduce(terms, axis=-1) == 0).all(axis=-1))


def decode(
    name: str, ratios: ArrayLike, iterations: int = ITERATIONS, *, device: str | None = None
) -> tuple[Bits, NDArray[np.int64]]:
    """Decide messages from log-likelihood ratios, positive for a zero.

    Parameters
    ----------
    ratios : array_like, shape (word, 2 x message bits) or (2 x message bits,)
    iterations : int
        At most so many; a word that passes every check stops earlier.
    device : str, optional
        "cpu" or "cuda"; left out, a GPU where there is one and the words are many.

    Returns
    -------
    bits : ndarray of uint8, shape (word, 2 x message bits)
        Whole words; the first half is the message.
    used : ndarray of int64, shape (word,)
        Iterations, or one more than allowed where no word of the code was found.
    """
    which = code(name)
    values = np.ascontiguousarray(np.atleast_2d(np.asarray(ratios, dtype=np.float32)))
    if values.shape[1] != 2 * which.message_bits:
        raise RabtaError(
            "wrong word length", key="ratios", value=values.shape[1], expected=str(2 * which.message_bits)
        )
    if iterations < 1:
        raise RabtaError("no iterations", key="iterations", value=iterations, expected="1 or more")
    if device not in (None, *DEVICES):
        raise RabtaError("no such device", key="device", value=device, expected=nearest(str(device), DEVICES))
    if device == "cuda" and not gpu():
        raise RabtaError("no GPU that CUDA can use", key="device", value=device, expected="cpu")
    if device == "cuda" or (device is None and len(values) >= MANY and gpu()):
        from rabta.pnt.baseband import _cuda

        elements, used = _cuda.decode(which, products(), values, iterations)
    else:
        elements, used = _on_cpu(which, values, iterations)
    return _bits(elements), used


def _on_cpu(
    which: Code, values: NDArray[np.float32], iterations: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Decode by the compiled kernel."""
    elements = np.empty((len(values), 2 * which.checks), dtype=np.uint8)
    used = np.empty(len(values), dtype=np.int64)
    _kernels.ldpc(which.columns, which.elements, which.edges, products(), values, iterations, elements, used)
    return elements, used
