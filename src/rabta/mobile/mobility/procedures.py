"""Handover procedures of NR: what is measured, when a cell is left, how long it takes, what it costs.

One machine for all: the baseline of TS 38.300, 9.2.3.2, in which the network answers a report (A3, A5), and
conditional handover of 9.2.3.4, in which the terminal leaves by itself for a prepared cell: by A3, by time
(condEventT1) or by place (condEventD1, and D2 where the reference places move).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.mobile.mobility import _kernels as k
from rabta.radio.itu import check_range
from rabta.radio.ntn.field import keys

Array = NDArray[np.float64]
F4 = NDArray[np.float32]

KINDS = {"baseline": (0, k.A3), "conditional": (1, k.A3), "timed": (1, k.T1), "located": (1, k.D1)}
EVENTS = {"a3": k.A3, "a5": k.A5, "a4": k.A4}
FILTER_PERIOD_S = 0.2  # TS 38.331, 5.5.3.2: the coefficient is meant for a sample every 200 ms
INTERRUPTION_MS = {
    "processing": 15.0,
    "retuning": 20.0,
    "occasion": 2.5,
    "preamble": 1.0,
    "answer": 5.0,
    "complete": 6.0,
}
"""Parts of a handover's interruption, TR 36.881, table 5.2-1: 49.5 ms in all."""
MOST_CELLS = 100_000


def filter_share(coefficient: int, period_s: float = FILTER_PERIOD_S) -> float:
    """Share of the newest sample in layer 3's filter, a = 1/2^(k/4), kept in time for another period.

    TS 38.331, 5.5.3.2.

    Examples
    --------
    >>> filter_share(4), filter_share(0), round(filter_share(4, 0.1), 3)
    (0.5, 1.0, 0.293)
    """
    check_range("coefficient", coefficient, 0, 19, "TS 38.331, FilterCoefficient")
    check_range("period_s", period_s, 1e-3, 10.0, "TS 38.133")
    return float(1.0 - (1.0 - 0.5 ** (coefficient / 4.0)) ** (period_s / FILTER_PERIOD_S))


@dataclass(frozen=True)
class Procedure:
    """A way to hand over.

    Attributes
    ----------
    kind : str
        baseline, conditional, timed or located.
    event : str
        a3, a5 or a4 for baseline and conditional ones.
    offset_db, hysteresis_db, ttt_s : float
        Of the event that moves a terminal (execution, where that is conditional).
    prepare_db, prepare_ttt_s, release_db : float
        A3 that has a cell prepared, and how far below that it is released.
    least_dbm, own_dbm : float
        Thresholds of A4 and A5 (second, first); A4 goes with time and place.
    leave_m, enter_m, hysteresis_m : float
        Thresholds of D1: from the own cell's reference place, to the neighbour's.
    lead_s, close_m : float
        How long before its time, and how near its reference place, a cell is prepared for timed and located
        handover: the network knows both, and needs no report.
    rach : bool
        False: the target's timing is known (RACH-less).
    most : int
        Cells prepared at once, 8 at most (maxNrofCondCells-r16).
    """

    kind: str = "baseline"
    event: str = "a3"
    offset_db: float = 2.0
    hysteresis_db: float = 0.0
    ttt_s: float = 0.16
    prepare_db: float = -3.0
    prepare_ttt_s: float = 0.0
    release_db: float = 3.0
    least_dbm: float = -120.0
    own_dbm: float = -110.0
    leave_m: float = 0.0
    enter_m: float = 1e9
    hysteresis_m: float = 0.0
    lead_s: float = 2.0
    close_m: float = 1e9
    rach: bool = True
    most: int = 8
    filter_k: int = 4

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise RabtaError(
                "no such procedure", key="kind", value=self.kind, expected=nearest(self.kind, KINDS)
            )
        if self.event not in EVENTS:
            raise RabtaError(
                "no such event", key="event", value=self.event, expected=nearest(self.event, EVENTS)
            )
        check_range("ttt_s", self.ttt_s, 0.0, 5.12, "TS 38.331, TimeToTrigger")
        check_range("prepare_ttt_s", self.prepare_ttt_s, 0.0, 5.12, "TS 38.331, TimeToTrigger")
        check_range("hysteresis_db", self.hysteresis_db, 0.0, 15.0, "TS 38.331, Hysteresis")
        check_range("offset_db", self.offset_db, -15.0, 15.0, "TS 38.331, a3-Offset")
        check_range("prepare_db", self.prepare_db, -15.0, 15.0, "TS 38.331, a3-Offset")
        check_range("most", self.most, 1, 8, "TS 38.331, maxNrofCondCells-r16")


@dataclass(frozen=True)
class Link:
    """Radio link monitoring, delays and the world around.

    Attributes
    ----------
    round_trip_s : float
        Between terminal and base station: 0 on the ground, tens of ms over satellites.
    prepare_s : float
        In the network, between report and command: TR 36.839, table 5.2.1.3-1, 50 ms.
    rejoin_s : float
        To find a cell and connect anew after a failure, without the round trips. Modelled.
    period_s : float
        Between samples of layer 1: 200 ms for neighbours of FR1 (TS 38.133, table 9.2.5.2-1).
    error_db : float
        Standard deviation of a sample: 1.22 dB has 90 % within 2 dB (TR 36.839, table 5.2.1.2-1).
    window_db : float
        Cells weaker than the strongest by more than this are not found.
    """

    round_trip_s: float = 0.0
    prepare_s: float = 0.05
    rejoin_s: float = 0.3
    period_s: float = 0.2
    error_db: float = 1.22
    window_db: float = 20.0
    noise_dbm: float = -95.0
    load: float = 1.0
    q_out_db: float = -8.0
    q_in_db: float = -6.0
    t310_s: float = 1.0
    n310: int = 1
    n311: int = 1
    window_out_s: float = 0.2
    window_in_s: float = 0.1
    pong_s: float = 1.0

    def __post_init__(self) -> None:
        check_range("round_trip_s", self.round_trip_s, 0.0, 2.0, "a link over satellites")
        check_range("t310_s", self.t310_s, 0.0, 6.0, "TS 38.331, T310")
        check_range("n310", self.n310, 1, 20, "TS 38.331, N310")
        check_range("n311", self.n311, 1, 10, "TS 38.331, N311")
        check_range("load", self.load, 0.0, 1.0, "a share")

    def wait_s(self) -> float:
        """From report to command: half a round trip each, and the network's part."""
        return self.prepare_s + self.round_trip_s

    def interruption_s(self, rach: bool = True) -> float:
        """From command to data: TR 36.881's parts, a round trip for random access and one for the rest.

        Without random access its occasion, preamble and answer fall away (TS 38.300, RACH-less).

        Examples
        --------
        >>> Link().interruption_s() * 1e3, round(Link(round_trip_s=0.02577).interruption_s(rach=False) * 1e3, 2)
        (49.5, 66.77)
        """  # noqa: E501
        parts = INTERRUPTION_MS
        fixed = parts["processing"] + parts["retuning"] + parts["complete"]
        if rach:
            fixed += parts["occasion"] + parts["preamble"] + parts["answer"]
        return fixed / 1e3 + (2.0 if rach else 1.0) * self.round_trip_s


def steps(seconds: float, step_s: float) -> int:
    """Whole steps that cover a time."""
    return int(np.ceil(seconds / step_s - 1e-9))


def rules(procedure: Procedure, link: Link, step_s: float) -> tuple[Array, NDArray[np.int64]]:
    """The kernel's rows `rule` and `count`."""
    p, r = procedure, link
    conditional, event = KINDS[p.kind]
    if p.kind in {"baseline", "conditional"}:
        event = EVENTS[p.event]
    every = max(round(r.period_s / step_s), 1)
    rule = np.array(
        [
            10.0 ** (r.q_out_db / 10), 10.0 ** (r.q_in_db / 10), 10.0 ** (r.noise_dbm / 10),
            filter_share(p.filter_k, every * step_s), p.prepare_db, p.offset_db, p.hysteresis_db, p.least_dbm,
            p.own_dbm, p.leave_m, p.enter_m, p.hysteresis_m, r.load, r.error_db, p.release_db,
            p.lead_s, p.close_m,
        ]
    )  # fmt: skip
    plain = p.kind in {"baseline", "conditional"}
    count = [
        every, steps(p.ttt_s, step_s) if plain else 0, steps(p.prepare_ttt_s, step_s), steps(r.wait_s(), step_s),  # noqa: E501
        max(steps(r.interruption_s(p.rach), step_s), 1), steps(r.rejoin_s + 3.0 * r.round_trip_s, step_s),
        steps(r.t310_s, step_s), r.n310, r.n311, max(steps(r.window_out_s, step_s), 1),
        max(steps(r.window_in_s, step_s), 1), steps(r.pong_s, step_s), conditional, event, p.most,
        round(r.window_db),
    ]  # fmt: skip
    return rule, np.array(count, dtype=np.int64)


@dataclass
class Machine:
    """Users that hand over, chunk of time by chunk: memory grows with users and cells, not with time.

    Attributes
    ----------
    users, cells : int
    step_s : float
        1 ms to 1 s. Timers are whole steps, rounded up.
    channel : (cell,) int array, optional
        Cells of one channel disturb each other; all alike if left out.
    window_s : (user, cell, 2) array, optional
        For timed handover: seconds after which and until which a cell may be entered.
    """

    procedure: Procedure
    link: Link
    users: int
    cells: int
    step_s: float
    channel: NDArray[np.int64] | None = None
    window_s: Array | None = None
    seed: int = 0
    at: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        check_range("users", self.users, 1, 10_000_000, "a machine")
        check_range("cells", self.cells, 1, MOST_CELLS, "a machine")
        check_range("step_s", self.step_s, 1e-3, 1.0, "a machine")
        if self.procedure.kind == "timed" and self.window_s is None:
            raise RabtaError(
                "timed handover needs times", key="window_s", value=None, expected="(users, cells, 2)"
            )
        n, c = self.users, self.cells
        self.rule, self.count = rules(self.procedure, self.link, self.step_s)
        self.channels = np.zeros(c, np.int64) if self.channel is None else np.asarray(self.channel, np.int64)
        window = np.zeros((n, c, 2)) if self.window_s is None else self.window_s
        self.window = np.ascontiguousarray(window, dtype=np.float64)
        for name, found, expected in (
            ("channel", self.channels.shape, (c,)), ("window_s", self.window.shape, (n, c, 2))
        ):  # fmt: skip
            if found != expected:
                raise RabtaError("shapes do not fit", key=name, value=found, expected=str(expected))
        self.state = np.zeros((n, k.STATES), np.int64)
        self.state[:, [k.CELL, k.BEFORE, k.T310]] = -1
        self.tally = np.zeros((n, k.TALLIES), np.int64)
        self.filtered = np.full((n, c), k.GONE, np.float32)
        self.memory = np.full((n, 3, c), -1, np.int32)
        self.memory[:, 2] = 0
        self.ring = np.zeros((n, int(max(self.count[[k.WIN_OUT, k.WIN_IN]]))))
        self.key = np.ascontiguousarray(keys(self.seed, 1, np.arange(n)))

    def advance(self, power_dbm: ArrayLike, away_m: ArrayLike | None = None) -> tuple[NDArray[np.int32], F4]:
        """Go on over a chunk.

        Parameters
        ----------
        power_dbm : (user, step, cell) array_like
            Received from each cell, over the noise's bandwidth; -inf for nothing.
        away_m : (user, step, cell) array_like, optional
            To the cells' reference places, for handover by place.

        Returns
        -------
        serving : (user, step) int array
            -1 in interruptions.
        sinr_db : (user, step) array
            Of the cell last connected to.
        """
        power = np.ascontiguousarray(power_dbm, dtype=np.float32)
        if power.ndim != 3 or power.shape[0] != self.users or power.shape[2] != self.cells:
            raise RabtaError(
                "powers do not fit",
                key="power_dbm",
                value=power.shape,
                expected=f"({self.users}, steps, {self.cells})",
            )
        if np.isnan(power).any():
            raise RabtaError("powers are not numbers", key="power_dbm", value="NaN", expected="dBm or -inf")
        power = np.maximum(power, np.float32(k.GONE))
        if away_m is None and self.procedure.kind == "located":
            raise RabtaError(
                "handover by place needs distances", key="away_m", value=None, expected=str(power.shape)
            )
        away = np.zeros((self.users, 1, self.cells), np.float32)
        if away_m is not None:
            away = np.ascontiguousarray(away_m, dtype=np.float32)
            if away.shape != power.shape:
                raise RabtaError(
                    "distances do not fit", key="away_m", value=away.shape, expected=str(power.shape)
                )
        serving = np.empty(power.shape[:2], np.int32)
        sinr = np.empty(power.shape[:2], np.float32)
        k.advance(
            power, away, self.window, self.channels, self.rule, self.count, self.key, self.at, self.step_s,
            self.state, self.tally, self.filtered, self.memory, self.ring, serving, sinr,
        )  # fmt: skip
        self.at += power.shape[1]
        return serving, sinr

    def outcome(self) -> Outcome:
        """What has happened so far."""
        return Outcome.of(self.tally, self.procedure, self.link, self.at * self.step_s, self.step_s)


@dataclass(frozen=True)
class Outcome:
    """Sums over users, and rates.

    Attributes
    ----------
    handovers, failures, link_failures, ping_pongs, short_stays, prepared, recovered : int
        Failures are those of TR 36.839: no command, or no access; link failures come apart.
    user_minutes : float
    failure_rate : failures over attempts, attempts being handovers and failures.
    ping_pong_rate : over handovers; back within a second (TR 36.839, 5.2.1.4).
    interruption_ms : of one handover.
    down_share : of the time in interruptions and without a link.
    outage_share : of the connected time below Q_out.
    stay_s : mean time of stay in a cell that was left by handover.
    messages : dict
        Over the air and in the network, a user and minute.
    """

    handovers: int
    failures: int
    link_failures: int
    ping_pongs: int
    short_stays: int
    prepared: int
    recovered: int
    user_minutes: float
    failure_rate: float
    ping_pong_rate: float
    interruption_ms: float
    down_share: float
    outage_share: float
    stay_s: float
    messages: dict[str, float]

    @staticmethod
    def of(tally: NDArray[np.int64], p: Procedure, link: Link, seconds: float, step_s: float) -> Outcome:
        """From the kernel's sums."""
        total = tally.sum(axis=0)
        done, minutes = int(total[k.DONE]), len(tally) * seconds / 60.0
        failures = int(total[k.NO_COMMAND] + total[k.NO_ACCESS])
        steps_all = max(len(tally) * seconds / step_s, 1.0)
        down = float(total[k.BROKEN] + total[k.DOWN])
        return Outcome(
            handovers=done,
            failures=failures,
            link_failures=int(total[k.RLF]),
            ping_pongs=int(total[k.PING_PONG]),
            short_stays=int(total[k.SHORT]),
            prepared=int(total[k.PREPARED]),
            recovered=int(total[k.RECOVERED]),
            user_minutes=minutes,
            failure_rate=failures / max(done + failures, 1),
            ping_pong_rate=int(total[k.PING_PONG]) / max(done, 1),
            interruption_ms=1e3 * link.interruption_s(p.rach),
            down_share=down / steps_all,
            outage_share=float(total[k.OUTAGE]) / max(steps_all - down, 1.0),
            stay_s=float(total[k.STAYED]) * step_s / max(done, 1),
            messages=messages(total, p, max(minutes, 1e-9)),
        )

    def a_minute(self, number: float) -> float:
        """Events a user and minute."""
        return number / max(self.user_minutes, 1e-9)


def messages(total: NDArray[np.int64], p: Procedure, minutes: float) -> dict[str, float]:
    """Messages a user and minute, by the figures of TS 38.300, 9.2.3.2 to 9.2.3.4.

    Baseline: report and command over the air, request and answer between stations. Conditional: report,
    configuration and its answer, request and answer for each prepared cell, a reconfiguration and its answer
    for each released one, a cancel for each that was prepared in vain. Execution: preamble and its answer
    unless RACH-less, completion; status transfer, path switch and its answer, release. Re-establishment: five
    over the air, two between stations.
    """
    conditional = KINDS[p.kind][0] == 1
    reports, done = float(total[k.REPORTS]), float(total[k.DONE])
    air = (3.0 if conditional else 2.0) * reports + (3.0 if p.rach else 1.0) * float(total[k.TRIED])
    air += 2.0 * float(total[k.RELEASED]) + 5.0 * float(total[k.REJOINED])
    network = 2.0 * reports + 4.0 * done + 2.0 * float(total[k.REJOINED])
    if conditional:
        network += done + max(float(total[k.PREPARED]) - done, 0.0)
    return {"air": air / minutes, "network": network / minutes}
