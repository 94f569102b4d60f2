"""Messages as a receiver hands them over, one subframe at a time, to what they say when they are whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest
from rabta.pnt.gnsstime import NS, WEEK_S
from rabta.pnt.messages import bcnav, d1d2, galileo, glonass, lnav
from rabta.pnt.messages.fields import Bits, number
from rabta.pnt.records import IonosphereMessage, Navigation, empty_ephemerides

Row = NDArray[np.void]
_MOST_MENDED = 4  # BCH words of a subframe with an error: more, and it is no subframe
_RECENT_S = 60  # parts of one message arrive within this time


@dataclass
class Collector:
    """Ephemerides and ionosphere messages of subframes, whichever order satellites come in.

    ``add`` takes one subframe, page, word, string or message at a time; ``navigation`` has what was whole.
    An ephemeris is kept once for each issue.
    """

    _parts: dict[tuple[str, int, str], dict[int, tuple[int, Bits]]] = field(default_factory=dict)
    _rows: list[Row] = field(default_factory=list)
    _ionosphere: list[IonosphereMessage] = field(default_factory=list)
    _issues: dict[tuple[str, int, str], tuple[int, ...]] = field(default_factory=dict)
    failed: int = 0

    def add(self, system: str, prn: int, kind: str, bits: Bits, time: int, slot: int = 0) -> bool:
        """Take one part of a message.

        Parameters
        ----------
        kind : str
            ``LNAV`` (300 bits, `lnav.checked`), ``D1``, ``D2`` (300), ``CNV2`` (288), ``CNV3`` (486),
            ``INAV`` (240: even and odd part), ``FDMA`` (85), ``CNV1`` (864: subframes 2 and 3; ``slot`` is
            the count of 18 s).
        time : int
            Instant of reception, to about a minute.
        slot : int
            GLONASS's frequency number.

        Returns
        -------
        bool
            Whether the part's own check held.
        """
        takers: dict[str, Callable[[str, int, Bits, int, int], bool]] = {
            "LNAV": self._lnav,
            "D1": self._d1,
            "D2": self._d2,
            "INAV": self._inav,
            "FDMA": self._fdma,
            "CNV1": self._cnv1,
            "CNV2": self._cnv2,
            "CNV3": self._cnv3,
        }
        if kind not in takers:
            raise RabtaError("no such message", key="kind", value=kind, expected=nearest(kind, takers))
        held = takers[kind](system, prn, bits, time, slot)
        self.failed += not held
        return held

    def navigation(self) -> Navigation:
        """What was whole, in the order in which it became so."""
        rows = np.concatenate(self._rows) if self._rows else empty_ephemerides(0)
        notes = (f"{self.failed} message parts failed their check",) if self.failed else ()
        return Navigation(rows, tuple(self._ionosphere), notes=notes)

    def _store(self, key: tuple[str, int, str], part: int, bits: Bits, time: int) -> dict[int, Bits]:
        """Keep a part and return the recent ones of its message."""
        parts = self._parts.setdefault(key, {})
        parts[part] = (time, bits)
        return {n: b for n, (t, b) in parts.items() if abs(time - t) <= _RECENT_S * NS}

    def _keep(self, row: Row | None) -> None:
        if row is None:
            return
        item = row[0]
        key = (str(item["system"]), int(item["prn"]), str(item["kind"]))
        issue = tuple(int(item[name]) for name in ("toe", "toc", "iode", "iodc"))
        if self._issues.get(key) != issue:
            self._issues[key] = issue
            self._rows.append(row)

    def _hear(self, message: IonosphereMessage | None) -> None:
        if message is None:
            return
        last = [m for m in self._ionosphere if (m.system, m.model) == (message.system, message.model)]
        if not last or last[-1].coefficients != message.coefficients:
            self._ionosphere.append(message)

    def _lnav(self, system: str, prn: int, bits: Bits, time: int, _: int) -> bool:
        head = lnav.head(bits)
        if head is None:
            return False
        parts = self._store((system, prn, "LNAV"), head[0], bits, time)
        week = time // (WEEK_S * NS)
        if head[0] == 4:
            self._hear(lnav.ionosphere(bits, prn, week, system))
        elif {1, 2, 3} <= parts.keys():
            self._keep(lnav.decode([parts[n] for n in (1, 2, 3)], prn, week, system))
        return True

    def _d1(self, system: str, prn: int, bits: Bits, time: int, _: int) -> bool:
        mended, wrong = d1d2.correct(bits)
        head = d1d2.head(mended)
        if head is None or wrong > _MOST_MENDED:
            return False
        parts = self._store((system, prn, "D1"), head[0], mended, time)
        if head[0] == 3 and {1, 2, 3} <= parts.keys():
            subframes = [parts[n] for n in (1, 2, 3)]
            row = d1d2.decode_d1(subframes, prn)
            self._keep(row)
            self._hear(d1d2.ionosphere(subframes, prn) if row is not None else None)
        return True

    def _d2(self, system: str, prn: int, bits: Bits, time: int, _: int) -> bool:
        mended, wrong = d1d2.correct(bits)
        head = d1d2.head(mended)
        if head is None or wrong > _MOST_MENDED:
            return False
        if head[0] != 1:
            return True
        parts = self._store((system, prn, "D2"), d1d2.page(mended), mended, time)
        if d1d2.page(mended) == d1d2.D2_PAGES and len(parts) == d1d2.D2_PAGES:
            pages = [parts[n] for n in sorted(parts)]
            row = d1d2.decode_d2(pages, prn)
            self._keep(row)
            self._hear(d1d2.ionosphere(pages, prn) if row is not None else None)
        return True

    def _cnv1(self, _: str, prn: int, bits: Bits, time: int, count: int) -> bool:
        second, third = bits[: bcnav.SUBFRAME2_BITS], bits[bcnav.SUBFRAME2_BITS :]
        row = bcnav.decode_cnv1(second, count, prn, third)
        self._keep(row)
        self._hear(bcnav.ionosphere_cnv1(third, prn, time))
        return row is not None

    def _cnv2(self, system: str, prn: int, bits: Bits, time: int, _: int) -> bool:
        head = bcnav.head_cnv2(bits)
        if head is None:
            return False
        parts = self._store((system, prn, "CNV2"), head[1], bits, time)
        self._keep(bcnav.decode_cnv2(parts))
        self._hear(bcnav.ionosphere_cnv2(bits, time))
        return True

    def _cnv3(self, system: str, prn: int, bits: Bits, time: int, _: int) -> bool:
        head = bcnav.head_cnv3(bits)
        if head is None:
            return False
        parts = self._store((system, prn, "CNV3"), head[0], bits, time)
        self._keep(bcnav.decode_cnv3(parts, prn))
        self._hear(bcnav.ionosphere_cnv3(bits, prn, time))
        return True

    def _inav(self, system: str, prn: int, bits: Bits, time: int, _: int) -> bool:
        word = galileo.word(bits[:120], bits[120:])
        if word is None:
            return False
        kind = number(word[:6])
        parts = self._store((system, prn, "INAV"), kind, word, time)
        if kind in galileo.WORDS:
            self._keep(galileo.decode(parts, prn))
        if kind == 5:
            self._hear(galileo.ionosphere(word, prn))
        return True

    def _fdma(self, system: str, prn: int, bits: Bits, time: int, slot: int) -> bool:
        string = glonass.correct(bits)
        if string is None:
            return False
        parts = self._store((system, prn, "FDMA"), number(string[1:5]), string, time)
        self._keep(glonass.decode(parts, slot))
        return True
