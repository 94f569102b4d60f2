"""Suite ``uav``: aerial users of cells against values worked out from the tables of TR 36.777.

Sources: tables B-1 to B-3 as the tr3gpp 0.2.0 package (MIT) transcribes them from TR 36.777 V15.0.0, its
formulas evaluated as text by another program; TR 38.901, tables 7.4.1-1 and 7.4.2-1, worked out by hand.
"""

from __future__ import annotations

from pathlib import Path

from rabta.radio.air import uav
from rabta.verify import Row, suite

TABLES = "TR 36.777 V15.0.0, tables B-1 to B-3, formulas of tr3gpp 0.2.0 (MIT) evaluated"
FADING = "TR 36.777 V15.0.0, tables B.1.1-1, B.1.1-2, B.1.2-1, B.1.2-2, as in tr3gpp 0.2.0 (MIT)"
BELOW = "TR 38.901, tables 7.4.1-1 and 7.4.2-1, by hand"
EXACT = 1e-6

# scenario, m, height m, GHz, chance of sight, loss seen and hidden dB, deviations seen and hidden dB
VALUES = (
    ("RMa-AV", 500.0, 15.0, 0.7, 0.74306509, 88.143055, 94.994224, 3.919972, 6.0),
    ("RMa-AV", 3000.0, 35.0, 0.7, 0.71226725, 102.78289, 110.587744, 3.575427, 6.0),
    ("RMa-AV", 9000.0, 40.0, 2.0, 0.36732264, 121.565889, 131.285713, 3.49413, 6.0),
    ("UMa-AV", 200.0, 25.0, 2.0, 0.92130238, 84.64326, 104.292839, 3.934227, 6.0),
    ("UMa-AV", 1500.0, 50.0, 2.0, 0.67080334, 103.895934, 129.292041, 3.335806, 6.0),
    ("UMa-AV", 3900.0, 100.0, 3.5, 0.47512567, 117.886549, 140.73977, 2.39819, 6.0),
    ("UMi-AV", 100.0, 30.0, 2.0, 0.79349314, 80.126684, 102.640668, 3.704091, 8.0),
    ("UMi-AV", 900.0, 120.0, 2.0, 0.32387667, 99.649587, 119.449811, 2.0, 8.0),
    ("UMi-AV", 3500.0, 300.0, 3.5, 0.08657829, 116.278548, 129.700257, 2.0, 8.0),
)
# above the heights at which there always is a line of sight
HIGH = (
    ("RMa-AV", 8000.0, 300.0, 2.0, 116.528935, 1.05663),
    ("UMa-AV", 2500.0, 250.0, 2.0, 108.81382, 0.891112),
)
# scenario, m, height m, GHz, loss seen and hidden dB, deviations
LOW = (
    ("UMa-AV", 200.0, 1.5, 2.0, 84.708764, 109.601212, 4.0, 6.0),
    ("UMi-AV", 200.0, 1.5, 2.0, 90.952382, 110.052131, 4.0, 7.82),
    ("UMa-AV", 500.0, 1.5, 2.0, 96.884843, 125.055073, 4.0, 6.0),
    ("UMi-AV", 500.0, 1.5, 2.0, 106.856817, 124.087795, 4.0, 7.82),
    ("UMa-AV", 3000.0, 20.0, 3.5, 115.378042, 149.207283, 4.0, 6.0),
    ("UMi-AV", 3000.0, 20.0, 3.5, 116.300958, 151.181115, 4.0, 7.82),
)
# scenario, m, height m, chance
LOW_SIGHT = (
    ("UMa-AV", 200.0, 1.5, 0.12804773),
    ("UMa-AV", 200.0, 20.0, 0.32572632),
    ("UMi-AV", 100.0, 1.5, 0.23098475),
    ("RMa-AV", 500.0, 5.0, 0.61262639),
)
# scenario, parameter, height m, sight, mean and deviation
MODIFIED = (
    ("RMa-AV", "DS", 100.0, True, 0.0549 * 2 - 8.0945, 0.502674),
    ("RMa-AV", "K", 50.0, True, 33.591774, 16.017701),
    ("UMa-AV", "DS", 100.0, False, 0.0965 * 2 - 7.503, 0.621369),
    ("UMa-AV", "ZSA", 100.0, False, -0.001 - 0.4695, 0.759350),
)


@suite("uav", "Aerial users of cells: TR 36.777")
def rows(_: Path | None) -> list[Row]:
    """Sight, loss and shadowing in the air and near the ground, and the spreads of fast fading."""
    found = [row for values in VALUES for row in _aerial(*values)]
    for scenario, d, h, ghz, loss, spread in HIGH:
        where = f"{scenario}, {d:g} m, {h:g} m up, {ghz:g} GHz"
        chance = float(uav.los_probability(scenario, d, h))
        found.append(Row(f"{where}: chance of sight", chance, 1.0, EXACT, TABLES))
        found += _one(where, scenario, d, h, ghz, True, loss, spread, TABLES)
    return [*found, *_low(), *_fading()]


def _aerial(
    scenario: str,
    d: float,
    h: float,
    ghz: float,
    chance: float,
    seen: float,
    hidden: float,
    near: float,
    far: float,
) -> list[Row]:
    where = f"{scenario}, {d:g} m, {h:g} m up, {ghz:g} GHz"
    sight = Row(
        f"{where}: chance of sight", float(uav.los_probability(scenario, d, h)), chance, EXACT, TABLES
    )
    clear = _one(where, scenario, d, h, ghz, True, seen, near, TABLES)
    return [sight, *clear, *_one(where, scenario, d, h, ghz, False, hidden, far, TABLES)]


def _one(
    where: str,
    scenario: str,
    d: float,
    h: float,
    ghz: float,
    los: bool,
    loss: float,
    spread: float,
    source: str,
) -> list[Row]:
    word = "seen" if los else "hidden"
    ours = (
        float(uav.path_loss_db(scenario, d, h, ghz, los)),
        float(uav.shadowing_db(scenario, d, h, ghz, los)),
    )
    return [
        Row(f"{where}: loss, {word}, dB", ours[0], loss, EXACT, source),
        Row(f"{where}: shadowing, {word}, dB", ours[1], spread, EXACT, source),
    ]


def _low() -> list[Row]:
    rows = []
    for scenario, d, h, ghz, seen, hidden, near, far in LOW:
        where = f"{scenario}, {d:g} m, {h:g} m up, {ghz:g} GHz"
        rows += _one(where, scenario, d, h, ghz, True, seen, near, BELOW)
        rows += _one(where, scenario, d, h, ghz, False, hidden, far, BELOW)
    for scenario, d, h, chance in LOW_SIGHT:
        ours = float(uav.los_probability(scenario, d, h))
        rows.append(Row(f"{scenario}, {d:g} m, {h:g} m up: chance of sight", ours, chance, EXACT, BELOW))
    return rows


def _fading() -> list[Row]:
    rows = []
    for scenario, parameter, h, los, mean, spread in MODIFIED:
        ours = uav.modified(scenario, parameter, h, los)
        name = f"{scenario}, {parameter}, {h:g} m up, {'seen' if los else 'hidden'}"
        rows.append(Row(f"{name}: mean", float(ours[0]), mean, EXACT, FADING))
        rows.append(Row(f"{name}: deviation", float(ours[1]), spread, EXACT, FADING))
    for scenario, los, k, delay in (("RMa-AV", True, 20.0, 10.0), ("UMa-AV", False, 10.0, 30.0)):
        wanted = uav.desired(scenario, los)
        rows.append(Row(f"{scenario}, alternative 1: K, dB", wanted.k_db, k, 0.0, FADING))
        rows.append(
            Row(
                f"{scenario}, alternative 1: delay spread, ns",
                wanted.delay_spread_s * 1e9,
                delay,
                1e-9,
                FADING,
            )
        )
    return rows
