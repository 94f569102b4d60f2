"""Samples of a receiver's front end: files and formats, made complex at zero frequency, and their power."""

from __future__ import annotations

import gzip
import lzma
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest

Complex = NDArray[np.complex64]

FORMATS: dict[str, tuple[str, bool]] = {
    "i8": ("<i1", False),
    "iq8": ("<i1", True),
    "u8": ("<u1", False),
    "iqu8": ("<u1", True),
    "i16": ("<i2", False),
    "iq16": ("<i2", True),
    "f32": ("<f4", False),
    "iqf32": ("<f4", True),
}
"""Sample formats: NumPy type and whether in-phase and quadrature take turns."""

SHORTEST_S = 0.002
LARGEST = 250_000_000
"""Samples that are read at most at a time."""
MEASURED = 8_000_000
"""Components that power is measured of."""


@dataclass(frozen=True)
class Samples:
    """Samples at zero frequency.

    Attributes
    ----------
    values : ndarray of complex64, shape (sample,)
    rate_hz : float
    power : Power
        Measures of the samples as they were read.
    """

    values: Complex
    rate_hz: float
    power: Power

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.values.size / self.rate_hz


@dataclass(frozen=True)
class Power:
    """What an automatic gain control would see.

    Attributes
    ----------
    mean_square : float
        Of the samples as read, in squared steps, without their mean.
    peak : float
        Largest magnitude of a component.
    clipped : float
        Share of components at the format's limits.
    offset : float
        Largest mean of a component, as a share of the root mean square.
    """

    mean_square: float
    peak: float
    clipped: float
    offset: float

    @property
    def decibels(self) -> float:
        """Mean square in dB."""
        return float(10.0 * np.log10(self.mean_square))


def _bytes(path: Path, skip: int, count: int) -> bytes:
    """Bytes of a file, unpacked where its name ends in .xz or .gz."""
    opener: Any = {".xz": lzma.open, ".gz": gzip.open}.get(path.suffix, open)
    try:
        with opener(path, "rb") as file:
            file.seek(skip)
            return bytes(file.read(count))
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise RabtaError("cannot read samples", file=path, expected="a whole file") from error


def _kind(name: str) -> tuple[np.dtype[Any], bool]:
    if name not in FORMATS:
        raise RabtaError("no such sample format", key="format", value=name, expected=nearest(name, FORMATS))
    text, pairs = FORMATS[name]
    return np.dtype(text), pairs


def check_rate(rate_hz: float) -> None:
    """Refuse a sampling rate that no receiver has."""
    if not 1e5 <= rate_hz <= 1e9:
        raise RabtaError("no sampling rate", key="rate", value=rate_hz, expected="1e5 to 1e9, in hertz")


def read(
    path: str | Path,
    rate_hz: float,
    form: str = "iq8",
    *,
    if_hz: float = 0.0,
    mirrored: bool = False,
    skip_s: float = 0.0,
    seconds: float | None = None,
) -> Samples:
    """Read a file of samples.

    Parameters
    ----------
    path : path
        A name that ends in .xz or .gz is unpacked.
    rate_hz : float
        Samples (pairs, for the IQ formats) a second.
    form : str
        One of `FORMATS`.
    if_hz : float
        Frequency at which the carrier lies in the file.
    mirrored : bool
        The quadrature component has the other sign (the spectrum is mirrored).
    skip_s, seconds : float
        Part of the file.

    Raises
    ------
    RabtaError
        For a file that is missing, empty, not whole, constant or too short, and for an unknown format.
    """
    check_rate(rate_hz)
    kind, pairs = _kind(form)
    width = kind.itemsize * (2 if pairs else 1)
    wanted = min(LARGEST, round(seconds * rate_hz)) if seconds is not None else LARGEST
    data = _bytes(Path(path), round(skip_s * rate_hz) * width, wanted * width)
    if len(data) % width:
        data = data[: len(data) - len(data) % width]
    raw = np.frombuffer(data, dtype=kind)
    if raw.size == 0:
        raise RabtaError("no samples", file=path, expected=f"{form} samples from {skip_s} s on")
    power = measure(raw, path)
    centred = raw.astype(np.float32) - np.float32(127.5 if kind.kind == "u" else 0.0)
    values = centred.view(np.complex64) if pairs else centred
    whole, rate = baseband(np.conj(values) if mirrored else values, rate_hz, if_hz)
    if whole.size < SHORTEST_S * rate:
        raise RabtaError(
            "too few samples", file=path, key="seconds", value=round(whole.size / rate, 6),
            expected=f"{SHORTEST_S} s or more",
        )  # fmt: skip
    return Samples(whole, rate, power)


def measure(raw: NDArray[Any], path: object = None) -> Power:
    """Power measures of components as read; refuses what holds no signal."""
    if raw.dtype.kind == "f" and not (np.isfinite(raw).all() and 1e-9 < np.abs(raw).max() < 1e9):
        raise RabtaError("samples that are no numbers", file=path, expected="another format?")
    low, high = float(raw.min()), float(raw.max())
    if low == high:
        raise RabtaError("all samples are the same", file=path, value=low, expected="a signal with noise")
    pairs = raw[: raw.size // 2 * 2].reshape(-1, 2)[:: max(1, raw.size // MEASURED)].astype(np.float64)
    spread = max(float(pairs.var()), 1e-30)
    clipped = 0.0
    if raw.dtype.kind != "f":
        limits = np.iinfo(raw.dtype)
        clipped = float(np.mean((pairs == limits.min) | (pairs == limits.max)))
    middle = 127.5 if raw.dtype.kind == "u" else 0.0
    offset = float(np.abs(pairs.mean(axis=0) - middle).max()) if len(pairs) else 0.0
    return Power(spread, max(abs(low), abs(high)), clipped, offset / spread**0.5)


def levels(values: ArrayLike, rate_hz: float, step_s: float = 0.01) -> NDArray[np.float64]:
    """Mean power over time in dB, shape (step,): what jamming and a spoofer's gain raise."""
    found = np.asarray(values)
    count = max(1, round(step_s * rate_hz))
    runs = found[: found.size // count * count].reshape(-1, count)
    if len(runs) == 0:
        raise RabtaError("too few samples", key="step_s", value=step_s, expected="less than the record")
    power = np.square(np.abs(runs), dtype=np.float64).mean(axis=1)
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-30)))


def baseband(values: ArrayLike, rate_hz: float, if_hz: float = 0.0) -> tuple[Complex, float]:
    """Complex samples with the carrier at zero, and their rate; real ones come out at half the rate.

    Parameters
    ----------
    values : array_like, shape (sample,)
        Real or complex.
    """
    check_rate(rate_hz)
    found = np.asarray(values)
    real = found.dtype.kind != "c"
    if real and not 0.0 < if_hz < rate_hz / 2.0:
        raise RabtaError(
            "real samples need the frequency that the carrier lies at", key="if", value=if_hz,
            expected=f"0 to {rate_hz / 2:g} Hz (or an IQ format)",
        )  # fmt: skip
    if if_hz == 0.0:
        return np.ascontiguousarray(found, dtype=np.complex64), rate_hz
    turned = found.astype(np.complex64) * _carrier(found.size, if_hz / rate_hz)
    return resample(turned, rate_hz, rate_hz / 2.0) if real else (turned, rate_hz)


def _carrier(count: int, turn: float) -> Complex:
    """exp(-2 pi i turn n), in blocks, so that single precision does."""
    n = np.arange(count, dtype=np.float64)
    return np.exp(-2j * np.pi * np.mod(n * turn, 1.0)).astype(np.complex64)


def resample(values: Complex, rate_hz: float, wanted_hz: float) -> tuple[Complex, float]:
    """Samples at another rate by cutting or widening the spectrum; whole milliseconds are kept.

    The power of a signal inside of the new band stays the same.
    """
    from scipy import fft

    if wanted_hz == rate_hz:
        return values, rate_hz
    milli = round(rate_hz) // 1000
    if milli * 1000 == round(rate_hz) and values.size >= milli:
        values = values[: values.size // milli * milli]
    count = max(1, round(values.size * wanted_hz / rate_hz))
    spectrum = fft.fft(values)
    keep = min(count, values.size)
    half = keep // 2
    out = np.zeros(count, dtype=np.complex64)
    out[: keep - half], out[count - half :] = spectrum[: keep - half], spectrum[values.size - half :]
    scale = np.float32(count / values.size)
    found = np.asarray(fft.ifft(out, overwrite_x=True) * scale, dtype=np.complex64)
    return found, rate_hz * count / values.size


def smooth(count: int) -> bool:
    """Whether a length is fast to transform."""
    for prime in (2, 3, 5, 7):
        while count % prime == 0:
            count //= prime
    return count == 1
