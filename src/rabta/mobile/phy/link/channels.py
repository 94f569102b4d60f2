"""Symbols through a channel to equalised symbols: white noise, or fading over a grid of resource elements.

One value of the channel stands for each OFDM symbol and subcarrier: delays lie within the cyclic prefix, and
the channel rests for the length of a symbol.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest
from rabta.mobile.phy.fading import channel as fading
from rabta.mobile.phy.fading import profiles
from rabta.mobile.phy.link.transport import Coded, Format
from rabta.mobile.phy.waveform import estimate, mimo
from rabta.mobile.phy.waveform.numerology import SPACINGS_KHZ, Carrier
from rabta.mobile.phy.waveform.pilots import Dmrs

Complex = NDArray[np.complex64]
Floats = NDArray[np.float32]

WHITE = "AWGN"
KNOWLEDGE = ("perfect", "ls", "lmmse")
FILLED = (2, 11, 7, 4, 9, 12, 5, 0, 13, 1, 3, 6, 8, 10)
"""Symbols whose elements are left to pilots first, where the number of pilots is no DM-RS pattern's."""


@dataclass(frozen=True)
class Channel:
    """What lies between the symbols and the receiver.

    Attributes
    ----------
    profile : str
        ``AWGN``, or a tapped delay line of `rabta.mobile.phy.fading.profiles`.
    delay_spread_s : float or None
        Of profiles that are scaled.
    doppler_hz, k_db, correlation
        As in `rabta.mobile.phy.fading.channel.response`.
    receive : int
        Antennas of the receiver, 1 to 4.
    spacing_khz : int
        Subcarrier spacing.
    knowledge : str
        What the receiver knows: ``perfect``; ``ls`` or ``lmmse`` from the pilots of the slot.
    """

    profile: str = WHITE
    delay_spread_s: float | None = None
    doppler_hz: float = 0.0
    k_db: float | None = None
    correlation: str = "low"
    receive: int = 1
    spacing_khz: int = 30
    knowledge: str = "perfect"

    def __post_init__(self) -> None:
        channels = [WHITE, *profiles.names()]
        if self.profile not in channels:
            raise RabtaError("no such channel", key="profile", value=self.profile,
                             expected=nearest(self.profile, channels))  # fmt: skip
        if self.knowledge not in KNOWLEDGE:
            raise RabtaError("no such receiver", key="knowledge", value=self.knowledge,
                             expected=nearest(self.knowledge, KNOWLEDGE))  # fmt: skip
        if self.spacing_khz not in SPACINGS_KHZ:
            near = min(SPACINGS_KHZ, key=lambda khz: abs(khz - self.spacing_khz))
            known = ", ".join(map(str, SPACINGS_KHZ))
            raise RabtaError("no such subcarrier spacing", key="spacing_khz", value=self.spacing_khz,
                             expected=f"{near} is nearest; valid: {known}")  # fmt: skip
        if self.receive not in range(1, 5):
            raise RabtaError(
                "no such number of antennas", key="receive", value=self.receive, expected="1 to 4"
            )
        if self.profile == WHITE and (self.receive > 1 or self.doppler_hz or self.delay_spread_s):
            raise RabtaError("white noise has one antenna and no fading", key="profile", value=WHITE,
                             expected="TDL-A, or receive=1 without Doppler and delay spread")  # fmt: skip


@dataclass(frozen=True)
class Heard:
    """Equalised symbols of blocks, shape (block, symbol), and the noise variance of each."""

    symbols: Complex
    variance: Floats


def check(form: Coded, channel: Channel) -> None:
    """Refuse a format that the channel or its receiver cannot carry."""
    if not isinstance(form, Format):
        if channel.profile != WHITE:
            raise RabtaError("a block outside of any slot", key="form", value=form.bits, expected="a Format")
        return
    if channel.profile == WHITE and form.layers > 1:
        raise RabtaError("white noise carries one layer", key="layers", value=form.layers, expected="1")
    if form.layers > channel.receive:
        raise RabtaError(
            "fewer antennas than layers", key="receive", value=channel.receive,
            expected=f"{form.layers} or more",
        )  # fmt: skip
    if channel.knowledge != "perfect" and not _patterned(form):
        raise RabtaError(
            "an estimate needs the pilots of two DM-RS symbols in a full slot", key="pilots, symbols",
            value=(form.pilots, form.symbols), expected="24, 14",
        )  # fmt: skip


def _patterned(form: Format) -> bool:
    return form.pilots == 24 and form.symbols == 14


@lru_cache(maxsize=64)
def data_elements(form: Format) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Symbol and subcarrier of each resource element with data, in the order of mapping.

    Frequency first, then time: TS 38.211, clause 7.3.1.5.
    """
    taken = np.zeros((form.symbols, form.blocks, 12), dtype=bool)
    left = form.pilots
    for symbol in (s for s in FILLED if s < form.symbols):
        taken[symbol, :, : max(min(left, 12), 0)] = True
        left -= 12
    rows, columns = np.nonzero(~taken.reshape(form.symbols, -1))
    return rows, columns


def noise(rng: np.random.Generator, shape: tuple[int, ...], variance: float) -> Complex:
    """White complex noise."""
    parts = rng.standard_normal((*shape, 2), dtype=np.float32) * np.float32(np.sqrt(variance / 2.0))
    return np.asarray(parts.view(np.complex64)[..., 0])


def response(form: Format, channel: Channel, links: NDArray[np.int64], seed: int) -> Complex:
    """Channel of each element of the grid, shape (block, symbol or 1, subcarrier, receive, layer).

    The power of a layer is 1 over the layers: Es/N0 is that of all of them at one receiving antenna.
    """
    carrier = Carrier(channel.spacing_khz, form.blocks)
    moves = channel.doppler_hz > 0.0
    times = carrier.symbol_times()[: form.symbols] if moves else np.zeros(1)
    delays, taps = fading.response(
        channel.profile, times, delay_spread_s=channel.delay_spread_s, doppler_hz=channel.doppler_hz,
        k_db=channel.k_db, receive=channel.receive, transmit=form.layers, correlation=channel.correlation,
        links=links, seed=seed,
    )  # fmt: skip
    grid = fading.on_grid(delays, taps, carrier.frequencies_hz())
    return np.asarray(grid / np.float32(np.sqrt(form.layers)))


def through(
    symbols: Complex, form: Coded, channel: Channel, snr_db: float, rng: np.random.Generator,
    links: NDArray[np.int64], seed: int,
) -> Heard:  # fmt: skip
    """Send blocks of symbols, each over its own link, and equalise them.

    Parameters
    ----------
    symbols : ndarray of complex64, shape (block, elements x layers)
        Unit mean energy; the layers of an element follow each other (TS 38.211, table 7.3.1.3-1).
    snr_db : float
        Mean energy of all layers at one receiving antenna over the noise of a resource element.
    rng : Generator
        Of the noise.
    links : ndarray of int, shape (block,)
        Number of each block's link; with the seed it fixes the channel.
    """
    variance = 10.0 ** (-snr_db / 10.0)
    if channel.profile == WHITE or not isinstance(form, Format):
        heard = symbols + noise(rng, symbols.shape, variance)
        return Heard(heard, np.full(1, variance, dtype=np.float32))
    grid = response(form, channel, links, seed)
    rows, columns = data_elements(form)
    own = grid[:, rows if grid.shape[1] > 1 else 0, columns]
    sent = symbols.reshape(len(symbols), -1, form.layers)
    heard = _sum(own, sent) + noise(rng, own.shape[:-1], variance)
    level: float | Floats = variance
    if channel.knowledge != "perfect":
        own, level = _estimated(grid, form, channel, variance, rng)
    found, spread = mimo.lmmse(heard, own, level)
    return Heard(found.reshape(symbols.shape), spread.reshape(symbols.shape))


def sinr_db(form: Format, channel: Channel, snr_db: float, links: NDArray[np.int64], seed: int) -> Floats:
    """Ratio after equalisation of each element and layer, shape (block, elements, layer), the channel known.

    What `rabta.mobile.phy.link.effective` reads; the draws are those of `through`.
    """
    if channel.profile == WHITE:
        return np.full((len(links), form.elements, 1), snr_db, dtype=np.float32)
    grid = response(form, channel, links, seed)
    rows, columns = data_elements(form)
    own = grid[:, rows if grid.shape[1] > 1 else 0, columns]
    _, variance = mimo.lmmse(np.zeros(own.shape[:-1], np.complex64), own, 10.0 ** (-snr_db / 10.0))
    return np.asarray(-10.0 * np.log10(variance), dtype=np.float32)


def _sum(channel: Complex, sent: Complex) -> Complex:
    """Received by each antenna, shape (block, element, antenna)."""
    if sent.shape[-1] == 1:
        return np.asarray(channel[..., 0] * sent)
    return np.asarray((channel @ sent[..., None])[..., 0])


def _estimated(
    grid: Complex, form: Format, channel: Channel, variance: float, rng: np.random.Generator
) -> tuple[Complex, Floats]:
    """Estimate of the data elements' channel, and the noise with the estimate's error."""
    carrier = Carrier(channel.spacing_khz, form.blocks)
    pilots = Dmrs().grid(carrier, ports=range(form.layers))
    sent = np.moveaxis(pilots, 0, -1)[..., None]  # (symbol, subcarrier, layer, 1)
    heard = (grid @ sent)[..., 0]
    heard = np.moveaxis(heard + noise(rng, heard.shape, variance), -1, 1)
    if channel.knowledge == "ls":
        found, error = estimate.ls(heard, pilots, variance)
    else:
        found, error = estimate.lmmse(heard, pilots, variance, carrier, statistics(form, channel))
    rows, columns = data_elements(form)
    level = variance + error[rows, columns].sum(axis=-1)
    return np.asarray(found[:, rows, columns], np.complex64), np.asarray(level, np.float32)


@lru_cache(maxsize=64)
def statistics(form: Format, channel: Channel) -> estimate.Statistics:
    """What an LMMSE receiver knows: the profile's delays and powers, and the Doppler."""
    taps = profiles.profile(channel.profile)
    if channel.k_db is not None:
        taps = profiles.with_k(taps, channel.k_db)
    delays = taps.delays_s(channel.delay_spread_s)
    return estimate.Statistics(
        tuple(map(float, delays)), tuple(map(float, taps.power)), doppler_hz=channel.doppler_hz,
        gain=1.0 / form.layers,
    )  # fmt: skip
