"""The E-model of ITU-T G.107 (06/2015): how a telephone call is rated, of its delay and its losses.

All that a network does not change (loudness, noise, sidetone, echo) stays at the Recommendation's default
values (table 2); the delay of a call with its echo is T = Ta and Tr = 2 T.
"""

from __future__ import annotations

import math
from types import MappingProxyType

from rabta.errors import RabtaError, nearest

# Defaults of G.107 table 2
SLR, RLR, STMR, DS, DR, TELR, WEPL = 8.0, 2.0, 15.0, 3.0, 3.0, 65.0, 110.0
QDU, NC, NFOR, PS, PR = 1.0, -70.0, -64.0, 35.0, 35.0
LSTR, OLR = STMR + DR, SLR + RLR
SENSITIVITY, LEAST_MS = 1.0, 100.0  # sT and mT of the default class, table 1
MOST_DELAY_MS, MOST_LOSS, MOST_BURST = 500.0, 0.2, 8.0

# Equipment impairment and robustness against loss, G.113 appendix I (05/2002), tables I.1, I.2 and I.3
CODECS = MappingProxyType({
    "G.711": (0.0, 4.3),
    "G.711 with concealment": (0.0, 25.1),
    "G.729A": (11.0, 19.0),
    "G.723.1": (15.0, 16.1),
})  # fmt: skip


def rating(delay_ms: float, loss: float = 0.0, burst: float = 1.0, codec: str = "G.711") -> float:
    """Transmission rating factor R, equation 7-1.

    Parameters
    ----------
    delay_ms : float
        From mouth to ear, ms (0 to 500).
    loss : float
        Share of packets that are not played (0 to 0.2).
    burst : float
        Mean length of bursts of losses over that of random losses, BurstR (1 to 8).
    codec : str
        One of `CODECS`.

    Raises
    ------
    RabtaError
        Outside table 2's ranges, or for a codec that is not in the table.

    Examples
    --------
    >>> round(rating(0.0), 1)
    93.2
    """
    known(codec)
    for key, value, low, high in (("delay_ms", delay_ms, 0.0, MOST_DELAY_MS), ("loss", loss, 0.0, MOST_LOSS),
                                  ("burst", burst, 1.0, MOST_BURST)):  # fmt: skip
        if not low <= value <= high:
            raise RabtaError("outside the E-model", key=key, value=value, expected=f"{low} to {high}")
    noise = noise_dbm0p()
    ratio = 15.0 - 1.5 * (SLR + noise)
    return (
        ratio - simultaneous(ratio, noise) - delayed(delay_ms, ratio, noise) - equipment(loss, burst, codec)
    )


def known(codec: str) -> None:
    """Raise for a codec that is not in the table."""
    if codec not in CODECS:
        raise RabtaError("no such codec", key="codec", value=codec, expected=nearest(codec, CODECS))


def noise_dbm0p() -> float:
    """Sum of all noise at the 0 dBr point, equations 7-4 to 7-7."""
    sent = PS - SLR - DS - 100.0 + 0.004 * (PS - OLR - DS - 14.0) ** 2
    room = PR + 10.0 * math.log10(1.0 + 10.0 ** ((10.0 - LSTR) / 10.0))
    received = RLR - 121.0 + room + 0.008 * (room - 35.0) ** 2
    return 10.0 * math.log10(sum(10.0 ** (each / 10.0) for each in (NC, sent, received, NFOR + RLR)))


def _knee(value: float, power: float) -> float:
    """The norm (1 + x^p)^(1/p) that the equations bend at 1 with."""
    return float((1.0 + value**power) ** (1.0 / power))


def _sidetone(echo_ms: float) -> float:
    """Impairment by sidetone, equations 7-11 and 7-12."""
    masked = -10.0 * math.log10(10.0 ** (-STMR / 10.0) + math.exp(-echo_ms / 4.0) * 10.0 ** (-TELR / 10.0))
    return (
        12.0 * _knee((masked - 13.0) / 6.0, 8.0) - 28.0 * _knee((masked + 1.0) / 19.4, 35.0)
        - 13.0 * _knee((masked - 3.0) / 33.0, 13.0) + 29.0
    )  # fmt: skip


def simultaneous(ratio: float, noise: float) -> float:
    """Is, what comes along with the voice, equations 7-8 to 7-17."""
    loud = OLR + 0.2 * (64.0 + noise - RLR)
    loudness = 20.0 * (_knee(loud / 8.0, 8.0) - loud / 8.0)
    quantised = 37.0 - 15.0 * math.log10(QDU)
    grain = 1.07 + 0.258 * quantised + 0.0602 * quantised**2
    y, z = (ratio - 100.0) / 15.0 + 46.0 / 8.4 - grain / 9.0, 46.0 / 30.0 - grain / 40.0
    return loudness + _sidetone(0.0) + 15.0 * math.log10(1.0 + 10.0**y + 10.0**z)


def delayed(delay_ms: float, ratio: float, noise: float) -> float:
    """Id: echo that the talker and the listener hear, and delay itself, equations 7-18 to 7-28."""
    masked = TELR - 40.0 * math.log10((1.0 + delay_ms / 10.0) / (1.0 + delay_ms / 150.0))
    masked += 6.0 * math.exp(-0.3 * delay_ms**2)
    half = (-1.5 * (noise - RLR) - (80.0 + 2.5 * (masked - 14.0))) / 2.0
    talker = (half + math.sqrt(half**2 + 100.0) - 1.0) * (1.0 - math.exp(-delay_ms))
    half = (ratio - 10.5 * (WEPL + 7.0) * math.pow(2.0 * delay_ms + 1.0, -0.25)) / 2.0
    listener = half + math.sqrt(half**2 + 169.0)
    return talker + listener + absolute(delay_ms)


def absolute(delay_ms: float) -> float:
    """Idd: impairment by too long a delay even without echo, equations 7-27 and 7-28."""
    if delay_ms <= LEAST_MS:
        return 0.0
    x, power = math.log2(delay_ms / LEAST_MS), 6.0 * SENSITIVITY
    return 25.0 * (_knee(x, power) - 3.0 * _knee(x / 3.0, power) + 2.0)


def equipment(loss: float, burst: float, codec: str) -> float:
    """Ie-eff: of the codec and of losses, equation 7-29."""
    own, robust = CODECS[codec]
    percent = 100.0 * loss
    return own + (95.0 - own) * percent / (percent / burst + robust)


def opinion(rate: float) -> float:
    """Mean opinion score of a rating, annex B.

    Examples
    --------
    >>> [round(opinion(rate), 2) for rate in (93.2, 80.0, 60.0)]
    [4.41, 4.02, 3.1]
    """
    if rate <= 0.0:
        return 1.0
    if rate >= 100.0:
        return 4.5
    return 1.0 + 0.035 * rate + rate * (rate - 60.0) * (100.0 - rate) * 7e-6
