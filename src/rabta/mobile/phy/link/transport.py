"""Transport formats: modulation and code rate of the MCS indices, and the size of a transport block.

3GPP TS 38.214, clauses 5.1.3 and 6.1.4: tables 5.1.3.1-1 to -4 are numbered 1 to 4 here, the uplink's tables
with transform precoding, 6.1.4.1-1 and -2, are numbers 5 and 6 (without pi/2-BPSK).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, log2

from rabta.errors import RabtaError
from rabta.mobile.phy.ldpc import matching

Row = tuple[int, float]


def _rows(*groups: tuple[int, tuple[float, ...]]) -> tuple[Row, ...]:
    return tuple((order, rate) for order, rates in groups for rate in rates)


_QPSK_LOW = (30.0, 40.0, 50.0, 64.0, 78.0, 99.0)
_QPSK = (120.0, 157.0, 193.0, 251.0, 308.0, 379.0, 449.0, 526.0, 602.0)
_QPSK_WIDE = (120.0, 193.0, 308.0, 449.0, 602.0)
_QAM16 = (378.0, 434.0, 490.0, 553.0, 616.0, 658.0)
_QAM64 = (466.0, 517.0, 567.0, 616.0, 666.0, 719.0, 772.0, 822.0, 873.0)
_QAM256 = (682.5, 711.0, 754.0, 797.0, 841.0, 885.0, 916.5, 948.0)

MCS: dict[int, tuple[Row, ...]] = {
    1: _rows((2, (*_QPSK, 679.0)), (4, (340.0, *_QAM16)), (6, (438.0, *_QAM64, 910.0, 948.0))),
    2: _rows((2, _QPSK_WIDE), (4, _QAM16), (6, _QAM64), (8, _QAM256)),
    3: _rows((2, (*_QPSK_LOW, *_QPSK)), (4, (340.0, *_QAM16[:-1])), (6, (438.0, *_QAM64[:7]))),
    4: _rows(
        (2, (120.0, 193.0, 449.0)), (4, (378.0, 490.0, 616.0)), (6, _QAM64), (8, _QAM256),
        (10, (805.5, 853.0, 900.5, 948.0)),
    ),
    5: _rows((2, (*_QPSK, 679.0)), (4, (340.0, *_QAM16)), (6, (*_QAM64, 910.0, 948.0))),
    6: _rows(
        (2, (*_QPSK_LOW, *_QPSK, 679.0)), (4, (*_QAM16, 699.0, 772.0)), (6, (567.0, 616.0, 666.0, 772.0))
    ),
}  # fmt: skip
"""Bits a symbol, and code rate times 1024, of each MCS of each table."""
WAVEFORMS = {
    1: "nr-64qam",
    2: "nr-256qam",
    3: "nr-64qam-lowse",
    4: "nr-1024qam",
    5: "nr-uplink-dfts",
    6: "nr-uplink-dfts-lowse",
}
"""Entry of the catalog that each table is."""

SIZES: tuple[int, ...] = (
    *range(24, 193, 8),
    *range(208, 385, 16),
    *(408, 432, 456, 480, 504, 528, 552, 576, 608, 640, 672, 704, 736, 768, 808, 848, 888, 928, 984, 1032),
    *(1064, 1128, 1160, 1192, 1224, 1256, 1288, 1320, 1352, 1416, 1480, 1544, 1608, 1672, 1736, 1800, 1864),
    *(1928, 2024, 2088, 2152, 2216, 2280, 2408, 2472, 2536, 2600, 2664, 2728, 2792, 2856, 2976, 3104, 3240),
    *(3368, 3496, 3624, 3752, 3824),
)
"""Transport blocks of up to 3824 bits: TS 38.214, table 5.1.3.2-1."""
SMALL, LONGEST_BLOCK = 3824, 8424
MOST_ELEMENTS = 156  # of a resource block that count towards the size of the transport block
LARGEST_BLOCKS = 275
SYMBOLS, MOST_LAYERS = 14, 4
OVERHEADS = (0, 6, 12, 18)
SCALINGS = (1.0, 0.5, 0.25)


def mcs_row(table: int, mcs: int) -> Row:
    """Bits a symbol and code rate of an MCS index.

    Raises
    ------
    RabtaError
        A table or an index that the standard does not have; reserved indices included.

    Examples
    --------
    >>> mcs_row(1, 7), mcs_row(4, 26)
    ((2, 0.513671875), (10, 0.92578125))
    """
    if table not in MCS:
        raise RabtaError("no such MCS table", key="table", value=table, expected=f"1 to {len(MCS)}")
    if mcs not in range(len(MCS[table])):
        raise RabtaError(
            f"no such index in MCS table {table}",
            key="mcs",
            value=mcs,
            expected=f"0 to {len(MCS[table]) - 1}",
        )
    order, rate = MCS[table][mcs]
    return order, rate / 1024.0


def block_bits(elements: float, rate: float, order: int, layers: int = 1, scaling: float = 1.0) -> int:
    """Bits of the transport block that is sent on so many resource elements: TS 38.214, clause 5.1.3.2.

    Parameters
    ----------
    elements : float
        Resource elements that count, N_RE of step 1.
    rate : float
        Code rate, 0 to 1.
    order, layers : int
        Bits a symbol, and symbols sent at once on each element.
    scaling : float
        1, 0.5 or 0.25: table 5.1.3.2-2.

    Examples
    --------
    >>> block_bits(120 * 52, 0.48, 4, layers=4)
    48168
    """
    info = scaling * elements * rate * order * layers
    if info <= SMALL:
        step = 1 << max(3, floor(log2(max(info, 1.0))) - 6)
        wanted = max(24, step * floor(info / step))
        return next(size for size in SIZES if size >= wanted)
    step = 1 << (floor(log2(info - 24)) - 5)
    wanted = max(3840, step * floor((info - 24) / step + 0.5))
    most = 3816 if rate <= 0.25 else LONGEST_BLOCK
    blocks = ceil((wanted + 24) / most) if rate <= 0.25 or wanted > LONGEST_BLOCK else 1
    return int(8 * blocks * ceil((wanted + 24) / (8 * blocks)) - 24)


@dataclass(frozen=True)
class Format:
    """How one transport block fills a slot.

    Attributes
    ----------
    table, mcs : int
        MCS table, 1 to 6 (see the module), and index in it.
    blocks : int
        Resource blocks, 1 to 275.
    symbols : int
        OFDM symbols, 1 to 14.
    layers : int
        Spatial layers of the codeword, 1 to 4.
    pilots : int
        Resource elements of each block that pilots take (with those left empty beside them): two symbols
        of 12 by default.
    overhead : int
        xOverhead of the higher layers, 0, 6, 12 or 18 elements a block: it makes the block smaller, the
        elements still carry coded bits.
    scaling : float
        1, 0.5 or 0.25: table 5.1.3.2-2.

    Examples
    --------
    >>> form = Format(1, 7, blocks=6)
    >>> form.bits, form.coded_bits, form.order
    (888, 1728, 2)
    """

    table: int
    mcs: int
    blocks: int = 6
    symbols: int = SYMBOLS
    layers: int = 1
    pilots: int = 24
    overhead: int = 0
    scaling: float = 1.0

    def __post_init__(self) -> None:
        mcs_row(self.table, self.mcs)
        for key, most in (("blocks", LARGEST_BLOCKS), ("symbols", SYMBOLS), ("layers", MOST_LAYERS)):
            if getattr(self, key) not in range(1, most + 1):
                raise RabtaError(
                    f"no such number of {key}", key=key, value=getattr(self, key), expected=f"1 to {most}"
                )
        for key, valid in (("overhead", OVERHEADS), ("scaling", SCALINGS)):
            if getattr(self, key) not in valid:
                raise RabtaError(f"no such {key}", key=key, value=getattr(self, key), expected=str(valid))
        most = 12 * self.symbols - self.overhead - 1
        if not 0 <= self.pilots <= most:
            raise RabtaError(
                "pilots leave no element for data", key="pilots", value=self.pilots, expected=f"0 to {most}"
            )

    @property
    def order(self) -> int:
        """Bits a symbol."""
        return mcs_row(self.table, self.mcs)[0]

    @property
    def rate(self) -> float:
        """Nominal code rate."""
        return mcs_row(self.table, self.mcs)[1]

    @property
    def elements(self) -> int:
        """Resource elements with data, of one layer."""
        return self.blocks * (12 * self.symbols - self.pilots)

    @property
    def coded_bits(self) -> int:
        """Bits sent of the codeword."""
        return self.elements * self.order * self.layers

    @cached_property
    def bits(self) -> int:
        """Bits of the transport block."""
        counted = min(MOST_ELEMENTS, 12 * self.symbols - self.pilots - self.overhead) * self.blocks
        found = block_bits(counted, self.rate, self.order, self.layers, self.scaling)
        if found + 24 > self.coded_bits:
            raise RabtaError(
                "so few elements cannot carry the smallest block", key="blocks", value=self.blocks,
                expected=f"more than {self.blocks}, or fewer pilots",
            )  # fmt: skip
        return found

    @cached_property
    def segments(self) -> matching.Segments:
        """How the transport block is cut into code blocks."""
        return matching.segments(self.bits, self.rate)


@dataclass(frozen=True)
class Plain:
    """A transport block outside of any slot: so many bits at a code rate.

    Attributes
    ----------
    bits : int
        Of the transport block.
    order : int
        Bits a symbol.
    rate : float
        Bits over coded bits; it also picks the base graph.
    """

    bits: int
    order: int
    rate: float
    layers: int = 1

    @property
    def coded_bits(self) -> int:
        """Bits sent: whole symbols."""
        return self.order * max(round(self.bits / self.rate / self.order), 1)

    @cached_property
    def segments(self) -> matching.Segments:
        """How the transport block is cut into code blocks."""
        return matching.segments(self.bits, self.rate)


Coded = Format | Plain


def fitting(table: int, mcs: int, bits: int, **settings: int) -> Format:
    """Format of the fewest resource blocks whose transport block has at least ``bits``.

    Raises
    ------
    RabtaError
        Where even 275 blocks carry fewer.

    Examples
    --------
    >>> form = fitting(1, 7, 1000)
    >>> form.blocks, form.bits
    (7, 1032)
    """
    for blocks in range(1, LARGEST_BLOCKS + 1):
        form = Format(table, mcs, blocks=blocks, **settings)
        if form.coded_bits > 48 and form.bits >= bits:
            return form
    most = Format(table, mcs, blocks=LARGEST_BLOCKS, **settings).bits
    raise RabtaError("no block so large", key="bits", value=bits, expected=f"up to {most}")
