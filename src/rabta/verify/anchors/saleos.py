"""Published figures of saleos (capacity, cost and emissions by subscriber).

Source: Osoro, Oughton and others, "Sustainability assessment of Low Earth Orbit (LEO) satellite broadband
megaconstellations", arXiv 2309.02338, and the data that its open repository (MIT) carries. Its random
draws are not seeded, so the committed draws are the input: with the repository's
``uq_parameters_capacity.csv`` in ``--files`` the link budget of all 400 draws is recomputed as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.plan.finance import annuity
from rabta.verify import Row, reference, suite
from rabta.verify.anchors import printed
from rabta.verify.anchors.globalsat import BOLTZMANN, NOISE_HZ, NOISE_K, noise_dbm

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

PAPER = "arXiv 2309.02338 and its repository at cfd006c"
_row = partial(printed, source=PAPER)
DRAWS_FILE = "uq_parameters_capacity.csv"
ACTIVE, COVERAGE = 0.20, 0.67
RADIUS_KM = 6378.0
SCENARIOS = ("low", "base", "high")

# C/N in dB and spectral efficiency of the DVB-S2X table in the order of the source, which is not sorted
TABLE = np.array(
    [
        *[(-2.45, 0.434841), (-1.60, 0.567805), (0.69, 0.889135), (1.97, 1.088581), (5.95, 1.647211)],
        *[(6.35, 1.713601), (6.96, 1.896173), (7.93, 2.062148), (8.42, 2.145136), (8.40, 1.972253)],
        *[(9.00, 2.104850), (9.35, 2.193247), (9.17, 2.281645), (9.38, 2.370043), (9.94, 2.370043)],
        *[(9.76, 2.458441), (10.04, 2.524739), (11.06, 2.635236), (11.04, 2.745734), (11.52, 2.856231)],
        *[(12.50, 3.077225), (14.00, 3.386618), (13.81, 3.291954), (14.50, 3.510192), (14.91, 3.620536)],
        *[(15.84, 3.841226), (17.70, 4.206428), (17.97, 4.338659), (19.10, 4.603122), (19.54, 4.735354)],
        *[(20.44, 4.936639), (21.43, 5.163248), (22.21, 5.355556), (21.60, 5.065690), (21.89, 5.241514)],
        *[(22.90, 5.417338), (22.91, 5.593162), (23.80, 5.768987), (24.02, 5.900855)],
    ]
)
LOW_TOP, HIGH_BOTTOM = 0.567805, 1.647211  # the source's bounds of its three C/N classes, bit/s/Hz

# kg CO2e of one launch, expected and worst (sums over the life cycle of the rocket)
LAUNCH_KG = {
    "falcon9": (22_383_785.322, 48_482_278.127),
    "soyuz": (56_448_457.675, 68_191_239.755),
    "hydrocarbon": (39_416_121.495, 58_336_758.932),
    "hydrogen": (32_557_978.582, 139_733_504.982),
}


@dataclass(frozen=True)
class System:
    """Inputs and printed results of one constellation.

    Attributes
    ----------
    subscribers_m : tuple
        Millions of subscribers: low, base, high.
    capacity_gbps, draws : tuple
        Mean capacity of the draws with low, base and high C/N, and how many draws there are of each.
    capex_usd, opex_usd_year : float
        Means over the draws of the cost components.
    launches : dict
        Launches by rocket.
    mbps, kg, kg_worst : tuple of str
        Printed cells by subscribers low, base, high.
    """

    subscribers_m: tuple[float, float, float]
    capacity_gbps: tuple[float, float, float]
    draws: tuple[int, int, int]
    capex_usd: float
    opex_usd_year: float
    years: int
    launches: dict[str, int]
    mbps: tuple[str, str, str]
    gb_month: str
    tco_bn: str
    tco_user: str
    month: str
    kg: tuple[str, str, str]
    kg_worst: tuple[str, str, str]


SYSTEMS = {
    "Kuiper": System(
        (1.5, 2.5, 3.5),
        (12_761.564, 26_749.639, 56_439.696),
        (43, 33, 24),
        1_317_331_590 + 2_027_968_840 + 6_374_398 + 578_035,
        1_194_609 + 8_377 + 15_996_840 + 211_769_832 + 675_576,
        5,
        {"falcon9": 3, "hydrocarbon": 27 + 2 + 38, "hydrogen": 18 + 2},
        ("92.87", "55.72", "39.80"),
        "752.2",
        "4.360",
        "348.78",
        "29.07",
        ("447.9", "268.7", "192.0"),
        ("913.2", "547.9", "391.4"),
    ),
    "OneWeb": System(
        (0.5, 0.8, 1.0),
        (1_217.701, 2_749.118, 5_322.001),
        (53, 24, 23),
        253_099_838 + 101_916_701 + 22_959_392 + 2_065_392,
        1_227_435 + 30_645 + 3_301_349 + 221_332_068 + 2_483_146,
        5,
        {"falcon9": 5, "soyuz": 14, "hydrogen": 2},
        ("25.29", "15.81", "12.65"),
        "213.4",
        "1.382",
        "345.49",
        "28.79",
        ("386.9", "241.8", "193.5"),
        ("590.6", "369.1", "295.3"),
    ),
    "Starlink": System(
        (2.5, 3.5, 4.5),
        (16_272.116, 36_897.293, 69_839.951),
        (59, 31, 10),
        1_092_856_852 + 1_195_539_686 + 74_918_775 + 7_050_206,
        2_313_370 + 105_196 + 23_008_066 + 384_829_610 + 8_442_838,
        5,
        {"falcon9": 127},
        ("56.05", "40.03", "31.14"),
        "540.4",
        "4.207",
        "240.42",
        "20.03",
        ("227.4", "162.4", "126.3"),
        ("492.6", "351.8", "273.7"),
    ),
    "GEO": System(
        (1.5, 2.5, 3.5),
        (1_441.897, 3_083.346, 8_697.096),
        (26, 28, 46),
        671_327_852 + 2_030_074_767 + 6_337_109 + 572_141,
        11_539_909 + 8_464 + 3_303_585 + 344_475_720 + 453_247,
        15,
        {"hydrocarbon": 10, "hydrogen": 9},
        ("17.46", "10.48", "7.48"),
        "141.5",
        "6.215",
        "165.72",
        "13.81",
        ("30.5", "18.3", "13.1"),
        ("81.8", "49.1", "35.1"),
    ),
}
LEO = ("Kuiper", "OneWeb", "Starlink")


def per_subscriber_mbps(system: System) -> Array:
    """Mbit/s of an active subscriber: mean capacity of all draws over a fifth of the subscribers."""
    capacity = float(np.average(system.capacity_gbps, weights=system.draws)) * 1e3
    return np.asarray(capacity / (np.array(system.subscribers_m) * 1e6 * ACTIVE))


def month_gb(mbps: float) -> float:
    """Traffic of thirty busy hours a month."""
    return mbps * 30.0 * 3600.0 / 8000.0


def ownership_usd(system: System) -> float:
    """Total cost of ownership at 7 %: running costs of the years 0 to n - 1."""
    return system.capex_usd + system.opex_usd_year * annuity(0.07, system.years, first_year=0)


def emissions_kg(system: System, *, worst: bool = False) -> Array:
    """Kilograms CO2e of the launches by subscriber and year."""
    total = sum(LAUNCH_KG[rocket][worst] * count for rocket, count in system.launches.items())
    return np.asarray(total / (np.array(system.subscribers_m) * 1e6 * system.years))


@suite("saleos", "saleos: capacity, cost and emissions by subscriber", needs=DRAWS_FILE)
def saleos(files: Path | None) -> list[Row]:
    """Rows of every constellation, the two published means, and the draws."""
    rows = [row for name, system in SYSTEMS.items() for row in _system_rows(name, system)]
    rows += _mean_rows()
    path = reference(files, DRAWS_FILE)
    if path is not None:
        rows += _draw_rows(path)
    return [*rows, *_defect_rows()]


def _system_rows(name: str, system: System) -> list[Row]:
    mbps, expected, worst = (
        per_subscriber_mbps(system),
        emissions_kg(system),
        emissions_kg(system, worst=True),
    )
    total = ownership_usd(system)
    user = total / (system.subscribers_m[1] * 1e6) / system.years
    rows = [
        _row(f"{name}: GB a month, base subscribers", month_gb(float(mbps[1])), system.gb_month),
        _row(f"{name}: cost of ownership, US$ bn", total / 1e9, system.tco_bn),
        _row(f"{name}: US$ by subscriber and year", user, system.tco_user),
        _row(f"{name}: US$ by subscriber and month", user / 12.0, system.month),
    ]
    for i, scenario in enumerate(SCENARIOS):
        rows += [
            _row(f"{name}: Mbit/s by subscriber, {scenario} subscribers", mbps[i], system.mbps[i]),
            _row(f"{name}: kg CO2e by subscriber and year, {scenario}", expected[i], system.kg[i]),
            _row(f"{name}: the same, worst case, {scenario}", worst[i], system.kg_worst[i]),
        ]
    return rows


def _mean_rows() -> list[Row]:
    expected = np.mean([emissions_kg(SYSTEMS[name]) for name in LEO])
    worst = np.mean([emissions_kg(SYSTEMS[name], worst=True) for name in LEO])
    return [
        _row("mean of the nine low-orbit cells, kg CO2e by subscriber and year", float(expected), "249.7"),
        _row("the same, worst case", float(worst), "469.5"),
        _row("abstract: kg CO2e by subscriber and year", float(expected), "250"),
        Row("abstract: worst case (prints 469 for 469.5)", float(worst), 469.0, 1.0, PAPER),
    ]


def _defect_rows() -> list[Row]:
    """What the link budget of its first Starlink draw gets wrong."""
    dish_m, hertz, share = 0.5693870767, 11.621032232e9, 0.6
    wave = 3e8 / hertz
    right = 10 * np.log10(share * (np.pi * dish_m / wave) ** 2)
    coded = 10 * np.log10(share * np.pi * dish_m / wave**2)
    thermal_dbw = 10 * np.log10(BOLTZMANN * NOISE_K * NOISE_HZ)
    code = "link budget of its repository at cfd006c"
    return [
        printed(
            "defect, dish of 0.57 m: gain that one missing square loses, dB", right - coded, "2.53", code
        ),
        printed(
            "defect, noise in dBm beside power in dBW: C/N lost, dB",
            noise_dbm(NOISE_HZ) - thermal_dbw,
            "30.00",
            code,
        ),
    ]


def efficiency(cnr_db: Array) -> Array:
    """Spectral efficiency by the source's search through its table (the first step that holds)."""
    level, value = TABLE[:, 0], TABLE[:, 1]
    found = np.empty(cnr_db.size)
    for i, cnr in enumerate(cnr_db):
        holds = np.flatnonzero((cnr >= level[:-1]) & (cnr < level[1:]))
        inside = value[holds[0]] if holds.size else value[0]
        found[i] = value[-1] if cnr >= level[-1] and not (holds.size and holds[0] == 0) else inside
    return found


def draw_capacity_mbps(draws: pd.DataFrame) -> tuple[Array, Array]:
    """Link budget of the committed draws.

    Slant range at the draw's elevation; the source's antenna gain is 10 lg(n pi D / lambda^2), which
    leaves out a square (kept here, since it made the published figures).

    Returns
    -------
    capacity_mbps, efficiency_bps_hz : ndarray
    """
    up = np.radians(draws["elevation_angle"].to_numpy(np.float64))
    ratio = (draws["altitude_km"].to_numpy(np.float64) + RADIUS_KM) / RADIUS_KM
    slant = RADIUS_KM * (np.sqrt(ratio**2 - np.cos(up) ** 2) - np.sin(up))
    hertz = draws["dl_frequency_hz"].to_numpy(np.float64)
    loss = 92.44 + 20 * np.log10(hertz / 1e9) + 20 * np.log10(slant)
    wave = draws["speed_of_light"].to_numpy(np.float64) / hertz
    dish = draws["antenna_efficiency"] * np.pi * draws["antenna_diameter_m"]
    gain = 10 * np.log10(dish.to_numpy(np.float64) / wave**2)
    away = draws["earth_atmospheric_losses_db"] + draws["all_other_losses_db"]
    power = (draws["power_dbw"] + draws["receiver_gain_db"] - away).to_numpy(np.float64)
    per_hz = efficiency(power + gain - loss - noise_dbm(0.25e9))
    beams = draws["number_of_channels"] * draws["polarization"] * draws["number_of_beams"]
    spectrum = (draws["dl_bandwidth_hz"] / 1e6 * beams * draws["number_of_satellites"]).to_numpy(np.float64)
    return per_hz * spectrum * COVERAGE, per_hz


def _draw_rows(path: Path) -> list[Row]:
    import pandas as pd

    draws = pd.read_csv(path)
    capacity, per_hz = draw_capacity_mbps(draws)
    group = np.where(per_hz <= LOW_TOP, 0, np.where(per_hz >= HIGH_BOTTOM, 2, 1))
    rows = []
    for name, system in SYSTEMS.items():
        mine = (draws["constellation"] == name).to_numpy()
        for i, scenario in enumerate(SCENARIOS):
            chosen = capacity[mine & (group == i)]
            gbps = float(chosen.mean() / 1e3) if chosen.size else float("nan")
            what = f"{name}: capacity of the draws with {scenario} C/N, Gbit/s"
            rows.append(Row(what, gbps, float(f"{system.capacity_gbps[i]:.0f}"), 0.5, PAPER))
    return rows
