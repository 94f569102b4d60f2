"""Card payments: authorisation requests from terminals to a switch, each with a deadline.

A request and its answer have the sizes of ISO 8583 messages of an authorisation (0100 and 0110) with chip
data, behind a length of two bytes, on one TCP connection a payment, as a till makes it that pays rarely.
The switch takes its time. A terminal gives up at the deadline, and the customer pays in cash.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import struct
import time
from contextlib import suppress

PORT = 8583
REQUEST_BYTES, ANSWER_BYTES = 420, 180
"""About what an authorisation with chip data takes (modelled after the fields of ISO 8583-1:1993)."""
SWITCH_S = 0.15
"""Work of the switch and the issuer (modelled)."""


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        size = struct.unpack("!H", await reader.readexactly(2))[0]
        body = await reader.readexactly(size)
        await asyncio.sleep(SWITCH_S)
        writer.write(struct.pack("!H", ANSWER_BYTES) + body[:12].ljust(ANSWER_BYTES, b"0"))
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def serve(host: str) -> None:
    """Answer until killed; says when it listens."""
    server = await asyncio.start_server(_answer, host, PORT)
    print("listening", flush=True)
    async with server:
        await server.serve_forever()


async def _exchange(host: str, number: int) -> None:
    reader, writer = await asyncio.open_connection(host, PORT)
    try:
        trace = b"%012d" % number
        writer.write(struct.pack("!H", REQUEST_BYTES) + trace.ljust(REQUEST_BYTES, b"1"))
        await writer.drain()
        size = struct.unpack("!H", await reader.readexactly(2))[0]
        if (await reader.readexactly(size))[:12] != trace:
            raise ConnectionError("an answer to another request")
    finally:
        writer.close()


async def one(host: str, number: int, deadline_s: float) -> dict[str, object]:
    """One payment: how long it took, or why it failed."""
    start = time.monotonic()
    try:
        await asyncio.wait_for(_exchange(host, number), deadline_s)
    except TimeoutError:
        return {"at": start, "failed": "deadline"}
    except (OSError, asyncio.IncompleteReadError) as error:
        return {"at": start, "failed": type(error).__name__}
    return {"at": start, "seconds": time.monotonic() - start}


async def pay(
    host: str, seconds: float, every_s: float, deadline_s: float, *, telling: bool = False
) -> list[dict[str, object]]:
    """Payments at a steady pace, each by itself."""
    start = time.monotonic()
    tasks: list[asyncio.Task[dict[str, object]]] = []
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, ended.set)
    while time.monotonic() - start < seconds and not ended.is_set():
        tasks.append(asyncio.create_task(one(host, len(tasks), deadline_s)))
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), every_s)
        if telling:
            tell([task.result() for task in tasks if task.done()])
    return await asyncio.gather(*tasks)


def tell(done: list[dict[str, object]]) -> None:
    """Say how it goes, a line of JSON."""
    good = sum("seconds" in one for one in done)
    print(json.dumps({"now": {"in_time": good, "of": len(done)}}), flush=True)


def summary(payments: list[dict[str, object]]) -> dict[str, object]:
    """Counts and times of payments.

    Examples
    --------
    >>> summary([{"at": 0.0, "seconds": 0.5}, {"at": 1.0, "failed": "deadline"}])["in_time_share"]
    0.5
    """
    times = sorted(float(str(p["seconds"])) for p in payments if "seconds" in p)
    failed: dict[str, int] = {}
    for p in payments:
        if "failed" in p:
            failed[str(p["failed"])] = failed.get(str(p["failed"]), 0) + 1
    return {
        "payments": len(payments),
        "in_time_share": round(len(times) / len(payments), 4) if payments else None,
        "median_s": round(times[len(times) // 2], 4) if times else None,
        "longest_s": round(times[-1], 4) if times else None,
        "failed": failed,
    }


def main() -> None:
    """``serve ADDRESS``, or ``pay ADDRESS SECONDS --every S --deadline S``: counts as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=("serve", "pay"))
    parser.add_argument("address")
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    parser.add_argument("--every", type=float, default=1.0)
    parser.add_argument("--deadline", type=float, default=2.0)
    parser.add_argument("--tell", action="store_true", help="lines on how it goes, before the last")
    asked = parser.parse_args()
    if asked.task == "serve":
        asyncio.run(serve(asked.address))
    else:
        found = asyncio.run(
            pay(asked.address, asked.seconds, asked.every, asked.deadline, telling=asked.tell)
        )
        print(json.dumps({"summary": summary(found), "payments": found}))


if __name__ == "__main__":
    main()
