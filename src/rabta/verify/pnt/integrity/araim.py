"""Suite ``araim``: protection levels beside the published example, and every epoch of real stations."""

from __future__ import annotations

from pathlib import Path
from statistics import NormalDist

import numpy as np

from rabta import geo
from rabta.pnt.integrity import araim, ism, plain, raim
from rabta.verify import Row, reference, suite

PAPER = "Blanch et al., Advanced RAIM User Algorithm Description, ION GNSS 2012, appendix H"
STUDY = "29 satellites of two constellations, P_sat 1e-5, P_const 1e-4: P(more than one fault), closed form"
CHECK = "a navigation message's promise: no error beyond its protection level"
NORMAL = "normal distribution: for one redundant satellite sqrt(chi-square) is |z|; P_fa 3.333e-7, P_md 1e-3"

# Observations, navigation, antenna (IGS SINEX; ESBC: precise positions; Nagoya: published with the data)
STATIONS = {
    "ESBC 2020-177": (
        *("ESBC00DNK_R_20201770000_01D_30S_MO.crx.gz", "ESBC00DNK_R_20201770000_01D_MN.rnx.gz"),
        (3582104.9497, 532590.2042, 5232755.3686),
    ),
    "BELE 2024-010": (
        *("BELE00BRA_R_20240100000_01D_30S_MO.crx.gz", "BRDC00IGS_R_20240100000_01D_MN.rnx.gz"),
        (4228139.0493, -4772752.2152, -155761.0640),
    ),
    "Nagoya 2024-06-24": ("rover.obs.gz", "base.nav", (-3817681.3807, 3562839.9785, 3650158.3760)),
    "WTZR 2020-177": (
        *("WTZR00DEU_R_20201770000_01D_30S_MO_120epoch.rnx.gz", "ESBC00DNK_R_20201770000_01D_MN.rnx.gz"),
        (4075580.3890, 931854.0911, 4801568.4050),
    ),
    "WTZZ 2020-177": (
        *("WTZZ00DEU_R_20201770000_01D_30S_MO_120epoch.rnx.gz", "ESBC00DNK_R_20201770000_01D_MN.rnx.gz"),
        (4075579.4068, 931853.4377, 4801569.4754),
    ),
}
FOLDERS = ("esbc", "bele", "nagoya", "wettzell")


@suite(
    "araim", "Protection levels: the published example, and epochs of real stations", needs="esbc, bele, ..."
)
def rows(files: Path | None) -> list[Row]:
    """Recompute the example; with files, every epoch of the stations that are there."""
    return [*_example(), *_subsets(), *_orders(), *_snapshot(), *_stations(files)]


def _example() -> list[Row]:
    geometry, table = plain.working_group()
    found = araim.protection(geometry, table, order=1)
    return [
        Row("Published example, VPL, m", float(found.vpl_m[0]), 19.2, 0.05, PAPER),
        Row("Published example, HPL, m (search to 5 cm there)", float(found.hpl_m[0]), 14.5, 0.1, PAPER),
        Row("Published example, effective monitor threshold, m", float(found.emt_m[0]), 7.8, 0.05, PAPER),
        Row("Published example, vertical accuracy, m", float(found.sigma_acc_m[0, 1]), 1.47, 0.005, PAPER),
    ]


def _subsets() -> list[Row]:
    geometry, table = plain.working_group()
    found = plain.reference(geometry, table, order=1)
    place = {events: k + 1 for k, events in enumerate(found["events"])}
    made = []
    for name, key, printed in (
        ("without GPS", (-1,), (2.5760, 1.5307, 2.8935)),
        ("without Galileo", (-3,), (2.5577, 1.5292, 2.0875)),
    ):
        k = place[key]
        for what, column, value in zip(("sigma", "apart", "bias"), (2, 2, 2), printed, strict=True):
            ours = float(found[what][k, column])
            made.append(Row(f"Published example, {what} up {name}, m", ours, value, 1e-3, PAPER))
    return made


def _orders() -> list[Row]:
    rng = np.random.default_rng(1)
    azimuth, up = rng.uniform(0, 2 * np.pi, 29), rng.uniform(0.15, 1.0, 29)
    level = np.sqrt(1 - up**2)
    unit = np.stack([np.sin(azimuth) * level, np.cos(azimuth) * level, up], axis=-1)[None]
    kind = np.array(["G"] * 11 + ["C"] * 18)
    given = araim.Geometry(unit, kind, ism.local_m(ism.elevation_deg(unit)))
    same = {"default": ism.Support(1e-5, 1e-4, 1.0, 0.67, 0.75)}
    one, two = (araim.protection(given, same, order) for order in (1, 2))
    none = (1 - 1e-5) ** 29 * (1 - 1e-4) ** 2
    more = 1 - none * (1 + 29e-5 / (1 - 1e-5) + 2e-4 / (1 - 1e-4))
    return [
        Row(
            "29 satellites, single faults: unmonitored, 1e-8",
            float(one.p_left[0]) * 1e8,
            more * 1e8,
            1e-4,
            STUDY,
        ),
        Row("29 satellites, single faults: available", float(one.available[0]), 0.0, 0.0, STUDY),
        Row("29 satellites: faults at once that must be monitored", float(two.order[0]), 2.0, 0.0, STUDY),
        Row("29 satellites, double faults: unmonitored, 1e-8", float(two.p_left[0]) * 1e8, 1.0, 0.01, STUDY),
    ]


def _snapshot() -> list[Row]:
    false, missed = (-NormalDist().inv_cdf(p) for p in (3.333e-7 / 2.0, 1e-3))
    one = raim.threshold(1, 3.333e-7), raim.missed(1, 3.333e-7, 1e-3)
    return [
        Row("RAIM threshold, one redundant satellite", one[0], false, 1e-6, NORMAL),
        Row("RAIM missed bias, one redundant satellite", one[1], false + missed, 1e-6, NORMAL),
    ]


def _stations(files: Path | None) -> list[Row]:
    """Epochs beyond their levels: none may be. Shares below 40 and 50 m are shown."""
    made = []
    for name, (observations, navigation, place) in STATIONS.items():
        folder = _folder(files, observations)
        if folder is None:
            continue
        paths = reference(folder, observations), reference(folder, navigation)
        for mode in ("single", "iono-free"):
            for systems in ("G", "C", "GC"):
                made += _station(f"{name}, {mode}, {systems}", paths, place, mode, systems)
    return made


def _folder(files: Path | None, name: str) -> Path | None:
    """Folder that holds a file, below the one given or itself."""
    if files is None:
        return None
    tried = [files, *(files / item for item in FOLDERS)]
    return next((folder for folder in tried if (folder / name).is_file()), None)


def _station(
    name: str, paths: tuple[Path | None, ...], place: tuple[float, ...], mode: str, systems: str
) -> list[Row]:
    from rabta.pnt import position, rinex
    from rabta.pnt.integrity import protect

    if paths[0] is None or paths[1] is None:
        return []
    obs, nav = rinex.observations(paths[0]), rinex.navigation(paths[1])
    solution = position.solve(obs, nav, position.Options(systems=systems, mode=mode))
    found = protect.protect(solution)
    truth = np.array(place)
    lat, lon, _ = geo.geodetic_from_ecef(truth)
    told = protect.summary(found, (found.position_m - truth) @ geo.east_north_up(lat, lon).T)
    useful = float(told["below_40_50"])
    return [
        Row(f"{name}: epochs beyond their level", float(told["misleading"]), 0.0, 0.0, CHECK),
        Row(f"{name}: share below 40 m and 50 m", useful, 1.0, float("nan"), CHECK, gate=False),
    ]
