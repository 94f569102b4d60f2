"""Suite ``spoofing``: jammers in samples made to measure; attacks injected into recorded observations."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rabta.pnt import rinex
from rabta.pnt.baseband.generate import jammer
from rabta.pnt.records import Navigation, Observations
from rabta.pnt.spoofing import detect, waves
from rabta.pnt.spoofing.inject import Attack, inject
from rabta.verify import Row, suite

GOAL = "stated goal"
TRIALS = 50
SETS = {
    "Wettzell": (
        "wettzell/WTZR00DEU_R_20201770000_01D_30S_MO_120epoch.rnx.gz",
        ("wettzell/ESBC00DNK_R_20201770000_01D_MN.rnx.gz",),
    ),
    "Nagoya": ("nagoya/rover.obs.gz", ("nagoya/base.nav",)),
    "Hong Kong": ("hk_tst/COM3_190428_124409.obs.gz", ("hk_tst/hksc1180.19n", "hk_tst/hksc1180.19b")),
}


@suite("spoofing", "Navigation: lies and jammers", needs="wettzell, nagoya, hk_tst")
def rows(files: Path | None) -> list[Row]:
    """Jammers in noise; with files, clean hours and injected attacks."""
    found = _jammers()
    for name, (observations, navigation) in SETS.items():
        if files is not None and (files / observations).is_file():
            obs = rinex.observations(files / observations)
            nav = rinex.merge([rinex.navigation(files / part) for part in navigation])
            found += _recorded(name, obs, nav)
    return found


def _jammers() -> list[Row]:
    """A jammer as strong as the noise, and noise alone."""
    out, size = [], 400_000
    for kind in ("none", "tone", "chirp"):
        seen = 0
        for seed in range(TRIALS):
            rng = np.random.default_rng(seed)
            values = (rng.standard_normal(size) + 1j * rng.standard_normal(size)) * 0.5**0.5
            if kind != "none":
                where, sweep = float(rng.uniform(-1e6, 1e6)), float(rng.uniform(1e5, 2e6))
                values = values + jammer(
                    kind, 4e6, size, 1.0, seed=seed, offset_hz=where, width_hz=sweep,
                    period_s=float(10.0 ** rng.uniform(-5.0, -3.0)),
                )  # fmt: skip
            seen += waves.jammer(values, 4e6).found
        wanted = 0.0 if kind == "none" else float(TRIALS)
        out.append(Row(f"jammer of 0 dB, 100 ms, {kind}: found of {TRIALS}", seen, wanted, 0.0, GOAL))
    return out


def _recorded(name: str, obs: Observations, nav: Navigation) -> list[Row]:
    """Alarms in recorded epochs, and attacks on the last third found before 30 m."""
    static = name != "Hong Kong"
    clean = detect.watch(obs, nav, detect.Options(static=static))
    out = [Row(f"{name}: alarms without an attack", len(clean.alarms), 0.0, 0.0, GOAL)]
    # a clock is believed after three minutes of past
    start = int(obs.times[obs.times.size * 2 // 3])
    for speed in (0.5, 1.5, 5.0) if static else ():
        for what, attack in (
            ("pull-off", Attack(start, position_m_s=(0.6 * speed, -0.8 * speed, 0.0))),
            ("time push", Attack(start, time_m_s=speed)),
        ):
            found = detect.watch(inject(obs, nav, attack), nav, detect.Options(static=True))
            since = (obs.times - start) / 1e9
            within = (since > 0.0) & (speed * since <= 30.0)
            within[np.flatnonzero(since > 0.0)[0]] = True
            seen = bool((found.state[within] >= 2).any())
            out.append(Row(f"{name}: {what} of {speed} m/s found before 30 m", float(seen), 1.0, 0.0, GOAL))
    return out
