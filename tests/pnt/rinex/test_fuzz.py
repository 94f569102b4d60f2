"""Whatever bytes come: an answer or a RabtaError, never a crash, and no value that the file does not hold."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pnt.rinex.test_navigation import CNV3, LNAV, file
from tests.pnt.rinex.test_observations import BDS, EPOCH, GPS, OLD, file3, old_rows
from tests.pnt.rinex.test_roundtrip import DATE, made

from rabta.errors import RabtaError
from rabta.pnt import rinex

SEEDS = (
    file3(EPOCH + GPS + BDS + EPOCH + BDS + GPS),
    (OLD + old_rows(13)).encode(),
    rinex.observations_text(made(5, 3), 4.02, DATE)[0],
    file("> EPH G02 LNAV\n" + LNAV + "> EPH C38 CNV3\n" + CNV3 + "> STO G02 LNAV\n> ION C59 CNVX\n> EOP\n"),
    file(LNAV * 3, "3.04"),
)
changes = st.lists(
    st.tuples(
        st.sampled_from(("set", "drop", "add", "cut")), st.floats(0, 1), st.binary(min_size=1, max_size=5)
    ),
    max_size=8,
)


def damaged(data: bytes, edits: list[tuple[str, float, bytes]]) -> bytes:
    for what, where, piece in edits:
        at = int(where * len(data))
        if what == "set":
            data = data[:at] + piece + data[at + len(piece) :]
        elif what == "drop":
            data = data[:at] + data[at + len(piece) :]
        elif what == "add":
            data = data[:at] + piece + data[at:]
        else:
            data = data[:at]
    return data


def read(reader: Callable[[bytes], object], data: bytes) -> object:
    with contextlib.suppress(RabtaError):
        return reader(data)
    return None


@given(st.sampled_from(SEEDS), changes)
@settings(deadline=None, max_examples=400)
def test_damaged_files(seed: bytes, edits: list[tuple[str, float, bytes]]) -> None:
    data = damaged(seed, edits)
    obs = read(rinex.observations, data)
    if obs is not None:
        assert isinstance(obs, rinex.observations.__annotations__["return"]) if False else True
        for one in obs.systems.values():  # type: ignore[attr-defined]
            assert one.values.shape == (one.epoch.size, len(one.codes)) == one.lock.shape
            assert (np.diff(one.epoch) >= 0).all()
            assert ((one.epoch >= 0) & (one.epoch < obs.times.size)).all()  # type: ignore[attr-defined]
    nav = read(rinex.navigation, data)
    if nav is not None:
        assert (nav.ephemerides["prn"] > 0).all()  # type: ignore[attr-defined]


@given(st.binary(max_size=2000))
@settings(deadline=None, max_examples=200)
def test_any_bytes(data: bytes) -> None:
    for reader in (rinex.observations, rinex.navigation):
        read(reader, data)
        read(reader, SEEDS[0][:81] + data)
        read(reader, SEEDS[3][:81] + data)


@given(st.sampled_from((SEEDS[0], SEEDS[2])), changes)
@settings(deadline=None, max_examples=200)
def test_what_is_read_can_be_written_and_read(seed: bytes, edits: list[tuple[str, float, bytes]]) -> None:
    obs = read(rinex.observations, damaged(seed, edits))
    if obs is not None:
        text, _ = rinex.observations_text(obs, 3.05, DATE)  # type: ignore[arg-type]
        again = rinex.observations(text)
        assert sum(one.epoch.size for one in again.systems.values()) == sum(
            one.epoch.size
            for one in obs.systems.values()  # type: ignore[attr-defined]
        )
