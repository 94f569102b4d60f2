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

    The records go to ``LICENSES-DATA``, one a line, and to ``layers.json`` beside the layers.
    """
    records = []
    for record in json.loads((Path(__file__).parent / "sources.json").read_text(encoding="utf-8")):
        made = folder / record["file"]
        record["sha256"] = hashlib.sha256(made.read_bytes()).hexdigest() if made.is_file() else None
        record["inputs_sha256"] = {name: inputs.sha256(name) for name in record.pop("raw", [])}
        records.append(record)
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    whole = "[\n" + ",\n".join(lines) + "\n]\n"
    (folder / "layers.json").write_text(whole, encoding="utf-8")
