"""Suite ``feasibility``: what an approval says of links, energy and ground risk, against published figures.

Predicted against replayed outage is our own closed form beside our own draws of the same published channel: it
shows that the closed form is right, not that the channel is. Hovering times: DJI, Matrice 100, specifications
(2015). Ground risk: JARUS SORA 2.5, annex F, as the casex package 1.2 (MIT) prints it.
"""  # noqa: E501

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from rabta.airspace.feasibility import channel, energy, ground, replay
from rabta.verify import Row, suite

FLIGHTS = 200
POINTS = 0.02
"""The target: two points."""
HOVER = "DJI, Matrice 100, specifications: weight, battery, hovering time; one efficiency of 0.45 for all"
MATRICE_100 = (
    (2.355, 99.9, 22.0), (2.855, 99.9, 17.0), (3.355, 99.9, 13.0),
    (2.431, 129.96, 28.0), (2.931, 129.96, 20.0), (3.431, 129.96, 16.0),
)  # fmt: skip
ANNEX = "JARUS SORA 2.5, annex F, raw class less 0.3, rounded up; raw classes printed by casex 1.2"
RAW = {25: (3.1, 4.3, 5.3, 6.3, 7.1), 2_500: (5.1, 6.3, 7.3, 8.3, 9.1), 25_000: (6.1, 7.3, 8.3, 9.3, 10.1)}


@suite("feasibility", "Approvals that know links, energy and ground risk")
def rows(_: Path | None) -> list[Row]:
    """Outage predicted and replayed, hovering times, ground risk classes."""
    return [*_links(), *_hover(), *_classes()]


def lattice(count: int, spacing_m: float, seed: int) -> channel.Sites:
    """Sites on a lattice with jitter around 33.7 N, 73 E: urban, half loaded."""
    random, side = np.random.default_rng(seed), math.ceil(math.sqrt(count))
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)[:count]
    place = (grid - (side - 1) / 2.0) * spacing_m + random.normal(0.0, 0.15 * spacing_m, (count, 2))
    east = 111_195.0 * math.cos(math.radians(33.7))
    return channel.Sites(
        33.7 + place[:, 1] / 111_195.0, 73.0 + place[:, 0] / east, np.full(count, 25.0),
        120.0 * random.random(count), np.full(count, 6.0), np.full(count, True), np.full((count, 24), 0.5),
        53.0, 1.8425, -107.0,
    )  # fmt: skip


def _links() -> list[Row]:
    at = channel.Channel(lattice(64, 1_200.0, 1), (33.7, 73.0))
    begin, end, height = replay.drawn(3_000.0, FLIGHTS, (30.0, 60.0, 120.0), 5)
    flown = replay.fly(at, begin, end, height, seed=5)
    words = f"{FLIGHTS} drawn flights over 64 sites, correlated shadowing and fading of every sector"
    both = float(flown.predicted.mean()), float(flown.replayed.mean())
    return [Row("Share of flight without a command link, predicted and replayed", *both, POINTS, words)]


def _hover() -> list[Row]:
    found = []
    for mass, wh, minutes in MATRICE_100:
        craft = energy.Aircraft(mass_kg=mass, rotor_m=13 * 0.0254)
        ours = 60.0 * wh / float(energy.power_w(craft, 0.0))
        found.append(
            Row(f"Hovering time of {mass:g} kg on {wh:g} Wh, min", ours, minutes, 0.05 * minutes, HOVER)
        )
    return found


def _classes() -> list[Row]:
    found = []
    for people, raws in RAW.items():
        for size, speed, raw in zip(ground.DIMENSION_M, ground.SPEED_M_S, raws, strict=True):
            ours = float(ground.intrinsic(size, speed, people))
            name = f"Ground risk class of {size:g} m and {speed:g} m/s over {people:,} people a km2"
            found.append(Row(name, ours, math.ceil(round(raw - 0.3, 1)), 0.0, ANNEX))
    return found
