"""Baseband frames: header, CRC-8, packets, scrambling: EN 302 307-1, clauses 5.1 and 5.2."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError

Bits = NDArray[np.uint8]
Bytes = NDArray[np.uint8]

STREAMS = {"transport": 3, "gse-hem": 2, "continuous": 1, "packets": 0}
"""What the data field holds, and the two bits that say so; ``gse-hem`` is of the newer standard."""
ROLL_OFFS = {
    0.35: (False, 0),
    0.25: (False, 1),
    0.20: (False, 2),
    0.15: (True, 0),
    0.10: (True, 1),
    0.05: (True, 2),
}
"""Roll-offs: whether of the newer standard, and its two bits."""
HEADER_BYTES = 10
_POLYNOMIAL = 0xD5


@cache
def _crc_table() -> Bytes:
    """What each byte leaves in the register of CRC-8."""
    made = np.zeros(256, dtype=np.uint8)
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value << 1 ^ (_POLYNOMIAL if value & 128 else 0)) & 255
        made[byte] = value
    return made


def crc8(rows: ArrayLike) -> Bytes:
    """CRC-8 of rows of bytes, shape (..., byte) (clause 5.1.4: x^8 + x^7 + x^6 + x^4 + x^2 + 1).

    Examples
    --------
    >>> hex(int(crc8(list(b"123456789"))))
    '0xbc'
    """
    data, table = np.asarray(rows, dtype=np.uint8), _crc_table()
    value = np.zeros(data.shape[:-1], dtype=np.uint8)
    for i in range(data.shape[-1]):
        value = table[value ^ data[..., i]]
    return value


@dataclass(frozen=True)
class Header:
    """Header of a baseband frame.

    Attributes
    ----------
    stream : str
        One of `STREAMS`.
    data_bits : int
        Bits of the data field (DFL); what follows is padding.
    roll_off : float
    constant : bool
        Modulation and coding are the same in all frames (CCM).
    packet_bits : int
        Bits of a user packet with its sync byte (UPL); 0 where there are none.
    sync : int
        The sync byte that a CRC-8 replaces.
    sync_distance : int
        Bits from the start of the data field to the first packet that starts in it; 65535 where none does.
    stream_id : int, optional
        Of several input streams.
    alternate : bool
        In this frame, the roll-off's bits say that it is of the newer standard; they alternate.
    """

    stream: str
    data_bits: int
    roll_off: float = 0.20
    constant: bool = True
    packet_bits: int = 0
    sync: int = 0
    sync_distance: int = 0
    stream_id: int | None = None
    alternate: bool = False

    def pack(self) -> Bytes:
        """The ten bytes."""
        newer, bits = _roll_off(self.roll_off)
        bits = 3 if newer and self.alternate else bits
        first = STREAMS[self.stream] << 6 | (self.stream_id is None) << 5 | self.constant << 4 | bits
        wide = [self.packet_bits, self.data_bits]
        nine = [
            first, self.stream_id or 0, *(b for v in wide for b in divmod(v, 256)), self.sync,
            *divmod(self.sync_distance, 256),
        ]  # fmt: skip
        return np.array([*nine, int(crc8(nine))], dtype=np.uint8)


def _roll_off(value: float) -> tuple[bool, int]:
    """Signalling of a roll-off; another than the standard's is refused."""
    for known, found in ROLL_OFFS.items():
        if abs(known - value) < 1e-9:
            return found
    raise RabtaError(
        "no such roll-off", key="roll_off", value=value, expected=", ".join(f"{r:.2f}" for r in ROLL_OFFS)
    )


def parse(ten: ArrayLike, newer: bool = False) -> Header | None:
    """Header of ten bytes, None where its CRC-8 fails.

    Parameters
    ----------
    newer : bool
        Read the roll-off's bits as the newer standard does, since a frame before this one said so.
    """
    data = [int(b) for b in np.asarray(ten, dtype=np.uint8)]
    if len(data) != HEADER_BYTES or int(crc8(data[:9])) != data[9]:
        return None
    bits = data[0] & 3
    roll_off = next((r for r, found in ROLL_OFFS.items() if found == (newer, bits)), float("nan"))
    stream = next(name for name, value in STREAMS.items() if value == data[0] >> 6)
    return Header(
        stream, data[4] << 8 | data[5], roll_off, bool(data[0] & 16), data[2] << 8 | data[3], data[6],
        data[7] << 8 | data[8], None if data[0] & 32 else data[1], bits == 3,
    )  # fmt: skip


@cache
def randomiser(count: int = 64_800) -> Bits:
    """The sequence that scrambles baseband frames: 1 + x^14 + x^15 from 100101010000000 (clause 5.2.2)."""
    made = np.zeros(count + 15, dtype=np.uint8)
    made[:15] = [int(c) for c in "000000010101001"]  # the register, the oldest bit first
    for i in range(15, count + 15, 14):
        n = min(14, count + 15 - i)
        made[i : i + n] = made[i - 15 : i - 15 + n] ^ made[i - 14 : i - 14 + n]
    return made[15:]


def scramble(bits: ArrayLike) -> Bits:
    """Add the scrambling sequence to frames, shape (..., bit); once more takes it off again."""
    frames = np.asarray(bits, dtype=np.uint8)
    made: Bits = frames ^ randomiser()[: frames.shape[-1]]
    return made


def frame(header: Header, data: ArrayLike, payload: int) -> Bits:
    """Bits of a baseband frame, scrambled: header, data field, zeros up to the BCH code's K.

    Parameters
    ----------
    data : array_like of 0 and 1, shape (header.data_bits,)
    payload : int
        K of the BCH code.
    """
    bits = np.asarray(data, dtype=np.uint8)
    room = payload - 8 * HEADER_BYTES
    if len(bits) != header.data_bits or len(bits) > room:
        raise RabtaError(
            "data do not fit a frame", key="data", value=len(bits), expected=f"at most {room} bits"
        )
    made = np.zeros(payload, dtype=np.uint8)
    made[: 8 * HEADER_BYTES] = np.unpackbits(header.pack())
    made[8 * HEADER_BYTES : 8 * HEADER_BYTES + len(bits)] = bits
    return scramble(made)


def opened(bits: ArrayLike, newer: bool = False) -> tuple[Header, Bits] | None:
    """Header and data field of a decoded frame, None where the header is broken."""
    clear = scramble(bits)
    header = parse(np.packbits(clear[: 8 * HEADER_BYTES]), newer)
    if header is None or header.data_bits > len(clear) - 8 * HEADER_BYTES:
        return None
    return header, clear[8 * HEADER_BYTES : 8 * HEADER_BYTES + header.data_bits]


def with_crc(packets: ArrayLike) -> Bytes:
    """Packets whose sync byte is the CRC-8 of the packet before; the first's is 0 (clause 5.1.4).

    Parameters
    ----------
    packets : array_like of bytes, shape (packet, byte)
        With their sync bytes.
    """
    rows = np.array(packets, dtype=np.uint8, ndmin=2)
    sums = crc8(rows[:, 1:])
    rows[0, 0], rows[1:, 0] = 0, sums[:-1]
    return rows


def without_crc(stream: ArrayLike, header: Header) -> tuple[Bytes, NDArray[np.bool_]]:
    """Packets of a joined stream of bytes that starts with one, and whether each arrived whole.

    Returns
    -------
    packets : ndarray of uint8, shape (packet, byte)
        With their sync bytes. The last packet of the stream has no CRC-8 after it and is left out.
    whole : ndarray of bool, shape (packet,)
    """
    size = header.packet_bits // 8
    if size < 2:
        raise RabtaError(
            "the stream has no packets", key="packet_bits", value=size * 8, expected="16 or more"
        )
    data = np.asarray(stream, dtype=np.uint8)
    rows = data[: len(data) // size * size].reshape(-1, size).copy()
    if not len(rows):
        return rows, np.zeros(0, dtype=bool)
    whole = crc8(rows[:-1, 1:]) == rows[1:, 0]
    rows[:, 0] = header.sync
    return rows[:-1], whole
