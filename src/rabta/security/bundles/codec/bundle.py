"""A whole bundle (RFC 9171, 4.1 and 4.3): an indefinite array, primary block first, payload last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from rabta.security.bundles.codec import blocks, crc, eid, scan
from rabta.security.bundles.codec.blocks import Block, Primary
from rabta.security.core.rejected import Rejected

T = TypeVar("T")
MOST_BYTES = 1 << 26
MOST_BLOCKS = 64
_ONCE = {blocks.PREVIOUS_NODE, blocks.AGE, blocks.HOPS}


@dataclass(frozen=True)
class Bundle:
    """Primary block and the others in their order; the payload is the last."""

    primary: Primary
    blocks: tuple[Block, ...]

    @property
    def raw(self) -> bytes:
        """The bundle as it goes on the wire."""
        return b"\x9f" + self.primary.raw + b"".join(block.raw for block in self.blocks) + b"\xff"

    @property
    def payload(self) -> bytes:
        """Data of the payload block."""
        return self.blocks[-1].data

    def block(self, number: int) -> Block:
        """Block by its number; one that is not there is refused."""
        for block in self.blocks:
            if block.number == number:
                return block
        raise Rejected("malformed", f"the bundle has no block {number}")

    def first(self, kind: int) -> Block | None:
        """First block of a type."""
        return next((block for block in self.blocks if block.kind == kind), None)

    def with_blocks(self, changed: Iterable[Block]) -> Bundle:
        """Return the bundle with blocks in place of those of the same numbers."""
        new = {block.number: block for block in changed}
        return Bundle(self.primary, tuple(new.get(block.number, block) for block in self.blocks))

    def insert(self, block: Block, at: int = 0) -> Bundle:
        """Return the bundle with one more block at a place before the payload."""
        at = min(at, len(self.blocks) - 1)
        return Bundle(self.primary, (*self.blocks[:at], block, *self.blocks[at:]))

    def without(self, *numbers: int) -> Bundle:
        """Return the bundle without some blocks."""
        return Bundle(self.primary, tuple(block for block in self.blocks if block.number not in numbers))

    @property
    def free_number(self) -> int:
        """A block number that no block has."""
        return max(block.number for block in self.blocks) + 1

    # the three extension blocks of RFC 9171, 4.4

    @property
    def previous(self) -> eid.Eid | None:
        """Node that forwarded the bundle last."""
        block = self.first(blocks.PREVIOUS_NODE)
        return None if block is None else _whole(block.data, eid.read)

    @property
    def age(self) -> int | None:
        """Milliseconds since it was made, as its forwarders counted them."""
        block = self.first(blocks.AGE)
        return None if block is None else _whole(block.data, scan.Cursor.uint)

    @property
    def hops(self) -> tuple[int, int] | None:
        """Limit and count of hops."""
        block = self.first(blocks.HOPS)
        return None if block is None else _whole(block.data, _pair)

    def extension(self, kind: int, data: bytes) -> Bundle:
        """Return the bundle with an extension block set, made if it is not there."""
        old = self.first(kind)
        if old is not None:
            return self.with_blocks([old.change(data)])
        return self.insert(Block(kind, self.free_number, 0, data, crc.CRC16))


def _pair(cursor: scan.Cursor) -> tuple[int, int]:
    cursor.count(2, 2)
    limit, count = cursor.uint(), cursor.uint()
    if not 1 <= limit <= 255:
        raise Rejected("malformed", "a hop limit outside of 1 to 255")
    return limit, count


def _whole(raw: bytes, read: Callable[[scan.Cursor], T]) -> T:
    cursor = scan.Cursor(raw)
    try:
        value = read(cursor)
    except IndexError:
        raise Rejected("malformed", "an extension block that ends too early") from None
    cursor.end()
    return value


def hop_data(limit: int, count: int) -> bytes:
    """Data of a hop count block."""
    return scan.array(scan.uint(limit), scan.uint(count))


def decode(raw: bytes, *, most: int = MOST_BYTES) -> Bundle:
    """Bundle of its bytes.

    Parameters
    ----------
    most : int
        Longest input that is looked at, bytes.

    Raises
    ------
    Rejected
        With the reason ``"malformed"``, ``"version"`` or ``"limit"``.
    """
    if len(raw) > most:
        raise Rejected("limit", f"a bundle of {len(raw)} bytes where at most {most} are taken")
    try:
        return _decode(raw)
    except IndexError:
        raise Rejected("malformed", "a bundle that ends too early") from None


def _decode(raw: bytes) -> Bundle:
    if raw[0] != 0x9F:
        raise Rejected("malformed", "not a bundle: no array of indefinite length")
    cursor = scan.Cursor(raw, 1)
    primary = blocks.read_primary(cursor)
    found: list[Block] = []
    while raw[cursor.at] != 0xFF:
        if len(found) == MOST_BLOCKS:
            raise Rejected("limit", f"a bundle of more than {MOST_BLOCKS} blocks")
        found.append(blocks.read_block(cursor))
    cursor.at += 1
    cursor.end()
    _well_formed(primary, found)
    return Bundle(primary, tuple(found))


def _well_formed(primary: Primary, found: list[Block]) -> None:
    kinds = [block.kind for block in found]
    numbers = {block.number for block in found}
    if not found or kinds[-1] != blocks.PAYLOAD or found[-1].number != 1 or kinds.count(blocks.PAYLOAD) > 1:
        raise Rejected("malformed", "a bundle whose last block is not its only payload, number 1")
    if len(numbers) != len(found) or 0 in numbers:
        raise Rejected("malformed", "blocks of a bundle with the same number, or 0")
    if any(kinds.count(kind) > 1 for kind in _ONCE.intersection(kinds)):
        raise Rejected("malformed", "an extension block that may be there once only")
    if primary.fragment and primary.offset + len(found[-1].data) > primary.total:
        raise Rejected("malformed", "a fragment that reaches beyond the whole payload")


def make(primary: Primary, payload: bytes, *extensions: tuple[int, bytes], check: int = crc.CRC16) -> Bundle:
    """Return a bundle of a payload and extension blocks (type, data), numbered from 2."""
    numbered = [Block(kind, 2 + at, 0, data, check) for at, (kind, data) in enumerate(extensions)]
    return Bundle(primary, (*numbered, Block(blocks.PAYLOAD, 1, 0, payload, check)))
