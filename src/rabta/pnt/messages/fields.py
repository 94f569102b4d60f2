"""Fields of messages: where their bits are, in a table that both reads and writes them.

The table is ``fields.csv``: a row for each field of a layout. ``pieces`` lists ``part:first:bits``, most
significant first, where a part is one subframe, page, string or message. ``@name`` puts a layout inside
another.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest

Bits = NDArray[np.uint8]

# The interface documents prescribe 3.1415926535898. Published navigation files hold radians made with the
# full value, which is 2e-15 less: no orbit notices, but their last decimal does.
PI = math.pi


@dataclass(frozen=True)
class Field:
    """One number of a message.

    Attributes
    ----------
    pieces : tuple of (part, first bit, bits)
        Most significant piece first; parts count from 0.
    kind : str
        ``u`` unsigned, ``s`` two's complement, ``m`` sign and magnitude.
    scale : float
        Value of the least significant bit.
    """

    name: str
    pieces: tuple[tuple[int, int, int], ...]
    kind: str
    scale: float

    @property
    def bits(self) -> int:
        """Bits of all pieces."""
        return sum(piece[2] for piece in self.pieces)


@dataclass(frozen=True)
class Layout:
    """Fields of a message of one or several parts, each a whole number of ``sizes`` bits."""

    name: str
    sizes: tuple[int, ...]
    fields: tuple[Field, ...]

    def read(self, parts: Sequence[int]) -> dict[str, float]:
        """Scaled values by name, of parts as whole numbers (first bit the most significant)."""
        return {field.name: _value(field, self._raw(field, parts)) for field in self.fields}

    def _raw(self, field: Field, parts: Sequence[int]) -> int:
        raw = 0
        for part, first, count in field.pieces:
            shift = self.sizes[part] - first - count
            raw = (raw << count) | ((parts[part] >> shift) & ((1 << count) - 1))
        return raw

    def write(self, values: Mapping[str, float]) -> list[int]:
        """Parts that hold the values; what is missing or not a number is zero.

        Raises
        ------
        RabtaError
            A value does not fit its field.
        """
        parts = [0] * len(self.sizes)
        for field in self.fields:
            value = values.get(field.name, 0.0)
            if value == value and value != 0.0:  # noqa: PLR0124  not a number is never equal
                self._put(parts, field, _raw_of(self.name, field, float(value)))
        return parts

    def _put(self, parts: list[int], field: Field, raw: int) -> None:
        for part, first, count in reversed(field.pieces):
            parts[part] |= (raw & ((1 << count) - 1)) << (self.sizes[part] - first - count)
            raw >>= count


def _value(field: Field, raw: int) -> float:
    top = 1 << (field.bits - 1)
    if field.kind == "s" and raw & top:
        raw -= 2 * top
    elif field.kind == "m" and raw & top:
        raw = top - raw
    return raw if field.scale == 1.0 else raw * field.scale


def _raw_of(layout: str, field: Field, value: float) -> int:
    whole = round(value / field.scale)
    top = 1 << (field.bits - 1)
    low, high = (0, 2 * top - 1) if field.kind == "u" else (-top + (field.kind == "m"), top - 1)
    if not low <= whole <= high:
        limits = f"{low * field.scale:g} to {high * field.scale:g}"
        raise RabtaError(
            f"{layout}: a value does not fit its field", key=field.name, value=value, expected=limits
        )
    if whole >= 0:
        return whole
    return 2 * top + whole if field.kind == "s" else top - whole


def _scale(text: str) -> float:
    """Product of a scale's words, as in ``2^-31 pi``."""
    product = 1.0
    for word in text.split():
        product *= PI if word == "pi" else math.ldexp(1.0, int(word[2:])) if word[:2] == "2^" else float(word)
    return product


def _pieces(text: str) -> tuple[tuple[int, int, int], ...]:
    numbers = [[int(x) for x in piece.split(":")] for piece in text.split("+")]
    return tuple((part - 1, first, count) for part, first, count in numbers)


@cache
def layouts(package: str = __package__) -> dict[str, Layout]:
    """All layouts of a package's ``fields.csv``."""
    lines = files(package).joinpath("fields.csv").read_text(encoding="utf-8").splitlines()
    found: dict[str, Layout] = {}
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        name = row["layout"]
        if row["name"] == "=":
            found[name] = Layout(name, tuple(int(x) for x in row["pieces"].split("+")), ())
            continue
        base = found[name]
        found[name] = Layout(name, base.sizes, base.fields + _row_fields(row, found))
    return found


def _row_fields(row: Mapping[str, str], known: Mapping[str, Layout]) -> tuple[Field, ...]:
    if not row["name"].startswith("@"):
        return (Field(row["name"], _pieces(row["pieces"]), row["kind"], _scale(row["scale"])),)
    part, offset = (int(x) for x in row["pieces"].split(":"))
    inner = known[row["name"][1:]].fields
    return tuple(
        Field(item.name, tuple((part - 1, offset + a, n) for _, a, n in item.pieces), item.kind, item.scale)
        for item in inner
    )


def layout(name: str, package: str = __package__) -> Layout:
    """One layout, as in ``layout("D1")``."""
    table = layouts(package)
    if name not in table:
        raise RabtaError("no such message layout", key="layout", value=name, expected=nearest(name, table))
    return table[name]


def number(bits: Bits) -> int:
    """Whole number of bits, first the most significant.

    Examples
    --------
    >>> number(np.array([1, 0, 1], dtype=np.uint8))
    5
    """
    flat = np.ascontiguousarray(bits, dtype=np.uint8)
    return int.from_bytes(np.packbits(flat).tobytes(), "big") >> (-flat.size % 8)


def bits_of(value: int, count: int) -> Bits:
    """Bits of a whole number, most significant first.

    Examples
    --------
    >>> bits_of(5, 4).tolist()
    [0, 1, 0, 1]
    """
    raw = (value << (-count % 8)).to_bytes((count + 7) // 8, "big")
    return np.unpackbits(np.frombuffer(raw, dtype=np.uint8))[:count]


def require_size(name: str, size: int, count: int) -> None:
    """Refuse a message of another length."""
    if size != count:
        raise RabtaError(f"{name}: wrong number of bits", value=size, expected=f"{count} bits")
