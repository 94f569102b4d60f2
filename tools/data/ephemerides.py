"""Make the shipped day of broadcast ephemerides from a merged RINEX 4 navigation file.

    python -m tools.data.ephemerides BRD400DLR_S_20260680000_01D_MN.rnx.gz TARGET.parquet

Kept: every record of the messages that give position and health (BeiDou D1 and D2, GPS and QZSS LNAV,
GLONASS), Galileo I/NAV once an hour, and of the messages that only tell which signals a satellite sends one
in six hours. Navigation of SBAS and NavIC is left out. Numbers are unchanged.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.pnt import rinex
from rabta.pnt.gnsstime import NS

WHOLE = {("C", "D1"), ("C", "D2"), ("G", "LNAV"), ("J", "LNAV"), ("R", "FDMA")}
EVERY_H = {("E", "INAV"): 1.0, ("C", "CNV1"): 2.0, ("C", "CNV2"): 2.0, ("C", "CNV3"): 6.0, ("G", "CNAV"): 6.0}


def kept(rows: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which records ship."""
    wanted = np.zeros(rows.size, dtype=bool)
    last: dict[tuple[str, int, str], int] = {}
    for i in np.argsort(rows["toe"], kind="stable"):
        key = (str(rows["system"][i]), str(rows["kind"][i]))
        every = 0.0 if key in WHOLE else EVERY_H.get(key)
        if every is None:
            continue
        name = (key[0], int(rows["prn"][i]), key[1])
        if name not in last or rows["toe"][i] - last[name] >= every * 3600 * NS:
            wanted[i] = True
            last[name] = int(rows["toe"][i])
    return wanted


def main(source: Path, target: Path) -> None:
    """Read, thin, write."""
    import pandas as pd

    found = rinex.navigation(source)
    rows = found.ephemerides[kept(found.ephemerides)]
    table = pd.DataFrame({name: rows[name] for name in rows.dtype.names or ()})
    table = table.dropna(axis="columns", how="all")
    table.to_parquet(target, compression="zstd", index=False)
    print(f"{len(table):,} of {found.ephemerides.size:,} records, {target.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
