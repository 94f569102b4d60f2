"""Encounters that every detect-and-avoid logic is asked about: head-on, crossing, overtaken, several.

The kinds A1 to A3, B and C are those of openutm's verification suite for ASTM F3442; places and speeds are
our own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rabta.airspace.tactical.traffic import Traffic, made

Row = tuple[float, float, float, float, float]  # east, north, up (m), track (degrees), speed (m/s)
SCENES: dict[str, tuple[str, tuple[Row, ...]]] = {
    "A1": ("head-on", ((-1200, 0, 80, 90, 14), (1200, 0, 80, 270, 14))),
    "A2": ("crossing from the right", ((0, -900, 80, 0, 13), (900, 0, 80, 270, 13))),
    "A3": ("overtaken by who flies faster", ((0, 0, 80, 0, 8), (0, -500, 80, 0, 16))),
    "B1": ("one among four from all sides", (
        (0, 0, 80, 0, 12), (900, 600, 80, 270, 12), (-900, 600, 80, 90, 12), (0, 1400, 80, 180, 12))),
    "B2": ("a chain of crossings", (
        (0, 0, 80, 0, 12), (310, 300, 80, 270, 12), (610, 600, 80, 270, 12), (910, 900, 80, 270, 12))),
    "C1": ("eight that all want through one place", tuple(
        (800 * np.sin(a), 800 * np.cos(a), 80, np.degrees(a) + 180, 12)
        for a in np.arange(8) * np.pi / 4)),
    "C2": ("two streams across each other", tuple(
        row for k in range(6) for row in ((-700 - 150 * k, 0, 80, 90, 12), (0, -700 - 150 * k, 80, 0, 12)))),
}  # fmt: skip


def scene(name: str) -> Traffic:
    """Traffic of a scene."""
    return placed(SCENES[name][1])


def placed(rows: Sequence[Row]) -> Traffic:
    """Traffic of rows of place, track and speed, flying level."""
    given = np.array(rows, float)
    track, speed = np.radians(given[:, 3]), given[:, 4]
    flown = np.column_stack([speed * np.sin(track), speed * np.cos(track), np.zeros(len(given))])
    return made(np.column_stack([given[:, :3], flown]))
