"""Compiled kernels of the waveform: pseudo-random bits, symbols, log-likelihood ratios; see `reference`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel

U8 = NDArray[np.uint8]
I64 = NDArray[np.int64]
F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
C8 = NDArray[np.complex64]

UINT = np.uint64
STEP = 28  # bits of either register that are known at once: its taps lie within the first four of 31
SKIPPED = 1600
TINY = 1e-260  # weights below it are as good as nothing
VAGUE = 1e30  # variance of a symbol that cannot be told


@kernel("void(uint64, uint8[::1])")
def gold(start: np.uint64, out: U8) -> None:
    """Gold sequence of TS 38.211, clause 5.2.1; `reference.gold`."""
    top, x, y = UINT(31 - STEP), UINT(1), start
    low = (UINT(1) << UINT(STEP)) - UINT(1)
    for turn in range(SKIPPED // STEP + 1):
        n = UINT(STEP) if turn < SKIPPED // STEP else UINT(SKIPPED % STEP)
        mask = (UINT(1) << n) - UINT(1)
        new_x = (x ^ (x >> UINT(3))) & mask
        new_y = (y ^ (y >> UINT(1)) ^ (y >> UINT(2)) ^ (y >> UINT(3))) & mask
        x = (x >> n) | (new_x << (UINT(31) - n))
        y = (y >> n) | (new_y << (UINT(31) - n))
    count, at = UINT(out.shape[0]), UINT(0)
    while at < count:
        word = x ^ y
        n = min(UINT(STEP), count - at)
        if n == UINT(STEP):
            for i in range(UINT(STEP)):
                out[at + i] = (word >> i) & UINT(1)
        else:
            for i in range(n):
                out[at + i] = (word >> i) & UINT(1)
        new_x = (x ^ (x >> UINT(3))) & low
        new_y = (y ^ (y >> UINT(1)) ^ (y >> UINT(2)) ^ (y >> UINT(3))) & low
        x = (x >> UINT(STEP)) | (new_x << top)
        y = (y >> UINT(STEP)) | (new_y << top)
        at += UINT(STEP)


@kernel("void(uint8[:,::1], complex64[::1], complex64[::1])")
def modulate(bits: U8, points: C8, out: C8) -> None:
    """Symbols of bits, shape (symbol, bit), first bit first; `reference.modulate`."""
    order = UINT(bits.shape[1])
    for i in range(UINT(bits.shape[0])):
        word = UINT(0)
        for b in range(order):
            word = (word << UINT(1)) | UINT(bits[i, b] & 1)
        out[i] = points[word]


@kernel("void(complex64[::1], float32[::1], f4, f4[:,:,::1], f4[:,:,::1])")
def max_log(symbols: C8, noise: F4, spacing: float, line: F4, out: F4) -> None:
    """Max-log ratios of square QAM, shape (symbol, bit of an axis, axis); `reference.max_log`.

    Given the nearest level of an axis, the nearest level whose bit is unlike is always the same one, for the
    runs of equal bits have even lengths: the ratio is then a straight line, ``line`` (level, bit, slope and
    offset). ``noise`` holds one value or one a symbol.
    """
    levels, per_axis = line.shape[0], UINT(line.shape[1])
    half = np.float32(0.5 * levels)
    scale, top = np.float32(np.float32(1.0) / spacing), np.float32(levels - 1)
    many = noise.shape[0] > 1
    inverse = np.float32(np.float32(1.0) / noise[0])
    for i in range(UINT(symbols.shape[0])):
        if many:
            inverse = np.float32(np.float32(1.0) / noise[i])
        re, im = symbols[i].real, symbols[i].imag
        a = UINT(min(max(re * scale + half, np.float32(0.0)), top))
        b = UINT(min(max(im * scale + half, np.float32(0.0)), top))
        for j in range(per_axis):
            out[i, j, 0] = (line[a, j, 0] * re + line[a, j, 1]) * inverse
            out[i, j, 1] = (line[b, j, 0] * im + line[b, j, 1]) * inverse


@kernel("void(f8, f8, f8, f8, f4[:,:,::1], f8[::1], f4[:,::1], uint64)")
def _axis(
    value: float, inverse: float, spacing: float, fall: float, line: F4, weight: F8, out: F4, axis: np.uint64
) -> None:
    """Exact ratios of one axis.

    The weights of neighbours fall off by factors that shrink by ``fall``, none above one. The levels' bits
    are a reflected Gray code: the upper half has a zero, and folded in half it is the code of one bit less.
    """
    levels = weight.shape[0]
    nearest = int(min(max(value / spacing + 0.5 * levels, 0.0), levels - 1.0))
    rest = value - (nearest - 0.5 * (levels - 1)) * spacing
    up = math.exp((2.0 * rest - spacing) * spacing * inverse)
    down = math.exp((-2.0 * rest - spacing) * spacing * inverse)
    last = 1.0
    weight[nearest] = last
    for k in range(nearest + 1, levels):
        last = last * up if last > TINY else 0.0
        weight[k] = last
        up *= fall
    last = 1.0
    for k in range(nearest - 1, -1, -1):
        last = last * down if last > TINY else 0.0
        weight[k] = last
        down *= fall
    for j in range(line.shape[1]):
        half = levels // 2
        zero, one = 0.0, 0.0
        for k in range(half):
            one += weight[k]
            zero += weight[levels - 1 - k]
            weight[k] += weight[levels - 1 - k]
        levels = half
        if zero > TINY and one > TINY:
            out[j, axis] = math.log(zero / one)
        else:  # a ratio beyond 600: only the nearest level counts
            out[j, axis] = (line[nearest, j, 0] * value + line[nearest, j, 1]) * inverse


@kernel("void(complex64[::1], f4[::1], f8, f4[:,:,::1], f4[:,:,::1])")
def exact(symbols: C8, noise: F4, spacing: float, line: F4, out: F4) -> None:
    """Exact ratios of square QAM, in the shapes of `max_log`; `reference.exact`."""
    weight = np.empty(line.shape[0])
    many = noise.shape[0] > 1
    inverse = 1.0 / noise[0]
    fall = math.exp(-2.0 * spacing * spacing * inverse)
    for i in range(symbols.shape[0]):
        if many:
            inverse = 1.0 / noise[i]
            fall = math.exp(-2.0 * spacing * spacing * inverse)
        _axis(symbols[i].real, inverse, spacing, fall, line, weight, out[i], UINT(0))
        _axis(symbols[i].imag, inverse, spacing, fall, line, weight, out[i], UINT(1))


@kernel("void(complex64[:,::1], complex64[:,:,::1], f4[::1], f8, complex64[:,::1], f4[:,::1])")
def equalise(  # noqa: C901, PLR0912
    received: C8, channel: C8, noise: F4, load: float, symbols: C8, variance: F4
) -> None:
    """Linear equaliser, shapes (element, antenna[, layer]); `reference.equalise`.

    ``load`` times the noise stands on the diagonal of the Gram matrix: 0 forces zeros, 1 minimises the error.
    By Cholesky factors L: the diagonal of the inverse is the sum of squares of L^-1's columns.
    """
    antennas, layers = channel.shape[1], channel.shape[2]
    gram = np.empty((layers, layers), np.complex128)
    inverse = np.empty((layers, layers), np.complex128)
    match = np.empty(layers, np.complex128)
    for n in range(channel.shape[0]):
        h, y, level = channel[n], received[n], float(noise[n])
        top = 0.0
        for i in range(layers):
            total = 0.0j
            for a in range(antennas):
                total += np.conj(np.complex128(h[a, i])) * y[a]
            match[i] = total
            for j in range(i + 1):
                total = 0.0j
                for a in range(antennas):
                    total += np.conj(np.complex128(h[a, i])) * h[a, j]
                gram[i, j] = total
            top = max(top, gram[i, i].real)
            gram[i, i] += load * level
        good = top > 0.0
        for j in range(layers):  # L takes the place of the lower half
            pivot = gram[j, j].real
            for k in range(j):
                pivot -= gram[j, k].real ** 2 + gram[j, k].imag ** 2
            if not pivot > 1e-12 * (top + load * level):
                good = False
                break
            scale = 1.0 / math.sqrt(pivot)
            inverse[j, j] = scale
            for i in range(j + 1, layers):
                total = gram[i, j]
                for k in range(j):
                    total -= gram[i, k] * np.conj(gram[j, k])
                gram[i, j] = total * scale
        if not good:
            for i in range(layers):
                symbols[n, i] = 0.0
                variance[n, i] = VAGUE
            continue
        for j in range(layers):
            for i in range(j + 1, layers):
                total = 0.0j
                for k in range(j, i):
                    total += gram[i, k] * inverse[k, j]
                inverse[i, j] = -total * inverse[i, i]
        for i in range(layers):  # forward: match becomes L^-1 match, from the last up
            row = layers - 1 - i
            total = 0.0j
            for k in range(row + 1):
                total += inverse[row, k] * match[k]
            match[row] = total
        for i in range(layers):
            total, diagonal = 0.0j, 0.0
            for k in range(i, layers):
                total += np.conj(inverse[k, i]) * match[k]
                diagonal += inverse[k, i].real ** 2 + inverse[k, i].imag ** 2
            error = level * diagonal
            gain = max(1.0 - load * error, 1e-9)
            symbols[n, i] = total / gain
            variance[n, i] = min(error / gain, VAGUE)


@kernel("void(complex64[:,::1], complex64[:,:,::1], f4[::1], f8, complex128[::1], f4[:,:,::1], f4[:,:,::1])")
def most_likely(  # noqa: C901, PLR0912
    received: C8, channel: C8, noise: F4, spacing: float, points: NDArray[np.complex128], line: F4, out: F4
) -> None:
    """Max-log ratios over all words of all layers, shape (element, layer, bit); `reference.most_likely`.

    All layers but the first are tried word by word; the first is then cut to its nearest levels, and ``line``
    tells what the nearest levels of unlike bits cost more. Distances go by the Gram matrix: |y| falls out.
    """
    antennas, layers = channel.shape[1], channel.shape[2]
    order, levels = out.shape[2], line.shape[0]
    words = 1 << (order * (layers - 1))
    mask = (1 << order) - 1
    gram = np.empty((layers, layers), np.complex128)
    match = np.empty(layers, np.complex128)
    symbols = np.empty(layers, np.complex128)
    best = np.empty((layers, order, 2))
    for n in range(channel.shape[0]):
        h, y = channel[n], received[n]
        for i in range(layers):
            total = 0.0j
            for a in range(antennas):
                total += np.conj(np.complex128(h[a, i])) * y[a]
            match[i] = total
            for j in range(layers):
                total = 0.0j
                for a in range(antennas):
                    total += np.conj(np.complex128(h[a, i])) * h[a, j]
                gram[i, j] = total
        own = max(gram[0, 0].real, 1e-30)
        best[:] = np.inf
        for word in range(words):
            base, left = 0.0, match[0]
            for i in range(1, layers):
                x = points[(word >> (order * (i - 1))) & mask]
                symbols[i] = x
                left -= gram[0, i] * x
                part = gram[i, i].real * x - 2.0 * match[i]
                for j in range(1, i):
                    part += 2.0 * gram[i, j] * symbols[j]
                base += (np.conj(x) * part).real
            z = left / own
            a = int(min(max(z.real / spacing + 0.5 * levels, 0.0), levels - 1.0))
            b = int(min(max(z.imag / spacing + 0.5 * levels, 0.0), levels - 1.0))
            re = z.real - (a - 0.5 * (levels - 1)) * spacing
            im = z.imag - (b - 0.5 * (levels - 1)) * spacing
            base += own * (re * re + im * im - z.real * z.real - z.imag * z.imag)
            for j in range(order // 2):
                for axis in range(2):
                    more = line[a, j, 0] * z.real if axis == 0 else line[b, j, 0] * z.imag
                    more += line[a, j, 1] if axis == 0 else line[b, j, 1]
                    zero = base if more >= 0.0 else base - own * more
                    one = base + own * more if more >= 0.0 else base
                    best[0, 2 * j + axis, 0] = min(best[0, 2 * j + axis, 0], zero)
                    best[0, 2 * j + axis, 1] = min(best[0, 2 * j + axis, 1], one)
            for i in range(1, layers):
                for j in range(order):
                    bit = (word >> (order * (i - 1) + order - 1 - j)) & 1
                    best[i, j, bit] = min(best[i, j, bit], base)
        for i in range(layers):
            for j in range(order):
                out[n, i, j] = (best[i, j, 1] - best[i, j, 0]) / noise[n]


@kernel("boolean(complex64[:,::1], complex64[::1], int64[::1], complex128[:,::1], complex128[::1])")
def _triangle(  # noqa: C901, PLR0912
    h: C8, y: C8, rank: I64, upper: NDArray[np.complex128], turned: NDArray[np.complex128]
) -> bool:
    """Upper Cholesky factor of the Gram matrix, weakest layer first, and y by it; false if singular."""
    antennas, layers = h.shape
    power = np.zeros(layers)
    for i in range(layers):
        for a in range(antennas):
            power[i] += float(h[a, i].real) ** 2 + float(h[a, i].imag) ** 2
        rank[i] = i
    for i in range(1, layers):
        j = i
        while j > 0 and power[rank[j - 1]] > power[rank[j]]:
            rank[j - 1], rank[j] = rank[j], rank[j - 1]
            j -= 1
    for i in range(layers):
        for j in range(i, layers):
            total = 0.0j
            for a in range(antennas):
                total += np.conj(np.complex128(h[a, rank[i]])) * h[a, rank[j]]
            for k in range(i):
                total -= np.conj(upper[k, i]) * upper[k, j]
            if i == j:
                if not total.real > 1e-9 * power[rank[i]]:
                    return False
                upper[i, i] = math.sqrt(total.real)
            else:
                upper[i, j] = total / upper[i, i].real
        total = 0.0j
        for a in range(antennas):
            total += np.conj(np.complex128(h[a, rank[i]])) * y[a]
        for k in range(i):
            total -= np.conj(upper[k, i]) * turned[k]
        turned[i] = total / upper[i, i].real
    return True


@kernel(
    "void(complex64[:,::1], complex64[:,:,::1], f4[::1], f8, complex128[::1], f4[:,:,::1], i8, f8, "
    "f4[:,:,::1])"
)
def best_words(  # noqa: C901, PLR0912, PLR0915
    received: C8, channel: C8, noise: F4, spacing: float, points: NDArray[np.complex128], line: F4, kept: int,
    limit: float, out: F4,
) -> None:  # fmt: skip
    """Max-log ratios over the ``kept`` best words, grown layer by layer from the strongest one.

    The weakest layer, the last, is cut to its nearest levels as in `most_likely`. With as many words kept as
    there are, the same ratios; bits that all words share have the ratio ``limit``.
    """
    layers, order, levels = channel.shape[2], out.shape[2], line.shape[0]
    size = points.shape[0]
    rank = np.empty(layers, np.int64)
    upper = np.zeros((layers, layers), np.complex128)
    turned = np.empty(layers, np.complex128)
    words, grown = np.zeros((kept, layers), np.int64), np.zeros((kept, layers), np.int64)
    cost, next_cost = np.empty(kept), np.empty(kept)
    source, choice = np.empty(kept, np.int64), np.empty(kept, np.int64)
    best = np.empty((layers, order, 2))
    for n in range(channel.shape[0]):
        if not _triangle(channel[n], received[n], rank, upper, turned):
            out[n] = 0.0
            continue
        count, cost[0] = 1, 0.0
        for back in range(layers - 1):
            i = layers - 1 - back
            found = 0
            for w in range(count):
                left = turned[i]
                for j in range(i + 1, layers):
                    left -= upper[i, j] * points[words[w, j]]
                for p in range(size):
                    rest = left - upper[i, i].real * points[p]
                    value = cost[w] + rest.real * rest.real + rest.imag * rest.imag
                    if found == kept and value >= next_cost[kept - 1]:
                        continue
                    at = found if found < kept else kept - 1
                    found = min(found + 1, kept)
                    while at > 0 and next_cost[at - 1] > value:
                        next_cost[at] = next_cost[at - 1]
                        source[at], choice[at] = source[at - 1], choice[at - 1]
                        at -= 1
                    next_cost[at], source[at], choice[at] = value, w, p
            count = found
            for w in range(count):
                for j in range(i + 1, layers):
                    grown[w, j] = words[source[w], j]
                grown[w, i] = choice[w]
                cost[w] = next_cost[w]
            words, grown = grown, words
        best[:] = np.inf
        own = upper[0, 0].real
        for w in range(count):
            left = turned[0]
            for j in range(1, layers):
                left -= upper[0, j] * points[words[w, j]]
            z = left / own
            a = int(min(max(z.real / spacing + 0.5 * levels, 0.0), levels - 1.0))
            b = int(min(max(z.imag / spacing + 0.5 * levels, 0.0), levels - 1.0))
            re = z.real - (a - 0.5 * (levels - 1)) * spacing
            im = z.imag - (b - 0.5 * (levels - 1)) * spacing
            base = cost[w] + own * own * (re * re + im * im)
            for j in range(order // 2):
                for axis in range(2):
                    more = line[a, j, 0] * z.real if axis == 0 else line[b, j, 0] * z.imag
                    more += line[a, j, 1] if axis == 0 else line[b, j, 1]
                    zero = base if more >= 0.0 else base - own * own * more
                    one = base + own * own * more if more >= 0.0 else base
                    best[0, 2 * j + axis, 0] = min(best[0, 2 * j + axis, 0], zero)
                    best[0, 2 * j + axis, 1] = min(best[0, 2 * j + axis, 1], one)
            for i in range(1, layers):
                for j in range(order):
                    bit = (words[w, i] >> (order - 1 - j)) & 1
                    best[i, j, bit] = min(best[i, j, bit], base)
        for i in range(layers):
            for j in range(order):
                ratio = (best[i, j, 1] - best[i, j, 0]) / noise[n]
                out[n, rank[i], j] = min(max(ratio, -limit), limit)
