"""Link budgets of the 30 study cases of 3GPP TR 38.821, clause 6.1.3."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.radio import linkbudget
from rabta.radio.ntn import largescale

RECOMMENDATION = "3GPP TR 38.821, clause 6.1.3"
DIRECTIONS = ("down", "up")
UPLINK_SHARE = {1: 1.0, 3: 1.0 / 3.0, 4: 0.5}  # of the band, by frequency reuse
REFERENCE_K = 290.0


@dataclass(frozen=True)
class Case:
    """One study case.

    Attributes
    ----------
    eirp_density_dbw_mhz, gain_dbi, g_over_t_db_k : float
        Of the satellite.
    reuse : int
        Frequency reuse: 1, 3, or 4 with two polarisations.
    """

    number: int
    satellite: str
    band: str
    altitude_km: float
    elevation_deg: float
    eirp_density_dbw_mhz: float
    gain_dbi: float
    beamwidth_deg: float
    beam_km: float
    g_over_t_db_k: float
    reuse: int


def _data() -> dict[str, Any]:
    return catalog.entry("studies", "tr-38-821").data


@cache
def cases() -> dict[int, Case]:
    """All study cases by number."""
    data = _data()
    rows = zip(data["cases"]["satellite"], data["cases"]["reuse"], strict=True)
    return {
        number: _case(number, str(name), int(reuse)) for number, (name, reuse) in enumerate(rows, start=1)
    }


def _case(number: int, satellite: str, reuse: int) -> Case:
    altitude, elevation, density, gain, width, beam, merit = map(float, _data()["satellites"][satellite])
    band = satellite.rpartition("-")[2]
    return Case(number, satellite, band, altitude, elevation, density, gain, width, beam, merit, reuse)


def published() -> dict[tuple[int, str], float]:
    """C/N in dB that the report prints and that was found in public, by case and direction."""
    rows: dict[tuple[int, str], float] = {}
    for row in _data()["published"]:
        rows |= {(int(row["case"]), way): float(row[f"{way}_db"]) for way in DIRECTIONS}
    return rows


def figure_of_merit_db_k(gain_dbi: float, noise_figure_db: float, antenna_k: float) -> float:
    """G/T of a terminal. TR 38.821, equation (6.1.3.1-2).

    Examples
    --------
    >>> round(figure_of_merit_db_k(39.7, 1.2, 150.0), 1), round(figure_of_merit_db_k(0.0, 7.0, 290.0), 1)
    (15.9, -31.6)
    """
    antenna = REFERENCE_K + (antenna_k - REFERENCE_K) * 10.0 ** (-0.1 * noise_figure_db)
    return gain_dbi - noise_figure_db - 10.0 * float(np.log10(antenna))


def losses_db(case: Case, frequency_ghz: float, *, printed: bool = False) -> dict[str, float]:
    """Losses of a case beyond free space: as computed, or the tenths that the report prints.

    Computed: gases by Rabta's P.676-13, scintillation by TR 38.811, shadowing 3 dB in S band. The report
    rounds what it prints, not what it adds up: only the computed losses give all its results.
    """
    band = _data()["bands"][case.band]
    found = {"shadowing": float(band["shadowing_db"])}
    if printed:
        row = band["printed_elevation_deg"].index(case.elevation_deg)
        return found | {name: float(band[f"printed_{name}_db"][row]) for name in ("gas", "scintillation")}
    air = largescale.zenith_gas_db(frequency_ghz) / np.sin(np.radians(case.elevation_deg))
    flicker = largescale.scintillation_db(case.elevation_deg, frequency_ghz)
    return found | {"gas": float(air), "scintillation": float(flicker)}


def budget(number: int, direction: str, *, printed: bool = False) -> dict[str, float]:
    """Link budget of a case, line by line; see `rabta.radio.linkbudget.budget`.

    Parameters
    ----------
    number : int
        1 to 30.
    direction : {"down", "up"}
    printed : bool
        Losses as the report prints them; else as computed, see `losses_db`.
    """
    if direction not in DIRECTIONS:
        expected = nearest(direction, DIRECTIONS)
        raise RabtaError("no such direction", key="direction", value=direction, expected=expected)
    if number not in cases():
        raise RabtaError("no such study case", key="number", value=number, expected="1 to 30")
    case, data = cases()[number], _data()
    band = data["bands"][case.band]
    ghz, mhz = float(band[f"{direction}_ghz"]), float(band[f"{direction}_mhz"])
    terminal = data["terminals"][band["terminal"]]
    if direction == "down":
        eirp = case.eirp_density_dbw_mhz + 10.0 * float(np.log10(mhz))
        merit = figure_of_merit_db_k(
            terminal["receive_dbi"], terminal["noise_figure_db"], terminal["antenna_k"]
        )
    else:
        eirp, merit = terminal["transmit_dbm"] - 30.0 + terminal["transmit_dbi"], case.g_over_t_db_k
        mhz *= UPLINK_SHARE[case.reuse] if case.band == "Ka" else 1.0
    return linkbudget.budget(
        eirp_dbw=eirp,
        g_over_t_db_k=merit,
        frequency_ghz=ghz,
        range_km=float(linkbudget.slant_range_km(case.elevation_deg, case.altitude_km)),
        bandwidth_mhz=mhz,
        losses_db=losses_db(case, ghz, printed=printed),
    )
