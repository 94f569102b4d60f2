"""What a real terminal of a moving constellation adds to light and capacity: jitter, losses, spikes.

The change of satellite at 12, 27, 42 and 57 s past the minute is in the way itself (`network`). What it and
the sharing of a beam add to it is not in any run; the figures are those of one public study of one service:
G. Huston, "A transport protocol's view of Starlink", APNIC, May 2024, as The Register reported it on 22 May
2024. They are a terminal's in Australia; no measurement from Pakistan is public.

Losses come in two kinds. Single packets are lost between changes: 2 of the first 2,880 in the record of
1 Mbit/s that M. Sauter printed (wirelessmoves.com, July 2024, a terminal in Germany; two losses alone, so
between 0.01 and 0.25 per cent). The study's 1 to 1.5 per cent are far more, and it saw losses at changes:
what is left of its lower end is here the time after each change in which nothing arrives, 0.14 s of 15.

Of several things the study does not tell, and they are modelled: this division; the extra delay of each
packet, drawn evenly between nothing and a largest one, packet by packet, of what the terminal receives (a
dense flow, whose packets do not overtake each other, so feels nearly the largest); a spike that falls to
nothing in a straight line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rabta.emulate import ways
from rabta.emulate.engine.course import CLOSEST_NS
from rabta.emulate.subrun.access import Figure, Given
from rabta.emulate.ways import Access

Array = NDArray[np.float64]

JITTER_MS = 6.7
"""Mean difference between successive round trips inside a slot of 15 s (Huston 2024)."""
SPIKE_MS = (30.0, 50.0)
"""Round trip that a change of satellite adds for a short time (Huston 2024)."""
SPIKE_S = 0.2  # modelled: pings a few to the second see it in one or two of them
LOSS = 0.01
"""Share of packets lost without congestion: 1 to 1.5 % over the long term (Huston 2024); the lower end."""
SINGLE = 2 / 2880
"""Share of packets lost one by one (Sauter 2024)."""
SLOT_S = 15.0
GAP_S = (LOSS - SINGLE) * SLOT_S
"""Time after a change of satellite in which nothing arrives: modelled, the rest of `LOSS`."""
SOURCE = "G. Huston, APNIC, May 2024"


def largest_s(difference_ms: float = JITTER_MS) -> float:
    """Largest extra delay of an even draw whose successive values differ by a mean (ms).

    Two draws from 0 to J differ by J / 3 in the mean.

    Examples
    --------
    >>> round(largest_s(6.7), 6)
    0.0201
    """
    return 3e-3 * difference_ms


def accessed(given: Given) -> Given:
    """What a plan gives a host, with what its terminal adds."""
    access: Access = replace(given.access, jitter_s=largest_s(), loss=(SINGLE, SINGLE, 0.0, 0.0))
    figures = (
        Figure("jitter", round(1e3 * largest_s(), 1), "ms",
               f"largest, for a mean difference of {JITTER_MS} ms: {SOURCE}; even draw modelled",
               assumed=True),
        Figure("loss", round(SINGLE, 5), "1", "of single packets: M. Sauter, July 2024", assumed=True),
        Figure("change", round(1e3 * GAP_S), "ms", f"nothing arrives after a change of satellite: the rest "
               f"of {LOSS:g} without congestion: {SOURCE}; modelled", assumed=True),
        Figure("spike", list(SPIKE_MS), "ms", f"round trip at a change of satellite: {SOURCE}; "
               f"gone in {SPIKE_S:g} s modelled", assumed=True),
    )  # fmt: skip
    return replace(given, access=access, figures=(*given.figures, *figures))


def spiked(pieces: Array, at_s: Sequence[float], seed: int = 0) -> Array:
    """Pieces of a one-way delay after changes of satellite: nothing arrives, then a spike that falls.

    Half the round trip's spike lies on each way.

    Parameters
    ----------
    pieces : ndarray, shape (piece, 7)
        Of a path: instant (ns), delay (ns, negative for an outage), slope, chances of loss.
    at_s : sequence of float
        When the satellite changes.

    Returns
    -------
    ndarray, shape (piece, 7)
    """
    tall = np.random.default_rng(seed).uniform(*SPIKE_MS, len(at_s)) * 0.5e6
    for instant, height in zip(at_s, tall.tolist(), strict=True):
        pieces = _one(pieces, 1e9 * (instant + GAP_S), height)
    pieces = ways.cut(pieces, [(instant, instant + GAP_S) for instant in at_s])
    keep = np.append(np.diff(pieces[:, 0]) >= CLOSEST_NS, True)
    keep[0] = True
    return np.asarray(pieces[keep])


def _one(pieces: Array, begin: float, height: float) -> Array:
    """Pieces with one spike: what lies inside it is cut at its ends and raised by what is left of it."""
    end, fall = begin + 1e9 * SPIKE_S, height / (1e9 * SPIKE_S)
    for edge in (begin, end):
        pieces = _split(pieces, edge)
    inside = (pieces[:, 0] >= begin) & (pieces[:, 0] < end) & (pieces[:, 1] >= 0.0)
    raised = pieces.copy()
    raised[inside, 1] += height - fall * (pieces[inside, 0] - begin)
    raised[inside, 2] -= fall
    return raised


def _split(pieces: Array, at: float) -> Array:
    """The same pieces, with one that begins at an instant; beyond the ends nothing changes."""
    row = int(np.searchsorted(pieces[:, 0], at, side="right")) - 1
    if row < 0 or pieces[row, 0] == at:
        return pieces
    later = pieces[row].copy()
    later[0] = at
    if later[1] >= 0.0:
        later[1] += later[2] * (at - pieces[row, 0])
    return np.insert(pieces, row + 1, later, axis=0)
