"""Suite ``timing``: delays, Doppler shifts and SIB19's steps against TR 38.821 and TS 38.331."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rabta.mobile.mobility import timing
from rabta.mobile.modem import passes
from rabta.radio.ntn import motion
from rabta.units import SPEED_OF_LIGHT_M_S
from rabta.verify import Row, suite

TABLE = "3GPP TR 38.821 V16, table 4.2-2"
SIB = "3GPP TS 38.331, EphemerisInfo-r17"
AIRLINER_M_S = 1000.0 / 3.6


@suite("timing", "Timing and Doppler of links to satellites: round trips, differences, SIB19")
def rows(_files: Path | None) -> list[Row]:
    """Recompute the reports' tables, and measure the steps of broadcast ephemerides."""
    return [*_delays(), *_doppler(), *_feeder(), *_steps(), *_age()]


def _delays() -> list[Row]:
    return [
        Row("Round trip, 600 km, transparent, ms", float(motion.round_trip_ms(600.0, 10.0)), 25.77, 0.005, TABLE),  # noqa: E501
        Row("Round trip, 1,200 km, transparent, ms", float(motion.round_trip_ms(1200.0, 10.0)), 41.77, 0.005, TABLE),  # noqa: E501
        Row("Round trip, geostationary, transparent, ms", float(motion.round_trip_ms(35_786.0, 10.0)), 541.46, 0.03, TABLE),  # noqa: E501
        Row(
            "Round trip, 600 km, base station on board, ms",
            float(motion.round_trip_ms(600.0, 10.0, transparent=False)), 12.89, 0.005, TABLE,
        ),
        Row("Delays across a beam of 1,000 km, 600 km, ms", timing.differential_delay_ms(600.0, 1000.0), 3.12, 0.005, TABLE),  # noqa: E501
        Row("Delays across a beam of 1,000 km, 1,200 km, ms", timing.differential_delay_ms(1200.0, 1000.0), 3.18, 0.005, TABLE),  # noqa: E501
        Row("Delays across a beam of 3,500 km, geostationary, ms", timing.differential_delay_ms(35_786.0, 3500.0), 10.3, 0.05, TABLE),  # noqa: E501
    ]  # fmt: skip


def _doppler() -> list[Row]:
    still = [float(motion.greatest_doppler_hz(h, 0.0, 1.0)) / 1e3 for h in (600.0, 1200.0)]
    flown = [ppm + AIRLINER_M_S / SPEED_OF_LIGHT_M_S * 1e6 for ppm in still]
    note = f"{TABLE}; "
    return [
        Row("Doppler, 600 km, user at rest, ppm", still[0], 24.0, 0.5, note + "the table does not say its user's speed", gate=False),  # noqa: E501
        Row("Doppler, 600 km, user in an airliner at 1,000 km/h, ppm", flown[0], 24.0, 0.5, note + "our reading"),  # noqa: E501
        Row("Doppler, 1,200 km, user at rest, ppm", still[1], 21.0, 0.75, note + "printed whole", gate=False),
        Row("Doppler, 1,200 km, user in an airliner at 1,000 km/h, ppm", flown[1], 21.0, 0.5, note + "our reading"),  # noqa: E501
        Row(
            "Doppler rate below the orbit, 600 km, ppm/s", timing.overhead_rate_ppm_s(600.0), -0.27, 0.005,
            note + "v^2 R / ((R + h) h c) with a still Earth is 0.29; the table's way is not said", gate=False,  # noqa: E501
        ),
        Row(
            "Doppler rate below the orbit, 1,200 km, ppm/s", timing.overhead_rate_ppm_s(1200.0), -0.13, 0.01, note + "two digits",  # noqa: E501
            gate=False,
        ),
    ]  # fmt: skip


def _pass() -> passes.Pass:
    return passes.find(
        passes.satellite("starlink-11506"), 31.55, 74.34, 0.0, np.datetime64("2026-01-14T00:00:00")
    )


def _feeder() -> list[Row]:
    service = _pass()
    hub = passes.between(service.satellite, service.place, service.start, service.span_s)
    aboard, split = timing.over(service, 2.0), timing.over(service, 2.0, feeder=hub)
    whole = timing.over(service, 2.0, feeder=hub, split=False)
    source = "TS 38.300, 16.14.2.1: K_offset covers service and common advance, K_mac the rest"
    slope = np.gradient(2e6 * hub.at(whole.times_s)[2] / SPEED_OF_LIGHT_M_S, whole.times_s)
    slot = np.ceil(2.0 * aboard.service_us / 1e3)
    return [
        Row("K_offset with a feeder link as long, slots", float((whole.k_offset - slot).max()), 0.0, 0.0, source),  # noqa: E501
        Row("K_mac where the satellite aligns, slots", float((split.k_mac - aboard.k_offset).max()), 0.0, 0.0, source),  # noqa: E501
        Row(
            "Drift of the common advance beside the feeder's range, us/s",
            float(np.abs(whole.drift_us_s[1:-1] - slope[1:-1]).max()), 0.0, 1e-3,
            "twice the rate of the way over c, by differences over 2 s",
        ),
    ]  # fmt: skip


def _steps() -> list[Row]:
    rng = np.random.default_rng(1)
    place, speed = rng.uniform(-4e7, 4e7, (4000, 3)), rng.uniform(-7e3, 7e3, (4000, 3))
    told = timing.broadcast(place, speed)
    away = np.abs(told.position_m - place), np.abs(told.velocity_m_s - speed)
    return [
        Row("Position, greatest error of a coordinate, m", float(away[0].max()), 0.65, 0.001, f"{SIB}: steps of 1.3 m"),  # noqa: E501
        Row("Velocity, greatest error of a coordinate, m/s", float(away[1].max()), 0.03, 1e-4, f"{SIB}: steps of 0.06 m/s"),  # noqa: E501
        Row(
            "Greatest common advance that the field holds, ms", timing.TA_COMMON_MOST * timing.TA_COMMON_STEP_US / 1e3,  # noqa: E501
            270.73, 0.005, "TS 38.331, TA-Info-r17: 0 to 270.73 ms",
        ),
    ]  # fmt: skip


def _age() -> list[Row]:
    service = _pass()
    good, plain = (timing.validity(service, 2.0, oblate=o) for o in (True, False))
    early = int(np.flatnonzero(good.age_s == 30.0)[0])
    j2 = 1.5 * timing.EARTH_J2 * timing.EARTH_MU * timing.EARTH_A**2 / 6.735e6**4
    return [
        Row(
            "Kepler's orbit after 30 s beside SGP4, m", float(plain.position_m[early]), 0.0, 0.5 * 2 * j2 * 900.0 + 3.0,  # noqa: E501
            "oblateness pulls by at most 2 x 1.5 J2 mu R^2 / r^4, and the steps of SIB19",
        ),
        Row(
            "Uplink timing after 900 s with J2, us", float(good.round_trip_us[-1]), 0.0, 29 * 64 / (480e3 * 4096) * 1e6,  # noqa: E501
            "TS 38.133, 7.1C: 29 x 64 T_c at 15 kHz",
        ),
    ]  # fmt: skip
