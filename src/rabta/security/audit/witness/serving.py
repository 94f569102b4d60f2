"""A witness behind HTTP (C2SP tlog-witness): ``POST /add-checkpoint`` and ``GET /HASH/checkpoint``."""

from __future__ import annotations

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rabta.errors import RabtaError
from rabta.security.audit.witness.state import MOST_REQUEST, Witness

WAIT_S = 10.0
HASH = re.compile(r"/([0-9a-f]{64})/checkpoint")


class Server(ThreadingHTTPServer):
    """Serves a witness at an address, the own machine's where no other is given; port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, witness: Witness, host: str = "127.0.0.1", port: int = 0) -> None:
        self.witness = witness
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise RabtaError(f"the witness cannot listen: {error.strerror}", value=f"{host}:{port}") from None

    @property
    def url(self) -> str:
        """Prefix of both its interfaces."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = WAIT_S

    def do_POST(self) -> None:
        """Answer ``add-checkpoint``."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal() and len(length) < 10):
            return self._say(411, b"a length is needed\n", close=True)
        if int(length) > MOST_REQUEST:
            return self._say(413, b"too long\n", close=True)
        body = self.rfile.read(int(length))
        if self.path != "/add-checkpoint":
            return self._say(404, b"no such call\n")
        try:
            return self._say(*self.server.witness.answer(body))
        except RabtaError:
            return self._say(500, b"the witness cannot sign now\n")

    def do_GET(self) -> None:
        """Serve the newest note of a log."""
        match = HASH.fullmatch(self.path)
        path = self.server.witness.folder / match[1] / "checkpoint" if match else None
        if path is None or not path.is_file():
            return self._say(404, b"no checkpoint of such a log\n")
        return self._say(200, path.read_bytes())

    def _say(self, status: int, body: bytes, *, close: bool = False) -> None:
        self.send_response(status)
        kind = "text/x.tlog.size" if status == 409 else "text/plain; charset=utf-8"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (as http.server has it)
        """Say nothing: what comes is not ours to print."""
