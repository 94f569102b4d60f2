"""CBOR of bundles, read in place: deterministic heads (RFC 8949, 4.2.1), lengths bounded by what is there.

Bundles are arrays of indefinite length, so the strict reader of the overlay's own messages does not take
them; and what is signed must be kept as it came, so this one says where items begin and end.
"""

from __future__ import annotations

from rabta.security.core.rejected import Rejected

UINT, NINT, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
_LEAST = (24, 1 << 8, 1 << 16, 1 << 32)
MOST_DEPTH, MOST_ITEMS = 8, 4096


class Cursor:
    """A place in the bytes; methods take one item and move on.

    Raises
    ------
    Rejected
        With the reason ``"malformed"``; `IndexError` at the end of the bytes, for the caller to turn into it.
    """

    __slots__ = ("at", "raw")

    def __init__(self, raw: bytes, at: int = 0) -> None:
        self.raw, self.at = raw, at

    def head(self) -> tuple[int, int]:
        """Major type and argument; indefinite lengths and heads longer than needed are refused."""
        raw, at = self.raw, self.at
        first = raw[at]
        low = first & 31
        if low < 24:
            self.at = at + 1
            return first >> 5, low
        if low > 27:
            raise Rejected("malformed", "CBOR of indefinite length where it is not allowed")
        size = 1 << (low - 24)
        argument = int.from_bytes(raw[at + 1 : at + 1 + size], "big")
        self.at = at + 1 + size
        if self.at > len(raw) or (argument < _LEAST[low - 24] and first < 0xF8):
            raise Rejected("malformed", "CBOR with a head that is cut or not the shortest")
        return first >> 5, argument

    def uint(self) -> int:
        """Take an unsigned integer."""
        first = self.raw[self.at]
        if first < 24:
            self.at += 1
            return first
        major, value = self.head()
        if major != UINT:
            raise Rejected("malformed", "no unsigned integer where one must be")
        return value

    def integer(self) -> int:
        """Take an integer of either sign."""
        major, value = self.head()
        if major > NINT:
            raise Rejected("malformed", "no integer where one must be")
        return -1 - value if major else value

    def count(self, least: int = 0, most: int = MOST_ITEMS) -> int:
        """Head of an array of known length: how many items follow."""
        first = self.raw[self.at]
        if 0x80 | least <= first <= 0x97 and first - 0x80 <= most:  # nearly all
            self.at += 1
            return first - 0x80
        major, value = self.head()
        if major != ARRAY or not least <= value <= most:
            raise Rejected("malformed", "no array of a length that is allowed")
        return value

    def bstr(self) -> bytes:
        """Take a byte string."""
        raw, at = self.raw, self.at + 1
        first = raw[at - 1]
        if 0x40 <= first < 0x58 and at + first - 0x40 <= len(raw):  # the short ones
            self.at = at + first - 0x40
            return raw[at : self.at]
        major, size = self.head()
        if major != BYTES:
            raise Rejected("malformed", "no byte string where one must be")
        return self._take(size)

    def text(self) -> str:
        """Take a text string."""
        major, size = self.head()
        if major != TEXT:
            raise Rejected("malformed", "no text where it must be")
        try:
            return self._take(size).decode()
        except UnicodeDecodeError:
            raise Rejected("malformed", "text that is no UTF-8") from None

    def boolean(self) -> bool:
        """Take true or false."""
        first = self.raw[self.at]
        if first not in {0xF4, 0xF5}:
            raise Rejected("malformed", "neither true nor false")
        self.at += 1
        return first == 0xF5

    def _take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.raw):
            raise Rejected("malformed", "a string longer than what is there")
        taken = self.raw[self.at : end]
        self.at = end
        return taken

    def skip(self) -> bytes:
        """Any one item, as its raw bytes."""
        start = self.at
        left = [1]
        items = 0
        while left:
            if not left[-1]:
                left.pop()
                continue
            left[-1] -= 1
            items += 1
            inside = self._one()
            if inside:
                left.append(inside)
            if items > MOST_ITEMS or len(left) > MOST_DEPTH:
                raise Rejected("malformed", "CBOR too deep or of too many items")
        return self.raw[start : self.at]

    def _one(self) -> int:
        """Pass a head and, of strings, the body; how many items lie inside."""
        major, value = self.head()
        if major in {BYTES, TEXT}:
            self._take(value)
        return {ARRAY: value, MAP: 2 * value, TAG: 1}.get(major, 0)

    def end(self) -> None:
        """Refuse whatever follows."""
        if self.at != len(self.raw):
            raise Rejected("malformed", "bytes after the end")


_SHORT = tuple(bytes((value,)) for value in range(256))


def head(major: int, value: int) -> bytes:
    """Shortest head of a major type and argument."""
    first = major << 5
    if value < 24:
        return bytes((first | value,))
    if value < 1 << 8:
        return bytes((first | 24, value))
    if value < 1 << 16:
        return bytes((first | 25,)) + value.to_bytes(2, "big")
    if value < 1 << 32:
        return bytes((first | 26,)) + value.to_bytes(4, "big")
    return bytes((first | 27,)) + value.to_bytes(8, "big")


def uint(value: int) -> bytes:
    """Encode an unsigned integer."""
    return _SHORT[value] if value < 24 else head(UINT, value)


def integer(value: int) -> bytes:
    """Encode an integer of either sign."""
    return head(UINT, value) if value >= 0 else head(NINT, -1 - value)


def bstr(value: bytes) -> bytes:
    """Encode a byte string."""
    return head(BYTES, len(value)) + value


def tstr(value: str) -> bytes:
    """Encode a text string."""
    raw = value.encode()
    return head(TEXT, len(raw)) + raw


def array(*items: bytes) -> bytes:
    """Array of items that are encoded already."""
    return head(ARRAY, len(items)) + b"".join(items)
