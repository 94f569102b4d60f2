"""Two parity parts over GF(256), as RAID-6 has them: any loss of two parts of a message is made good.

Anvin, "The mathematics of RAID-6" (2011): P is the sum of the data, Q the sum of the data times powers of the
generator 2; the field's polynomial is x^8 + x^4 + x^3 + x^2 + 1 (0x11D).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

POLYNOMIAL = 0x11D


@cache
def _power(exponent: int) -> int:
    """Generator 2 to a power.

    Examples
    --------
    >>> _power(8), _power(255)
    (29, 1)
    """
    value = 1
    for _ in range(exponent % 255):
        value = value << 1 ^ (POLYNOMIAL if value & 128 else 0)
    return value


@cache
def _log(value: int) -> int:
    return next(k for k in range(255) if _power(k) == value)


@cache
def _times(factor: int) -> bytes:
    """Table of products with a factor, for `bytes.translate`."""
    if not factor:
        return bytes(256)
    return bytes([0] + [_power(_log(factor) + _log(value)) for value in range(1, 256)])


def _sum(parts: Sequence[bytes]) -> bytes:
    total = 0
    for part in parts:
        total ^= int.from_bytes(part, "big")
    return total.to_bytes(len(parts[0]), "big")


def _scaled(part: bytes, factor: int) -> bytes:
    return part if factor == 1 else part.translate(_times(factor))


def parity(parts: Sequence[bytes], count: int) -> list[bytes]:
    """Parity of equally long parts: none, P, or P and Q."""
    rows = ([1] * len(parts), [_power(k) for k in range(len(parts))])
    return [_sum([_scaled(p, f) for p, f in zip(parts, row, strict=True)]) for row in rows[:count]]


def restore(parts: Mapping[int, bytes], count: int) -> list[bytes]:
    """Data parts from any `count` of data (index below `count`), P (`count`) and Q (`count` + 1)."""
    known = {k: part for k, part in parts.items() if k < count}
    lost = [k for k in range(count) if k not in known]
    if not lost:
        return [known[k] for k in range(count)]
    p = _sum([parts[count], *known.values()]) if count in parts else b""
    q = (
        _sum([parts[count + 1], *(_scaled(part, _power(k)) for k, part in known.items())])
        if count + 1 in parts
        else b""
    )
    if len(lost) == 1:
        known[lost[0]] = p or _scaled(q, _power(255 - lost[0]))
    else:
        i, j = lost
        # p = a + b and q = g^i a + g^j b: a = (q + g^j p) / (g^i + g^j)
        below = _power(i) ^ _power(j)
        known[i] = _scaled(_sum([q, _scaled(p, _power(j))]), _power(255 - _log(below)))
        known[j] = _sum([p, known[i]])
    return [known[k] for k in range(count)]
