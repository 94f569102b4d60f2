"""Messages that are sent through samples come back: coded, spread, in noise, found, followed, decoded."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.pnt.baseband import acquire, codes, decode, generate, track
from rabta.pnt.baseband.generate import Emission
from rabta.pnt.messages import bcnav, d1d2, lnav
from rabta.pnt.messages.fields import bits_of
from rabta.pnt.records import IonosphereMessage, empty_ephemerides

TOE = 1457049614 * 10**9
BDGIM = IonosphereMessage(
    "C", 19, "CNVX", "bdgim", (30.875, 0.25, 11.625, 10.375, -12.5, 0.75, 0.0, 3.125, 1.875)
)
KLOBUCHAR = IonosphereMessage(
    *("C", 6, "D1D2", "klobuchar"),
    (2.5e-08, 3.8e-07, -2.3e-06, 3.2e-06, 1.8e05, -1.1e06, 4.2e06, -1.9e06),
)
ORBIT: dict[str, float] = dict(
    zip(
        (
            *(
                "af0",
                "af1",
                "af2",
                "m0",
                "crs",
                "delta_n",
                "cuc",
                "e",
                "cus",
                "sqrt_a",
                "omega0",
                "crc",
                "cic",
            ),
            *("cis", "i0", "health", "omega", "omega_dot", "i_dot", "a_dot", "delta_n_dot", "satellite_type"),
            *("sisai_oe", "sisai_ocb", "sisai_oc1", "sisai_oc2", "sismai", "integrity_flags", "accuracy_m"),
            *("tgd1", "tgd2", "fit_h", "tgd_b1cp", "tgd_b2ap", "isc_b1cd", "isc_b2ad", "tgd_b2bi"),
        ),
        (
            *(
                -9.632943547331e-04,
                4.532374475730e-12,
                0.0,
                -2.286556994403,
                -15.71484375,
                3.359604226715e-09,
            ),
            *(
                -8.372589945793e-07,
                1.089124823920e-03,
                8.824281394482e-06,
                5.282631603676e03,
                -1.733550762948,
            ),
            *(
                193.4453125,
                -8.661299943924e-08,
                -7.450580596924e-09,
                9.875774503477e-01,
                0.0,
                -7.497750380427e-01,
            ),
            *(-6.508663969122e-09, 3.432285825624e-10, 4.528999328613e-03, -3.496588169254e-14, 3.0),
            *(0.0, -2.0, 7.0, 7.0, 0.0, 0.0, 2.0, 2e-9, -3e-9, 4.0, 1e-9, -1e-9, 1e-10, 2e-10, 3e-9),
        ),
        strict=True,
    )
)
SAME = ("m0", "e", "sqrt_a", "omega0", "omega", "i0", "crs", "cuc", "af0", "delta_n")


def record(kind: str, prn: int, system: str = "C") -> np.void:
    """Numbers of C19's ephemeris of 2026-03-09 (BRD400DLR_S_20260680000), as each message can carry them."""
    row = empty_ephemerides(1)
    item = row[0]
    item["system"], item["prn"], item["kind"] = system, prn, kind
    item["toc"] = item["toe"] = item["sent"] = item["t_op"] = TOE
    item["iode"], item["iodc"] = (1, 1) if kind in ("D1", "D2") else (24, 24)
    for name, value in ORBIT.items():
        item[name] = value
    return item


def symbols(kind: str, prn: int) -> np.ndarray:
    """Channel symbols of whole messages."""
    item = record(kind, prn, "G" if kind == "LNAV" else "C")
    if kind == "CNV1":
        count, second, third = bcnav.encode_cnv1(item, BDGIM)
        return decode.channel("CNV1", prn, np.concatenate([second, third]), count)
    if kind in ("CNV2", "CNV3"):
        parts = (bcnav.encode_cnv2 if kind == "CNV2" else bcnav.encode_cnv3)(item, BDGIM)
        return np.concatenate([decode.channel(kind, prn, part) for part in parts.values()])
    if kind == "LNAV":
        return np.concatenate([decode.channel(kind, prn, part) for part in lnav.encode(item)])
    parts = (d1d2.encode_d1 if kind == "D1" else d1d2.encode_d2)(item, KLOBUCHAR)
    if (
        kind == "D2"
    ):  # ten pages of subframe 1; subframes 2 to 5 between them are not needed for the ephemeris
        return np.concatenate([decode.channel(kind, prn, part) for part in parts])
    return np.concatenate([decode.channel(kind, prn, part) for part in parts])


@pytest.mark.parametrize(
    ("signal", "kind", "prn", "rate", "seconds", "cn0"),
    [
        ("B2B", "CNV3", 19, 5.4e6, 2.1, 42.0),
        ("B2A", "CNV2", 19, 5.4e6, 9.1, 45.0),
        ("B1C", "CNV1", 19, 2.1e6, 18.1, 45.0),
        ("B1I", "D1", 19, 2.1e6, 18.1, 43.0),
        ("B1I", "D2", 59, 2.1e6, 6.2, 45.0),
        ("L1CA", "LNAV", 19, 1.2e6, 18.1, 43.0),
    ],
)
def test_an_ephemeris_comes_through_samples(
    signal: str, kind: str, prn: int, rate: float, seconds: float, cn0: float
) -> None:
    sent = Emission(signal, prn, cn0, 0.00234, 1234.0, -0.5, symbols(kind, prn))
    made = generate.samples([sent], rate, seconds, seed=5)
    found = acquire.search(made, rate, signal, [prn], time_s=0.04)[0]
    assert found["found"]
    place = {"doppler_hz": float(found["doppler_hz"]), "delay_s": float(found["delay_s"])}
    seen = track.run(made, rate, signal, prn, **place)
    frames = decode.frames(seen)
    assert {frame.kind for frame in frames} == {kind}
    assert frames[0].start_s == pytest.approx(0.00234, abs=1e-6)
    read = decode.navigation(frames, TOE)
    assert len(read.ephemerides) == 1
    row, truth = read.ephemerides[0], record(kind, prn)
    assert (row["prn"], row["kind"]) == (prn, kind)
    assert abs(int(row["toe"]) - TOE) <= 16 * 10**9  # LNAV counts in steps of 16 s
    for name in SAME:
        assert row[name] == pytest.approx(truth[name], rel=2e-3), name
    assert [m.model for m in read.ionosphere] == (
        ["klobuchar"] if kind in ("D1", "D2") else ["bdgim"] * (kind != "LNAV")
    )


@pytest.mark.parametrize("kind", ["CNV1", "CNV2", "CNV3"])
def test_frames_hold_down_to_the_codes_limit(kind: str) -> None:
    """Symbols in noise at Eb/N0 of 2.5 dB: all frames, upside down and shifted too."""
    prn = 19
    once = symbols(kind, prn)
    many = np.tile(once, 6 if kind != "CNV1" else 3)
    noise = (1.0 / 10**0.25) ** 0.5  # variance of a symbol of one half bit
    rng = np.random.default_rng(4)
    values = -(1.0 - 2.0 * many) + rng.normal(0.0, noise, many.size)
    shift = 137
    soft = decode.Symbols(
        2.0 / noise**2 * np.concatenate([rng.normal(0, 1, shift), values]),
        np.arange(many.size + shift) * 1e-3, False, -1,
    )  # fmt: skip
    finder = {"CNV1": decode._cnv1, "CNV2": decode._cnv2, "CNV3": decode._cnv3}[kind]
    frames = list(finder(soft, prn, kind))
    length = decode.LENGTHS[kind]
    assert [first for first, _, _ in frames] == [shift + k * length for k in range(many.size // length)]


def test_noise_has_no_frames() -> None:
    rng = np.random.default_rng(5)
    for signal, kind in (("B2B", "CNV3"), ("L1CA", "LNAV"), ("B1I", "D1")):
        what = codes.find(signal)
        count = 4000
        noise = rng.normal(size=count) + 1j * rng.normal(size=count)
        lost = track.Track(
            signal, 20, np.arange(count) * what.period_s, np.zeros(count), np.zeros(count), noise,
            noise[:0], np.full(count, 20.0), np.zeros(count), np.full(count, -1), False,
        )  # fmt: skip
        assert decode.frames(lost) == [], kind


def test_messages_of_a_wrong_length_are_refused() -> None:
    with pytest.raises(RabtaError, match="LNAV, 299 bits"):
        decode.channel("LNAV", 3, np.zeros(299))
    with pytest.raises(RabtaError, match="CNV1"):
        decode.channel("CNV9", 3, bits_of(0, 300))
    with pytest.raises(RabtaError, match="288"):
        decode.channel("CNV2", 3, np.zeros(300))
