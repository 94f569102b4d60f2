"""Compiled loops of baseband processing give what plain NumPy gives."""

from __future__ import annotations

import numpy as np

from rabta.pnt.baseband import _kernels, ldpc

RNG = np.random.default_rng(3)


def complexes(*shape: int) -> np.ndarray:
    return (RNG.normal(size=shape) + 1j * RNG.normal(size=shape)).astype(np.complex64)


def test_spread_and_gather() -> None:
    spectrum, code = complexes(60), complexes(60)
    shifts = np.array([0, 7, 59], dtype=np.int64)
    out = np.empty((3, 60), dtype=np.complex64)
    twice = np.concatenate([spectrum, spectrum])
    _kernels.spread(twice.view(np.float32), code.view(np.float32), shifts, out.view(np.float32))
    wanted = np.stack([np.roll(spectrum, -s) * code for s in shifts])
    np.testing.assert_allclose(out, wanted, rtol=1e-5, atol=1e-6)
    power = np.ones((3, 40), dtype=np.float32)
    turns = np.array([0, -3, 45], dtype=np.int64)
    _kernels.gather(out.view(np.float32), 40, turns, power)
    squares = np.square(np.abs(wanted[:, :40]))
    np.testing.assert_allclose(
        power, 1 + np.stack([np.roll(s, -t) for s, t in zip(squares, turns, strict=True)]), rtol=1e-5
    )


def test_correlate() -> None:
    samples, table = complexes(500), np.where(RNG.normal(size=30) > 0, 1, -1).astype(np.int8)
    first, count = np.array([-5, 100, 450], dtype=np.int64), np.array([60, 200, 120], dtype=np.int64)
    phase, start = np.array([0.1, 0.2, 0.3]), np.array([3.3, -4.4, 28.0])
    offsets, turn, step = np.array([-0.6, 0.0, 2.5]), 0.0371, 0.27
    out = np.empty((3, 3), dtype=np.complex128)
    _kernels.correlate(samples, first, count, phase, turn, table, start, step, offsets, out)
    for b in range(3):
        i = np.arange(count[b])
        inside = (first[b] + i >= 0) & (first[b] + i < samples.size)
        i = i[inside]
        turned = samples[first[b] + i] * np.exp(-2j * np.pi * (phase[b] + turn * i))
        for k, offset in enumerate(offsets):
            replica = table[np.floor(start[b] + step * i + offset).astype(int) % table.size]
            np.testing.assert_allclose(out[b, k], (turned * replica).sum(), rtol=1e-9)


def test_modulate() -> None:
    table, signs = (
        np.where(RNG.normal(size=24) > 0, 1, -1).astype(np.int8),
        np.array([1, -1, -1], dtype=np.int8),
    )
    out = np.zeros(1000, dtype=np.complex64)
    phase, turn, bend, start, step, code_bend = 0.4, 0.123, 1e-9, -50.3, 0.31, 1e-7
    _kernels.modulate(out, 0.5 + 0.2j, phase, turn, bend, table, start, step, code_bend, signs)
    n = np.arange(1000)
    slot = np.floor(start + step * n + 0.5 * code_bend * n * n).astype(int)
    value = table[slot % 24] * signs[(slot // 24) % 3]
    wanted = (0.5 + 0.2j) * value * np.exp(2j * np.pi * (phase + turn * n + 0.5 * bend * n * n))
    np.testing.assert_allclose(out, wanted, atol=1e-4)  # the carrier's curve is straight for 256 samples
    np.testing.assert_allclose(np.abs(out), np.abs(wanted), rtol=1e-5)


def reference(code: ldpc.Code, ratios: np.ndarray, iterations: int) -> np.ndarray:
    """Sum-product over GF(64) with plain convolutions over the additive group."""
    times, group = ldpc.products().astype(int), np.arange(64)[:, None] ^ np.arange(64)[None, :]
    bits = (np.arange(64)[:, None] >> np.arange(5, -1, -1)) & 1
    prior = np.exp(-ratios.reshape(-1, 1, 6) * bits).prod(axis=2)
    prior /= prior.sum(axis=1, keepdims=True)
    outward = np.ones((4 * code.checks, 64))
    columns, elements = code.columns.reshape(-1), code.elements.reshape(-1)
    for _ in range(iterations):
        other = [next(i for i in code.edges[c] if i != e) for e, c in enumerate(columns)]
        inward = prior[columns] * outward[other]
        inward /= inward.sum(axis=1, keepdims=True)
        turned = np.empty_like(inward)
        for e, h in enumerate(elements):
            turned[e, times[h]] = inward[e]
        for e, h in enumerate(elements):
            others = [i for i in range(e // 4 * 4, e // 4 * 4 + 4) if i != e]
            sum_ = turned[others[0]]
            for i in others[1:]:
                sum_ = (sum_[group] * turned[i][None, :]).sum(axis=1)
            outward[e] = np.maximum(sum_[times[h]], 1e-14)
    whole = np.stack([prior[c] * outward[code.edges[c]].prod(axis=0) for c in range(len(prior))])
    return whole.argmax(axis=1)


def test_ldpc() -> None:
    code = ldpc.code("CNV1-3")
    word = 1.0 - 2.0 * ldpc.encode("CNV1-3", RNG.integers(0, 2, code.message_bits))
    ratios = (3.0 * word + RNG.normal(0.0, 2.4, word.size)).astype(np.float32)
    out, used = np.empty((1, 88), dtype=np.uint8), np.empty(1, dtype=np.int64)
    arguments = (code.columns, code.elements, code.edges, ldpc.products(), ratios[None])
    _kernels.ldpc(*arguments, 50, out, used)
    assert 1 <= used[0] <= 50
    np.testing.assert_array_equal(out[0], reference(code, ratios, int(used[0])))
    _kernels.ldpc(*arguments, 1, out, used)
    np.testing.assert_array_equal(out[0], reference(code, ratios, 1))
