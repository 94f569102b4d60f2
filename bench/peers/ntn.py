"""OpenNTN measured, by its own interpreter: links a CPU second on one thread, and statistics of its draws.

Usage: PYTHON bench/peers/ntn.py LINKS, where PYTHON has openntn 2.0.0 and torch; prints JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import openntn
import torch
from openntn import Antenna, DenseUrban, SubUrban, Urban, utils

CASES = {
    "urban, S band, 50 degrees, line of sight": (Urban, "urb", 2e9, 50.0, True),
    "urban, S band, 50 degrees, no line of sight": (Urban, "urb", 2e9, 50.0, False),
    "dense urban, Ka band, 30 degrees, no line of sight": (DenseUrban, "dur", 28e9, 30.0, False),
    "suburban, Ka band, 70 degrees, line of sight": (SubUrban, "sur", 28e9, 70.0, True),
}


def model(kind: Any, name: str, hertz: float, elevation: float, count: int) -> tuple[Any, Any]:
    """A channel model between isotropic vertical antennas, and ``count`` links to one satellite."""
    one = {"polarization": "single", "polarization_type": "V", "antenna_pattern": "omni"}
    ends = [Antenna(**one, carrier_frequency=hertz) for _ in range(2)]
    made = kind(
        carrier_frequency=hertz,
        ut_array=ends[0],
        bs_array=ends[1],
        direction="downlink",
        elevation_angle=elevation,
        enable_pathloss=True,
        enable_shadow_fading=True,
    )
    topology = utils.gen_single_sector_topology(
        batch_size=count, num_ut=1, scenario=name, elevation_angle=elevation, bs_height=600e3
    )
    return made, topology


def least(job: Callable[[], Any], times: int = 5) -> float:
    """Least CPU seconds of several runs."""
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        job()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def statistics(kind: Any, name: str, hertz: float, elevation: float, los: bool, count: int) -> dict[str, Any]:
    """Moments of the large-scale parameters and of the delay spread of the taps."""
    made, topology = model(kind, name, hertz, elevation, count)
    made.set_topology(*topology, los=los)
    found = made._lsp_sampler()  # what it draws is not public
    rows = {
        "ds": np.log10(found.ds.numpy()).ravel(),
        "asa": np.log10(found.asa.numpy()).ravel(),
        "zsa": np.log10(found.zsa.numpy()).ravel(),
        "sf_db": 10.0 * np.log10(found.sf.numpy()).ravel(),
    }
    if los:
        rows["k_db"] = 10.0 * np.log10(found.k_factor.numpy()).ravel()
    names = list(rows)
    return {
        "mean": {key: float(value.mean()) for key, value in rows.items()},
        "std": {key: float(value.std()) for key, value in rows.items()},
        "correlation": {
            f"{a} {b}": float(np.corrcoef(rows[a], rows[b])[0, 1])
            for i, a in enumerate(names)
            for b in names[i + 1 :]
        },
    }


def taps(kind: Any, name: str, hertz: float, elevation: float, los: bool, count: int) -> dict[str, float]:
    """Quantiles of the logarithm of the taps' delay spread, and the median share of the strongest tap.

    Both ends are left unturned, so that vertical antennas meet vertical fields.
    """
    made, topology = model(kind, name, hertz, elevation, count)
    where = list(topology)
    where[2], where[3] = where[2] * 0.0, where[3] * 0.0
    made.set_topology(*where, los=los)
    coefficient, delay = made(1, 14e3)
    power = np.abs(coefficient.numpy().reshape(count, -1)) ** 2
    return spread(power, delay.numpy().reshape(count, -1))


def spread(power: np.ndarray, delay: np.ndarray) -> dict[str, float]:
    """See `taps`; both of shape (link, tap)."""
    share = power / power.sum(axis=1, keepdims=True)
    late = delay.astype(np.float64)
    mean = (share * late).sum(axis=1)
    rms = np.sqrt(np.maximum((share * late**2).sum(axis=1) - mean**2, 1e-30))
    found = {f"log_ds_{q:g}": float(np.quantile(np.log10(rms), q)) for q in (0.1, 0.25, 0.5, 0.75, 0.9)}
    return found | {"strongest": float(np.median(share.max(axis=1)))}


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    count = int(sys.argv[1])
    made, topology = model(*CASES["urban, S band, 50 degrees, no line of sight"][:4], count)

    def large() -> None:
        made.set_topology(*topology)
        made._lsp_sampler.sample_pathloss()  # the only way to it

    def fading() -> None:
        made.set_topology(*topology)
        made(14, 14e3)

    large()
    fading()
    out = {
        "package": f"openntn {openntn.__version__ if hasattr(openntn, '__version__') else '2.0.0'}",
        "torch": torch.__version__,
        "links": count,
        "large_scale_links_a_cpu_s": count / least(large),
        "fading_links_a_cpu_s": count / least(fading),
        "statistics": {label: statistics(*case, 20_000) for label, case in CASES.items()},
        "taps": {label: taps(*case, 10_000) for label, case in CASES.items()},
    }
    print(json.dumps(out))


if __name__ == "__main__":
    main()
