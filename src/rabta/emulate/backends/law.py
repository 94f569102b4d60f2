"""The engine's law of gates and paths as three BPF programs, one for each wire that a packet leaves by.

Each reads the packet's instant, computes when it may go on by the same law as `rabta.emulate.engine._kernels`
(the same draws of chance too), and writes that instant into the packet, where sch_fq waits for it. The first
reads the clock; the next begin where the one before was due, not where it came to run, so that lateness
does not add up.

Tables are rows of 64-bit numbers: `HEAD` of one row; ``route`` of each pair of hosts; ``line`` and ``gate``
of both books, a page of the course each; ``state`` of each path; ``free`` of each gate.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Stage = Literal["up", "path", "down"]

HEAD = ("turn", "origin", "hosts", "paths", "gates")
LINE = 18
"""Two pieces of seven, jitter, frame, up, down."""
GATE = 6
STATE = ("count", "bad", "last", "mixed", "full up", "lost", "out", "full down", "delivered")
COST, SLOPE, CHANCE = 1 << 16, 1 << 32, 1 << 53
"""Parts of a nanosecond a byte, of a nanosecond a nanosecond, and of a certainty."""
NEVER = 1 << 62
LEAST_BYTES = 3_000
_TRIES = 8
_PATH, _COUNT, _USE = 0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0x8CB92BA72F3D8DD7
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_AT = {name: 8 * row for row, name in enumerate(HEAD)}
_IN = {name: 8 * row for row, name in enumerate(STATE)}
IPV4, ETHERNET = 0x0008, 14  # the first as a little-endian machine reads it


def lines(page: Array, up: NDArray[np.int64], down: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of ``line`` from a page of the course, shape (path, 18)."""
    out = np.zeros((len(page), LINE), dtype=np.int64)
    for at in (0, 7):
        out[:, at : at + 2] = np.rint(page[:, at : at + 2])
        out[:, at + 2] = np.rint(np.clip(page[:, at + 2] * SLOPE, -(2.0**62), 2.0**62))
        out[:, at + 3 : at + 7] = np.rint(page[:, at + 3 : at + 7] * CHANCE)
    out[:, 14:16] = np.rint(page[:, 14:16])
    out[:, 16], out[:, 17] = up, down
    return out


def gates(page: Array) -> NDArray[np.int64]:
    """Rows of ``gate`` from a page of the course, shape (gate, 6): what a byte costs instead of rates."""
    out = np.rint(page).astype(np.int64)
    for at in (1, 3):
        rate = page[:, at]
        out[:, at] = np.rint(np.divide(8e9 * COST, rate, out=np.zeros_like(rate), where=rate > 0.0))
    return out


def mixed(paths: int, seed: int) -> NDArray[np.int64]:
    """Beginning of each path's draws, shape (path,)."""
    whole = np.arange(paths, dtype=np.uint64) * np.uint64(_PATH) + np.uint64(seed % 2**64)
    return whole.view(np.int64)


def program(stage: Stage, *, clock: bool = True, helper: bool = True) -> str:
    """Text of a stage's program.

    Parameters
    ----------
    clock : bool
        The first stage reads the clock; without, it takes the packet's time as the others do (for tests).
    helper : bool
        Mark the time as one to leave at (bpf_skb_set_tstamp, from Linux 5.18), so that it survives the wire.
    """
    law = _path() if stage == "path" else _gate(stage)
    read = _CLOCK if stage == "up" and clock else _STAMP
    count = f"r1 = 1\nlock *(u64 *)(r8 + {_IN['delivered']}) += r1\n" if stage == "down" else ""
    write = _MARKED if helper else "*(u64 *)(r6 + 152) = r7"
    drops = "".join(
        f"{name}:\nr1 = 1\nlock *(u64 *)(r8 + {_IN[count]}) += r1\ngoto drop\n"
        for name, count in (("full", f"full {stage}"), ("lost", "lost"), ("out", "out"))
        if f"goto {name}\n" in law
    )
    return (
        _WHO + read + _WHEN + law + "leave:\n" + count
        + f"r1 = value head\nr1 = *(u64 *)(r1 + {_AT['origin']})\nr7 += r1\n" + write
        + "\nr0 = 0\nexit\n" + drops + "drop:\nr0 = 2\nexit\n"
    )  # fmt: skip


def _found(table: str) -> str:
    """Pointer to a row whose number is in r2, or drop the packet."""
    return f"""
*(u32 *)(r10 - 4) = r2
r2 = r10
r2 += -4
r1 = map {table}
call 1                          # map_lookup_elem
if r0 == 0 goto drop
"""


_WHO = f"""
r6 = r1
r1 = *(u32 *)(r6 + 16)          # protocol
if r1 != {IPV4} goto drop
r1 = r6
r2 = {ETHERNET + 12}
r3 = r10
r3 += -16
r4 = 8
call 26                         # skb_load_bytes: both addresses
if r0 != 0 goto drop
r1 = *(u32 *)(r10 - 16)
r1 = be32 r1
r1 &= 0xffffff
r1 += -1
r2 = *(u32 *)(r10 - 12)
r2 = be32 r2
r2 &= 0xffffff
r2 += -1
r9 = value head
r3 = *(u64 *)(r9 + {_AT["hosts"]})
if r1 >= r3 goto drop
if r2 >= r3 goto drop
r1 *= r3
r2 += r1
{_found("route")}
r8 = *(u64 *)(r0 + 0)
if r8 s< 0 goto drop            # no path
"""
_CLOCK = """
call 5                          # ktime_get_ns
r7 = r0
"""
_STAMP = """
r7 = *(u64 *)(r6 + 152)         # when the packet was due here
if r7 != 0 goto stamped
call 5
r7 = r0
stamped:
"""
_WHEN = f"""
r1 = *(u64 *)(r9 + {_AT["origin"]})
r7 -= r1
if r7 s>= 0 goto begun
r7 = 0
begun:
r1 = *(u64 *)(r9 + {_AT["turn"]})
r2 = r1
r2 &= 1                         # book before the turn
if r7 s< r1 goto before
r2 ^= 1
before:
*(u64 *)(r10 - 24) = r2
r3 = *(u64 *)(r9 + {_AT["paths"]})
r2 *= r3
r2 += r8
{_found("line")}
r9 = r0
r2 = r8
{_found("state")}
r8 = r0
"""
_MARKED = """
r1 = r6
r2 = r7
r3 = 1                          # the clock that never goes back
call 192                        # skb_set_tstamp
"""


def _tried(step: str, place: str) -> str:
    """Replace a number that other processors change too: r3 of r0, by `step`; the last try holds."""
    each = "".join(
        f"r0 = *(u64 *)({place})\n{step.replace('@', str(k))}r4 = r0\n"
        f"r0 = cmpxchg({place}, r0, r3)\nif r0 == r4 goto won\n"
        for k in range(_TRIES)
    )
    return each + "won:\nr7 = r3\n"


_LEFT = """r3 = r0
if r3 s>= r7 goto busy@
r3 = r7
busy@:
r4 = *(u64 *)(r10 - 48)         # when the rate changes
r2 = r3
if r7 s>= r4 goto held@
if r3 s<= r4 goto held@
r5 = *(u64 *)(r10 - 64)         # what will leave at the next rate, as the time that it would take at this one
r2 = 0
if r5 == 0 goto free@
r2 = r3
r2 -= r4
r2 <<= 28
r2 /= r5
r5 = *(u64 *)(r10 - 56)
r2 *= r5
r2 >>= 28
free@:
r2 += r4
held@:
r2 -= r7
if r2 s> r1 goto full
r5 = *(u64 *)(r10 - 72)         # bytes
r2 = *(u64 *)(r10 - 64)         # what a byte costs then
if r3 s>= r4 goto late@
r2 = *(u64 *)(r10 - 56)         # and before
r5 *= r2
r5 >>= 16
if r5 != 0 goto spans@
r5 = 1
spans@:
r3 += r5
if r3 s<= r4 goto done@
r3 -= r4                        # the rest of it leaves at the next rate
r3 <<= 28
r3 /= r2
r2 = *(u64 *)(r10 - 64)
r3 *= r2
r3 >>= 28
r3 += r4
goto done@
late@:
r5 *= r2
r5 >>= 16
if r5 != 0 goto spun@
r5 = 1
spun@:
r3 += r5
done@:
"""
"""Instant at which a packet has left a queue, from that at which all before it will have (r0)."""


def _gate(stage: Stage) -> str:
    """Wait in a queue that empties at a rate; r7 becomes the instant at which the packet has left it."""
    return f"""
r2 = *(u64 *)(r9 + {8 * (16 if stage == "up" else 17)})
if r2 s< 0 goto leave
*(u64 *)(r10 - 32) = r2
r1 = *(u64 *)(r10 - 24)
r3 = value head
r3 = *(u64 *)(r3 + {_AT["gates"]})
r1 *= r3
r2 += r1
{_found("gate")}
r9 = r0
r2 = *(u64 *)(r10 - 32)
{_found("free")}
r4 = *(u64 *)(r9 + 8)
*(u64 *)(r10 - 56) = r4
r5 = *(u64 *)(r9 + 24)
*(u64 *)(r10 - 64) = r5
r1 = *(u64 *)(r9 + 16)
*(u64 *)(r10 - 48) = r1
if r7 s< r1 goto priced
r4 = r5
priced:
if r4 == 0 goto leave           # unlimited
r5 = *(u32 *)(r6 + 0)
r5 += -{ETHERNET}
r2 = {LEAST_BYTES}
r2 *= r4
r2 >>= 16
r1 = *(u64 *)(r9 + 32)
if r1 s>= r2 goto waits
r1 = r2
waits:
r2 = r5
r2 *= r4
r2 >>= 16
r1 -= r2                        # longest wait before it
r2 = *(u64 *)(r9 + 40)
r5 += r2
*(u64 *)(r10 - 72) = r5
r9 = r0
{_tried(_LEFT, "r9 + 0")}"""


def _draw(use: int) -> str:
    """Put the packet's number for a use into r1: 53 bits by SplitMix64; changes r2."""
    return f"""
r1 = *(u64 *)(r10 - 40)
r2 = {use * _USE % 2**64:#x} ll
r1 += r2
r2 = r1
r2 >>= 30
r1 ^= r2
r2 = {_FIRST:#x} ll
r1 *= r2
r2 = r1
r2 >>= 27
r1 ^= r2
r2 = {_SECOND:#x} ll
r1 *= r2
r2 = r1
r2 >>= 31
r1 ^= r2
r1 >>= 11
"""


def _path() -> str:
    """Lose the packet, or let r7 become the instant at which it arrives."""
    step = """r3 = r0
r3 += 1
if r3 s>= r5 goto after@
r3 = r5
after@:
"""
    return f"""
*(u64 *)(r10 - 32) = r9
r1 = 1
r1 = fetch_add(r8 + {_IN["count"]}, r1)
r2 = {_COUNT:#x} ll
r1 *= r2
r2 = *(u64 *)(r8 + {_IN["mixed"]})
r1 += r2
*(u64 *)(r10 - 40) = r1
r2 = *(u64 *)(r9 + 56)
if r7 s< r2 goto piece
r9 += 56                        # the second piece
piece:
r3 = *(u64 *)(r8 + {_IN["bad"]})
r4 = *(u64 *)(r9 + 40)
if r3 == 0 goto good
r4 = *(u64 *)(r9 + 48)
good:
if r4 == 0 goto steady
{_draw(0)}
if r1 >= r4 goto steady
r3 ^= 1
*(u64 *)(r8 + {_IN["bad"]}) = r3
steady:
r5 = *(u64 *)(r9 + 8)
if r5 s< 0 goto out
r4 = *(u64 *)(r9 + 24)
if r3 == 0 goto well
r4 = *(u64 *)(r9 + 32)
well:
if r4 == 0 goto kept
{_draw(1)}
if r1 < r4 goto lost
kept:
r2 = r7
r1 = *(u64 *)(r9 + 0)
r2 -= r1
r1 = *(u64 *)(r9 + 16)
r2 *= r1
r2 s>>= 32
r5 += r2
r9 = *(u64 *)(r10 - 32)
r4 = *(u64 *)(r9 + 112)
if r4 == 0 goto calm
{_draw(2)}
r1 >>= 21
r1 *= r4
r1 >>= 32
r5 += r1
calm:
r5 += r7
r4 = *(u64 *)(r9 + 120)
if r4 == 0 goto unframed
r5 += r4
r5 += -1
r5 /= r4
r5 *= r4
unframed:
{_tried(step, f"r8 + {_IN['last']}")}"""
