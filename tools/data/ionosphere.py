"""The ionosphere and the atmospheric noise over Pakistan, ``hf.npz``, from the ITU-R's coefficients.

``python -m tools.data.ionosphere FOLDER`` reads ``COEFF01W.txt`` to ``COEFF12W.txt`` (repository
ITU-R-Study-Group-3/ITU-R-HF, P372/Data), evaluates them on a grid of 1.5 degrees, as the ITU-R's own maps
have, and writes the file beside the nation's other layers. It renews the file's hash in their records.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "src" / "rabta" / "catalog" / "nations" / "pakistan"
NAME = "hf.npz"
SOUTH, WEST, STEP, ROWS, COLUMNS = 21.0, 58.5, 1.5, 13, 17
SCALE = 1e-3
ARRAYS = ("fof2", "m3000", "noise")


def arrays(folder: Path) -> dict[str, NDArray[np.generic]]:
    """Courses of foF2 and M(3000)F2, noise at 1 MHz in thousandths, and the noise's curves."""
    from rabta.radio.hf.ionosphere.coefficients import read_world
    from rabta.radio.hf.noise import BLOCKS, WorldNoise

    world, noise = read_world(folder), WorldNoise.read(folder)
    lat, lon = np.meshgrid(SOUTH + STEP * np.arange(ROWS), WEST + STEP * np.arange(COLUMNS), indexing="ij")
    courses = [world.courses(lat, lon, month) for month in range(1, 13)]
    levels = [[noise.at_1_mhz(lat, lon, month, block) for block in range(BLOCKS)] for month in range(1, 13)]
    whole = {
        "fof2": np.stack([c[0] for c in courses]),
        "m3000": np.stack([c[1] for c in courses]),
        "noise": np.array(levels),
    }
    return {
        "frame": np.array([SOUTH, WEST, STEP]),
        "scale": np.array(SCALE),
        **{name: _whole(whole[name]) for name in ARRAYS},
        "noise_shape": noise.shape,
        "noise_deciles": noise.deciles,
    }


def _whole(values: NDArray[np.float64]) -> NDArray[np.signedinteger[Any]]:
    """Thousandths in the smallest whole type that holds them."""
    rounded = np.round(values / SCALE)
    if np.abs(rounded).max() < 32_767:
        return rounded.astype(np.int16)
    return rounded.astype(np.int32)


def record(path: Path) -> None:
    """Renew the hash of the file in ``layers.json`` and ``LICENSES-DATA``."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    rows = json.loads((Path(__file__).parent / "sources.json").read_text(encoding="utf-8"))
    mine = [{**row, "sha256": digest, "inputs_sha256": {}} for row in rows if row["file"] == NAME]
    lines = [json.dumps(row, ensure_ascii=False) for row in mine]
    layers = SHIPPED / "layers.json"
    kept = json.loads(layers.read_text(encoding="utf-8"))
    whole = [json.dumps(row, ensure_ascii=False) for row in kept if row["file"] != NAME] + lines
    layers.write_text("[\n" + ",\n".join(whole) + "\n]\n", encoding="utf-8")
    licences = ROOT / "LICENSES-DATA"
    old = licences.read_text(encoding="utf-8").splitlines()
    own = {row["file"] for row in kept} | {NAME}
    first = [line for line in old if json.loads(line)["file"] in own and json.loads(line)["file"] != NAME]
    rest = [line for line in old if json.loads(line)["file"] not in own]
    licences.write_text("\n".join([*first, *lines, *rest]) + "\n", encoding="utf-8")


def main() -> int:
    """Write the file and its record."""
    made = arrays(Path(sys.argv[1]))
    path = SHIPPED / NAME
    np.savez_compressed(path, **made)  # type: ignore[arg-type]
    print(f"{NAME} {path.stat().st_size} bytes")
    record(path)
    return 0


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    sys.exit(main())
