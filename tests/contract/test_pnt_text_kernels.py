"""Numbers in text, compiled, beside Python's own reading and writing of them."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rabta.pnt.rinex import _kernels
from rabta.pnt.text import Lines, lines
from rabta.pnt.text._kernels import columns, wholes


def read(texts: list[str], width: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of lines, by the kernel: one column."""
    found: Lines = lines(("\n".join(texts) + "\n").encode("ascii", "replace"))
    values, status = np.empty((len(found), 1)), np.empty((len(found), 1), np.uint8)
    columns(found.data, found.first, found.last, 0, width, 0, values, status)
    return values[:, 0], status[:, 0]


@given(st.lists(st.floats(-1e30, 1e30, allow_subnormal=False), min_size=1, max_size=20), st.integers(0, 17))
@example([1.7976931348623e30, 2.2250738585072014e-29, 9007199254740993.0, 0.1], 17)
@settings(deadline=None, max_examples=300)
def test_numbers_are_rounded_as_python_rounds_them(values: list[float], digits: int) -> None:
    values = [v if abs(v) > 1e-90 else 0.0 for v in values]
    for form in (f"%.{digits}E", f"%.{digits}e", f"%.{min(digits, 12)}f"):
        texts = [form % v for v in values]
        texts = [t if len(t.lstrip("-").split(".")[0]) < 19 or "E" in t.upper() else "1.0" for t in texts]
        got, status = read(texts, 60)
        assert (status == 1).all()
        np.testing.assert_array_equal(got, [float(t) for t in texts])


@given(st.text("0123456789.+-eEdD x", max_size=12))
@settings(deadline=None, max_examples=500)
def test_what_is_no_number_for_python_is_none_here(text: str) -> None:
    value, status = read([text or " ", "1"], 12)
    plain = text.strip().lower().replace("d", "e")
    try:
        right: float | None = float(plain)
    except ValueError:
        right = None
    if not plain:
        assert status[0] == 0
    elif right is None:
        assert status[0] == 2
    elif status[0] == 1:
        assert value[0] == right
    else:  # physical numbers have exponents of two digits
        assert abs(right) > 1e70 or len(plain.split("e")[-1].lstrip("+-")) > 2 or right == 0.0


@given(st.text("0123456789+- x", max_size=6))
@settings(deadline=None, max_examples=300)
def test_whole_numbers(text: str) -> None:
    found = lines((text + "\n" or "\n").encode())
    values, good = np.zeros((len(found), 1), np.int64), np.zeros(len(found), np.uint8)
    wholes(found.data, found.first, found.last, np.array([0]), np.array([6]), values, good)
    plain = text.strip(" ")
    valid = plain.lstrip("+-").isdigit() and len(plain) - len(plain.lstrip("+-")) <= 1
    assert bool(good[0]) == valid
    if valid:
        assert values[0, 0] == int(plain)


@given(st.lists(st.integers(-(10**12) + 1, 10**13 - 1), min_size=1, max_size=9), st.integers(0, 2**32))
@settings(deadline=None, max_examples=300)
def test_observations_are_written_and_read(thousandths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.array(thousandths) / 1000.0
    values[(np.abs(values) >= 1e9) & (values < 0)] = np.nan
    values = values[None, :]
    lock, strength = (rng.integers(0, 10, values.shape).astype(np.uint8) for _ in range(2))
    width = 3 + 16 * values.shape[1]
    out, length = np.empty((1, width), np.uint8), np.empty(1, np.int64)
    zeros = np.zeros(values.shape[1], np.uint8)
    lost = _kernels.rows_text(values, lock, strength, np.array([7], np.int16), ord("C"), zeros, out, length)
    cells = [f"{v:.3f}".replace("-0.", "-.") if np.isfinite(v) else "" for v in values[0].tolist()]
    cells = [f"{c[1:] if c.startswith('0.') else c:>14}" for c in cells]
    digits = zip(cells, lock[0].tolist(), strength[0].tolist(), strict=True)
    text = "C07" + "".join(f"{cell}{a or ' '}{b or ' '}" for cell, a, b in digits)
    assert lost == 0
    assert out[0, : length[0]].tobytes().decode() == text.rstrip()
