"""A telephone call: packets of 20 ms both ways, a playout buffer at each end, and how the call is rated.

The buffer adapts from one spurt of talk to the next, by algorithm 2 of Ramjee, Kurose, Towsley and
Schulzrinne (INFOCOM 1994): the mean delay follows a greater delay at once and a smaller one slowly, and a
packet is played that mean and four times the mean deviation after it was sent.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rabta.emulate.programs import emodel
from rabta.emulate.programs.probes import PATIENCE_S, spread
from rabta.errors import RabtaError

if TYPE_CHECKING:
    from rabta.emulate.testbed import Testbed

PORT = 8092
FRAME_S, PAYLOAD_BYTES = 0.02, 160  # of G.711
RTP = struct.Struct("!BBHII")
CLOCK = struct.Struct("!q")
SPURT = 50  # packets of a spurt: the mean of ITU-T P.59 is 1.004 s
RISE, FALL, DEVIATIONS, LEAST_S = 0.75, 0.998002, 4.0, FRAME_S
DRAIN_S, BEGIN_S = 1.5, 1.0

Packet = tuple[int, int, int]  # number, sent, received (ns)


def call(
    bed: Testbed, host: str, to: str, seconds: float, *, codec: str = "G.711", port: int = PORT
) -> dict[str, Any]:
    """Let two hosts talk.

    Parameters
    ----------
    codec : str
        One of `emodel.CODECS`: how losses are heard. All send the bytes of G.711.

    Returns
    -------
    dict
        For each host by name what it hears: ``packets`` and the ``summary`` of `heard`.
    """
    emodel.known(codec)
    begin = time.monotonic_ns() + round(BEGIN_S * 1e9)
    talkers = {}
    for own, peer in ((host, to), (to, host)):
        command = [sys.executable, "-m", __name__, bed.address(own), bed.address(peer), str(seconds),
                   "--begin", str(begin), "--port", str(port)]  # fmt: skip
        talkers[own] = bed.start(own, command, stdout=subprocess.PIPE, text=True)
    out = {}
    for own, talker in talkers.items():
        told = json.loads(talker.communicate(timeout=seconds + PATIENCE_S)[0])
        if told["late_s"] > 0.0:
            raise RabtaError("a talker began too late", value=told["late_s"], expected="a less busy machine")
        packets = [(int(n), int(sent), int(came)) for n, sent, came in told["packets"]]
        out[own] = {"packets": packets, "summary": heard(packets, round(seconds / FRAME_S), codec)}
    return out


def playout_s(packets: Sequence[Packet]) -> dict[int, float]:
    """Delay from sending to playing of each packet that came, by its number; of packets as they came.

    Examples
    --------
    >>> playout_s([(0, 0, 30_000_000), (1, 20_000_000, 50_000_000)])
    {0: 0.05, 1: 0.05}
    """
    mean = deviation = 0.0
    plan: dict[int, float] = {}
    out: dict[int, float] = {}
    for number, sent, came in packets:
        delay = (came - sent) / 1e9
        if not plan:
            mean = delay
        spurt = number // SPURT
        plan.setdefault(spurt, mean + max(DEVIATIONS * deviation, LEAST_S))
        out.setdefault(number, plan[spurt])
        keep = RISE if delay > mean else FALL
        mean = keep * mean + (1.0 - keep) * delay
        deviation = FALL * deviation + (1.0 - FALL) * abs(delay - mean)
    return out


def heard(packets: Sequence[Packet], sent: int, codec: str) -> dict[str, Any]:
    """What an end hears: delay, loss in the network and in the buffer, rating; of packets as they came.

    The rating is None where delay or loss lies outside the E-model, which `beyond` then names.
    """
    plan = playout_s(packets)
    came: dict[int, float] = {}
    for number, out, back in packets:
        came.setdefault(number, (back - out) / 1e9)
    played = [number in came and came[number] <= plan[number] for number in range(sent)]
    loss, burst = losses(played)
    used = [plan[number] for number in range(sent) if played[number]]
    mouth_ms = 1e3 * (FRAME_S + sum(used) / len(used)) if used else None
    return {
        "sent": sent,
        "network_loss": 1.0 - len(came) / sent,
        "late": sum(n in came and not good for n, good in enumerate(played)) / sent,
        "burst": burst,
        "jitter_ms": jitter_ms(packets),
        "delay_ms": spread([1e3 * delay for delay in came.values()]),
        "mouth_to_ear_ms": mouth_ms,
        **rated(mouth_ms, loss, burst, codec),
    }


def rated(mouth_ms: float | None, loss: float, burst: float, codec: str) -> dict[str, Any]:
    """Rating and opinion, or what keeps the E-model from saying them."""
    if mouth_ms is None:
        return {"rating": None, "opinion": None, "beyond": "nothing was heard"}
    emodel.known(codec)
    try:
        rating = emodel.rating(mouth_ms, loss, min(max(burst, 1.0), emodel.MOST_BURST), codec)
    except RabtaError as error:
        return {"rating": None, "opinion": None, "beyond": str(error)}
    return {"rating": rating, "opinion": emodel.opinion(rating), "beyond": None}


def losses(played: Sequence[bool]) -> tuple[float, float]:
    """Share of packets that were not played, and the length of their bursts over that of random losses.

    Random losses of share p come in bursts of 1 / (1 - p) on average (G.107, 7.5).

    Examples
    --------
    >>> losses([True, False, False, True, True, True, True, True])
    (0.25, 1.5)
    """
    lost = played.count(False)
    bursts = sum(not now and (n == 0 or played[n - 1]) for n, now in enumerate(played))
    share = lost / len(played) if len(played) else 0.0
    return share, lost / bursts * (1.0 - share) if bursts else 1.0


def jitter_ms(packets: Sequence[Packet]) -> float:
    """Interarrival jitter as RTP reports it, RFC 3550, section 6.4.1 and appendix A.8.

    Examples
    --------
    >>> jitter_ms([(0, 0, 0), (1, 0, 16_000_000)])
    1.0
    """
    jitter, transits = 0.0, [(back - out) / 1e6 for _, out, back in packets]
    for before, now in pairwise(transits):
        jitter += (abs(now - before) - jitter) / 16.0
    return jitter


def talk(own: str, peer: str, port: int, seconds: float, begin_ns: int) -> dict[str, Any]:
    """Send a packet each 20 ms from an instant on, and note what comes."""
    packets: list[Packet] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind((own, port))
        late = max(time.monotonic_ns() - begin_ns, 0) / 1e9
        for number in range(round(seconds / FRAME_S)):
            listen(line, packets, begin_ns + round(number * FRAME_S * 1e9))
            head = RTP.pack(0x80, 0, number & 0xFFFF, number * 160, number)
            voice = CLOCK.pack(time.monotonic_ns()).ljust(PAYLOAD_BYTES, b"\xff")
            with suppress(OSError):  # a packet that the kernel refuses is lost
                line.sendto(head + voice, (peer, port))
        listen(line, packets, begin_ns + round((seconds + DRAIN_S) * 1e9))
    return {"late_s": late, "packets": packets}


def listen(line: socket.socket, packets: list[Packet], until_ns: int) -> None:
    """Note what comes until an instant."""
    while (left := until_ns - time.monotonic_ns()) > 0:
        if not select.select([line], [], [], left / 1e9)[0]:
            return
        with suppress(OSError):  # a peer that does not listen yet
            packet = line.recv(2048)
            came = time.monotonic_ns()
            number = RTP.unpack_from(packet)[4]
            packets.append((number, CLOCK.unpack_from(packet, RTP.size)[0], came))


def main() -> None:
    """``OWN PEER SECONDS --begin NS``: JSON of what came."""
    parser = argparse.ArgumentParser()
    parser.add_argument("own")
    parser.add_argument("peer")
    parser.add_argument("seconds", type=float)
    parser.add_argument("--begin", type=int, default=time.monotonic_ns())
    parser.add_argument("--port", type=int, default=PORT)
    asked = parser.parse_args()
    print(json.dumps(talk(asked.own, asked.peer, asked.port, asked.seconds, asked.begin)))


if __name__ == "__main__":
    main()
