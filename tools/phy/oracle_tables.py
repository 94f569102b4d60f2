"""Error rates that Sionna ships: ``python tools/phy/oracle_tables.py OUT`` where sionna-no-rt is.

Its system simulator reads tables of BLER over SNR for code blocks of 24 to 2000 bits, every MCS of the
downlink. Their grid is coarse; only values between 0.03 and 0.97 of blocks of 1000 and 2000 bits are kept.
Each row: MCS table, index, bits of the code block, SNR in dB, error rate.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> int:
    """Write the rows."""
    import sionna  # type: ignore[import-not-found]

    folder = Path(sionna.__file__).parent / "sys" / "bler_tables"
    rows = []
    for table in range(1, 5):
        held = json.loads((folder / f"PDSCH_table{table}.json").read_text(encoding="utf-8"))
        for mcs, entry in held["category"]["1"]["index"][str(table)]["MCS"].items():
            for bits in ("1000", "2000"):
                pairs = zip(entry["SNR_db"], entry["CBS"][bits]["BLER"], strict=True)
                rows += [
                    [table, int(mcs), int(bits), round(ratio, 4), round(rate, 5)]
                    for ratio, rate in pairs
                    if 0.03 <= rate <= 0.97
                ]
    lines = ",\n ".join(json.dumps(row) for row in rows)
    head = f'{{"sionna": "{sionna.__version__}", "command": "python tools/phy/oracle_tables.py OUT"'
    text = f'{head}, "rows":\n[{lines}]}}\n'
    Path(sys.argv[1]).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
