"""Build the shipped layers of Pakistan: ``python tools/data/build.py --inputs ../shared/data/pakistan``.

Everything is deterministic. ``--check`` builds again and compares with the shipped files.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "src" / "rabta" / "catalog" / "nations" / "pakistan"


def main() -> int:
    """Build, or check, every layer."""
    sys.path[0] = str(ROOT)  # runs from anywhere, and the modules beside it shadow no others
    from tools.data import layers, records, relief
    from tools.data.inputs import Inputs

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=Path, default=ROOT.parent / "shared" / "data" / "pakistan")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--check", action="store_true", help="compare with the files in --out, write nothing")
    options = parser.parse_args()
    inputs = Inputs(options.inputs)
    begun = time.process_time()
    built = layers.build(inputs, lambda text: print(f"[{time.process_time() - begun:6.1f} s] {text}"))
    if options.check:
        return records.compare(built, options.out)
    records.write(built, options.out)
    relief.write(inputs, options.out)
    records.write_licences(inputs, options.out, ROOT / "LICENSES-DATA")
    return 0


if __name__ == "__main__":
    sys.exit(main())
