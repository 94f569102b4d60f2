"""A day of 1,000,000 operational intents at the rate of its peak, on three instances that share PostgreSQL.

Usage: python bench/soak/airspace.py [--count 1000000 | --minutes 5] [--rate 200] [--seed 1]

64 planners put corridors around twenty hubs, 200 a second in all: the day without the hours in which less
happens, so the whole takes 84 minutes. What a key lacks is learnt from the refusal; of 150 intents a planner
ends the oldest. At half time one instance is killed (SIGKILL) and its planners go to the others; ten seconds
later it comes back. At the end every intent that was granted and not ended must be known to each instance,
and none that was ended. The result goes to bench/results/soak_airspace.json.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import cos, pi, sin
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench" / "results" / "soak_airspace.json"
sys.path.insert(0, str(ROOT))
PLANNERS, INSTANCES, HELD, MOST_TRIES = 64, 3, 150, 50
DOWN_S = 10.0


def _sibling() -> Any:
    """The bench of the same name, whose line to a service is used."""
    spec = importlib.util.spec_from_file_location("bench_airspace", ROOT / "bench" / "airspace.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


bench = _sibling()
PATH = bench.PATH
LOST = (OSError, asyncio.IncompleteReadError)


class Day:
    """What planners share: ports, versions by intent, counts."""

    def __init__(self, ports: list[int], count: int, rate: float, seed: int) -> None:
        self.ports, self.left, self.rate = ports, count, rate
        rng = random.Random(seed)
        self.hubs = [(rng.uniform(24.8, 34.2), rng.uniform(66.9, 74.4)) for _ in range(20)]
        self.known: dict[str, str] = {}
        self.ended: list[str] = []
        self.waits: list[float] = []
        self.granted: list[tuple[float, int]] = []  # instant, port
        self.tally = {"asked": 0, "gave_up": 0, "refused_503": 0, "lost_connections": 0, "found_granted": 0}


def corridor(rng: random.Random, hub: tuple[float, float]) -> dict[str, Any]:
    """200 m to 2 km long and 60 m wide, near a hub, for 2 to 10 minutes of the next hour."""
    lat, lon = (one + rng.gauss(0.0, 0.04) for one in hub)
    long, wide, turn = rng.uniform(200, 2_000) / 111e3, 60.0 / 111e3, rng.uniform(0.0, 2.0 * pi)
    u, v = (cos(turn), sin(turn)), (-sin(turn), cos(turn))
    steps = ((0.0, 0.0), (long, 0.0), (long, wide), (0.0, wide))
    corners = [{"lat": lat + a * u[0] + b * v[0], "lng": lon + a * u[1] + b * v[1]} for a, b in steps]
    low, start = (
        500.0 + 20.0 * rng.randrange(6),
        datetime.now(UTC) + timedelta(seconds=rng.uniform(120, 3_000)),
    )
    end = start + timedelta(seconds=rng.uniform(120, 600))
    return {
        "volume": {
            "outline_polygon": {"vertices": corners},
            "altitude_lower": {"value": low, "reference": "W84", "units": "M"},
            "altitude_upper": {"value": low + 18.0, "reference": "W84", "units": "M"},
        },
        "time_start": {"value": start.isoformat(), "format": "RFC3339"},
        "time_end": {"value": end.isoformat(), "format": "RFC3339"},
    }


class Planner:
    """One service of planners: its lines to the instances, its own intents."""

    def __init__(self, day: Day, token: str, number: int) -> None:
        self.day, self.at, self.rng = day, number % INSTANCES, random.Random(number)
        self.token, self.own = token, []  # type: ignore[var-annotated]
        self.line = bench.Line(token, day.ports[self.at])

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any, bool]:
        """Status, body, and whether a line was lost on the way: then it may have been done without a word."""
        lost = False
        while True:
            sent = time.perf_counter()
            try:
                status, answer = await self.line.ask(method, path, body)
            except LOST:
                lost = True
                self.day.tally["lost_connections"] += 1
                self.line.close()
                self.at = (self.at + 1) % INSTANCES
                self.line = bench.Line(self.token, self.day.ports[self.at])
                continue
            self.day.waits.append(time.perf_counter() - sent)
            if status != 503:
                return status, answer, lost
            self.day.tally["refused_503"] += 1
            lost = True
            await asyncio.sleep(0.1)

    async def run(self) -> None:
        """Intents when their time has come, until the day is over."""
        gap = PLANNERS / self.day.rate
        due = time.perf_counter() + self.rng.random() * gap
        while self.day.left > 0:
            self.day.left -= 1
            due += gap * self.rng.uniform(0.5, 1.5)
            await asyncio.sleep(max(due - time.perf_counter(), 0.0))
            await self.plan()
            if len(self.own) > HELD:
                await self.end(self.own.pop(0))
        self.line.close()

    async def plan(self) -> None:
        """One intent, until it is granted."""
        me, key, known = str(uuid.uuid4()), [], self.day.known  # type: ignore[var-annotated]
        where = corridor(self.rng, self.rng.choice(self.day.hubs))
        self.day.tally["asked"] += 1
        for _ in range(MOST_TRIES):
            body = {
                "extents": [where],
                "key": key,
                "state": "Accepted",
                "uss_base_url": "https://uss.example",
            }
            status, answer, lost = await self.ask("PUT", PATH + me, body)
            if status == 409 and lost:  # it may be there since before the line was lost
                found, held, _ = await self.ask("GET", PATH + me)
                if found == 200:
                    self.day.tally["found_granted"] += 1
                    status, answer = 201, held
            if status == 201:
                known[me] = answer["operational_intent_reference"]["ovn"]
                self.own.append(me)
                self.day.granted.append((time.perf_counter(), self.day.ports[self.at]))
                return
            if status != 409:
                raise SystemExit(f"{status}: {answer}")
            missing = answer.get("missing_operational_intents", [])
            key = [known[one["id"]] for one in missing if one["id"] in known] + key
        self.day.tally["gave_up"] += 1

    async def end(self, name: str) -> None:
        """End an intent."""
        status, answer, lost = await self.ask("DELETE", f"{PATH}{name}/{self.day.known.pop(name)}")
        if status != 200 and not (status == 404 and lost):
            raise SystemExit(f"{status}: {answer}")
        self.day.ended.append(name)


async def wrong(token: str, port: int, live: list[str], ended: list[str]) -> tuple[int, int]:
    """Granted intents that an instance does not know, and ended ones that it does."""
    lines, missing, ghosts = [bench.Line(token, port) for _ in range(16)], 0, 0

    async def part(k: int) -> tuple[int, int]:
        lost = sum([(await lines[k].ask("GET", PATH + one))[0] != 200 for one in live[k::16]])
        return lost, sum([(await lines[k].ask("GET", PATH + one))[0] != 404 for one in ended[k::16]])

    for lost, more in await asyncio.gather(*(part(k) for k in range(16))):
        missing, ghosts = missing + lost, ghosts + more
    for line in lines:
        line.close()
    return missing, ghosts


class Instances:
    """Processes of the service."""

    def __init__(self, store: str, public: Path) -> None:
        from tests.airspace.conftest import free_port

        self.ports = [free_port() for _ in range(INSTANCES)]
        self._more = ["--key", str(public), "--store", store]
        self.running = [self._start(k) for k in range(INSTANCES)]
        for port in self.ports:
            bench.ready(port)

    def _start(self, k: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "rabta.cli.main", "airspace", "serve", *self._more,
                   "--port", str(self.ports[k]), "--instance", f"rabta-{k}"]  # fmt: skip
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    async def fall(self, day: Day, after_s: float) -> float:
        """Kill one at a time, and start it again later; returns when it was killed."""
        half = day.left - round(day.rate * after_s)
        while day.left > half:
            await asyncio.sleep(0.05)
        self.running[0].send_signal(signal.SIGKILL)
        at = time.perf_counter()
        self.running[0].wait()
        await asyncio.sleep(DOWN_S)
        self.running[0] = self._start(0)
        return at

    def megabytes(self) -> list[int]:
        """Resident memory of each."""
        texts = [Path(f"/proc/{one.pid}/status").read_text(encoding="ascii") for one in self.running]
        return [int(text.split("VmRSS:")[1].split()[0]) // 1_024 for text in texts]

    def stop(self) -> None:
        """End all, by their own ids."""
        for one in self.running:
            one.terminate()
        for one in self.running:
            one.wait()


async def replay(
    instances: Instances, tokens: list[str], count: int, rate: float, seed: int
) -> dict[str, Any]:
    """The day, and what it left."""
    day = Day(instances.ports, count, rate, seed)
    begun = time.perf_counter()
    fall = asyncio.create_task(instances.fall(day, count / rate / 2.0))
    await asyncio.gather(*(Planner(day, token, k).run() for k, token in enumerate(tokens)))
    took, killed = time.perf_counter() - begun, await fall
    bench.ready(instances.ports[0])
    others = [at for at, port in day.granted if port != instances.ports[0] and at > killed - 5.0]
    gap = max(b - a for a, b in pairwise(others) if b > killed and a < killed + 5.0)
    checked = [await wrong(tokens[0], port, list(day.known), day.ended[-5_000:]) for port in instances.ports]
    at = statistics.quantiles(day.waits, n=1_000)
    return {
        "intents": count, "granted": len(day.granted), "rate_s": round(len(day.granted) / took, 1),
        **day.tally, "longest_pause_after_kill_s": round(gap, 3), "held_at_end": len(day.known),
        "lost": [one for one, _ in checked], "ghosts": [one for _, one in checked],
        "request_p50_ms": round(1e3 * at[499], 1), "request_p99_ms": round(1e3 * at[989], 1),
        "request_worst_ms": round(1e3 * max(day.waits), 1), "memory_mb": instances.megabytes(),
    }  # fmt: skip


def main() -> None:
    """Start, replay, check, keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    count = round(asked.minutes * 60.0 * asked.rate) or asked.count
    from tests.airspace.conftest import Authority
    from tests.airspace.dss.conftest import cluster

    with tempfile.TemporaryDirectory() as folder, cluster() as server:
        authority = Authority(Path(folder) / "public.pem")
        lasts = min(count / asked.rate + 600.0, 3_600.0)
        tokens = [authority.token(f"planner{k}", lasts_s=lasts) for k in range(PLANNERS)]
        instances = Instances(server.database(), Path(folder) / "public.pem")
        try:
            found = asyncio.run(replay(instances, tokens, count, asked.rate, asked.seed))
        finally:
            instances.stop()
    kept = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": platform.machine(),
            "load": os.getloadavg()[0], "instances": INSTANCES, "planners": PLANNERS, **found}  # fmt: skip
    print(json.dumps(kept, indent=1))
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    sys.exit(1 if any(found["lost"]) or any(found["ghosts"]) or found["gave_up"] else 0)


if __name__ == "__main__":
    main()
