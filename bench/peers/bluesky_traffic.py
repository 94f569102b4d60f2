"""Traffic flown by BlueSky (MIT; `pip install bluesky-simulator`, in an environment of its own).

    python bluesky_traffic.py GIVEN.npz SAID.npz METHOD SECONDS

``GIVEN`` holds lat, lon (degrees), height (m), track (degrees), speed (m/s), and rule: radius (m), half
height (m) and look-ahead (s). METHOD: off, mvp (its default, horizontal) or mvp3 (horizontal and vertical).
``SAID`` gets the positions after each step, and the seconds of CPU of each. Compiled detection, steps of 1 s.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import bluesky as bs  # type: ignore[import-not-found]
import numpy as np

NM, FT = 1852.0, 0.3048


def main(given: str, said: str, method: str, seconds: int) -> None:
    """Fly and write."""
    held = np.load(given)
    bs.init(mode="sim", detached=True)
    _fill(held)
    radius, half, ahead = held["rule"]
    commands = ["DT 1", "ASAS ON", "CDMETHOD CSTATEBASED", f"ZONER {radius / NM}", f"ZONEDH {half / FT}"]
    commands += [f"DTLOOK {ahead}", "RESO OFF" if method == "off" else "RESO MVP"]
    for command in [*commands, *(["RMETHH OFF"] if method == "mvp3" else [])]:
        bs.stack.stack(command)
    bs.stack.process()
    places, spent = [], []
    for _ in range(seconds):
        begun = time.process_time()
        bs.sim.step()
        spent.append(time.process_time() - begun)
        places.append(np.array([bs.traf.lat, bs.traf.lon, bs.traf.alt, bs.traf.gs]))
    zone = [float(one[0]) for one in (bs.traf.cd.rpz, bs.traf.cd.hpz, bs.traf.cd.dtlookahead)]
    told = {"detection": type_of(bs.traf.cd), "resolution": type_of(bs.traf.cr), "step_s": bs.sim.simdt,
            "zone": zone}  # fmt: skip
    np.savez(said, places=np.array(places), spent=np.array(spent), told=np.array(repr(told)),
             sim_s=np.array(bs.sim.simt))  # fmt: skip


def type_of(entity: Any) -> str:
    """Name of the method that a replaceable part of BlueSky uses."""
    return str(entity.selected().__name__)


def _fill(held: Any) -> None:
    count = len(held["lat"])
    names = [f"R{k:05d}" for k in range(count)]
    bs.traf.cre(
        names, ["M600"] * count, held["lat"], held["lon"], held["track"], held["height"], held["speed"]
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
