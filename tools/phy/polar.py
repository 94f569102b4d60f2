"""Reliability order of the polar codes of NR as our own CSV: ``python tools/phy/polar.py FOLDER``.

The folder holds ``polar_5G.csv`` of Sionna (Apache-2.0), which carries table 5.3.1.2-1 of 3GPP TS 38.212:
rank and position. Ours has the positions alone, from the least to the most reliable.
"""

from __future__ import annotations

import sys
from pathlib import Path

OUT = Path(__file__).resolve().parents[2] / "src" / "rabta" / "mobile" / "phy" / "polar" / "reliability.csv"


def main() -> int:
    """Write ``reliability.csv``."""
    lines = (Path(sys.argv[1]) / "polar_5G.csv").read_text(encoding="utf-8").split()
    pairs = sorted(tuple(int(part) for part in line.split(";")) for line in lines)
    ranks, places = zip(*pairs, strict=True)
    if list(ranks) != list(range(1024)) or sorted(places) != list(range(1024)):
        raise ValueError("not an order of 1024 positions")
    OUT.write_text("\n".join(["position", *map(str, places), ""]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
