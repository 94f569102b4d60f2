"""What PocketSDR makes of codes and of samples, as the tests and the suite ``baseband`` keep it.

Usage: python tools/pnt/baseband.py --pocketsdr DIR [--samples FILE]
DIR is a copy of PocketSDR (BSD-2; b6af31f was used), FILE its L1_20211202_084700_4MHz_IQ.bin. Only its Python
is used; a library for receivers' streams that this needs not is replaced by an empty module. Prints
tests/pnt/baseband/digests.csv, or, with FILE, src/rabta/verify/pnt/baseband_peer.csv and the CPU time.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
import types
from typing import Any

import numpy as np

THEIRS = ("L1CA", "B1I", "B3I", "B1CD", "B1CP", "B2AD", "B2AP", "B2BI")
NAMES = {name: name if name != "B2BI" else "B2B" for name in THEIRS}
RATE = 4e6


def peer(folder: str) -> tuple[Any, Any]:
    """PocketSDR's modules of codes and of functions."""
    sys.modules["sdr_rtk"] = types.ModuleType("sdr_rtk")
    sys.path.insert(0, f"{folder}/python")
    import sdr_code
    import sdr_func

    return sdr_code, sdr_func


def digest(values: Any) -> str:
    """Digest of packed chips, a chip of 1 being negative."""
    return hashlib.sha256(np.packbits((np.asarray(values) < 0).astype(np.uint8)).tobytes()).hexdigest()


def digests(sdr_code: Any) -> None:
    """Print digests of all codes."""
    print("signal,prn,primary,secondary")
    for theirs, ours in NAMES.items():
        for prn in range(1, 38 if theirs == "L1CA" else 64):
            code = np.asarray(sdr_code.gen_code(theirs, prn))
            code = code[::2] if theirs.startswith("B1C") else code
            overlay = np.asarray(sdr_code.sec_code(theirs, prn))
            print(f"{ours},{prn},{digest(code)},{digest(overlay) if overlay.size > 1 else ''}")


def search(sdr_code: Any, sdr_func: Any, file: str, signal: str, prns: range, mode: int = 2) -> list[Any]:
    """Satellites as ``pocket_acq.py`` searches for them in 20 ms: C/N0, Doppler, delay."""
    period = sdr_code.code_cyc(signal)
    size = int(RATE * period)
    data = sdr_func.read_data(file, RATE, mode, 0.020 + period, 0.0)
    bins = sdr_func.dop_bins(period, 0.0, 5000.0)
    found = []
    for prn in prns:
        code = sdr_code.gen_code_fft(sdr_code.gen_code(signal, prn), period, 0.0, RATE, size, size)
        power = np.zeros((len(bins), size), dtype="float32")
        for first in range(0, len(data) - len(code) + 1, size):
            power += sdr_func.search_code(code, period, data, first, RATE, 0.0, bins)
        _, at, cn0 = sdr_func.corr_max(power, period)
        found.append((signal, prn, cn0, sdr_func.fine_dop(power.T[at[1]], bins, at[0]), at[1] / RATE * 1e3))
    return found


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pocketsdr", required=True)
    parser.add_argument("--samples")
    asked = parser.parse_args()
    sdr_code, sdr_func = peer(asked.pocketsdr)
    if asked.samples is None:
        digests(sdr_code)
        return
    for signal, prns in (("B1CP", range(19, 47)), ("L1CA", range(1, 33))):
        begin = time.process_time()
        found = search(sdr_code, sdr_func, asked.samples, signal, prns)
        print(f"# {signal}: {time.process_time() - begin:.2f} CPU-s", file=sys.stderr)
        for name, prn, cn0, doppler, delay in found:
            if cn0 >= 36.0:
                print(f"{name},{prn},{cn0:.2f},{doppler:.1f},{delay:.5f}")


if __name__ == "__main__":
    main()
