"""Samples made to measure: satellites with delay, Doppler, strength and symbols; jammers; noise; converters.

Signals as the interface documents build them: B1C of a data part, BOC(1,1), and a pilot part,
QMBOC(6, 1, 4/33) (B1C ICD, equations 4-3 to 4-8); B2a of data in phase and pilot in quadrature (B2a ICD,
section 4.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.pnt.baseband import _kernels, codes
from rabta.pnt.baseband.codes import Signal
from rabta.pnt.baseband.samples import FORMATS, Complex, check_rate
from rabta.pnt.baseband.window import replica, slots

Signs = NDArray[np.int8]

COMPOSITES = {"B1C": ("B1CD", "B1CP"), "B2A": ("B2AD", "B2AP")}
"""Signals of two components; ``cn0_dbhz`` of an emission is then that of both together."""


@dataclass(frozen=True)
class Emission:
    """A satellite's signal, or a spoofer's, as it arrives.

    Attributes
    ----------
    signal : str
        ``B1C`` and ``B2A`` with data and pilot, or one component of `codes.SIGNALS`.
    cn0_dbhz : float
        Carrier over noise density of the whole signal.
    delay_s : float
        When a code period begins, with ``symbols[0]`` and the secondary code's first chip.
    doppler_hz, doppler_rate_hz_s : float
        At the first sample, and its change. The code runs with the carrier.
    symbols : array_like of 0 and 1, optional
        Channel symbols of the data component, repeated when they end; left out, random ones.
    phase_cycles : float
        Of the carrier at the first sample.
    """

    signal: str
    prn: int
    cn0_dbhz: float
    delay_s: float = 0.0
    doppler_hz: float = 0.0
    doppler_rate_hz_s: float = 0.0
    symbols: ArrayLike | None = None
    phase_cycles: float = 0.0


@cache
def _fast(prn: int) -> Signs:
    """Pilot of B1C with its subcarrier of six periods a chip: twelve slots a chip."""
    chips = codes.generate("B1CP", prn)
    return np.ascontiguousarray(np.outer(chips, np.tile([1, -1], 6)).reshape(-1).astype(np.int8))


def _parts(name: str, prn: int) -> list[tuple[Signal, Signs, complex]]:
    """Components of an emission: signal, table of slots, and share of the amplitude."""
    if name.upper() not in COMPOSITES:
        signal = codes.find(name)
        return [(signal, slots(signal, prn), 1.0 + 0.0j)]
    data, pilot = (codes.find(part) for part in COMPOSITES[name.upper()])
    if not data.boc:
        half = complex(0.5**0.5)
        return [(data, slots(data, prn), half), (pilot, slots(pilot, prn), 1j * half)]
    return [
        (data, slots(data, prn), complex(0.5)),
        (pilot, _fast(prn), complex((1.0 / 11.0) ** 0.5)),
        (pilot, slots(pilot, prn), 1j * (29.0 / 44.0) ** 0.5),
    ]


def signs(signal: Signal, prn: int, symbols: ArrayLike) -> Signs:
    """Sign of each code period: secondary code times data symbols (0 and 1)."""
    overlay = codes.secondary(signal.name, prn)
    if signal.pilot:
        return overlay
    values = np.asarray(symbols)
    if values.size == 0 or not np.isin(values, (0, 1)).all():
        raise RabtaError("symbols are 0 or 1, one at least", key="symbols", value=str(values[:8]))
    each = max(1, round(codes.symbol_s(signal.name, prn) / signal.period_s))
    data = np.repeat((1 - 2 * values.astype(np.int8)).astype(np.int8), each)
    if each % overlay.size:
        raise RabtaError("no whole secondary code in a symbol", key="signal", value=signal.name)
    return np.ascontiguousarray(data * np.tile(overlay, data.size // overlay.size), dtype=np.int8)


def add(out: Complex, rate_hz: float, emission: Emission, density: float, seed: int = 0) -> None:
    """Add an emission to samples.

    Parameters
    ----------
    out : ndarray of complex64, shape (sample,)
        Changed in place.
    density : float
        Noise power a hertz that the strength is relative to: `density` of real samples, 1 / rate of
        `samples`.
    """
    e = emission
    amplitude = (10.0 ** (0.1 * e.cn0_dbhz) * density) ** 0.5
    random = np.random.default_rng([seed, e.prn, 7]).integers(0, 2, 4096)
    symbols = random if e.symbols is None else e.symbols
    for signal, table, share in _parts(e.signal, e.prn):
        per_second = table.size / signal.period_s
        turn, bend = e.doppler_hz / rate_hz, e.doppler_rate_hz_s / rate_hz**2
        _kernels.modulate(
            out, complex(amplitude * share), e.phase_cycles, turn, bend, table, -e.delay_s * per_second,
            per_second * (1.0 / rate_hz + turn / signal.carrier_hz), per_second * bend / signal.carrier_hz,
            signs(signal, e.prn, symbols),
        )  # fmt: skip


def samples(
    emissions: Iterable[Emission], rate_hz: float, seconds: float, seed: int, *, noise: bool = True
) -> Complex:
    """Complex samples at zero frequency of what arrives, with noise of unit power.

    Returns
    -------
    ndarray of complex64, shape (sample,)

    Examples
    --------
    >>> samples([Emission("L1CA", 5, 45.0)], 4e6, 0.001, seed=1).shape
    (4000,)
    """
    check_rate(rate_hz)
    count = round(seconds * rate_hz)
    if count < 1:
        raise RabtaError("no samples asked for", key="seconds", value=seconds, expected="more than 0")
    out = np.zeros(count, dtype=np.complex64)
    if noise:
        rng = np.random.default_rng([seed, 1])
        rng.standard_normal(dtype=np.float32, out=out.view(np.float32))
        out *= np.float32(0.5**0.5)
    for emission in emissions:
        add(out, rate_hz, emission, 1.0 / rate_hz, seed)
    return out


def real(values: Complex, if_hz: float, rate_hz: float) -> NDArray[np.float32]:
    """Real samples of twice the rate with the carrier at a frequency; noise keeps its density."""
    from rabta.pnt.baseband.samples import resample

    twice, rate = resample(values, rate_hz, 2.0 * rate_hz)
    if not rate_hz / 2.0 <= if_hz <= rate_hz / 2.0 + 1e-9 * rate_hz:
        raise RabtaError(
            "the band of the samples does not fit around the frequency", key="if_hz", value=if_hz,
            expected=f"{rate_hz / 2.0:g} Hz, the middle",
        )  # fmt: skip
    n = np.arange(twice.size)
    return np.asarray(
        2.0**0.5 * (twice * np.exp(2j * np.pi * np.mod(n * if_hz / rate, 1.0))).real, np.float32
    )


def digitise(values: NDArray[np.complexfloating] | NDArray[np.floating], form: str, bits: int = 8) -> bytes:
    """Bytes of samples in a format, scaled to the converter.

    With two bits the steps are -3, -1, 1 and 3 with the edge at one standard deviation; with more, four
    standard deviations fill the range.
    """
    if form not in FORMATS:
        raise RabtaError("no such sample format", key="format", value=form, expected=nearest(form, FORMATS))
    kind = np.dtype(FORMATS[form][0])
    if np.iscomplexobj(values) != FORMATS[form][1]:
        raise RabtaError("complex samples need an IQ format, real ones do not", key="format", value=form)
    parts = np.ascontiguousarray(values).view(np.float32 if values.dtype.itemsize in (4, 8) else np.float64)
    parts = parts / parts.std()
    if kind.kind == "f":
        return bytes(parts.astype(kind).tobytes())
    if bits == 2:
        steps = np.where(parts >= 0, 1, -1) * np.where(np.abs(parts) > 1.0, 3, 1)
    else:
        top = 2 ** (bits - 1) - 1
        steps = np.clip(np.rint(parts * top / 4.0), -top, top)
    return bytes((steps + (128 if kind.kind == "u" else 0)).astype(kind).tobytes())


JAMMERS = ("tone", "chirp", "noise", "pulse")


def jammer(
    kind: str,
    rate_hz: float,
    count: int,
    power: float,
    *,
    seed: int = 0,
    offset_hz: float = 0.0,
    width_hz: float = 1e6,
    period_s: float = 1e-4,
    duty: float = 0.1,
) -> Complex:
    """Interference of a mean power (in squared sample units).

    Parameters
    ----------
    kind : str
        ``tone`` at ``offset_hz``, ``chirp`` that sweeps ``width_hz`` around it every ``period_s``, ``noise``
        of ``width_hz``, or wide noise in a ``pulse`` of ``duty`` of every ``period_s``.
    """
    n, rng = np.arange(count, dtype=np.float64), np.random.default_rng([seed, 2])
    white = (rng.standard_normal(count) + 1j * rng.standard_normal(count)) * 0.5**0.5
    if kind == "tone":
        out = np.exp(2j * np.pi * (n * offset_hz / rate_hz + rng.random()))
    elif kind == "chirp":
        at = np.mod(n / rate_hz / period_s, 1.0)
        phase = period_s * (offset_hz * at + width_hz * (0.5 * at * at - 0.5 * at))
        out = np.exp(2j * np.pi * (phase + np.floor(n / rate_hz / period_s) * offset_hz * period_s))
    elif kind == "noise":
        spectrum = np.fft.fft(white)
        spectrum[np.abs(np.fft.fftfreq(count, 1.0 / rate_hz) - offset_hz) > 0.5 * width_hz] = 0.0
        out = np.fft.ifft(spectrum)
    elif kind == "pulse":
        out = white * (np.mod(n / rate_hz, period_s) < duty * period_s)
    else:
        raise RabtaError("no such jammer", key="kind", value=kind, expected=nearest(kind, JAMMERS))
    mean = float(np.mean(np.abs(out) ** 2))
    return np.asarray(out * (power / mean) ** 0.5 if mean > 0.0 else out, dtype=np.complex64)


def density(values: Complex, rate_hz: float, signal: str, prn: int = 20) -> float:
    """Noise power a hertz where a signal has its own, so that emissions can be added to real samples."""
    from scipy import fft

    what = codes.find(signal)
    size = round(rate_hz * what.period_s)
    runs = values[: values.size // size * size].reshape(-1, size)[:64]
    if len(runs) == 0:
        raise RabtaError(
            "too few samples to measure noise", key="samples", value=values.size, expected=str(size)
        )
    shape = np.square(np.abs(fft.fft(replica(what, prn, rate_hz, size))))
    noise = np.square(np.abs(fft.fft(runs, axis=1))).mean(axis=0)
    return float((noise * shape).sum() / shape.sum() / size / rate_hz)
