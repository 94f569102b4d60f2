"""An authority that signs tokens, and instances of the service started for real."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SCOPES = (
    "utm.strategic_coordination utm.constraint_management utm.constraint_processing"
    " utm.conformance_monitoring_sa utm.availability_arbitration rid.display_provider rid.service_provider"
    " dss.read.identification_service_areas dss.write.identification_service_areas"
)


@dataclass
class Authority:
    """Signs access tokens."""

    file: object
    key: object = field(default_factory=lambda: rsa.generate_private_key(65_537, 2_048))

    def __post_init__(self):
        form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.file.write_bytes(self.key.public_key().public_bytes(*form))

    def token(self, sub="uss1", scope=SCOPES, *, audience="127.0.0.1", lasts_s=600.0, key=None, **more):
        claims = {"iss": "http://127.0.0.1", "sub": sub, "scope": scope, "aud": audience,
                  "exp": time.time() + lasts_s, "jti": str(uuid.uuid4()), **more}  # fmt: skip
        return jwt.encode(claims, key or self.key, algorithm="RS256")

    def headers(self, sub="uss1", scope=SCOPES, **more):
        return {"Authorization": f"Bearer {self.token(sub, scope, **more)}"}


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "public.pem")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def instance(authority, store, name="rabta-1"):
    """A process of ``rabta airspace serve``, ready to answer."""
    return started("serve", authority, store, "--instance", name)


def supplier(authority, store, discovery, tokens_at, name, *more):
    """A process of ``rabta airspace supply``, ready to answer."""
    return started("supply", authority, store, "--discovery", discovery, "--authority", tokens_at,
                   "--subject", name, *more)  # fmt: skip


@contextlib.contextmanager
def started(verb, authority, store, *more):
    port = free_port()
    command = [sys.executable, "-m", "rabta.cli.main", "airspace", verb, "--key", str(authority.file),
               "--store", str(store), "--port", str(port), "--audience", "127.0.0.1", *more]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    with stopped(process):
        wait(f"http://127.0.0.1:{port}/healthy", process)
        yield process, f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def stopped(process):
    """Stop a process by its own id, whatever happens."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()


def wait(url, process, patience_s=90.0):
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(f"ended: {process.stderr.read() if process.stderr else process.returncode}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"no answer from {url}")


@pytest.fixture(scope="session")
def served(authority, tmp_path_factory):
    """Address of one instance for tests that use volumes of their own."""
    with instance(authority, tmp_path_factory.mktemp("served") / "airspace.sqlite") as (_, url):
        yield url


@pytest.fixture(scope="session")
def tokens_at(authority):
    """Address of a server that gives tokens to whoever asks, as InterUSS's dummy does."""

    class Give(BaseHTTPRequestHandler):
        def do_GET(self):
            asked = {
                key: each[0]
                for key, each in parse_qs(urlsplit(self.path).query, keep_blank_values=True).items()
            }
            token = authority.token(asked.get("sub", "nobody"), asked.get("scope", ""),
                                    audience=asked.get("intended_audience", ""))  # fmt: skip
            body = json.dumps({"access_token": token}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Give)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/token"
    server.shutdown()
    server.server_close()
    thread.join()


def circle(lat, lon, radius=200.0, low=100.0, high=200.0, start_s=60.0, end_s=3_600.0):
    """A volume as messages write it, from now."""
    now = datetime.now(UTC)
    return {
        "volume": {
            "outline_circle": {"center": {"lat": lat, "lng": lon}, "radius": {"value": radius, "units": "M"}},
            "altitude_lower": {"value": low, "reference": "W84", "units": "M"},
            "altitude_upper": {"value": high, "reference": "W84", "units": "M"},
        },
        "time_start": {"value": (now + timedelta(seconds=start_s)).isoformat(), "format": "RFC3339"},
        "time_end": {"value": (now + timedelta(seconds=end_s)).isoformat(), "format": "RFC3339"},
    }


def intent(*extents, key=(), state="Accepted", url="https://uss.example", **more):
    """Body of a request for an operational intent."""
    return {"extents": list(extents), "key": list(key), "state": state, "uss_base_url": url, **more}


def gather(*coroutines):
    async def run():
        return await asyncio.gather(*coroutines)

    return asyncio.run(run())
