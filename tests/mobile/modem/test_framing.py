"""Files in frames of either kind, and what says how they are made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.mobile.modem import framing, pieces
from rabta.mobile.modem.framing import Framing, Hint


@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(min_size=1, max_size=400), capacity=st.integers(pieces.OVERHEAD + 1, 90), lost=st.data()
)
def test_pieces_make_the_file_or_say_what_is_missing(data: bytes, capacity: int, lost: st.DataObject) -> None:
    step = capacity - pieces.OVERHEAD
    fields = [pieces.seal(data, at, capacity) for at in range(0, len(data), step)]
    assert {len(f) for f in fields} == {capacity}
    taken = [p for f in fields if (p := pieces.unseal(f)) is not None]
    assert pieces.join(reversed(taken)) == pieces.Whole(data, [])
    gone = lost.draw(st.integers(0, len(taken) - 1))
    rest = taken[:gone] + taken[gone + 1 :]
    whole = pieces.join(rest)
    if rest:
        assert whole.missing == [(gone * step, len(taken[gone].data))]
        assert not whole.complete
    else:
        assert whole == pieces.Whole(b"", [])


@settings(max_examples=200, deadline=None)
@given(field=st.binary(max_size=60))
def test_hostile_fields_are_no_pieces(field: bytes) -> None:
    assert pieces.unseal(field) is None


def test_a_changed_byte_is_noticed() -> None:
    field = bytearray(pieces.seal(b"weather report", 0, 40))
    for place in range(len(field) - 12):
        field[place] ^= 0x10
        assert pieces.unseal(bytes(field)) is None or place >= pieces.OVERHEAD + 14
        field[place] ^= 0x10
    with pytest.raises(RabtaError, match="too small for a file"):
        pieces.seal(b"x", 0, pieces.OVERHEAD)
    with pytest.raises(RabtaError, match="not a file to send"):
        pieces.seal(b"", 0, 100)
    with pytest.raises(RabtaError, match="too large"):
        pieces.join([pieces.Piece(0, 2000, b"a")], most=1000)


def _noisy(
    way: Framing, sent: NDArray[np.complex64], es_n0_db: float, seed: int = 0
) -> NDArray[np.complex64]:
    rng = np.random.default_rng(seed)
    padded = np.pad(sent, (300, 300))
    noise = rng.standard_normal((len(padded), 2)).view(np.complex128)[:, 0] * np.sqrt(0.5)
    level = 10.0 ** (es_n0_db / 10.0) * way.bandwidth_hz / way.sample_rate / way.power
    return np.asarray(padded * np.sqrt(level) + noise, dtype=np.complex64)


WAYS = [
    ("nr", 5.0, ["MCS 4 QPSK"] * 9 + ["MCS 12 16QAM"] * 30, 12.0),
    ("dvb-s2x", 2.4, ["QPSK 3/4"] * 3 + ["16APSK 3/5-L"] * 8, 12.0),
    ("dvb-s2", 2.4, ["8PSK 3/5"] * 6, 10.0),
]


@pytest.mark.parametrize(("name", "mhz", "modcods", "level"), WAYS)
def test_frames_come_back_in_order(name: str, mhz: float, modcods: list[str], level: float) -> None:
    way = framing.make(name, mhz)
    rng = np.random.default_rng(1)
    fields = [(m, rng.bytes(way.capacity(m))) for m in modcods]
    sent = np.concatenate(list(way.send(fields)))
    assert np.mean(np.abs(sent) ** 2) == pytest.approx(way.power, rel=0.1)
    heard = _noisy(way, sent, level)
    asked: list[int] = []

    def source(start: int, count: int) -> NDArray[np.complex64]:
        asked.append(count)
        return heard[start : start + count]

    got = list(way.hear(source, len(heard), Hint(widest_hz=2e3)))
    assert [(g.modcod, g.data) for g in got] == fields
    assert np.mean([g.es_n0_db for g in got]) == pytest.approx(level, abs=0.4)
    assert framing.of_settings({**way.settings()}) == way


def test_windows_of_dvb_take_each_frame_once(monkeypatch: pytest.MonkeyPatch) -> None:
    way = framing.make("dvb-s2x", 2.4)
    rng = np.random.default_rng(1)
    name = "16APSK 3/5-L"
    fields = [(name, rng.bytes(way.capacity(name))) for _ in range(20)]
    heard = _noisy(way, np.concatenate(list(way.send(fields))), 12.0)
    monkeypatch.setattr(framing, "GROUP", 2)
    asked: list[int] = []

    def source(start: int, count: int) -> NDArray[np.complex64]:
        asked.append(count)
        return heard[start : start + count]

    got = list(way.hear(source, len(heard), Hint()))
    length = 66_800  # samples of a frame
    assert [round(g.start / length) for g in got] == list(range(20))
    assert {g.modcod for g in got} == {name}
    assert [g.data for g in got] == [data for _, data in fields]
    assert len(asked) > 1


def test_ladders_rise_and_have_frames() -> None:
    for name, mhz in (("nr", 5.0), ("dvb-s2x", 2.4), ("dvb-s2", 2.4)):
        way = framing.make(name, mhz)
        wave = way.waveform
        assert (np.diff(wave.threshold_db) > 0.0).all()
        assert (np.diff(wave.bits) > 0.0).all()
        for modcod in wave.names:
            assert way.capacity(modcod) > pieces.OVERHEAD
            assert way.frame_s(modcod) > 0.0
    # EN 302 307-1, table 13: QPSK 1/4 needs an Es/N0 of -2.35 dB
    wave = framing.make("dvb-s2", 1.2).waveform
    assert wave.threshold_db[wave.names.index("QPSK 1/4")] == pytest.approx(-2.35, abs=1e-6)


_VALUE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([1])


@settings(max_examples=200, deadline=None)
@given(name=st.sampled_from(framing.NAMES), changes=st.dictionaries(
    st.sampled_from(["blocks", "spacing_khz", "cell", "symbol_rate", "roll_off", "samples_per_symbol"]),
    _VALUE, max_size=3,
))  # fmt: skip
def test_hostile_settings_are_refused_by_name(name: str, changes: dict[str, object]) -> None:
    good = {
        "blocks": 25, "spacing_khz": 15, "cell": 1, "symbol_rate": 1e6, "roll_off": 0.2,
        "samples_per_symbol": 4, "short": False,
    }  # fmt: skip
    try:
        way = framing.of_settings({"framing": name, **good, **changes})
    except RabtaError:
        return
    assert np.isfinite(way.sample_rate)
    assert way.sample_rate > 0.0
    assert way.capacity(way.waveform.names[0]) > 0


def test_what_no_framing_has_is_refused() -> None:
    with pytest.raises(RabtaError, match="dvb-s2x"):
        framing.make("dvb-s2z", 5.0)
    with pytest.raises(RabtaError, match="no such channel"):
        framing.make("nr", 1.4)
    with pytest.raises(RabtaError, match="to 1000 MHz"):
        framing.make("dvb-s2x", 0.0)
    with pytest.raises(RabtaError, match="MCS 9 QPSK"):
        framing.make("nr", 5.0).capacity("MCS  QPSK")
    with pytest.raises(RabtaError, match="how its frames are made"):
        framing.of_settings({"framing": ["nr"]})
    with pytest.raises(RabtaError, match="too little"):
        framing.of_settings({"framing": "nr", "blocks": 25})
    with pytest.raises(RabtaError):
        framing.of_settings({"framing": "nr", "blocks": 25, "spacing_khz": 15, "cell": 5000})
    with pytest.raises(RabtaError, match="more bytes"):
        list(framing.make("dvb-s2", 1.2).send([("QPSK 1/4", bytes(10_000))]))
