"""Recordings of IQ samples as SigMF files: written and read part by part, refused by name where wrong.

SigMF v1.2.0 (sigmf.org): samples in ``NAME.sigmf-data``, what they are in ``NAME.sigmf-meta`` (JSON).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest

Samples = NDArray[np.complex64]

VERSION = "1.2.0"
DATA, META = ".sigmf-data", ".sigmf-meta"
CHUNK = 1 << 18
"""Samples that are in memory at once."""
MOST_META = 64 << 20  # bytes

_KINDS = {
    "f32": "f4",
    "f64": "f8",
    "i32": "i4",
    "i16": "i2",
    "u32": "u4",
    "u16": "u2",
    "i8": "i1",
    "u8": "u1",
}
TYPES = tuple(
    f"c{kind}{end}" for kind in _KINDS for end in (("",) if kind in ("i8", "u8") else ("_le", "_be"))
)
"""Types of complex samples: floating point, signed or unsigned integers, little or big end first."""


@dataclass(frozen=True)
class Kind:
    """How a sample is stored.

    Attributes
    ----------
    name : str
        One of `TYPES`.
    dtype : dtype
        Of its real and of its imaginary part.
    scale, offset : float
        Stored value = value times scale plus offset; integers span -1 to 1.
    """

    name: str
    dtype: np.dtype[Any]
    scale: float
    offset: float

    @property
    def size(self) -> int:
        """Bytes of a complex sample."""
        return 2 * self.dtype.itemsize

    def stored(self, samples: ArrayLike) -> tuple[NDArray[Any], int]:
        """Interleaved values as stored, and how many of them were beyond full scale."""
        values = np.ascontiguousarray(samples, dtype=np.complex128).view(np.float64)
        if self.dtype.kind == "f":
            return values.astype(self.dtype), 0
        limits = np.iinfo(self.dtype)
        whole = np.rint(values * self.scale + self.offset)
        clipped = int(((whole < limits.min) | (whole > limits.max)).sum())
        return np.clip(whole, limits.min, limits.max).astype(self.dtype), clipped

    def read(self, raw: bytes) -> Samples:
        """Samples of stored bytes."""
        values = np.frombuffer(raw, dtype=self.dtype).astype(np.float64)
        return np.asarray(((values - self.offset) / self.scale).view(np.complex128), dtype=np.complex64)


def kind(name: str) -> Kind:
    """Type of samples by its SigMF name; others are refused with the nearest.

    Examples
    --------
    >>> kind("ci16_le").size, kind("cu8").offset
    (4, 127.5)
    """
    if name not in TYPES:
        problem = "real samples are no IQ samples" if str(name)[:1] == "r" else "no such type of samples"
        raise RabtaError(problem, key="core:datatype", value=name, expected=nearest(str(name), TYPES))
    base, _, end = name[1:].partition("_")
    dtype = np.dtype((">" if end == "be" else "<") + _KINDS[base])
    if dtype.kind == "f":
        return Kind(name, dtype, 1.0, 0.0)
    limits = np.iinfo(dtype)
    half = (limits.max - limits.min) / 2.0
    return Kind(name, dtype, half if dtype.kind == "u" else limits.max, half if dtype.kind == "u" else 0.0)


@dataclass(frozen=True)
class Recording:
    """What a SigMF file says of its samples.

    Attributes
    ----------
    path : Path
        Of the samples.
    kind : Kind
    sample_rate : float
        Samples a second.
    count : int
        Complex samples.
    info : dict
        The whole of the metadata.
    """

    path: Path
    kind: Kind
    sample_rate: float
    count: int
    info: dict[str, Any] = field(repr=False)

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.count / self.sample_rate

    @property
    def frequency_hz(self) -> float | None:
        """Carrier of the first capture."""
        captures = self.info["captures"]
        value = captures[0].get("core:frequency") if captures else None
        return None if value is None else float(value)

    @property
    def start(self) -> np.datetime64 | None:
        """Instant of the first sample, UTC."""
        captures = self.info["captures"]
        text = captures[0].get("core:datetime") if captures else None
        return None if text is None else _instant(str(text), self.path)

    def own(self, key: str, default: Any = None) -> Any:
        """A value of Rabta's own keys, ``rabta:key``."""
        return self.info["global"].get(f"rabta:{key}", default)

    def read(self, start: int = 0, count: int | None = None) -> Samples:
        """Samples from a place on."""
        wanted = self.count - start if count is None else count
        if start < 0 or wanted < 0 or start + wanted > self.count:
            raise RabtaError(
                "samples outside the recording", file=self.path, key="start, count", value=(start, wanted),
                expected=f"within {self.count}",
            )  # fmt: skip
        with self.path.open("rb") as file:
            file.seek(start * self.kind.size)
            raw = file.read(wanted * self.kind.size)
        if len(raw) < wanted * self.kind.size:
            raise RabtaError("the file of samples became shorter while it was read", file=self.path)
        return _finite(self.kind.read(raw), self.path)

    def chunks(self, size: int = CHUNK) -> Iterator[Samples]:
        """Samples part by part."""
        for start in range(0, self.count, size):
            yield self.read(start, min(size, self.count - start))


def _finite(samples: Samples, path: Path) -> Samples:
    if not np.isfinite(samples).all():
        raise RabtaError("samples that are not finite", file=path, value="nan or inf", expected="numbers")
    return samples


def _instant(text: str, path: Path) -> np.datetime64:
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z", text)
    try:
        whole = np.datetime64(match[1] if match else "?", "ns")
    except ValueError as error:
        raise RabtaError(
            "no instant", file=path, key="core:datetime", value=text, expected="as in 2026-01-13T08:00:00Z"
        ) from error
    fraction = float((match[2] if match else None) or 0.0)
    return whole + np.timedelta64(round(fraction * 1e9), "ns")


def stem(path: str | Path) -> Path:
    """Path without the ending of a SigMF file; ``x``, ``x.sigmf``, ``x.sigmf-meta`` mean the same."""
    name = Path(path)
    return name.with_suffix("") if name.suffix in (DATA, META, ".sigmf") else name


def _sibling(path: str | Path, ending: str) -> Path:
    base = stem(path)
    return base.with_name(base.name + ending)


def load(path: str | Path, *, check: bool = True) -> Recording:
    """Recording of a SigMF file.

    Parameters
    ----------
    path : str or Path
        Of the metadata, of the samples, or what both have in common.
    check : bool
        Compare the samples with the hash that the metadata states.

    Raises
    ------
    RabtaError
        Naming file, key and what is valid: no such file, no JSON, a required key that is missing or wrong,
        real or unknown samples, several channels, headers between samples, half a sample at the end, an
        empty file, captures in no order, another hash.
    """
    meta, data = _sibling(path, META), _sibling(path, DATA)
    info = _meta(meta)
    found = info["global"]
    form = _named(lambda: kind(found["core:datatype"]), meta)
    rate = _number(found, "core:sample_rate", meta)
    if not data.is_file():
        raise RabtaError("metadata without samples", file=data, expected=f"{data.name} beside {meta.name}")
    size = data.stat().st_size
    if size == 0 or size % form.size:
        raise RabtaError(
            "the file ends inside a sample" if size else "no samples", file=data, value=f"{size} bytes",
            expected=f"a multiple of {form.size} bytes, one {form.name} sample each",
        )  # fmt: skip
    count = size // form.size
    _captures(info, count, meta)
    recording = Recording(data, form, rate, count, info)
    _ = recording.start
    if check and "core:sha512" in found:
        _check_hash(data, found["core:sha512"], meta)
    return recording


def _named(call: Any, path: Path) -> Any:
    """A call whose refusal names the file."""
    try:
        return call()
    except RabtaError as error:
        raise RabtaError(
            error.problem, file=path, key=error.key, value=error.value, expected=error.expected
        ) from error


def _meta(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise RabtaError("no such recording", file=path, expected="a .sigmf-meta file beside its samples")
    if path.stat().st_size > MOST_META:
        raise RabtaError("metadata too large", file=path, expected=f"at most {MOST_META >> 20} MiB")
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RabtaError("not JSON", file=path, value=str(error), expected="SigMF metadata") from error
    if not isinstance(info, dict):
        raise RabtaError("not SigMF metadata", file=path, expected="an object")
    for key, of in (("global", dict), ("captures", list), ("annotations", list)):
        if not isinstance(info.setdefault(key, []) if key == "annotations" else info.get(key), of):
            raise RabtaError(
                "a required part of the metadata is missing", file=path, key=key, expected=of.__name__
            )
    _check_global(info["global"], path)
    return info


def _check_global(found: dict[str, Any], path: Path) -> None:
    for key in ("core:datatype", "core:version"):
        if not isinstance(found.get(key), str):
            raise RabtaError("a required key is missing", file=path, key=key, expected="text")
    if not found["core:version"].startswith("1."):
        raise RabtaError(
            "another version of SigMF", file=path, key="core:version", value=found["core:version"],
            expected="1.x.y",
        )  # fmt: skip
    if found.get("core:num_channels", 1) != 1:
        raise RabtaError(
            "several channels in one file", file=path, key="core:num_channels",
            value=found["core:num_channels"], expected="1",
        )  # fmt: skip
    for key in ("core:metadata_only", "core:dataset"):
        if found.get(key):
            raise RabtaError(
                "samples are not beside their metadata", file=path, key=key, expected="a .sigmf-data file"
            )
    if found.get("core:trailing_bytes", 0) != 0:
        raise RabtaError(
            "bytes that are no samples", file=path, key="core:trailing_bytes", expected="none, 0"
        )
    _check_extensions(found, path)


def _check_extensions(found: dict[str, Any], path: Path) -> None:
    extensions = found.get("core:extensions") or []
    if not isinstance(extensions, list):
        raise RabtaError("no list of extensions", file=path, key="core:extensions", expected="a list")
    for part in extensions:
        if isinstance(part, dict) and part.get("name") != "rabta" and part.get("optional") is False:
            raise RabtaError(
                "the recording needs an extension that Rabta does not know", file=path,
                key="core:extensions", value=part.get("name"), expected="rabta, or optional ones",
            )  # fmt: skip


def _number(found: dict[str, Any], key: str, path: Path) -> float:
    value: Any = found.get(key)
    wrong = isinstance(value, bool) or not isinstance(value, int | float)
    if wrong or not (math.isfinite(value) and 0.0 < value < 1e12):
        raise RabtaError(
            "a required key is missing" if key not in found else "no such rate", file=path, key=key,
            value=value, expected="a number above 0, below 1e12",
        )  # fmt: skip
    return float(value)


def _captures(info: dict[str, Any], count: int, path: Path) -> None:
    before = -1
    for part in [*info["captures"], *info["annotations"]]:
        start: Any = part.get("core:sample_start") if isinstance(part, dict) else None
        if not isinstance(start, int) or isinstance(start, bool) or start < 0:
            raise RabtaError(
                "a capture or annotation without its place", file=path, key="core:sample_start", value=start,
                expected="a whole number, 0 or more",
            )  # fmt: skip
    for part in info["captures"]:
        start = int(part["core:sample_start"])
        if start <= before or start >= count:
            raise RabtaError(
                "captures out of order", file=path, key="core:sample_start", value=start,
                expected=f"rising, below {count}",
            )  # fmt: skip
        before = start
        if part.get("core:header_bytes", 0) != 0:
            raise RabtaError(
                "headers between samples", file=path, key="core:header_bytes", expected="none, 0"
            )
        if "core:frequency" in part:
            value = part["core:frequency"]
            if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
                raise RabtaError(
                    "no frequency", file=path, key="core:frequency", value=value, expected="below 1e12 Hz"
                )


def _check_hash(data: Path, stated: object, meta: Path) -> None:
    digest = hashlib.sha512()
    with data.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != str(stated).lower():
        raise RabtaError(
            "the samples are not those that the metadata describes", file=meta, key="core:sha512",
            value=f"{str(stated)[:16]}...", expected=f"{digest.hexdigest()[:16]}...",
        )  # fmt: skip


class Writer:
    """Samples written part by part beside their place; `close` puts them there, their metadata last.

    A recording of the same name stays as it was until then, and where writing fails.

    Attributes
    ----------
    count, clipped : int
        Complex samples written; parts of them that were beyond full scale.
    """

    def __init__(
        self,
        path: str | Path,
        sample_rate: float,
        *,
        datatype: str = "cf32_le",
        frequency_hz: float | None = None,
        start: np.datetime64 | None = None,
        description: str = "",
        own: dict[str, Any] | None = None,
    ) -> None:
        self.kind = kind(datatype)
        self.data, self.meta = _sibling(path, DATA), _sibling(path, META)
        if not self.data.parent.is_dir():
            raise RabtaError("no such folder", file=self.data.parent, expected="a folder that exists")
        self.count, self.clipped = 0, 0
        self.annotations: list[dict[str, Any]] = []
        self._digest = hashlib.sha512()
        self.own = dict(own or {})
        self._head = (float(sample_rate), frequency_hz, start, description)
        self._part = self.data.with_name(self.data.name + ".part")
        self._file = self._part.open("wb")

    def append(self, samples: ArrayLike) -> None:
        """Write further samples."""
        values, clipped = self.kind.stored(samples)
        raw = values.tobytes()
        self._file.write(raw)
        self._digest.update(raw)
        self.count += values.size // 2
        self.clipped += clipped

    def note(self, start: int, count: int, label: str, **own: Any) -> None:
        """Annotate samples."""
        entry = {"core:sample_start": start, "core:sample_count": count, "core:label": label}
        self.annotations.append({**entry, **{f"rabta:{key}": value for key, value in own.items()}})

    def close(self) -> None:
        """Put the samples in their place and write the metadata."""
        self._file.close()
        self.meta.unlink(missing_ok=True)
        self._part.replace(self.data)
        rate, frequency, start, description = self._head
        capture: dict[str, Any] = {"core:sample_start": 0}
        capture |= {} if frequency is None else {"core:frequency": frequency}
        capture |= {} if start is None else {"core:datetime": f"{start.astype('datetime64[ns]')}Z"}
        named = {f"rabta:{key}": value for key, value in self.own.items()}
        head = {
            "core:datatype": self.kind.name, "core:sample_rate": rate, "core:version": VERSION,
            "core:num_channels": 1, "core:sha512": self._digest.hexdigest(), "core:recorder": "rabta",
            "core:description": description,
            "core:extensions": [{"name": "rabta", "version": "1.0.0", "optional": True}],
            **named,
        }  # fmt: skip
        notes = sorted(self.annotations, key=lambda note: int(note["core:sample_start"]))
        info = {"global": head, "captures": [capture], "annotations": notes}
        self.meta.write_text(json.dumps(info, indent=1) + "\n", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind_ is None:
            self.close()
        else:
            self._file.close()
            self._part.unlink(missing_ok=True)


def today() -> str:
    """Instant of now as SigMF writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
