"""Streams measured: PPP-B2b beside cssrlib, RTCM 3 beside pyrtcm, navigation messages.

Usage: python bench/b2b.py --files DIR [--peers DIR]

``--files`` holds ``b2b_2023-189``, ``b2b_2025-233``, ``nagoya`` and ``nav4`` as the suites read them;
``--peers`` is a folder with cssrlib and pyrtcm (pip install --target), each run in a process of its own.
Results go to bench/results/b2b.json. CPU seconds, the least of several runs, since machines are shared.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rabta.pnt import b2b, rinex
from rabta.pnt.messages import bcnav
from rabta.pnt.streams import msmwriter, rtcm

RESULTS = Path(__file__).parent / "results" / "b2b.json"
LOGS = ("b2b_2023-189/bdsb2b_189e.txt.gz", "b2b_2025-233/233h_bdsb2b.txt.gz")
RUNS = 7

# run in processes of their own; each prints CPU seconds and how many messages
CSSRLIB = """
import sys, time, gzip
from cssrlib.cssr_bds import cssr_bds
text = gzip.open(sys.argv[1], "rt").read()
best = 1e9
for _ in range(2):
    start = time.process_time()
    peers, count = {}, 0
    for line in text.splitlines():
        parts = line.split()
        peer = peers.get(parts[2])
        if peer is None:
            peer = peers[parts[2]] = cssr_bds()
            peer.monlevel, peer.week, peer.tow0 = 0, 1000, 0
        peer.decode_cssr(bytes.fromhex(parts[5]), 0)
        count += 1
    best = min(best, time.process_time() - start)
print(best, count)
"""
PYRTCM = """
import sys, time, io
from pyrtcm import RTCMReader
data = open(sys.argv[1], "rb").read()
start = time.process_time()
count = sum(1 for raw, message in RTCMReader(io.BytesIO(data)) if message is not None)
print(time.process_time() - start, count)
"""


def least(call: Callable[[], Any], runs: int = RUNS) -> float:
    """Least CPU seconds of several runs."""
    found = []
    for _ in range(runs):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def peer(folder: Path | None, code: str, path: Path) -> float | None:
    """Messages a CPU second of a peer; None where it is not there."""
    if folder is None:
        return None
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(path)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        print(done.stderr[-300:], file=sys.stderr)
        return None
    seconds, count = done.stdout.split()[-2:]
    return int(count) / float(seconds)


def corrections(path: Path, peers: Path | None) -> dict[str, Any]:
    """One hour of PPP-B2b: file to columns, to corrections; the peer from text in memory."""
    packed = path.read_bytes()
    raw = gzip.decompress(packed)
    frames = b2b.read(raw)
    count = int(frames.prn.size)
    read = least(lambda: b2b.decode(b2b.read(raw)))
    bits = least(lambda: b2b.decode(frames))
    whole = least(lambda: b2b.corrections(b2b.decode(b2b.read(raw))))
    theirs = peer(peers, CSSRLIB, path)
    return {
        "file": path.name,
        "messages": count,
        "target_a_second": 80_000,
        "text_to_columns_a_second": count / read,
        "bits_to_columns_a_second": count / bits,
        "text_to_corrections_a_second": count / whole,
        "cssrlib_a_second": theirs,
        "ratio": None if theirs is None else count / read / theirs,
    }


def observations(files: Path, peers: Path | None) -> dict[str, Any]:
    """Five minutes of Nagoya at 1 Hz as MSM7, about six signals a satellite."""
    source = rinex.observations(files / "nagoya" / "rover.obs.gz")
    data = msmwriter.write(source, 7)
    start = int(source.times[0])
    stream = rtcm.read(data, start)
    count = sum(stream.counts.values())
    read = least(lambda: rtcm.read(data, start))
    wrote = least(lambda: msmwriter.write(source, 7), 3)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nagoya.rtcm3"
        path.write_bytes(data)
        theirs = peer(peers, PYRTCM, path)
    return {
        "messages": count,
        "epochs": int(source.times.size),
        "bytes": len(data),
        "read_a_second": count / read,
        "written_a_second": count / wrote,
        "pyrtcm_a_second": theirs,
        "ratio": None if theirs is None else count / read / theirs,
    }


def ephemerides(files: Path) -> dict[str, Any]:
    """B-CNAV1 to bits and back, one record at a time."""
    name = files / "nav4" / "BRD400DLR_S_20260680000_01D_MN.rnx.gz"
    rows = rinex.navigation(name).ephemerides
    rows = rows[rows["kind"] == "CNV1"][:400]
    sent = [bcnav.encode_cnv1(row) for row in rows]

    def read() -> None:
        for (count, second, third), row in zip(sent, rows, strict=True):
            bcnav.decode_cnv1(second, count, int(row["prn"]), third)

    return {
        "cnv1_read_a_second": len(sent) / least(read, 3),
        "cnv1_written_a_second": len(sent) / least(lambda: [bcnav.encode_cnv1(row) for row in rows], 3),
    }


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--peers", type=Path)
    arguments = parser.parse_args()
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "unit": "messages a CPU second, one thread",
        "ppp_b2b": [corrections(arguments.files / name, arguments.peers) for name in LOGS],
        "rtcm": observations(arguments.files, arguments.peers),
        "messages": ephemerides(arguments.files),
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
