"""Sionna's transport chain measured, by its own interpreter: blocks a CPU second on one thread.

Usage: PYTHON bench/peers/link.py BLOCKS, where PYTHON has sionna-no-rt; prints JSON. The cases are those of
tools/phy/oracle_curves.py, whose functions are used.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tools" / "phy"))

import oracle_curves
import torch


def measured(name: str, snr_db: float, blocks: int) -> dict[str, float]:
    """Blocks a CPU second, in batches of 100, and the error rate."""
    case = {**oracle_curves.CASES[name], "most": blocks}
    oracle_curves.point(case, snr_db, 1, batch=20)
    begin = time.process_time()
    found = oracle_curves.point(case, snr_db, 2)
    seconds = time.process_time() - begin
    return {
        "blocks_a_cpu_s": found["blocks"] / seconds,
        "bler": found["errors"] / found["blocks"],
        "blocks": found["blocks"],
    }


def main() -> None:
    """Measure."""
    torch.set_num_threads(1)
    oracle_curves.ERRORS = 10**9
    blocks = int(sys.argv[1])
    cases = {name: measured(name, ratio, blocks) for name, ratio in json.loads(sys.argv[2]).items()}
    import sionna

    print(json.dumps({"sionna": sionna.__version__, "torch": torch.__version__, "cases": cases}))


if __name__ == "__main__":
    main()
