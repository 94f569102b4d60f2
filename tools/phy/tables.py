"""Block error tables of NR's MCS in white noise: ``python tools/phy/tables.py KEEP [--processes 2]``.

Every modulation and code rate of the MCS tables, at six sizes of the transport block, is simulated with
Rabta's own chain: random bits, CRC, LDPC, rate matching, scrambling, symbols, white noise, exact ratios, 20
iterations of the layered decoder. Counts go to ``awgn.csv``, a fitted line each to ``fits.csv``, both in
``src/rabta/mobile/phy/link``. Seeds are fixed, so that a second run gives the same counts. Curves
are kept in the file KEEP as they come; those that are in it are not simulated again.

The line: block errors are a Gaussian distribution function over the ratio in dB, with a middle and a width,
of greatest likelihood. Its residual is the root mean square of how far the counts lie beside it, in dB; the
noise of counting alone gives the expected one.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from rabta.mobile.phy.link import curves, lines
from rabta.mobile.phy.link.transport import MCS, Plain
from rabta.radio.adaptation import awgn

HIGHEST_RATE = 0.95  # with its check, above which a receiver need not decode: TS 38.214, clause 5.1.3
GRAPH_2_RATE = 0.67
SIZES = (24, 104, 288, 512, 1032, 3824, 8424)
PLACES = (-0.8, 0.0, 0.7, 1.3, 1.9, 2.3)  # widths from the middle: error rates from 0.79 to 0.011
SHARES = (0.06, 0.06, 0.10, 0.15, 0.25, 0.38)
WORK, LEAST, MOST = 1e7, 500, 2000
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


def sizes(rate: float) -> list[int]:
    """Bits of the transport blocks that are simulated at a code rate (x 1024).

    Blocks of up to 292 bits have base graph 2, which is made for rates up to 2/3 and beyond them may not
    decode at all: such blocks are left out, their check counted.
    """
    share = rate / 1024.0
    least = 8 * int(np.ceil(2.0 * share / (GRAPH_2_RATE - share))) if share < GRAPH_2_RATE else 296
    if least > 288:
        least = max(296, 8 * int(np.ceil(2.0 * share / (HIGHEST_RATE - share))))
    most = 8424 if rate > 256 else 3824  # one code block
    return [max(least, 24), *(bits for bits in SIZES if max(1.5 * least, 24) < bits <= most)]


def wanted() -> list[Curve]:
    """Every curve."""
    pairs = sorted({row for rows in MCS.values() for row in rows})
    return [Curve(order, rate, bits) for order, rate in pairs for bits in sizes(rate)]


def counted(setup: curves.Setup, ratio: float, blocks: int) -> tuple[float, int, int]:
    """Blocks and errors at a ratio."""
    found = curves.point(setup, ratio, errors=10**9, most=blocks, seed=SEED)
    return found.snr_db, found.blocks, found.errors[0]


def near(setup: curves.Setup, start: float) -> float:
    """Ratio at which between 20 and 80 % of blocks are wrong."""
    ratio, step, before = start, 1.0, 0
    setup = replace(setup, at_once=60)
    for _ in range(30):
        _, blocks, errors = counted(setup, ratio, 60)
        if 0.2 <= errors / blocks <= 0.8:
            return ratio
        side = 1 if errors / blocks > 0.8 else -1
        step = step / 2 if before and side != before else step
        ratio, before = round(ratio + side * step, 3), side
    raise ValueError(f"no middle of {setup.form} found near {start} dB")


def simulate(curve: Curve) -> Curve:
    """Counts of a curve: two passes around its middle."""
    start = time.process_time()
    setup = curves.Setup(Plain(curve.bits, curve.order, curve.rate / 1024.0))
    middle = near(
        setup, round(float(awgn.required_es_n0_db(curve.order, curve.order * curve.rate / 1024.0)), 1)
    )
    width = 8.0 / np.sqrt(curve.bits)
    pilot = replace(setup, at_once=50)
    first = [counted(pilot, round(middle + width * place, 2), 200) for place in (-1.0, 0.0, 1.0)]
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
    day = time.strftime("%Y-%m-%d", time.gmtime())
    note = (
        f"# made {day} by python tools/phy/tables.py KEEP (seed {SEED}): "
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
    parser.add_argument("keep", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    settings = parser.parse_args()
    held = settings.keep.read_text(encoding="utf-8").splitlines() if settings.keep.exists() else []
    known = [Curve(**json.loads(line)) for line in held]
    names = {(c.order, c.rate, c.bits) for c in known}
    wished = {(c.order, c.rate, c.bits): c for c in wanted()}
    todo = sorted((c for name, c in wished.items() if name not in names), key=lambda c: -c.bits / c.rate)
    found = [c for c in known if (c.order, c.rate, c.bits) in wished]
    with ProcessPoolExecutor(settings.processes, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(simulate, curve) for curve in todo]
        for job in jobs:
            found.append(job.result())
            with settings.keep.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(found[-1])) + "\n")
    found.sort(key=lambda c: (c.order, c.rate, c.bits))
    write(found, sum(c.cpu_s for c in found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
