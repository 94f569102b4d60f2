"""An interface of wireguard-go, by its own socket (the cross-platform userspace API of WireGuard).

The socket's folder is fixed in the program, so whoever uses this must be in a mount namespace of its own,
with `private`; no key is ever in a command line or a file.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from rabta.emulate.engine import leftovers
from rabta.errors import EXIT_SYSTEM, RabtaError

RUN = Path("/run")
SOCKETS = RUN / "wireguard"
ALONE = ("unshare", "--mount", "--propagation", "private")
STARTING_S = 10.0
KEEPALIVE_S = 1
MOST_ANSWER = 1 << 16


def private() -> None:
    """Lay an empty folder over the one of sockets, in this mount namespace alone.

    Raises
    ------
    RabtaError
        Where it is the one of the process that started this one: then its folder would be covered too.
    """
    own, parent = (Path("/proc", one, "ns/mnt").stat().st_ino for one in ("self", str(os.getppid())))
    if own == parent:
        raise RabtaError("not in a mount namespace of its own", expected=" ".join(ALONE),
                         exit_code=EXIT_SYSTEM)  # fmt: skip
    command("mount", "-t", "tmpfs", "none", str(RUN))
    SOCKETS.mkdir()


def command(*words: str) -> None:
    """Run a command of the system.

    Raises
    ------
    RabtaError
        Where it fails or is missing.
    """
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=STARTING_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RabtaError(f"{words[0]}: {error}", exit_code=EXIT_SYSTEM) from None
    if done.returncode:
        raise RabtaError(f"{' '.join(words)}: {done.stderr.strip()}", exit_code=EXIT_SYSTEM)


def tied() -> Callable[[], None]:
    """What a child does before its program starts: ask to be ended with this process."""
    return partial(leftovers.end_with, os.getpid(), signal.SIGKILL)


def shared(session: bytes, generation: int, exporter: bytes, hash_name: str) -> bytes:
    """Pre-shared key (32 bytes) of an interface, from the exporter secret of a session (RFC 5869)."""
    from rabta.security.core.suites import SUITES

    suite = next(one for one in SUITES.values() if one.hash_name == hash_name)
    return suite.expand(exporter, b"rabta wireguard" + session + generation.to_bytes(4, "big"), 32)


class Interface:
    """One interface with one peer.

    Attributes
    ----------
    name : str
    public : bytes
        Public key (X25519).
    """

    def __init__(self, name: str, port: int) -> None:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        self.name, self.port = name, port
        own = X25519PrivateKey.generate()
        self.public = own.public_key().public_bytes_raw()
        words = ["wireguard-go", "--foreground", name]
        try:
            self._process = subprocess.Popen(  # noqa: S603
                words,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=tied(),  # noqa: PLW1509
            )
        except OSError as error:
            raise RabtaError(f"wireguard-go: {error.strerror}", exit_code=EXIT_SYSTEM,
                             expected="apt-get install wireguard-go") from None  # fmt: skip
        self._listening()
        self._set([f"private_key={own.private_bytes_raw().hex()}", f"listen_port={port}"])
        command("ip", "link", "set", "dev", name, "up")

    def __repr__(self) -> str:
        return f"Interface({self.name})"

    def _listening(self) -> None:
        end = time.monotonic() + STARTING_S
        while not (SOCKETS / f"{self.name}.sock").exists():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RabtaError("wireguard-go does not start", value=self.name, exit_code=EXIT_SYSTEM)
            time.sleep(0.005)

    def _asked(self, lines: list[str]) -> dict[str, str]:
        """Answer to an operation: the last value of each key."""
        answer = b""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(STARTING_S)
            line.connect(str(SOCKETS / f"{self.name}.sock"))
            line.sendall(("\n".join(lines) + "\n\n").encode())
            while not answer.endswith(b"\n\n") and len(answer) < MOST_ANSWER:
                part = line.recv(MOST_ANSWER)
                if not part:
                    break
                answer += part
        found = dict(row.split("=", 1) for row in answer.decode().split("\n") if "=" in row)
        if found.pop("errno", "") != "0":
            raise RabtaError("wireguard-go refuses", value=self.name, exit_code=EXIT_SYSTEM)
        return found

    def _set(self, lines: list[str]) -> None:
        self._asked(["set=1", *lines])

    def peer(self, public: bytes, secret: bytes, inner: str, endpoint: str = "") -> None:
        """Take a peer with a pre-shared key; without an endpoint it is learnt from what the peer sends."""
        there = [f"endpoint={endpoint}"] if endpoint else []
        self._set([
            f"public_key={public.hex()}", f"preshared_key={secret.hex()}", *there, f"allowed_ip={inner}/32",
            f"persistent_keepalive_interval={KEEPALIVE_S if endpoint else 0}",
        ])  # fmt: skip

    def met(self) -> bool:
        """Whether the two ends have shaken hands, and something that holds has come since."""
        found = self._asked(["get=1"])
        return int(found.get("last_handshake_time_sec", 0)) > 0 and int(found.get("rx_bytes", 0)) > 0

    def used(self, inner: str, own: str) -> None:
        """Send what is for the other end over this interface from now on."""
        command("ip", "route", "replace", f"{inner}/32", "dev", self.name, "src", own)

    def close(self) -> None:
        """Remove the interface and all that it knew."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STARTING_S)
