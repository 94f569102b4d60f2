"""Run by an interpreter that has sionna-rt, apart from Rabta: a request on standard input, arrays in a file.

It imports nothing of Rabta, so that the tracer and its compiler may live in an environment of their own; a
compiler that aborts takes only this process along.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def main() -> None:
    """Trace what the request asks for."""
    asked: dict[str, Any] = json.load(sys.stdin)
    import mitsuba as mi  # type: ignore[import-not-found]
    import numpy as np
    from sionna import rt  # type: ignore[import-not-found]

    began = time.perf_counter()
    scene = rt.load_scene(getattr(rt.scene, asked["built_in"]) if asked["built_in"] else asked["scene"])
    scene.frequency = 1e9 * asked["ghz"]
    scene.tx_array = scene.rx_array = rt.PlanarArray(
        num_rows=1, num_cols=1, pattern=asked["pattern"], polarization="V"
    )
    for i, (x, y, z, dbm) in enumerate(asked["sites"]):
        scene.add(rt.Transmitter(f"site{i}", position=mi.Point3f(x, y, z), power_dbm=dbm))
    loaded = time.perf_counter()
    box = scene.mi_scene.bbox()
    low, high = np.array(box.min), np.array(box.max)
    size = asked["size_m"] or [float(high[0] - low[0]), float(high[1] - low[1])]
    middle = asked["middle_m"] or [float(low[0] + high[0]) / 2.0, float(low[1] + high[1]) / 2.0]
    options = {"max_depth": asked["depth"], "seed": asked["seed"]}
    options |= {"diffraction": asked["diffraction"], "refraction": asked["through_walls"]}
    found = rt.RadioMapSolver()(
        scene, center=mi.Point3f(*middle, asked["height_m"]), orientation=mi.Point3f(0, 0, 0),
        size=mi.Point2f(*size), cell_size=mi.Point2f(asked["cell_m"], asked["cell_m"]),
        samples_per_tx=asked["rays"], **options,
    )  # fmt: skip
    arrays: dict[str, Any] = {"path_gain": np.array(found.path_gain), "centres": np.array(found.cell_centers)}
    traced = time.perf_counter()
    if asked["links"]:
        arrays |= links(rt, mi, scene, asked, options)
    np.savez_compressed(asked["out"], **arrays)
    told = {
        "version": rt.__version__,
        "variant": mi.variant(),
        "load_s": loaded - began,
        "map_s": traced - loaded,
    }
    print(json.dumps(told))


def links(rt: Any, mi: Any, scene: Any, asked: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """Gain of single links, found path by path; coherent sum over the paths."""
    import numpy as np

    for i, place in enumerate(asked["links"]):
        scene.add(rt.Receiver(f"user{i}", position=mi.Point3f(*place)))
    paths = rt.PathSolver()(scene, **options)
    amplitude = np.array(paths.cir(normalize_delays=False, out_type="numpy")[0])[..., 0]
    gain = np.abs(amplitude.sum(axis=-1)) ** 2
    power = (np.abs(amplitude) ** 2).sum(axis=-1)
    return {
        "link_gain": gain.reshape(len(asked["links"]), len(asked["sites"])),
        "link_power": power.reshape(len(asked["links"]), len(asked["sites"])),
    }


if __name__ == "__main__":
    main()
