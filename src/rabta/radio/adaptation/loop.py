"""Adaptive coding and modulation along a series of C/N: what is sent, what arrives, what is lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.radio.adaptation import _kernels
from rabta.radio.itu import check_range
from rabta.radio.modcods import Waveform

Array = NDArray[np.float64]

MOST_STEPS = 127


@dataclass(frozen=True)
class Policy:
    """How a link follows its C/N.

    Attributes
    ----------
    margin_db : float
        A modcod is used only where the reported C/N is above its threshold by so much.
    hysteresis_db : float
        To climb, the report must be above the threshold and margin by so much more.
    delay_s : float or array_like
        From the measurement to the first frame with the new modcod: propagation there and back, reporting,
        processing; one value, or one a link. `loop_delay_s` makes it from ranges.
    report_s : float
        Time between two reports.
    """

    margin_db: float = 1.0
    hysteresis_db: float = 0.5
    delay_s: ArrayLike = 0.5
    report_s: float = 1.0


@dataclass(frozen=True)
class Followed:
    """What adaptation made of each link.

    Attributes
    ----------
    used : int8 (time, link)
        Step of the waveform in use, -1 where there is no link.
    delivered, sent, ideal : ndarray, shape (link,)
        Mean bit/s/Hz over the linked time: that arrives; that is sent; with the best modcod at every moment.
    outage, lag : ndarray
        Shares of the linked time in which no modcod would work, and in which frames fail only because the
        modcod in use is too fast for the moment.
    switches_per_hour : ndarray
    linked : ndarray
        Share of the time with a link.
    reach : int64 (link, steps + 1)
        Steps of time in which each modcod was the best that works, the first column for none.
    """

    waveform: Waveform
    used: NDArray[np.int8]
    delivered: Array
    sent: Array
    ideal: Array
    outage: Array
    lag: Array
    switches_per_hour: Array
    linked: Array
    reach: NDArray[np.int64]

    def fixed(self, availability_percent: float = 99.0) -> tuple[NDArray[np.int64], Array]:
        """The fastest single modcod that works for a share of the linked time, and the bit/s/Hz it brings.

        Returns
        -------
        step : int64 (link,)
            -1 where no modcod works for so long.
        efficiency : ndarray
            Bits of the modcod times the share of the linked time in which it works.
        """
        check_range("availability_percent", availability_percent, 0.0, 100.0, "a link")
        works = np.cumsum(self.reach[:, ::-1], axis=1)[:, ::-1][:, 1:]
        share = works / np.maximum(self.reach.sum(axis=1), 1)[:, None]
        count = (share >= availability_percent / 100.0 - 1e-12).sum(axis=1)
        step = np.where(self.linked > 0.0, count - 1, -1)
        row = np.arange(len(step))
        safe = np.maximum(step, 0)
        return step, np.where(step >= 0, self.waveform.bits[safe] * share[row, safe], 0.0)

    def gain(self, availability_percent: float = 99.0) -> Array:
        """Delivered over what the fixed modcod of that availability brings; NaN where that is nothing."""
        fixed = self.fixed(availability_percent)[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(fixed > 0.0, self.delivered / fixed, np.nan))


def loop_delay_s(range_km: ArrayLike, processing_s: float = 0.1, hops: int = 2) -> Array:
    """Delay of the loop from the longest range: light up and down, for the report and for the answer.

    Parameters
    ----------
    range_km : array_like
        Longest slant range of the link.
    hops : int
        Times that the distance is crossed: 4 through a bent pipe (terminal, satellite, gateway and back), 2
        where the satellite itself decides.

    Examples
    --------
    >>> loop_delay_s([37000.0, 1000.0], 0.0, 4).round(4).tolist()
    [0.4937, 0.0133]
    """
    check_range("range_km", range_km, 0.0, 1e6, "a link")
    return np.asarray(processing_s + hops * np.asarray(range_km, dtype=np.float64) / 299792.458)


def follow(cn_db: ArrayLike, waveform: Waveform, step_s: float, policy: Policy | None = None) -> Followed:
    """Adapt each link to its C/N.

    Parameters
    ----------
    cn_db : array_like, shape (time, link)
        C/N in the channel at the receiver, NaN where there is no link. A link begins with the most robust
        modcod and climbs with its first report.
    waveform : Waveform
    step_s : float
        Time between two rows; delay and time between reports are rounded to it, upwards.
    policy : Policy, optional

    Notes
    -----
    A report of the time t is in force from t + delay. Frames arrive where the C/N is at or above the
    threshold of the modcod in use (quasi-error-free), else they are lost.

    Examples
    --------
    >>> from rabta.radio import modcods
    >>> found = follow(np.full((600, 1), 10.0), modcods.load("dvb-s2"), 1.0)
    >>> found.waveform.names[found.used[-1, 0]], float(found.lag[0])
    ('16APSK 2/3', 0.0)
    """
    rule = policy or Policy()
    cn, lag, every = _inputs(cn_db, waveform, step_s, rule)
    links, steps = cn.shape[1], len(waveform.bits)
    threshold, bits = np.ascontiguousarray(waveform.threshold_db), np.ascontiguousarray(waveform.bits)
    used = np.empty(cn.shape, dtype=np.int8)
    sums = np.zeros((links, _kernels.SUMS))
    reach = np.zeros((links, steps + 1), dtype=np.int64)
    jit.each_part(
        *(_kernels.follow, links, cn, threshold, bits, lag, every),
        *(rule.margin_db, rule.hysteresis_db, used, sums, reach),
    )
    return _result(waveform, used, sums, reach, step_s)


def _inputs(
    cn_db: ArrayLike, waveform: Waveform, step_s: float, rule: Policy
) -> tuple[NDArray[np.float32], NDArray[np.int64], int]:
    cn = np.ascontiguousarray(cn_db, dtype=np.float32)
    if cn.ndim != 2 or not cn.size:
        raise RabtaError(
            "C/N is not a table", key="cn_db", value=cn.shape, expected="(time, link), not empty"
        )
    if len(waveform.bits) > MOST_STEPS:
        raise RabtaError("too many modcods", key="waveform", value=waveform.name, expected=f"{MOST_STEPS}")
    check_range("step_s", step_s, 1e-6, 1e5, "a series")
    check_range("margin_db", rule.margin_db, 0.0, 30.0, "adaptation")
    check_range("hysteresis_db", rule.hysteresis_db, 0.0, 30.0, "adaptation")
    check_range("report_s", rule.report_s, 1e-6, 1e5, "adaptation")
    check_range("delay_s", rule.delay_s, 0.0, 1e5, "adaptation")
    delay = np.broadcast_to(np.asarray(rule.delay_s, dtype=np.float64), (cn.shape[1],))
    lag = np.ceil(delay / step_s - 1e-9).astype(np.int64)
    return cn, lag, max(int(np.ceil(rule.report_s / step_s - 1e-9)), 1)


def _result(
    waveform: Waveform, used: NDArray[np.int8], sums: Array, reach: NDArray[np.int64], step_s: float
) -> Followed:
    k = _kernels
    linked = np.maximum(sums[:, k.LINKED], 1.0)
    mean = sums / linked[:, None]
    return Followed(
        waveform,
        used,
        delivered=mean[:, k.DELIVERED],
        sent=mean[:, k.SENT],
        ideal=mean[:, k.IDEAL],
        outage=mean[:, k.OUTAGE],
        lag=mean[:, k.LAG],
        switches_per_hour=mean[:, k.SWITCHES] * 3600.0 / step_s,
        linked=sums[:, k.LINKED] / len(used),
        reach=reach,
    )


def follow_reference(
    cn_db: ArrayLike, waveform: Waveform, step_s: float, policy: Policy | None = None
) -> Followed:
    """`follow`, step by step over whole rows of links."""
    rule = policy or Policy()
    cn, lag, every = _inputs(cn_db, waveform, step_s, rule)
    links = cn.shape[1]
    threshold, bits = waveform.threshold_db, waveform.bits
    used = np.full(cn.shape, -1, dtype=np.int8)
    state, since = np.full(links, -1), np.zeros(links, dtype=np.int64)
    sums, reach = np.zeros((links, _kernels.SUMS)), np.zeros((links, len(bits) + 1), dtype=np.int64)
    for t, row in enumerate(cn.astype(np.float64)):
        on, before = ~np.isnan(row), state
        since = np.where(on & (before < 0), t, since)
        state = np.where(on, np.maximum(before, 0), -1)
        told = t - lag
        heard = on & (told >= since) & (told % every == 0)
        report = cn[np.maximum(told, 0), np.arange(links)].astype(np.float64) - rule.margin_db
        down = np.maximum(np.searchsorted(threshold, report, side="right") - 1, 0)
        up = np.searchsorted(threshold, report - rule.hysteresis_db, side="right") - 1
        state = np.where(heard, np.where(down < state, down, np.maximum(state, up)), state)
        used[t] = state
        best = np.where(on, np.searchsorted(threshold, row, side="right") - 1, -1)
        reach[np.flatnonzero(on), best[on] + 1] += 1
        arrives = on & (best >= state)
        parts = (
            *(on, arrives * bits[state], on * bits[state], (on & (best >= 0)) * bits[best]),
            *(on & (best < 0), on & (best >= 0) & ~arrives, on & (before >= 0) & (state != before)),
        )
        sums += np.stack(parts, axis=1)
    return _result(waveform, used, sums, reach, step_s)
