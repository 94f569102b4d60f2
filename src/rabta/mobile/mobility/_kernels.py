"""The handover machine of each user, compiled: over given powers, and over powers made on the fly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rabta.jit import inline, kernel, prange

# ruff: noqa: C901, PLR0912, PLR0915 (kernels: long loops stay in one compiled function)

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
DECIBEL = math.log(10.0) / 10.0
GONE = -300.0  # dBm of what is not there
STEPS_DB, TABLE_ZERO = 4.0, 1280  # of the table of powers, from -320 dBm
STEP_E = DECIBEL / STEPS_DB
TABLE_MW = np.exp(STEP_E * (np.arange(1680) - TABLE_ZERO))

# modes of a user
CONNECTED, PREPARING, EXECUTING, LOST = 0, 1, 2, 3
# columns of `state`
MODE, CELL, TARGET, CLOCK, OUTS, INS, T310, BEFORE, SINCE, FILL, MISSED, VISITS = range(12)
STATES = 12
# columns of `tally`
(
    REPORTS, PREPARED, TRIED, DONE, NO_COMMAND, NO_ACCESS, RLF, PING_PONG, SHORT, RECOVERED, BROKEN, OUTAGE,
    RELEASED, REJOINED, STAYED, DOWN,
) = range(16)  # fmt: skip
TALLIES = 16
# rows of `rule` (floats)
(
    Q_OUT, Q_IN, NOISE, SHARE, PREP_DB, EXEC_DB, HYST_DB, LEAST_DBM, OWN_DBM, LEAVE_M, ENTER_M, HYST_M,
    LOAD, ERROR_DB, RELEASE_DB, LEAD_S, CLOSE_M,
) = range(17)  # fmt: skip
# rows of `count` (whole steps, codes)
(
    EVERY, TTT, TTT_PREP, WAIT, SWITCH, REJOIN, T310_STEPS, N310, N311, WIN_OUT, WIN_IN, PONG, CONDITIONAL,
    EVENT, MOST, WIDE,
) = range(16)  # fmt: skip
# codes of EVENT
A3, A4, A5, T1, D1 = 0, 1, 2, 3, 4


@kernel("u8(u8)")
def mix(z: Any) -> Any:
    """`rabta.radio.ntn.field.mix`."""
    z = (z ^ (z >> np.uint64(30))) * FIRST
    z = (z ^ (z >> np.uint64(27))) * SECOND
    return z ^ (z >> np.uint64(31))


@kernel("f8(u8, u8)")
def deviate(key: Any, number: Any) -> Any:
    """Standard normal number of a stream by the inverse of its distribution, to 1.2e-9 relative.

    One hash and, but for the tails, no transcendental function: P. J. Acklam's rational approximation (2003).
    """
    bits = mix(key + (number + np.uint64(1)) * GOLDEN) >> np.uint64(11)
    p = (float(bits) + 0.5) * 1.1102230246251565e-16
    q = p - 0.5
    if abs(q) <= 0.47575:
        r = q * q
        top = (((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r
               + 138.357751867269) * r - 30.66479806614716  # fmt: skip
        low = (((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r
               + 66.80131188771972) * r - 13.28068155288572  # fmt: skip
        return q * (top * r + 2.506628277459239) / (low * r + 1.0)
    r = math.sqrt(-2.0 * math.log(min(p, 1.0 - p)))
    top = (((-0.007784894002430293 * r - 0.3223964580411365) * r - 2.400758277161838) * r
           - 2.549732539343734) * r + 4.374664141464968  # fmt: skip
    top = top * r + 2.938163982698783
    low = ((0.007784695709041462 * r + 0.3224671290700398) * r + 2.445134137142996) * r + 3.754408661907416
    found = top / (low * r + 1.0)
    return found if q < 0.0 else -found


@kernel("f8(f8)")
def milliwatts(dbm: Any) -> Any:
    """10^(dBm / 10) by a table of quarter decibels and a series of the rest, to 1e-10 relative."""
    x = dbm * STEPS_DB
    n = math.floor(x)
    rest = (x - n) * STEP_E
    row = min(max(int(n) + TABLE_ZERO, 0), TABLE_MW.shape[0] - 1)
    return TABLE_MW[row] * (
        1.0 + rest * (1.0 + rest * (0.5 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest / 120.0))))
    )


@inline
def angle_deg(y: Any, x: Any) -> Any:
    """Direction of (x, y) in degrees, to 0.0007: Hastings' polynomial (1955, sheet 11)."""
    a, b = abs(x), abs(y)
    t = min(a, b) / max(a, b, 1e-12)
    r = t * t
    turn = t * (0.9998660 + r * (-0.3302995 + r * (0.1801410 + r * (-0.0851330 + 0.0208351 * r))))
    turn = 1.5707963267948966 - turn if b > a else turn
    turn = math.pi - turn if x < 0.0 else turn
    return turn * (-57.29577951308232 if y < 0.0 else 57.29577951308232)


@kernel("void(f4[::1], f4[::1], f8[::1], i8[::1], u8, i8)")
def measure(power: Any, filtered: Any, rule: Any, count: Any, key: Any, step: Any) -> None:
    """One sample of layer 1 with its error, into the filter of layer 3 (TS 38.331, 5.5.3.2)."""
    share, error, cells = rule[SHARE], rule[ERROR_DB], power.shape[0]
    best = GONE
    for c in range(cells):
        best = max(best, power[c])
    for c in range(cells):
        if power[c] < best - count[WIDE] or power[c] <= GONE:
            filtered[c] = GONE  # not detected: the filter starts anew
            continue
        sample = float(power[c])
        if error > 0.0:
            sample += error * deviate(key + np.uint64(c), np.uint64(step))
        if filtered[c] <= GONE:
            filtered[c] = sample
        else:
            filtered[c] = (1.0 - share) * filtered[c] + share * sample


@kernel("b1(f4[::1], f4[::1], f8[:,::1], f8[::1], i8, i8, i8, f8, f8)")
def holds(
    filtered: Any, away: Any, window: Any, rule: Any, event: Any, own: Any, c: Any, offset: Any, now: Any
) -> Any:
    """Entering condition of an event for one neighbour (TS 38.331, 5.5.4)."""
    if filtered[c] <= GONE:
        return False
    hyst = rule[HYST_DB]
    if event == A3:
        return filtered[c] - hyst > filtered[own] + offset
    enough = filtered[c] - hyst > rule[LEAST_DBM]
    if event == A5:
        return enough and filtered[own] + hyst < rule[OWN_DBM]
    if event == T1:
        return enough and window[c, 0] < now <= window[c, 1]
    if event == D1:
        far = away[own] - rule[HYST_M] > rule[LEAVE_M]
        return enough and far and away[c] + rule[HYST_M] < rule[ENTER_M]
    return enough


@kernel("b1(f4[::1], f4[::1], f8[:,::1], f8[::1], i8, i8, i8, f8, b1)")
def planned(
    filtered: Any, away: Any, window: Any, rule: Any, event: Any, own: Any, c: Any, now: Any, stay: Any
) -> Any:
    """Whether a neighbour is to be prepared, or to stay so: by what is known before, else by A3."""
    if event == T1:
        return window[c, 0] - rule[LEAD_S] < now <= window[c, 1]
    if event == D1:
        return away[c] < (1.2 if stay else 1.0) * rule[CLOSE_M]
    if stay:
        return filtered[c] + rule[RELEASE_DB] >= filtered[own] + rule[PREP_DB]
    return holds(filtered, away, window, rule, A3, own, c, rule[PREP_DB], now)


@kernel("void(i8[::1], i4[::1], i4[::1], i4[::1], i8)")
def _arrive(state: Any, held: Any, near: Any, ready: Any, goal: Any) -> None:
    """A user in its new cell: nothing of the old one stays."""
    state[BEFORE], state[CELL], state[MODE] = state[CELL], goal, CONNECTED
    state[OUTS], state[INS], state[T310], state[MISSED] = 0, 0, -1, 0
    state[SINCE], state[FILL] = 0, 0
    state[VISITS] += 1
    for c in range(held.shape[0]):
        held[c], near[c], ready[c] = -1, -1, 0


@kernel(
    "void(f4[::1], f4[::1], f8[:,::1], i8[::1], f8[::1], i8[::1], u8, i8, f8, i8[::1], i8[::1], f4[::1], "
    "i4[::1], i4[::1], i4[::1], f8[::1], f8[::1], f4[::1])"
)
def step_user(
    power: Any, away: Any, window: Any, channel: Any, rule: Any, count: Any, key: Any, step: Any, now: Any,
    state: Any, tally: Any, filtered: Any, held: Any, near: Any, ready: Any, ring: Any, total: Any, out: Any,
) -> None:  # fmt: skip
    """One step of one user; ``out`` receives the signal to interference and noise, dB.

    ``power`` is dBm of each cell, ``away`` metres to each cell's reference place, ``held`` and ``near`` steps
    for which the conditions of execution and of preparation hold (-1: not), ``ready`` 0 for a cell that is not
    prepared, n > 0 for one that is in n steps, -1 for one that is.
    """  # noqa: E501
    cells = power.shape[0]
    if step % count[EVERY] == 0:
        measure(power, filtered, rule, count, key, step)
    if state[CELL] < 0:
        first = 0
        for c in range(cells):
            if power[c] > power[first]:
                first = c
        state[CELL] = first
    own = state[CELL]
    for j in range(total.shape[0]):
        total[j] = 0.0
    for c in range(cells):
        if power[c] > GONE and c != own:
            total[channel[c]] += milliwatts(power[c])
    mine = milliwatts(power[own]) if power[own] > GONE else 0.0
    ratio = mine / (rule[LOAD] * total[channel[own]] + rule[NOISE])
    total[channel[own]] += mine
    out[0] = 10.0 * math.log10(ratio) if ratio > 1e-30 else GONE
    state[SINCE] += 1

    if state[MODE] == EXECUTING:
        tally[BROKEN] += 1
        state[CLOCK] -= 1
        if state[CLOCK] <= 0:
            goal = state[TARGET]
            theirs = milliwatts(power[goal]) if power[goal] > GONE else 0.0
            heard = theirs / (rule[LOAD] * max(total[channel[goal]] - theirs, 0.0) + rule[NOISE])
            if heard < rule[Q_OUT]:
                tally[NO_ACCESS] += 1
                state[MODE], state[CLOCK] = LOST, count[REJOIN]
            else:
                tally[DONE] += 1
                tally[STAYED] += state[SINCE]
                if state[VISITS] > 0 and state[SINCE] < count[PONG]:
                    tally[SHORT] += 1
                    if goal == state[BEFORE]:
                        tally[PING_PONG] += 1
                _arrive(state, held, near, ready, goal)
        return
    if state[MODE] == LOST:
        tally[DOWN] += 1
        state[CLOCK] -= 1
        if state[CLOCK] <= 0:
            goal = 0
            for c in range(cells):
                if power[c] > power[goal]:
                    goal = c
            theirs = milliwatts(power[goal]) if power[goal] > GONE else 0.0
            heard = theirs / (rule[LOAD] * max(total[channel[goal]] - theirs, 0.0) + rule[NOISE])
            if heard >= rule[Q_OUT]:
                tally[REJOINED] += 1
                _arrive(state, held, near, ready, goal)
                state[VISITS] = 0  # what follows a failure is no ping-pong
        return

    # radio link monitoring over the windows of TS 38.133, 8.1
    size = ring.shape[0]
    ring[state[FILL] % size] = ratio
    state[FILL] += 1
    have = state[FILL]
    wide, fast = 0.0, 0.0
    n_out, n_in = min(have, count[WIN_OUT]), min(have, count[WIN_IN])
    for j in range(n_out):
        wide += ring[(have - 1 - j) % size]
    for j in range(n_in):
        fast += ring[(have - 1 - j) % size]
    wide /= n_out
    fast /= n_in
    if wide < rule[Q_OUT]:
        tally[OUTAGE] += 1
    if state[T310] < 0:
        state[OUTS] = state[OUTS] + 1 if wide < rule[Q_OUT] else 0
        if state[OUTS] >= count[N310]:
            state[T310], state[INS] = count[T310_STEPS], 0
    else:
        state[T310] -= 1
        state[INS] = state[INS] + 1 if fast > rule[Q_IN] else 0
        if state[INS] >= count[N311]:
            state[T310], state[OUTS], state[MISSED] = -1, 0, 0
        elif state[T310] <= 0:
            if state[MODE] == PREPARING or state[MISSED] > 0:
                if state[MISSED] == 0:
                    tally[NO_COMMAND] += 1  # lost between report and command: a handover failure
            else:
                tally[RLF] += 1
            state[MISSED] = 0
            best = 0
            for c in range(cells):
                if filtered[c] > filtered[best]:
                    best = c
            if count[CONDITIONAL] == 1 and ready[best] == -1 and best != own:
                tally[RECOVERED] += 1  # the found cell was prepared: TS 38.331, 5.3.7.3
                state[MODE], state[TARGET], state[CLOCK] = EXECUTING, best, count[SWITCH]
                state[VISITS] = 0
            else:
                state[MODE], state[CLOCK] = LOST, count[REJOIN]
            return
    weak = state[T310] >= 0 or wide < rule[Q_OUT]

    if state[MODE] == PREPARING:
        state[CLOCK] -= 1
        if state[CLOCK] <= 0:
            if weak:
                if state[MISSED] == 0:
                    tally[NO_COMMAND] += 1
                state[MISSED], state[MODE] = 1, CONNECTED
                for c in range(cells):
                    held[c] = -1
            else:
                tally[TRIED] += 1
                state[MODE], state[CLOCK] = EXECUTING, count[SWITCH]
        return

    if count[CONDITIONAL] == 1:
        busy = 0
        for c in range(cells):
            busy += 1 if ready[c] != 0 else 0
        near_by = count[EVENT] != T1 and count[EVENT] != D1
        least = filtered[own] + rule[PREP_DB] + rule[HYST_DB]
        for c in range(cells):
            if near_by and ready[c] == 0 and filtered[c] <= least:  # most cells: too weak to be prepared
                near[c] = -1
                continue
            if c == own:
                continue
            if ready[c] > 0:
                ready[c] -= 1
                if ready[c] == 0 and not weak:  # else the configuration is lost, and asked for again
                    ready[c] = -1
                    tally[PREPARED] += 1
            elif ready[c] == -1:
                if not planned(filtered, away, window, rule, count[EVENT], own, c, now, True):
                    ready[c] = 0
                    tally[RELEASED] += 1
            else:
                if planned(filtered, away, window, rule, count[EVENT], own, c, now, False):
                    near[c] += 1
                else:
                    near[c] = -1
                if near[c] >= count[TTT_PREP] and busy < count[MOST]:
                    ready[c], near[c] = max(count[WAIT], 1), -1
                    busy += 1
                    tally[REPORTS] += 1
    choice, level = -1, filtered[own] + rule[EXEC_DB] + rule[HYST_DB]
    for c in range(cells):
        if count[EVENT] == A3 and filtered[c] <= level:
            held[c] = -1
            continue
        if c == own or (count[CONDITIONAL] == 1 and ready[c] != -1):
            held[c] = -1
            continue
        if holds(filtered, away, window, rule, count[EVENT], own, c, rule[EXEC_DB], now):
            held[c] += 1
        else:
            held[c] = -1
        if held[c] >= count[TTT] and (choice < 0 or filtered[c] > filtered[choice]):
            choice = c
    if choice >= 0:
        state[TARGET] = choice
        if count[CONDITIONAL] == 1:
            tally[TRIED] += 1
            state[MODE], state[CLOCK] = EXECUTING, count[SWITCH]
        else:
            tally[REPORTS] += 1
            state[MODE], state[CLOCK] = PREPARING, count[WAIT]


@kernel(
    "void(f4[:,:,::1], f4[:,:,::1], f8[:,:,::1], i8[::1], f8[::1], i8[::1], u8[::1], i8, f8, "
    "i8[:,::1], i8[:,::1], "
    "f4[:,::1], i4[:,:,::1], f8[:,::1], i4[:,::1], f4[:,::1])",
    parallel=True,
)
def advance(
    power: Any, away: Any, window: Any, channel: Any, rule: Any, count: Any, key: Any, start: Any,
    seconds: Any, state: Any, tally: Any, filtered: Any, memory: Any, ring: Any, serving: Any, sinr: Any,
) -> None:  # fmt: skip
    """Steps of a chunk for every user; all of a user's memory is carried from chunk to chunk.

    Parameters
    ----------
    power, away : (user, step, cell)
        dBm; metres to the cells' reference places, one step if nobody asks for them.
    window : (user, cell, 2)
        Seconds between which a cell may be entered by time.
    memory : (user, 3, cell)
        Steps of the conditions of execution and preparation, and what is prepared.
    serving, sinr : (user, step)
        Written: the cell (-1 in interruptions) and its ratio, dB.
    """
    channels = 1
    for c in range(channel.shape[0]):
        channels = max(channels, channel[c] + 1)
    for u in prange(power.shape[0]):
        total = np.zeros(channels)
        out = np.zeros(1, np.float32)
        for t in range(power.shape[1]):
            where = t if away.shape[1] > 1 else 0
            n = start + t
            step_user(
                power[u, t], away[u, where], window[u], channel, rule, count, key[u], n, n * seconds, state[u],  # noqa: E501
                tally[u], filtered[u], memory[u, 0], memory[u, 1], memory[u, 2], ring[u], total, out,
            )  # fmt: skip
            sinr[u, t] = out[0]
            serving[u, t] = state[u, CELL] if state[u, MODE] < EXECUTING else -1


@kernel("f8(f4[:,::1], f8, f8)")
def gain(pattern: Any, azimuth: Any, elevation: Any) -> Any:
    """Gain between the points of a table, (361, 361): elevations -90 to 90, azimuths -180 to 180 deg."""
    x = azimuth + 180.0
    x -= 360.0 * math.floor(x / 360.0)
    y = 2.0 * (elevation + 90.0)
    i, j = min(int(x), 359), min(int(y), 359)
    a, b = x - i, y - j
    low = (1.0 - a) * pattern[j, i] + a * pattern[j, i + 1]
    return (1.0 - b) * low + b * ((1.0 - a) * pattern[j + 1, i] + a * pattern[j + 1, i + 1])


@kernel(
    "void(f8, f8, f8, f8[:,::1], i8[::1], f8[::1], f8[::1], f4[:,::1], f8[:,::1], f8[::1], f8[::1], u8, i8, "
    "f8, f8[:,::1], f4[::1])"
)
def receive(
    x: Any, y: Any, z: Any, site: Any, first: Any, azimuth: Any, watts: Any, pattern: Any, laws: Any,
    grid: Any, draws: Any, key: Any, step: Any, moved: Any, field: Any, power: Any,
) -> None:  # fmt: skip
    """Power of every cell at one place of a flight, with shadowing that goes on from the step before.

    Parameters
    ----------
    site : (site, 3), first : (site + 1,)
        Cells of site s are first[s] to first[s + 1].
    laws : (4, point)
        Loss in and out of sight, share in sight as a normal deviate, unused; over log10 of the way, by `grid`
        (start, points a decade, farthest way in metres before the loss grows as in free space, horizon).
    draws : (4,)
        Standard deviations in and out of sight, distance over which they are alike, share common to sites.
    field : (site + 1, 2)
        Normal deviates of shadowing and sight of each site; the last row is common. Written.
    """
    sites = site.shape[0]
    alike = math.exp(-moved / draws[2]) if step > 0 else 0.0
    fresh = math.sqrt(1.0 - alike * alike)
    field[sites, 0] = alike * field[sites, 0] + fresh * deviate(key + np.uint64(sites), np.uint64(2 * step))
    together, apart = math.sqrt(draws[3]), math.sqrt(1.0 - draws[3])
    points = laws.shape[1]
    for s in range(sites):
        east, north, rise = x - site[s, 0], y - site[s, 1], z - site[s, 2]
        flat = math.sqrt(east * east + north * north)
        name = key + np.uint64(s)
        field[s, 0] = alike * field[s, 0] + fresh * deviate(name, np.uint64(2 * step))
        if flat > grid[3]:
            for c in range(first[s], first[s + 1]):
                power[c] = GONE
            continue
        far = min(max(flat, 1.0), grid[2])
        place = (math.log10(far) - grid[0]) * grid[1]
        i = min(int(place), points - 2)
        part = place - i
        seen = True
        if laws[2, i] < 8.0 or laws[2, i + 1] < 8.0:
            field[s, 1] = alike * field[s, 1] + fresh * deviate(name, np.uint64(2 * step + 1))
            seen = field[s, 1] < (1.0 - part) * laws[2, i] + part * laws[2, i + 1]
        row = 0 if seen else 1
        loss = (1.0 - part) * laws[row, i] + part * laws[row, i + 1]
        if flat > far:
            loss += 20.0 * math.log10(flat / far)
        loss += draws[row] * (together * field[sites, 0] + apart * field[s, 0])
        turn = angle_deg(north, east)
        up = angle_deg(rise, flat)
        for c in range(first[s], first[s + 1]):
            power[c] = watts[c] + gain(pattern, turn - azimuth[c], up) - loss


@kernel("f8(f8, f8)")
def fold(x: Any, half: Any) -> Any:
    """Place along a corridor of what turns back at its ends, -half and half; x counts on as if it did not."""
    return x if -half <= x <= half else half - abs((x + half) % (4.0 * half) - 2.0 * half)


@kernel(
    "void(f8[:,::1], f8[:,::1], f8, f8, f8[:,::1], i8[::1], f8[::1], f8[::1], f4[:,::1], f8[:,:,::1], i8[::1], "  # noqa: E501
    "f8[::1], f8[:,::1], f8[::1], i8[::1], u8[:,::1], i8, i8[:,::1], i8[:,::1], "
    "f4[:,::1], i4[:,:,::1], f8[:,::1], "
    "f8[:,:,::1], i4[:,::1], f4[:,::1])",
    parallel=True,
)
def fly(
    begin: Any, velocity: Any, half: Any, seconds: Any, site: Any, first: Any, azimuth: Any, watts: Any,
    pattern: Any, laws: Any, level: Any, grid: Any, draws: Any, rule: Any, count: Any, key: Any, start: Any,
    state: Any, tally: Any, filtered: Any, memory: Any, ring: Any, field: Any, serving: Any, sinr: Any,
) -> None:  # fmt: skip
    """Aircraft that turn back at x of -half and half: powers of all cells and the handover machine."""
    cells = azimuth.shape[0]
    for u in prange(begin.shape[0]):
        power = np.zeros(cells, np.float32)
        away = np.zeros(cells, np.float32)
        window = np.zeros((1, 2))
        channel = np.zeros(cells, np.int64)
        total, out = np.zeros(1), np.zeros(1, np.float32)
        speed = math.sqrt(velocity[u, 0] ** 2 + velocity[u, 1] ** 2 + velocity[u, 2] ** 2)
        for t in range(serving.shape[1]):
            n, at = start + t, (start + t) * seconds
            receive(
                fold(begin[u, 0] + at * velocity[u, 0], half), begin[u, 1] + at * velocity[u, 1],
                begin[u, 2] + at * velocity[u, 2], site, first, azimuth, watts, pattern, laws[level[u]], grid,
                draws[level[u]], key[u, 0], n, speed * seconds, field[u], power,
            )  # fmt: skip
            step_user(
                power, away, window, channel, rule, count, key[u, 1], n, at, state[u], tally[u], filtered[u],
                memory[u, 0], memory[u, 1], memory[u, 2], ring[u], total, out,
            )  # fmt: skip
            sinr[u, t] = out[0]
            serving[u, t] = state[u, CELL] if state[u, MODE] < EXECUTING else -1
