"""One path of ITU-R P.1812-7 or P.452-18 in plain NumPy: what the compiled kernel is held to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.radio import _kernels as air
from rabta.radio import gas
from rabta.radio.terrain import diffraction
from rabta.radio.terrain.profile import INLAND, RADIUS_KM, SEA, Profiles

Array = NDArray[np.float64]
Query = dict[str, float]


@dataclass(frozen=True)
class Ground:
    """What the profile says: zones (shares and km) and geometry, by the names of the Recommendation."""

    sea: float
    land: float
    inland: float
    tx_coast: float
    rx_coast: float
    seen: bool
    dlt: float
    dlr: float
    angle_t: float
    angle_r: float
    theta: float
    hte: float
    hre: float
    hm: float
    surface: tuple[float, float]
    steep: float
    """Steepest slope from the transmitter over the straight line to the receiver, m/km."""


def parts(paths: Profiles, row: int, query: Query, *, p452: bool) -> dict[str, float]:
    """Parts of the loss of one path, named as in `rabta.radio.terrain.profile.PARTS`.

    ``query`` has every name of `rabta.radio.terrain.profile.QUERY` but those that `Profiles` holds.
    """
    at = paths.at[row]
    d, h, c = (
        v[i : i + at[4]]
        for v, i in zip((paths.distance_km, paths.ground_m, paths.clutter_m), at[:3], strict=True)
    )
    zone = paths.zone[at[3] : at[3] + at[4]]
    c = np.where((d < 0.05) | (d > d[-1] - 0.05), 0.0, c) if p452 else c
    top = h + np.r_[0.0, c[1:-1], 0.0]
    ae = RADIUS_KM * 157.0 / (157.0 - paths.delta_n[row])
    hts, hrs = h[0] + query["tx_height_m"], h[-1] + query["rx_height_m"]
    ground = survey(d, h, zone, hts, hrs, query["frequency_ghz"], ae)
    latitude = float(paths.latitude_deg[row])
    b0 = ducting_percent(latitude, ground.land, ground.inland)
    p = query["time_percent"]
    if query.get("worst_month", 0.0):
        p = annual_percent(p, latitude, ground.sea)
    found = _losses(d, top, hts, hrs, query, ground, (p, b0, ae, float(paths.n0[row])), p452)
    if not p452:
        spread = _places(query, float(paths.clutter_m[at[2] + at[4] - 1]), zone[-1] == SEA)
        found["loss_db"] = max(found["line_of_sight_p_db"], found["median_places_db"] + spread)
    return found


def survey(
    d: Array, h: Array, zone: NDArray[np.uint8], hts: float, hrs: float, f: float, ae: float
) -> Ground:
    """Zones, horizons, angles and smooth surfaces. P.1812-7, sections 3.6, 4.1, attachment 1 to annex 1."""
    dn, x, y = d[-1], d[1:-1], h[1:-1]
    up = 1000.0 * np.arctan((y - hts) / (1000.0 * x) - x / (2.0 * ae))
    direct = 1000.0 * math.atan((hrs - hts) / (1000.0 * dn) - dn / (2.0 * ae))
    seen = bool(up.max() <= direct)
    if seen:
        over = y + 500.0 / ae * x * (dn - x) - (hts * (dn - x) + hrs * x) / dn
        v = over * np.sqrt(0.002 * dn * f / (diffraction.LIGHT * x * (dn - x)))
        lt = lr = len(v) - int(np.argmax(v[::-1]))
        angle_t, angle_r = direct, 1000.0 * math.atan((hts - hrs) / (1000.0 * dn) - dn / (2.0 * ae))
    else:
        back = 1000.0 * np.arctan((y - hrs) / (1000.0 * (dn - x)) - (dn - x) / (2.0 * ae))
        lt, lr = int(np.argmax(up)) + 1, len(back) - int(np.argmax(back[::-1]))
        angle_t, angle_r = float(up.max()), float(back.max())
    first, last = diffraction.smooth_surface(d, h)
    first, last = min(first, float(h[0])), min(last, float(h[-1]))
    rough = h[lt : lr + 1] - (first + (last - first) / dn * d[lt : lr + 1])
    return Ground(
        *_zones(d, zone), seen, float(d[lt]), float(dn - d[lr]), angle_t, angle_r,
        float(1000.0 * dn / ae + angle_t + angle_r), hts - first, hrs - last,
        float(rough.max(initial=-1e300)), diffraction.diffraction_surface(d, h, hts, hrs),
        float(np.max((y + 500.0 / ae * x * (dn - x) - hts) / x) - (hrs - hts) / dn),
    )  # fmt: skip


def _zones(d: Array, zone: NDArray[np.uint8]) -> tuple[float, float, float, float, float]:
    edge = np.r_[d[0], (d[1:] + d[:-1]) / 2.0, d[-1]]
    length, wet = np.diff(edge), zone == SEA
    share = 1.0 if wet.all() else float(length[wet].sum() / d[-1])
    coasts = (float(d[-1]), float(d[-1]))
    if wet.any():
        first, last = int(np.argmax(wet)), len(wet) - int(np.argmax(wet[::-1]))
        coasts = float(edge[first]), float(d[-1] - edge[last])
    return (share, _longest(edge, ~wet), _longest(edge, zone == INLAND), *coasts)


def _longest(edge: Array, inside: NDArray[np.bool_]) -> float:
    turns = np.flatnonzero(np.diff(np.r_[False, inside, False].astype(np.int8)))
    return float(np.max(edge[turns[1::2]] - edge[turns[::2]], initial=0.0))


def ducting_percent(latitude_deg: float, land_km: float, inland_km: float) -> float:
    """Time with steep refractivity in the lowest 100 m, beta_0. ITU-R P.1812-7, equations (2) to (5)."""
    lat, tau = abs(latitude_deg), 1.0 - math.exp(-4.12e-4 * inland_km**2.41)
    mu1 = min((10 ** (-land_km / (16.0 - 6.6 * tau)) + 10 ** (-5.0 * (0.496 + 0.354 * tau))) ** 0.2, 1.0)
    mu4 = mu1 ** (-0.935 + 0.0176 * lat) if lat <= 70.0 else mu1**0.3
    return float((10 ** (-0.015 * lat + 1.67) if lat <= 70.0 else 4.17) * mu1 * mu4)


def annual_percent(worst_month_percent: float, latitude_deg: float, sea_share: float) -> float:
    """Time of the average year that stands for one of the worst month. ITU-R P.452-18, equation (1)."""
    twist = abs(math.cos(2.0 * math.radians(latitude_deg))) ** 0.7
    climate = math.sqrt(1.1 + twist if abs(latitude_deg) <= 45.0 else 1.1 - twist)
    power = math.log10(worst_month_percent) + math.log10(climate) - 0.186 * sea_share - 0.444
    annual = float(10 ** (power / (0.816 + 0.078 * sea_share)))
    return min(max(annual, worst_month_percent / 12.0), worst_month_percent)


def inverse_normal(share: float) -> float:
    """Inverse complementary cumulative normal distribution. P.1812-7, attachment 2 to annex 1."""
    x = min(max(share, 1e-6), 1.0 - 1e-6)
    t = math.sqrt(-2.0 * math.log(min(x, 1.0 - x)))
    c, d = (2.515516698, 0.802853, 0.010328), (1.0, 1.432788, 0.189269, 0.001308)
    value = t - float(np.polynomial.polynomial.polyval(t, c) / np.polynomial.polynomial.polyval(t, d))
    return value if x <= 0.5 else -value


def _losses(
    d: Array, top: Array, hts: float, hrs: float, query: Query, ground: Ground,
    state: tuple[float, float, float, float], p452: bool,
) -> dict[str, float]:  # fmt: skip
    f, dn, (p, b0, ae, n0) = query["frequency_ghz"], float(d[-1]), state
    moist, dry = _air(query, ground.sea) if p452 else (0.0, 0.0)
    straight = math.hypot(dn, (hts - hrs) / 1000.0)
    free = 92.4 + 20.0 * math.log10(f) + 20.0 * math.log10(straight) + moist * straight
    focus = 2.6 * (1.0 - math.exp(-0.1 * (ground.dlt + ground.dlr)))
    los_p, los_b = free + focus * math.log10(p / 50.0), free + focus * math.log10(b0 / 50.0)
    median, bent = (_bent(d, top, hts, hrs, radius, query, ground) for radius in (ae, 3.0 * RADIUS_KM))
    weight = inverse_normal(p / 100.0) / inverse_normal(b0 / 100.0) if p > b0 else 1.0
    diffracted = median if p == 50.0 else median + weight * (bent - median)
    scattered = 25.0 * math.log10(f) - 2.5 * math.log10(f / 2.0) ** 2 + 20.0 * math.log10(dn)
    scattered += 0.573 * ground.theta - 0.15 * n0
    if p452:
        scattered += 190.0 + 0.051 * math.exp(0.055 * query.get("gains_dbi", 0.0)) + dry * dn
        scattered = max(scattered - 10.1 * math.log10(50.0 / p) ** 0.7, free)
    else:
        scattered += 190.1 - 10.125 * math.log10(50.0 / p) ** 0.7
    ducted = _ducting(f, p, b0, ae, dn, hts, hrs, query, ground) + moist * dn
    # section 4.6
    hidden = ground.steep / 0.3 if p452 else (ground.theta - 0.3) / 0.3
    shade = 1.0 - 0.5 * (1.0 + math.tanh(2.4 * hidden))
    near = 1.0 - 0.5 * (1.0 + math.tanh(1.5 * (dn - 20.0) / 20.0))
    least, by_edges = los_p + (1.0 - ground.sea) * diffracted, los_p + diffracted
    if p >= b0:
        fi = inverse_normal(p / 100.0) / inverse_normal(b0 / 100.0)
        least = free + median + (los_b + (1.0 - ground.sea) * diffracted - free - median) * fi
    mixed = 2.5 * float(np.logaddexp(ducted / 2.5, los_p / 2.5))
    either = by_edges if mixed > by_edges else mixed + (by_edges - mixed) * near
    clear = either + (least - either) * shade
    ten = math.log(10.0) / 5.0
    total = -float(np.logaddexp(-scattered * ten, -clear * ten)) / ten
    return {
        "loss_db": total, "free_space_db": free, "line_of_sight_p_db": los_p, "line_of_sight_b0_db": los_b,
        "diffraction_50_db": median, "diffraction_p_db": diffracted, "troposcatter_db": scattered,
        "ducting_db": ducted, "median_places_db": total, "effective_radius_km": ae,
        "tx_horizon_km": ground.dlt, "rx_horizon_km": ground.dlr, "tx_horizon_mrad": ground.angle_t,
        "rx_horizon_mrad": ground.angle_r, "path_angle_mrad": ground.theta, "tx_effective_m": ground.hte,
        "rx_effective_m": ground.hre, "roughness_m": ground.hm, "tx_smooth_m": ground.surface[0],
        "rx_smooth_m": ground.surface[1], "ducting_percent": b0, "annual_percent": p,
        "line_of_sight": float(ground.seen), "sea_share": ground.sea, "longest_land_km": ground.land,
        "longest_inland_km": ground.inland,
    }  # fmt: skip


def _air(query: Query, sea: float) -> tuple[float, float]:
    """Specific attenuation in dB/km near the ground and on the way of scatter."""
    lines = [np.ascontiguousarray(part) for part in gas.lines()]
    dry: Any = air.oxygen_specific
    wet: Any = air.water_specific_pair
    f, p, t = query["frequency_ghz"], query["pressure_hpa"], query["temperature_k"]
    found = [
        dry.py_func(lines[0], f, p, rho, t) + wet.py_func(lines[1], f, f, p, rho, t)[0]
        for rho in (7.5 + 2.5 * sea, 3.0)
    ]
    return found[0], found[1]


def _bent(d: Array, top: Array, hts: float, hrs: float, radius: float, query: Query, ground: Ground) -> float:
    f, vertical = query["frequency_ghz"], bool(query.get("vertical", 0.0))
    if not query.get("closed", 0.0):
        return diffraction.delta_bullington_db(
            d, top, hts, hrs, radius, f, vertical=vertical, sea_share=ground.sea, surface=ground.surface
        )
    a, b = hts - ground.surface[0], hrs - ground.surface[1]
    sphere = diffraction.spherical_earth_db(d[-1], a, b, radius, f, vertical=vertical, sea_share=ground.sea)
    level = closed_bullington_db(float(d[-1]), a, b, radius, f)
    return diffraction.bullington_db(d, top, hts, hrs, radius, f) + max(float(sphere) - level, 0.0)


def closed_bullington_db(dn: float, a: float, b: float, radius: float, f: float) -> float:
    """Bullington loss over a smooth Earth without a profile. P.1812-7, attachment 4 to annex 1."""
    c = 500.0 / radius
    if dn < math.sqrt(2.0 * radius) * (math.sqrt(0.001 * a) + math.sqrt(0.001 * b)):
        near, clear = diffraction.clearance(dn, a, b, radius)
        at, over = float(near), -float(clear)
    else:
        steep, back = c * dn - 2.0 * math.sqrt(c * a), c * dn - 2.0 * math.sqrt(c * b)
        at = (b - a + back * dn) / (steep + back)
        over = a + steep * at - (a * (dn - at) + b * at) / dn
    edge = float(diffraction.knife_edge_db(diffraction.edge_parameter(over, at, dn - at, f)))
    return edge + (1.0 - math.exp(-edge / 6.0)) * (10.0 + 0.02 * dn)


def _ducting(
    f: float, p: float, b0: float, ae: float, dn: float, hts: float, hrs: float, query: Query, g: Ground
) -> float:
    total = 102.45 + 20.0 * math.log10(f) + 20.0 * math.log10(g.dlt + g.dlr)
    total += 45.375 - 137.0 * f + 92.5 * f * f if f < 0.5 else 0.0
    coasts = query.get("tx_coast_km", math.nan), query.get("rx_coast_km", math.nan)
    own = (g.tx_coast, g.rx_coast)
    for k, (angle, far, high) in enumerate(((g.angle_t, g.dlt, hts), (g.angle_r, g.dlr, hrs))):
        above, coast = angle - 0.1 * far, own[k] if math.isnan(coasts[k]) else coasts[k]
        if above > 0.0:
            total += 20.0 * math.log10(1.0 + 0.361 * above * math.sqrt(f * far)) + 0.264 * above * f ** (
                1 / 3
            )
        if g.sea >= 0.75 and coast <= min(far, 5.0):
            total -= 3.0 * math.exp(-0.25 * coast**2) * (1.0 + math.tanh(0.07 * (50.0 - high)))
    bend = 1000.0 * dn / ae + min(g.angle_t, 0.1 * g.dlt) + min(g.angle_r, 0.1 * g.dlr)
    return float(total + 5e-5 * ae * f ** (1.0 / 3.0) * bend + _ducting_time(p, b0, ae, dn, g))


def _ducting_time(p: float, b0: float, ae: float, dn: float, g: Ground) -> float:
    tau = 1.0 - math.exp(-4.12e-4 * g.inland**2.41)
    alpha = max(-0.6 - 3.5e-9 * dn**3.1 * tau, -3.4)
    mu2 = min((500.0 / ae * dn**2 / (math.sqrt(g.hte) + math.sqrt(g.hre)) ** 2) ** alpha, 1.0)
    between = min(dn - g.dlt - g.dlr, 40.0)
    mu3 = math.exp(-4.6e-5 * (g.hm - 10.0) * (43.0 + 6.0 * between)) if g.hm > 10.0 else 1.0
    beta = b0 * mu2 * mu3
    low = math.log10(beta)
    gamma = 1.076 / (2.0058 - low) ** 1.012
    gamma *= math.exp(-(9.51 - 4.8 * low + 0.198 * low**2) * 1e-6 * dn**1.13)
    return float(-12.0 + (1.2 + 3.7e-3 * dn) * math.log10(p / beta) + 12.0 * (p / beta) ** gamma)


def _places(query: Query, clutter: float, at_sea: bool) -> float:
    height, f = query["rx_height_m"], query["frequency_ghz"]
    share = 0.0 if at_sea else min(max(1.0 - (height - clutter) / 10.0, 0.0), 1.0)
    sigma = math.hypot(
        share * (0.024 * f + 0.52) * query["resolution_m"] ** 0.28, query.get("entry_sigma_db", 0.0)
    )
    return float(query.get("entry_db", 0.0)) - inverse_normal(query["location_percent"] / 100.0) * sigma
