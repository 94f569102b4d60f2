"""A video lesson over HTTP: a server of segments, and a player that adapts and says how it went.

The ladder of bitrates is the one that Apple's HLS authoring specification gives for H.264, 16:9. The player
chooses by its buffer alone, as BBA-0 does (Huang et al., SIGCOMM 2014, section 4): the lowest rate below the
reservoir, the highest above the cushion, linear between, and no change within the neighbouring rates. The
score is the mean opinion that Mok et al. (IM 2011, equation 4) fitted to start-up time, stalls and their
length.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import math
import socket
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field

LADDER_KBPS = (145, 365, 730, 1100, 2000, 3000, 4500, 6000, 7800)
SEGMENT_S = 4.0
RESERVOIR_S, CUSHION_S, MOST_S = 8.0, 30.0, 60.0
BEGIN_S = 4.0  # of video in the buffer before the picture starts, and again after a stall
PORT = 8080
CONTROL = "cubic"
"""Congestion control of the server, whatever the machine's own is: Linux's where nobody chose another."""
LONGEST_WAIT_S = 30.0


def size_bytes(level: int, number: int) -> int:
    """Bytes of a segment; scenes differ by up to a fifth, in a pattern that is always the same.

    Examples
    --------
    >>> size_bytes(0, 0), size_bytes(8, 3) // 1000
    (72500, 4519)
    """
    vary = 1.0 + 0.2 * math.sin(2.4 * number)
    return round(LADDER_KBPS[level] * 125.0 * SEGMENT_S * vary)


def next_level(level: int, buffer_s: float) -> int:
    """Rate of the next segment (BBA-0).

    Examples
    --------
    >>> next_level(4, 5.0), next_level(0, 60.0), next_level(0, 19.0), next_level(4, 19.0)
    (0, 8, 5, 5)
    """
    top = len(LADDER_KBPS) - 1
    if buffer_s <= RESERVOIR_S:
        return 0
    if buffer_s >= CUSHION_S:
        return top
    share = (buffer_s - RESERVOIR_S) / (CUSHION_S - RESERVOIR_S)
    wanted = LADDER_KBPS[0] + share * (LADDER_KBPS[top] - LADDER_KBPS[0])
    if wanted >= LADDER_KBPS[min(level + 1, top)]:
        return max(k for k, rate in enumerate(LADDER_KBPS) if rate <= wanted)
    if wanted <= LADDER_KBPS[max(level - 1, 0)]:
        return min((k for k, rate in enumerate(LADDER_KBPS) if rate >= wanted), default=0)
    return level


def opinion(start_s: float, stalls: int, stalled_s: float, watched_s: float) -> float:
    """Mean opinion score, 1 to 5, of start-up time, stalls a second and mean length of a stall.

    Mok, Chan and Chang 2011, equation 4 and table I: each of the three is graded 1 to 3 first.

    Examples
    --------
    >>> round(opinion(0.5, 0, 0.0, 60.0), 2), round(opinion(6.0, 12, 60.0, 60.0), 2)
    (3.31, 1.7)
    """
    each, rate = stalled_s / max(stalls, 1), stalls / max(watched_s, 1e-9)
    start = 1 if start_s <= 1.0 else 2 if start_s <= 5.0 else 3
    often = 1 if rate <= 0.02 else 2 if rate <= 0.15 else 3
    long = 1 if each <= 5.0 else 2 if each <= 10.0 else 3
    return 4.23 - 0.0672 * start - 0.742 * often - 0.106 * long


@dataclass
class Story:
    """What a pupil saw."""

    start_s: float = math.nan
    watched_s: float = 0.0
    stalls: list[tuple[float, float]] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    bytes: int = 0
    failed: int = 0
    waits_s: list[float] = field(default_factory=list)
    course: list[tuple[float, int, float]] = field(default_factory=list)
    """After each segment: second, its bitrate (kbit/s), video in the buffer (s)."""

    def summary(self) -> dict[str, object]:
        """Plain data: start-up, stalls, bitrate, changes, score."""
        stalled = sum(length for _, length in self.stalls)
        rates = [LADDER_KBPS[level] for level in self.levels]
        changes = sum(a != b for a, b in zip(self.levels, self.levels[1:], strict=False))
        began = math.isfinite(self.start_s)
        return {
            "start_s": round(self.start_s, 3) if began else None,
            "watched_s": round(self.watched_s, 3),
            "stalls": len(self.stalls),
            "stalled_s": round(stalled, 3),
            "bitrate_kbps": round(sum(rates) / len(rates), 1) if rates else None,
            "changes": changes,
            "failed_requests": self.failed,
            "megabytes": round(self.bytes / 1e6, 3),
            "opinion": round(opinion(self.start_s, len(self.stalls), stalled, self.watched_s), 2)
            if began
            else 1.0,
        }


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection: requests for ``/CONTROL/LEVEL/NUMBER`` until it closes."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            control, *parts = head.split(b" ", 2)[1].strip(b"/").split(b"/")
            if not _controlled(writer, control):
                writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                continue
            level, number = int(parts[0]), int(parts[1])
            body = bytes(size_bytes(level, number))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError, IndexError):
        writer.close()


def _controlled(writer: asyncio.StreamWriter, control: bytes) -> bool:
    """Take a congestion control for what is sent; False where the kernel has none of this name."""
    try:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, control)
    except OSError:
        return False
    return True


async def serve(host: str) -> None:
    """Serve segments until killed; says when it listens."""
    server = await asyncio.start_server(_answer, host, PORT)
    print("listening", flush=True)
    async with server:
        await server.serve_forever()


class Player:
    """Fetches, buffers and shows; time is real."""

    def __init__(self, host: str, *, control: str = CONTROL, telling: bool = False) -> None:
        self.host, self.control, self.telling, self.story = host, control, telling, Story()
        self.buffer_s, self.playing = 0.0, False
        self.began = self.last = time.monotonic()
        self.connection: http.client.HTTPConnection | None = None

    def fetch(self, level: int, number: int) -> bool:
        """Get a segment; False where the network failed."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.host, PORT, timeout=LONGEST_WAIT_S)
            self.connection.request("GET", f"/{self.control}/{level}/{number}")
            answer = self.connection.getresponse()
            if answer.status == http.client.BAD_REQUEST:
                raise SystemExit(f"no congestion control {self.control} on this machine")
            self.story.bytes += len(answer.read())
        except (OSError, http.client.HTTPException):
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            self.story.failed += 1
            return False
        return True

    def elapse(self) -> None:
        """Let the picture run for the time since last looked at; a dry buffer is a stall."""
        now = time.monotonic()
        span, self.last = now - self.last, now
        if not self.playing:
            return
        shown = min(span, self.buffer_s)
        self.buffer_s -= shown
        self.story.watched_s += shown
        if shown < span:
            self.playing = False
            self.story.stalls.append((now - (span - shown) - self.began, span - shown))

    def resume(self) -> None:
        """Start the picture, or go on after a stall, when enough is there."""
        if self.playing or self.buffer_s < BEGIN_S:
            return
        self.playing = True
        if math.isnan(self.story.start_s):
            self.story.start_s = self.last - self.began

    def tell(self, level: int) -> None:
        """Say how it goes, a line of JSON, where that was asked for."""
        now = {"bitrate_kbps": LADDER_KBPS[level], "buffer_s": round(self.buffer_s, 1),
               "playing": self.playing, "stalls": len(self.story.stalls)}  # fmt: skip
        if self.telling:
            print(json.dumps({"now": now}), flush=True)

    def play(self, seconds: float) -> Story:
        """Watch for a time."""
        level = number = 0
        while time.monotonic() - self.began < seconds:
            asked = time.monotonic()
            good = self.fetch(level, number)
            waiting = not self.playing and not math.isnan(self.story.start_s)
            self.elapse()
            if waiting and self.story.stalls:
                at, length = self.story.stalls[-1]
                self.story.stalls[-1] = (at, length + self.last - asked)
            if good:
                self.story.levels.append(level)
                self.story.waits_s.append(self.last - asked)
                self.buffer_s, number = self.buffer_s + SEGMENT_S, number + 1
                self.story.course.append((round(self.last - self.began, 3), LADDER_KBPS[level],
                                          round(self.buffer_s, 3)))  # fmt: skip
            else:
                time.sleep(0.2)
            self.resume()
            self.tell(level)
            level = next_level(level, self.buffer_s) if good else 0
            while self.buffer_s > MOST_S - SEGMENT_S and time.monotonic() - self.began < seconds:
                time.sleep(0.1)
                self.elapse()
        self.elapse()
        return self.story


def main() -> None:
    """``serve ADDRESS``, or ``play ADDRESS SECONDS``: a story as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=("serve", "play"))
    parser.add_argument("address")
    parser.add_argument("seconds", type=float, nargs="?", default=60.0)
    parser.add_argument("--control", default=CONTROL)
    parser.add_argument("--tell", action="store_true", help="lines on how it goes, before the last")
    asked = parser.parse_args()
    if asked.task == "serve":
        asyncio.run(serve(asked.address))
    else:
        player = Player(asked.address, control=asked.control, telling=asked.tell)
        with suppress(KeyboardInterrupt):  # ended early: what was seen counts
            player.play(asked.seconds)
        player.elapse()
        story = player.story
        print(json.dumps({"summary": {**story.summary(), "control": player.control}, "story": asdict(story)}))


if __name__ == "__main__":
    main()
