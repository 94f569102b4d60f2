"""Digests of frames that GNU Radio's gr-dtv makes: run with a Python that has GNU Radio 3.10.

    PYTHONPATH=src python3 tools/phy/dvb_oracle.py src/rabta/verify/mobile/dvb_gnuradio.csv

The packets are of a transport stream: 0x47, then bytes of a linear congruence. Every modcod makes two frames;
the digests are of bits (one a byte) after each step, and of the frame's symbols in thousandths. Facts of the
outputs only: none of that program's code is here.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from rabta.mobile.modem.dvb.fec.codes import code
from rabta.mobile.modem.dvb.modcods import Modcod, modcod, names

FRAMES = 2
STEPS = ("bbframe", "scrambled", "bch", "ldpc")
SHAPES = {
    "4": "QPSK", "8": "8PSK", "2+4+2": "8APSK", "4+12": "16APSK", "8+8": "8_8APSK", "16_of_18/30": "8_8APSK",
    "16_of_20/30": "8_8APSK", "4+12+16": "32APSK", "4+12+16rb": "4_12_16APSK", "4+8+4+16": "4_8_4_16APSK",
    "16+16+16+16": "64APSK", "8+16+20+20": "8_16_20_20APSK", "4+12+20+28": "4_12_20_28APSK", "128": "128APSK",
    "256": "256APSK", "256_of_20/30": "256APSK", "256_of_22/30": "256APSK",
}  # fmt: skip


def packets(count: int) -> bytes:
    """Packets of 188 bytes."""
    state, made = 12345, bytearray()
    for _ in range(count):
        made.append(0x47)
        for _ in range(187):
            state = (1103515245 * state + 12345) % 2**31
            made.append(state >> 16 & 255)
    return bytes(made)


def digest(values: Any) -> str:
    """SHA-256 of bits, or of symbols in thousandths."""
    array = np.asarray(values)
    if np.iscomplexobj(array):
        array = np.rint(1000.0 * array.view(array.real.dtype)).astype("<i2")
    else:
        array = array.astype(np.uint8)
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


def steps(of: Modcod, stream: bytes, pilots: bool, gold: int) -> dict[str, Any]:
    """Outputs of all blocks for one modcod."""
    from gnuradio import blocks, dtv, gr  # type: ignore[import-not-found]

    rate, size = of.code.split()
    frame = getattr(dtv, f"FECFRAME_{size.upper()}")
    code_ = getattr(dtv, "C" + rate.replace("/", "_"))
    shape = getattr(dtv, "MOD_" + SHAPES[of.shape])
    flow, s2 = gr.top_block(), dtv.STANDARD_DVBS2
    header = dtv.dvb_bbheader_bb(
        s2, frame, code_, dtv.RO_0_20, dtv.INPUTMODE_NORMAL, dtv.INBAND_OFF, 168, 4_000_000
    )
    parts = [
        blocks.vector_source_b(list(stream), False), header, dtv.dvb_bbscrambler_bb(s2, frame, code_),
        dtv.dvb_bch_bb(s2, frame, code_), dtv.dvb_ldpc_bb(s2, frame, code_, shape),
        dtv.dvbs2_interleaver_bb(frame, code_, shape),
        dtv.dvbs2_modulator_bc(frame, code_, shape, dtv.INTERPOLATION_OFF),
        dtv.dvbs2_physical_cc(frame, code_, shape, dtv.PILOTS_ON if pilots else dtv.PILOTS_OFF, gold),
    ]  # fmt: skip
    sinks = {}
    for (before, after), name in zip(pairwise(parts), [*STEPS, "", "", "frame"], strict=True):
        flow.connect(before, after)
        if name:
            sinks[name] = blocks.vector_sink_c() if name == "frame" else blocks.vector_sink_b()
            flow.connect(after, sinks[name])
    flow.run()
    return {name: np.array(sink.data()) for name, sink in sinks.items()}


def summary(name: str, stream: bytes, i: int) -> dict[str, Any]:
    """Digests of two frames of one modcod, with and without pilots in turn."""
    of, pilots, gold = modcod(name), i % 2 == 0, (0, 5, 123456)[i % 3]
    made, it = steps(of, stream, pilots, gold), code(of.code)
    found: dict[str, Any] = {"name": name, "pilots": int(pilots), "gold": gold}
    for step, length in zip(STEPS, (it.payload, it.payload, it.information, it.bits), strict=True):
        whole = length + 6 if step == "ldpc" and of.order == 7 else length  # six zeros are in it already
        found[step] = digest(made[step][: FRAMES * whole].reshape(FRAMES, whole)[:, :length])
    symbols = made["frame"][::2].astype(np.complex64)  # every other sample is a zero
    found["frame"] = digest(np.ascontiguousarray(symbols[: FRAMES * of.length(pilots)]))
    return found


def main() -> None:
    """Write the digests (SHA-256, first 16 digits) of every modcod as a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    told = parser.parse_args()
    stream = packets(400)
    found = [summary(name, stream, i) for i, name in enumerate(names())]
    with told.out.open("w", newline="", encoding="ascii") as file:
        writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


if __name__ == "__main__":
    main()
