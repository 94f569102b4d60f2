"""What a way does to packets: ping, iperf3, and one-way probes of our own.

Instants are seconds of the monotonic clock, which the engine's clock counts from too; both ends of a one-way
probe read it, so that its delay needs no synchronisation.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import select
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.errors import EXIT_SYSTEM, RabtaError

if TYPE_CHECKING:
    from rabta.emulate.testbed import Testbed

TCP_PORT = 5201
HEADER = struct.Struct("!qq")  # number, sent at (ns)
PATIENCE_S = 20.0
STARTING_S = 10.0
SLICE_S = 1.0  # of which goodput is told
CONTROLS = ("cubic", "bbr", "reno")


def needs(program: str, package: str) -> str:
    """Path of a program, or say which Debian package has it."""
    found = shutil.which(program)
    if found is None:
        raise RabtaError(f"no {program} on this machine", expected=f"apt-get install {package}",
                         exit_code=EXIT_SYSTEM)  # fmt: skip
    return found


def spread(values: Sequence[float]) -> dict[str, float]:
    """Least, percentiles by nearest rank, and most of some values; empty of none.

    Examples
    --------
    >>> spread([3.0, 1.0, 2.0])
    {'least': 1.0, 'p50': 2.0, 'p90': 3.0, 'p99': 3.0, 'most': 3.0}
    """
    if not values:
        return {}
    rank = sorted(values)
    at = {f"p{q}": rank[math.ceil(q / 100.0 * len(rank)) - 1] for q in (50, 90, 99)}
    return {"least": rank[0], **at, "most": rank[-1]}


def ping(
    bed: Testbed, host: str, to: str, *, count: int = 10, every_s: float = 0.2, size: int = 56
) -> dict[str, Any]:
    """Round trips by the echo of the other host's kernel.

    Returns
    -------
    dict
        ``rtts``: when each answer came (s) and its round trip (ms); ``summary``: sent, received and spread.
    """
    program = needs("ping", "iputils-ping")
    command = [program, "-D", "-n", "-c", str(count), "-i", str(every_s), "-s", str(size), "-W", "2"]
    shift = time.monotonic() - time.time()
    child = bed.start(host, [*command, bed.address(to)], stdout=subprocess.PIPE, text=True)
    rtts = echoes(child.communicate(timeout=count * every_s + PATIENCE_S)[0])
    return {
        "rtts": [(at + shift, rtt) for at, rtt in rtts],
        "summary": {"sent": count, "received": len(rtts), "rtt_ms": spread([rtt for _, rtt in rtts])},
    }


def echoes(text: str) -> list[tuple[float, float]]:
    """When (UNIX time, s) and after how long (ms) ping's answers came.

    Examples
    --------
    >>> echoes("[1.5] 64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=14.2 ms")
    [(1.5, 14.2)]
    """
    found = re.findall(r"^\[([\d.]+)\].* time=([\d.]+) ms", text, re.MULTILINE)
    return [(float(at), float(rtt)) for at, rtt in found]


def transfer(
    bed: Testbed, host: str, to: str, seconds: int, *, control: str = "cubic", udp_bps: float = 0.0,
    back: bool = False, port: int = TCP_PORT,
) -> dict[str, Any]:  # fmt: skip
    """Goodput by iperf3, as the receiver counts it.

    Parameters
    ----------
    control : str
        Congestion control of TCP: one of `CONTROLS` that the kernel has.
    udp_bps : float
        Send UDP at this rate instead; 0 for TCP.
    back : bool
        From `to` to `host`.

    Returns
    -------
    dict
        ``intervals``: start and end (s since the start), goodput (bit/s) and retransmitted segments (TCP) or
        lost datagrams (UDP) of each second; ``summary``: the same of the whole.

    Raises
    ------
    RabtaError
        Where iperf3 is missing, or says that it failed.
    """
    program = needs("iperf3", "iperf3")
    server = bed.start(to, [program, "-s", "-4", "-1", "-J", "-p", str(port)], stdout=subprocess.DEVNULL)
    listening(server, port)
    how = ["-u", "-b", str(round(udp_bps))] if udp_bps else ["-C", control]
    command = [program, "-c", bed.address(to), "-p", str(port), "-t", str(seconds), "-J",
               "--get-server-output", *how, *(["-R"] if back else [])]  # fmt: skip
    client = bed.start(host, command, stdout=subprocess.PIPE, text=True)
    return counted(json.loads(client.communicate(timeout=seconds + PATIENCE_S)[0]), back=back)


def listening(child: subprocess.Popen[Any], port: int) -> None:
    """Wait until a program listens on a TCP port, by the kernel's table of its namespace."""
    entry, end = f":{port:04X} 00000000:0000 0A ", time.monotonic() + STARTING_S
    table = Path(f"/proc/{child.pid}/net/tcp")
    while child.poll() is None and time.monotonic() < end:
        if entry in table.read_text(encoding="ascii"):
            return
        time.sleep(0.01)
    raise RabtaError("a program does not listen", key="port", value=port, expected="a free port")


def counted(told: dict[str, Any], *, back: bool) -> dict[str, Any]:
    """What iperf3's JSON of both ends says: goodput of the receiver, retransmissions of the sender."""
    if "error" in told:
        raise RabtaError(f"iperf3: {told['error']}")
    ends = (told, told["server_output_json"])
    sender, receiver = ends[::-1] if back else ends
    got, sent = ([row["sum"] for row in end["intervals"]] for end in (receiver, sender))
    udp = told["start"]["test_start"]["protocol"] == "UDP"
    key, rows = ("lost_packets", got) if udp else ("retransmits", sent)
    missed = [int(row.get(key, 0)) for row in rows] + [0] * len(got)
    total = told["end"]["sum" if udp else "sum_received"]
    goodput = 8.0 * sum(row["bytes"] for row in got) / max(total["seconds"], 1e-9)
    return {
        "intervals": [
            (row["start"], row["end"], row["bits_per_second"], lost)
            for row, lost in zip(got, missed, strict=False)
        ],
        "summary": {
            "goodput_bps": goodput, "bytes": sum(row["bytes"] for row in got), key: sum(missed),
            "protocol": "udp" if udp else "tcp",
        },
    }  # fmt: skip


def arrived(came: list[tuple[float, int]], size: int) -> dict[str, Any]:
    """Goodput of what came when (s), whole and by slices of time.

    Examples
    --------
    >>> arrived([(0.5, 1000), (1.5, 250)], 1250)["intervals"]
    [(0.0, 1.0, 8000.0), (1.0, 1.5, 4000.0)]
    """
    total, end = sum(count for _, count in came), came[-1][0] if came else 0.0
    last = max(math.ceil(end / SLICE_S) - 1, 0)
    slices = [0] * (last + 1)
    for at, count in came:
        slices[min(int(at / SLICE_S), last)] += count
    spans = [(k, k * SLICE_S, min((k + 1) * SLICE_S, end)) for k in range(last + 1)]
    times = [0.0, *(at for at, _ in came)]
    return {
        "bytes": total, "seconds": end, "goodput_bps": 8.0 * total / end if end else 0.0,
        "intervals": [
            (low, high, 8.0 * slices[k] / (high - low)) for k, low, high in spans if high > low
        ],
        "longest_gap_s": max((b - a for a, b in pairwise(times)), default=0.0),
        "failed": None if total == size else f"{total} of {size} bytes came",
    }  # fmt: skip


def one_way(
    bed: Testbed, host: str, to: str, seconds: float, *, every_s: float = 0.01, size: int = 200
) -> dict[str, Any]:
    """Delay, loss and order from one host to another, by datagrams at a steady pace.

    Parameters
    ----------
    size : int
        Bytes of a datagram, without its headers.

    Returns
    -------
    dict
        ``packets``: number, sent and received (ns); ``summary`` of `judged`.
    """
    address = bed.address(to)
    program = [sys.executable, "-m", __name__]
    ear = bed.start(to, [*program, "hear", address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert ear.stdout is not None
    if not (port := ear.stdout.readline().strip()).isdigit():
        raise RabtaError("the receiver of probes does not listen", value=to)
    words = ["send", address, str(seconds), "--port", port, "--every", str(every_s), "--size", str(size)]
    mouth = bed.start(host, [*program, *words], stdout=subprocess.PIPE, text=True)
    sent = json.loads(mouth.communicate(timeout=seconds + PATIENCE_S)[0])
    time.sleep(1.0)  # for what is still under way
    packets = [(int(n), int(out), int(back)) for n, out, back in json.loads(ear.communicate(timeout=20)[0])]
    return {"packets": packets, "summary": judged(sent["sent"], packets)}


def judged(sent: int, packets: Sequence[tuple[int, int, int]]) -> dict[str, Any]:
    """Loss, order and delay of probes in the order of their arrival.

    A packet is reordered where one with a greater number came before it (RFC 4737, section 3.3).

    Examples
    --------
    >>> judged(4, [(0, 0, 5_000_000), (2, 20, 5_000_020), (1, 10, 6_000_010)])["reordered"]
    1
    """
    seen: set[int] = set()
    reordered = duplicates = 0
    highest = -1
    for number, _, _ in packets:
        duplicates += number in seen
        reordered += number < highest and number not in seen
        seen.add(number)
        highest = max(highest, number)
    return {
        "sent": sent,
        "received": len(seen),
        "loss": 1.0 - len(seen) / sent if sent else 0.0,
        "reordered": reordered,
        "duplicates": duplicates,
        "delay_ms": spread([(back - out) / 1e6 for _, out, back in packets]),
    }


def hear(address: str) -> list[tuple[int, int, int]]:
    """Receive until the standard input closes; says at which port, which the kernel chooses, it listens."""
    out = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        ear.bind((address, 0))
        print(ear.getsockname()[1], flush=True)
        while True:
            ready = select.select([ear, sys.stdin], [], [])[0]
            if ear in ready:
                packet = ear.recv(65_536)
                now = time.monotonic_ns()
                out.append((*HEADER.unpack_from(packet), now))
            elif ready:
                return out


def send(address: str, port: int, seconds: float, every_s: float, size: int) -> int:
    """Send at a steady pace; a packet that the kernel refuses counts as sent, and is lost."""
    fill, number = bytes(max(size - HEADER.size, 0)), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        mouth.connect((address, port))
        begun = time.monotonic()
        while (due := number * every_s) < seconds:
            time.sleep(max(begun + due - time.monotonic(), 0.0))
            with suppress(OSError):
                mouth.send(HEADER.pack(number, time.monotonic_ns()) + fill)
            number += 1
    return number


def main() -> None:
    """``hear ADDRESS``, or ``send ADDRESS SECONDS --port P --every S --size BYTES``: JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=("hear", "send"))
    parser.add_argument("address")
    parser.add_argument("seconds", type=float, nargs="?", default=10.0)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--every", type=float, default=0.01)
    parser.add_argument("--size", type=int, default=200)
    asked = parser.parse_args()
    if asked.task == "hear":
        print(json.dumps(hear(asked.address)))
    else:
        print(json.dumps({"sent": send(asked.address, asked.port, asked.seconds, asked.every, asked.size)}))


if __name__ == "__main__":
    main()
