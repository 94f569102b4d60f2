"""What Sionna's symbols, sequences, pilots and slots are: digests of whole numbers in order.

Sionna 2.2.0 (Apache-2.0), its outputs; made by ``tools/phy/oracle_waveform.py``, 23 November 2026.
"""

from __future__ import annotations

GOLD = {
    0: "2c997fedc13036c6",
    1: "7b637227b9220658",
    12345: "91e6d32ff760d639",
    715827882: "1d8856972fbde96d",
    2147483647: "f6e92c03e94e7be3",
}
"""3,000 bits of the sequence of each start."""
POINTS = {
    2: "aeeb0c91e7d54b07",
    4: "72a2fdad5cd01f25",
    6: "5266acc8019acb7e",
    8: "9e7dd67b6d14ad72",
    10: "af8c1bb2ba458aa1",
}
"""Points of every word of so many bits."""
PILOTS: tuple[tuple[tuple[int, str, int, int, int, int, int, int, int, int], str], ...] = (
    (
        (1, "A", 2, 0, 1, 2, 7, 0, 0, 14),
        "85234639e874d6bf",
    ),
    ((1, "A", 2, 1, 1, 1, 1007, 1, 0, 14), "d0c4603119416770"),
    (
        (1, "A", 3, 2, 1, 2, 65535, 0, 0, 13),
        "cf9e15f3d72719b2",
    ),
    (
        (1, "A", 2, 3, 1, 2, 33, 0, 0, 12),
        "c81cd5dfa5cc837b",
    ),
    (
        (1, "A", 2, 1, 2, 2, 33, 1, 0, 10),
        "0379a4e01110049f",
    ),
    (
        (2, "A", 2, 1, 1, 3, 5, 0, 0, 14),
        "25fda17da28a21b8",
    ),
    (
        (2, "A", 2, 1, 2, 3, 5, 0, 0, 14),
        "dd7209ad7fd7a836",
    ),
    (
        (1, "B", 2, 1, 1, 2, 99, 0, 3, 6),
        "d547d5887e79eb49",
    ),
    (
        (1, "B", 2, 3, 1, 2, 99, 0, 2, 11),
        "41749936d930a031",
    ),
    (
        (2, "B", 2, 2, 1, 2, 99, 1, 0, 9),
        "c4d2f5de7a5b7dbe",
    ),
    (
        (2, "B", 2, 1, 2, 2, 99, 1, 1, 13),
        "831fc8247c8f3908",
    ),
)
"""Type, mapping, first symbol, more places, length, groups, identity, choice, start, count; all ports."""
SLOTS: tuple[tuple[int, int, int, float, int, str, str], ...] = (
    (0, 1, 2, 0.30078125, 528, "slot 4 1", "80bd04f90f294c64"),
    (1, 2, 4, 0.5400390625, 3752, "slot 14 2", "8c4a5b427660cd73"),
    (2, 2, 6, 0.650390625, 6400, "slot 22 2", "b156944b727e4e08"),
    (3, 4, 6, 0.427734375, 7808, "slot 17 4", "345098f93b395fb6"),
)
"""Row, layers, bits a symbol, code rate, bits of the block, name of the bits, data on the grid."""
SLOT_PILOTS: tuple[tuple[int, str, int, int, int, int, int, int, int, int], ...] = (
    (1, "A", 2, 1, 1, 2, 7, 0, 0, 14),
    (1, "A", 2, 1, 1, 2, 7, 0, 0, 14),
    (1, "A", 2, 2, 1, 1, 8, 0, 0, 13),
    (2, "A", 2, 1, 1, 2, 8, 0, 0, 12),
)
