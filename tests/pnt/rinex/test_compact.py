"""Compact RINEX, beside the library that wraps its author's own program."""

from __future__ import annotations

import contextlib
from pathlib import Path

import hatanaka
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pnt.rinex.test_observations import GPS, OLD, file3, head, old_rows
from tests.pnt.rinex.test_roundtrip import DATE, made, same

from rabta.errors import RabtaError
from rabta.pnt import rinex
from rabta.pnt.text import load
from rabta.pnt.text.crinex import expand


def compact(seed: int, epochs: int) -> tuple[bytes, bytes]:
    """A file of random observations whose satellites come and go, plain and compact."""
    obs = made(seed, epochs)
    text, _ = rinex.observations_text(obs, 3.05, DATE)
    return text, bytes(hatanaka.rnx2crx(text))


@given(st.integers(0, 2**32), st.integers(1, 9))
@settings(deadline=None, max_examples=25)
def test_the_same_bytes_as_its_author(seed: int, epochs: int) -> None:
    text, packed = compact(seed, epochs)
    plain, _, whole = expand(packed)
    assert whole
    assert plain == bytes(hatanaka.decompress(packed))
    same(rinex.observations(packed), rinex.observations(text))


def test_what_it_leaves_to_the_library() -> None:
    event = "> 2024 01 10 00 00 10.0000000  4  1\n" + head("something happened", "COMMENT")
    one = "> 2024 01 10 00 00 {:2d}.0000000  0  1\n" + GPS
    plain = file3(one.format(0) + event + one.format(20), head("rabta", "PGM / RUN BY / DATE"))
    packed = bytes(hatanaka.rnx2crx(plain))
    assert not expand(packed)[2]
    assert rinex.observations(packed).times.size == 2
    old = (
        OLD.replace(head("", "END OF HEADER"), head("x", "PGM / RUN BY / DATE") + head("", "END OF HEADER"))
    ).encode()
    packed = bytes(hatanaka.rnx2crx(old + old_rows(13).encode()))
    assert not expand(packed)[2]
    assert rinex.observations(packed).systems["G"].prn.size == 8


def test_of_a_damaged_file_the_beginning_is_used() -> None:
    text, packed = compact(3, 9)
    lines = packed.split(b"\n")
    cut = b"\n".join(lines[:-6]) + b"\n"
    obs = rinex.observations(cut)
    whole = rinex.observations(text)
    assert 0 < obs.times.size < whole.times.size
    np.testing.assert_array_equal(obs.times, whole.times[: obs.times.size])
    assert "compact RINEX is damaged at its line" in obs.notes[-1]


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.binary(max_size=4)), min_size=1, max_size=5))
@settings(deadline=None, max_examples=100)
def test_damaged(changes: list[tuple[float, int, bytes]]) -> None:
    data = compact(7, 4)[1]
    for where, drop, piece in changes:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + drop :]
    with contextlib.suppress(RabtaError):
        rinex.observations(data)


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    [
        "esbc/ESBC00DNK_R_20201770000_01D_30S_MO.crx.gz",
        "bele/BELE00BRA_R_20240100000_01D_30S_MO.crx.gz",
        "nav4/kms3.crx.gz",
    ],
)
def test_real_files(shared: Path, name: str) -> None:
    path = shared / "data" / "gnss" / name
    assert load(path)[0] == bytes(hatanaka.decompress(path.read_bytes()))
