"""A program for both ends: the server on one host, the client on another, the client's last line read."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.emulate.programs.probes import PATIENCE_S
from rabta.errors import RabtaError

if TYPE_CHECKING:
    from rabta.emulate.testbed import Testbed

LISTEN_S = 15.0
FIRST_PORT, PORTS = 20_000, 4  # ports of a pair of ends; its number is added that often
OVERLAY, PLAIN, BUNDLES, TUNNEL = range(PORTS)


def port(number: int, which: int) -> int:
    """Port of a server: pairs of ends that share a host have different numbers.

    Examples
    --------
    >>> port(0, OVERLAY), port(3, TUNNEL)
    (20000, 20015)
    """
    return FIRST_PORT + PORTS * number + which


def module(name: str) -> list[str]:
    """Command of a program of this package."""
    return [sys.executable, "-m", f"{__package__}.{name}"]


def listening(bed: Testbed, host: str, command: list[str]) -> subprocess.Popen[Any]:
    """Start a server and wait until it says that it listens."""
    server = bed.start(host, command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    if not select.select([server.stdout], [], [], LISTEN_S)[0] or server.stdout.readline() != "listening\n":
        raise RabtaError("a server does not listen", key="host", value=host, expected=" ".join(command[2:4]))
    return server


def run(
    bed: Testbed, host: str, to: str, name: str, tasks: tuple[str, str], folder: Path, seconds: float,
    *words: str, before: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """Start a program of this package at both ends, the server's task and the client's; what the client says.

    Parameters
    ----------
    folder : Path
        Where both find their keys; of this user alone.
    words : str
        More of the client's command.
    before : sequence of str
        What the commands of both begin with.
    """
    address = bed.address(to)
    server = listening(bed, to, [*before, *module(name), tasks[0], str(folder), address])
    command = [*before, *module(name), tasks[1], str(folder), address, str(seconds), *words,
               "--begin", str(time.monotonic_ns() - bed.now())]  # fmt: skip
    client = bed.start(host, command, stdout=subprocess.PIPE, text=True)
    try:
        return last(client.communicate(timeout=seconds + PATIENCE_S)[0])
    finally:
        server.terminate()


def last(text: str) -> dict[str, Any]:
    """Result in the last line of a program's output."""
    found: dict[str, Any] = json.loads(text.strip().splitlines()[-1])
    return found
