"""Files of samples are read as they are written, and refused clearly where they hold nothing."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.pnt.baseband import generate, samples

RATE = 4e6


def noise(count: int = 16_000, seed: int = 1) -> np.ndarray:
    return generate.samples([], RATE, count / RATE, seed)


@pytest.mark.parametrize("form", ["iq8", "iqu8", "iq16", "iqf32"])
def test_complex_formats_come_back(tmp_path: Path, form: str) -> None:
    given_ = noise()
    path = tmp_path / "a.bin"
    path.write_bytes(generate.digitise(given_, form))
    read = samples.read(path, RATE, form)
    like = np.vdot(read.values, given_) / np.linalg.norm(read.values) / np.linalg.norm(given_)
    assert read.values.size == given_.size
    assert abs(like) > 0.999
    assert read.seconds == pytest.approx(given_.size / RATE)


@pytest.mark.parametrize("opener", [gzip.open, lzma.open])
def test_packed_files_are_unpacked_and_parts_are_taken(tmp_path: Path, opener: object) -> None:
    suffix = ".gz" if opener is gzip.open else ".xz"
    path = tmp_path / f"a.bin{suffix}"
    data = generate.digitise(noise(), "iq8")
    with opener(path, "wb") as file:  # type: ignore[operator]
        file.write(data)
    whole = samples.read(path, RATE, "iq8").values
    part = samples.read(path, RATE, "iq8", skip_s=0.001, seconds=0.002).values
    np.testing.assert_array_equal(part, whole[4000:12000])
    mirrored = samples.read(path, RATE, "iq8", mirrored=True).values
    np.testing.assert_array_equal(mirrored, np.conj(whole))


def test_real_samples_become_complex_ones_around_the_carrier(tmp_path: Path) -> None:
    tone = np.cos(2 * np.pi * 3.1e6 / 12e6 * np.arange(120_000)) * 60
    path = tmp_path / "a.bin"
    path.write_bytes(np.rint(tone).astype(np.int8).tobytes())
    read = samples.read(path, 12e6, "i8", if_hz=3e6)
    assert read.rate_hz == 6e6
    spectrum = np.abs(np.fft.fft(read.values))
    peak = np.fft.fftfreq(read.values.size, 1 / 6e6)[int(np.argmax(spectrum))]
    assert peak == pytest.approx(1e5, abs=20.0)  # 3.1 MHz less the carrier's 3 MHz
    assert np.abs(read.values).mean() == pytest.approx(
        30.0, rel=0.02
    )  # half of the amplitude is on either side


def test_resampling_keeps_a_tone() -> None:
    tone = np.exp(2j * np.pi * 1e5 / 4e6 * np.arange(40_000)).astype(np.complex64)
    out, rate = samples.resample(tone, 4e6, 2.5e6)
    assert rate == pytest.approx(2.5e6)
    np.testing.assert_allclose(out, np.exp(2j * np.pi * 1e5 / 2.5e6 * np.arange(25_000)), atol=1e-3)


def test_power_measures_tell_gain_clipping_and_offset() -> None:
    rng = np.random.default_rng(2)
    quiet = np.clip(np.rint(rng.normal(0, 20, 40_000)), -128, 127).astype(np.int8)
    loud = np.clip(np.rint(rng.normal(20, 200, 40_000)), -128, 127).astype(np.int8)
    a, b = samples.measure(quiet), samples.measure(loud)
    assert a.decibels == pytest.approx(20 * np.log10(20), abs=0.1)
    assert a.clipped < 1e-3 < 0.4 < b.clipped
    assert a.offset < 0.02 < b.offset


def test_what_holds_no_signal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"")
    with pytest.raises(RabtaError, match="no samples"):
        samples.read(path, RATE)
    path.write_bytes(bytes(40_000))
    with pytest.raises(RabtaError, match="all samples are the same"):
        samples.read(path, RATE)
    path.write_bytes(generate.digitise(noise(1000), "iq8"))
    with pytest.raises(RabtaError, match="too few samples"):
        samples.read(path, RATE)
    with pytest.raises(RabtaError, match="did you mean 'iq8'"):
        samples.read(path, RATE, "iq9")
    with pytest.raises(RabtaError, match="1e5 to 1e9"):
        samples.read(path, 4.0)
    with pytest.raises(RabtaError, match="frequency that the carrier lies at"):
        samples.read(path, RATE, "i8")
    with pytest.raises(RabtaError, match="cannot read"):
        samples.read(tmp_path / "none.bin", RATE)
    (tmp_path / "b.xz").write_bytes(lzma.compress(bytes(range(256)) * 100)[:-20])
    with pytest.raises(RabtaError, match="cannot read"):
        samples.read(tmp_path / "b.xz", RATE)
    (tmp_path / "c.bin").write_bytes(np.full(40_000, np.nan, dtype="<f4").tobytes())
    with pytest.raises(RabtaError, match="no numbers"):
        samples.read(tmp_path / "c.bin", RATE, "iqf32")


@settings(max_examples=40, deadline=None)
@given(data=st.binary(max_size=3000), form=st.sampled_from(sorted(samples.FORMATS)), cut=st.integers(0, 5))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, form: str, cut: int
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "a.bin"
    path.write_bytes(data * 12 + bytes(cut))
    try:
        read = samples.read(path, 4e5, form, if_hz=1e5)
    except RabtaError:
        return
    assert np.isfinite(read.values).all()
