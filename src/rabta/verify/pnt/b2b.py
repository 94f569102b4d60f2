"""Suite ``b2b``: PPP-B2b messages as cssrlib reads them, by message and by whole hours.

``python tools/pnt/b2b_peer.py FILE... --peer FOLDER`` wrote down what cssrlib 1.2.1 makes of the two hours
and of the messages below, which are of the hour 2025-08-21 07 h (cssrlib-data, MIT).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.pnt import b2b, rinex
from rabta.pnt.b2b import biases, frames
from rabta.pnt.b2b.decode import BIAS_M, CLOCK_M, RADIAL_M, TANGENT_M
from rabta.verify import Row, suite

PEER = "cssrlib 1.2.1 on the same messages"
NAVIGATION = "b2b_2025-233/233h_rnx.nav.gz"
LOGS = ("b2b_2023-189/bdsb2b_189e.txt.gz", "b2b_2025-233/233h_bdsb2b.txt.gz")
# Lines and digests of what each sender says, by cssrlib (tests/pnt/b2b/cssrlib.json)
HOURS: dict[str, dict[str, tuple[int, str]]] = {
    "bdsb2b_189e.txt.gz": {
        "C59": (44282, "90e8b5eb1d4ff325f34483a401c887cf822fa1386518e21ce92ee12836c228f3"),
        "C60": (44115, "b62b60174cf1a8675d622a88cad5b576601a3a8381d47bd7c09d910d3fde006a"),
        "C61": (44282, "90e8b5eb1d4ff325f34483a401c887cf822fa1386518e21ce92ee12836c228f3"),
    },
    "233h_bdsb2b.txt.gz": {
        "C59": (43383, "34bd44934640e496be2df3e37da4dd64924f62f912f550236e67b46febd2f72d"),
        "C60": (43354, "b82bf56af6824cd4e4ff8836380b1c2b8e7be4d78eb9ea02546284cd5a5aa0de"),
        "C62": (43329, "a098301c5daf5317cc5068b652ac1fa3418e6c7b66d1b0a8e968798f98f2cff8"),
    },
}
# Messages of C60 from 370817 s of GPS week 2380 on: types 1, 4, 3, 2
MESSAGES = (
    (
        "04c4dc4900001ffefffe0000ffffffff0000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000035fff94"
    ),
    (
        "10c4dc49004001100058068e020040011000440016024040011000440011000440013fff8ffb1100047ecb10005ff7760da8400110006"
        "80650025c9adc"
    ),
    (
        "0cc48148c2b001d221fc420e9f8ea00ae01d003b80001680114112e21334f8a5fbc7fd58ff4c0000d407e38ffa17fc27922faa3fb4c7"
        "c5600000834048"
    ),
    (
        "08c4ce48541260013ff9fff9c2c0970021ffdfface1a049ffecffc001e7108247ff400300273888123ff7c005ff29c480900006004ff"
        "64e0000345309c"
    ),
)


# What the peer reads in them
FOUR = (
    (
        "1 1 2 "
        "19,20,21,22,23,24,25,26,27,28,29,30,32,33,34,35,36,37,38,39,40,41,42,43,"
        "44,45,46,64,65,66,67,68,69,70,71,72,73,74,75,76,77,78,79,80,81,82,83,84,"
        "85,86,87,88,89,90,91,92,93,94,95"
    ),
    "4 19 0 -",
    "4 20 0 -",
    "4 21 3 104",
    "4 22 7 128",
    "4 23 0 -",
    "4 24 0 -",
    "4 25 0 -",
    "4 26 3 144",
    "4 27 0 -",
    "4 28 0 -",
    "4 29 0 -",
    "4 30 0 -",
    "4 32 0 -",
    "4 33 1 -2",
    "4 34 1 -79",
    "4 35 0 -",
    "4 36 0 -309",
    "4 37 0 -",
    "4 38 3 -137",
    "4 39 3 874",
    "4 40 0 -",
    "4 41 0 -",
    "4 42 5 101",
    "3 21 1D 254",
    "3 21 1P 263",
    "3 21 2I 233",
    "3 21 5D -57",
    "3 21 5P 5",
    "3 21 6I 0",
    "3 21 7D 14",
    "3 21 7P 29",
    "3 22 1D 302",
    "3 22 1P 307",
    "3 22 2I 276",
    "3 22 5D -118",
    "3 22 5P -68",
    "3 22 6I 0",
    "3 22 7D -43",
    "3 22 7P -12",
    "3 26 1D -12",
    "3 26 1P -8",
    "3 26 2I -57",
    "3 26 5D -220",
    "3 26 5P -172",
    "3 26 6I 0",
    "3 26 7D -151",
    "3 26 7P -118",
    "2 21 18 3 4 -4 -1 0.221750",
    "2 22 18 7 16 -3 -11 0.221750",
    "2 26 18 3 -20 -8 7 0.221750",
    "2 33 18 1 -24 12 19 0.221750",
    "2 34 18 1 -33 2 -14 0.221750",
    "2 36 18 0 3 4 -20 0.221750",
)


def canonical(messages: b2b.Messages, sender: int) -> list[str]:
    """A line for each thing that a sender's messages say of its mask's satellites, as the peer's tool does.

    What came before the first mask, or with another IOD SSR or IODP than the last mask's, is left out, as by
    the peer; so is the upper part of BeiDou's and GPS's IODN.
    """
    ours = np.flatnonzero((messages.frames.prn == sender) & (messages.frames.kind < 8))
    said = {
        name: _by_frame(getattr(messages, name).frame) for name in ("masks", "orbits", "biases", "clocks")
    }
    lines: list[str] = []
    mask: list[int] = []
    issue = (-1, -1)
    for frame in ours.tolist():
        for i in said["masks"].get(frame, ()):
            mask = (np.flatnonzero(messages.masks.slots[i]) + 1).tolist()
            issue = int(messages.masks.iod_ssr[i]), int(messages.masks.iodp[i])
            lines.append(f"1 {issue[0]} {issue[1]} {','.join(str(slot) for slot in mask)}")
        lines += _clock_lines(messages, said["clocks"].get(frame, ()), mask, issue)
        lines += _orbit_lines(messages, said["orbits"].get(frame, ()), mask, issue)
        lines += _bias_lines(messages, said["biases"].get(frame, ()), mask, issue)
    return lines


def _by_frame(frame: NDArray[np.int64]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row, number in enumerate(frame.tolist()):
        found.setdefault(number, []).append(row)
    return found


def _raw(value: float, step: float) -> str:
    return "-" if np.isnan(value) else str(round(value / step))


def _clock_lines(
    messages: b2b.Messages, found: list[int] | tuple[()], mask: list[int], issue: tuple[int, int]
) -> list[str]:
    table, lines = messages.clocks, []
    for i in found:
        place, iodp = int(table.place[i]), int(table.iodp[i])
        if table.iod_ssr[i] != issue[0] or (iodp >= 0 and iodp != issue[1]) or place >= len(mask):
            continue
        slot = mask[place] if place >= 0 else int(table.slot[i])
        lines.append(f"4 {slot} {table.iod_corr[i]} {_raw(table.c0_m[i], CLOCK_M)}")
    return lines


def _orbit_lines(
    messages: b2b.Messages, found: list[int] | tuple[()], mask: list[int], issue: tuple[int, int]
) -> list[str]:
    table, lines = messages.orbits, []
    ura = biases.ura_m(table.ura_class[list(found)], table.ura_value[list(found)])
    for i, accuracy in zip(found, ura, strict=True):
        slot = int(table.slot[i])
        if table.iod_ssr[i] != issue[0] or slot not in mask:
            continue
        iodn = int(table.iodn[i]) & (255 if slot <= 100 else 1023)
        metres = (table.radial_m[i], RADIAL_M), (table.along_m[i], TANGENT_M), (table.cross_m[i], TANGENT_M)
        numbers = " ".join(_raw(value, step) for value, step in metres)
        lines.append(f"2 {slot} {iodn} {table.iod_corr[i]} {numbers} {accuracy:.6f}")
    return lines


def _bias_lines(
    messages: b2b.Messages, found: list[int] | tuple[()], mask: list[int], issue: tuple[int, int]
) -> list[str]:
    table = messages.biases
    lines: dict[int, list[str]] = {}
    system, _ = biases.satellites(table.slot[list(found)])
    codes = biases.codes(system, table.mode[list(found)])
    for i, code in zip(found, codes, strict=True):
        slot = int(table.slot[i])
        if table.iod_ssr[i] == issue[0] and slot in mask:
            lines.setdefault(slot, []).append(f"3 {slot} {code} {_raw(table.bias_m[i], BIAS_M)}")
    return [line for part in lines.values() for line in sorted(part)]


def digest(lines: list[str]) -> str:
    """SHA-256 of lines."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@suite("b2b", "Navigation: PPP-B2b messages and corrections", needs=", ".join((*LOGS, NAVIGATION)))
def rows(files: Path | None) -> list[Row]:
    """Four messages by field; whole hours from ``--files`` where given."""
    found = _four()
    for name in LOGS:
        path = None if files is None else files / name
        if path is not None and path.is_file():
            found += _hour(path)
    navigation = None if files is None else files / NAVIGATION
    if files is not None and navigation is not None and navigation.is_file():
        found += _handovers(files / LOGS[1], navigation)
    return found


def _handovers(log: Path, navigation: Path) -> list[Row]:
    """Jumps at changes of the broadcast issue, of which corrected satellites show nothing."""
    messages = b2b.decode(frames.read(log))
    found = b2b.handovers(b2b.corrections(messages), rinex.navigation(navigation).ephemerides)
    text = "a corrected satellite does not jump where its broadcast ephemeris changes; seven BDS-3 do, 07:01"
    jumps = {"orbit": (found.corrected_orbit, found.orbit), "clock": (found.corrected_clock, found.clock)}
    rows_ = []
    for name, (corrected, broadcast) in jumps.items():
        rows_.append(Row(f"jump of a corrected {name}, m", float(np.abs(corrected).max()), 0.0, 0.015, text))
        largest = float(np.abs(broadcast).max())
        rows_.append(Row(f"jump of the broadcast {name}, m", largest, 0.0, float("nan"), text, gate=False))
    return rows_


_NAMES = {"1": "mask", "2": "orbits", "3": "code biases", "4": "clocks"}


def _four() -> list[Row]:
    text = "".join(f"2380 {370817 + i} 60 34 64 {m}000000\n" for i, m in enumerate(MESSAGES))
    log = frames.read(text.encode())
    lines = canonical(b2b.decode(log), 60)
    found = [Row("four messages: CRC failures", float(log.failed), 0.0, 0.0, PEER)]
    for kind, name in _NAMES.items():
        expected = [line for line in FOUR if line[0] == kind]
        same = sum(a == b for a, b in zip(lines, FOUR, strict=False) if b[0] == kind)
        found.append(Row(f"four messages: {name}, the same", float(same), float(len(expected)), 0.0, PEER))
    return found


def _hour(path: Path) -> list[Row]:
    log = frames.read(path)
    messages = b2b.decode(log)
    rows_ = [Row(f"{path.name}: CRC failures", float(log.failed), 0.0, 0.0, PEER)]
    for sender, (count, expected) in HOURS[path.name].items():
        lines = canonical(messages, int(sender[1:]))
        same = float(digest(lines) == expected)
        rows_.append(
            Row(f"{path.name} {sender}: corrections read", float(len(lines)), float(count), 0.0, PEER)
        )
        rows_.append(Row(f"{path.name} {sender}: every field the same", same, 1.0, 0.0, PEER))
    return rows_
