"""Suite ``system``: schedulers, slices, relays and energy against theory and published numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rabta.mobile.system import energy, iab, layouts, losses, received, scheduler, slices
from rabta.verify import Row, suite

GAIN = "1 + 1/2 + ... + 1/K: Viswanath, Tse and Laroia, IEEE Trans. Inf. Theory 48 (2002) 1277, section IV"
SHARES = "Kelly, Maulloo and Tan, J. Oper. Res. Soc. 49 (1998) 237: equal time where rates do not change"
JAIN = "Jain, Chiu and Hawe, DEC TR-301 (1984): (sum x)^2 / (n sum x^2)"
HALF = "node balance of a half-duplex tree; Hajek and Sasaki, IEEE Trans. Inf. Theory 34 (1988) 910"
EARTH = (
    "Auer et al., IEEE Wireless Communications 18 (2011) no. 5, p. 40, table 1: totals of all components as "
    "widely quoted; the paper itself was not at hand"
)
EARTH_W = {"macro": 1350.0, "micro": 144.6, "pico": 14.7, "femto": 10.4}
SLOTS = 40_000


@suite("system", "Cells as a system: schedulers, slices, relays, energy")
def rows(_files: Path | None) -> list[Row]:
    """Compare with closed forms and published numbers."""
    return [*_schedulers(), *_guarantees(), *_relays(), *_energy(), *_losses(), *_ratios()]


def _schedulers() -> list[Row]:
    found = []
    for users in (2, 4, 8, 16):
        bits = np.random.default_rng(users).exponential(1000.0, (SLOTS, 1, users))
        fair = scheduler.run(bits, SLOTS, "proportional-fair", window=1000.0).mean_bits(SLOTS // 10)
        turn = scheduler.run(bits, SLOTS, "round-robin").mean_bits(SLOTS // 10)
        name = f"Gain of proportional fairness over turns, {users} users in Rayleigh fading"
        theirs = scheduler.fading_gain(users)
        found.append(Row(name, float(fair.sum() / turn.sum()), theirs, 0.025 * theirs, GAIN))
    fixed = np.array([100.0, 400.0, 1600.0])
    share = scheduler.run(fixed[None, None, :], 30_000, "proportional-fair").share
    found += [
        Row(f"Time of user {k + 1} of 3 at 1:4:16", float(s), 1 / 3, 0.005, SHARES)
        for k, s in enumerate(share)
    ]
    rate = scheduler.run(fixed[None, None, :], 30_000, "round-robin").mean_bits()
    theirs = float(fixed.sum() ** 2 / (3.0 * (fixed**2).sum()))
    found.append(Row("Fairness of turns at 1:4:16", scheduler.jain(rate), theirs, 1e-3, JAIN))
    best = scheduler.run(fixed[None, None, :], 1000, "max-rate").mean_bits().sum()
    optimum = "optimum of the linear programme, by SciPy's HiGHS in the tests"
    found.append(
        Row("Greatest sum of rates at 1:4:16", float(best), slices.greatest_sum(fixed), 1e-9, optimum)
    )
    even = fixed * (1.0 / fixed) / (1.0 / fixed).sum()
    held = scheduler.run(
        fixed[None, None, :], 50_000, "max-rate", demand=scheduler.Demand(guaranteed=0.999999 * even)
    )
    least = float(held.mean_bits().min())
    found.append(Row("Greatest least rate at 1:4:16", least, slices.greatest_least(fixed), 0.1, optimum))
    return found


def _guarantees() -> list[Row]:
    """Users whose guarantees take 95 % of a cell of fixed rates, and 80 % of fading ones."""
    rng = np.random.default_rng(5)
    users, slots = 12, 20_000
    alone = rng.uniform(200.0, 4000.0, users)
    want = 0.95 * alone * rng.dirichlet(np.ones(users))
    fixed = scheduler.run(alone[None, None, :], slots, demand=scheduler.Demand(guaranteed=want))
    fading = alone * rng.exponential(1.0, (slots, 1, users))
    drawn = scheduler.run(fading, slots, demand=scheduler.Demand(guaranteed=want * 0.8 / 0.95))
    source = "admissible where the sum of rate over rate alone is at most 1"
    missed = fixed.mean_bits() < want * (1.0 - users * alone.max() / alone.min() / slots)
    below = drawn.mean_bits() < want * 0.8 / 0.95 * 0.995
    return [
        Row("Guarantees missed at a load of 0.95", float(missed.sum()), 0.0, 0.0, source),
        Row("Guarantees missed at a load of 0.80 in fading", float(below.sum()), 0.0, 0.0, source),
        Row(
            "Users let in of 4 that take 0.4 each",
            float(slices.admit([40.0] * 4, 100.0).sum()),
            2.0,
            0.0,
            source,
        ),
    ]


def _relays() -> list[Row]:
    chain = iab.tree([-1, 0, 1, 2], 120.0, 120.0)
    last = [0.0, 0.0, 0.0, 1.0]
    ways = {("half-duplex", True): 60.0, ("full-duplex", True): 120.0, ("one-at-a-time", True): 30.0}
    found = [
        Row(
            f"Rate over four links of 120 Mbit/s, {mode}",
            iab.scale(chain, last, mode, shared=own),
            theirs,
            1e-9,
            HALF,
        )
        for (mode, own), theirs in ways.items()
    ]
    star = iab.tree([-1, 0, 0], [0.0, 100.0, 50.0], 100.0)
    # donor: x/100 + x/50 <= 1; relay on 50: x/50 + x/100 <= 1
    found.append(
        Row(
            "Two relays of 100 and 50 Mbit/s, each the same",
            iab.scale(star, [0.0, 1.0, 1.0]),
            100 / 3,
            1e-9,
            HALF,
        )
    )
    apart = iab.scale(star, [0.0, 1.0, 1.0], shared=False)
    found.append(Row("The same, access out of band", apart, 100 / 3, 1e-9, HALF))
    two = "a b / (a + b + 1): Laneman, Tse and Wornell, IEEE Trans. Inf. Theory 50 (2004) 3062"
    found.append(
        Row("Two hops of 20 dB behind a repeater, dB", float(iab.repeated_db(20.0, 20.0)), 16.968, 1e-3, two)
    )
    return found


def _energy() -> list[Row]:
    found = [
        Row(f"{name} at full load, W", energy.station(name).full_w, watts, 0.01 * watts, EARTH, gate=False)
        for name, watts in EARTH_W.items()
    ]
    tr = "TR 38.864, tables 5.1-3 to -5: deep sleep pays from 910 / 24 = 37.9 ms on, but needs 50 ms"
    one = energy.sleeper(1)
    at = float(one.silent(50.0))
    found.append(Row("Category 1, mean power of a gap of 50 ms", at, 1.0 + 1000.0 / 50.0, 1e-9, tr))
    found.append(
        Row("Category 1, mean power of a gap of 49 ms", float(one.silent(49.0)), 25.0 + 90.0 / 49.0, 1e-9, tr)
    )
    half = "TR 38.864, clause 5.1: P3 + (P4 - P3)(0.4 + 0.6 x 0.5)"
    found.append(
        Row("Category 1, sending on half the band", float(one.sending(band=0.5)), 55 + 225 * 0.7, 1e-9, half)
    )
    return found


def _losses() -> list[Row]:
    """Path and entry losses worked by hand."""
    hand = "TR 38.901, table 7.4.1-1, worked by hand"
    wall = "TR 38.901, tables 7.4.3-1 and -2, worked by hand at 6 GHz"
    low, high = losses.wall_db(6.0, [False, True])
    return [
        Row("UMi LOS at 100 m, 28 GHz, dB", float(losses.path_loss_db("UMi", 100.0, 28.0, True, base_m=10.0)),
            32.4 + 21 * np.log10(np.hypot(100.0, 8.5)) + 20 * np.log10(28.0), 1e-9, hand),
        Row("UMa NLOS at 1 km, 2 GHz, dB", float(losses.path_loss_db("UMa", 1000.0, 2.0, False)),
            13.54 + 39.08 * np.log10(np.hypot(1000.0, 23.5)) + 20 * np.log10(2.0), 1e-9, hand),
        Row("InH NLOS at 30 m, 30 GHz, dB",
            float(losses.path_loss_db("InH", 30.0, 30.0, False, base_m=3.0, height_m=1.0)),
            38.3 * np.log10(np.hypot(30.0, 2.0)) + 17.3 + 24.9 * np.log10(30.0), 1e-9, hand),
        Row("Wall of low loss, dB", float(low), 13.4022, 1e-4, wall),
        Row("Wall of high loss, dB", float(high), 30.6935, 1e-4, wall),
    ]  # fmt: skip


def _ratios() -> list[Row]:
    plan = layouts.hexagonal(500.0, azimuths_deg=0.0)
    seen = layouts.paths(plan, np.array([[250.0 * np.sqrt(0.75), 125.0, 25.0]]))
    level = -36.0 * np.log10(seen.distance_m)
    level = np.where(np.isin(np.argsort(np.argsort(level)), (17, 18)), level, -np.inf)
    half = received.sinr_db(level, received.serving(level), -np.inf, load=0.25)
    source = "two sites at the same distance, the other on a quarter of the time: 10 log10(4)"
    return [Row("Halfway between two sites, dB", float(half[0]), 6.0206, 1e-3, source)]
