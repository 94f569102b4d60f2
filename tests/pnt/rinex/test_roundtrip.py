"""What is written is read again, to the last bit; real files come back line by line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.pnt import rinex
from rabta.pnt.gnsstime import NS
from rabta.pnt.records import Navigation, Observations, SystemObservations, TimeOffset, empty_ephemerides
from rabta.pnt.rinex.layouts import KILOMETRES, LAYOUTS
from rabta.pnt.text import load

CODES = {"G": ("C1C", "L1C", "D1C", "S1C"), "C": ("C2I", "L2I", "C6I"), "R": ("C1C",), "E": ("C1C", "L1C")}
DATE = "20260101 000000 UTC"


def same(a: Observations, b: Observations) -> None:
    np.testing.assert_array_equal(a.times, b.times)
    np.testing.assert_array_equal(a.flags, b.flags)
    assert list(a.systems) == list(b.systems)
    for letter, one in a.systems.items():
        other = b.systems[letter]
        assert one.codes == other.codes
        for name in ("epoch", "prn", "values", "lock", "strength"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def made(seed: int, epochs: int, scale: str = "G") -> Observations:
    """Random observations on the format's grid, some missing."""
    rng = np.random.default_rng(seed)
    systems = {}
    for letter, codes in CODES.items():
        if rng.random() < 0.3 and letter != "G":
            continue
        seen = [
            np.sort(rng.choice(np.arange(1, 40), rng.integers(1, 9), replace=False)) for _ in range(epochs)
        ]
        epoch = np.repeat(np.arange(epochs, dtype=np.int32), [len(x) for x in seen])
        shape = epoch.size, len(codes)
        values = rng.integers(-(10**10), 10**12, shape) / 1000.0
        values[(rng.random(shape) < 0.3) | (values == 0.0)] = np.nan
        lock, strength = (rng.integers(0, 8, shape).astype(np.uint8) for _ in range(2))
        systems[letter] = SystemObservations(
            codes, epoch, np.concatenate(seen).astype(np.int16), values, lock, strength
        )
    times = np.int64(1_400_000_000 * NS) + np.sort(rng.choice(10**6, epochs, replace=False)) * 12_345_600
    header = {
        "time_system": scale,
        "clock_offset_s": rng.integers(0, 10**9, epochs) * 1e-12,
        "glonass_slots": {1: -7},
    }
    return Observations(times.astype(np.int64), rng.integers(0, 2, epochs).astype(np.uint8), systems, header)


@given(st.integers(0, 2**32), st.integers(1, 6), st.sampled_from("GRC"), st.sampled_from((3.05, 4.02)))
@settings(deadline=None, max_examples=40)
def test_observations(seed: int, epochs: int, scale: str, version: float) -> None:
    obs = made(seed, epochs, scale)
    text, notes = rinex.observations_text(obs, version, DATE)
    again = rinex.observations(text)
    assert notes == again.notes == ()
    same(obs, again)
    np.testing.assert_allclose(
        again.header["clock_offset_s"], obs.header["clock_offset_s"], rtol=0, atol=1e-16
    )
    assert rinex.observations_text(again, version, DATE)[0] == text


def test_what_the_format_cannot_hold_is_said() -> None:
    obs = made(1, 2)
    obs.systems["G"].values[0, 0] = 1e11
    obs.times[0] += 1
    text, notes = rinex.observations_text(obs, 3.05, DATE)
    assert any("too large" in note for note in notes)
    assert any("100 ns" in note for note in notes)
    assert np.isnan(rinex.observations(text).systems["G"].values[0, 0])
    with pytest.raises(RabtaError, match="not written"):
        rinex.observations_text(obs, 2.11)
    with pytest.raises(RabtaError, match="no observations"):
        rinex.observations_text(Observations(obs.times, obs.flags, {}))


def ephemeris(rng: np.random.Generator, system: str, kind: str) -> np.ndarray:
    """A row of numbers as thirteen digits hold them."""
    row = empty_ephemerides(1)
    names = {name for line in LAYOUTS[system, kind] for name in line}
    for name in names & set(row.dtype.names or ()) - {"iode", "iodc"}:
        value = float(f"{rng.normal() * 10.0 ** rng.integers(-18, 4):.12E}")
        row[name] = value * 1e3 if name in KILOMETRES else value
    week = int(rng.integers(1400, 2600))
    time = (week * 604800 + int(rng.integers(0, 604800))) * NS + (14 * NS if system == "C" else 0)
    time -= (
        time % (16 * NS) if system != "R" else 0
    )  # broadcast times of reference are in steps of 16 s and more
    row["toc"] = row["toe"] = time
    row["sent"], row["system"], row["kind"] = time - int(rng.integers(0, 7200)) * NS, system, kind
    row["prn"] = 60 if kind == "D2" else int(rng.integers(6, 36))
    if "top_s" in names:
        row["t_op"] = time - int(rng.integers(0, 24)) * 300 * NS
    for name in names & {"iode", "iodc"}:
        row[name] = int(rng.integers(0, 256))
    if system in "EI":
        row["iodc"] = row["iode"]
    if system in "RS":
        row["x"], row["y"], row["z"] = 2e7, 1e7, float(rng.integers(0, 10**7)) / 1e3 * 1e3
    else:
        row["e"], row["sqrt_a"] = (
            float(f"{rng.random() * 0.1:.12E}"),
            float(f"{rng.uniform(4000, 7000):.12E}"),
        )
    if system == "J" and kind == "LNAV":
        row["fit_h"] = 4.0
    return row


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_navigation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [ephemeris(rng, system, kind) for system, kind in LAYOUTS if kind != "L1NV"]
    order = rng.permutation(len(rows))
    offset = TimeOffset(
        "BDGP", 1_400_000_000 * NS + 14 * NS, 1e-8, 2e-15, 0.0, "C", 21, "CNVX", sent=1_400_000_100 * NS
    )
    nav = Navigation(np.concatenate([rows[k] for k in order]), offsets=(offset,), leap_seconds=18)
    text, notes = rinex.navigation_text(nav, 4.02, DATE)
    again = rinex.navigation(text.encode())
    assert notes == again.notes == ()
    assert again.ephemerides.tobytes() == nav.ephemerides.tobytes()
    assert again.offsets == nav.offsets
    assert rinex.navigation_text(again, 4.02, DATE)[0] == text


def body(text: bytes) -> list[bytes]:
    return [
        line.rstrip() for line in text[text.index(b"END OF HEADER") :].replace(b"\r", b"").split(b"\n")[1:]
    ]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["esbc/ESBC00DNK_R_20201770000_01D_30S_MO.crx.gz", "nav4/kms3.crx.gz"])
def test_a_canonical_file_comes_back_line_by_line(shared: Path, name: str) -> None:
    path = shared / "data" / "gnss" / name
    obs = rinex.observations(path)
    text, _ = rinex.observations_text(obs, 3.05)
    same(obs, rinex.observations(text))
    assert body(text) == body(load(path)[0])


@pytest.mark.shared
def test_every_real_file_comes_back(shared: Path) -> None:
    folder = shared / "data" / "gnss"
    found = [*folder.glob("*/*.obs.gz"), *folder.glob("*/*MO*.rnx.gz"), *folder.glob("bele/*.crx.gz")]
    assert found
    for path in found:
        obs = rinex.observations(path)
        assert obs.notes == (), path
        same(obs, rinex.observations(rinex.observations_text(obs, 4.02)[0]))
    found = [
        *folder.glob("*/*MN*.gz"),
        *folder.glob("*/*nav*.gz"),
        *folder.glob("*/*.19?"),
        *folder.glob("*/*.nav"),
    ]
    assert found
    for path in found:
        nav = rinex.navigation(path)
        assert nav.notes == (), path
        again = rinex.navigation(rinex.navigation_text(nav)[0].encode())
        assert again.ephemerides.tobytes() == nav.ephemerides.tobytes()
        assert (again.ionosphere, again.offsets, again.orientation) == (
            nav.ionosphere,
            nav.offsets,
            nav.orientation,
        )
