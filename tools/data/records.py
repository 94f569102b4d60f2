"""Writing the layers and their provenance, and comparing a build with the shipped files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tools.data.inputs import Inputs

LIMIT_BYTES = 12_000_000
ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "rabta"
COVER = PACKAGE / "nation" / "world" / "cover.json"  # written with the file that it describes
ELSEWHERE = Path(__file__).parent / "elsewhere.json"


def write(built: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write each table as Parquet with zstd, without timestamps or other changing metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in built.items():
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd", compression_level=19)
        print(f"{name:10s} {len(frame):7d} rows {(folder / f'{name}.parquet').stat().st_size:9d} bytes")
    size = sum(path.stat().st_size for path in folder.iterdir())
    if size > LIMIT_BYTES:
        raise ValueError(f"shipped layers take {size} bytes, more than {LIMIT_BYTES}")


def compare(built: dict[str, pd.DataFrame], folder: Path) -> int:
    """Say which shipped table differs from the build; 0 where all match."""
    wrong = 0
    for name, frame in built.items():
        shipped = pd.read_parquet(folder / f"{name}.parquet")
        try:
            pd.testing.assert_frame_equal(frame.reset_index(drop=True), shipped, check_dtype=False)
            print(f"{name}: matches")
        except AssertionError as error:
            wrong += 1
            print(f"{name}: differs: {str(error).splitlines()[0]}")
    return 1 if wrong else 0


def write_licences(inputs: Inputs, folder: Path, target: Path) -> None:
    """One JSON record a layer, from ``sources.json`` and the files' hashes.

    The records go to ``LICENSES-DATA``, one a line, and to ``layers.json`` beside the layers. `elsewhere`
    follow in ``LICENSES-DATA`` alone.
    """
    records = []
    for record in json.loads((Path(__file__).parent / "sources.json").read_text(encoding="utf-8")):
        made = folder / record["file"]
        record["sha256"] = hashlib.sha256(made.read_bytes()).hexdigest() if made.is_file() else None
        record["inputs_sha256"] = {name: inputs.sha256(name) for name in record.pop("raw", [])}
        records.append(record)
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    others = [json.dumps(record, ensure_ascii=False) for record in elsewhere()]
    target.write_text("\n".join([*lines, *others]) + "\n", encoding="utf-8")
    whole = "[\n" + ",\n".join(lines) + "\n]\n"
    (folder / "layers.json").write_text(whole, encoding="utf-8")


def elsewhere() -> list[dict[str, object]]:
    """Records of the data files that ship outside the nation's folder; files are named from the package."""
    cover: dict[str, object] = json.loads(COVER.read_text(encoding="utf-8"))
    others = json.loads(ELSEWHERE.read_text(encoding="utf-8"))
    return [{**record, **_hashed(str(record["file"]))} for record in (cover, *others)]


def renew(target: Path = ROOT / "LICENSES-DATA") -> None:
    """Write the records of `elsewhere` anew, ``python -m tools.data.records``; the nation's layers stay."""
    old = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    layers = [json.dumps(record, ensure_ascii=False) for record in old if "/" not in record["file"]]
    others = [json.dumps(record, ensure_ascii=False) for record in elsewhere()]
    target.write_text("\n".join([*layers, *others]) + "\n", encoding="utf-8")


def _hashed(file: str) -> dict[str, object]:
    return {"sha256": hashlib.sha256((PACKAGE / file).read_bytes()).hexdigest()}


if __name__ == "__main__":
    renew()
