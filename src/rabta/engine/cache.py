"""Stage outputs on disk under a content hash, so that a what-if recomputes only what it changes."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Values = dict[str, Any]
DEFAULT_LIMIT_MB = 6000


def default_folder() -> Path:
    """Cache folder: ``$RABTA_CACHE``, else the user's cache folder."""
    if "RABTA_CACHE" in os.environ:
        return Path(os.environ["RABTA_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "rabta" / "stages"


@dataclass(frozen=True)
class Cache:
    """Folders of ``.npy`` and ``.parquet`` files, one folder per key, written whole or not at all."""

    folder: Path
    limit_mb: int = DEFAULT_LIMIT_MB

    def get(self, key: str, names: Iterable[str]) -> Values | None:
        """Stored values as `load` gives them, or None where one is missing."""
        try:
            return self.load(key, names)
        except FileNotFoundError:  # also where another run trims the cache at this moment
            return None

    def load(self, key: str, names: Iterable[str]) -> Values:
        """Stored values; arrays are memory-mapped copy-on-write. Marks the key as used."""
        place = self._place(key)
        os.utime(place)
        return {name: _read(self._file(place, name)) for name in names}

    def store(self, key: str, values: Values) -> None:
        """Keep values under a key; several runs may do so at once."""
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=place.parent, prefix=".part-"))
        try:
            for name, value in values.items():
                _write(temporary / name, value)
            _swap(temporary, place)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise

    def trim(self) -> int:
        """Delete the least recently used keys beyond the limit; returns how many went."""
        places = [p for p in self.folder.glob("*/*") if p.is_dir()]
        places.sort(key=lambda p: p.stat().st_mtime, reverse=True)
        room, gone = self.limit_mb * 1_000_000, 0
        for place in places:
            room -= sum(f.stat().st_size for f in place.iterdir())
            if room < 0:
                shutil.rmtree(place, ignore_errors=True)
                gone += 1
        return gone

    def _place(self, key: str) -> Path:
        return self.folder / key[:2] / key

    @staticmethod
    def _file(place: Path, name: str) -> Path | None:
        found = [p for p in (place / f"{name}.npy", place / f"{name}.parquet") if p.is_file()]
        return found[0] if found else None


def _swap(temporary: Path, place: Path) -> None:
    """Put a whole folder in place; what another run put there meanwhile has the same content."""
    while True:
        try:
            temporary.replace(place)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return
        aside = temporary.with_name(f".old-{temporary.name.removeprefix('.part-')}")
        with suppress(FileNotFoundError):  # another run was quicker
            place.replace(aside)
        shutil.rmtree(aside, ignore_errors=True)


def _write(stem: Path, value: Any) -> None:
    if isinstance(value, np.ndarray):
        np.save(stem.with_name(f"{stem.name}.npy"), value, allow_pickle=False)
    else:
        value.to_parquet(stem.with_name(f"{stem.name}.parquet"))


def _read(path: Path | None) -> Any:
    if path is None:
        raise FileNotFoundError("cache entry vanished")
    if path.suffix == ".npy":
        return np.load(path, mmap_mode="c", allow_pickle=False)
    return read_table(path)


def read_table(path: Path) -> Any:
    """DataFrame, or GeoDataFrame where the file has geometry."""
    import pandas as pd
    import pyarrow.parquet as pq

    if b"geo" in (pq.read_schema(path).metadata or {}):
        import geopandas as gpd

        return gpd.read_parquet(path)
    return pd.read_parquet(path)
