"""Suite ``optical``: laser budgets, quantum limits, turbulence of the HV 5/7 profile, scattering, defects.

Sources: two worked budgets, published as notebooks; the moments for which the HV 5/7 profile is named;
numbers that ITU-R P.1621-2 prints for itself, as an open implementation quotes them; Agrawal's textbook.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rabta.radio.optical import air, beam, clouds
from rabta.verify import Row, suite

ISL = "github.com/henrique-muon/henrique-sandbox: optical ISL, 7,000 km, 10 Gbit/s, 1550 nm"
MOON = "github.com/ISSUIUC/THEIA_rasc-al24: 406,679 km, 0.3 m at both ends, 10 W, 1550 nm"
HV57 = "Roggemann, Imaging Through Turbulence (1996), as pybsm quotes it: 5 cm and 7 urad at 0.5 um"
P1621 = "ITU-R P.1621-2, section 5.1.1, the numbers that it prints for itself"
OPEN_P1621 = "an open implementation of P.1621-2, its examples"
P1622 = "the second-degree coefficients that open copies of ITU-R P.1622 carry"
AGRAWAL = "Agrawal, Fiber-Optic Communication Systems, 4th edition: photons a bit at an error rate of 1e-9"
MATHEMATICS = "closed form"
NAN = float("nan")


@suite("optical", "Laser links between satellites and to the ground")
def rows(_files: Path | None) -> list[Row]:
    """Budgets, limits, turbulence, scattering, clouds, defects."""
    return [*_budget_rows(), *_turbulence_rows(), *_scattering_rows(), *_cloud_rows(), *_defect_rows()]


def crosslink() -> dict[str, float]:
    """The published link of 7,000 km: 33 dBm, 10 cm, half of the aperture, 3 dB of optics at each end."""
    gain = float(beam.telescope_gain_db(0.1, 1.55, 0.5))
    return beam.budget(
        power_w=10.0**0.3, send_gain_db=gain, receive_gain_db=gain, range_km=7000.0, rate_gbps=10.0,
        photons=50.0, losses_db={"send optics": 3.0, "receive optics": 3.0},
    )  # fmt: skip


def to_the_moon() -> float:
    """Margin of the published link to the Moon: its pointing loss, a receiver at -7.8 less 72.12 dBW."""
    gain = float(beam.telescope_gain_db(0.3, 1.55))
    theirs = 4.0 * float(beam.pointing_loss_db(gain, 1.0))
    found = beam.budget(
        power_w=10.0, send_gain_db=gain, receive_gain_db=gain, range_km=406_679.0, rate_gbps=10.0,
        photons=50.0, losses_db={"optics": -20.0 * float(np.log10(0.8)), "pointing": 2.0 * theirs},
    )  # fmt: skip
    return found["received_dbm"] - 30.0 + 7.8 + 72.12


def _budget_rows() -> list[Row]:
    link = crosslink()
    limits = (("ook", 10.0), ("dpsk", 20.0), ("psk", 9.0))
    rough = 10.0 ** (float(beam.jitter_loss_db(105.0, 1.0, 0.01)) / -10.0)
    return [
        Row("crosslink of 7,000 km: received, dBm", link["received_dbm"], -41.827397049647175, 1e-9, ISL),
        Row("crosslink of 7,000 km: photons a bit", link["photons_per_bit"], 51.0, 0.5, ISL),
        Row("Earth to Moon: margin, dB", to_the_moon(), 5.765420945680475, 1e-4, MOON),
        *(
            Row(f"quantum limit, {kind}: photons a bit", float(beam.quantum_limit(kind)), n, 0.1, AGRAWAL)
            for kind, n in limits
        ),
        Row(
            "jitter: share of the power left in the worst 1 % of the time",
            *(rough, 0.01 ** (10.0**10.5 * 1e-12 / 2.0), 1e-12, MATHEMATICS),
        ),
    ]


def _turbulence_rows() -> list[Row]:
    sea, peak = air.Turbulence.above(), air.Turbulence.above(2.5)
    heights = np.array([0.0, 1000.0, 10_000.0, 20_000.0])
    rows = [
        Row("HV 5/7: coherence length at 0.5 um, cm", 100.0 * float(sea.fried_m(0.5)), 5.0, 0.1, HV57),
        Row("HV 5/7: isoplanatic angle at 0.5 um, urad", float(sea.isoplanatic_urad(0.5)), 7.0, 0.1, HV57),
        Row("wind where it is unknown, m/s", float(air.wind_m_s()), 21.0, 0.05, P1621),
        Row("height of the 139 layers, km", float(air.layers_m()[1].sum()) / 1e3, 20.3, 0.05, P1621),
        Row("integral of Cn2, 1e-12 m^(1/3)", 1e12 * sea.whole, 2.234, 0.0005, OPEN_P1621),
        Row("integral at the sea over that at 2.5 km", sea.whole / peak.whole, 10.8, 0.1, OPEN_P1621),
    ]
    listed = (-13.76, -15.86, -16.78, -18.12)
    for height, ours, theirs in zip(heights, np.log10(air.cn2(heights)), listed, strict=True):
        rows.append(Row(f"log10 Cn2 at {height:g} m", float(ours), theirs, 0.0051, OPEN_P1621))
    return rows


def second_degree(wavelength_um: float, height_km: float, linear: float = 0.0439) -> float:
    """Attenuation at the zenith by the other set of coefficients that goes round, in dB."""
    um = wavelength_um
    a = -0.000545 * um**2 + 0.002 * um - 0.0038
    b = 0.00628 * um**2 - 0.0232 * um + linear
    c = -0.028 * um**2 + 0.101 * um - 0.18
    d = -0.228 * um**3 + 0.922 * um**2 - 1.26 * um + 0.719
    return float(beam.DB_PER_NEPER * (((a * height_km + b) * height_km + c) * height_km + d))


def _scattering_rows() -> list[Row]:
    heights, waves = np.meshgrid(np.linspace(0.0, 5.0, 26), np.linspace(0.8, 2.0, 25))
    least = float(air.scattering_db(waves, 90.0, heights).min())
    return [
        *(
            Row(
                f"aerosols at {um:g} um, station at {km:g} km, zenith, dB",
                *(float(air.scattering_db(um, 90.0, km)), second_degree(um, km), 0.03, P1622),
            )
            for um in (1.064, 1.55)
            for km in (0.0, 1.0, 2.4)
        ),
        Row("aerosols: least attenuation in the whole range, dB", least, 0.0155, 0.0155, "not below 0"),
    ]


def _cloud_rows() -> list[Row]:
    same = np.array([[1.0, 0.999999], [0.999999, 1.0]])
    half = np.array([[1.0, 0.5], [0.5, 1.0]])
    return [
        Row("two stations, independent clouds", clouds.availability([0.3, 0.4]), 0.88, 1e-12, MATHEMATICS),
        Row("two stations under one cloud", clouds.availability([0.3, 0.3], same), 0.7, 2e-3, MATHEMATICS),
        Row("two, median clouds, correlation 0.5", clouds.availability([0.5, 0.5], half), 2 / 3, 1e-4,
            "Sheppard: both below the median with 1/4 + asin(rho) / (2 pi)"),
    ]  # fmt: skip


def _defect_rows() -> list[Row]:
    gain = float(beam.telescope_gain_db(0.3, 1.55))
    first = "first term of the Airy pattern, and the Gaussian beam: exp(-G theta^2 / 4)"
    return [
        Row(
            "the anchor's defect: pointing loss exp(-G theta^2), 1 urad at 0.3 m, dB",
            *(float(beam.pointing_loss_db(gain, 1.0)), 4.0 * float(beam.pointing_loss_db(gain, 1.0)), NAN),
            *(f"{MOON}, after arXiv 2204.13177; {first}", False),
        ),
        Row(
            "the anchor's defect: 0.00439 for 0.0439 in the second-degree set, station at 2 km, 1.55 um, dB",
            *(float(air.scattering_db(1.55, 90.0, 2.0)), second_degree(1.55, 2.0, 0.00439), NAN),
            *("three open copies; attenuation cannot be negative", False),
        ),
        Row(
            "the anchor's defect: the second-degree set at 2 um, station at 2 km, dB",
            *(float(air.scattering_db(2.0, 90.0, 2.0)), second_degree(2.0, 2.0), NAN),
            *("attenuation cannot be negative within the range that P.1622 states", False),
        ),
        Row(
            "the anchor's defect: 3.11 for 33.11 in P.1621-2's wind, where it is unknown, m/s",
            *(float(air.wind_m_s()), float(np.sqrt(2.3**2 + 3.11 * 2.3 + 360.61)), NAN),
            *("an open copy; the Recommendation says that 2.3 m/s give 21 m/s", False),
        ),
    ]
