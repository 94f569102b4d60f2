"""Serve an application until asked to stop."""

from __future__ import annotations

import gc
import ipaddress
from typing import Any

from rabta.errors import EXIT_SYSTEM, EXIT_USAGE, RabtaError


def local(host: str) -> bool:
    """Whether an address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(app: Any, host: str, port: int, *, certificate: str = "", key: str = "") -> None:
    """Answer requests at an address; returns after SIGINT or SIGTERM, when the last answer is out.

    Raises
    ------
    RabtaError
        Where a public address is asked for without TLS, or the port is taken.
    """
    import uvicorn

    if not local(host) and not (certificate and key):
        raise RabtaError("a public address needs TLS", key="--host", value=host,
                         expected="127.0.0.1, or --certificate and --key", exit_code=EXIT_USAGE)  # fmt: skip
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False, lifespan="on",
                            server_header=False, proxy_headers=False, timeout_graceful_shutdown=10,
                            ssl_certfile=certificate or None, ssl_keyfile=key or None)  # fmt: skip
    server = uvicorn.Server(config)
    settle()
    try:
        server.run()
    except SystemExit:
        raise RabtaError("the address cannot be used", key="--port", value=f"{host}:{port}",
                         expected="a free port", exit_code=EXIT_SYSTEM) from None  # fmt: skip


def settle() -> None:
    """Keep the search for cycles off what is there for long: a look at all halts everything for 0.2 s."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 1_000)
