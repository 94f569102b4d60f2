"""PPP-B2b: corrections of orbits, clocks and code biases that BeiDou's GEO satellites broadcast.

``read`` takes raw messages from a log, ``decode`` their bits, ``corrections`` joins what belongs together by
its issues of data, ``corrected_states`` corrects broadcast orbits and clocks, ``corrected`` and ``coverage``
say for which satellites. Source of all: BDS-SIS-ICD-PPP-B2b-1.0 (2020).
"""

from __future__ import annotations

from rabta.pnt.b2b.apply import Corrected, corrected_states
from rabta.pnt.b2b.chain import CodeBiases, Corrections, corrections, senders
from rabta.pnt.b2b.decode import Messages, decode
from rabta.pnt.b2b.frames import Frames, read, write
from rabta.pnt.b2b.handover import Handovers, handovers
from rabta.pnt.b2b.service import Coverage, corrected, coverage

__all__ = [
    "CodeBiases",
    "Corrected",
    "Corrections",
    "Coverage",
    "Frames",
    "Handovers",
    "Messages",
    "corrected",
    "corrected_states",
    "corrections",
    "coverage",
    "decode",
    "handovers",
    "read",
    "senders",
    "write",
]
