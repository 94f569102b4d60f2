"""Accepted operational intents a second, of 64 planners who want the same square kilometre.

    python bench/airspace.py [SECONDS]

Every planner puts an intent with what it knows as key, reads what it lacks from the refusal, and comes again
at once; what was accepted is on disk (SQLite, synchronous=FULL). *Spread*: circles of 40 m anywhere in a
square of 1 km (an S2 cell of level 13), at one of four heights and some minute of the next hour. *One spot*:
all in a square of 2 m, as in InterUSS's load test; a planner ends its intent ten later. Planners share the
machine with the service. *Paced*: as spread, but each planner begins an intent when its time has come, 560 a
second in all, and not as fast as it can; so times of answers are not those of a full queue.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

RESULTS = Path(__file__).parent / "results" / "airspace.json"
PLANNERS = 64
PORT = 18_732
PATH = "/dss/v1/operational_intent_references/"
MOST_TRIES = 50
PACE = 560.0  # intents begun a second, of all planners


class Line:
    """A connection that stays, for little cost of its own."""

    def __init__(self, token: str, port: int = PORT) -> None:
        self._port = port
        self._head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Status and body of an answer."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        assert self._reader is not None
        data = b"" if body is None else json.dumps(body).encode()
        self._writer.write(
            f"{method} {path} HTTP/1.1\r\n{self._head}Content-Length: {len(data)}\r\n\r\n".encode() + data
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        text = await self._reader.readexactly(length)
        return int(head.split(b" ", 2)[1]), json.loads(text or b"{}")

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()


def volume(rng: random.Random, *, spot: bool) -> dict[str, Any]:
    """Somewhere in the cell."""
    lat, lon = (
        33.70 + rng.random() * (1e-5 if spot else 0.009),
        73.05 + rng.random() * (1e-5 if spot else 0.011),
    )
    low = 500.0 if spot else 500.0 + 40.0 * rng.randrange(4)
    start = datetime.now(UTC) + timedelta(minutes=1 if spot else rng.randrange(1, 55))
    return {
        "volume": {
            "outline_circle": {"center": {"lat": lat, "lng": lon}, "radius": {"value": 40.0, "units": "M"}},
            "altitude_lower": {"value": low, "reference": "W84", "units": "M"},
            "altitude_upper": {"value": low + 30.0, "reference": "W84", "units": "M"},
        },
        "time_start": {"value": start.isoformat(), "format": "RFC3339"},
        "time_end": {"value": (start + timedelta(minutes=3)).isoformat(), "format": "RFC3339"},
    }


async def due(last: float, rng: random.Random) -> float:
    """Wait for the time of the next intent; what is late is counted from when it was due."""
    at = last + PLANNERS / PACE * rng.uniform(0.5, 1.5)
    await asyncio.sleep(max(at - time.perf_counter(), 0.0))
    return at


async def plan(line: Line, known: dict[str, str], tally: dict[str, Any], until: float, mode: str) -> None:
    """One planner: intents one after another."""
    rng, own, spot = random.Random(id(line)), [], mode == "one spot"
    begun = time.perf_counter() + rng.random() * PLANNERS / PACE
    while time.perf_counter() < until:
        begun = await due(begun, rng) if mode == "paced" else time.perf_counter()
        me, key = str(uuid.uuid4()), []
        where = volume(rng, spot=spot)
        for attempt in range(1, MOST_TRIES + 1):
            body = {
                "extents": [where],
                "key": key,
                "state": "Accepted",
                "uss_base_url": "https://uss.example",
            }
            sent = time.perf_counter()
            status, answer = await line.ask("PUT", PATH + me, body)
            tally["waits"].append(time.perf_counter() - sent)
            if status == 201:
                known[me] = answer["operational_intent_reference"]["ovn"]
                own.append(me)
                tally["accepted"] += 1
                tally["times"].append(time.perf_counter() - begun)
                tally["tries"].append(attempt)
                break
            if status != 409:
                raise SystemExit(f"{status}: {answer}")
            # what their services would say of those that the refusal names
            key = [
                known[one["id"]]
                for one in answer.get("missing_operational_intents", [])
                if one["id"] in known
            ] + key
        else:
            tally["gave up"] += 1
        while len(own) > (10 if spot else 60):
            await end(line, own.pop(0), known)
    tally["ended_s"] = time.perf_counter()
    for name in own:
        await end(line, name, known)


async def end(line: Line, name: str, known: dict[str, str]) -> None:
    """End an intent."""
    await line.ask("DELETE", f"{PATH}{name}/{known.pop(name)}")


async def load(tokens: list[str], seconds: float, mode: str) -> dict[str, Any]:
    """All planners at once."""
    lines, known = [Line(token) for token in tokens], {}
    tally: dict[str, Any] = {"accepted": 0, "gave up": 0, "waits": [], "times": [], "tries": []}
    begun = time.perf_counter()
    await asyncio.gather(*(plan(line, known, tally, begun + seconds, mode) for line in lines))
    took = tally["ended_s"] - begun
    for line in lines:
        line.close()
    at = statistics.quantiles(tally["waits"], n=100)
    done = statistics.quantiles(tally["times"], n=100)
    return {
        "accepted_a_s": round(tally["accepted"] / took, 1), "gave_up": tally["gave up"],
        "request_p50_ms": round(1e3 * at[49], 1), "request_p99_ms": round(1e3 * at[98], 1),
        "intent_p50_ms": round(1e3 * done[49], 1), "intent_p99_ms": round(1e3 * done[98], 1),
        "tries_mean": round(statistics.fmean(tally["tries"]), 2), "tries_most": max(tally["tries"]),
    }  # fmt: skip


def ready(port: int = PORT) -> None:
    """Wait until somebody listens."""
    for _ in range(300):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the service did not start")


def main() -> None:
    """Serve, load, tell."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    key = rsa.generate_private_key(65_537, 2_048)
    claims = {"iss": "http://127.0.0.1", "scope": "utm.strategic_coordination", "exp": time.time() + 3_000}
    tokens = [jwt.encode({**claims, "sub": f"planner{k}"}, key, algorithm="RS256") for k in range(PLANNERS)]
    with tempfile.TemporaryDirectory() as folder:
        public = Path(folder) / "public.pem"
        form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        public.write_bytes(key.public_key().public_bytes(*form))
        command = [sys.executable, "-m", "rabta.cli.main", "airspace", "serve", "--key", str(public),
                   "--store", f"{folder}/airspace.sqlite", "--port", str(PORT)]  # fmt: skip
        server = subprocess.Popen(command)
        try:
            ready()
            modes = ("spread", "paced", "one spot")
            found = {mode: asyncio.run(load(tokens, seconds, mode)) for mode in modes}
        finally:
            server.terminate()
            server.wait()
    for name, row in found.items():
        print(name, row)
    kept = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "planners": PLANNERS,
        "seconds": seconds,
        **found,
    }
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
