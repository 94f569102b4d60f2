"""H3 indices as arrays against the h3 library, cell by cell."""

from __future__ import annotations

import h3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta.nation import hexes


@pytest.fixture(scope="module")
def cells() -> np.ndarray:
    """Random cells of every resolution over the whole globe."""
    rng = np.random.default_rng(7)
    points = zip(
        rng.uniform(-90, 90, 3000), rng.uniform(-180, 180, 3000), rng.integers(0, 16, 3000), strict=True
    )
    return np.array([h3.str_to_int(h3.latlng_to_cell(lat, lon, int(r))) for lat, lon, r in points], np.uint64)


def test_resolution_and_text(cells: np.ndarray) -> None:
    names = hexes.texts(cells)
    assert hexes.resolution(cells).tolist() == [h3.get_resolution(name) for name in names]
    assert hexes.numbers(names).tolist() == cells.tolist()
    assert hexes.numbers(cells.astype(np.int64)).tolist() == cells.tolist()


@pytest.mark.parametrize("level", range(16))
def test_parents(cells: np.ndarray, level: int) -> None:
    finer = cells[hexes.resolution(cells) >= level]
    ours = hexes.texts(hexes.parent(finer, level))
    assert ours == [h3.cell_to_parent(name, level) for name in hexes.texts(finer)]
    coarse = cells[hexes.resolution(cells) < level]
    assert hexes.parent(coarse, level).tolist() == coarse.tolist()


def test_validity_with_one_bit_flipped(cells: np.ndarray) -> None:
    rng = np.random.default_rng(8)
    flipped = cells ^ (np.uint64(1) << rng.integers(0, 64, len(cells)).astype(np.uint64))
    ours = hexes.valid(np.concatenate([cells, flipped]))
    theirs = [h3.is_valid_cell(name) for name in hexes.texts(np.concatenate([cells, flipped]))]
    assert ours.tolist() == theirs
    assert 0.05 < np.mean(theirs[len(cells) :]) < 0.95


def test_pentagons_lack_a_child() -> None:
    children = [
        (h3.str_to_int(p) & ~(15 << 52) & ~(7 << (3 * (14 - r))))
        | ((r + 1) << 52)
        | (digit << (3 * (14 - r)))
        for r in range(4)
        for p in h3.get_pentagons(r)
        for digit in range(8)
    ]
    ours = hexes.valid(np.array(children, np.uint64))
    assert ours.tolist() == [h3.is_valid_cell(f"{c:x}") for c in children]
    assert ours.sum() == 4 * 12 * 6


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1))
def test_any_number(values: list[int]) -> None:
    ours = hexes.valid(np.array(values, np.uint64))
    assert ours.tolist() == [h3.is_valid_cell(f"{value:x}") for value in values]


@given(st.lists(st.one_of(st.text(), st.integers(), st.none()), min_size=1))
def test_anything_else_is_no_cell(values: list[object]) -> None:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    for value, number in zip(values, hexes.numbers(array).tolist(), strict=True):
        assert 0 <= number < 2**64
        if isinstance(value, str) and len(value) <= 16 and h3.is_valid_cell(value):  # h3 fails on longer ones
            assert number == h3.str_to_int(value)
