"""Sizes of transport blocks by Sionna: ``python tools/phy/oracle_transport.py OUT`` where sionna-no-rt is.

Every MCS of its four tables (and of the two of the uplink with transform precoding) with many allocations.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ALLOCATIONS = (
    # blocks, symbols, pilots a block, layers, overhead, scaling
    (1, 14, 12, 1, 0, 1.0),
    (3, 4, 6, 1, 0, 1.0),
    (6, 14, 24, 1, 0, 1.0),
    (11, 12, 36, 2, 6, 1.0),
    (25, 14, 24, 1, 12, 1.0),
    (52, 13, 12, 2, 0, 0.5),
    (106, 14, 18, 4, 18, 1.0),
    (133, 7, 12, 3, 6, 0.25),
    (217, 14, 12, 2, 0, 1.0),
    (273, 14, 24, 4, 0, 1.0),
    (275, 14, 0, 4, 0, 1.0),
)
# number here: Sionna's table, uplink, transform precoding
TABLES = {
    1: (1, False, False),
    2: (2, False, False),
    3: (3, False, False),
    4: (4, False, False),
    5: (1, True, True),
    6: (2, True, True),
}
ROWS = {1: 29, 2: 28, 3: 29, 4: 27, 5: 28, 6: 28}


def main() -> int:
    """Write a row for each MCS: order, rate x 1024, and a size for each allocation."""
    import sionna  # type: ignore[import-not-found]
    from sionna.phy.nr.utils import calculate_tb_size, decode_mcs_index  # type: ignore[import-not-found]

    out: dict[str, object] = {"sionna": sionna.__version__, "allocations": ALLOCATIONS}
    for number, (table, uplink, precoding) in TABLES.items():
        rows = []
        for mcs in range(ROWS[number]):
            try:
                found = decode_mcs_index(mcs, table, is_pusch=uplink, transform_precoding=precoding)
            except Exception as error:  # noqa: BLE001
                print(number, mcs, error)
                break
            order, rate = int(found[0]), float(found[1])
            sizes = [
                int(
                    calculate_tb_size(
                        modulation_order=order, target_coderate=rate, num_prbs=blocks,
                        num_ofdm_symbols=symbols, num_dmrs_per_prb=pilots, num_layers=layers,
                        num_ov=overhead, tb_scaling=scaling, return_cw_length=False,
                    )[0]
                )
                for blocks, symbols, pilots, layers, overhead, scaling in ALLOCATIONS
            ]  # fmt: skip
            rows.append([order, round(rate * 1024, 4), *sizes])
        out[str(number)] = rows
    Path(sys.argv[1]).write_text(json.dumps(out).replace("], [", "],\n [") + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
