"""NR downlink: slots as TS 38.211 lays them out, a terminal that takes every block above threshold."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.mobile.modem.nr import control, frames, receiver, slots
from rabta.mobile.phy.link import tables
from rabta.mobile.phy.waveform import qam

LAYOUT = slots.layout(5, cell=301)


def _fields(mcs: int, count: int, seed: int = 0) -> list[tuple[int, bytes]]:
    rng = np.random.default_rng(seed)
    return [(mcs, rng.bytes(frames.capacity(LAYOUT, mcs))) for _ in range(count)]


def _heard(
    fields: list[tuple[int, bytes]], snr_db: float, *, shift_hz: float = 0.0, late: int = 100, seed: int = 1
) -> NDArray[np.complex64]:
    """Elements have energy 1; noise has one variance in samples and elements: transforms are unitary."""
    sent = np.concatenate(list(frames.transmit(fields, LAYOUT)))
    sent = np.pad(sent, (late, 200)).astype(np.complex128)
    turns = shift_hz / LAYOUT.carrier.sample_rate * np.arange(len(sent))
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((len(sent), 2)).view(np.complex128)[:, 0] * np.sqrt(0.5)
    heard = sent * np.exp(2j * np.pi * turns) * 10.0 ** (snr_db / 20.0) + noise
    return np.asarray(heard, dtype=np.complex64)


def test_slots_last_a_millisecond_and_blocks_come_every_twenty() -> None:
    parts = list(frames.transmit(_fields(3, 40), LAYOUT))
    assert {len(p) for p in parts} == {7680}
    assert len(parts) == 43  # 40 slots of data, blocks in slots 0, 20 and 40
    carrier = LAYOUT.carrier
    from rabta.mobile.phy.waveform import ofdm, pilots

    for number in (0, 20, 40):
        grid = ofdm.demodulate(parts[number], carrier)
        middle = carrier.subcarriers // 2
        # TS 38.211, table 7.4.3.1-1: PSS on subcarriers 56 to 182 of 240, in the block's first symbol
        row = grid[2, middle - 120 + 56 : middle - 120 + 183]
        assert np.abs(row - pilots.pss(301 % 3)).max() < 1e-4
        assert np.abs(grid[6:]).max() < 1e-4
    data = np.mean(np.abs(np.concatenate(parts[1:20])) ** 2)
    # full but for one block of 25 in two of 14 symbols of control
    assert data == pytest.approx(LAYOUT.power * (1.0 - 2.0 / 14.0 / 25.0), rel=0.01)


def test_transport_blocks_are_those_of_the_standard() -> None:
    """TS 38.214, 5.1.3.2 by hand: 25 blocks of 120 elements, MCS 16 (16QAM, 658/1024)."""
    elements = 25 * 120
    info = elements * 658 / 1024 * 4
    assert LAYOUT.shared.elements == elements
    assert abs(LAYOUT.format(16).bits - info) < 128
    assert frames.capacity(LAYOUT, 16) == LAYOUT.format(16).bits // 8


@pytest.mark.parametrize(("mcs", "snr_db"), [(0, 0.0), (9, 8.0), (16, 13.0), (27, 25.0)])
def test_every_block_comes_back(mcs: int, snr_db: float) -> None:
    fields = _fields(mcs, 30)
    got = list(frames.receive(_heard(fields, snr_db, shift_hz=3210.0), LAYOUT))
    assert [f.data for f in got if f.ok] == [data for _, data in fields]
    assert [f.slot for f in got] == [n for n in range(1, 32) if n != 20]
    assert {f.mcs for f in got} == {mcs}
    assert np.mean([f.frequency_hz for f in got]) == pytest.approx(3210.0, abs=15.0)
    assert np.mean([f.snr_db for f in got]) == pytest.approx(snr_db, abs=0.3)
    assert got[0].start == pytest.approx(100 + 7680, abs=0.5)


def test_blocks_fail_where_the_tables_say() -> None:
    """Within 1 dB of the link's threshold in white noise: estimates of channel and noise cost the rest."""
    need = tables.threshold_db(1, 7, 0.1, LAYOUT.format(7).bits)
    fields = _fields(7, 38)
    good = [f.ok for f in frames.receive(_heard(fields, need + 1.0), LAYOUT)]
    bad = [f.ok for f in frames.receive(_heard(fields, need - 1.5), LAYOUT)]
    assert sum(good) == 38
    assert len(bad) == 38
    assert sum(bad) < 4


def test_wide_channels_keep_their_time_at_low_levels() -> None:
    """At 0 dB the slope between neighbours says the time to 150 ns, of which 20 MHz see three turns."""
    layout = slots.layout(20)
    rng = np.random.default_rng(7)
    fields = [(4, rng.bytes(frames.capacity(layout, 4))) for _ in range(19)]
    sent = np.concatenate(list(frames.transmit(fields, layout)))
    noise = rng.standard_normal((len(sent), 2)).view(np.complex128)[:, 0] * np.sqrt(0.5)
    got = list(frames.receive((sent + noise).astype(np.complex64), layout))
    assert [f.data for f in got] == [data for _, data in fields]


def test_large_shifts_are_found_by_a_wide_search_alone() -> None:
    heard = _heard(_fields(5, 10), 10.0, shift_hz=46e3)
    assert list(frames.receive(heard, LAYOUT, widest_hz=3e3)) == []
    found = list(frames.receive(heard, LAYOUT, widest_hz=50e3))
    assert sum(f.ok for f in found) == 10
    known = list(frames.receive(heard, LAYOUT, expected=lambda _: (45e3, 0.0), widest_hz=3e3))
    assert sum(f.ok for f in known) == 10


def test_another_cell_and_noise_are_not_taken() -> None:
    heard = _heard(_fields(5, 10), 10.0)
    assert list(frames.receive(heard, slots.layout(5, cell=302))) == []
    rng = np.random.default_rng(2)
    noise = rng.standard_normal((200_000, 2)).view(np.complex128)[:, 0]
    assert list(frames.receive(noise, LAYOUT)) == []


def test_a_signal_that_is_gone_is_found_again() -> None:
    fields = _fields(6, 190)
    heard = _heard(fields, 15.0)
    heard[20 * 7680 : 110 * 7680] = heard[-100:].mean()
    rng = np.random.default_rng(3)
    hole = slice(20 * 7680, 110 * 7680)
    heard[hole] = rng.standard_normal((90 * 7680, 2)).astype(np.float32).view(np.complex64)[:, 0] * 0.7
    good = {f.slot for f in frames.receive(heard, LAYOUT) if f.ok}
    assert good >= set(range(1, 20))
    assert good >= set(range(161, 180))


def test_control_words_hold_at_the_lowest_mcs() -> None:
    """At -7.5 dB, 1 dB below where MCS 0 works (-6.5): a block is not lost for its control."""
    rng = np.random.default_rng(4)
    words = [control.Word(int(rng.integers(29)), int(rng.integers(1 << 20)), 2, 77) for _ in range(60)]
    sent = np.stack([qam.modulate(control.encode(word, 5), 2) for word in words])
    variance = 10.0 ** (7.5 / 10.0)
    noise = rng.standard_normal((*sent.shape, 2)).view(np.complex128)[..., 0] * np.sqrt(variance / 2.0)
    ratios = qam.demodulate(sent + noise, variance, 2)
    found = control.decode(ratios, 5)
    assert sum(f == w for f, w in zip(found, words, strict=True)) >= 59
    assert all(f is None or f == w for f, w in zip(found, words, strict=True))
    assert control.decode(ratios[:3], 6) == [None] * 3


def test_the_broadcast_word_says_the_slot() -> None:
    heard = _heard(_fields(5, 25), 5.0)
    state = receiver.acquire(heard[20 * 7680 - 50 : 24 * 7680], LAYOUT, widest_hz=1e3)
    assert state is not None
    assert state.word is not None
    assert state.word.slot == 20


def test_rotations_are_exact_over_long_rows() -> None:
    n = np.arange(100_000)
    assert np.abs(receiver.rotator(0.012345, len(n)) - np.exp(2j * np.pi * 0.012345 * n)).max() < 1e-6


def test_narrow_channels_and_foreign_samples_are_refused() -> None:
    with pytest.raises(RabtaError, match="24 or more"):
        slots.layout(5, spacing_khz=30)
    with pytest.raises(RabtaError, match="15 or 30"):
        slots.layout(20, spacing_khz=60)
    with pytest.raises(RabtaError, match="0 to 1007"):
        slots.layout(5, cell=1008)
    with pytest.raises(RabtaError, match="not a row of IQ samples"):
        list(frames.receive(np.zeros(10_000), LAYOUT))
    with pytest.raises(RabtaError, match="more bytes"):
        list(frames.transmit([(0, bytes(10_000))], LAYOUT))
