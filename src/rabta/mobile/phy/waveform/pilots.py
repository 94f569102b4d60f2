"""Known signals of NR: DM-RS of PDSCH and PUSCH, synchronisation signals, DM-RS of PBCH (3GPP TS 38.211)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.waveform import scrambling
from rabta.mobile.phy.waveform.numerology import Carrier

Complex = NDArray[np.complex64]
Floats = NDArray[np.float32]

CELLS = 1008


def _positions(*rows: str) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Rows of one allocation length each, from 0: positions after the first, by additional positions."""
    table = []
    for row in rows:
        sets = [tuple(int(place) for place in part.split("+") if place) for part in row.split(",")]
        table.append(tuple(sets))
    return tuple(table)


# Tables 7.4.1.1.2-3 and 7.4.1.1.2-4 of TS 38.211 V17: places beside the first one for lengths 0 to 14, for
# 0, 1, 2, 3 additional positions; "" stands for none. The last of type A is 11: no LTE carrier is in the way.
_DOWN = {
    ("A", 1): _positions(
        *[",,,"] * 8, *[",7,7,7"] * 2, *[",9,6+9,6+9"] * 2, ",9,6+9,5+8+11", *[",11,7+11,5+8+11"] * 2
    ),
    ("B", 1): _positions(
        *[",,,"] * 5, *[",4,4,4"] * 3, ",6,3+6,3+6", *[",7,4+7,4+7"] * 2, ",8,4+8,3+6+9",
        *[",9,5+9,3+6+9"] * 2,
    ),
    ("A", 2): _positions(*[","] * 10, *[",8"] * 3, *[",10"] * 2),
    ("B", 2): _positions(*[","] * 8, *[",5"] * 2, *[",7"] * 2, *[",8"] * 2),
}  # fmt: skip
# Tables 6.4.1.1.3-3 and 6.4.1.1.3-4, without hopping inside a slot.
_UP = {
    ("A", 1): _DOWN["A", 1],
    ("B", 1): _positions(
        *[",,,"] * 5, *[",4,4,4"] * 3, *[",6,3+6,3+6"] * 2, *[",8,4+8,3+6+9"] * 2, *[",10,5+10,3+6+9"] * 3
    ),
    ("A", 2): _DOWN["A", 2],
    ("B", 2): _positions(*[","] * 8, *[",5"] * 2, *[",7"] * 2, *[",9"] * 3),
}
_SHORTEST = {("A", 1): 3, ("A", 2): 4, ("B", 1): 2, ("B", 2): 5}


def _refuse(key: str, value: object, expected: str) -> RabtaError:
    return RabtaError("no such pilots", key=key, value=value, expected=expected)


@dataclass(frozen=True)
class Dmrs:
    """DM-RS of a shared channel: TS 38.211, clauses 7.4.1.1 and 6.4.1.1 (CP-OFDM).

    Attributes
    ----------
    kind : int
        Configuration type 1 (every second subcarrier) or 2 (two of six).
    mapping : str
        ``A``: placed in the slot, ``B``: placed from the start of the allocation.
    first : int
        Symbol of the first pilots in type A, 2 or 3.
    additional : int
        Further places, 0 to 3 (to 1 where ``length`` is 2).
    length : int
        Neighbouring symbols a place, 1 or 2.
    groups : int
        CDM groups that carry no data, 1 to 2 (type 1) or 3 (type 2); their power goes to the pilots.
    identity, choice : int
        Scrambling identity and n_SCID.
    uplink : bool
        Places of the PUSCH rather than the PDSCH.
    """

    kind: int = 1
    mapping: str = "A"
    first: int = 2
    additional: int = 1
    length: int = 1
    groups: int = 2
    identity: int = 0
    choice: int = 0
    uplink: bool = False

    def __post_init__(self) -> None:
        if self.kind not in (1, 2):
            raise _refuse("kind", self.kind, "1 or 2")
        if self.mapping not in ("A", "B"):
            raise _refuse("mapping", self.mapping, "A or B")
        if self.first not in (2, 3):
            raise _refuse("first", self.first, "2 or 3")
        if self.length not in (1, 2):
            raise _refuse("length", self.length, "1 or 2")
        most = 3 if self.length == 1 else 1
        if not 0 <= self.additional <= most:
            raise _refuse("additional", self.additional, f"0 to {most}")
        if self.mapping == "A" and self.first == 3 and self.additional == 3:
            raise _refuse("additional", 3, "0 to 2 where the first symbol is 3")
        if not 1 <= self.groups <= self.kind + 1:
            raise _refuse("groups", self.groups, f"1 to {self.kind + 1}")

    @property
    def ports(self) -> tuple[int, ...]:
        """Ports (0 for 1000) that the CDM groups without data hold."""
        span = 4 if self.kind == 1 else 6
        return tuple(p for p in range(span * self.length) if p % span // 2 < self.groups)

    @property
    def amplitude(self) -> float:
        """Of a pilot beside a data symbol: the square root of ``groups`` (TS 38.214, table 4.1-1)."""
        return float(np.sqrt(self.groups))

    def symbols(self, start: int = 0, count: int = 14) -> tuple[int, ...]:
        """OFDM symbols of the slot with pilots, for data on ``count`` symbols from ``start``.

        Raises
        ------
        RabtaError
            An allocation that leaves the slot, or is too short for pilots.
        """
        if start < 0 or count < 1 or start + count > 14:
            raise RabtaError(
                "the allocation leaves the slot",
                key="start, count",
                value=(start, count),
                expected="14 symbols",
            )
        span = start + count if self.mapping == "A" else count
        table = (_UP if self.uplink else _DOWN)[self.mapping, self.length]
        least = 1 if self.uplink and (self.mapping, self.length) == ("B", 1) else None
        least = _SHORTEST[self.mapping, self.length] if least is None else least
        if not least <= span < len(table):
            raise RabtaError(
                f"no DM-RS of mapping type {self.mapping} for this allocation",
                key="count",
                value=span,
                expected=f"{least} to {len(table) - 1} symbols",
            )
        places = (self.first if self.mapping == "A" else 0, *table[span][self.additional])
        shift = 0 if self.mapping == "A" else start
        found = tuple(shift + place + i for place in places for i in range(self.length))
        if self.mapping == "A" and (found[0] < start or found[self.length - 1] >= start + count):
            raise RabtaError(
                "the first pilots lie outside the allocation",
                key="start, count",
                value=(start, count),
                expected=f"symbols that hold {self.first} to {self.first + self.length - 1}",
            )
        return found

    def offsets(self, group: int) -> NDArray[np.int64]:
        """Subcarriers of a resource block that a CDM group takes."""
        if self.kind == 1:
            return np.arange(group, 12, 2)
        return np.sort(np.concatenate([np.arange(0, 12, 6), np.arange(1, 12, 6)])) + 2 * group

    def reserved(self, carrier: Carrier, start: int = 0, count: int = 14) -> NDArray[np.bool_]:
        """Resource elements that carry no data, shape (symbol, subcarrier)."""
        block = np.zeros(12, dtype=bool)
        for group in range(self.groups):
            block[self.offsets(group)] = True
        out = np.zeros((carrier.symbols, carrier.subcarriers), dtype=bool)
        out[list(self.symbols(start, count))] = np.tile(block, carrier.blocks)
        return out

    def grid(
        self,
        carrier: Carrier,
        slot: int = 0,
        ports: Sequence[int] = (0,),
        *,
        start: int = 0,
        count: int = 14,
        first_block: int = 0,
    ) -> Complex:
        """Pilots of ports, shape (port, symbol, subcarrier), zero elsewhere.

        Parameters
        ----------
        slot : int
            Slot in the frame.
        ports : sequence of int
            0 stands for port 1000 (PUSCH: 0).
        start, count : int
            OFDM symbols of the allocation.
        first_block : int
            Common resource block at which the carrier starts.
        """
        wrong = [p for p in ports if p not in self.ports]
        if wrong:
            raise _refuse("ports", wrong[0], ", ".join(map(str, self.ports)))
        out = np.zeros((len(ports), carrier.symbols, carrier.subcarriers), dtype=np.complex64)
        for number, symbol in enumerate(self.symbols(start, count)):
            c_init = scrambling.pilots(
                slot % carrier.slots_per_frame, symbol, self.identity, self.choice, symbols=carrier.symbols
            )
            for row, port in enumerate(ports):
                self._fill(out[row, symbol], c_init, port, number % self.length, carrier.blocks, first_block)
        return out

    def _fill(self, row: Complex, c_init: int, port: int, turn: int, blocks: int, first_block: int) -> None:
        """One symbol of a port: clause 7.4.1.1.2, tables 7.4.1.1.2-1 and -2."""
        span = 4 if self.kind == 1 else 6
        group, each = port % span // 2, 6 if self.kind == 1 else 4
        sequence = qpsk(c_init, each * (first_block + blocks))[each * first_block :]
        weight = np.ones(each, dtype=np.float32)
        if port % 2:
            weight[1::2] = -1.0
        if port >= span and turn == 1:
            weight = -weight
        places = (12 * np.arange(blocks)[:, None] + self.offsets(group)).ravel()
        row[places] = np.float32(self.amplitude) * np.tile(weight, blocks) * sequence


def qpsk(c_init: int, count: int) -> Complex:
    """Pseudo-random QPSK of clause 7.4.1.1.1, ``count`` symbols."""
    signs = 1.0 - 2.0 * scrambling.sequence(c_init, 2 * count).astype(np.float32)
    return np.asarray(signs.view(np.complex64) * np.float32(np.sqrt(0.5)))


def low_papr(group: int, number: int, length: int) -> Complex:
    """Base sequence of DM-RS under transform precoding: TS 38.211, clause 5.2.2.

    Parameters
    ----------
    group, number : int
        u (0 to 29) and v (0, or 1 from a length of 72).
    length : int
        Subcarriers that carry it, 30 or more; shorter ones are tables that are not here.
    """
    if not 0 <= group < 30:
        raise _refuse("group", group, "0 to 29")
    if length < 30:
        raise _refuse("length", length, "30 or more subcarriers")
    if number not in (0, 1) or (number == 1 and length < 72):
        raise _refuse("number", number, "0, or 1 from 72 subcarriers")
    n = np.arange(length)
    if length == 30:
        return np.asarray(np.exp(-1j * np.pi * (group + 1) * (n + 1) * (n + 2) / 31.0), dtype=np.complex64)
    prime = next(p for p in range(length - 1, 1, -1) if all(p % d for d in range(2, int(p**0.5) + 1)))
    ratio = prime * (group + 1) / 31.0
    q = int(np.floor(ratio + 0.5)) + number * (-1) ** int(np.floor(2.0 * ratio))
    m = n % prime
    return np.asarray(np.exp(-1j * np.pi * ((q * m * (m + 1)) % (2 * prime)) / prime), dtype=np.complex64)


def _register(taps: tuple[int, ...], start: tuple[int, ...]) -> NDArray[np.int64]:
    """Sequence of length 127 of a register of seven bits."""
    out = np.zeros(127, dtype=np.int64)
    out[:7] = start
    for i in range(120):
        out[i + 7] = sum(out[i + tap] for tap in taps) % 2
    return out


def _check_cell(cell: int) -> None:
    if not 0 <= cell < CELLS:
        raise RabtaError("no such cell", key="cell", value=cell, expected=f"0 to {CELLS - 1}")


@cache
def pss(sector: int) -> Floats:
    """Primary synchronisation signal of N_ID(2) 0, 1 or 2, shape (127,): clause 7.4.2.2."""
    if sector not in (0, 1, 2):
        raise RabtaError("no such sector", key="sector", value=sector, expected="0, 1 or 2")
    x = _register((4, 0), (0, 1, 1, 0, 1, 1, 1))
    return (1.0 - 2.0 * x[(np.arange(127) + 43 * sector) % 127]).astype(np.float32)


@cache
def sss(cell: int) -> Floats:
    """Secondary synchronisation signal of a cell, shape (127,): clause 7.4.2.3."""
    _check_cell(cell)
    group, sector = divmod(cell, 3)
    n = np.arange(127)
    one = (1, 0, 0, 0, 0, 0, 0)
    first = _register((4, 0), one)[(n + 15 * (group // 112) + 5 * sector) % 127]
    second = _register((1, 0), one)[(n + group % 112) % 127]
    return ((1.0 - 2.0 * first) * (1.0 - 2.0 * second)).astype(np.float32)


def pbch(cell: int, index: int) -> Complex:
    """DM-RS of a block's PBCH, shape (144,): clause 7.4.1.4.1.

    Parameters
    ----------
    index : int
        Lowest three bits of the block's index; where at most four blocks are sent, the lowest two and, times
        four, the half frame.
    """
    _check_cell(cell)
    if not 0 <= index < 8:
        raise RabtaError("no such block", key="index", value=index, expected="0 to 7")
    start = 2**11 * (index + 1) * (cell // 4 + 1) + 2**6 * (index + 1) + cell % 4
    return qpsk(start, 144)
