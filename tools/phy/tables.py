"""Block error tables of NR's MCS in white noise: ``python tools/phy/tables.py [--processes 2]``.

Every modulation and code rate of the MCS tables, at six sizes of the transport block, is simulated with
Rabta's own chain: random bits, CRC, LDPC, rate matching, scrambling, symbols, white noise, exact ratios, 20
iterations of the layered decoder. Counts go to ``awgn.csv``, a fitted line each to ``fits.csv``, both in
``src/rabta/mobile/phy/link``. Seeds are fixed, so that a second run gives the same counts.

The line: block errors are a Gaussian distribution function over the ratio in dB, with a middle and a width,
of greatest likelihood. Its residual is the root mean square of how far the counts lie beside it, in dB; the
noise of counting alone gives the expected one.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from rabta.mobile.phy.link import curves, lines
from rabta.mobile.phy.link.transport import MCS, Plain
from rabta.radio.adaptation import awgn

SIZES = (24, 104, 288, 1032, 3824, 8424)
PLACES = (-0.8, 0.0, 0.7, 1.3, 1.9, 2.3)  # widths from the middle: error rates from 0.79 to 0.011
SHARES = (0.06, 0.06, 0.10, 0.15, 0.25, 0.38)
WORK, LEAST, MOST = 4e7, 1500, 8000
SEED = 6
FOLDER = Path(__file__).parents[2] / "src/rabta/mobile/phy/link"


@dataclass(frozen=True)
class Curve:
    """What is simulated, and what came out: counts as (ratio, blocks, errors)."""

    order: int
    rate: float
    bits: int
    counts: tuple[tuple[float, int, int], ...] = ()
    cpu_s: float = 0.0


def wanted() -> list[Curve]:
    """Every curve; the largest size only where it is one code block."""
    pairs = sorted({row for rows in MCS.values() for row in rows})
    return [Curve(order, rate, bits) for order, rate in pairs for bits in SIZES if bits < 8424 or rate > 256]


def counted(setup: curves.Setup, ratio: float, blocks: int) -> tuple[float, int, int]:
    """Blocks and errors at a ratio."""
    found = curves.point(setup, ratio, errors=10**9, most=blocks, seed=SEED)
    return found.snr_db, found.blocks, found.errors[0]


def near(setup: curves.Setup, start: float) -> float:
    """Ratio at which between 20 and 80 % of blocks are wrong."""
    ratio, step, before = start, 1.0, 0
    for _ in range(30):
        _, blocks, errors = counted(setup, ratio, 60)
        if 0.2 <= errors / blocks <= 0.8:
            return ratio
        side = 1 if errors / blocks > 0.8 else -1
        step = step / 2 if before and side != before else step
        ratio, before = round(ratio + side * step, 3), side
    raise ValueError(f"no middle found near {start} dB")


def simulate(curve: Curve) -> Curve:
    """Counts of a curve: two passes around its middle."""
    start = time.process_time()
    setup = curves.Setup(Plain(curve.bits, curve.order, curve.rate / 1024.0))
    middle = near(
        setup, round(float(awgn.required_es_n0_db(curve.order, curve.order * curve.rate / 1024.0)), 1)
    )
    width = 8.0 / np.sqrt(curve.bits)
    first = [counted(setup, round(middle + width * place, 2), 200) for place in (-1.0, 0.0, 1.0)]
    line = lines.fit(first)
    total = np.clip(WORK / (curve.bits + setup.form.coded_bits), LEAST, MOST)
    ratios = [round(line.middle_db + line.width_db * place, 2) for place in PLACES]
    rest = [counted(setup, r, int(total * s)) for r, s in zip(ratios, SHARES, strict=True)]
    own = {row[0]: row for row in first + rest}  # the same ratio twice: the same blocks, the longer count
    counts = tuple(own[ratio] for ratio in sorted(own))
    return Curve(curve.order, curve.rate, curve.bits, counts, time.process_time() - start)


def write(found: list[Curve], seconds: float) -> None:
    """Both files, with how they were made."""
    blocks = sum(row[1] for curve in found for row in curve.counts)
    note = (
        f"# made {time.strftime('%Y-%m-%d', time.gmtime())} by python tools/phy/tables.py (seed {SEED}): "
        f"{len(found)} curves, {blocks} blocks, {seconds:.0f} s of CPU\n"
    )
    with (FOLDER / "awgn.csv").open("w", encoding="utf-8", newline="") as out:
        out.write(note)
        table = csv.writer(out, lineterminator="\n")
        table.writerow(("order", "rate_1024", "bits", "snr_db", "blocks", "errors"))
        for c in found:
            table.writerows((c.order, f"{c.rate:g}", c.bits, *row) for row in c.counts)
    with (FOLDER / "fits.csv").open("w", encoding="utf-8", newline="") as out:
        out.write(note)
        table = csv.writer(out, lineterminator="\n")
        table.writerow(("order", "rate_1024", "bits", "middle_db", "width_db", "residual_db", "expected_db"))
        for c in found:
            line = lines.fit(c.counts)
            numbers = (line.middle_db, line.width_db, line.residual_db, line.expected_db)
            table.writerow((c.order, f"{c.rate:g}", c.bits, *(f"{x:.4f}" for x in numbers)))


def main() -> int:
    """Simulate all, the longest first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    settings = parser.parse_args()
    todo = sorted(wanted(), key=lambda c: -c.bits / c.rate)
    found = []
    with ProcessPoolExecutor(settings.processes, mp_context=get_context("spawn")) as pool:
        for i, curve in enumerate(pool.map(simulate, todo)):
            found.append(curve)
            print(
                f"{i + 1}/{len(todo)} {curve.order} {curve.rate:g} {curve.bits}: {curve.cpu_s:.1f} s",
                flush=True,
            )
    found.sort(key=lambda c: (c.order, c.rate, c.bits))
    write(found, sum(c.cpu_s for c in found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
