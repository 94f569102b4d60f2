"""Attacks injected into real observations: how many are found before 30 m; alarms in clean hours.

Run: ``python bench/spoofing.py FOLDER [attacks of each kind and station]`` with the reference files
(``esbc``, ``bele``, ``nagoya``, ``wettzell``, ``hk_tst``). Results: ``bench/results/spoofing.json``.
Every attack has a seed, a start, a speed and a direction of its own. It is found in time where an
alarm is raised by the last epoch at which place or time has moved by 30 m or less, or at the first epoch
that it touches at all (5 m/s is 150 m by the first epoch of 30 s data).
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rabta.pnt import rinex
from rabta.pnt.gnsstime import NS
from rabta.pnt.position import Options as Position
from rabta.pnt.position import geometry
from rabta.pnt.records import Navigation, Observations
from rabta.pnt.spoofing.detect import Options, watch
from rabta.pnt.spoofing.inject import Attack, inject

STATIONS = {
    "esbc": (
        "esbc/ESBC00DNK_R_20201770000_01D_30S_MO.crx.gz",
        ["esbc/ESBC00DNK_R_20201770000_01D_MN.rnx.gz"],
    ),
    "bele": (
        "bele/BELE00BRA_R_20240100000_01D_30S_MO.crx.gz",
        ["bele/BRDC00IGS_R_20240100000_01D_MN.rnx.gz"],
    ),
    "nagoya": ("nagoya/rover.obs.gz", ["nagoya/base.nav"]),
    "nagoya-base": ("nagoya/base.obs.gz", ["nagoya/base.nav"]),
    "wtzr": (
        "wettzell/WTZR00DEU_R_20201770000_01D_30S_MO_120epoch.rnx.gz",
        ["wettzell/ESBC00DNK_R_20201770000_01D_MN.rnx.gz"],
    ),
    "wtzz": (
        "wettzell/WTZZ00DEU_R_20201770000_01D_30S_MO_120epoch.rnx.gz",
        ["wettzell/ESBC00DNK_R_20201770000_01D_MN.rnx.gz"],
    ),
    "hk_tst": ("hk_tst/COM3_190428_124409.obs.gz", ["hk_tst/hksc1180.19n", "hk_tst/hksc1180.19b"]),
}
KINDS = (
    "pull-off, all signals", "pull-off, upper band", "pull-off, one system", "time push",
    "time push, one system", "meacon, jump", "meacon, growing", "one satellite",
)  # fmt: skip
BEFORE = {30.0: 60, 1.0: 200}
"""Epochs of clean past before an attack."""


def part(obs: Observations, first: int, last: int) -> Observations:
    """Epochs from first to before last."""
    systems = {}
    for letter, own in obs.systems.items():
        keep = (own.epoch >= first) & (own.epoch < last)
        systems[letter] = replace(
            own, epoch=(own.epoch[keep] - first).astype(np.int32), prn=own.prn[keep],
            values=own.values[keep], lock=own.lock[keep], strength=own.strength[keep],
        )  # fmt: skip
    return replace(obs, times=obs.times[first:last], flags=obs.flags[first:last], systems=systems)


def attack(
    kind: str, start: int, rng: np.random.Generator, obs: Observations, nav: Navigation
) -> tuple[Attack, float, float]:
    """An attack of a kind; its speed (m/s) and jump (m)."""
    speed = float(rng.uniform(0.5, 5.0))
    way = rng.normal(size=3) * [1.0, 1.0, 0.5]
    east, north, up = (float(v) for v in speed * way / np.linalg.norm(way))
    pull = east, north, up
    have = [s for s in "GEC" if s in obs.systems]
    one = str(rng.choice(have))
    sign = float(rng.choice([-1.0, 1.0]))
    if kind.startswith("pull-off"):
        bands = "upper" if "upper" in kind else "all"
        return (
            Attack(start, position_m_s=pull, bands=bands, systems=one if "one" in kind else "GRECJIS"),
            speed,
            0.0,
        )
    if kind.startswith("time"):
        return Attack(start, time_m_s=sign * speed, systems=one if "one" in kind else "GRECJIS"), speed, 0.0
    if kind == "meacon, jump":
        jump = float(rng.uniform(30.0, 3000.0))
        return Attack(start, time_m=jump), 0.0, jump
    if kind == "meacon, growing":
        return Attack(start, time_m_s=speed), speed, 0.0
    rows = geometry(obs, nav, Position(systems=one, mode="single"))
    seen = np.unique(rows.prn[rows.epoch >= obs.times.size - (62 if obs.times.size > 200 else 5)])
    name = f"{one}{int(rng.choice(seen)):02d}"
    return Attack(start, satellites={name: (sign * speed, 0.0)}), speed, 0.0


def trial(obs: Observations, nav: Navigation, kind: str, seed: int, static: bool) -> dict[str, Any]:
    """One attack."""
    rng = np.random.default_rng(seed)
    step = round(float(np.median(np.diff(obs.times))) / NS)
    past = min(BEFORE[float(step)], obs.times.size - 65)
    first = int(rng.integers(0, obs.times.size - past - (4 if step > 5 else 61)))
    window = part(obs, first, first + past + (4 if step > 5 else 61))
    done, speed, jump = attack(
        kind, int(window.times[past - 1] + (1 if jump_now(kind) else 0)), rng, window, nav
    )
    found = watch(inject(window, nav, done), nav, Options(static=static))
    at = np.array([a.time for a in found.alarms], dtype=np.int64)
    moved = speed * np.maximum((window.times - done.start) / NS, 0.0)
    touched = window.times > done.start if not jump_now(kind) else window.times >= done.start
    within = touched & (moved <= 30.0)
    within[np.flatnonzero(touched)[0]] = True
    late = window.times[np.flatnonzero(within)[-1]]
    early = bool((at < done.start).any())
    state = found.state[within]
    return {
        "kind": kind, "seed": seed, "speed": speed, "jump": jump, "in_time": bool((state >= 2).any()),
        "false": early, "by": found.alarms[-1].evidence[0][0] if found.alarms else "", "late": int(late),
    }  # fmt: skip


def jump_now(kind: str) -> bool:
    """Whether the attack is there from its first epoch on."""
    return kind == "meacon, jump"


def main() -> None:
    """Run and write the results."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20
    names = sys.argv[3].split(",") if len(sys.argv) > 3 else list(STATIONS)
    out: dict[str, object] = {}
    for name in names:
        o, n = STATIONS[name]
        obs, nav = rinex.observations(folder / o), rinex.merge([rinex.navigation(folder / x) for x in n])
        static = name != "hk_tst"
        begun = time.process_time()
        clean = watch(obs, nav, Options(static=static))
        told: dict[str, object] = {
            "clean": {
                "epochs": int(obs.times.size), "hours": float(np.ptp(obs.times) / NS / 3600.0),
                "alarms": len(clean.alarms), "oscillator": clean.oscillator,
                "suspicious": int((clean.state == 1).sum()), "cpu_s": time.process_time() - begun,
            }
        }  # fmt: skip
        print(name, told["clean"], flush=True)
        for kind in KINDS:
            trials = [trial(obs, nav, kind, 1000 * KINDS.index(kind) + k, static) for k in range(count)]
            missed = [t for t in trials if not t["in_time"]]
            told[kind] = {
                "attacks": count,
                "in_time": count - len(missed),
                "false": sum(bool(t["false"]) for t in trials),
                "missed_speeds": [round(float(t["speed"]), 2) for t in missed],
            }
            print("   ", kind, told[kind], flush=True)
        out[name] = told
    path = Path(__file__).with_name("results") / "spoofing.json"
    before = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps(before | out, indent=1) + "\n")


if __name__ == "__main__":
    main()
