"""Channel estimates from pilots: least squares with straight lines between, and LMMSE from known statistics.

Ports that share resource elements are told apart by their codes: the mean over each code's length is the raw
estimate, placed in its middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.waveform.numerology import Carrier

Complex = NDArray[np.complexfloating[Any, Any]]
Floats = NDArray[np.float64]
Places = tuple[float, ...]

NEGLIGIBLE = 1e-7  # share of the channel's power in modes that are left out


@dataclass(frozen=True)
class Statistics:
    """What is known of a channel before it is heard; mean power ``gain`` a pair of antennas.

    Attributes
    ----------
    delays_s, powers : tuple of float
        Taps; if left out, an exponential profile of ``delay_spread_s`` (root mean square) from delay 0.
    delay_spread_s : float
        Used without taps.
    doppler_hz : float
        Largest Doppler shift of scattered waves from all around: correlation J0(2 pi f t).
    shift_hz : float
        Mean Doppler shift.
    gain : float
        Mean power of the channel.
    """

    delays_s: tuple[float, ...] = ()
    powers: tuple[float, ...] = ()
    delay_spread_s: float = 0.0
    doppler_hz: float = 0.0
    shift_hz: float = 0.0
    gain: float = 1.0

    def __post_init__(self) -> None:
        if len(self.delays_s) != len(self.powers) or (self.powers and not sum(self.powers) > 0.0):
            raise RabtaError(
                "delays and powers do not fit",
                key="delays_s, powers",
                value=(len(self.delays_s), len(self.powers)),
                expected="as many of both, of powers above 0",
            )
        if min(self.delay_spread_s, self.doppler_hz) < 0.0 or not self.gain > 0.0:
            raise RabtaError(
                "statistics out of range",
                key="delay_spread_s, doppler_hz, gain",
                value=(self.delay_spread_s, self.doppler_hz, self.gain),
                expected="0 or more; a gain above 0",
            )

    def over_frequency(self, distance_hz: ArrayLike) -> NDArray[np.complex128]:
        """Correlation E[H(f + d) H(f)*] for distances d."""
        d = np.asarray(distance_hz, dtype=np.float64)
        if not self.delays_s:
            return np.asarray(1.0 / (1.0 + 2.0j * np.pi * d * self.delay_spread_s))
        share = np.asarray(self.powers) / sum(self.powers)
        return np.asarray(np.exp(-2.0j * np.pi * d[..., None] * np.asarray(self.delays_s)) @ share)

    def over_time(self, distance_s: ArrayLike) -> NDArray[np.complex128]:
        """Correlation E[H(t + d) H(t)*] for distances d: Clarke's spectrum, shifted."""
        from scipy.special import j0

        d = np.asarray(distance_s, dtype=np.float64)
        return np.asarray(j0(2.0 * np.pi * self.doppler_hz * d) * np.exp(2.0j * np.pi * self.shift_hz * d))


@dataclass(frozen=True)
class _Pattern:
    """Where a port's pilots are, and what its raw estimates are made of.

    ``places`` and ``combs`` are the middles of its codes; ``early`` and ``low`` the distances of a code's
    symbols and subcarriers from these; ``share`` is an estimate's noise variance over that of an element.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    code: tuple[int, int]
    weight: Complex
    places: Places
    combs: Places
    early: Places
    low: Places
    share: float

    def values(self, heard: Complex) -> Complex:
        """Elements with pilots, these divided out, shape (..., antenna, symbol, subcarrier)."""
        return np.asarray(heard[..., self.rows[:, None], self.columns] * self.weight)

    def means(self, values: Complex) -> Complex:
        """Raw estimates, shape (..., antenna, place, comb)."""
        return values if self.code == (1, 1) else np.asarray(_tiles(values, self.code).mean(axis=-1))


def _refuse(problem: str, value: object, expected: str) -> RabtaError:
    return RabtaError(problem, key="pilots", value=value, expected=expected)


def _check(received: ArrayLike, pilots: ArrayLike) -> tuple[Complex, Complex]:
    heard, known = np.asarray(received), np.asarray(pilots)
    if known.ndim != 3 or heard.ndim < 3 or heard.shape[-2:] != known.shape[-2:]:
        raise _refuse(
            "received grid and pilots do not fit",
            f"received {heard.shape}, pilots {known.shape}",
            "(..., antennas, symbols, subcarriers) and (layers, symbols, subcarriers)",
        )
    return heard, known


def _tiles(values: Complex, code: tuple[int, int]) -> Complex:
    """Last two axes cut into codes, shape (..., place, comb, symbols x subcarriers of a code)."""
    t, f = code
    *lead, rows, columns = values.shape
    cut = values.reshape(*lead, rows // t, t, columns // f, f)
    return np.moveaxis(cut, -3, -2).reshape(*lead, rows // t, columns // f, t * f)


def _code(known: Complex, port: int, rows: NDArray[Any], columns: NDArray[Any]) -> tuple[int, int]:
    """Symbols and subcarriers after which a port is orthogonal to all that share its resource elements."""
    here = known[:, rows[:, None], columns]
    scale = float(np.abs(here[port]).max()) ** 2
    for code in ((1, 1), (1, 2), (2, 1), (2, 2)):
        if len(rows) % code[0] or len(columns) % code[1]:
            continue
        cross = _tiles(here * here[port].conj(), code).sum(axis=-1)
        others = np.delete(cross, port, axis=0)
        if np.abs(others).max(initial=0.0) < 1e-3 * scale:
            return code
    raise _refuse(
        "pilots of layers that share resource elements have no orthogonal codes", port, "CDM of 2 x 2"
    )


def _pattern(known: Complex, port: int) -> _Pattern:
    mask = known[port] != 0.0
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows) or not mask[np.ix_(rows, columns)].all():
        raise _refuse(
            "pilots of a layer are no rectangular pattern", port, "the same subcarriers in each symbol"
        )
    code = _code(known, port, rows, columns)
    sent = known[port][np.ix_(rows, columns)]
    places, combs = rows.reshape(-1, code[0]), columns.reshape(-1, code[1])
    return _Pattern(
        rows,
        columns,
        code,
        sent.conj() / np.abs(sent) ** 2,
        _floats(places.mean(axis=1)),
        _floats(combs.mean(axis=1)),
        _floats(places[0] - places[0].mean()),
        _floats(combs[0] - combs[0].mean()),
        float(1.0 / np.mean(np.abs(sent) ** 2) / (code[0] * code[1])),
    )


@lru_cache(maxsize=64)
def _cached(pilots: bytes, shape: tuple[int, ...], single: bool) -> tuple[_Pattern, ...]:
    known: Complex = np.ndarray(shape, np.complex64 if single else np.complex128, pilots)
    return tuple(_pattern(known, port) for port in range(shape[0]))


def _patterns(known: Complex) -> tuple[_Pattern, ...]:
    """Patterns of all ports; those of the slots of a frame come back."""
    single = known.dtype == np.complex64
    plain = known if single else known.astype(np.complex128)
    return _cached(plain.tobytes(), known.shape, single)


def _floats(values: NDArray[Any]) -> Places:
    return tuple(float(value) for value in values)


@lru_cache(maxsize=256)
def _lines(places: Places, count: int) -> tuple[NDArray[np.int64], Floats]:
    """Place to the left of each of ``count``, and how far each lies on the way to the next, also beyond."""
    at, n = np.asarray(places), np.arange(count)
    left = np.clip(np.searchsorted(at, n, side="right") - 1, 0, max(len(at) - 2, 0))
    if len(at) == 1:
        return left, np.zeros(count)
    return left, (n - at[left]) / (at[left + 1] - at[left])


def _drawn(values: Complex, places: Places, count: int, axis: int) -> Complex:
    """Straight lines through neighbouring places along an axis."""
    if len(places) == 1:
        return np.repeat(values, count, axis=axis)
    left, part = _lines(places, count)
    share = part.astype(values.real.dtype)
    share = share[:, None] if axis == -2 else share
    first = np.take(values, left, axis=axis)
    return np.asarray(first + share * (np.take(values, left + 1, axis=axis) - first))


def _line_noise(places: Places, count: int) -> Floats:
    """Noise power of the lines over that of a place."""
    _, part = _lines(places, count)
    return np.ones(count) if len(places) == 1 else (1.0 - part) ** 2 + part**2


def _slope(raw: Complex, combs: Places) -> NDArray[Any]:
    """Mean turn a subcarrier of each antenna, rad, shape (..., antenna, 1, 1): a late or early start."""
    if len(combs) < 2:
        return np.zeros((*raw.shape[:-2], 1, 1))
    product = raw[..., 1:] * raw[..., :-1].conj()
    step = min(np.diff(combs[: 12 + 1]))
    return np.asarray(np.angle(product.sum(axis=(-2, -1))) / step)[..., None, None]


def _turn(slope: NDArray[Any], at: ArrayLike, kind: Any) -> Complex:
    return np.asarray(np.exp(1j * slope * np.asarray(at)).astype(kind))


def _assemble(parts: list[Complex]) -> Complex:
    """Grids of layers, (..., antenna, symbol, subcarrier), as (..., symbol, subcarrier, antenna, layer)."""
    return np.ascontiguousarray(np.moveaxis(np.stack(parts, axis=-1), -4, -2))


def ls(received: ArrayLike, pilots: ArrayLike, noise_variance: float) -> tuple[Complex, Floats]:
    """Least squares at the pilots, straight lines between them and beyond, in frequency and then in time.

    A common delay is taken out before and put back after, so that timing within the prefix does no harm.

    Parameters
    ----------
    received : array_like of complex, shape (..., antenna, symbol, subcarrier)
    pilots : array_like of complex, shape (layer, symbol, subcarrier)
        Zero where there are none, as of `pilots.Dmrs.grid`.
    noise_variance : float
        Of the complex noise of a resource element.

    Returns
    -------
    channel : ndarray of complex, shape (..., symbol, subcarrier, antenna, layer)
    error_variance : ndarray of float64, shape (symbol, subcarrier, layer)
        Part of the estimate's error that is noise; how far the channel leaves the straight lines is unknown.

    Raises
    ------
    RabtaError
        Sizes that do not fit, or pilots that cannot be told apart.
    """
    heard, known = _check(received, pilots)
    symbols, subcarriers = known.shape[1:]
    layers, errors = [], []
    for port in _patterns(known):
        values = port.values(heard)
        slope = _slope(port.means(values), port.combs)
        straight = port.means(values * _turn(-slope, port.columns, values.dtype))  # codes are now orthogonal
        full = _drawn(straight, port.combs, subcarriers, -1)
        full = full * _turn(slope, np.arange(subcarriers), values.dtype)
        layers.append(_drawn(full, port.places, symbols, -2))
        spread = _line_noise(port.places, symbols)[:, None] * _line_noise(port.combs, subcarriers)
        errors.append(noise_variance * port.share * spread)
    return _assemble(layers), np.stack(errors, axis=-1)


@dataclass(frozen=True)
class _Axis:
    """Correlation along an axis: eigenvalues at the pilots, and the eigenvectors carried to every place."""

    values: Floats
    vectors: NDArray[np.complex128]
    spread: NDArray[np.complex128]


def _axis(at: Floats, code: Floats, wanted: Floats, correlation: Any) -> _Axis:
    """Of estimates that are means over a code.

    Between estimates, a layer's own mean and what leaks of the others add up to the plain correlation; with
    the channel itself only the own mean is correlated.
    """
    values, vectors = np.linalg.eigh(correlation(at[:, None] - at))
    rest = np.cumsum(np.maximum(values, 0.0))
    first = int(np.searchsorted(rest, NEGLIGIBLE * rest[-1]))
    values, vectors = values[first:], vectors[:, first:]
    own = np.mean([correlation(wanted[:, None] - at - shift) for shift in code], axis=0)
    return _Axis(np.maximum(values, 0.0), vectors, own @ vectors)


@lru_cache(maxsize=32)
def _axes(
    carrier: Carrier, known: Statistics, count: int, places: Places, combs: Places, early: Places, low: Places
) -> tuple[_Axis, _Axis]:
    times = carrier.symbol_times(count)
    middle = np.interp(places, np.arange(count), times).astype(np.float64)
    step, spacing = float(times[-1] - times[0]) / max(count - 1, 1), carrier.spacing_hz
    frequencies = carrier.frequencies_hz()
    first = frequencies[0]
    return (
        _axis(middle, np.asarray(early) * step, times, known.over_time),
        _axis(
            first + np.asarray(combs) * spacing, np.asarray(low) * spacing, frequencies, known.over_frequency
        ),
    )


def lmmse(
    received: ArrayLike, pilots: ArrayLike, noise_variance: float, carrier: Carrier, known: Statistics
) -> tuple[Complex, Floats]:
    """Linear estimate of least mean square error over the whole slot, from a channel's statistics.

    Correlations are products of one in time and one in frequency, so that the exact two-dimensional filter
    needs an eigenvalue problem along each axis only; these are kept for the next slot. Layers that share
    resource elements are taken as independent and alike: what leaks of one into another is noise to it.

    Parameters
    ----------
    received, pilots, noise_variance
        As in `ls`.
    carrier : Carrier
    known : Statistics

    Returns
    -------
    channel, error_variance
        As in `ls`; the error is the whole mean square error, where the statistics hold.

    Notes
    -----
    O. Edfors et al., "OFDM channel estimation by singular value decomposition", IEEE Trans. Commun. 46 (1998)
    931-939, equations 5 to 8, for both axes.
    """
    heard, sent = _check(received, pilots)
    if sent.shape[2] != carrier.subcarriers:
        raise _refuse("pilots do not fit the carrier", sent.shape, f"{carrier.subcarriers} subcarriers")
    count = sent.shape[1]
    layers, errors = [], []
    for port in _patterns(sent):
        time, frequency = _axes(carrier, known, count, port.places, port.combs, port.early, port.low)
        weight = known.gain / (
            known.gain * np.outer(time.values, frequency.values) + noise_variance * port.share
        )
        raw = port.means(port.values(heard))
        modes = time.vectors.conj().T @ (raw @ frequency.vectors.conj())
        full = time.spread @ ((modes * weight) @ frequency.spread.T)
        layers.append(full.astype(heard.dtype))
        caught = np.abs(time.spread) ** 2 @ (weight @ np.abs(frequency.spread.T) ** 2)
        errors.append(known.gain * np.maximum(1.0 - caught, 0.0))
    return _assemble(layers), np.stack(errors, axis=-1)


def noise(received: ArrayLike, pilots: ArrayLike) -> float:
    """Noise variance of a resource element, from how raw estimates leave the line of their two neighbours.

    Exact for a channel that is a straight line over three estimates after its mean delay is taken out; at
    high signal-to-noise ratios what bends faster is counted as noise.
    """
    heard, known = _check(received, pilots)
    found = []
    for port in _patterns(known):
        if len(port.combs) < 3:
            raise _refuse("too few pilots for a noise estimate", len(port.combs), "three or more a symbol")
        values = port.values(heard)
        slope = _slope(port.means(values), port.combs)
        even = port.means(values * _turn(-slope, port.columns, values.dtype))
        bend = even[..., 1:-1] - 0.5 * (even[..., 2:] + even[..., :-2])
        found.append(float(np.mean(np.abs(bend) ** 2)) / 1.5 / port.share)
    return float(np.mean(found))
