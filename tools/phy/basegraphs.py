"""Base graphs of the LDPC codes of NR as our own CSV: ``python tools/phy/basegraphs.py FOLDER``.

The folder holds ``5G_bg1.csv`` and ``5G_bg2.csv`` of Sionna (Apache-2.0), which carry tables 5.3.2-2 and
5.3.2-3 of 3GPP TS 38.212: row, column, and the shift of each of the eight sets of lifting sizes.
"""

from __future__ import annotations

import sys
from pathlib import Path

OUT = Path(__file__).resolve().parents[2] / "src" / "rabta" / "mobile" / "phy" / "ldpc"
HEAD = "row,column," + ",".join(f"shift_{i}" for i in range(8))


def rows(path: Path) -> list[str]:
    """Rows with their row index filled in."""
    out, row = [], ""
    for line in path.read_text(encoding="utf-8").splitlines()[2:]:
        first, *rest = line.split(";")[:10]
        row = first or row
        out.append(",".join([row, *rest]))
    return out


def main() -> int:
    """Write ``graph_1.csv`` and ``graph_2.csv``."""
    for number in (1, 2):
        lines = rows(Path(sys.argv[1]) / f"5G_bg{number}.csv")
        (OUT / f"graph_{number}.csv").write_text("\n".join([HEAD, *lines, ""]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
