"""Blocks of a bundle (RFC 9171, 4.3), each with the bytes that it came in or goes out with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rabta.security.bundles.codec import crc, eid, scan
from rabta.security.bundles.codec.eid import Eid
from rabta.security.core.rejected import Rejected

PAYLOAD, PREVIOUS_NODE, AGE, HOPS, INTEGRITY, CONFIDENTIALITY = 1, 6, 7, 10, 11, 12
NAMES = {
    PAYLOAD: "payload",
    PREVIOUS_NODE: "previous node",
    AGE: "bundle age",
    HOPS: "hop count",
    INTEGRITY: "BPSec integrity",
    CONFIDENTIALITY: "BPSec confidentiality",
}

# flags of bundles (4.2.3) and of blocks (4.2.4)
FRAGMENT, ADMINISTRATIVE, NO_FRAGMENTS, WANTS_ACK, WANTS_TIME = 0x1, 0x2, 0x4, 0x20, 0x40
REPORT_RECEPTION, REPORT_FORWARDING, REPORT_DELIVERY, REPORT_DELETION = 0x4000, 0x10000, 0x20000, 0x40000
REPORTS = REPORT_RECEPTION | REPORT_FORWARDING | REPORT_DELIVERY | REPORT_DELETION
REPLICATE, REPORT_UNKNOWN, DELETE_UNKNOWN, DISCARD_UNKNOWN = 0x1, 0x2, 0x4, 0x10


@dataclass(frozen=True)
class Primary:
    """The first block: who sends what to whom.

    Attributes
    ----------
    created : int
        DTN time, milliseconds since 2000; zero where the source has no clock that it trusts.
    lifetime : int
        Milliseconds.
    offset, total : int
        Of a fragment: where its payload begins, and the whole payload's length, bytes.
    raw : bytes
        The block as it stands in the bundle.
    """

    destination: Eid
    source: Eid
    report_to: Eid = eid.NONE
    created: int = 0
    sequence: int = 0
    lifetime: int = 86_400_000
    flags: int = 0
    crc: int = crc.CRC32C
    offset: int = 0
    total: int = 0
    raw: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if not self.raw:
            object.__setattr__(self, "raw", self._encode())

    def _encode(self) -> bytes:
        fields = [b"\x07", scan.uint(self.flags), scan.uint(self.crc)]
        fields += [self.destination.raw, self.source.raw, self.report_to.raw]
        fields += [scan.array(scan.uint(self.created), scan.uint(self.sequence)), scan.uint(self.lifetime)]
        if self.fragment:
            fields += [scan.uint(self.offset), scan.uint(self.total)]
        return _checked(fields, self.crc)

    def change(self, **fields: object) -> Primary:
        """Return the block with other fields, written anew."""
        return replace(self, raw=b"", **fields)  # type: ignore[arg-type]  # fields by name

    @property
    def fragment(self) -> bool:
        """True of a fragment's primary block."""
        return bool(self.flags & FRAGMENT)

    @property
    def identifier(self) -> tuple[str, int, int, int, int]:
        """What tells this bundle from all others (4.2.7): source, creation time, sequence, fragment."""
        return str(self.source), self.created, self.sequence, self.offset, self.total


@dataclass(frozen=True, slots=True)
class Block:
    """Any block after the first.

    Attributes
    ----------
    data : bytes
        The block-type-specific data; of a block under confidentiality, the ciphertext.
    kept : bytes
        The block as it came; empty of one made here, which is written when `raw` is asked for.
    """

    kind: int
    number: int
    flags: int
    data: bytes = field(repr=False)
    crc: int = crc.NONE
    kept: bytes = field(default=b"", repr=False, compare=False)

    @property
    def raw(self) -> bytes:
        """The block as it stands in the bundle."""
        if self.kept:
            return self.kept
        fields = [scan.uint(value) for value in (self.kind, self.number, self.flags, self.crc)]
        return _checked([*fields, scan.bstr(self.data)], self.crc)

    @property
    def header(self) -> bytes:
        """Type, number and flags as BPSec authenticates them (RFC 9173, 3.7 and 4.7.2)."""
        return scan.uint(self.kind) + scan.uint(self.number) + scan.uint(self.flags)

    def change(self, data: bytes, kind_of_crc: int | None = None) -> Block:
        """Return the block with other data."""
        return Block(
            self.kind, self.number, self.flags, data, self.crc if kind_of_crc is None else kind_of_crc
        )


def _checked(fields: list[bytes], kind: int) -> bytes:
    if kind == crc.NONE:
        return scan.array(*fields)
    blank = scan.array(*fields, scan.bstr(bytes(crc.SIZES[kind])))
    size = crc.SIZES[kind]
    return blank[:-size] + crc.checksum(kind, blank)


def _check(cursor: scan.Cursor, start: int, kind: int) -> None:
    """Take the check sum of a block that began at `start` and compare."""
    size = crc.SIZES[kind]
    if cursor.raw[cursor.at] != scan.BYTES << 5 | size:
        raise Rejected("malformed", "a check sum of the wrong length")
    body = cursor.raw[start : cursor.at + 1]
    cursor.at += 1 + size
    if cursor.raw[cursor.at - size : cursor.at] != crc.checksum(kind, body + bytes(size)):
        raise Rejected("malformed", "a block whose check sum is wrong")


def _kind_of_crc(cursor: scan.Cursor, expected: int, items: int) -> int:
    kind = cursor.uint()
    if kind == crc.NONE and items == expected:
        return kind
    if kind > crc.CRC32C:
        raise Rejected("malformed", "an unknown kind of check sum")
    if items != expected + (kind != crc.NONE):
        raise Rejected("malformed", "a block of the wrong number of fields")
    return kind


def read_primary(cursor: scan.Cursor) -> Primary:
    """Take the primary block."""
    start = cursor.at
    items = cursor.count(8, 11)
    if cursor.uint() != 7:
        raise Rejected("version", "a bundle of another version than 7")
    flags = cursor.uint()
    kind = _kind_of_crc(cursor, 10 if flags & FRAGMENT else 8, items)
    destination, source, report_to = eid.read(cursor), eid.read(cursor), eid.read(cursor)
    cursor.count(2, 2)
    created, sequence, lifetime = cursor.uint(), cursor.uint(), cursor.uint()
    offset, total = (cursor.uint(), cursor.uint()) if flags & FRAGMENT else (0, 0)
    if kind:
        _check(cursor, start, kind)
    _consistent(flags, source)
    raw = cursor.raw[start : cursor.at]
    return Primary(
        destination, source, report_to, created, sequence, lifetime, flags, kind, offset, total, raw
    )


def _consistent(flags: int, source: Eid) -> None:
    # 4.2.3: no reports on reports, none of or fragments of what has no source
    if flags & FRAGMENT and flags & NO_FRAGMENTS:
        raise Rejected("malformed", "a fragment of a bundle that must not be fragmented")
    if (flags & ADMINISTRATIVE or source.none) and flags & REPORTS:
        raise Rejected("malformed", "reports asked for on a report or for a bundle without source")
    if source.none and not flags & NO_FRAGMENTS:
        raise Rejected("malformed", "a bundle without source that may be fragmented")


def read_block(cursor: scan.Cursor) -> Block:
    """Take one block after the first."""
    start = cursor.at
    raw = cursor.raw
    head = raw[start + 1 : start + 5]
    if raw[start] == 0x85 and len(head) == 4 and max(head) < 24 and head[3] == crc.NONE:
        cursor.at = start + 5  # small numbers, no check sum: in one step
        data = cursor.bstr()
        return Block(head[0], head[1], head[2], data, crc.NONE, raw[start : cursor.at])
    items = cursor.count(5, 6)
    code, number, flags = cursor.uint(), cursor.uint(), cursor.uint()
    kind = _kind_of_crc(cursor, 5, items)
    data = cursor.bstr()
    if kind:
        _check(cursor, start, kind)
    return Block(code, number, flags, data, kind, raw[start : cursor.at])
