"""Modcod tables against the frame structure of the standards and the Shannon limit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from rabta import catalog, verify
from rabta.errors import RabtaError
from rabta.radio import modcods
from rabta.radio.adaptation import awgn, nr

ORDER = {"QPSK": 2, "8PSK": 3, "8APSK": 3, "16APSK": 4, "32APSK": 5, "64APSK": 6, "128APSK": 7, "256APSK": 8}
# ETSI EN 302 307-1, table 5a: BCH corrects 8, 10 or 12 errors; 16 parity bits each on normal frames.
CORRECTS = {"2/3": 10, "5/6": 10, "8/9": 8, "9/10": 8}
NEW_CODES = {
    "16APSK 2/3-L",
    "256APSK 2/3-L",
}  # rate 120/180 of EN 302 307-2 corrects 12, unlike the older 2/3


def frame_efficiency(name: str) -> float:
    """Information bits over symbols of a normal frame without pilots: (K_bch - 80) / (64800 / order + 90)."""
    modulation, rate = name.split()
    code = rate.removesuffix("-L")
    corrects = 12 if name in NEW_CODES else CORRECTS.get(code, 12)
    k_bch = Fraction(code) * 64800 - 16 * corrects
    symbols = -(-64800 // ORDER[modulation])
    symbols = -(-symbols // 90) * 90 + 90
    return float((k_bch - 80) / symbols)


@pytest.mark.parametrize("name", ["dvb-s2", "dvb-s2x"])
def test_efficiency_follows_from_the_frame(name: str) -> None:
    """EN 302 307-1 clause 6 and 302 307-2: the published efficiencies are those of the frame structure."""
    rows = catalog.entry("waveforms", name).data["modcods"]
    assert len(rows) == {"dvb-s2": 28, "dvb-s2x": 39}[name]
    for modcod, efficiency, *_ in rows:
        assert efficiency == pytest.approx(frame_efficiency(modcod), abs=2e-5), modcod


@pytest.mark.parametrize("name", catalog.names("waveforms"))
def test_no_modcod_beats_shannon(name: str) -> None:
    for row in catalog.entry("waveforms", name).data["modcods"]:
        assert row[2] > 10 * np.log10(2 ** row[1] - 1), row[0]


def test_nr_efficiency_is_order_times_code_rate() -> None:
    """3GPP TS 38.214, table 5.1.3.1-2: first, middle and last rows as printed."""
    rows = {row[0]: row[1] for row in catalog.entry("waveforms", "nr-256qam").data["modcods"]}
    assert len(rows) == 28
    printed = {"MCS 0 QPSK": 0.2344, "MCS 10 16QAM": 2.5703, "MCS 19 64QAM": 5.1152, "MCS 27 256QAM": 7.4063}
    for name, efficiency in printed.items():
        assert rows[name] == pytest.approx(efficiency, abs=1.01e-4)


def test_every_row_of_the_suite_passes() -> None:
    rows = verify.run("modcods")
    assert len(rows) > 90
    assert [row.name for row in rows if row.gate and not row.passed] == []


def test_capacity_is_the_known_one() -> None:
    """Uncoded limits: QPSK at 0 dB carries 0.9719 bits (twice the binary-input capacity at -3 dB, 0.4859);
    binary-input AWGN at Es/N0 = 0 dB carries 0.7214 (Proakis and Salehi, figure 6.5-1)."""
    assert awgn.capacity(2, 0.0) == pytest.approx(2 * awgn.capacity(1, -10 * np.log10(2.0)), abs=1e-12)
    assert awgn.capacity(1, 0.0) == pytest.approx(0.7214, abs=2e-4)
    for order in awgn.ORDERS:
        bits = awgn.capacity(order, [-15.0, 0.0, 10.0, 40.0])
        assert (np.diff(bits) > -1e-12).all()
        assert bits[-1] == pytest.approx(order, abs=1e-3)
        if order > 1:
            assert (bits < np.log2(1.0 + 10.0 ** (np.array([-15.0, 0.0, 10.0, 40.0]) / 10.0))).all()


def test_cqi_rises_with_the_signal() -> None:
    for index in nr.CQI_TABLES:
        assert nr.cqi([-30.0, 45.0], index).tolist() == [0, 15]
        assert (np.diff(nr.cqi(np.arange(-20.0, 40.0, 0.5), index)) >= 0).all()
    with pytest.raises(RabtaError, match="CQI"):
        nr.cqi(0.0, 5)
    with pytest.raises(RabtaError, match="order"):
        awgn.capacity(3, 0.0)
    with pytest.raises(RabtaError, match="bits"):
        awgn.required_es_n0_db(2, 2.5)


def test_very_low_signals_keep_a_link() -> None:
    """EN 302 307-2: VL-SNR reaches down to -9.9 dB, 7 dB below the normal frames."""
    low, normal = modcods.load("dvb-s2x-vlsnr"), modcods.load("dvb-s2x")
    assert low.threshold_db[0] == pytest.approx(normal.threshold_db[0] - 7.05)
    assert low.bits[-1] == normal.bits[-1]


def test_envelope_rises_in_both() -> None:
    wave = modcods.load("dvb-s2x")
    assert (np.diff(wave.threshold_db) > 0).all()
    assert (np.diff(wave.bits) > 0).all()
    assert "16APSK 3/5" not in wave.names  # its linear-channel twin carries the same at 0.39 dB less
    assert "16APSK 3/5-L" in wave.names


def test_lookup_takes_the_step_at_its_threshold() -> None:
    wave = modcods.load("dvb-s2", implementation_loss_db=1.0)
    first = wave.threshold_db[0]
    assert first == pytest.approx(-2.35 - 10 * np.log10(1.2) + 1.0)
    found = wave.efficiency([first - 1e-6, first, 100.0, np.nan, -np.inf])
    assert found == pytest.approx([0.0, 0.490243 / 1.2, 4.453027 / 1.2, 0.0, 0.0])


def test_loss_moves_thresholds_only() -> None:
    ideal, real = modcods.load("dvb-s2x"), modcods.load("dvb-s2x", 2.0)
    assert np.allclose(real.threshold_db - ideal.threshold_db, 2.0)
    assert (real.bits == ideal.bits).all()


def test_unknown_waveform_is_refused_with_the_nearest() -> None:
    with pytest.raises(RabtaError, match="dvb-s2x"):
        modcods.load("dvb-s2xx")
