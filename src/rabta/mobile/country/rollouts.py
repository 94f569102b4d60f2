"""Who has which carriers on which sites: entries of the catalog's kind ``rollouts``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError
from rabta.mobile import nr, pathloss
from rabta.units import from_db

Array = NDArray[np.float64]

GENERATIONS = ("2g", "4g", "5g", "6g")
NARROW_MHZ = 0.2  # channels of 2G; its data counts for nothing here
OVERHEAD_FR2 = 0.18  # TS 38.306, clause 4.1.2: downlink above 24 GHz
FR2_GHZ = 24.25
CHANNEL_MHZ = {"4g": 20.0, "5g": 100.0, "above": 400.0}  # TS 36.101, 38.101-1 and -2, tables 5.3.5
FULL_GRID = 0.96  # resource blocks' part of a channel: 20 MHz 0.9 to 100 MHz 0.98, TS 38.101-1, table 5.3.2-1


@dataclass(frozen=True)
class Carrier:
    """One band of every operator.

    Attributes
    ----------
    sites : int or str
        ``all`` sites, those with ``4g``, or so many of each operator's 4G sites, the densest places first.
    mhz : dict
        Downlink bandwidth of each operator.
    power_dbm : float
        EIRP on a sector's axis, in one MHz.
    """

    band: str
    generation: str
    ghz: float
    mhz: dict[str, float]
    down_share: float
    power_dbm: float
    layers: int
    sites: int | str


@dataclass(frozen=True)
class Rollout:
    """A state of a nation's mobile networks."""

    name: str
    title: str
    operators: tuple[str, ...]
    shares: Array
    noise_figure_db: float
    indoor: tuple[float, float]
    """Share of users in buildings: rural, urban."""
    height_m: tuple[float, float]
    carriers: tuple[Carrier, ...]
    together: int
    """Carriers that a device uses at once."""
    traffic_share: float
    """Part of the nation's traffic that goes over mobile networks."""
    covered: dict[str, float]
    """Published shares of people under coverage, by generation."""

    def of(self, operator: str) -> list[Carrier]:
        """Carriers that an operator has."""
        return [carrier for carrier in self.carriers if carrier.mhz.get(operator, 0.0) > 0.0]


def load(name: str) -> Rollout:
    """A roll-out by name; a carrier without a band, a bandwidth or a place is refused by name."""
    entry = catalog.entry("rollouts", name)
    operators = [str(row["name"]) for row in _rows(entry, "operators")]
    shares = np.array([_number(entry, row, "share") for row in _rows(entry, "operators")])
    held = _holdings(entry)
    carriers = tuple(_carrier(entry, row, operators, held) for row in _rows(entry, "carriers"))
    kinds = ("rural", "urban")
    indoor = [_number(entry, entry.data, f"indoor_{kind}") for kind in kinds]
    height = [_number(entry, entry.data, f"height_{kind}_m") for kind in kinds]
    return Rollout(
        name,
        entry.title,
        tuple(operators),
        shares / shares.sum(),
        _number(entry, entry.data, "user_noise_figure_db"),
        (indoor[0], indoor[1]),
        (height[0], height[1]),
        carriers,
        int(_number(entry, entry.data, "device_carriers")),
        _number(entry, entry.data, "mobile_traffic_share"),
        {key: _number(entry, entry.data["covered"], key) for key in entry.data.get("covered", {})},
    )


def _rows(entry: catalog.Entry, key: str) -> list[dict[str, Any]]:
    rows = entry.data.get(key)
    if not isinstance(rows, list) or not rows:
        raise RabtaError(
            "roll-out without rows", file=entry.path, key=key, expected=f"[[{key}]], at least one"
        )
    return rows


def _number(entry: catalog.Entry, row: dict[str, Any], key: str) -> float:
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise RabtaError(
            "roll-out without a usable number", file=entry.path, key=key, value=value, expected="a number"
        )
    return float(value)


def _holdings(entry: catalog.Entry) -> dict[tuple[str, str], float]:
    """Megahertz of each operator and band, both directions together."""
    name = entry.data.get("spectrum")
    if name is None:
        return {}
    out: dict[tuple[str, str], float] = {}
    for row in catalog.entry("spectrum", str(name)).data["holdings"]:
        key = (str(row["operator"]), str(row["band"]))
        out[key] = out.get(key, 0.0) + float(row["mhz"])
    return out


def _carrier(
    entry: catalog.Entry, row: dict[str, Any], operators: list[str], held: dict[tuple[str, str], float]
) -> Carrier:
    band = str(row.get("band"))
    centre = float(catalog.entry("bands", band).data["centre_mhz"]) / 1e3
    generation, sites = str(row.get("generation")), row.get("sites")
    if generation not in GENERATIONS:
        raise RabtaError(
            "unknown generation", file=entry.path, key="generation", value=generation,
            expected=", ".join(GENERATIONS),
        )  # fmt: skip
    if sites not in {"all", "4g"} and (isinstance(sites, bool) or not isinstance(sites, int) or sites < 1):
        raise RabtaError(
            "no such set of sites", file=entry.path, key="sites", value=sites,
            expected='"all", "4g", or a number of sites of each operator',
        )  # fmt: skip
    direction = 0.5 if row.get("paired") else 1.0
    fixed = _number(entry, row, "mhz") if "mhz" in row else None
    mhz = {
        name: fixed if fixed is not None else direction * held.get((name, band), 0.0) for name in operators
    }
    return Carrier(
        band,
        generation,
        _number(entry, row, "ghz") if "ghz" in row else centre,
        mhz,
        _number(entry, row, "down_share"),
        _number(entry, row, "power_dbm_mhz") + _number(entry, row, "gain_dbi"),
        int(_number(entry, row, "layers")),
        sites,
    )


def width_mbps(carrier: Carrier, operator: str) -> float:
    """Rate of a carrier in Mbit/s for one bit a resource element; 0 for 2G (TS 38.306, clause 4.1.2).

    A resource block of 180 kHz has 12 x 14 elements a millisecond at any spacing, so a megahertz of grid has
    0.933 million elements a second.
    """
    if carrier.generation == "2g":
        return 0.0
    overhead = OVERHEAD_FR2 if carrier.ghz >= FR2_GHZ else nr.OVERHEAD_DOWN
    elements = nr.SUBCARRIERS * nr.SYMBOLS / 180.0
    return carrier.mhz[operator] * FULL_GRID * elements * carrier.down_share * (1.0 - overhead)


def single_share(carrier: Carrier, operator: str) -> float:
    """Part of an operator's band in one carrier: 20 MHz in LTE, 100 MHz in NR, 400 MHz above 24 GHz."""
    widest = CHANNEL_MHZ["4g"] if carrier.generation in {"2g", "4g"} else CHANNEL_MHZ["5g"]
    if carrier.ghz >= FR2_GHZ:
        widest = CHANNEL_MHZ["above"]
    return float(min(1.0, widest / max(carrier.mhz[operator], 1e-9)))


def entry_factor(ghz: Array) -> Array:
    """What a building of light construction leaves of the power (TR 38.901, table 7.4.3-2, low loss)."""
    return np.asarray(from_db(-pathloss.entry_loss_db(ghz)))
