"""Compiled SGP4 and SDP4: many satellites at many times, to Earth-fixed states.

The reference is the ``sgp4`` package, the code of AIAA 2006-6753 itself. A satellite's constants stay in
registers while blocks of 64 times pass through a few loops without branches or calls, so that the compiler
turns each into vector instructions. For that, sines are series of our own, divisions go through
``np.divide`` (the operator checks for zero and stops the vectors), and all intermediate values are rows of
one block of memory at fixed offsets. Values of one time never depend on the other times of a call.

Names follow AIAA 2006-6753, appendix C.
"""

# ruff: noqa: E741 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.space.orbits import _layout as o

F8 = NDArray[np.float64]


@inline
def _sincos(x: float) -> tuple[float, float]:
    """Sine and cosine: quarter turns taken off, then Taylor series on 45 degrees (1.2e-14 at most)."""
    k = (x * 0.6366197723675814 + o.NEAREST) - o.NEAREST
    y = (x - k * o.HALF_PI_HIGH) - k * o.HALF_PI_LOW
    q = y * y
    s = 1 / 362880 + q * (-1 / 39916800 + q / 6227020800)
    s = y * (1.0 + q * (-1 / 6 + q * (1 / 120 + q * (-1 / 5040 + q * s))))
    c = -1 / 3628800 + q * (1 / 479001600 - q / 87178291200)
    c = 1.0 + q * (-1 / 2 + q * (1 / 24 + q * (-1 / 720 + q * (1 / 40320 + q * c))))
    quarter = k - 4.0 * ((k * 0.25 - 0.375 + o.NEAREST) - o.NEAREST)
    odd = (quarter == 1.0) | (quarter == 3.0)
    sine = c if odd else s
    cosine = s if odd else c
    sine = -sine if quarter >= 2.0 else sine
    cosine = -cosine if (quarter == 1.0) | (quarter == 2.0) else cosine
    return sine, cosine


@inline
def _small(x: float) -> tuple[float, float]:
    """Sine and cosine of an angle under 0.12 rad by Taylor series (1e-12 at most)."""
    q = x * x
    sine = x * (1.0 - q * (1.0 / 6.0 - q * (1.0 / 120.0 - q * (1.0 / 5040.0))))
    return sine, 1.0 - q * (0.5 - q * (1.0 / 24.0 - q * (1.0 / 720.0)))


@kernel("void(f8[::1], f8[::1])")
def near_secular(k: F8, w: F8) -> None:
    """Secular gravity and drag of SGP4, and the long-period terms (Report 3, section 6)."""
    ao, mo, mdot, argpo, argpdot = k[o.AO], k[o.MO], k[o.MDOT], k[o.ARGPO], k[o.ARGPDOT]
    nodeo, nodedot, nodecf, no, ecco = k[o.NODEO], k[o.NODEDOT], k[o.NODECF], k[o.NO], k[o.ECCO]
    c1, d2, d3, d4, bc4, bc5 = k[o.C1], k[o.D2], k[o.D3], k[o.D4], k[o.BC4], k[o.BC5]
    t2cof, t3cof, t4cof, t5cof = k[o.T2], k[o.T3], k[o.T4], k[o.T5]
    omgcof, xmcof, eta, delmo, sinmao = k[o.OMGCOF], k[o.XMCOF], k[o.ETA], k[o.DELMO], k[o.SINMAO]
    aycof, xlcof = k[o.AYCOF], k[o.XLCOF]
    for j in range(o.BLOCK):
        t = w[o.T + j]
        xmdf, argpdf = mo + mdot * t, argpo + argpdot * t
        _, cosine = _sincos(xmdf)
        bulge = 1.0 + eta * cosine
        shift = omgcof * t + xmcof * (bulge * bulge * bulge - delmo)
        sine, _ = _sincos(xmdf + shift)
        tempa = 1.0 - t * (c1 + t * (d2 + t * (d3 + t * d4)))
        em = ecco - (bc4 * t + bc5 * (sine - sinmao))
        code = 1.0 if (em >= 1.0) | (em < -0.001) else 0.0
        em = 1e-6 if em < 1e-6 else em
        am = ao * tempa * tempa
        along = no * t * t * (t2cof + t * (t3cof + t * (t4cof + t * t5cof)))
        sine, cosine = _sincos(argpdf - shift)
        per = np.divide(1.0, am * (1.0 - em * em))
        axnl = em * cosine
        w[o.AM + j], w[o.AX + j], w[o.AY + j] = am, axnl, em * sine + per * aycof
        w[o.U + j] = xmdf + argpdf + along + per * xlcof * axnl
        w[o.NODE + j] = nodeo + t * (nodedot + t * nodecf)
        w[o.CODE + j] = code


@kernel("void(f8[::1], f8[::1], i8)")
def resonance(k: F8, w: F8, count: int) -> None:
    """Resonant mean motion and longitude by steps of 720 minutes from the epoch (``dspace``).

    Each step is a Taylor step of second order with accelerations of `MULTIPLE`, `PERIGEES` and `PHASE`.
    """
    kind = int(k[o.RESONANCE]) - 1
    atime, xli, xni, slope, curve, rate = 0.0, k[o.XLAMO], k[o.NO], 0.0, 0.0, 0.0
    fresh = False
    for j in range(count):
        t = w[o.T + j]
        if t * atime <= 0.0 or abs(t) < abs(atime):
            if atime != 0.0:
                fresh = False
            atime, xli, xni = 0.0, k[o.XLAMO], k[o.NO]
        step = o.STEP_MIN if t > 0.0 else -o.STEP_MIN
        while True:
            if not fresh:
                slope, curve, rate = 0.0, 0.0, xni + k[o.XFACT]
                argp = k[o.ARGPO] + k[o.ARGPDOT] * atime
                for term in range(10):
                    angle = o.MULTIPLE[kind, term] * xli + o.PERIGEES[kind, term] * argp - o.PHASE[kind, term]
                    slope += k[o.D_FIRST + term] * math.sin(angle)
                    curve += k[o.D_FIRST + term] * o.MULTIPLE[kind, term] * math.cos(angle)
                curve *= rate
                fresh = True
            if not abs(t - atime) >= o.STEP_MIN:
                break
            xli += rate * step + slope * (0.5 * o.STEP_MIN * o.STEP_MIN)
            xni += slope * step + curve * (0.5 * o.STEP_MIN * o.STEP_MIN)
            atime += step
            fresh = False
        ft = t - atime
        nm = xni + slope * ft + 0.5 * curve * ft * ft
        xl = xli + rate * ft + 0.5 * slope * ft * ft
        theta = np.fmod(k[o.GSTO] + t * o.EARTH_SPIN, o.TURN)
        if kind == 0:
            w[o.MEAN + j] = xl - w[o.NODE + j] - w[o.ARG + j] + theta
        else:
            w[o.MEAN + j] = xl - 2.0 * w[o.NODE + j] + 2.0 * theta
        w[o.AXIS + j] = (o.XKE / nm) ** (2.0 / 3.0) if nm > 0.0 else math.nan


@inline
def _pull(k: F8, first: int, t: float, motion: float, ecc2: float) -> tuple[float, float, float]:
    """Position of Sun or Moon: the functions f2, f3 and sin f of ``dpper``."""
    mean = k[first] + motion * t
    sine, _ = _sincos(mean)
    sine, cosine = _sincos(mean + ecc2 * sine)
    return 0.5 * sine * sine - 0.25, -0.5 * sine * cosine, sine


@inline
def _deep_orbit(
    w: F8, j: int, ep: float, incl: float, sine: float, cosine: float, mean: float, argp: float, node: float
) -> None:
    """Long-period J3 terms on the elements with their lunisolar periodics (``sgp4``, after ``dpper``)."""
    under = incl < 0.0
    sine, argp, node = (
        -sine if under else sine,
        argp - math.pi if under else argp,
        node + math.pi if under else node,
    )
    wrong = (ep < 0.0) | (ep > 1.0)
    w[o.CODE + j] = 3.0 if wrong & (w[o.CODE + j] == 0.0) else w[o.CODE + j]
    sin_w, cos_w = _sincos(argp)
    below = 1.0 + cosine
    below = 1.5e-12 if abs(below) <= 1.5e-12 else below
    per = np.divide(1.0, w[o.AM + j] * (1.0 - ep * ep))
    axnl = ep * cos_w
    w[o.AX + j], w[o.AY + j] = axnl, ep * sin_w - per * 0.5 * o.J3OJ2 * sine
    w[o.U + j] = mean + argp - per * 0.25 * o.J3OJ2 * sine * np.divide(3.0 + 5.0 * cosine, below) * axnl
    w[o.SI + j], w[o.CI + j], w[o.EA + j] = sine, cosine, node


@kernel("void(f8[::1], i8)")
def _lyddane(w: F8, j: int) -> None:
    """Periodics at low inclinations through the components of the orbit's pole (Report 3, section 10)."""
    pinc, ph = w[o.PI + j], w[o.PH + j]
    incl = w[o.INCL + j] + pinc
    node = np.fmod(w[o.NODE + j], o.TURN)
    mean = np.fmod(
        np.fmod(w[o.MEAN + j] + w[o.ARG + j] + w[o.NODE + j], o.TURN) - np.fmod(w[o.ARG + j], o.TURN) - node,
        o.TURN,
    )
    sine, cosine = math.sin(incl), math.cos(incl)
    alpha = sine * math.sin(node) + ph * math.cos(node) + pinc * cosine * math.sin(node)
    beta = sine * math.cos(node) - ph * math.sin(node) + pinc * cosine * math.cos(node)
    xls = mean + np.fmod(w[o.ARG + j], o.TURN) + cosine * node
    xls += w[o.PL + j] + w[o.PG + j] - pinc * node * sine
    turned = math.atan2(alpha, beta)
    if abs(node - turned) > math.pi:
        turned += o.TURN if turned < node else -o.TURN
    mean += w[o.PL + j]
    _deep_orbit(
        w, j, w[o.ECC + j] + w[o.PE + j], incl, sine, cosine, mean, xls - mean - cosine * turned, turned
    )


@kernel("void(f8[::1], f8[::1], i8)")
def deep_secular(k: F8, w: F8, count: int) -> None:
    """Secular and long-period terms of SDP4: gravity, drag, Sun, Moon, resonances (``dspace``, ``dpper``)."""
    for j in range(o.BLOCK):
        t = w[o.T + j]
        w[o.MEAN + j] = k[o.MO] + (k[o.MDOT] + k[o.DMDT]) * t
        w[o.ARG + j] = k[o.ARGPO] + (k[o.ARGPDOT] + k[o.DOMDT]) * t
        w[o.NODE + j] = k[o.NODEO] + t * (k[o.NODEDOT] + k[o.DNODT] + t * k[o.NODECF])
        w[o.INCL + j] = k[o.INCLO] + k[o.DIDT] * t
        w[o.AXIS + j] = k[o.AO]
    if k[o.RESONANCE] > 0.0:
        resonance(k, w, count)
    for j in range(o.BLOCK):
        t = w[o.T + j]
        em = (k[o.ECCO] + k[o.DEDT] * t) - k[o.BC4] * t
        code = 1.0 if (em >= 1.0) | (em < -0.001) else 0.0
        code = 2.0 if np.isnan(w[o.AXIS + j]) else code
        tempa = 1.0 - k[o.C1] * t
        w[o.CODE + j] = code
        w[o.ECC + j] = 1e-6 if em < 1e-6 else em
        w[o.AM + j] = w[o.AXIS + j] * tempa * tempa
        w[o.MEAN + j] += k[o.NO] * k[o.T2] * t * t
    for j in range(o.BLOCK):
        t = w[o.T + j]
        f2, f3, sine = _pull(k, o.SUN, t, o.SUN_MOTION, o.SUN_ECC2)
        e, i = k[o.SUN + 1] * f2 + k[o.SUN + 2] * f3, k[o.SUN + 3] * f2 + k[o.SUN + 4] * f3
        l = k[o.SUN + 5] * f2 + k[o.SUN + 6] * f3 + k[o.SUN + 7] * sine
        g = k[o.SUN + 8] * f2 + k[o.SUN + 9] * f3 + k[o.SUN + 10] * sine
        h = k[o.SUN + 11] * f2 + k[o.SUN + 12] * f3
        f2, f3, sine = _pull(k, o.MOON, t, o.MOON_MOTION, o.MOON_ECC2)
        w[o.PE + j] = e + (k[o.MOON + 1] * f2 + k[o.MOON + 2] * f3)
        w[o.PI + j] = i + (k[o.MOON + 3] * f2 + k[o.MOON + 4] * f3)
        w[o.PL + j] = l + (k[o.MOON + 5] * f2 + k[o.MOON + 6] * f3 + k[o.MOON + 7] * sine)
        w[o.PG + j] = g + (k[o.MOON + 8] * f2 + k[o.MOON + 9] * f3 + k[o.MOON + 10] * sine)
        w[o.PH + j] = h + (k[o.MOON + 11] * f2 + k[o.MOON + 12] * f3)
    low = 0
    for j in range(o.BLOCK):
        incl = w[o.INCL + j] + w[o.PI + j]
        low += 1 if incl < o.LYDDANE else 0
        sine, cosine = _sincos(incl)
        ph = np.divide(w[o.PH + j], sine)
        mean, argp, node = (
            w[o.MEAN + j] + w[o.PL + j],
            w[o.ARG + j] + w[o.PG + j] - cosine * ph,
            w[o.NODE + j] + ph,
        )
        _deep_orbit(w, j, w[o.ECC + j] + w[o.PE + j], incl, sine, cosine, mean, argp, node)
    if low > 0:
        for j in range(count):
            if w[o.INCL + j] + w[o.PI + j] < o.LYDDANE:
                _lyddane(w, j)


@kernel("void(f8[::1])")
def kepler_series(w: F8) -> None:
    """Kepler's equation of nearly circular orbits: two Newton steps on the small difference E - u."""
    for j in range(o.BLOCK):
        ax, ay = w[o.AX + j], w[o.AY + j]
        s, c = _sincos(w[o.U + j])
        p, q = ax * s - ay * c, ax * c + ay * s
        d = p * (1.0 + q)
        sine, cosine = _small(d)
        d += np.divide(p * cosine + q * sine - d, 1.0 + p * sine - q * cosine)
        sine, cosine = _small(d)
        d += np.divide(p * cosine + q * sine - d, 1.0 + p * sine - q * cosine)
        sine, cosine = _small(d)
        w[o.SE + j], w[o.CE + j] = s * cosine + c * sine, c * cosine - s * sine


@kernel("void(f8[::1], f8)")
def kepler_newton(w: F8, above: float) -> None:
    """Kepler's equation by at most ten Newton steps of at most 0.95 (``sgp4``), where e^2 > ``above``."""
    active = 0
    for j in range(o.BLOCK):
        e2 = w[o.AX + j] * w[o.AX + j] + w[o.AY + j] * w[o.AY + j]
        u = w[o.U + j]
        u -= o.TURN * ((u * (1.0 / o.TURN) + o.NEAREST) - o.NEAREST)
        w[o.U + j], w[o.EA + j] = u, u
        w[o.STEP + j] = 9999.9 if e2 > above else 0.0
        active += 1 if e2 > above else 0
    for _ in range(10):
        if active == 0:
            return
        active = 0
        for j in range(o.BLOCK):
            ax, ay, ea = w[o.AX + j], w[o.AY + j], w[o.EA + j]
            s, c = _sincos(ea)
            step = np.divide(w[o.U + j] - ay * c + ax * s - ea, 1.0 - c * ax - s * ay)
            step = 0.95 if step >= 0.95 else step
            step = -0.95 if step <= -0.95 else step
            going = abs(w[o.STEP + j]) >= o.KEPLER
            w[o.SE + j] = s if going else w[o.SE + j]
            w[o.CE + j] = c if going else w[o.CE + j]
            w[o.EA + j] = ea + step if going else ea
            w[o.STEP + j] = step if going else w[o.STEP + j]
            active += 1 if going & (abs(step) >= o.KEPLER) else 0


@kernel("i8(f8[::1])")
def place(w: F8) -> int:
    """Short-period terms and the Earth-fixed position (Report 3, section 6, end); how many need care."""
    odd = 0
    for j in range(o.BLOCK):
        am, ax, ay, s, c = w[o.AM + j], w[o.AX + j], w[o.AY + j], w[o.SE + j], w[o.CE + j]
        sini, cosi = w[o.SI + j], w[o.CI + j]
        ecose, esine = ax * c + ay * s, ax * s - ay * c
        el2 = ax * ax + ay * ay
        pl = am * (1.0 - el2)
        rl = am * (1.0 - ecose)
        betal = np.sqrt(1.0 - el2)
        part = np.divide(esine, 1.0 + betal)
        ratio = np.divide(am, rl)
        sinu, cosu = ratio * (s - ay - ax * part), ratio * (c - ax + ay * part)
        sin2u, cos2u = 2.0 * cosu * sinu, 1.0 - 2.0 * sinu * sinu
        per = np.divide(1.0, pl)
        j2p = 0.5 * o.J2 * per
        j2pp = j2p * per
        cos2 = cosi * cosi
        mrt = rl * (1.0 - 1.5 * j2pp * betal * (3.0 * cos2 - 1.0)) + 0.5 * j2p * (1.0 - cos2) * cos2u
        ds, dc = _small(-0.25 * j2pp * (7.0 * cos2 - 1.0) * sin2u)
        ssu, csu = sinu * dc + cosu * ds, cosu * dc - sinu * ds
        snod, cnod = _sincos(w[o.NODE + j] - w[o.THETA + j] + 1.5 * j2pp * cosi * sin2u)
        ds, dc = _small(1.5 * j2pp * cosi * sini * cos2u)
        sinip, cosip = sini * dc + cosi * ds, cosi * dc - sini * ds
        code = w[o.CODE + j]
        code = 4.0 if (pl < 0.0) & (code == 0.0) else code
        code = 6.0 if (mrt < 1.0) & (code == 0.0) else code
        w[o.CODE + j] = code
        odd += 1 if (code != 0.0) | (not pl >= o.SMALLEST_P) else 0
        far = mrt * o.RADIUS_M
        w[o.X + j] = far * (cnod * csu - snod * cosip * ssu)
        w[o.Y + j] = far * (snod * csu + cnod * cosip * ssu)
        w[o.Z + j] = far * (sinip * ssu)
        w[o.SSU + j], w[o.CSU + j], w[o.SNOD + j], w[o.CNOD + j] = ssu, csu, snod, cnod
        w[o.SINI + j], w[o.COSI + j] = sinip, cosip
        w[o.EA + j], w[o.STEP + j], w[o.RATIO + j] = (
            cos2u,
            j2p * (1.0 - cos2) * sin2u,
            1.5 * (3.0 * cos2 - 1.0),
        )
        w[o.DOT + j], w[o.CROSS + j] = np.divide(esine, rl), np.divide(1.0, rl)
    return odd


@kernel("void(f8[::1])")
def speed(w: F8) -> None:
    """Earth-fixed velocity, after `place` (Report 3, section 6, last equations)."""
    for j in range(o.BLOCK):
        am, ci = w[o.AM + j], w[o.CI + j]
        root = np.sqrt(am)
        motion = np.divide(1.0, am * root)  # nm / xke
        pl = am * (1.0 - w[o.AX + j] * w[o.AX + j] - w[o.AY + j] * w[o.AY + j])
        per = np.divide(0.5 * o.J2, pl)
        radial = root * w[o.DOT + j] - motion * w[o.STEP + j]
        across = np.sqrt(pl) * w[o.CROSS + j] + motion * per * (
            (1.0 - ci * ci) * w[o.EA + j] + w[o.RATIO + j]
        )
        ssu, csu, snod, cnod = w[o.SSU + j], w[o.CSU + j], w[o.SNOD + j], w[o.CNOD + j]
        sini, cosi = w[o.SINI + j], w[o.COSI + j]
        ux, uy, uz = cnod * csu - snod * cosi * ssu, snod * csu + cnod * cosi * ssu, sini * ssu
        vx, vy, vz = -cnod * ssu - snod * cosi * csu, cnod * cosi * csu - snod * ssu, sini * csu
        w[o.VX + j] = o.SPEED_MS * (radial * ux + across * vx) + o.SPIN * w[o.Y + j]
        w[o.VY + j] = o.SPEED_MS * (radial * uy + across * vy) - o.SPIN * w[o.X + j]
        w[o.VZ + j] = o.SPEED_MS * (radial * uz + across * vz)


@inline
def _tiny(w: F8, j: int, j2pp: float) -> None:
    """Position as `place` has it, with sines of angles of any size."""
    am, ax, ay, s, c = w[o.AM + j], w[o.AX + j], w[o.AY + j], w[o.SE + j], w[o.CE + j]
    sini, cosi, el2 = w[o.SI + j], w[o.CI + j], ax * ax + ay * ay
    betal, away = math.sqrt(1.0 - el2), 1.0 - (ax * c + ay * s)
    part = (ax * s - ay * c) / (1.0 + betal)
    sinu, cosu = (s - ay - ax * part) / away, (c - ax + ay * part) / away
    sin2u, cos2u, cos2 = 2.0 * cosu * sinu, 1.0 - 2.0 * sinu * sinu, cosi * cosi
    u = math.atan2(sinu, cosu) - 0.25 * j2pp * (7.0 * cos2 - 1.0) * sin2u
    node = w[o.NODE + j] - w[o.THETA + j] + 1.5 * j2pp * cosi * sin2u
    incl = math.atan2(sini, cosi) + 1.5 * j2pp * cosi * sini * cos2u
    pl = am * (1.0 - el2)
    mrt = am * away * (1.0 - 1.5 * j2pp * betal * (3.0 * cos2 - 1.0)) + 0.5 * j2pp * pl * (1.0 - cos2) * cos2u
    ssu, csu, snod, cnod = math.sin(u), math.cos(u), math.sin(node), math.cos(node)
    sinip, cosip = math.sin(incl), math.cos(incl)
    w[o.X + j] = mrt * o.RADIUS_M * (cnod * csu - snod * cosip * ssu)
    w[o.Y + j] = mrt * o.RADIUS_M * (snod * csu + cnod * cosip * ssu)
    w[o.Z + j] = mrt * o.RADIUS_M * sinip * ssu
    w[o.SSU + j], w[o.CSU + j], w[o.SNOD + j], w[o.CNOD + j] = ssu, csu, snod, cnod
    w[o.SINI + j], w[o.COSI + j] = sinip, cosip
    w[o.CODE + j] = 6.0 if mrt < 1.0 else 0.0


@kernel("void(f8[::1], i8)")
def _all_tiny(w: F8, count: int) -> None:
    """`_tiny` for the times that need it."""
    for j in range(count):
        pl = w[o.AM + j] * (1.0 - w[o.AX + j] * w[o.AX + j] - w[o.AY + j] * w[o.AY + j])
        if 0.0 <= pl < o.SMALLEST_P and (w[o.CODE + j] == 0.0 or w[o.CODE + j] == 6.0):
            _tiny(w, j, 0.5 * o.J2 / pl / pl)


@kernel("void(f8[::1], i8)")
def _blank(w: F8, count: int) -> None:
    """No state where there is an error; elements that are not numbers are an error of the eccentricity."""
    for j in range(count):
        if np.isnan(w[o.X + j]) and w[o.CODE + j] == 0.0:
            w[o.CODE + j] = 1.0
        if w[o.CODE + j] != 0.0:
            for row in (o.X, o.Y, o.Z, o.VX, o.VY, o.VZ):
                w[row + j] = math.nan


@kernel("void(f8[::1], f8[::1], i8, b1)")
def block(k: F8, w: F8, count: int, velocity: bool) -> None:
    """All of a block of times for one satellite."""
    if k[o.IS_DEEP] != 0.0:
        deep_secular(k, w, count)
        for j in range(o.BLOCK):
            w[o.NODE + j] = w[o.EA + j]
        kepler_newton(w, -1.0)
    else:
        near_secular(k, w)
        if k[o.ECCO] < o.NEARLY_CIRCULAR:
            kepler_series(w)
            kepler_newton(w, o.SERIES_E2)
        else:
            kepler_newton(w, -1.0)
    odd = place(w)
    if odd > 0:
        _all_tiny(w, count)
    if velocity:
        speed(w)
    if odd > 0:
        _blank(w, count)


@inline
def _load(k: F8, day: F8, part: F8, theta: F8, first: int, count: int, w: F8) -> None:
    """Minutes since the epoch and sidereal angles of a block; a short one repeats its last time."""
    for j in range(o.BLOCK):
        at = first + min(j, count - 1)
        w[o.T + j] = (day[at] - k[o.EPOCH_DAY]) * 1440.0 + (part[at] - k[o.EPOCH_PART]) * 1440.0
        w[o.THETA + j] = theta[at]
        w[o.SI + j], w[o.CI + j] = 0.0, 1.0


@kernel("void(i8, i8, f8[:,::1], f8[::1], f8[::1], f8[::1], b1, f8[:,:,::1], u1[:,::1])")
def states(
    first: int,
    last: int,
    table: F8,
    day: F8,
    part: F8,
    theta: F8,
    velocity: bool,
    out: F8,
    codes: NDArray[np.uint8],
) -> None:
    """States of satellites ``first`` to ``last`` as ``out[satellite, component, time]``, metres and m/s."""
    w = np.zeros(o.ROWS * o.BLOCK)
    for sat in range(first, last):
        k = table[sat]
        for start in range(0, day.size, o.BLOCK):
            count = min(o.BLOCK, day.size - start)
            _load(k, day, part, theta, start, count, w)
            sine, cosine = math.sin(k[o.INCLO]), math.cos(k[o.INCLO])
            for j in range(o.BLOCK):
                w[o.SI + j], w[o.CI + j] = sine, cosine
            block(k, w, count, velocity)
            for axis in range(6 if velocity else 3):
                for j in range(count):
                    out[sat - first, axis, start + j] = w[o.X + axis * o.BLOCK + j]
            for j in range(count):
                codes[sat - first, start + j] = int(w[o.CODE + j])


@kernel("void(i8, i8, f8[:,::1], f8[::1], f8[::1], f8[::1], f4[:,:,::1], u1[:,::1])")
def positions(
    first: int,
    last: int,
    table: F8,
    day: F8,
    part: F8,
    theta: F8,
    out: NDArray[np.float32],
    codes: NDArray[np.uint8],
) -> None:
    """Positions of satellites ``first`` to ``last`` as ``out[time, satellite, xyz]``, metres, float32.

    A group of satellites goes through a block of times before the block is written, so that writes are of
    whole cache lines.
    """
    group = 16
    w = np.zeros(o.ROWS * o.BLOCK)
    kept = np.empty((o.BLOCK, group, 3), dtype=np.float32)
    for lead in range(first, last, group):
        many = min(group, last - lead)
        for start in range(0, day.size, o.BLOCK):
            count = min(o.BLOCK, day.size - start)
            for at in range(many):
                k = table[lead + at]
                _load(k, day, part, theta, start, count, w)
                sine, cosine = math.sin(k[o.INCLO]), math.cos(k[o.INCLO])
                for j in range(o.BLOCK):
                    w[o.SI + j], w[o.CI + j] = sine, cosine
                block(k, w, count, False)
                for j in range(count):
                    kept[j, at, 0], kept[j, at, 1], kept[j, at, 2] = w[o.X + j], w[o.Y + j], w[o.Z + j]
                for j in range(count):
                    codes[lead + at, start + j] = int(w[o.CODE + j])
            for j in range(count):
                for at in range(many):
                    for axis in range(3):
                        out[start + j, lead + at, axis] = kept[j, at, axis]
