"""Compiled sums of beams and of constellations against their references in NumPy."""

from __future__ import annotations

import numpy as np

from rabta.radio.interference import _kernels as over
from rabta.radio.patterns.beams import _kernels, downlink, layouts
from rabta.radio.patterns.shapes import Aperture


def test_sums_of_beams() -> None:
    layout = layouts.hexagonal(4.4127, tiers=4, reuse=4, polarisations=2)
    uv, serving = layouts.cell_points(layout, 20)
    table, step = downlink.pattern_table(Aperture(2.0, 2.0, 30.0), 4.4127)
    power = np.random.default_rng(3).uniform(0.0, 2.0, len(layout))
    arguments = (
        layouts.unit(uv),
        serving,
        layouts.unit(layout.uv),
        layout.colour,
        power,
        layout.coupling(25.0),
    )
    carrier, other = np.empty(len(uv)), np.empty(len(uv))
    _kernels.beam_sums(*arguments, table, step, carrier, other)
    theirs = _kernels.beam_sums_reference(*arguments, table, step)
    np.testing.assert_allclose(carrier, theirs[0], rtol=1e-10)
    np.testing.assert_allclose(other, theirs[1], rtol=1e-8)


def test_constellations_over_a_place() -> None:
    rng = np.random.default_rng(4)
    place, up = np.array([6.378e6, 0.0, 0.0]), np.array([1.0, 0.0, 0.0])
    shells = []
    for count, height in ((25, 5.5e5), (50, 1.2e6)):
        raw = rng.normal(size=(30, count, 3)) * 0.3 + [1.0, 0.0, 0.0]
        shells.append((6.378e6 + height) * raw / np.linalg.norm(raw, axis=2)[..., None])
    shells[0][7] = -shells[0][7]  # a step with nothing in view
    table, step = np.exp(-np.linspace(0.0, 20.0, 2001)), 1e-3
    found = np.empty(30, dtype=np.int64), np.empty(30), np.empty(30), np.empty(30)
    wanted, other = shells
    over.over_place(place, up, wanted, other, 0.4, 0.1, table, step, found[0], found[1], found[2], found[3])
    theirs = over.over_place_reference(place, up, wanted, other, 0.4, 0.1, table, step)
    assert found[0][7] == -1
    for mine, reference in zip(found, theirs, strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-9)
