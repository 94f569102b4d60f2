"""The two check sums of bundles (RFC 9171, 4.2.1): CRC-16/X-25 and CRC-32C (RFC 4960, appendix B)."""

from __future__ import annotations

from functools import cache

NONE, CRC16, CRC32C = 0, 1, 2
SIZES = {NONE: 0, CRC16: 2, CRC32C: 4}
_POLYNOMIALS = {CRC16: 0x8408, CRC32C: 0x82F63B78}  # reflected
_ONES = {CRC16: 0xFFFF, CRC32C: 0xFFFFFFFF}


@cache
def _table(kind: int) -> tuple[int, ...]:
    polynomial = _POLYNOMIALS[kind]
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)  # noqa: PLW2901 (one division a bit)
        table.append(value)
    return tuple(table)


def checksum(kind: int, raw: bytes) -> bytes:
    """Check sum of the bytes, in network order.

    Examples
    --------
    >>> checksum(CRC16, b"123456789").hex(), checksum(CRC32C, b"123456789").hex()
    ('906e', 'e3069283')
    """
    table, value = _table(kind), _ONES[kind]
    for byte in raw:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return (value ^ _ONES[kind]).to_bytes(SIZES[kind], "big")
