"""A download over QUIC (RFC 9000): handshake, goodput, outages outlived, and a change of path.

The change of path is the client's: from an instant on it sends from another port, as behind a translator
that forgot it; the server then validates the new path and goes on (RFC 9000, section 9).
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import importlib.util
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.emulate.programs.probes import PATIENCE_S, arrived
from rabta.errors import EXIT_SYSTEM, RabtaError

if TYPE_CHECKING:
    from aioquic.quic.configuration import QuicConfiguration

    from rabta.emulate.testbed import Testbed

PORT, ALPN = 4433, ["rabta"]
CHUNK, WINDOW = 65_536, 1 << 24
IDLE_S = 60.0


def available() -> bool:
    """Say whether the QUIC library is installed."""
    return importlib.util.find_spec("aioquic") is not None


def download(
    bed: Testbed, host: str, to: str, size: int, *, control: str = "cubic", move_s: float = 0.0,
    patience_s: float = 120.0, port: int = PORT,
) -> dict[str, Any]:  # fmt: skip
    """Fetch some bytes from a host to another one.

    Parameters
    ----------
    control : str
        Congestion control of the sender: cubic or reno.
    move_s : float
        Change the client's port so long after the handshake; 0 for never.

    Returns
    -------
    dict
        ``handshake_s``; ``bytes``; ``seconds`` after it; ``goodput_bps``; ``intervals``: start, end (s since
        the handshake) and goodput (bit/s); ``longest_gap_s`` without a byte; ``moved``; ``paths`` that the
        server saw; ``failed``: None or why.

    Raises
    ------
    RabtaError
        Where the library is not installed, or the server does not come up.
    """
    if not available():
        raise RabtaError("QUIC needs the library aioquic", expected='pip install "rabta[emulate]"',
                         exit_code=EXIT_SYSTEM)  # fmt: skip
    program = [sys.executable, "-m", __name__]
    with tempfile.TemporaryDirectory() as folder:
        certificate(Path(folder), bed.address(to))
        server = bed.start(to, [*program, "serve", bed.address(to), folder, "--control", control,
                                "--port", str(port)], stdout=subprocess.PIPE, text=True)  # fmt: skip
        assert server.stdout is not None
        if server.stdout.readline() != "listening\n":
            raise RabtaError("the QUIC server does not listen", value=to)
        client = bed.start(
            host, [*program, "fetch", bed.address(to), folder, "--size", str(size), "--move", str(move_s),
                   "--patience", str(patience_s), "--port", str(port)], stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(client.communicate(timeout=patience_s + PATIENCE_S)[0])
        server.terminate()
        found["paths"] = json.loads(server.communicate(timeout=PATIENCE_S)[0] or "[]")
    return found


def certificate(folder: Path, address: str) -> None:
    """Write a key and a certificate signed by itself, good for a day, for an address."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1)).add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def settings(control: str, *, client: bool) -> QuicConfiguration:
    """Settings of an end; packets of 1,200 bytes, as QUIC's own probing would begin with."""
    from aioquic.quic.configuration import QuicConfiguration

    return QuicConfiguration(
        is_client=client, alpn_protocols=ALPN, congestion_control_algorithm=control, idle_timeout=IDLE_S,
        max_data=WINDOW, max_stream_data=WINDOW,
    )  # fmt: skip


async def serve(address: str, port: int, folder: Path, control: str) -> None:
    """Answer streams that say how many bytes they want, until terminated; then tell the paths seen."""
    import signal

    from aioquic.asyncio.protocol import QuicConnectionProtocol
    from aioquic.asyncio.server import serve as listen

    paths: list[list[Any]] = []

    class Sender(QuicConnectionProtocol):
        """A connection that notes where its datagrams come from."""

        def datagram_received(self, data: bytes | str, addr: Any) -> None:
            if list(addr[:2]) not in paths:
                paths.append(list(addr[:2]))
            super().datagram_received(data, addr)

    def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.ensure_future(_give(reader, writer)))

    tasks: list[asyncio.Future[None]] = []
    chosen = settings(control, client=False)
    chosen.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await listen(address, port, configuration=chosen, create_protocol=Sender, stream_handler=answer)
    print("listening", flush=True)
    await ended.wait()
    print(json.dumps(paths), flush=True)


async def _give(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One stream: what was asked for."""
    writer.write(bytes(int(await reader.readline())))
    writer.write_eof()


async def fetch(
    address: str, port: int, folder: Path, size: int, move_s: float, had: dict[str, Any]
) -> dict[str, Any]:
    """Connect, ask and read to the end; ``had`` holds what there is meanwhile."""
    from aioquic.asyncio.client import connect

    chosen, begun = settings("cubic", client=True), time.monotonic()
    chosen.load_verify_locations(str(folder / "certificate.pem"))
    came: list[tuple[float, int]] = had["came"]
    moved: int | None = None
    async with connect(address, port, configuration=chosen) as line:
        ready = time.monotonic()
        had["handshake_s"] = ready - begun
        reader, writer = await line.create_stream()
        writer.write(b"%d\n" % size)
        writer.write_eof()
        mover = asyncio.ensure_future(_later(move_s, lambda: _move(line))) if move_s else None
        while data := await reader.read(CHUNK):
            came.append((time.monotonic() - ready, len(data)))
        if mover is not None:
            moved = mover.result() if mover.done() else None
            mover.cancel()
        return {**arrived(came, size), "handshake_s": ready - begun, "moved": moved}


async def _later(wait_s: float, task: Callable[[], Awaitable[int]]) -> int:
    await asyncio.sleep(wait_s)
    return await task()


async def _move(line: Any) -> int:
    """Put a connection onto a new socket, with a connection identity not used before; returns its port."""
    fresh = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    fresh.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    fresh.bind(("::", 0))
    line.change_connection_id()
    old = line._transport
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: line, sock=fresh)
    old.abort()
    line.transmit()
    return int(fresh.getsockname()[1])


async def tried(
    address: str, port: int, folder: Path, size: int, move_s: float, patience_s: float
) -> dict[str, Any]:
    """A fetch, or why it failed."""
    had: dict[str, Any] = {"came": [], "handshake_s": None}
    try:
        return await asyncio.wait_for(fetch(address, port, folder, size, move_s, had), patience_s)
    except (OSError, TimeoutError) as error:
        return {**arrived(had["came"], size), "handshake_s": had["handshake_s"], "moved": None,
                "failed": type(error).__name__ + (f": {error}" if str(error) else "")}  # fmt: skip


def main() -> None:
    """``serve ADDRESS FOLDER``, or ``fetch ADDRESS FOLDER --size BYTES --move S``: JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=("serve", "fetch"))
    parser.add_argument("address")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--control", choices=("cubic", "reno"), default="cubic")
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--move", type=float, default=0.0)
    parser.add_argument("--patience", type=float, default=120.0)
    asked = parser.parse_args()
    if asked.task == "serve":
        asyncio.run(serve(asked.address, asked.port, asked.folder, asked.control))
    else:
        task = tried(asked.address, asked.port, asked.folder, asked.size, asked.move, asked.patience)
        print(json.dumps(asyncio.run(task)))


if __name__ == "__main__":
    main()
