"""What Sionna makes of TDL and CDL: ``python tools/phy/fading.py OUT`` in an environment with sionna-no-rt.

Moments of many draws, so that the file stays small: tap powers, correlation over time and frequency, and
covariance between the antennas of panels, with how many draws they come from.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

LINES = ("A", "B", "C", "D", "E")
FIXED = ("A30", "B100", "C300")
SPREAD_S, CARRIER_HZ, SPEED = 100e-9, 3.5e9, 10.0
LAGS_S = [0.0, 1e-3, 2e-3, 4e-3, 8e-3]
SEPARATIONS_HZ = [0.0, 0.5e6, 1e6, 2e6, 5e6, 10e6]
LIGHT_M_S = 299_792_458.0


def moments(paths: np.ndarray[Any, Any], delays: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Moments of coefficients of shape (draw, tap, time)."""
    wave = np.exp(-2j * np.pi * np.outer(delays, SEPARATIONS_HZ))
    at = np.einsum("nl,lf->nf", paths[:, :, 0], wave)
    over = (paths[:, :, :1].conj() * paths).sum(axis=1).mean(axis=0)
    across = (at[:, :1].conj() * at).mean(axis=0)
    return {
        "draws": paths.shape[0],
        "delay_ns": (delays * 1e9).round(3).tolist(),
        "power": (np.abs(paths) ** 2).mean(axis=(0, 2)).astype(float).round(6).tolist(),
        "time": [[round(float(v.real), 5), round(float(v.imag), 5)] for v in over],
        "frequency": [[round(float(v.real), 5), round(float(v.imag), 5)] for v in across],
        "fourth": float((np.abs(at[:, 0]) ** 4).mean() / (np.abs(at[:, 0]) ** 2).mean() ** 2),
    }


def lines(draws: int) -> dict[str, Any]:
    """Tapped delay lines."""
    from sionna.phy.channel.tr38901 import TDL  # type: ignore[import-not-found]

    out = {}
    for name in (*LINES, *FIXED):
        spread = None if name in FIXED else SPREAD_S
        model = TDL(name, spread, CARRIER_HZ, min_speed=SPEED, max_speed=SPEED)
        steps = np.array(LAGS_S[1:]) * 1e3
        h, delays = model(draws, int(steps[-1]) + 1, 1e3)
        taken = h.numpy()[:, 0, 0, 0, 0][:, :, [0, *steps.astype(int)]]
        out[("TDL" if name in FIXED else "TDL-") + name] = moments(
            taken, delays.numpy()[0, 0, 0].astype(float)
        )
    return out


def panels(draws: int) -> dict[str, Any]:
    """Cluster lines between panels: covariance at each end, and places of the antennas."""
    from sionna.phy.channel.tr38901 import CDL, PanelArray

    out = {}
    for name in LINES:
        base = PanelArray(num_rows_per_panel=2, num_cols_per_panel=2, polarization="dual",
                          polarization_type="cross", antenna_pattern="38.901",
                          carrier_frequency=CARRIER_HZ)  # fmt: skip
        hand = PanelArray(num_rows_per_panel=1, num_cols_per_panel=2, polarization="dual",
                          polarization_type="VH", antenna_pattern="omni",
                          carrier_frequency=CARRIER_HZ)  # fmt: skip
        model = CDL(name, SPREAD_S, CARRIER_HZ, hand, base, "downlink", min_speed=0.0, max_speed=0.0)
        parts = [model(500, 1, 1e3)[0].numpy()[:, 0, :, 0, :, :, 0] for _ in range(draws // 500)]
        h = np.concatenate(parts)
        sent = np.einsum("nrsl,nrtl->st", h, h.conj()) / draws
        got = np.einsum("nrsl,ntsl->rt", h, h.conj()) / draws
        out[f"CDL-{name}"] = {
            "draws": draws,
            "power": (np.abs(h) ** 2).mean(axis=(0, 1, 2)).astype(float).round(6).tolist(),
            "sent": _complex(sent),
            "got": _complex(got),
            "sent_places": _places(base),
            "got_places": _places(hand),
        }
    return out


def _complex(matrix: np.ndarray[Any, Any]) -> list[list[list[float]]]:
    return [[[round(float(v.real), 4), round(float(v.imag), 4)] for v in row] for row in matrix]


def _places(array: Any) -> list[list[float]]:
    """Place in wavelengths and number of the polarisation, antenna by antenna."""
    first = {int(i) for i in np.asarray(array.ant_ind_pol1.numpy())}
    at = array.ant_pos.numpy() / (LIGHT_M_S / CARRIER_HZ)
    return [[*(round(float(v), 4) for v in row), 0 if i in first else 1] for i, row in enumerate(at)]


def main() -> None:
    """Write the moments."""
    import sionna  # type: ignore[import-not-found]
    from sionna.phy import config  # type: ignore[import-not-found]

    config.seed = 42
    out: dict[str, Any] = {
        "sionna": sionna.__version__, "seed": 42, "spread_s": SPREAD_S, "carrier_hz": CARRIER_HZ,
        "speed_m_s": SPEED, "lags_s": LAGS_S, "separations_hz": SEPARATIONS_HZ,
    }  # fmt: skip
    out["lines"], out["panels"] = lines(20_000), panels(4_000)
    text = json.dumps(out, separators=(",", ":")).replace('},"', '},\n"')
    Path(sys.argv[1]).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
