"""Several navigation files as one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rabta.errors import RabtaError
from rabta.pnt.records import Navigation


def merge(navs: Iterable[Navigation]) -> Navigation:
    """Everything that several files say, each message once, in the order of the files.

    Ephemerides that differ only in when they were received count as one.
    """
    files = list(navs)
    if not files:
        raise RabtaError("no navigation to merge", expected="at least one file")
    rows = np.concatenate([nav.ephemerides for nav in files])
    plain = rows.copy()
    plain["sent"] = 0
    _, first = np.unique(np.frombuffer(plain.tobytes(), f"V{plain.itemsize}"), return_index=True)
    leaps = [nav.leap_seconds for nav in files if nav.leap_seconds is not None]
    notes = [note for nav in files for note in nav.notes]
    if len(set(leaps)) > 1:
        notes.append(f"the files state different leap seconds: {sorted(set(leaps))}; the largest counts")
    return Navigation(
        rows[np.sort(first)],
        tuple(dict.fromkeys(one for nav in files for one in nav.ionosphere)),
        tuple(dict.fromkeys(one for nav in files for one in nav.offsets)),
        tuple(dict.fromkeys(one for nav in files for one in nav.orientation)),
        max(leaps) if leaps else None,
        dict(files[0].header),
        tuple(notes),
    )
